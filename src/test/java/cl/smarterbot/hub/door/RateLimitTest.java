package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.door.RawHttp.Reply;
import cl.smarterbot.hub.testing.DatabaseClock;
import cl.smarterbot.hub.testing.TestDatabase;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("At the public ports of two replicas together")
class RateLimitTest {

    private static final String GOOD = "{\"name\":\"Ana\",\"email\":\"ana@example.org\",\"message\":\"Hola\"}";
    private static final List<IntakeHub> HUBS = new ArrayList<>();
    private static DatabaseClock clock;
    private static int minute;

    @BeforeAll
    static void open() throws Exception {
        TestDatabase database = TestDatabase.fresh();
        clock = DatabaseClock.in(database);
        database.superuser("insert into public.tenants (rut, business_name) values"
                + " ('76000012-4', 'Ferreteria Sur'), ('77000005-K', 'Pasteleria Norte'), ('78000009-0', 'Casa'),"
                + " ('76000013-2', 'Sin limite'), ('76000015-9', 'De a uno')");
        database.superuser("insert into hub.tenant_settings (tenant_rut, slug, plan, limits, house) values"
                + " ('76000012-4', 'f', 'infinite', '{\"key_per_minute\":5,\"tenant_per_minute\":12}', false),"
                + " ('77000005-K', 'p', 'infinite', '{\"ip_per_minute\":3,\"tenant_per_minute\":100}', false),"
                + " ('78000009-0', 'c', 'infinite', '{\"ip_per_minute\":2}', true),"
                + " ('76000015-9', 'u', 'infinite', '{\"key_per_minute\":60}', false),"
                + " ('76000013-2', 's', 'unlimited', '{}', false)");
        database.superuser(
                "insert into hub.tenant_origin (host, tenant_rut) values ('pasteleria.example', '77000005-K')");
        database.superuser("insert into hub.api_key (tenant_rut, name, key_hash, scopes) values"
                + " ('76000012-4', 'a', sha256('key-1'), '{contacts:write}'),"
                + " ('76000012-4', 'b', sha256('key-2'), '{contacts:write}'),"
                + " ('76000012-4', 'c', sha256('key-3'), '{contacts:write}'),"
                + " ('77000005-K', 'd', sha256('key-of-pasteleria'), '{contacts:write}'),"
                + " ('76000015-9', 'f', sha256('key-by-the-second'), '{contacts:write}'),"
                + " ('76000013-2', 'e', sha256('key-without-limit'), '{contacts:write}')");
        GuardProperties guards =
                new GuardProperties(List.of("127.0.0.0/8"), "X-Forwarded-For", 4, "website", Duration.ZERO);
        for (int i = 0; i < 2; i++) {
            HUBS.add(new IntakeHub(database, guards));
        }
    }

    @AfterAll
    static void close() {
        HUBS.forEach(IntakeHub::close);
    }

    @BeforeEach
    void nextClient() {
        minute++;
    }

    private static int port(int i) {
        return HUBS.get(i % 2).port();
    }

    private static Reply post(int hub, String headers) throws IOException {
        return RawHttp.post(port(hub), headers, GOOD);
    }

    private static String key(String name) {
        return "X-API-Key: " + name + "\r\n";
    }

    /** A visitor of a page, behind the proxy of the test; a new address in each test. */
    private static String visitor(int number) {
        return "X-Forwarded-For: 198.51." + minute + "." + number + "\r\n";
    }

    private static void refused(Reply reply, int limit) {
        assertThat(reply.status()).isEqualTo(429);
        assertThat(reply.problem()).isEqualTo("too-many-requests");
        assertThat(reply.headers())
                .containsEntry("X-RateLimit-Limit", Integer.toString(limit))
                .containsEntry("X-RateLimit-Remaining", "0")
                .containsEntry("X-RateLimit-Reset", reply.header("Retry-After"));
        untilTheNext(reply, limit);
    }

    /** The database's clock stands still; the replicas carry it on by their own while the test runs. */
    private static void untilTheNext(Reply reply, int limit) {
        assertThat(Integer.parseInt(reply.header("Retry-After"))).isBetween(1, 60 / limit);
    }

    @Test
    @DisplayName(
            "a key has its requests a minute, a tenant with many keys its own, and who is over is told when to come back")
    void keyAndTenant() throws IOException {
        for (int i = 0; i < 5; i++) {
            Reply reply = post(i, key("key-1"));
            assertThat(reply.status()).isEqualTo(201);
            assertThat(reply.header("X-RateLimit-Limit")).isEqualTo("5");
            assertThat(Integer.parseInt(reply.header("X-RateLimit-Remaining"))).isBetween(0, 5 - 1 - i / 2);
            assertThat(Integer.parseInt(reply.header("X-RateLimit-Reset"))).isBetween(12, 60);
        }
        refused(post(0, key("key-1")), 5);
        refused(post(1, key("key-1")), 5);
        int accepted = 5;
        for (int i = 0; i < 30; i++) {
            accepted += post(i, key(i % 4 < 2 ? "key-2" : "key-3")).status() == 201 ? 1 : 0;
        }
        assertThat(accepted).isEqualTo(12);
        assertThat(HUBS.get(0).count("public.contacts where tenant_rut = '76000012-4'"))
                .as("refused ones leave nothing")
                .isEqualTo(12);
    }

    @Test
    @DisplayName("a client address without a key has its requests a minute at each tenant; all of an IPv6 /64 are one")
    void addresses() throws IOException {
        String page = "Origin: https://pasteleria.example\r\n";
        for (int i = 0; i < 3; i++) {
            assertThat(post(i, page + visitor(1)).status()).isEqualTo(201);
        }
        Reply over = post(0, page + visitor(1));
        refused(over, 3);
        assertThat(over.header("Access-Control-Allow-Origin"))
                .as("the page can read why")
                .isEqualTo("https://pasteleria.example");
        assertThat(post(1, page + visitor(2)).status()).isEqualTo(201);
        assertThat(post(1, visitor(1)).status())
                .as("the house counts by itself")
                .isEqualTo(201);
        assertThat(post(1, key("key-of-pasteleria") + visitor(1)).status())
                .as("a key is not counted by address")
                .isEqualTo(201);
        for (int i = 0; i < 3; i++) {
            assertThat(post(i, page + "X-Forwarded-For: 2001:db8:1:" + minute + "::" + i + "\r\n")
                            .status())
                    .isEqualTo(201);
        }
        refused(post(0, page + "X-Forwarded-For: 2001:db8:1:" + minute + ":ffff::1\r\n"), 3);
    }

    @Test
    @DisplayName("many requests at once do not get more")
    void atOnce() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(16);
        try {
            List<CompletableFuture<Integer>> answers = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                int n = i;
                answers.add(CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return post(n, "Origin: https://pasteleria.example\r\n" + visitor(1))
                                        .status();
                            } catch (IOException e) {
                                throw new java.io.UncheckedIOException(e);
                            }
                        },
                        pool));
            }
            assertThat(answers.stream()
                            .map(a -> a.orTimeout(60, TimeUnit.SECONDS).join()))
                    .filteredOn(status -> status == 201)
                    .hasSize(3);
            assertThat(answers.stream().map(CompletableFuture::join)).containsOnly(201, 429);
        } finally {
            pool.shutdown();
        }
    }

    @Test
    @DisplayName("a refusal comes before the body; who then sends it has a connection still, who does not has none")
    void beforeTheBody() throws IOException {
        while (post(0, visitor(1)).status() == 201) {
            // Until the house's limit for this address is used up.
        }
        try (Socket socket = RawHttp.connect(port(0))) {
            socket.getOutputStream()
                    .write(("POST /contact HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n" + visitor(1)
                                    + "Content-Length: 60000\r\n\r\n")
                            .getBytes());
            Reply reply = RawHttp.read(socket);
            refused(reply, 2);
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
        try (Socket socket = RawHttp.connect(port(0))) {
            for (int i = 0; i < 3; i++) {
                socket.getOutputStream()
                        .write(("POST /contact HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n" + visitor(1)
                                        + "Content-Length: " + GOOD.length() + "\r\n\r\n" + GOOD)
                                .getBytes());
                refused(RawHttp.read(socket), 2);
            }
        }
    }

    @Test
    @DisplayName("a request that waits for the counters keeps its body, in whatever pieces it comes")
    void bodyWaits() throws IOException {
        byte[] body = GOOD.getBytes();
        try (Socket socket = RawHttp.connect(port(0))) {
            byte[] head = ("POST /contact HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n" + visitor(7)
                            + "Expect: 100-continue\r\nContent-Length: " + body.length + "\r\n\r\n")
                    .getBytes();
            socket.getOutputStream().write(head);
            assertThat(RawHttp.read(socket).status()).isEqualTo(100);
            for (byte b : body) {
                socket.getOutputStream().write(b);
            }
            assertThat(RawHttp.read(socket).status()).isEqualTo(201);
        }
    }

    @Test
    @DisplayName("a tenant without limits is not counted and gets no figures")
    void unlimited() throws IOException {
        double before = HUBS.get(0).meters.get("hub.quota.rounds").counter().count();
        for (int i = 0; i < 20; i++) {
            Reply reply = post(0, key("key-without-limit"));
            assertThat(reply.status()).isEqualTo(201);
            assertThat(reply.headers()).doesNotContainKey("X-RateLimit-Limit");
        }
        assertThat(HUBS.get(0).meters.get("hub.quota.rounds").counter().count()).isEqualTo(before);
    }

    @Test
    @DisplayName("wrong keys are counted by client address, then get 429; a right key from there still works")
    void badCredentials() throws IOException {
        for (int i = 0; i < 4; i++) {
            Reply reply = post(i, key("guess-" + i) + visitor(1));
            assertThat(reply.status()).isEqualTo(401);
            assertThat(reply.headers()).doesNotContainKey("X-RateLimit-Remaining");
        }
        for (int i = 0; i < 4; i++) {
            Reply reply = post(i, key("guess-again-" + i) + visitor(1));
            assertThat(reply.status()).isEqualTo(429);
            assertThat(reply.problem()).isEqualTo("too-many-requests");
            untilTheNext(reply, 4);
        }
        assertThat(post(0, key("key-without-limit") + visitor(1)).status()).isEqualTo(201);
        assertThat(post(0, key("guess") + visitor(2)).status()).isEqualTo(401);
    }

    @Test
    @DisplayName("while the counters are away requests go on uncounted")
    void countersAway() throws IOException {
        IntakeHub hub = HUBS.get(0);
        hub.counters.off();
        try {
            for (int i = 0; i < 5; i++) {
                Reply reply = post(0, visitor(9));
                assertThat(reply.status()).isEqualTo(201);
                assertThat(reply.headers()).doesNotContainKey("X-RateLimit-Limit");
            }
        } finally {
            hub.counters.on();
        }
        await().until(() -> post(0, visitor(9)).status() == 429);
    }

    @Test
    @DisplayName(
            "who is at its limit gets one request more for each that flows in, and no second minute's worth at once")
    void flows() throws IOException {
        String caller = key("key-by-the-second");
        assertThat(drain(caller)).isEqualTo(60);
        refused(post(0, caller), 60);
        refused(post(1, caller), 60);
        clock.set("12:00:02");
        await().until(() -> post(0, caller).status() == 201);
        assertThat(drain(caller)).isLessThanOrEqualTo(1);
    }

    /** Asks until both replicas refuse: each may hold some that it took before. */
    private static int drain(String caller) throws IOException {
        int taken = 0;
        for (int refusals = 0, i = 0; refusals < 2; i++) {
            boolean allowed = post(i, caller).status() == 201;
            taken += allowed ? 1 : 0;
            refusals = allowed ? 0 : refusals + 1;
        }
        return taken;
    }
}
