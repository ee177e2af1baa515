package cl.smarterbot.hub.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.HubApplication;
import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** {@code hub sync} against a whole hub, in pages of two. */
@SpringBootTest(classes = HubApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ActiveProfiles("demo")
@DirtiesContext
@DisplayName("An operator who reads a catalogue now")
class SyncCommandsTest {

    private static final Duration BOUND = Duration.ofSeconds(30);
    private static final String RUT = "76000012-4";

    @TempDir
    static Path data;

    @LocalServerPort
    private int port;

    @Autowired
    private HubDatabase database;

    @Autowired
    private MeterRegistry meters;

    @Autowired
    private SandboxServer vendors;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
        int sandboxPort;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            sandboxPort = socket.getLocalPort();
        }
        String sandbox = "http://127.0.0.1:" + sandboxPort;
        registry.add("hub.sandbox.port", () -> sandboxPort);
        for (String vendor : List.of("chatwoot", "odoo", "resend", "botpress")) {
            registry.add("hub." + vendor + ".url", () -> sandbox);
        }
        registry.add("hub.door.port", () -> 0);
        registry.add("hub.database.data-dir", () -> data.toString());
        registry.add("hub.admin.data-dir", () -> data.toString());
        registry.add("hub.admin.password", () -> Http.PASSWORD);
        registry.add("hub.secrets.file", () -> data.resolve("secrets.enc").toString());
        registry.add("hub.products.page-size", () -> 2);
        registry.add("hub.products.often", () -> "0 0 1 1 *");
        registry.add("hub.products.nightly", () -> "0 0 1 1 *");
        registry.add("hub.products.metrics-every", () -> "50ms");
        registry.add("hub.retry.initial-delay", () -> 10);
    }

    @AfterEach
    void asBefore() {
        vendors.trouble().clear();
        vendors.odoo().reset();
        jdbc().execute("truncate public.products_cache, hub.product_sync, hub.audit");
        jdbc().execute("truncate public.events, hub.payload, hub.delivery, hub.attempt");
    }

    private JdbcTemplate jdbc() {
        return new JdbcTemplate(new DriverManagerDataSource(
                "jdbc:postgresql://127.0.0.1:" + database.embeddedPort() + "/postgres", "postgres", ""));
    }

    private record Ran(int exit, String out, String err) {
        JsonNode json() throws IOException {
            return new ObjectMapper().readTree(out);
        }
    }

    private Ran hub(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit = HubCli.run(
                args,
                Map.of("HUB_MANAGEMENT_PORT", Integer.toString(port), "HUB_ADMIN_PASSWORD", Http.PASSWORD),
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Ran(exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private int active() {
        return jdbc().queryForObject("select count(*) from public.products", Integer.class);
    }

    @Test
    @DisplayName("sees it go to its end, and afterwards how it went")
    void follows() throws IOException {
        Ran none = hub("sync", "status");
        assertThat(none.out()).as(none.err()).contains("No catalogue was read yet");
        Ran ran = hub("sync", "products", "--tenant", RUT, "--full", "--wait");
        assertThat(ran.err()).isNotBlank();
        assertThat(ran.out()).startsWith("Completed: " + active() + " products read, " + active() + " changed");
        assertThat(ran.exit()).isZero();
        JsonNode status =
                hub("sync", "status", "--tenant", RUT, "--json").json().at("/items/0");
        assertThat(status.path("outcome").asText()).isEqualTo("completed");
        assertThat(status.path("total").asInt()).isEqualTo(active());
        assertThat(status.path("seen").asInt()).isEqualTo(active());
        assertThat(status.path("lagSeconds").isNumber()).isTrue();
        assertThat(hub("sync", "status", "--tenant", RUT).out()).contains("Completed: ", "syncedThrough");
        assertThat(hub("sync", "status").out()).contains(RUT, "completed");
        Ran again = hub("sync", "products", "--tenant", RUT, "--wait", "--json");
        assertThat(again.json().path("mode").asText()).isEqualTo("incremental");
    }

    @Test
    @DisplayName(
            "finds in the metrics how late each catalogue may be and how long its last run took, and the lag in the log")
    void measures() {
        hub("sync", "products", "--tenant", RUT, "--full", "--wait");
        Tags tenant = Tags.of("tenant", RUT);
        await().atMost(BOUND)
                .until(() -> meters.find("hub.product.sync.run")
                                .tags(tenant.and("mode", "full", "outcome", "completed"))
                                .gauge()
                        != null);
        assertThat(meters.get("hub.product.sync.lag").tags(tenant).gauge().value())
                .isGreaterThan(0);
        hub("sync", "products", "--tenant", RUT, "--wait");
        List<Long> lags = jdbc().queryForList(
                        "select (metadata ->> 'lag_ms')::bigint from public.events"
                                + " where type = 'product.refresh.completed' order by id",
                        Long.class);
        assertThat(lags).hasSize(2).allMatch(lag -> lag >= 0);
    }

    @Test
    @DisplayName("is told what would be taken away, and takes it away only by saying so, which is written down")
    void allows() {
        hub("sync", "products", "--tenant", RUT, "--full", "--wait");
        jdbc().execute("insert into public.products_cache (tenant_rut, odoo_id, name, content_hash) select '" + RUT
                + "', 100000 + i, 'Retirado', '' from generate_series(1, 30) i");
        int before = active();
        Ran refused = hub("sync", "products", "--tenant", RUT, "--full", "--wait");
        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.out()).contains("30 products of the catalogue are missing in Odoo", "--allow-deactivation");
        assertThat(active()).isEqualTo(before);
        Ran done = hub("sync", "products", "--tenant", RUT, "--full", "--allow-deactivation", "--wait");
        assertThat(done.out()).contains("30 deactivated");
        assertThat(done.exit()).isZero();
        assertThat(active()).isEqualTo(before - 30);
        assertThat(jdbc().queryForList(
                                "select detail ->> 'allow_deactivation' from hub.audit where action = 'product-sync' order by id",
                                String.class))
                .containsExactly("false", "false", "true");
    }

    @Test
    @DisplayName("is told why it stopped when Odoo refuses for good, and may ask again at once")
    void stopped() {
        vendors.trouble()
                .add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.STATUS)
                        .on("product.product", "search_read")
                        .status(404)
                        .times(1));
        Ran stopped = hub("sync", "products", "--tenant", RUT, "--full", "--wait");
        assertThat(stopped.exit()).isEqualTo(1);
        assertThat(stopped.out()).contains("The run stopped: Odoo");
        assertThat(hub("sync", "products", "--tenant", RUT, "--full", "--wait").exit())
                .isZero();
    }

    @Test
    @DisplayName("gets no run for a tenant that is not there")
    void unknown() {
        assertThat(hub("sync", "products", "--tenant", "77000005-K", "--wait").exit())
                .isZero();
        assertThat(hub("sync", "products", "--tenant", "76192083-9").exit()).isEqualTo(1);
        assertThat(hub("sync", "products", "--tenant", "nobody").exit()).isEqualTo(1);
        assertThat(hub("sync", "products").exit()).isEqualTo(2);
    }
}
