package cl.smarterbot.hub.ops;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.secrets.SecretStore;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;

@DisplayName("The command line")
@SpringBootTest(
        classes = AdminApiTest.App.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"camel.main.routes-include-pattern=false", "hub.admin.password=" + Http.PASSWORD})
class HubCliTest {

    private static final String TENANT = AdminApiTest.A;
    private static final String ODOO = "contact-to-odoo";

    @LocalServerPort
    private int port;

    @Autowired
    private SecretStore secrets;

    @TempDir
    private Path dataDir;

    private record Ran(int exit, String out, String err) {
        JsonNode json() throws IOException {
            return new ObjectMapper().readTree(out);
        }
    }

    @BeforeEach
    void fresh() {
        OpsDatabase.clear();
        OpsDatabase.tenant(TENANT);
        OpsDatabase.subscription(ODOO, "contact.*");
    }

    private Map<String, String> environment() {
        return Map.of("HUB_MANAGEMENT_PORT", Integer.toString(port), "HUB_ADMIN_PASSWORD", Http.PASSWORD);
    }

    private Ran run(String... args) {
        return run(environment(), "", args);
    }

    private static Ran run(Map<String, String> environment, String in, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit = HubCli.run(
                args,
                environment,
                new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Ran(exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static long dead(String key, String reason) {
        return OpsDatabase.delivery(OpsDatabase.event(TENANT, "contact.received", key), ODOO, "dead", reason);
    }

    @Test
    @DisplayName("lists events and the dead as a table, and as JSON for tools")
    void lists() throws IOException {
        long id = dead("c-1", "HTTP 422");
        Ran table = run("dead", "--since", "2h");
        assertThat(table.exit()).isZero();
        assertThat(table.out()).contains("REASON", "HTTP 422", Long.toString(id), TENANT, "contact.received");
        Ran json = run("dead", "--json");
        assertThat(json.json().at("/items/0/id").asLong()).isEqualTo(id);
        assertThat(run("events", "--tenant", TENANT).out()).contains("contact.received");
        assertThat(run("events", "--type", "none").out()).contains("None.");
    }

    @Test
    @DisplayName("shows an event with its deliveries and attempts, and never its body")
    void event() {
        UUID id = OpsDatabase.event(TENANT, "contact.received", "c-1");
        OpsDatabase.delivery(id, ODOO, "dead", "no such field");
        Ran shown = run("event", id.toString());
        assertThat(shown.exit()).isZero();
        assertThat(shown.out())
                .contains("no such field", "node-1", ODOO, id.toString())
                .doesNotContain("body-canary");
        Ran unknown = run("event", UUID.randomUUID().toString());
        assertThat(unknown.exit()).isEqualTo(1);
        assertThat(unknown.err()).contains("There is no event");
    }

    @Test
    @DisplayName("lists schedules, shows whose turn it is, and fires one by hand, which is audited")
    void schedules() {
        OpsDatabase.schedule("product-sync", TENANT);
        OpsDatabase.subscription("schedule-product-sync", "schedule.product_sync");
        assertThat(run("schedule", "list").out()).contains("product-sync", "cron 0 3 * * *", "2036-01-01T06:00:00Z");
        assertThat(run("schedule", "show", "product-sync").out()).contains(TENANT, "America/Santiago");
        Ran fired = run("schedule", "run", "product-sync", "--tenant", TENANT);
        assertThat(fired.exit()).as(fired.err()).isZero();
        assertThat(fired.out()).contains("fired for 1 tenants");
        assertThat(run("schedule", "run", "product-sync").out()).contains("fired for 1 tenants");
        assertThat(OpsDatabase.count(
                        "hub.delivery where subscription = 'schedule-product-sync' and tenant_rut = ?", TENANT))
                .isEqualTo(2);
        assertThat(OpsDatabase.audit())
                .extracting(a -> a.get("action"))
                .containsExactly("schedule-run", "schedule-run");
        assertThat(run("schedule", "run", "no-such").err()).contains("There is no schedule no-such");
        assertThat(run("schedule", "show", "no-such").exit()).isEqualTo(1);
        assertThat(run("schedule", "run", "product-sync", "--tenant", AdminApiTest.B)
                        .err())
                .contains("takes no part");
        OpsDatabase.superuser().update("update hub.schedule set last_declared_at = now() - interval '5 minutes'");
        assertThat(run("schedule", "run", "product-sync").err()).contains("No running hub");
        assertThat(OpsDatabase.audit()).hasSize(2);
    }

    @Test
    @DisplayName("replays one delivery, and says so when it had been replayed before")
    void replayOne() {
        long id = dead("c-1", "x");
        assertThat(run("replay", Long.toString(id)).out()).contains("runs again as");
        assertThat(run("replay", Long.toString(id)).out()).contains("replayed before");
        assertThat(run("replay", "999999999").exit()).isEqualTo(1);
    }

    @Test
    @DisplayName("counts what a bulk replay would do and how to do it, and does it with --yes only")
    void replayDead() {
        dead("c-1", "x");
        dead("c-2", "x");
        Ran dry = run("replay", "--dead", "--since", "2h", "--subscription", ODOO, "--tenant", TENANT);
        assertThat(dry.exit()).isZero();
        assertThat(dry.out()).contains("Dry run: 2", "--yes");
        assertThat(OpsDatabase.count("hub.delivery where replay_of is not null"))
                .isZero();
        assertThat(run("replay", "--dead", "--since", "2h", "--yes").out()).contains("2 deliveries replayed");
        assertThat(OpsDatabase.count("hub.delivery where replay_of is not null"))
                .isEqualTo(2);
    }

    @Test
    @DisplayName("refuses a replay that is not said clearly")
    void replayUsage() {
        assertThat(run("replay").exit()).isEqualTo(2);
        assertThat(run("replay", "--dead").exit()).isEqualTo(2);
        assertThat(run("replay", "1", "--dead", "--since", "2h").exit()).isEqualTo(2);
        assertThat(run("replay", "1", "--tenant", TENANT).exit()).isEqualTo(2);
        Ran when = run("replay", "--dead", "--since", "yesterday");
        assertThat(when.exit()).isEqualTo(1);
        assertThat(when.err()).contains("since must be like 2h");
    }

    @Test
    @DisplayName("backfills, pauses, resumes and lists subscriptions")
    void subscriptions() {
        OpsDatabase.event(TENANT, "contact.received", "c-1");
        OpsDatabase.subscription("relay", "*");
        assertThat(run("backfill", "relay", "--since", "7d").out()).contains("Dry run: 1");
        assertThat(run("backfill", "relay", "--since", "7d", "--yes").out()).contains("1 deliveries made");
        assertThat(run("backfill", "relay").exit()).isEqualTo(2);
        assertThat(run("pause", "relay").exit()).isZero();
        assertThat(run("subscriptions").out()).contains("relay", "true", "PENDING");
        assertThat(run("resume", "relay").exit()).isZero();
        assertThat(run("pause", "none").exit()).isEqualTo(1);
    }

    @Test
    @DisplayName("retires a subscription without a route: counts first, does it with --yes, and refuses one that runs")
    void retire() {
        OpsDatabase.event(TENANT, "contact.received", "c-1");
        Ran running = run("subscription", "retire", ODOO, "--yes");
        assertThat(running.exit()).isEqualTo(1);
        assertThat(running.err()).contains("declares the subscription " + ODOO);
        OpsDatabase.superuser().update("update hub.subscription set last_declared_at = now() - interval '1 hour'");
        Ran dry = run("subscription", "retire", ODOO);
        assertThat(dry.exit()).isZero();
        assertThat(dry.out()).contains("Dry run: 1 deliveries would be ended as dead", "--yes");
        assertThat(OpsDatabase.audit()).isEmpty();
        assertThat(run("subscription", "retire", ODOO, "--yes").out())
                .contains("Subscription " + ODOO + " is retired.", "1 deliveries ended as dead.");
        assertThat(run("dead").out()).contains("subscription retired");
        assertThat(run("balance").exit()).isZero();
        assertThat(OpsDatabase.audit()).extracting(line -> line.get("action")).containsExactly("retire");
        assertThat(run("subscription", "retire", "none").exit()).isEqualTo(1);
        assertThat(run("subscription").exit()).isEqualTo(2);
    }

    @Test
    @DisplayName("balances, and ends with 1 when an event is unaccounted for")
    void balance() {
        UUID id = OpsDatabase.event(TENANT, "contact.received", "c-1");
        assertThat(run("balance").exit()).isZero();
        OpsDatabase.superuser().update("delete from hub.delivery where event_id = ?", id);
        Ran broken = run("balance", "--since", "1h");
        assertThat(broken.exit()).isEqualTo(1);
        assertThat(broken.out()).contains("DOES NOT BALANCE");
    }

    @Test
    @DisplayName("adds a tenant with site, key and Odoo, takes the password from standard input, and undoes it")
    void tenant() throws IOException {
        String rut = "76086428-5";
        assertThat(run("tenant", "add", "76.086.428-5", "--name", "Ferretería").exit())
                .isZero();
        assertThat(run("tenant", "list").out()).contains(rut, "Ferretería");
        assertThat(run("tenant", "origin", "add", rut, "tienda.example").out()).contains("tienda.example");
        Ran key =
                run("tenant", "key", "add", rut, "--name", "web", "--scope", "contacts:write,products:read", "--json");
        String id = key.json().get("id").asText();
        assertThat(run("tenant", "show", rut).out())
                .contains("tienda.example", id)
                .doesNotContain(key.json().get("key").asText());
        assertThat(run("tenant", "key", "revoke", rut, id).out()).contains("is revoked");
        Ran odoo = run(
                environment(),
                "s3cret-canary\n",
                "tenant",
                "odoo",
                rut,
                "--url",
                "https://odoo.example",
                "--db",
                "prod",
                "--user",
                "hub",
                "--company",
                "3",
                "--password-stdin");
        assertThat(odoo.exit()).as(odoo.err()).isZero();
        assertThat(odoo.out()).contains("https://odoo.example").doesNotContain("canary");
        assertThat(secrets.find(rut, "odoo", "password"))
                .hasValueSatisfying(secret -> assertThat(secret.reveal()).isEqualTo("s3cret-canary"));
        Ran key2 = run(environment(), "k3y-canary\n", "tenant", "odoo", rut, "--api-key-stdin");
        assertThat(key2.exit()).as(key2.err()).isZero();
        assertThat(key2.out()).contains("API key is stored").doesNotContain("canary");
        assertThat(secrets.find(rut, "odoo", "api_key"))
                .hasValueSatisfying(secret -> assertThat(secret.reveal()).isEqualTo("k3y-canary"));
        assertThat(secrets.find(rut, "odoo", "password"))
                .hasValueSatisfying(secret -> assertThat(secret.reveal()).isEqualTo("s3cret-canary"));
        assertThat(run(environment(), "\n", "tenant", "odoo", rut, "--api-key-stdin")
                        .exit())
                .isEqualTo(2);
        assertThat(run(environment(), "x\n", "tenant", "odoo", rut, "--api-key-stdin", "--password-stdin")
                        .exit())
                .isEqualTo(2);
        Ran chatwoot = run(
                environment(),
                "t0ken-canary\n",
                "tenant",
                "chatwoot",
                rut,
                "--account",
                "3",
                "--inbox",
                "9",
                "--token-stdin");
        assertThat(chatwoot.exit()).as(chatwoot.err()).isZero();
        assertThat(chatwoot.out()).contains("inboxId", "hub check " + rut).doesNotContain("canary");
        assertThat(secrets.find(rut, "chatwoot", "api_token"))
                .hasValueSatisfying(secret -> assertThat(secret.reveal()).isEqualTo("t0ken-canary"));
        Ran storage = run(
                environment(),
                "serv1ce-canary\n",
                "tenant",
                "storage",
                rut,
                "--url",
                "https://project.example",
                "--product-images",
                "true",
                "--key-stdin");
        assertThat(storage.exit()).as(storage.err()).isZero();
        assertThat(storage.out())
                .contains("productImages  true", "hub check " + rut)
                .doesNotContain("canary");
        assertThat(secrets.find(rut, "supabase", "service_role"))
                .hasValueSatisfying(secret -> assertThat(secret.reveal()).isEqualTo("serv1ce-canary"));
        assertThat(run("check", rut).out()).contains("no system that can be tried");
        assertThat(run("tenant", "origin", "remove", rut, "tienda.example").exit())
                .isZero();
        assertThat(run("tenant", "deactivate", rut).out()).contains("active        false");
        assertThat(run("audit", "--tenant", rut).out()).contains("tenant.create", "key.issue", "secret.put");
        assertThat(run("tenant", "add", "76000012-9", "--name", "x").err()).contains("rut ");
    }

    @Test
    @DisplayName("never lets what came from outside control the terminal or forge a line")
    void forging() throws IOException {
        dead("c-\u001b[2J\u202e\u009b31m", "bad\n2026-01-01 all is well\r\u0007");
        for (Ran ran : new Ran[] {run("dead"), run("dead", "--json"), run("events")}) {
            assertThat(ran.out()).doesNotContain("\u001b", "\u0007", "\u202e", "\u009b", "\r");
        }
        assertThat(run("dead").out().lines()).hasSize(2);
        assertThat(run("dead", "--json").json().at("/items/0/reason").asText())
                .isEqualTo("bad\n2026-01-01 all is well\r\u0007");
        assertThat(run("event", "\u001b[31m").err()).doesNotContain("\u001b");
        assertThat(run("\u001b[31m").err()).doesNotContain("\u001b");
    }

    @Test
    @DisplayName("ends with 3 and says what to check when the hub does not answer")
    void unreachable() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        Ran ran = run(
                Map.of("HUB_MANAGEMENT_PORT", Integer.toString(free), "HUB_ADMIN_PASSWORD", Http.PASSWORD), "", "dead");
        assertThat(ran.exit()).isEqualTo(3);
        assertThat(ran.err()).contains("Is it running?", "HUB_MANAGEMENT_PORT").doesNotContain("Exception");
        assertThat(ran.out()).isEmpty();
    }

    @Test
    @DisplayName("ends with 3 when something else than a hub answers")
    void otherServer() throws IOException {
        HttpServer other = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        other.createContext("/", exchange -> {
            byte[] page = "<html>not a hub".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        other.start();
        try {
            Ran ran = run(
                    Map.of(
                            "HUB_MANAGEMENT_PORT",
                            Integer.toString(other.getAddress().getPort()),
                            "HUB_ADMIN_PASSWORD",
                            Http.PASSWORD),
                    "",
                    "dead");
            assertThat(ran.exit()).isEqualTo(3);
            assertThat(ran.err()).contains("not the management port");
        } finally {
            other.stop(0);
        }
    }

    @Test
    @DisplayName("ends with 1 and says what to check when the password is wrong or there is none")
    void wrongCredentials() {
        Map<String, String> environment = new HashMap<>(environment());
        environment.put("HUB_ADMIN_PASSWORD", "another-password-altogether");
        Ran wrong = run(environment, "", "dead");
        assertThat(wrong.exit()).isEqualTo(1);
        assertThat(wrong.err()).contains("HUB_ADMIN_PASSWORD").doesNotContain("another-password");
        environment.remove("HUB_ADMIN_PASSWORD");
        environment.put("HUB_DATA_DIR", dataDir.toString());
        Ran none = run(environment, "", "dead");
        assertThat(none.exit()).isEqualTo(1);
        assertThat(none.err()).contains("HUB_DATA_DIR");
    }

    @Test
    @DisplayName("takes the generated password from the data directory")
    void passwordFile() throws IOException {
        OperatorPassword.readOrCreate(dataDir);
        Files.writeString(dataDir.resolve(OperatorPassword.FILE), Http.PASSWORD + "\n");
        Ran ran = run(
                Map.of("HUB_MANAGEMENT_PORT", Integer.toString(port), "HUB_DATA_DIR", dataDir.toString()),
                "",
                "subscriptions");
        assertThat(ran.exit()).as(ran.err()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://hub.example:8081",
                "http://192.0.2.1",
                "ftp://127.0.0.1",
                "http://user:pass@127.0.0.1",
                "http://127.0.0.1.evil.example",
                "not a url"
            })
    @DisplayName("does not send the password in clear to another machine, or to what is no hub's address")
    void address(String url) {
        Ran ran = run(Map.of("HUB_ADMIN_URL", url, "HUB_ADMIN_PASSWORD", Http.PASSWORD), "", "dead");
        assertThat(ran.exit()).isEqualTo(2);
        assertThat(ran.err()).contains("HUB_ADMIN_URL");
    }

    @Test
    @DisplayName("ends with 2 on wrong usage and explains itself")
    void usage() {
        assertThat(run("dead", "--unknown").exit()).isEqualTo(2);
        assertThat(run("cli", "deda").exit()).isEqualTo(2);
        assertThat(run("event").exit()).isEqualTo(2);
        assertThat(run("help").out()).contains("backfill", "HUB_ADMIN_PASSWORD");
        assertThat(run("replay", "--help").out()).contains("--dead");
        assertThat(run("tenant", "--help").out()).contains("deactivate");
    }

    @Test
    @DisplayName("knows its own words from those of the hub itself")
    void verbs() {
        assertThat(HubCli.isVerb(new String[] {"dead", "--since", "2h"})).isTrue();
        assertThat(HubCli.isVerb(new String[] {"cli", "whatever"})).isTrue();
        assertThat(HubCli.isVerb(new String[] {})).isFalse();
        assertThat(HubCli.isVerb(new String[] {"--spring.profiles.active=demo"}))
                .isFalse();
    }
}
