package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.tenancy.Quotas;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths with parameters, queries and routes that wait. */
class DoorRoutingTest {

    private static final String A = "key-of-ferreteria";
    private static final String B = "key-of-pasteleria";
    private static final int WORKERS = 4;
    private static final int MOST_WAITING = 8;
    private static final Map<String, Object> SEEN = new ConcurrentHashMap<>();
    private static final AtomicInteger RUNNING = new AtomicInteger();
    private static final AtomicInteger RUNS = new AtomicInteger();
    private static volatile CountDownLatch gate = new CountDownLatch(0);

    private static final DefaultCamelContext CAMEL = new DefaultCamelContext();
    private static final SimpleMeterRegistry METERS = new SimpleMeterRegistry();
    private static final ExecutorService CALLERS = Executors.newCachedThreadPool();
    private static Quotas quotas;
    private static DoorServer server;

    @BeforeAll
    static void open() throws Exception {
        TestDatabase database = TestDatabase.fresh();
        database.superuser("insert into public.tenants (rut, business_name) values"
                + " ('76000012-4', 'Ferreteria Sur'), ('77000005-K', 'Pasteleria Norte')");
        database.superuser("insert into hub.tenant_settings (tenant_rut, plan) values"
                + " ('76000012-4', 'unlimited'), ('77000005-K', 'unlimited')");
        database.superuser("insert into hub.api_key (tenant_rut, name, key_hash, scopes) values"
                + " ('76000012-4', 'a', sha256('key-of-ferreteria'), '{contacts:write}'),"
                + " ('77000005-K', 'b', sha256('key-of-pasteleria'), '{contacts:write}')");
        TenantRegistry registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        registry.refresh();
        quotas = new Quotas(database.as("hub_registry"), Duration.ofSeconds(1), 1_000, METERS);
        server = new DoorServer(
                new DoorProperties(
                        "127.0.0.1",
                        0,
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(2),
                        1,
                        Duration.ofSeconds(2)),
                registry,
                new DoorGuards(
                        new GuardProperties(List.of(), "X-Forwarded-For", 1_000, "website", Duration.ZERO),
                        registry,
                        quotas),
                null,
                SignedInUsers.NONE,
                new WorkerProperties(WORKERS, MOST_WAITING),
                METERS,
                () -> true);
        CAMEL.addComponent("door", new DoorComponent(server));
        CAMEL.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from("door:/things/{id}?httpMethodRestrict=GET&query=limit,flag")
                        .process(e -> see(e, "look"))
                        .setBody(constant("{}"));
                from("door:/things/{id}?httpMethodRestrict=PATCH&consumes=application/json")
                        .process(e -> see(e, "change"))
                        .setBody(constant("{}"));
                from("door:/things/all?httpMethodRestrict=GET")
                        .process(e -> see(e, "all"))
                        .setBody(constant("{}"));
                from("door:/things/{id}/parts/{part}?httpMethodRestrict=GET,DELETE")
                        .process(e -> see(e, "part"))
                        .setBody(constant("{}"));
                from("door:/waits?httpMethodRestrict=GET&blocking=true")
                        .process(e -> {
                            see(e, "waits");
                            RUNS.incrementAndGet();
                            RUNNING.incrementAndGet();
                            try {
                                gate.await(10, TimeUnit.SECONDS);
                            } finally {
                                RUNNING.decrementAndGet();
                            }
                        })
                        .setBody(constant("{}"));
                from("door:/away/{state}?httpMethodRestrict=GET&blocking=true").process(e -> {
                    String state = e.getMessage().getHeader("state", String.class);
                    throw new IllegalStateException(
                            state.equals("pool")
                                    ? new SQLTransientConnectionException("no connection to 10.0.0.1")
                                    : new SQLException("relation x", state));
                });
            }
        });
        CAMEL.start();
        server.start();
    }

    private static void see(Exchange exchange, String route) {
        SEEN.clear();
        exchange.getMessage().getHeaders().forEach((k, v) -> {
            if (v != null) {
                SEEN.put(k, v);
            }
        });
        SEEN.put("route", route);
        SEEN.put("thread", Thread.currentThread().getName());
        SEEN.put("tenant", TenantScope.of(exchange).orElse("none"));
    }

    @AfterAll
    static void close() {
        gate.countDown();
        CAMEL.stop();
        server.close();
        quotas.close();
        CALLERS.shutdown();
    }

    @BeforeEach
    void reset() {
        SEEN.clear();
        RUNS.set(0);
    }

    private static RawHttp.Reply send(String line, String key) {
        try {
            return RawHttp.send(
                    server.port(),
                    line + " HTTP/1.1\r\nHost: hub\r\nX-API-Key: " + key
                            + "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static CompletableFuture<RawHttp.Reply> wait(String key) {
        return CompletableFuture.supplyAsync(() -> send("GET /waits", key), CALLERS);
    }

    @Test
    @DisplayName("a segment of the path becomes a header by its parameter's name")
    void pathParameters() {
        assertThat(send("GET /things/a-1._~Z", A).status()).isEqualTo(200);
        assertThat(SEEN)
                .containsEntry("route", "look")
                .containsEntry("id", "a-1._~Z")
                .containsEntry("tenant", "76000012-4");
        send("DELETE /things/x/parts/y", A);
        assertThat(SEEN)
                .containsEntry("route", "part")
                .containsEntry("id", "x")
                .containsEntry("part", "y")
                .containsEntry("CamelHttpPath", "/things/x/parts/y");
    }

    @Test
    @DisplayName("several routes share a path by method, and a literal path wins over a parameter")
    void methods() {
        send("PATCH /things/x", A);
        assertThat(SEEN).containsEntry("route", "change");
        send("GET /things/all", A);
        assertThat(SEEN).containsEntry("route", "all").doesNotContainKey("id");
        send("HEAD /things/x", A);
        assertThat(SEEN).containsEntry("route", "look").containsEntry("CamelHttpMethod", "GET");
        assertThat(send("POST /things/x", A).header("Allow")).isEqualTo("GET, HEAD, PATCH");
        assertThat(send("PATCH /things/x/parts/y", A).header("Allow")).isEqualTo("DELETE, GET, HEAD");
        assertThat(send("HEAD /things/x/parts/y", A).body()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/things/",
                "/things/.",
                "/things/..",
                "/things/%61",
                "/things/a%2fb",
                "/things/a%00",
                "/things/a;b=1",
                "/things/a/",
                "/things//parts/y",
                "/things/x/parts/",
                "/things/x/parts",
                "/things/\u00e9",
                "/things/{id}",
                "/Things/x",
                "//things/x",
                "/things/a:b",
                "/things/a*",
                "/things/a'b",
                "/things/a+b",
                "/things/../things/x",
                "/things/x/../y"
            })
    @DisplayName("a segment in another spelling than the plain one is no path at all")
    void otherSpellings(String path) {
        assertThat(send("GET " + path, A).status()).as(path).isEqualTo(404);
        assertThat(SEEN).isEmpty();
    }

    @Test
    @DisplayName("a segment has an end: 200 characters are one, 201 are none")
    void longSegment() {
        assertThat(send("GET /things/" + "a".repeat(200), A).status()).isEqualTo(200);
        assertThat(send("GET /things/" + "a".repeat(201), A).status()).isEqualTo(404);
    }

    @Test
    @DisplayName(
            "declared query parameters become headers, decoded once; a door that declares none does not look at the query")
    void query() {
        send("GET /things/x?limit=%31%25%30&flag", A);
        assertThat(SEEN).containsEntry("limit", "1%0").containsEntry("flag", "");
        send("GET /things/x?limit=a+b%2Bc&&", A);
        assertThat(SEEN).containsEntry("limit", "a b+c").doesNotContainKey("flag");
        send("GET /things/all?limit=1&CamelHttpUri=x&%zz", A);
        assertThat(SEEN).containsEntry("route", "all").doesNotContainKeys("limit", "CamelHttpUri");
    }

    @ParameterizedTest
    @CsvSource({
        "limit=1&limit=2, limit:repeated",
        "x=1, x:unknown",
        "id=2, id:unknown",
        "CamelHttpUri=x, CamelHttpUri:unknown",
        "limit=%0d%0aX, limit:characters",
        "a=1&b=2&a=3, a:unknown b:unknown",
    })
    @DisplayName("a query that the door does not know is 422 and never reaches a route")
    void wrongQuery(String query, String errors) {
        RawHttp.Reply reply = send("GET /things/x?" + query, A);
        assertThat(reply.status()).isEqualTo(422);
        List<String> told = new ArrayList<>();
        reply.json()
                .path("errors")
                .forEach(e ->
                        told.add(e.path("field").asText() + ":" + e.path("rule").asText()));
        assertThat(told).containsExactly(errors.split(" "));
        assertThat(SEEN).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "door:/bad/{CamelHttpUri}",
                "door:/bad/{camelX}",
                "door:/bad/{Content-Type}",
                "door:/bad/{origin}",
                "door:/bad/x{id}",
                "door:/bad/{a}/{A}",
                "door:/bad/{}",
                "door:/bad/{a}?query=a",
                "door:/bad?query=CamelSqlQuery",
                "door:/things/all",
                "door:/things/{other}?httpMethodRestrict=DELETE",
                "door:/things/{id}?httpMethodRestrict=PATCH"
            })
    @DisplayName("a door whose parameters could pass for something else, or that another route has, does not open")
    void wrongDoor(String uri) {
        Map<String, java.util.Set<String>> before = server.paths();
        assertThatThrownBy(() -> CAMEL.addRoutes(new RouteBuilder() {
                    @Override
                    public void configure() {
                        from(uri.equals("door:/things/all") ? uri + "?httpMethodRestrict=GET" : uri)
                                .setBody(constant("{}"));
                    }
                }))
                .hasStackTraceContaining("door");
        assertThat(server.paths()).isEqualTo(before);
    }

    @Test
    @DisplayName("figures stand under the path as the route names it, never under what a caller made up")
    void figures() {
        send("GET /things/made-up-1", A);
        send("GET /things/made-up-2?x=1", A);
        assertThat(METERS.get("hub.door.requests").tag("path", "/things/{id}").timers())
                .isNotEmpty();
        assertThat(METERS.get("hub.door.requests").timers())
                .noneMatch(t -> String.valueOf(t.getId().getTag("path")).contains("made-up"));
    }

    @Test
    @DisplayName("a route that waits does so on a worker: the port goes on serving")
    void workers() throws Exception {
        gate = new CountDownLatch(1);
        CompletableFuture<RawHttp.Reply> waiting = wait(A);
        await().until(() -> RUNNING.get() == 1);
        assertThat((String) SEEN.get("thread")).startsWith("hub-door-worker-");
        assertThat(send("GET /things/x", B).status()).isEqualTo(200);
        gate.countDown();
        assertThat(waiting.get().status()).isEqualTo(200);
    }

    @Test
    @DisplayName(
            "one tenant's waiting routes hold three quarters of the workers at most, and another tenant's runs at once; what"
                    + " finds the queue full is 503 with Retry-After")
    void fairWorkers() throws Exception {
        gate = new CountDownLatch(1);
        List<CompletableFuture<RawHttp.Reply>> all = new ArrayList<>();
        int running = WORKERS * 3 / 4;
        int waiting = MOST_WAITING * 3 / 4;
        for (int i = 0; i < running + waiting + 5; i++) {
            all.add(wait(A));
        }
        await().until(() -> all.stream().filter(CompletableFuture::isDone).count() == 5);
        for (CompletableFuture<RawHttp.Reply> refused :
                all.stream().filter(CompletableFuture::isDone).toList()) {
            assertThat(refused.get().status()).isEqualTo(503);
            assertThat(refused.get().problem()).isEqualTo("busy");
            assertThat(refused.get().header("Retry-After")).isEqualTo("2");
        }
        assertThat(RUNNING).hasValue(running);
        CompletableFuture<RawHttp.Reply> other = wait(B);
        await().until(() -> RUNNING.get() == running + 1);
        assertThat(SEEN).containsEntry("tenant", "77000005-K");
        gate.countDown();
        assertThat(other.get().status()).isEqualTo(200);
        for (CompletableFuture<RawHttp.Reply> one : all) {
            assertThat(one.get().status()).isIn(200, 503);
        }
        assertThat(all.stream().filter(one -> one.join().status() == 200)).hasSize(running + waiting);
        await().until(() -> METERS.get("hub.door.in.flight").gauge().value() == 0);
    }

    @Test
    @DisplayName("what waited for a worker until its caller got 503 is not done any more")
    void answeredMeanwhile() throws Exception {
        gate = new CountDownLatch(1);
        List<CompletableFuture<RawHttp.Reply>> all = new ArrayList<>();
        for (int i = 0; i < WORKERS * 3 / 4 + 2; i++) {
            all.add(wait(A));
        }
        for (CompletableFuture<RawHttp.Reply> one : all) {
            assertThat(one.get().problem()).isEqualTo("unavailable");
        }
        gate.countDown();
        await().until(() -> RUNNING.get() == 0);
        assertThat(send("GET /waits", A).status()).isEqualTo(200);
        assertThat(RUNS).hasValue(WORKERS * 3 / 4 + 1);
    }

    @ParameterizedTest
    @CsvSource({
        "pool, 503",
        "08006, 503",
        "57014, 503",
        "57P01, 503",
        "53300, 503",
        "40001, 503",
        "42P01, 500",
        "22P02, 500"
    })
    @DisplayName("a database that is away or busy is 503, a wrong statement is 500, and neither tells more")
    void database(String state, int status) {
        RawHttp.Reply reply = send("GET /away/" + state, A);
        assertThat(reply.status()).isEqualTo(status);
        assertThat(reply.body())
                .doesNotContain("relation")
                .doesNotContain("10.0.0.1")
                .doesNotContain("SQL");
    }
}
