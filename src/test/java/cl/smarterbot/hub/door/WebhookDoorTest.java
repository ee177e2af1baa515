package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.event.EventComponent;
import cl.smarterbot.hub.event.EventProperties;
import cl.smarterbot.hub.event.EventRuntime;
import cl.smarterbot.hub.event.TenantBinding;
import cl.smarterbot.hub.resend.ResendEvents;
import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.secrets.SecretStoreException;
import cl.smarterbot.hub.tenancy.EndpointAdmin;
import cl.smarterbot.hub.tenancy.EndpointSecrets;
import cl.smarterbot.hub.tenancy.IssuedEndpoint;
import cl.smarterbot.hub.tenancy.Quotas;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** The door of Resend's webhooks as its route file has it, on a real log, over real HTTP. */
@DisplayName("A signed webhook door")
class WebhookDoorTest {

    private static final String A = "76000012-4";
    private static final String B = "77000005-K";
    private static final String GOOD =
            "{\"type\":\"email.delivered\",\"created_at\":\"2026-09-01T12:00:00Z\",\"data\":{\"email_id\":\"e1\",\"to\":[\"ana@ejemplo.cl\"]}}";

    @TempDir
    static Path folder;

    private static final SimpleMeterRegistry METERS = new SimpleMeterRegistry();
    private static final DefaultCamelContext CAMEL = new DefaultCamelContext();
    private static final Hands CLOCK = new Hands();
    private static final Watched SECRETS = new Watched();
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static TestDatabase database;
    private static JdbcTemplate superuser;
    private static EventRuntime log;
    private static Quotas quotas;
    private static TenantRegistry registry;
    private static EndpointAdmin endpoints;
    private static DoorServer server;
    private static IssuedEndpoint ofA;
    private static IssuedEndpoint ofB;
    private static int before;

    /** A clock that the test sets. */
    private static final class Hands extends Clock {
        private volatile Instant now = Instant.parse("2026-09-01T12:00:00Z");

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    /** Notes who asks it; whether that may take its time the test says. */
    private static final class Watched implements SecretStore {
        private final Set<String> askedBy = ConcurrentHashMap.newKeySet();
        private volatile SecretStore behind;
        private volatile boolean atHand = true;
        private volatile boolean damaged;

        @Override
        public Optional<Secret> find(String tenantRut, String system, String field) {
            askedBy.add(Thread.currentThread().getName());
            if (damaged) {
                throw new SecretStoreException("damaged");
            }
            return behind.find(tenantRut, system, field);
        }

        @Override
        public boolean atHand() {
            return atHand;
        }

        @Override
        public void put(String tenantRut, String system, String field, Secret value) {
            behind.put(tenantRut, system, field, value);
        }
    }

    @BeforeAll
    static void open() throws Exception {
        database = TestDatabase.fresh();
        superuser = new JdbcTemplate(database.as("postgres"));
        superuser.execute(
                "insert into public.tenants (rut, business_name) values ('" + A + "', 'Sur'), ('" + B + "', 'Norte')");
        SECRETS.behind = EncryptedFileSecretStore.open(folder.resolve("secrets.enc"));
        EndpointSecrets ofEndpoints = new EndpointSecrets(SECRETS, CLOCK);
        endpoints = new EndpointAdmin(database.as("hub_ops"), RutPolicy.STRICT, ofEndpoints);
        ofA = endpoints.add("test", A, "resend", null);
        ofB = endpoints.add("test", B, "resend", null);
        registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        registry.refresh();
        log = new EventRuntime(
                database.as("hub_writer"),
                database.as("hub_engine"),
                () -> database.as("hub_engine").getConnection(),
                new EventProperties(
                        256,
                        1 << 20,
                        1_024,
                        Duration.ofHours(48),
                        Duration.ofSeconds(30),
                        Duration.ofMinutes(10),
                        Duration.ofMillis(50),
                        Duration.ofMillis(5),
                        200,
                        2,
                        Duration.ofSeconds(5),
                        false,
                        Duration.ofDays(30),
                        Duration.ofDays(400),
                        Duration.ofDays(30),
                        Duration.ofHours(1),
                        Duration.ofMillis(10)),
                METERS);
        quotas = new Quotas(database.as("hub_registry"), Duration.ofSeconds(30), 1_000, METERS);
        server = new DoorServer(
                new DoorProperties(
                        "127.0.0.1",
                        0,
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(20),
                        1,
                        Duration.ofSeconds(2)),
                registry,
                new DoorGuards(
                        new GuardProperties(List.of(), "X-Forwarded-For", 100_000, "", Duration.ZERO),
                        registry,
                        quotas),
                SignedInUsers.NONE,
                new WebhookVerifier(ofEndpoints, CLOCK, Duration.ofSeconds(300), METERS),
                WorkerProperties.DEFAULT,
                METERS,
                () -> true);
        CAMEL.addComponent("door", new DoorComponent(server));
        CAMEL.addComponent(
                "event",
                new EventComponent(
                        log,
                        new TenantBinding() {
                            @Override
                            public String tenantOf(Exchange exchange) {
                                return TenantScope.of(exchange).orElse(null);
                            }

                            @Override
                            public void bind(Exchange exchange, String tenant) {
                                TenantScope.bind(exchange, tenant);
                            }
                        },
                        failure -> null));
        CAMEL.getRegistry().bind("resendEvents", new ResendEvents(rut -> true));
        CAMEL.getRegistry()
                .bind("mailSuppression", new cl.smarterbot.hub.resend.MailSuppression(database.as("hub_app")));
        PluginHelper.getRoutesLoader(CAMEL)
                .loadRoutes(
                        ResourceHelper.resolveResource(CAMEL, "classpath:routes/shared/error-policies.yaml"),
                        ResourceHelper.resolveResource(CAMEL, "classpath:routes/resend-webhooks.yaml"));
        CAMEL.start();
        log.start();
        await().until(log.log()::available);
        server.start();
    }

    @AfterAll
    static void close() {
        CAMEL.stop();
        server.close();
        log.close();
        quotas.close();
    }

    @BeforeEach
    void count() {
        before = superuser.queryForObject("select count(*) from public.events", Integer.class);
        CLOCK.now = Instant.parse("2026-09-01T12:00:00Z");
    }

    /** One request, right until the test makes it wrong. */
    private static final class Call {
        private String endpoint = ofA.id();
        private String secret = ofA.secret();
        private String id = "msg_" + UUID.randomUUID();
        private String timestamp = Long.toString(CLOCK.now.getEpochSecond());
        private byte[] signedBody = GOOD.getBytes(StandardCharsets.UTF_8);
        private byte[] sentBody = signedBody;
        private String contentType = "application/json; charset=utf-8";
        private boolean chunked;
        private final Map<String, String> headers = new LinkedHashMap<>();
        private final List<String> without = new ArrayList<>();

        Call body(byte[] bytes) {
            signedBody = bytes;
            sentBody = bytes;
            return this;
        }

        Call body(String text) {
            return body(text.getBytes(StandardCharsets.UTF_8));
        }

        String signature(String by) {
            SignatureScheme.Signed signed = new SignatureScheme.Signed(id, timestamp, List.of());
            return "v1,"
                    + Base64.getEncoder()
                            .encodeToString(Signatures.SVIX.sign(Signatures.SVIX.key(by), signed, signedBody));
        }

        HttpRequest request() {
            Map<String, String> all = new HashMap<>();
            all.put("svix-id", id);
            all.put("svix-timestamp", timestamp);
            all.put("svix-signature", signature(secret));
            all.putAll(headers);
            without.forEach(all::remove);
            HttpRequest.Builder request = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + server.port() + "/webhooks/resend/" + endpoint))
                    .header("Content-Type", contentType)
                    .POST(
                            chunked
                                    ? HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(sentBody))
                                    : HttpRequest.BodyPublishers.ofByteArray(sentBody));
            all.forEach(request::header);
            return request.build();
        }

        HttpResponse<String> send() throws IOException, InterruptedException {
            return HTTP.send(request(), HttpResponse.BodyHandlers.ofString());
        }
    }

    private static int events() {
        return superuser.queryForObject("select count(*) from public.events", Integer.class) - before;
    }

    /** A column of the events of this test, oldest first. */
    private static List<String> events(String column) {
        return superuser.queryForList(
                "select " + column + "::text from public.events order by received_at, id offset ?",
                String.class,
                before);
    }

    private static void assertRefused(Call call) throws Exception {
        HttpResponse<String> answer = call.send();
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.body()).isEqualTo(unknownEndpoint());
        assertThat(events()).isZero();
    }

    /** What someone gets who made an endpoint up. */
    private static String unknownEndpoint() throws Exception {
        Call call = new Call();
        call.endpoint = "0123456789abcdef0123456789abcdef";
        HttpResponse<String> answer = call.send();
        assertThat(answer.statusCode()).isEqualTo(401);
        return answer.body();
    }

    @Test
    @DisplayName("takes what is signed, as the tenant of its endpoint, without addresses in the metadata")
    void valid() throws Exception {
        HttpResponse<String> answer = new Call().send();
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("{\"ok\":true}");
        assertThat(events("tenant_rut")).containsExactly(A);
        assertThat(events("type")).containsExactly("resend.email_delivered");
        assertThat(events("source")).containsExactly("webhook.resend");
        assertThat(events("event_key")).containsExactly("e1");
        assertThat(events("metadata").get(0)).contains("e1").doesNotContain("ana@");
        Call chunked = new Call();
        chunked.chunked = true;
        assertThat(chunked.send().statusCode()).isEqualTo(200);
    }

    @Test
    @DisplayName("keeps no event loop waiting: not for secrets that may take their time, nor for a large body")
    void slowChecks() throws Exception {
        String large = GOOD.replace("\"e1\"", "\"e1\",\"subject\":\"" + "s".repeat(20_000) + "\"");
        assertThat(threads(true, GOOD)).isNotEmpty().allMatch(name -> name.contains("eventloop"));
        assertThat(threads(true, large)).isNotEmpty().noneMatch(name -> name.contains("eventloop"));
        assertThat(threads(false, GOOD)).isNotEmpty().noneMatch(name -> name.contains("eventloop"));
    }

    @Test
    @DisplayName(
            "answers 503 while secrets cannot be read, on an event loop or off it, and takes the delivery when they can")
    void secretsAway() throws Exception {
        for (boolean atHand : new boolean[] {true, false}) {
            SECRETS.atHand = atHand;
            SECRETS.damaged = true;
            Call call = new Call();
            try {
                assertThat(call.send().statusCode()).isEqualTo(503);
            } finally {
                SECRETS.damaged = false;
            }
            assertThat(call.send().statusCode()).isEqualTo(200);
        }
        SECRETS.atHand = true;
        assertThat(events()).isEqualTo(2);
    }

    private static Set<String> threads(boolean atHand, String body) throws Exception {
        SECRETS.atHand = atHand;
        SECRETS.askedBy.clear();
        try {
            assertThat(new Call().body(body).send().statusCode()).isEqualTo(200);
            return Set.copyOf(SECRETS.askedBy);
        } finally {
            SECRETS.atHand = true;
        }
    }

    @Test
    @DisplayName("refuses a body with one byte changed, whitespace added or nothing left")
    void changedBody() throws Exception {
        Call one = new Call();
        one.sentBody = GOOD.replace("e1", "e2").getBytes(StandardCharsets.UTF_8);
        assertRefused(one);
        Call space = new Call();
        space.sentBody = GOOD.replace(",", ", ").getBytes(StandardCharsets.UTF_8);
        assertRefused(space);
        Call empty = new Call();
        empty.sentBody = new byte[0];
        assertRefused(empty);
    }

    @Test
    @DisplayName("refuses another secret, and one tenant's signature at another's endpoint")
    void otherSecret() throws Exception {
        Call other = new Call();
        other.secret = "whsec_" + Base64.getEncoder().encodeToString(new byte[32]);
        assertRefused(other);
        Call crossing = new Call();
        crossing.endpoint = ofB.id();
        assertRefused(crossing);
        Call dummy = new Call();
        dummy.secret = "whsec_bm9ib2R5LW5vYm9keS1ub2JvZHktbm9ib2R5LW5vYm8=";
        dummy.endpoint = "0123456789abcdef0123456789abcdef";
        assertRefused(dummy);
    }

    @ParameterizedTest
    @ValueSource(strings = {"svix-id", "svix-timestamp", "svix-signature"})
    @DisplayName("refuses a header that is missing, empty or there twice")
    void headers(String name) throws Exception {
        Call missing = new Call();
        missing.without.add(name);
        assertRefused(missing);
        Call empty = new Call();
        empty.headers.put(name, "");
        assertRefused(empty);
        Call twice = new Call();
        HttpRequest request = twice.request();
        HttpRequest doubled = HttpRequest.newBuilder(request, (n, v) -> true)
                .header(name, request.headers().firstValue(name).orElseThrow())
                .build();
        assertThat(HTTP.send(doubled, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(401);
        assertThat(events()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-301", "301", "-360", "360", "-86400", "-691200"})
    @DisplayName("refuses a timestamp more than 300 s away, both ways")
    void timestampAway(String seconds) throws Exception {
        Call call = new Call();
        call.timestamp = Long.toString(CLOCK.now.getEpochSecond() + Long.parseLong(seconds));
        assertRefused(call);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-300", "300", "0"})
    @DisplayName("takes a timestamp up to 300 s away, both ways")
    void timestampNear(String seconds) throws Exception {
        Call call = new Call();
        call.timestamp = Long.toString(CLOCK.now.getEpochSecond() + Long.parseLong(seconds));
        assertThat(call.send().statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "+1788264000", "1788264000.0", "1e9", "now", "99999999999999999999"})
    @DisplayName("refuses a timestamp that is not digits")
    void timestampForm(String timestamp) throws Exception {
        Call call = new Call();
        call.timestamp = timestamp;
        assertRefused(call);
    }

    @Test
    @DisplayName("takes the second of two signatures, and refuses a hundred and upper case")
    void signatures() throws Exception {
        String wrong = "v1," + Base64.getEncoder().encodeToString(new byte[32]);
        Call second = new Call();
        second.headers.put("svix-signature", wrong + " " + second.signature(second.secret));
        assertThat(second.send().statusCode()).isEqualTo(200);
        count();
        Call hundred = new Call();
        hundred.headers.put("svix-signature", (wrong + " ").repeat(99) + hundred.signature(hundred.secret));
        assertRefused(hundred);
        Call upper = new Call();
        upper.headers.put("svix-signature", upper.signature(upper.secret).toUpperCase(java.util.Locale.ROOT));
        assertRefused(upper);
    }

    @Test
    @DisplayName("a delivery that comes again, thirty times at once, is one event; each gets 200")
    void duplicates() throws Exception {
        Call call = new Call();
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            answers.add(HTTP.sendAsync(call.request(), HttpResponse.BodyHandlers.ofString()));
        }
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            assertThat(answer.get().statusCode()).isEqualTo(200);
        }
        assertThat(events()).isEqualTo(1);
        assertThat(METERS.counter("hub.webhook.duplicate", "source", "resend", "endpoint", ofA.id())
                        .count())
                .isGreaterThanOrEqualTo(29);
        CLOCK.now = CLOCK.now.plusSeconds(120);
        Call again = new Call();
        again.id = call.id;
        assertThat(again.send().statusCode()).as("signed anew").isEqualTo(200);
        assertThat(events()).isEqualTo(1);
        CLOCK.now = CLOCK.now.plus(Duration.ofDays(8));
        assertThat(call.send().statusCode()).as("as it was, after days").isEqualTo(401);
    }

    @Test
    @DisplayName("one delivery id with another body gets 200 and changes nothing; another endpoint may use the same id")
    void otherBody() throws Exception {
        Call first = new Call();
        first.send();
        Call other = new Call().body(GOOD.replace("e1", "e2"));
        other.id = first.id;
        assertThat(other.send().statusCode()).isEqualTo(200);
        assertThat(events("event_key")).containsExactly("e1");
        Call elsewhere = new Call();
        elsewhere.id = first.id;
        elsewhere.endpoint = ofB.id();
        elsewhere.secret = ofB.secret();
        assertThat(elsewhere.send().statusCode()).isEqualTo(200);
        assertThat(events("tenant_rut")).containsExactly(A, B);
    }

    @Test
    @DisplayName("a signed body that is empty, not UTF-8, too deep or no JSON object gets 400")
    void signedGarbage() throws Exception {
        for (byte[] body : List.of(
                new byte[0],
                new byte[] {'{', '"', 'a', '"', ':', '"', (byte) 0xc3, (byte) 0x28, '"', '}'},
                "{\"a\":1}".getBytes(StandardCharsets.UTF_16),
                "[]".getBytes(StandardCharsets.UTF_8),
                "{} {}".getBytes(StandardCharsets.UTF_8),
                "{\"a\":1,\"a\":2}".getBytes(StandardCharsets.UTF_8),
                ("{\"a\":" + "[".repeat(100) + "]".repeat(100) + "}").getBytes(StandardCharsets.UTF_8))) {
            assertThat(new Call().body(body).send().statusCode()).isEqualTo(400);
        }
        assertThat(events()).isZero();
    }

    @Test
    @DisplayName("more than 1 MiB gets 413, with and without a length; other content gets 415; other methods 405")
    void limits() throws Exception {
        byte[] large = ("{\"a\":\"" + "x".repeat(1 << 20) + "\"}").getBytes(StandardCharsets.UTF_8);
        assertThat(new Call().body(large).send().statusCode()).isEqualTo(413);
        Call chunked = new Call().body(large);
        chunked.chunked = true;
        assertThat(chunked.send().statusCode()).isEqualTo(413);
        Call form = new Call();
        form.contentType = "text/plain";
        assertThat(form.send().statusCode()).isEqualTo(415);
        Call packed = new Call();
        packed.headers.put("Content-Encoding", "gzip");
        assertThat(packed.send().statusCode()).isEqualTo(415);
        HttpRequest get = HttpRequest.newBuilder(new Call().request().uri()).build();
        assertThat(HTTP.send(get, HttpResponse.BodyHandlers.discarding()).statusCode())
                .isEqualTo(405);
        assertThat(events()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", "%2e%2e", "%00", "a%2Fb", "a;jsessionid=1", "DEMO-RS-1", "demo-rs-1"})
    @DisplayName("tricks in the path and the demo's endpoints are unknown endpoints")
    void paths(String endpoint) throws Exception {
        endpoints.seedDemo("test", A, "resend", "demo-rs-1");
        registry.refresh();
        Call call = new Call();
        call.endpoint = endpoint;
        assertThat(call.send().statusCode()).isIn(401, 404);
        assertThat(events()).isZero();
    }

    @Test
    @DisplayName(
            "while a secret changes over both are good; after the overlap only the new one is; a revoked endpoint is unknown")
    void rotation() throws Exception {
        IssuedEndpoint endpoint = endpoints.add("test", A, "resend", null);
        registry.refresh();
        IssuedEndpoint rotated = endpoints
                .rotate("test", endpoint.id(), null, Duration.ofHours(48))
                .orElseThrow();
        assertThat(rotated.previousUntil()).isEqualTo(CLOCK.now.plus(Duration.ofHours(48)));
        double previous = METERS.counter("hub.webhook.matched.previous", "source", "resend", "endpoint", endpoint.id())
                .count();
        for (String secret : List.of(endpoint.secret(), rotated.secret())) {
            Call call = new Call();
            call.endpoint = endpoint.id();
            call.secret = secret;
            assertThat(call.send().statusCode()).isEqualTo(200);
        }
        assertThat(METERS.counter("hub.webhook.matched.previous", "source", "resend", "endpoint", endpoint.id())
                        .count())
                .isEqualTo(previous + 1);
        CLOCK.now = CLOCK.now.plus(Duration.ofHours(48));
        Call old = new Call();
        old.endpoint = endpoint.id();
        old.secret = endpoint.secret();
        assertThat(old.send().statusCode()).isEqualTo(401);
        Call current = new Call();
        current.endpoint = endpoint.id();
        current.secret = rotated.secret();
        assertThat(current.send().statusCode()).isEqualTo(200);
        assertThat(endpoints.revoke("test", endpoint.id())).isTrue();
        assertThat(endpoints.revoke("test", endpoint.id())).isFalse();
        registry.refresh();
        Call revoked = new Call();
        revoked.endpoint = endpoint.id();
        revoked.secret = rotated.secret();
        HttpResponse<String> answer = revoked.send();
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.body()).isEqualTo(unknownEndpoint());
    }

    @Test
    @DisplayName("a mail of another tenant, which a shared account tells every endpoint of, is no event")
    void foreignMail() throws Exception {
        for (String tags : List.of("{\"tenant\":\"" + B + "\"}", "[{\"name\":\"tenant\",\"value\":\"" + B + "\"}]")) {
            assertThat(new Call()
                            .body(GOOD.replace("\"data\":{", "\"data\":{\"tags\":" + tags + ","))
                            .send()
                            .statusCode())
                    .isEqualTo(200);
        }
        assertThat(events()).isZero();
        new Call()
                .body(GOOD.replace("\"data\":{", "\"data\":{\"tags\":{\"tenant\":\"" + A + "\"},"))
                .send();
        assertThat(events()).isEqualTo(1);
    }

    @Test
    @DisplayName("a type that this version does not know is kept as resend.other")
    void unknownType() throws Exception {
        new Call().body("{\"type\":\"email.${sys:user.home}\",\"data\":{}}").send();
        assertThat(events("type")).containsExactly("resend.other");
    }

    @Test
    @DisplayName("while the log cannot be written the sender gets 503 and has to come back")
    void logAway() throws Exception {
        superuser.execute("alter table hub.dedup rename to dedup_away");
        try {
            assertThat(new Call().send().statusCode()).isEqualTo(503);
        } finally {
            superuser.execute("alter table hub.dedup_away rename to dedup");
        }
        await().until(() -> new Call().send().statusCode() == 200);
    }

    @Test
    @DisplayName("metrics stand under the path of the door, never under an endpoint")
    void metrics() throws Exception {
        new Call().send();
        assertThat(METERS.find("hub.door.requests").timers())
                .extracting(t -> t.getId().getTag("path"))
                .contains("/webhooks/resend/{endpoint}")
                .noneMatch(path -> path.contains(ofA.id()));
    }

    @Test
    @DisplayName("secrets are stored where SecretStore finds them by the endpoint's id, in any letter case")
    void secretNames() {
        SecretStore store = EncryptedFileSecretStore.open(folder.resolve("other.enc"));
        store.put(A, "webhook_resend", "demo-rs-1_current", Secret.of("x"));
        assertThat(store.find(A, "webhook_resend", "demo_rs_1_current")).isPresent();
    }
}
