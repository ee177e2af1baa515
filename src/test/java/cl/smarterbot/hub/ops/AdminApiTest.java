package cl.smarterbot.hub.ops;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.schedule.ScheduleAdmin;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
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

@DisplayName("The admin API")
@SpringBootTest(
        classes = AdminApiTest.App.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"camel.main.routes-include-pattern=false", "hub.admin.password=" + Http.PASSWORD})
class AdminApiTest {

    static final String A = "76000012-4";
    static final String B = "77000005-K";

    private static final String RELAY = "relay";
    private static final String ODOO = "contact-to-odoo";

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
        ScheduleAdmin scheduleAdmin() {
            OpsDatabase.start();
            return new ScheduleAdmin(OpsDatabase.ops());
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
    }

    @LocalServerPort
    private int port;

    @Autowired
    private SecretStore secrets;

    @BeforeEach
    void fresh() {
        OpsDatabase.clear();
        OpsDatabase.tenant(A);
        OpsDatabase.tenant(B);
        OpsDatabase.subscription(ODOO, "contact.*");
    }

    private Http.Answer get(String path) {
        return new Http(port).operator().get(path);
    }

    private Http.Answer post(String path, String body) {
        return new Http(port).change().post(path, body);
    }

    private static long dead(String tenant, String key) {
        return OpsDatabase.delivery(
                OpsDatabase.event(tenant, "contact.received", key), ODOO, "dead", "HTTP 422 from Odoo");
    }

    @Test
    @DisplayName("lists dead deliveries with reason, attempts, event type, key and tenant")
    void deadList() {
        long id = dead(A, "c-1");
        JsonNode item = get("/admin/dead").json().at("/items/0");
        assertThat(item.get("id").asLong()).isEqualTo(id);
        assertThat(item.get("reason").asText()).isEqualTo("HTTP 422 from Odoo");
        assertThat(item.get("attempts").asInt()).isEqualTo(8);
        assertThat(item.get("type").asText()).isEqualTo("contact.received");
        assertThat(item.get("key").asText()).isEqualTo("c-1");
        assertThat(item.get("tenant").asText()).isEqualTo(A);
        assertThat(item.get("subscription").asText()).isEqualTo(ODOO);
    }

    @Test
    @DisplayName("filters dead deliveries by tenant, subscription and time")
    void deadFilter() {
        long a = dead(A, "c-1");
        dead(B, "c-2");
        assertThat(get("/admin/dead?tenant=" + A).json().get("items")).hasSize(1);
        assertThat(get("/admin/dead?tenant=" + A).json().at("/items/0/id").asLong())
                .isEqualTo(a);
        assertThat(get("/admin/dead?subscription=" + ODOO).json().get("items")).hasSize(2);
        assertThat(get("/admin/dead?subscription=none").json().get("items")).isEmpty();
        OpsDatabase.superuser()
                .update("update hub.delivery set finished_at = now() - interval '3 hours' where id = ?", a);
        assertThat(get("/admin/dead?since=2h").json().get("items")).hasSize(1);
    }

    @Test
    @DisplayName("pages through dead deliveries and events without gap or repetition")
    void paging() {
        for (int i = 0; i < 7; i++) {
            dead(A, "c-" + i);
        }
        for (String path : List.of("/admin/dead", "/admin/events")) {
            List<String> seen = new ArrayList<>();
            String next = "";
            do {
                JsonNode page = get(path + "?limit=3" + next).json();
                page.get("items").forEach(item -> seen.add(item.get("id").asText()));
                next = page.get("next").isNull()
                        ? null
                        : "&cursor=" + page.get("next").asText();
            } while (next != null);
            assertThat(seen).as(path).hasSize(7).doesNotHaveDuplicates();
        }
    }

    @Test
    @DisplayName("filters events by tenant, type pattern and time")
    void eventFilter() {
        OpsDatabase.event(A, "contact.received", "c");
        OpsDatabase.event(A, "product.refreshed", "p");
        OpsDatabase.event(B, "contact.received", "c");
        assertThat(get("/admin/events").json().get("items")).hasSize(3);
        assertThat(get("/admin/events?tenant=" + A).json().get("items")).hasSize(2);
        assertThat(get("/admin/events?type=contact.*").json().get("items")).hasSize(2);
        assertThat(get("/admin/events?type=product.refreshed&tenant=" + B)
                        .json()
                        .get("items"))
                .isEmpty();
        assertThat(get("/admin/events?since=1h").json().get("items")).hasSize(3);
        assertThat(get("/admin/events?since=2099-01-01T00:00:00Z").status()).isEqualTo(422);
    }

    @Test
    @DisplayName("shows an event with its deliveries and attempts, and never its body")
    void event() {
        UUID id = OpsDatabase.event(A, "contact.received", "c-1");
        OpsDatabase.delivery(id, ODOO, "dead", "no such field");
        Http.Answer answer = get("/admin/events/" + id);
        assertThat(answer.json().at("/event/tenant").asText()).isEqualTo(A);
        assertThat(answer.json().at("/metadata/n").asInt()).isEqualTo(1);
        assertThat(answer.json().at("/deliveries/0/state").asText()).isEqualTo("dead");
        assertThat(answer.json().at("/deliveries/0/attempts/0/error").asText()).isEqualTo("no such field");
        assertThat(answer.json().at("/deliveries/0/attempts/0/node").asText()).isEqualTo("node-1");
        assertThat(answer.body()).doesNotContain("body-canary");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"00000000-0000-7000-8000-000000000000", "1-2-3-4-5", "none", "%00", "1%27%20or%20%271%27=%271"})
    @DisplayName("answers 404 for an event that is not there or cannot be")
    void unknownEvent(String id) {
        assertThat(get("/admin/events/" + id).status()).isIn(404, 400);
    }

    @Test
    @DisplayName("replays one dead delivery once, however often it is asked, and audits who did it")
    void replayOne() {
        long id = dead(A, "c-1");
        JsonNode first = post("/admin/deliveries/" + id + "/replay", "{}").json();
        assertThat(first.get("already").asBoolean()).isFalse();
        JsonNode second = post("/admin/deliveries/" + id + "/replay", "{}").json();
        assertThat(second.get("already").asBoolean()).isTrue();
        assertThat(second.get("delivery")).isEqualTo(first.get("delivery"));
        assertThat(OpsDatabase.count("hub.delivery where replay_of = ? and state = 'pending'", id))
                .isEqualTo(1);
        assertThat(get("/admin/dead").json().get("items")).isEmpty();
        assertThat(OpsDatabase.audit()).singleElement().satisfies(line -> assertThat(line)
                .containsEntry("actor", Http.USER)
                .containsEntry("action", "replay")
                .containsEntry("tenant_rut", A));
    }

    @Test
    @DisplayName("makes one replay out of many that are asked for at once")
    void replayAtOnce() throws Exception {
        long id = dead(A, "c-1");
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            Callable<Integer> one =
                    () -> post("/admin/deliveries/" + id + "/replay", "{}").status();
            Callable<Integer> all = () -> post("/admin/dead/replay", "{\"since\":\"1h\",\"dryRun\":false}")
                    .status();
            List<Callable<Integer>> calls = Stream.generate(() -> List.of(one, all))
                    .limit(8)
                    .flatMap(List::stream)
                    .toList();
            for (Future<Integer> answer : threads.invokeAll(calls)) {
                assertThat(answer.get()).isEqualTo(200);
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(OpsDatabase.count("hub.delivery where replay_of = ?", id)).isEqualTo(1);
    }

    @Test
    @DisplayName("refuses to replay what is not finished, what is not there, and what has no body any more")
    void replayRefused() {
        UUID event = OpsDatabase.event(A, "contact.received", "c-1");
        long pending = OpsDatabase.superuser()
                .queryForObject("select id from hub.delivery where event_id = ?", Long.class, event);
        assertThat(post("/admin/deliveries/" + pending + "/replay", "{}").status())
                .isEqualTo(409);
        assertThat(post("/admin/deliveries/999999999/replay", "{}").status()).isEqualTo(404);
        assertThat(post("/admin/deliveries/abc/replay", "{}").status()).isEqualTo(404);
        long dead = dead(A, "c-2");
        OpsDatabase.superuser().update("delete from hub.payload");
        Http.Answer gone = post("/admin/deliveries/" + dead + "/replay", "{}");
        assertThat(gone.status()).isEqualTo(409);
        assertThat(gone.json().get("detail").asText()).contains("retention");
        assertThat(OpsDatabase.audit()).isEmpty();
    }

    @Test
    @DisplayName("replays all that died since a moment, as a dry run unless told otherwise, and only once")
    void replayDead() {
        for (int i = 0; i < 5; i++) {
            dead(i < 3 ? A : B, "c-" + i);
        }
        JsonNode dry = post("/admin/dead/replay", "{\"since\":\"2h\"}").json();
        assertThat(dry.get("count").asInt()).isEqualTo(5);
        assertThat(dry.get("dryRun").asBoolean()).isTrue();
        assertThat(OpsDatabase.count("hub.delivery where replay_of is not null"))
                .isZero();
        assertThat(OpsDatabase.audit()).isEmpty();

        JsonNode one = post("/admin/dead/replay", "{\"since\":\"2h\",\"tenant\":\"" + B + "\",\"dryRun\":false}")
                .json();
        assertThat(one.get("count").asInt()).isEqualTo(2);
        JsonNode limited = post("/admin/dead/replay", "{\"since\":\"2h\",\"limit\":2,\"dryRun\":false}")
                .json();
        assertThat(limited.get("count").asInt()).isEqualTo(2);
        assertThat(limited.get("more").asBoolean()).isTrue();
        assertThat(post("/admin/dead/replay", "{\"since\":\"2h\",\"dryRun\":false}")
                        .json()
                        .get("count")
                        .asInt())
                .isEqualTo(1);
        assertThat(post("/admin/dead/replay", "{\"since\":\"2h\",\"dryRun\":false}")
                        .json()
                        .get("count")
                        .asInt())
                .isZero();
        assertThat(OpsDatabase.count("hub.delivery where replay_of is not null"))
                .isEqualTo(5);
        assertThat(OpsDatabase.audit()).hasSize(4).allSatisfy(line -> assertThat(line)
                .containsEntry("action", "replay-dead"));
    }

    @Test
    @DisplayName("refuses a bulk replay without a moment, for an unknown tenant or an unknown subscription")
    void replayDeadRefused() {
        dead(A, "c-1");
        assertThat(post("/admin/dead/replay", "{\"dryRun\":false}").status()).isEqualTo(422);
        assertThat(post("/admin/dead/replay", "{\"since\":\"2h\",\"tenant\":\"76999999-9\",\"dryRun\":false}")
                        .status())
                .isEqualTo(404);
        assertThat(post("/admin/dead/replay", "{\"since\":\"2h\",\"subscription\":\"x\",\"dryRun\":false}")
                        .status())
                .isEqualTo(404);
        assertThat(OpsDatabase.count("hub.delivery where replay_of is not null"))
                .isZero();
    }

    @Test
    @DisplayName("backfills a new subscription once, as a dry run unless told otherwise")
    void backfill() {
        for (int i = 0; i < 4; i++) {
            OpsDatabase.event(i < 3 ? A : B, "contact.received", "c-" + i);
        }
        OpsDatabase.event(A, "product.refreshed", "p");
        OpsDatabase.subscription(RELAY, "contact.*");
        String path = "/admin/subscriptions/" + RELAY + "/backfill";
        JsonNode dry = post(path, "{\"since\":\"7d\"}").json();
        assertThat(dry.get("count").asInt()).isEqualTo(4);
        assertThat(OpsDatabase.count("hub.delivery where subscription = ?", RELAY))
                .isZero();
        JsonNode real = post(path, "{\"since\":\"7d\",\"dryRun\":false}").json();
        assertThat(real.get("count").asInt()).isEqualTo(4);
        JsonNode again = post(path, "{\"since\":\"7d\",\"dryRun\":false}").json();
        assertThat(again.get("count").asInt()).isZero();
        assertThat(OpsDatabase.count("hub.delivery where subscription = ?", RELAY))
                .isEqualTo(4);
        assertThat(OpsDatabase.audit()).hasSize(2).allSatisfy(line -> assertThat(line)
                .containsEntry("action", "backfill"));
        assertThat(post("/admin/subscriptions/none/backfill", "{\"since\":\"7d\"}")
                        .status())
                .isEqualTo(404);
    }

    @Test
    @DisplayName("pauses and resumes a subscription, audited, and knows what it does not know")
    void pause() {
        assertThat(post("/admin/subscriptions/" + ODOO + "/pause", "{}").status())
                .isEqualTo(200);
        assertThat(get("/admin/subscriptions").json().at("/items/0/paused").asBoolean())
                .isTrue();
        assertThat(post("/admin/subscriptions/" + ODOO + "/resume", "{}").status())
                .isEqualTo(200);
        assertThat(get("/admin/subscriptions").json().at("/items/0/paused").asBoolean())
                .isFalse();
        assertThat(post("/admin/subscriptions/none/pause", "{}").status()).isEqualTo(404);
        assertThat(OpsDatabase.audit()).extracting(line -> line.get("action")).containsExactly("pause", "resume");
        assertThat(get("/admin/audit").json().at("/items/0/action").asText()).isEqualTo("resume");
        assertThat(get("/admin/audit").json().at("/items/0/detail/subscription").asText())
                .isEqualTo(ODOO);
    }

    @Test
    @DisplayName("counts deliveries of a subscription by state")
    void subscriptions() {
        dead(A, "c-1");
        OpsDatabase.event(A, "contact.received", "c-2");
        OpsDatabase.delivery(OpsDatabase.event(A, "contact.received", "c-3"), ODOO, "done", null);
        JsonNode item = get("/admin/subscriptions").json().at("/items/0");
        assertThat(item.get("pattern").asText()).isEqualTo("contact.*");
        assertThat(item.at("/deliveries/dead").asLong()).isEqualTo(1);
        assertThat(item.at("/deliveries/pending").asLong()).isEqualTo(1);
        assertThat(item.get("doneLastDay").asLong()).isEqualTo(1);
        assertThat(item.get("oldestSeconds").isNumber()).isTrue();
    }

    @Test
    @DisplayName("shows that every event is done, dead, pending or of no interest, and notices one that is not")
    void balance() {
        long dead = dead(A, "c-1");
        OpsDatabase.event(A, "contact.received", "c-2");
        OpsDatabase.delivery(OpsDatabase.event(A, "contact.received", "c-3"), ODOO, "done", null);
        OpsDatabase.event(A, "product.refreshed", "p-1");
        OpsDatabase.event(B, "contact.received", "c-4");
        JsonNode balance = get("/admin/balance?tenant=" + A).json();
        assertThat(balance.get("events").asInt()).isEqualTo(4);
        assertThat(balance.get("done").asInt()).isEqualTo(1);
        assertThat(balance.get("dead").asInt()).isEqualTo(1);
        assertThat(balance.get("pending").asInt()).isEqualTo(1);
        assertThat(balance.get("withoutSubscriber").asInt()).isEqualTo(1);
        assertThat(balance.get("balanced").asBoolean()).isTrue();
        assertThat(get("/admin/balance").json().get("events").asInt()).isEqualTo(5);
        post("/admin/deliveries/" + dead + "/replay", "{}");
        assertThat(get("/admin/balance?since=1h").json().get("dead").asInt()).isZero();
        OpsDatabase.superuser().update("delete from hub.delivery where state = 'done'");
        JsonNode broken = get("/admin/balance").json();
        assertThat(broken.get("balanced").asBoolean()).isFalse();
        assertThat(broken.get("missing").asInt()).isEqualTo(1);
    }

    @Test
    @DisplayName("creates, changes, lists and deactivates tenants, each change audited with the operator's name")
    void tenants() {
        assertThat(post(
                                "/admin/tenants",
                                "{\"rut\":\"76.086.428-5\",\"businessName\":\"Panadería Ñuñoa\",\"plan\":\"pro\"}")
                        .json()
                        .get("rut")
                        .asText())
                .isEqualTo("76086428-5");
        assertThat(post("/admin/tenants/76086428-5", "{\"slug\":\"panaderia\"}")
                        .json()
                        .get("slug")
                        .asText())
                .isEqualTo("panaderia");
        assertThat(get("/admin/tenants").json().get("items")).hasSize(3);
        assertThat(get("/admin/tenants/76.086.428-5")
                        .json()
                        .at("/tenant/businessName")
                        .asText())
                .isEqualTo("Panadería Ñuñoa");
        assertThat(post("/admin/tenants/76086428-5/deactivate", "{}")
                        .json()
                        .get("active")
                        .asBoolean())
                .isFalse();
        assertThat(post("/admin/tenants/76086428-5/activate", "{}")
                        .json()
                        .get("active")
                        .asBoolean())
                .isTrue();
        assertThat(OpsDatabase.audit())
                .extracting(line -> line.get("action"))
                .containsExactly("tenant.create", "tenant.update", "tenant.deactivate", "tenant.activate");
        assertThat(OpsDatabase.audit())
                .allSatisfy(line ->
                        assertThat(line).containsEntry("actor", Http.USER).containsEntry("tenant_rut", "76086428-5"));
    }

    @Test
    @DisplayName("refuses a tenant that cannot be, naming all fields at once, and knows what it does not know")
    void tenantRefused() {
        Http.Answer bad = post(
                "/admin/tenants",
                "{\"rut\":\"76000012-9\",\"slug\":\"Not A Slug\",\"odooUrl\":\"file:///etc/passwd\",\"chatwootUrl\":\"http://169.254.169.254/\",\"botpressUrl\":\"http://[::1]:3000\"}");
        assertThat(bad.status()).isEqualTo(422);
        assertThat(bad.json().get("errors").has("rut")).isTrue();
        assertThat(bad.json().get("errors").has("slug")).isTrue();
        assertThat(bad.json().at("/errors/odooUrl").asText()).contains("http or https");
        assertThat(bad.json().at("/errors/chatwootUrl").asText()).contains("private network");
        assertThat(bad.json().at("/errors/botpressUrl").asText()).contains("private network");
        assertThat(get("/admin/tenants/76086428-5").status()).isEqualTo(404);
        for (String act :
                List.of("", "/deactivate", "/activate", "/house", "/odoo", "/chatwoot", "/storage", "/check")) {
            assertThat(post("/admin/tenants/76086428-5" + act, "{}").status())
                    .as(act)
                    .isEqualTo(404);
        }
        assertThat(OpsDatabase.audit()).isEmpty();
    }

    @Test
    @DisplayName("maps hosts to tenants and takes them away")
    void origins() {
        String path = "/admin/tenants/" + A + "/origins";
        assertThat(post(path, "{\"host\":\"Tienda.Example\"}")
                        .json()
                        .at("/items/0")
                        .asText())
                .isEqualTo("tienda.example");
        assertThat(post("/admin/tenants/" + B + "/origins", "{\"host\":\"tienda.example\"}")
                        .status())
                .isEqualTo(422);
        assertThat(post(path, "{\"host\":\"http://x/\"}").status()).isEqualTo(422);
        assertThat(new Http(port)
                        .change()
                        .send("DELETE", path + "/tienda.example", null)
                        .json()
                        .get("items"))
                .isEmpty();
        assertThat(new Http(port)
                        .change()
                        .send("DELETE", path + "/tienda.example", null)
                        .status())
                .isEqualTo(404);
        assertThat(OpsDatabase.audit())
                .extracting(line -> line.get("action"))
                .containsExactly("origin.add", "origin.remove");
    }

    @Test
    @DisplayName("shows a new API key once, keeps only its hash, and revokes it for its own tenant only")
    void keys() {
        String path = "/admin/tenants/" + A + "/keys";
        JsonNode issued = post(path, "{\"name\":\"web\",\"scopes\":[\"contacts:write\",\"products:read\"]}")
                .json();
        String key = issued.get("key").asText();
        String id = issued.get("id").asText();
        assertThat(key).hasSizeGreaterThan(40);
        Http.Answer list = get(path);
        assertThat(list.json().at("/items/0/id").asText()).isEqualTo(id);
        assertThat(list.body()).doesNotContain(key);
        assertThat(get("/admin/audit").body()).doesNotContain(key).contains("key.issue");
        assertThat(post("/admin/tenants/" + B + "/keys/" + id + "/revoke", "{}").status())
                .isEqualTo(404);
        assertThat(post(path + "/" + id + "/revoke", "{}")
                        .json()
                        .get("revokedNow")
                        .asBoolean())
                .isTrue();
        assertThat(post(path + "/" + id + "/revoke", "{}")
                        .json()
                        .get("revokedNow")
                        .asBoolean())
                .isFalse();
        assertThat(post(path, "{\"name\":\"x\",\"scopes\":[\"everything\"]}").status())
                .isEqualTo(422);
        assertThat(post(path, "{\"name\":\"x\",\"expiresAt\":\"2020-01-01T00:00:00Z\"}")
                        .status())
                .isEqualTo(422);
    }

    @Test
    @DisplayName("stores the Odoo password of a tenant as a secret that no answer and no audit line holds")
    void odoo() {
        String password = " pass word-canary ";
        Http.Answer answer = post(
                "/admin/tenants/" + A + "/odoo",
                "{\"url\":\"https://odoo.example\",\"db\":\"prod\",\"user\":\"hub\",\"company\":3,\"password\":\""
                        + password + "\"}");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().at("/tenant/odoo/companyId").asInt()).isEqualTo(3);
        assertThat(secrets.find(A, "odoo", "password"))
                .hasValueSatisfying(secret -> assertThat(secret.reveal()).isEqualTo(password));
        assertThat(answer.body()).doesNotContain("canary");
        assertThat(get("/admin/tenants/" + A).body()).doesNotContain("canary");
        assertThat(OpsDatabase.audit().toString()).contains("secret.put").doesNotContain("canary");
    }

    @Test
    @DisplayName("says which Chatwoot a tenant has and keeps its token a secret")
    void chatwoot() {
        Http.Answer answer = post(
                "/admin/tenants/" + A + "/chatwoot",
                "{\"url\":\"https://chat.example\",\"account\":3,\"inbox\":9,\"token\":\"token-canary\"}");
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.json().at("/tenant/chatwoot/accountId").asInt()).isEqualTo(3);
        assertThat(answer.json().at("/tokenStored").asBoolean()).isTrue();
        assertThat(secrets.find(A, "chatwoot", "api_token"))
                .hasValueSatisfying(secret -> assertThat(secret.reveal()).isEqualTo("token-canary"));
        assertThat(answer.body()).doesNotContain("canary");
        assertThat(OpsDatabase.audit().toString()).contains("secret.put").doesNotContain("canary");
        assertThat(post(
                                "/admin/tenants/" + A + "/chatwoot",
                                "{\"url\":\"ftp://chat.example\",\"account\":0,\"inbox\":\"x\"}")
                        .status())
                .isEqualTo(422);
        for (String inside :
                List.of("http://127.0.0.1:3000", "http://169.254.169.254", "http://[::1]", "http://0x7f.1")) {
            Http.Answer refused =
                    post("/admin/tenants/" + A + "/chatwoot", "{\"url\":\"" + inside + "\",\"account\":3}");
            assertThat(refused.status()).as(inside).isEqualTo(422);
            assertThat(refused.json().at("/errors/url").asText()).contains("private network");
        }
        assertThat(post("/admin/tenants/" + A + "/check", "{}").json().get("items"))
                .isEmpty();
    }

    @Test
    @DisplayName("says where a tenant's files are kept and keeps its key a secret")
    void storage() {
        Http.Answer answer = post(
                "/admin/tenants/" + A + "/storage",
                "{\"url\":\"https://project.example\",\"bucket\":\"sur\",\"productImages\":true,\"key\":\"key-canary\"}");
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.json().at("/tenant/storage/bucket").asText()).isEqualTo("sur");
        assertThat(answer.json().at("/tenant/storage/productImages").asBoolean())
                .isTrue();
        assertThat(secrets.find(A, "supabase", "service_role"))
                .hasValueSatisfying(secret -> assertThat(secret.reveal()).isEqualTo("key-canary"));
        assertThat(answer.body()).doesNotContain("canary");
        assertThat(OpsDatabase.audit().toString()).contains("secret.put").doesNotContain("canary");
        Http.Answer wrong =
                post("/admin/tenants/" + A + "/storage", "{\"url\":\"http://10.0.0.1\",\"bucket\":\"../other\"}");
        assertThat(wrong.status()).isEqualTo(422);
        assertThat(wrong.json().at("/errors/url").asText()).contains("private network");
        assertThat(post("/admin/tenants/" + A + "/storage", "{\"bucket\":\"../other\"}")
                        .json()
                        .at("/errors")
                        .has("storageBucket"))
                .isTrue();
    }

    static Stream<String> injections() {
        return Stream.of(
                "' or '1'='1",
                "'; drop table public.events; --",
                "\" or 1=1 --",
                "\\'; select pg_sleep(5); --",
                "1) union select body from hub.payload --",
                "%' or tenant_rut like '%",
                "$$; truncate hub.audit; $$",
                ":tenant",
                "?",
                "${jndi:ldap://127.0.0.1/x}",
                "#{7*7}",
                "{{7*7}}",
                "../../etc/passwd",
                "a\u0000b",
                "\u001b[31mred",
                "line\nforged",
                "\uD800",
                "<script>alert(1)</script>",
                "x".repeat(5000));
    }

    @ParameterizedTest
    @MethodSource("injections")
    @DisplayName("takes every parameter as text: no injection finds, changes or breaks anything")
    void injection(String text) throws IOException {
        dead(A, "c-1");
        long rows = OpsDatabase.count("public.events");
        String value = URLEncoder.encode(text, StandardCharsets.UTF_8);
        for (Map.Entry<String, List<String>> path : Map.of(
                        "/admin/events", List.of("tenant", "type", "since", "limit", "cursor", text),
                        "/admin/dead", List.of("tenant", "subscription", "since", "limit", "cursor"),
                        "/admin/balance", List.of("tenant", "since"),
                        "/admin/audit", List.of("tenant", "limit", "cursor"))
                .entrySet()) {
            for (String parameter : path.getValue()) {
                Http.Answer answer =
                        get(path.getKey() + "?" + URLEncoder.encode(parameter, StandardCharsets.UTF_8) + "=" + value);
                assertSafe(path.getKey() + " " + parameter, answer);
                if (answer.status() == 200 && answer.json().has("items")) {
                    assertThat(answer.json().get("items"))
                            .as(path.getKey() + " " + parameter)
                            .isEmpty();
                }
            }
        }
        ObjectMapper json = new ObjectMapper();
        for (String field : List.of("since", "tenant", "subscription", "limit", "dryRun", text)) {
            Map<String, Object> body = new LinkedHashMap<>(Map.of("since", "2h", "dryRun", false));
            body.put(field, text);
            assertSafe(field, post("/admin/dead/replay", json.writeValueAsString(body)));
            assertSafe(field, post("/admin/subscriptions/" + ODOO + "/backfill", json.writeValueAsString(body)));
        }
        for (String field :
                List.of("rut", "businessName", "slug", "plan", "contactEmail", "timeZone", "odooUrl", "odooDb")) {
            Map<String, Object> body = new LinkedHashMap<>(Map.of("rut", A));
            body.put(field, text);
            assertSafe(field, post("/admin/tenants", json.writeValueAsString(body)));
        }
        for (String field : List.of("name", "scopes", "expiresAt")) {
            Map<String, Object> body = new LinkedHashMap<>(Map.of("name", "key"));
            body.put(field, field.equals("scopes") ? List.of(text) : text);
            assertSafe(field, post("/admin/tenants/" + A + "/keys", json.writeValueAsString(body)));
        }
        assertSafe("host", post("/admin/tenants/" + A + "/origins", json.writeValueAsString(Map.of("host", text))));
        String inPath = value.replace("+", "%20");
        if (inPath.length() < 4000) {
            assertSafe("path", get("/admin/events/" + inPath));
            assertSafe("path", post("/admin/subscriptions/" + inPath + "/pause", "{}"));
            assertSafe("path", post("/admin/subscriptions/" + inPath + "/retire", "{}"));
            assertSafe("path", post("/admin/deliveries/" + inPath + "/replay", "{}"));
            assertSafe("path", get("/admin/tenants/" + inPath));
            assertSafe("path", post("/admin/tenants/" + A + "/keys/" + inPath + "/revoke", "{}"));
            assertSafe(
                    "path", new Http(port).change().send("DELETE", "/admin/tenants/" + A + "/origins/" + inPath, null));
        }
        assertThat(OpsDatabase.count("public.events")).isEqualTo(rows);
        assertThat(OpsDatabase.count("hub.delivery where replay_of is not null"))
                .isZero();
    }

    private static void assertSafe(String what, Http.Answer answer) {
        assertThat(answer.status()).as(what + ": " + answer.body()).isIn(200, 400, 404, 405, 422);
        assertThat(answer.body())
                .as(what)
                .doesNotContain("SQLSTATE", "PSQLException", "syntax error", "at cl.smarterbot");
    }
}
