package cl.smarterbot.hub.ops;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.IntentAdmin;
import cl.smarterbot.hub.tenancy.IntentRule;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

/** The commands for a tenant's bot and its intent table, through the real admin API. */
@DisplayName("An operator")
@SpringBootTest(
        classes = BotCommandsTest.App.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"camel.main.routes-include-pattern=false", "hub.admin.password=" + Http.PASSWORD})
class BotCommandsTest {

    private static final String TENANT = AdminApiTest.A;

    @SpringBootConfiguration
    @EnableAutoConfiguration(exclude = {DataSourceAutoConfiguration.class, FlywayAutoConfiguration.class})
    @Import(OpsConfiguration.class)
    static class App {
        @Bean
        EventAdmin eventAdmin() {
            OpsDatabase.start();
            return new EventAdmin(OpsDatabase.ops());
        }

        @Bean
        cl.smarterbot.hub.schedule.ScheduleAdmin scheduleAdmin() {
            return new cl.smarterbot.hub.schedule.ScheduleAdmin(OpsDatabase.ops());
        }

        @Bean
        TenantAdmin tenantAdmin() {
            OpsDatabase.start();
            return new TenantAdmin(OpsDatabase.ops(), RutPolicy.STRICT);
        }

        @Bean
        SecretStore secrets() {
            return new MemorySecrets();
        }

        @Bean
        IntentAdmin intentAdmin() {
            OpsDatabase.start();
            return new IntentAdmin(OpsDatabase.ops(), RutPolicy.STRICT);
        }
    }

    @LocalServerPort
    private int port;

    @Autowired
    private SecretStore secrets;

    private record Ran(int exit, String out, String err) {
        JsonNode json() throws IOException {
            return new ObjectMapper().readTree(out);
        }
    }

    @BeforeEach
    void fresh() {
        OpsDatabase.clear();
        OpsDatabase.tenant(TENANT);
    }

    private Ran run(String in, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit = HubCli.run(
                args,
                Map.of("HUB_MANAGEMENT_PORT", Integer.toString(port), "HUB_ADMIN_PASSWORD", Http.PASSWORD),
                new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Ran(exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static String audit() {
        return OpsDatabase.superuser()
                .queryForList("select action || ' ' || detail from hub.audit order by id", String.class)
                .toString();
    }

    @Test
    @DisplayName(
            "sets, sees and removes a row of a tenant's intent table, which the hub then goes by, and each change is audited")
    void intents() throws IOException {
        Ran set = run(
                "",
                "intent",
                "set",
                "--tenant",
                TENANT,
                "cotizacion",
                "--action",
                "lead",
                "--threshold",
                "0.75",
                "--sensitive",
                "--reply",
                "Gracias, {{name}}",
                "--lead-stage",
                "Calificado");
        assertThat(set.exit()).isZero();
        assertThat(set.out()).contains("cotizacion", "0.75", "Calificado").doesNotContain("own flows have no action");
        assertThat(rule("cotizacion")).isEqualTo(new IntentRule("lead", 0.75, true, "Gracias, {{name}}", "Calificado"));
        run("", "intent", "set", "--tenant", TENANT, "*", "--action", "handoff");
        assertThat(rule("otra_cosa").action()).isEqualTo("handoff");

        Ran list = run("", "intent", "list", "--tenant", TENANT);
        assertThat(list.out().indexOf("Calificado")).isLessThan(list.out().indexOf("pedido_tracking"));
        JsonNode rows =
                run("", "intent", "list", "--tenant", TENANT, "--json").json().path("items");
        assertThat(rows)
                .filteredOn(row -> row.path("intent").asText().equals("cotizacion"))
                .hasSize(1);

        run("", "intent", "set", "--tenant", TENANT, "cotizacion", "--action", "lead");
        assertThat(rule("cotizacion")).isEqualTo(new IntentRule("lead", null, false, null, null));
        String before = audit();
        run("", "intent", "set", "--tenant", TENANT, "cotizacion", "--action", "lead");
        assertThat(audit()).as("what changes nothing writes nothing").isEqualTo(before);

        assertThat(run("", "intent", "remove", "--tenant", TENANT, "*").exit()).isZero();
        assertThat(run("", "intent", "remove", "--tenant", TENANT, "*").exit()).isEqualTo(1);
        assertThat(rule("otra_cosa").action()).isEqualTo("answer");
        assertThat(audit()).contains("intent.set", "intent.remove", "Calificado");
        assertThat(run("", "intent", "set", "--tenant", TENANT, "x", "--action", "my-own-flow")
                        .out())
                .contains("own flows have no action my-own-flow");
    }

    private static IntentRule rule(String intent) {
        TenantRegistry registry = new TenantRegistry(OpsDatabase.registry(), RutPolicy.STRICT, false);
        registry.refresh();
        return registry.intent(TENANT, intent);
    }

    @Test
    @DisplayName("is told every problem of an intent and of a bot at once, and nothing is stored")
    void problems() {
        Ran intent = run(
                "",
                "intent",
                "set",
                "--tenant",
                TENANT,
                "dos palabras",
                "--action",
                "Order Status",
                "--threshold",
                "0.123",
                "--lead-stage",
                "Ganado");
        assertThat(intent.exit()).isEqualTo(1);
        assertThat(intent.err()).contains("intent must", "action must", "threshold must");
        assertThat(OpsDatabase.count("hub.intent")).isZero();
        assertThat(run("", "intent", "set", "--tenant", "77000005-K", "x", "--action", "lead")
                        .exit())
                .isEqualTo(1);
        Ran bot = run(
                "",
                "tenant",
                "botpress",
                TENANT,
                "--mode",
                "v13",
                "--url",
                "http://10.0.0.7:3000",
                "--threshold",
                "1.5",
                "--pause-ms",
                "60001",
                "--label",
                "Con Espacios",
                "--returns",
                "never");
        assertThat(bot.exit()).isEqualTo(1);
        assertThat(bot.err())
                .contains("mode must", "url must", "threshold must", "pauseMs must", "label must", "returns must");
        assertThat(audit()).isEqualTo("[]");
    }

    @Test
    @DisplayName("says which bot a tenant has; secrets go in and never come out")
    void bot() {
        Ran v12 = run(
                "canary-password\n",
                "tenant",
                "botpress",
                TENANT,
                "--mode",
                "v12",
                "--url",
                "https://bot.example.cl",
                "--bot",
                "ventas",
                "--user",
                "hub@example.cl",
                "--threshold",
                "0.7",
                "--pause-ms",
                "1500",
                "--team",
                "4",
                "--label",
                "persona",
                "--returns",
                "given-back",
                "--password-stdin");
        assertThat(v12.exit()).isZero();
        assertThat(v12.out())
                .contains(
                        "https://bot.example.cl", "ventas", "0.7", "1500", "persona", "given-back", "Stored: password")
                .doesNotContain("canary");
        assertThat(secrets.find(TENANT, "botpress", "password")).contains(Secret.of("canary-password"));
        assertThat(audit()).contains("tenant.update", "secret.put").doesNotContain("canary");

        OpsDatabase.clear();
        OpsDatabase.tenant(TENANT);
        Ran cloud = run(
                "canary-key\n",
                "tenant",
                "botpress",
                TENANT,
                "--mode",
                "cloud",
                "--webhook-id",
                "wh-1",
                "--threshold",
                "0.8",
                "--encryption-key-stdin");
        assertThat(cloud.out()).contains("cloud", "0.8", "Stored: webhook_id", "Stored: encryption_key");
        assertThat(secrets.find(TENANT, "botpress", "webhook_id")).contains(Secret.of("wh-1"));
        assertThat(run("", "tenant", "botpress", TENANT, "--password-stdin", "--encryption-key-stdin")
                        .exit())
                .isEqualTo(2);
        assertThat(run("", "tenant", "botpress", "77000005-K", "--bot", "x").exit())
                .isEqualTo(1);
    }
}
