package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.flow.FlowFile;
import cl.smarterbot.hub.flow.FlowLint;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import cl.smarterbot.hub.tenancy.TenantScope;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.support.DefaultExchange;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The second export, whole: Odoo's partners over real HTTP into contacts and Chatwoot. */
@SpringBootTest(classes = HubApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ActiveProfiles("demo")
@DirtiesContext
@DisplayName("The partner export")
class PartnerExportTest {

    private static final Duration BOUND = Duration.ofSeconds(30);
    private static final String SUR = "76000012-4";
    private static final String NORTE = "77000005-K";

    @TempDir
    static Path data;

    @Autowired
    private HubDatabase database;

    @Autowired
    private SandboxServer vendors;

    @Autowired
    private CamelContext camel;

    private final String email = "rosa-" + UUID.randomUUID() + "@ejemplo.cl";

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        registry.add("hub.sandbox.port", () -> port);
        for (String vendor : List.of("chatwoot", "odoo", "resend", "botpress")) {
            registry.add("hub." + vendor + ".url", () -> "http://127.0.0.1:" + port);
        }
        registry.add("hub.partner-export.cron", () -> "0 3 1 1 *");
        registry.add("hub.retry.initial-delay", () -> 50);
        registry.add("hub.door.port", () -> 0);
        registry.add("hub.database.data-dir", () -> data.toString());
        registry.add("hub.admin.data-dir", () -> data.toString());
        registry.add("hub.admin.password", () -> "a-password-for-tests");
        registry.add("hub.secrets.file", () -> data.resolve("secrets.enc").toString());
    }

    @AfterEach
    void healthy() {
        vendors.trouble().clear();
    }

    private JdbcTemplate jdbc() {
        return new JdbcTemplate(new DriverManagerDataSource(
                "jdbc:postgresql://127.0.0.1:" + database.embeddedPort() + "/postgres", "postgres", ""));
    }

    private void partner(String tenant, Map<String, Object> values) {
        Exchange exchange = new DefaultExchange(camel);
        TenantScope.bind(exchange, tenant);
        exchange.getMessage().setBody(values);
        camel.createProducerTemplate().send("odoo:res.partner?operation=create", exchange);
        assertThat(exchange.getException()).isNull();
    }

    private void contact(String tenant) {
        jdbc().update(
                        "insert into public.contacts (tenant_rut, id, name, email, message)"
                                + " values (?, gen_random_uuid(), 'Rosa', ?, 'Hola')",
                        tenant,
                        email);
    }

    private Integer link(String tenant) {
        return jdbc().queryForObject(
                        "select odoo_partner_id from public.contacts where tenant_rut = ? and email = ?",
                        Integer.class,
                        tenant,
                        email);
    }

    private int synced() {
        return jdbc().queryForObject(
                        "select count(*) from public.events where type = 'partner.synced' and source = 'flow.partner-export'",
                        Integer.class);
    }

    private void export() {
        await().atMost(BOUND)
                .until(() -> jdbc().queryForObject(
                                        "select count(*) from hub.schedule_due where name = 'partner-export'",
                                        Integer.class)
                        >= 2);
        jdbc().queryForObject("select hub.schedule_run('partner-export', null)", Integer.class);
        await().atMost(BOUND)
                .until(() -> jdbc().queryForObject(
                                        "select count(*) from hub.delivery where state not in ('done', 'dead')",
                                        Integer.class)
                        == 0);
        assertThat(jdbc().queryForObject("select count(*) from hub.delivery where state = 'dead'", Integer.class))
                .isZero();
    }

    @Test
    @DisplayName("takes a new partner to the tenant's contact and its Chatwoot, once, and not to another tenant's")
    void linked() {
        contact(SUR);
        contact(NORTE);
        partner(SUR, Map.of("name", "Rosa", "email", email.toUpperCase(java.util.Locale.ROOT)));
        int before = synced();
        export();
        assertThat(link(SUR)).isNotNull();
        assertThat(link(NORTE)).isNull();
        assertThat(synced()).isEqualTo(before + 1);
        assertThat(vendors.chatwoot().contacts(Map.of("account_id", "1", "email", email)))
                .singleElement()
                .satisfies(c -> assertThat(String.valueOf(c.get("custom_attributes")))
                        .contains("odoo_partner_id=" + link(SUR)));
        Object calls = vendors.chatwoot().stats().get("calls").toString();
        export();
        assertThat(synced()).isEqualTo(before + 1);
        assertThat(vendors.chatwoot().stats().get("calls").toString()).isEqualTo(calls);
    }

    @Test
    @DisplayName(
            "reads a page again that failed, goes on over several pages of one second, and remembers where it came to")
    void resumed() {
        contact(SUR);
        for (int i = 0; i < 405; i++) {
            partner(SUR, Map.of("name", "Socio " + i, "email", i == 404 ? email : i + "-" + email));
        }
        vendors.trouble()
                .add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.STATUS)
                        .on("res.partner", "search_read")
                        .status(503)
                        .times(1));
        export();
        assertThat(vendors.trouble().rules()).as("troubles that did not happen").isEmpty();
        assertThat(link(SUR)).isNotNull();
        assertThat(jdbc().queryForObject(
                                "select count(*) from public.events where type = 'partner.export_page' and tenant_rut = ?",
                                Integer.class,
                                SUR))
                .isGreaterThanOrEqualTo(4);
        assertThat(jdbc().queryForObject(
                                "select value ->> 'since' from hub.watermark where tenant_rut = ? and name = 'partner-export'",
                                String.class,
                                SUR))
                .matches("20\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d");
    }

    @Test
    @DisplayName("hands its events to the example of the routes guide, as that is printed there")
    void guide() throws Exception {
        String guide = java.nio.file.Files.readString(Path.of("docs/routes-guide.md"));
        int begin = guide.indexOf("```yaml\n") + "```yaml\n".length();
        String example = guide.substring(begin, guide.indexOf("```", begin));
        assertThat(FlowLint.check(List.of(
                        FlowFile.read(
                                "error-policies.yaml",
                                java.nio.file.Files.readString(
                                        Path.of("src/main/resources/routes/shared/error-policies.yaml"))),
                        FlowFile.read("sales-notice.yaml", example))))
                .isEmpty();
        PluginHelper.getRoutesLoader(camel).loadRoutes(ResourceHelper.fromString("sales-notice.yaml", example));
        contact(SUR);
        partner(SUR, Map.of("name", "Rosa", "email", email));
        export();
        assertThat(jdbc().queryForObject(
                                "select count(*) from public.events n join public.events p on p.correlation_id = n.correlation_id"
                                        + " where n.type = 'sales.notice' and n.tenant_rut = ? and p.type = 'partner.synced'",
                                Integer.class,
                                SUR))
                .isPositive();
    }
}
