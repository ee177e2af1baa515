package cl.smarterbot.hub.ops;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.resend.MailTemplateAdmin;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.EndpointAdmin;
import cl.smarterbot.hub.tenancy.EndpointSecrets;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

/** The commands for mails and webhook senders, through the real admin API. */
@DisplayName("An operator")
@SpringBootTest(
        classes = MailAndEndpointCommandsTest.App.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "camel.main.routes-include-pattern=false",
            "hub.admin.password=" + Http.PASSWORD,
            "hub.public-url=https://api.example.cl/"
        })
class MailAndEndpointCommandsTest {

    private static final String TENANT = AdminApiTest.A;

    @SpringBootConfiguration
    @EnableAutoConfiguration(exclude = {DataSourceAutoConfiguration.class, FlywayAutoConfiguration.class})
    @Import({OpsConfiguration.class, MailOpsConfiguration.class})
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
        EndpointAdmin endpointAdmin(SecretStore secrets) {
            OpsDatabase.start();
            return new EndpointAdmin(
                    OpsDatabase.ops(), RutPolicy.STRICT, new EndpointSecrets(secrets, Clock.systemUTC()));
        }

        @Bean
        MailTemplateAdmin mailTemplateAdmin() {
            OpsDatabase.start();
            return new MailTemplateAdmin(OpsDatabase.ops());
        }
    }

    @LocalServerPort
    private int port;

    @Autowired
    private SecretStore secrets;

    @TempDir
    private Path files;

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
    @DisplayName("says which bot answers and which conversations, and hears every wrong value at once")
    void bot() {
        assertThat(run("", "tenant", "botpress", TENANT, "--bot", "ventas", "--threshold", "0.7")
                        .out())
                .contains("ventas", "0.7", "pending");
        assertThat(run("", "tenant", "botpress", TENANT, "--answers", "open", "--returns", "given-back")
                        .out())
                .contains("open", "given-back", "ventas");
        assertThat(run("", "tenant", "show", TENANT).out()).contains("bot:", "given-back");
        Ran wrong = run("", "tenant", "botpress", TENANT, "--answers", "all", "--returns", "never");
        assertThat(wrong.exit()).isNotZero();
        assertThat(wrong.err()).contains("answers", "must be pending or open", "returns");
    }

    @Test
    @DisplayName("registers a webhook sender, sees its secret once, changes it with an overlap, and ends it")
    void endpoint() throws IOException {
        JsonNode added = run("", "endpoint", "add", TENANT, "--source", "resend", "--json")
                .json();
        String id = added.path("id").asText();
        String secret = added.path("secret").asText();
        assertThat(id).matches("[0-9a-f]{32}");
        assertThat(secret).startsWith("whsec_");
        assertThat(added.path("url").asText()).isEqualTo("https://api.example.cl/webhooks/resend/" + id);
        assertThat(secrets.find(TENANT, "webhook_resend", id + "_current")).contains(Secret.of(secret));

        Ran list = run("", "endpoint", "list", "--tenant", TENANT);
        assertThat(list.out()).contains(id, "/webhooks/resend/" + id).doesNotContain(secret);

        Ran rotated = run("whsec_dmVuZG9yLW1hZGUtc2VjcmV0\n", "endpoint", "rotate", id, "--secret-stdin");
        assertThat(rotated.exit()).isZero();
        assertThat(rotated.out()).contains("previousUntil").doesNotContain("whsec_");
        assertThat(secrets.find(TENANT, "webhook_resend", id + "_previous")).contains(Secret.of(secret));
        assertThat(secrets.find(TENANT, "webhook_resend", id + "_current"))
                .contains(Secret.of("whsec_dmVuZG9yLW1hZGUtc2VjcmV0"));

        assertThat(run("", "endpoint", "bind", id, "--inbox", "12").out())
                .contains("takes that account and inbox only");
        assertThat(run("", "endpoint", "bind", id, "--account", "3").exit()).isZero();
        assertThat(OpsDatabase.superuser().queryForObject("select settings::text from hub.endpoint", String.class))
                .isEqualTo("{\"inbox_id\": 12, \"account_id\": 3}");
        assertThat(run("", "endpoint", "bind", id).err()).contains("inbox");
        assertThat(run("", "endpoint", "bind", id, "--inbox", "0").exit()).isNotZero();
        assertThat(run("", "endpoint", "revoke", id).out()).contains("is revoked");
        assertThat(run("", "endpoint", "bind", id, "--inbox", "12").exit()).isEqualTo(1);
        assertThat(run("", "endpoint", "revoke", id).exit()).isEqualTo(1);
        assertThat(run("", "endpoint", "rotate", id).exit()).isEqualTo(1);
        assertThat(audit())
                .contains("endpoint.add", "endpoint.rotate", "endpoint.bind", "endpoint.revoke", id)
                .doesNotContain("whsec_");
    }

    @Test
    @DisplayName("is told what to paste into each vendor, and sees which senders need no signature")
    void setup() throws IOException {
        Ran odoo = run("", "endpoint", "add", TENANT, "--source", "odoo");
        assertThat(odoo.out())
                .contains("https://api.example.cl/webhooks/odoo/", "Automation Rules", "unsigned")
                .doesNotContain("whsec_");
        JsonNode chatwoot = run("", "endpoint", "add", TENANT, "--source", "chatwoot", "--json")
                .json();
        String id = chatwoot.path("id").asText();
        assertThat(run("", "endpoint", "add", TENANT, "--source", "botpress").out())
                .contains("Webhook Secret", "whsec_", "/webhooks/botpress/");
        assertThat(run("", "endpoint", "rotate", id, "--overlap-hours", "0").out())
                .contains("Settings > Integrations > Webhooks", "hub endpoint rotate " + id + " --secret-stdin");
        Ran list = run("", "endpoint", "list", "--tenant", TENANT);
        assertThat(list.out())
                .contains(
                        "/webhooks/chatwoot/" + id,
                        "A URL is https://api.example.cl and",
                        "UNSIGNED",
                        "Automation Rules",
                        "Webhook Secret");

        Ran on = run("", "endpoint", "unsigned", id, "on");
        assertThat(on.exit()).isZero();
        assertThat(on.out()).contains("its URL is all that protects it");
        assertThat(run("", "endpoint", "list", "--json").json().path("items"))
                .filteredOn(e -> e.path("id").asText().equals(id))
                .allMatch(e -> e.path("unsigned").asBoolean())
                .hasSize(1);
        assertThat(run("", "endpoint", "unsigned", id, "off").out()).contains("signed deliveries only");
        assertThat(run("", "endpoint", "unsigned", id, "maybe").exit()).isEqualTo(2);
        assertThat(run("", "endpoint", "unsigned", "no-such-endpoint", "on").exit())
                .isEqualTo(1);
        assertThat(run("", "endpoint", "test", "no-such-endpoint").exit()).isEqualTo(1);
        assertThat(audit()).contains("endpoint.unsigned.on", "endpoint.unsigned.off");
    }

    @Test
    @DisplayName("is told every problem of a sender at once")
    void endpointProblems() {
        Ran wrong = run("short\n", "endpoint", "add", "12-3", "--source", "Resend!", "--secret-stdin");
        assertThat(wrong.exit()).isEqualTo(1);
        assertThat(wrong.err()).contains("rut", "source", "secret").doesNotContain("short");
        assertThat(run("", "endpoint", "add", "77000005-K", "--source", "resend")
                        .err())
                .contains("names no tenant");
        assertThat(run("", "endpoint", "rotate", "no-such-endpoint").exit()).isEqualTo(1);
    }

    @Test
    @DisplayName("says by whom a tenant's mails are sent; the key goes in and never comes out")
    void mail() {
        Ran set = run(
                "re_canary_key\n",
                "tenant",
                "mail",
                TENANT,
                "--from",
                "Ventas Ñuble <no-responder@sur.example>",
                "--admin",
                "ventas@sur.example",
                "--resend-key-stdin");
        assertThat(set.exit()).isZero();
        assertThat(set.out())
                .contains("Ventas Ñuble <no-responder@sur.example>", "ventas@sur.example", "The key is stored.")
                .doesNotContain("canary");
        assertThat(secrets.find(TENANT, "resend", "api_key")).contains(Secret.of("re_canary_key"));
        assertThat(run("", "tenant", "show", TENANT).out()).doesNotContain("canary");
        assertThat(audit()).contains("secret.put").doesNotContain("canary");
        Ran wrong = run("", "tenant", "mail", TENANT, "--from", "a@b.cl, c@d.cl", "--admin", "nobody");
        assertThat(wrong.exit()).isEqualTo(1);
        assertThat(wrong.err()).contains("mailFrom", "mailAdmin");
    }

    @Test
    @DisplayName("stores a tenant's own words, sees those in use, and goes back to the hub's")
    void template() throws IOException {
        Path html = Files.writeString(files.resolve("mail.html"), "<h1>Hola {{name}}</h1>\n<p>{{message}}</p>\n");
        assertThat(run("", "tenant", "template", "show", TENANT, "--kind", "visitor")
                        .out())
                .contains("The hub's words:", "Gracias por contactar a {{tenant}}");
        Ran set = run(
                "",
                "tenant",
                "template",
                "set",
                TENANT,
                "--kind",
                "visitor",
                "--subject",
                "Recibido, {{name}}",
                "--html-file",
                html.toString());
        assertThat(set.exit()).isZero();
        assertThat(set.out()).contains("The tenant's own words:", "Recibido, {{name}}", "<h1>Hola {{name}}</h1>");
        assertThat(run("", "tenant", "template", "reset", TENANT, "--kind", "visitor")
                        .out())
                .contains("The hub's words:");
        assertThat(audit()).contains("template.set", "template.reset");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{{{name}}}", "{{&name}}", "{{#name}}", "{{=<% %>=}}", "{{>x}}"})
    @DisplayName("cannot store words that would fill in a value unescaped, or that cannot be used")
    void unsafeTemplate(String html) throws IOException {
        Path file = Files.writeString(files.resolve("mail.html"), html);
        Ran set = run(
                "",
                "tenant",
                "template",
                "set",
                TENANT,
                "--kind",
                "visitor",
                "--subject",
                "{{{name}}}",
                "--html-file",
                file.toString());
        assertThat(set.exit()).isEqualTo(1);
        assertThat(set.err()).contains("subject", "html");
        assertThat(OpsDatabase.superuser().queryForObject("select count(*) from hub.mail_template", Integer.class))
                .isZero();
    }
}
