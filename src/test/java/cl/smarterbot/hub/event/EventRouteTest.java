package cl.smarterbot.hub.event;

import static cl.smarterbot.hub.event.TestHub.FERRETERIA;
import static cl.smarterbot.hub.event.TestHub.PASTELERIA;
import static cl.smarterbot.hub.event.TestHub.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The {@code event:} component in real routes. */
class EventRouteTest {

    private final TestDatabase database = TestDatabase.fresh();
    private final Sql sql = new Sql(database);
    private final List<TestHub> hubs = new ArrayList<>();

    @AfterEach
    void stop() {
        hubs.forEach(TestHub::close);
    }

    private interface Routes {
        void configure(RouteBuilder builder);
    }

    private TestHub hub(FailureClassifier classifier, Routes routes) {
        TestHub hub = TestHub.of(database).classify(classifier);
        hubs.add(hub);
        return hub.start(new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                routes.configure(this);
            }
        });
    }

    private TestHub hub(Routes routes) {
        return hub(failure -> null, routes);
    }

    private static Exchange send(TestHub hub, String to, String tenant, Object body, Map<String, Object> headers) {
        Exchange exchange = new DefaultExchange(hub.camel);
        if (tenant != null) {
            TenantScope.bind(exchange, tenant);
        }
        exchange.getMessage().setBody(body);
        exchange.getMessage().setHeaders(new java.util.HashMap<>(headers));
        return hub.camel.createProducerTemplate().send(to, exchange);
    }

    @Test
    @DisplayName(
            "a delivery carries event, tenant, key, correlation, attempt and an idempotency key that stays the same")
    void headers() {
        Map<Integer, Map<String, Object>> seen = new ConcurrentHashMap<>();
        TestHub hub = hub(b -> b.from("event:contact.*?subscription=look&initialDelay=1&maxDelay=1")
                .process(e -> {
                    Map<String, Object> headers =
                            new java.util.HashMap<>(e.getMessage().getHeaders());
                    headers.put("body", e.getMessage().getBody());
                    headers.put("scope", TenantScope.of(e).orElse(null));
                    seen.put(e.getMessage().getHeader(EventConstants.ATTEMPT, Integer.class), headers);
                    if (seen.size() == 1) {
                        throw new IllegalStateException("once more");
                    }
                }));
        Appended appended = hub.appendNow(FERRETERIA, "contact.received", "the-key");
        await().until(() -> seen.size() == 2);
        for (int attempt = 1; attempt <= 2; attempt++) {
            assertThat(seen.get(attempt))
                    .containsEntry(EventConstants.ID, appended.id().toString())
                    .containsEntry(EventConstants.TYPE, "contact.received")
                    .containsEntry(EventConstants.TENANT, FERRETERIA)
                    .containsEntry(EventConstants.KEY, "the-key")
                    .containsEntry(EventConstants.CORRELATION_ID, appended.id().toString())
                    .containsEntry(EventConstants.IDEMPOTENCY_KEY, FERRETERIA + ":" + appended.id() + ":look")
                    .containsEntry("scope", FERRETERIA)
                    .containsEntry("body", Map.of());
        }
    }

    @Test
    @DisplayName(
            "events that a route emits are committed with its outcome and carry key and correlation on; a failed attempt emits nothing")
    void emits() {
        AtomicInteger runs = new AtomicInteger();
        TestHub hub = hub(b -> b.from("event:x.in?subscription=emit&initialDelay=1&maxDelay=1")
                .process(e -> e.getMessage().setBody("{\"run\":" + runs.incrementAndGet() + "}"))
                .to("event:x.out")
                .process(e -> {
                    if (runs.get() < 3) {
                        throw new IllegalStateException("after the append");
                    }
                }));
        Appended in = hub.appendNow(FERRETERIA, "x.in", "the-key");
        await().until(() -> sql.settled() && sql.deliveries("done") == 1);
        assertThat(sql.rows("select e.tenant_rut, e.event_key, e.correlation_id, convert_from(p.body, 'UTF8') body"
                        + " from public.events e join hub.payload p on p.event_id = e.id where e.type = 'x.out'"))
                .singleElement()
                .satisfies(row -> assertThat(row)
                        .containsEntry("tenant_rut", FERRETERIA)
                        .containsEntry("event_key", "the-key")
                        .containsEntry("correlation_id", in.id().toString())
                        .containsEntry("body", "{\"run\":3}"));
    }

    @Test
    @DisplayName("what an attempt sent is noted with its outcome, even if that is a failure, for its own tenant")
    void sent() {
        AtomicInteger runs = new AtomicInteger();
        TestHub hub = hub(b -> b.from("event:x.in?subscription=send&initialDelay=1&maxDelay=1")
                .process(e -> {
                    String key = e.getMessage().getHeader(EventConstants.IDEMPOTENCY_KEY, String.class);
                    int run = runs.incrementAndGet();
                    assertThat(Attempt.sent(e, key + ":message/" + run, "id-" + run))
                            .isTrue();
                    // Known already: stays as it is.
                    Attempt.sent(e, key + ":message/1", "other");
                    if (run == 1) {
                        throw new IllegalStateException("after sending");
                    }
                }));
        Appended in = hub.appendNow(PASTELERIA, "x.in", "k");
        await().until(() -> sql.deliveries("done") == 1);
        String key = PASTELERIA + ":" + in.id() + ":send:message/";
        assertThat(sql.rows("select tenant_rut, effect_key, external_id from hub.sent order by 2"))
                .containsExactly(
                        Map.of("tenant_rut", PASTELERIA, "effect_key", key + 1, "external_id", "id-1"),
                        Map.of("tenant_rut", PASTELERIA, "effect_key", key + 2, "external_id", "id-2"));
    }

    @Test
    @DisplayName("what a run did is noted even if its outcome comes too late, and outside of a delivery nothing is")
    void sentTooLate() {
        AtomicInteger runs = new AtomicInteger();
        TestHub hub = hub(b -> b.from("event:x.in?subscription=late").process(e -> {
            Attempt.sent(e, "too-late", "id-" + runs.incrementAndGet());
            if (runs.get() == 1) {
                // As if this node had stood still past its lease.
                sql.run("update hub.delivery set lease_token = lease_token + 1000000, lease_until = now()");
            }
        }));
        hub.appendNow(FERRETERIA, "x.in", "k");
        await().until(() -> sql.number("select count(*) from hub.sent") == 1);
        assertThat(sql.rows("select external_id from hub.sent")).singleElement().satisfies(row -> assertThat(row)
                .containsEntry("external_id", "id-1"));
        assertThat(Attempt.sent(new DefaultExchange(hub.camel), "k", "1")).isFalse();
    }

    @Test
    @DisplayName(
            "the next attempt knows what one before it learned, and nothing of it is left when the delivery is done or dead")
    void memo() {
        List<Object> known = new java.util.concurrent.CopyOnWriteArrayList<>();
        TestHub hub = hub(
                failure -> failure instanceof IllegalArgumentException
                        ? new FailureClassifier.Failure(true, null, "wrong")
                        : null,
                b -> b.from("event:x.*?subscription=learn&initialDelay=1&maxDelay=1")
                        .process(e -> {
                            Object memo = e.getMessage().getHeader(EventConstants.MEMO);
                            known.add(memo == null ? "nothing" : memo);
                            int attempt = e.getMessage().getHeader(EventConstants.ATTEMPT, Integer.class);
                            if (attempt == 1) {
                                Attempt.memo(e, "{\"intent\":\"order\"}");
                            }
                            if (attempt < 3) {
                                throw new IllegalStateException("once more");
                            }
                            if (e.getMessage()
                                    .getHeader(EventConstants.TYPE, "", String.class)
                                    .equals("x.bad")) {
                                throw new IllegalArgumentException("never");
                            }
                        }));
        hub.appendNow(FERRETERIA, "x.in", "k");
        await().until(() -> sql.deliveries("done") == 1);
        assertThat(known).containsExactly("nothing", "{\"intent\":\"order\"}", "{\"intent\":\"order\"}");
        hub.appendNow(FERRETERIA, "x.bad", "k");
        await().until(() -> sql.deliveries("dead") == 1);
        assertThat(sql.number("select count(memo) from hub.delivery")).isZero();
    }

    @Test
    @DisplayName(
            "a copy that lives on after its delivery ended cannot append unseen: it fails, nothing is lost in silence")
    void lateCopy() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        TestHub hub = hub(b -> {
            b.from("event:x.in?subscription=tap").wireTap("seda:late");
            b.from("seda:late")
                    .doTry()
                    .process(e -> ended.await(10, TimeUnit.SECONDS))
                    .to("event:x.late")
                    .doCatch(Exception.class)
                    .process(e -> failure.set(e.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class)))
                    .end();
        });
        hub.appendNow(FERRETERIA, "x.in", "k");
        await().until(() -> sql.deliveries("done") == 1);
        ended.countDown();
        await().until(() -> failure.get() != null);
        assertThat(failure.get()).hasMessageContaining("has ended");
    }

    @Test
    @DisplayName("a failure that no retry can heal is dead at once, with the reason given")
    void permanent() {
        TestHub hub = hub(
                failure -> new FailureClassifier.Failure(
                        failure instanceof IllegalArgumentException, null, "Odoo: field email\nis wrong"),
                b -> b.from("event:x.y?subscription=perm").process(e -> {
                    throw new RuntimeException(new IllegalArgumentException("secret-value"));
                }));
        hub.appendNow(FERRETERIA, "x.y", "k");
        // The outer exception is classified first: not permanent, so it is retried.
        await().until(() -> sql.deliveries("retry") == 1);
        TestHub strict = hub(
                failure -> failure instanceof IllegalArgumentException
                        ? new FailureClassifier.Failure(true, null, "Odoo: field email\nis wrong")
                        : null,
                b -> b.from("event:z.y?subscription=perm2").process(e -> {
                    throw new RuntimeException(new IllegalArgumentException("secret-value"));
                }));
        strict.appendNow(FERRETERIA, "z.y", "k");
        await().until(() -> sql.deliveries("dead") == 1);
        assertThat(sql.rows("select attempt, last_error from hub.delivery where state = 'dead'"))
                .singleElement()
                .satisfies(row -> assertThat(row)
                        .containsEntry("attempt", 1)
                        .containsEntry("last_error", "Odoo: field email is wrong"));
    }

    @Test
    @DisplayName("a Retry-After of the other side moves the next attempt")
    void retryAfter() {
        TestHub hub = hub(
                failure -> new FailureClassifier.Failure(false, Duration.ofMinutes(20), "busy"),
                b -> b.from("event:x.y?subscription=busy&initialDelay=1").process(e -> {
                    throw new IllegalStateException();
                }));
        hub.appendNow(FERRETERIA, "x.y", "k");
        await().until(() -> sql.deliveries("retry") == 1);
        assertThat(sql.number("select extract(epoch from next_at - now())::int from hub.delivery"))
                .isBetween(1_150, 1_200);
    }

    @Test
    @DisplayName(
            "work that stands in a line comes again when its turn is, however often, and no run counts as an attempt")
    void waitsForItsTurn() {
        AtomicInteger runs = new AtomicInteger();
        TestHub hub = hub(
                failure -> new FailureClassifier.Failure(false, Duration.ofMillis(1), "many are waiting", true),
                b -> b.from("event:x.y?subscription=line&maxAttempts=2").process(e -> {
                    if (runs.incrementAndGet() < 5) {
                        throw new IllegalStateException();
                    }
                }));
        hub.appendNow(FERRETERIA, "x.y", "k");
        await().until(() -> sql.deliveries("done") == 1);
        assertThat(sql.number("select attempt from hub.delivery")).isEqualTo(1);
    }

    @Test
    @DisplayName("what a delivery records with its end, the next one of its key finds there")
    void recordsBeforeTheNext() {
        List<Number> found = new java.util.concurrent.CopyOnWriteArrayList<>();
        TestHub hub = hub(b -> b.from("event:x.y?subscription=chain")
                .process(e -> found.add(sql.number("select count(*)::int from public.events where type = 'x.emitted'")))
                .to("event:x.emitted"));
        // One commit, so that one claim gets all three.
        hub.append(FERRETERIA, "x.y", "k");
        hub.append(FERRETERIA, "x.y", "k");
        hub.appendNow(FERRETERIA, "x.y", "k");
        await().until(() -> found.size() == 3 && sql.deliveries("done") >= 3);
        assertThat(found).extracting(Number::intValue).containsExactly(0, 1, 2);
    }

    @Test
    @DisplayName("the text of an unknown exception, which may carry a body, is not kept")
    void unknownExceptionText() {
        TestHub hub =
                hub(b -> b.from("event:x.y?subscription=unk&maxAttempts=1").process(e -> {
                    throw new IllegalStateException("juan@example.org wrote this");
                }));
        hub.appendNow(FERRETERIA, "x.y", "k");
        await().until(() -> sql.deliveries("dead") == 1);
        assertThat(sql.text("select last_error from hub.delivery")).isEqualTo("IllegalStateException");
        assertThat(sql.text("select error from hub.attempt")).isEqualTo("IllegalStateException");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CamelEventTenant",
                "tenant",
                "tenantRut",
                "tenant_rut",
                "hub.delivery",
                "X-Tenant",
                "camelEventTenant"
            })
    @DisplayName("no header, property or variable that a route sets changes the tenant of an event")
    void tenantFixed(String name) {
        TestHub hub = hub(b -> {
            b.from("direct:door")
                    .setHeader(name, b.constant(PASTELERIA))
                    .setProperty(name, b.constant(PASTELERIA))
                    .setProperty(TenantScope.class.getName(), b.constant(PASTELERIA))
                    .setVariable(name, b.constant(PASTELERIA))
                    .to("event:x.in");
            b.from("event:x.in?subscription=s")
                    .setHeader(name, b.constant(PASTELERIA))
                    .setProperty(name, b.constant(PASTELERIA))
                    .setProperty(TenantScope.class.getName(), b.constant(PASTELERIA))
                    .split(b.constant(List.of(1, 2)))
                    .to("event:x.out")
                    .end();
        });
        Exchange sent = send(hub, "direct:door", FERRETERIA, "{}", Map.of(name, PASTELERIA));
        assertThat(sent.getException()).isNull();
        await().until(() -> sql.events() == 3);
        assertThat(sql.column(String.class, "select distinct tenant_rut from public.events"))
                .containsExactly(FERRETERIA);
        assertThat(sql.column(String.class, "select distinct tenant_rut from hub.delivery"))
                .containsExactly(FERRETERIA);
    }

    @Test
    @DisplayName("an exchange without a tenant cannot append")
    void noTenant() {
        TestHub hub = hub(b -> b.from("direct:door").to("event:x.in"));
        Exchange sent = send(hub, "direct:door", null, "{}", Map.of(EventConstants.TENANT, FERRETERIA));
        assertThat(sent.getException()).hasMessageContaining("no tenant");
        assertThat(sql.events()).isZero();
    }

    @Test
    @DisplayName("an append in a route answers only after the commit, and says accepted, duplicate or conflict")
    void appendInRoute() {
        TestHub hub = hub(b -> b.from("direct:door").to("event:contact.received"));
        Map<String, Object> first = Map.of(EventConstants.DEDUP, TestHub.dedup("d", "a"));
        Exchange accepted = send(hub, "direct:door", FERRETERIA, "{}", first);
        assertThat(accepted.getMessage().getHeader(EventConstants.OUTCOME)).isEqualTo("ACCEPTED");
        assertThat(sql.events()).isEqualTo(1);
        Exchange again = send(hub, "direct:door", FERRETERIA, "{}", first);
        assertThat(again.getMessage().getHeader(EventConstants.OUTCOME)).isEqualTo("DUPLICATE");
        assertThat(again.getMessage().getHeader(EventConstants.ID))
                .isEqualTo(accepted.getMessage().getHeader(EventConstants.ID));
        Exchange other =
                send(hub, "direct:door", FERRETERIA, "{}", Map.of(EventConstants.DEDUP, TestHub.dedup("d", "b")));
        assertThat(other.getException()).isInstanceOf(EventConflictException.class);
    }

    @Test
    @DisplayName("a subscription gets exactly the types of its pattern")
    void patterns() {
        Map<String, List<String>> seen = new ConcurrentHashMap<>();
        TestHub hub = hub(b -> {
            for (String[] s : new String[][] {{"exact", "a_b.c"}, {"wild", "a_b.*"}, {"all", "*"}}) {
                b.from("event:" + s[1] + "?subscription=" + s[0]).process(e -> seen.computeIfAbsent(
                                s[0], k -> java.util.Collections.synchronizedList(new ArrayList<>()))
                        .add(e.getMessage().getHeader(EventConstants.TYPE, String.class)));
            }
        });
        for (String type : List.of("a_b.c", "a_b.d", "axb.c", "a_b", "z")) {
            TestHub.now(hub.runtime.log().append(event(FERRETERIA, type, type)));
        }
        await().until(() -> sql.settled() && sql.deliveries("done") == 8);
        assertThat(seen.get("exact")).containsExactly("a_b.c");
        assertThat(seen.get("wild")).containsExactlyInAnyOrder("a_b.c", "a_b.d");
        assertThat(seen.get("all")).hasSize(5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "event:x.y | needs the parameter 'subscription'",
                "event:x.y?subscription=Not Good | needs the parameter 'subscription'",
                "event:X.y?subscription=s | dotted lower-case words",
                "event:x.y?subscription=s&subscripton=t | Unknown parameters",
                "event:x.y?subscription=s&concurrency=0 | concurrency must be 1 or more",
                "event:x.y?subscription=s&maxAttempts=0 | maxAttempts >= 1",
                "event:x.y?subscription=s&multiplier=0.5 | multiplier >= 1",
                "event:x.y?subscription=s&concurrency=many | concurrency",
            })
    @DisplayName("a wrong subscription fails at the start, saying what is wrong")
    void wrongConsumer(String uri, String message) {
        TestHub hub = TestHub.of(database);
        hubs.add(hub);
        assertThatThrownBy(() -> hub.start(new RouteBuilder() {
                    @Override
                    public void configure() {
                        from(uri.trim()).to("mock:x");
                    }
                }))
                .hasStackTraceContaining(message.trim());
    }

    @Test
    @DisplayName("a producer of a pattern appends the type that the message names, and none outside the pattern")
    void producerOfAPattern() throws Exception {
        TestHub hub = TestHub.of(database);
        hubs.add(hub);
        java.util.concurrent.BlockingQueue<String> got = new java.util.concurrent.LinkedBlockingQueue<>();
        hub.start(new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from("direct:a").to("event:vendor.*");
                from("event:vendor.m*?subscription=all-of-the-vendor")
                        .process(e -> got.add(e.getMessage().getHeader(EventConstants.TYPE, String.class)));
            }
        });
        for (String type : List.of("vendor.mail_sent", "other.mail_sent", "vendor.", "vendor.*", "vendor.Mail")) {
            org.apache.camel.Exchange exchange = hub.camel
                    .createProducerTemplate()
                    .send("direct:a", e -> {
                        cl.smarterbot.hub.tenancy.TenantScope.bind(e, TestHub.FERRETERIA);
                        e.getMessage().setHeader(EventConstants.APPEND_TYPE, type);
                        e.getMessage().setBody("{}");
                    });
            assertThat(exchange.getException() == null).as(type).isEqualTo(type.equals("vendor.mail_sent"));
        }
        assertThat(got.poll(20, java.util.concurrent.TimeUnit.SECONDS)).isEqualTo("vendor.mail_sent");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "event:* | needs a first word",
                "event:x.y?record=orders | record=orders is not known",
                "event:x.y?recrod=contacts | Unknown parameters",
            })
    @DisplayName("a wrong append fails at the start, saying what is wrong")
    void wrongProducer(String uri, String message) {
        TestHub hub = TestHub.of(database);
        hubs.add(hub);
        assertThatThrownBy(() -> hub.start(new RouteBuilder() {
                    @Override
                    public void configure() {
                        from("direct:a").to(uri.trim());
                    }
                }))
                .hasStackTraceContaining(message.trim());
    }

    @Test
    @DisplayName("two routes cannot share the name of a subscription")
    void nameTwice() {
        TestHub hub = TestHub.of(database);
        hubs.add(hub);
        assertThatThrownBy(() -> hub.start(new RouteBuilder() {
                    @Override
                    public void configure() {
                        from("event:x.y?subscription=same").to("mock:a");
                        from("event:x.z?subscription=same").to("mock:b");
                    }
                }))
                .hasStackTraceContaining("names are unique");
    }

    @Test
    @DisplayName("a route that is suspended and resumed goes on with what came meanwhile")
    void suspendAndResume() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        TestHub hub = hub(b -> b.from("event:x.y?subscription=sus").routeId("r").process(e -> runs.incrementAndGet()));
        hub.appendNow(FERRETERIA, "x.y", "a");
        await().until(() -> runs.get() == 1);
        hub.camel.getRouteController().stopRoute("r");
        hub.appendNow(FERRETERIA, "x.y", "b");
        await().during(Duration.ofMillis(300)).until(() -> runs.get() == 1 && sql.deliveries("pending") == 1);
        hub.camel.getRouteController().startRoute("r");
        await().until(() -> runs.get() == 2);
    }

    @Test
    @DisplayName(
            "a postponed delivery comes again on time, counts no attempt, and its followers of the same key wait with it")
    void postponed() {
        List<String> runs = java.util.Collections.synchronizedList(new ArrayList<>());
        TestHub hub = hub(routes -> routes.from("event:thing.done?subscription=patient&maxAttempts=1")
                .process(e -> {
                    String key = e.getMessage().getHeader(EventConstants.KEY, String.class);
                    int attempt = e.getMessage().getHeader(EventConstants.ATTEMPT, Integer.class);
                    long seen = runs.stream().filter(r -> r.startsWith(key)).count();
                    runs.add(key + "/" + attempt);
                    if (seen < 3) {
                        throw new EventPostponedException(java.time.Duration.ofMillis(40));
                    }
                }));
        TestHub.now(hub.append(TestHub.FERRETERIA, "thing.done", "a"));
        TestHub.now(hub.append(TestHub.FERRETERIA, "thing.done", "a"));
        await().until(() -> sql.deliveries("done") == 2);
        // Three postponed runs and the real one, then the follower: every run is attempt 1.
        assertThat(runs).containsExactly("a/1", "a/1", "a/1", "a/1", "a/1");
        assertThat(sql.number("select count(*) from hub.attempt")).isEqualTo(2);
        assertThat(sql.number("select max(attempt) from hub.delivery")).isEqualTo(1);
    }
}
