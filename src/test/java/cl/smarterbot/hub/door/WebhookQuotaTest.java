package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.door.RawHttp.Reply;
import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.tenancy.EndpointAdmin;
import cl.smarterbot.hub.tenancy.EndpointSecrets;
import cl.smarterbot.hub.tenancy.IssuedEndpoint;
import cl.smarterbot.hub.tenancy.Quotas;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.testing.DatabaseClock;
import cl.smarterbot.hub.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Webhooks at a door whose tenants have limits, with senders behind a proxy. */
@DisplayName("A flood of webhooks")
class WebhookQuotaTest {

    private static final String A = "76000012-4";
    private static final String B = "77000005-K";
    private static final int WRONG_A_MINUTE = 3;
    private static final String GOOD = "{\"_model\":\"product.product\",\"_id\":1}";

    @TempDir
    static Path folder;

    private static final DefaultCamelContext CAMEL = new DefaultCamelContext();
    private static Quotas quotas;
    private static DoorServer server;
    private static IssuedEndpoint ofA;
    private static IssuedEndpoint secondOfA;
    private static IssuedEndpoint ofB;

    @BeforeAll
    static void open() throws Exception {
        TestDatabase database = TestDatabase.fresh();
        DatabaseClock.in(database);
        database.superuser(
                "insert into public.tenants (rut, business_name) values ('" + A + "', 'Sur'), ('" + B + "', 'Norte')");
        database.superuser("insert into hub.tenant_settings (tenant_rut, slug, plan, limits) values"
                + " ('" + A + "', 'a', 'infinite', '{\"tenant_per_minute\":1}'),"
                + " ('" + B + "', 'b', 'infinite', '{\"tenant_per_minute\":100}')");
        EndpointSecrets secrets =
                new EndpointSecrets(EncryptedFileSecretStore.open(folder.resolve("s.enc")), Clock.systemUTC());
        EndpointAdmin endpoints = new EndpointAdmin(database.as("hub_ops"), RutPolicy.STRICT, secrets);
        ofA = endpoints.add("test", A, "odoo", "a-secret-of-tenant-a-1");
        secondOfA = endpoints.add("test", A, "odoo", "a-secret-of-tenant-a-2");
        ofB = endpoints.add("test", B, "odoo", "a-secret-of-tenant-b-1");
        TenantRegistry registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        registry.refresh();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        quotas = new Quotas(database.as("hub_registry"), Duration.ofSeconds(30), 1_000, meters);
        server = new DoorServer(
                new DoorProperties(
                        "127.0.0.1",
                        0,
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(20),
                        1,
                        Duration.ofSeconds(2)),
                registry,
                new DoorGuards(
                        new GuardProperties(
                                List.of("127.0.0.0/8"), "X-Forwarded-For", WRONG_A_MINUTE, "", Duration.ZERO),
                        registry,
                        quotas),
                SignedInUsers.NONE,
                new WebhookVerifier(secrets, Clock.systemUTC(), Duration.ofSeconds(300), meters),
                WorkerProperties.DEFAULT,
                meters,
                () -> true);
        CAMEL.addComponent("door", new DoorComponent(server));
        CAMEL.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("door:/webhooks/odoo/{endpoint}?httpMethodRestrict=POST&consumes=application/json"
                                + "&credential=WEBHOOK&source=odoo&signature=ODOO&maxBody=1MB")
                        .setBody(constant("{\"ok\":true}"));
            }
        });
        CAMEL.start();
        server.start();
    }

    @AfterAll
    static void close() {
        CAMEL.stop();
        server.close();
        quotas.close();
    }

    private static String head(String path, String from, String secret) {
        return "POST " + path + " HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nX-Forwarded-For: " + from
                + "\r\nX-Webhook-Secret: " + secret + "\r\n";
    }

    private static Reply post(String path, String from, String secret) throws IOException {
        return RawHttp.send(server.port(), head(path, from, secret), GOOD.getBytes(StandardCharsets.UTF_8));
    }

    /** The answer to a request that says how long its body is and waits to be asked for it. */
    private static String unread(String path, String from, String secret) throws IOException {
        try (Socket socket = RawHttp.connect(server.port())) {
            socket.getOutputStream()
                    .write((head(path, from, secret) + "Expect: 100-continue\r\nContent-Length: 900000\r\n\r\n")
                            .getBytes(StandardCharsets.ISO_8859_1));
            StringBuilder line = new StringBuilder();
            for (int b = socket.getInputStream().read();
                    b >= 0 && b != '\r';
                    b = socket.getInputStream().read()) {
                line.append((char) b);
            }
            return line.toString();
        }
    }

    @Test
    @DisplayName(
            "ends at ten times the tenant's requests a minute with 429 and Retry-After, and another tenant's go on")
    void tenantQuota() throws IOException {
        for (int i = 0; i < 10; i++) {
            assertThat(post(ofA.path(), "198.51.100.1", "a-secret-of-tenant-a-1")
                            .status())
                    .isEqualTo(200);
        }
        Reply over = post(secondOfA.path(), "198.51.100.2", "a-secret-of-tenant-a-2");
        assertThat(over.status()).isEqualTo(429);
        assertThat(over.problem()).isEqualTo("too-many-requests");
        assertThat(Integer.parseInt(over.header("Retry-After"))).isBetween(1, 60);
        assertThat(post(ofB.path(), "198.51.100.1", "a-secret-of-tenant-b-1").status())
                .isEqualTo(200);
    }

    @Test
    @DisplayName("with a wrong secret takes nothing of the tenant's quota, and is refused before its body is read")
    void wrongOnes() throws IOException {
        String flooder = "198.51.100.3";
        for (int i = 0; i < WRONG_A_MINUTE; i++) {
            assertThat(post(ofB.path(), flooder, "wrong").status()).isEqualTo(401);
        }
        assertThat(unread(ofB.path(), flooder, "wrong")).isEqualTo("HTTP/1.1 100 Continue");
        assertThat(post(ofB.path(), flooder, "wrong").status()).isEqualTo(429);
        assertThat(unread(ofB.path(), flooder, "wrong")).startsWith("HTTP/1.1 429");
        assertThat(Integer.parseInt(post(ofB.path(), flooder, "wrong").header("Retry-After")))
                .isBetween(1, 60);
        assertThat(unread(ofB.path(), "198.51.100.4", "a-secret-of-tenant-b-1"))
                .as("another address")
                .isEqualTo("HTTP/1.1 100 Continue");
        assertThat(unread(secondOfA.path(), flooder, "a-secret-of-tenant-a-2"))
                .as("another endpoint from the same address, as vendors' senders share theirs")
                .isEqualTo("HTTP/1.1 100 Continue");
    }

    @Test
    @DisplayName("at made-up endpoints is refused before its body is read, whichever it makes up next")
    void madeUp() throws IOException {
        String flooder = "198.51.100.5";
        for (int i = 0; i <= WRONG_A_MINUTE; i++) {
            assertThat(post("/webhooks/odoo/" + "0".repeat(31) + i, flooder, "wrong")
                            .status())
                    .isIn(401, 429);
        }
        assertThat(unread("/webhooks/odoo/" + "f".repeat(32), flooder, "wrong")).startsWith("HTTP/1.1 429");
    }
}
