package cl.smarterbot.hub.botpress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.conversation.BotpressWebhook;
import cl.smarterbot.hub.door.DoorComponent;
import cl.smarterbot.hub.door.DoorGuards;
import cl.smarterbot.hub.door.DoorProperties;
import cl.smarterbot.hub.door.DoorServer;
import cl.smarterbot.hub.door.GuardProperties;
import cl.smarterbot.hub.door.SignedInUsers;
import cl.smarterbot.hub.door.WebhookVerifier;
import cl.smarterbot.hub.door.WorkerProperties;
import cl.smarterbot.hub.event.EventComponent;
import cl.smarterbot.hub.event.EventProperties;
import cl.smarterbot.hub.event.EventRuntime;
import cl.smarterbot.hub.event.TenantBinding;
import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.tenancy.EndpointAdmin;
import cl.smarterbot.hub.tenancy.EndpointSecrets;
import cl.smarterbot.hub.tenancy.IssuedEndpoint;
import cl.smarterbot.hub.tenancy.Quotas;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.JdbcTemplate;

/** The door as its route file has it, beside a turn that waits, over real HTTP. */
@Timeout(60)
@DisplayName("A cloud bot's webhook")
class BotpressWebhookTest {

    private static final String A = Turns.TENANT;
    private static final String B = "77000005-K";
    /** Looks so seldom that only a report can end the turn in time. */
    private static final String SELDOM = "&pollPause=40s&quiet=100ms&timeout=50s";

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path folder;

    private static ChatApi cloud;
    private static Turns turns;
    private static JdbcTemplate superuser;
    private static EventRuntime log;
    private static Quotas quotas;
    private static DoorServer server;
    private static IssuedEndpoint ofA;
    private static IssuedEndpoint ofB;

    @BeforeAll
    static void open() throws Exception {
        TestDatabase database = TestDatabase.fresh();
        superuser = new JdbcTemplate(database.as("postgres"));
        superuser.update("insert into public.tenants (rut, business_name) values (?, 'Sur'), (?, 'Norte')", A, B);
        EndpointSecrets secrets =
                new EndpointSecrets(EncryptedFileSecretStore.open(folder.resolve("s.enc")), Clock.systemUTC());
        EndpointAdmin endpoints = new EndpointAdmin(database.as("hub_ops"), RutPolicy.STRICT, secrets);
        ofA = endpoints.add("test", A, "botpress", null);
        ofB = endpoints.add("test", B, "botpress", null);
        TenantRegistry registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        registry.refresh();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
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
                meters);
        quotas = new Quotas(database.as("hub_registry"), Duration.ofSeconds(30), 1_000, meters);
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
                new WebhookVerifier(secrets, Clock.systemUTC(), Duration.ofSeconds(300), meters),
                new WorkerProperties(2, 16),
                meters,
                () -> true);
        cloud = new ChatApi();
        turns = new Turns(BotpressConnection.cloud(A, cloud.url(), ChatApi.WEBHOOK, Secret.of(ChatApi.KEY)));
        turns.camel().addComponent("door", new DoorComponent(server));
        turns.camel()
                .addComponent(
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
        turns.camel().getRegistry().bind("botpressWebhook", new BotpressWebhook());
        turns.camel().getRegistry().bind("botpressReplies", turns.replies);
        log.start();
        await().until(log.log()::available);
        server.start();
        PluginHelper.getRoutesLoader(turns.camel())
                .loadRoutes(
                        ResourceHelper.resolveResource(turns.camel(), "classpath:routes/shared/error-policies.yaml"),
                        ResourceHelper.resolveResource(turns.camel(), "classpath:routes/botpress-webhooks.yaml"));
    }

    @AfterAll
    static void close() {
        turns.close();
        server.close();
        log.close();
        quotas.close();
        cloud.close();
    }

    @BeforeEach
    void empty() {
        superuser.execute("truncate public.events, hub.payload, hub.dedup");
    }

    private static int post(IssuedEndpoint endpoint, String secret, String type, Map<?, ?> data) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + server.port() + endpoint.path()))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(
                        JSON.writeValueAsBytes(Map.of("type", type, "data", data))));
        if (secret != null) {
            request.header("x-secret-key", secret);
        }
        return HttpClient.newHttpClient()
                .send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private static Map<String, Object> bot(Map<?, ?> said) {
        Map<String, Object> data = new LinkedHashMap<>();
        said.forEach((name, value) -> data.put((String) name, value));
        data.put("isBot", true);
        return data;
    }

    private static List<String> events(String column) {
        return superuser.queryForList(
                "select " + column + "::text from public.events order by received_at, id", String.class);
    }

    /** A turn that waits for an answer in {@code conversation}. */
    private static CompletableFuture<Exchange> waiting(String conversation) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        cloud.bot = text -> asked.countDown();
        CompletableFuture<Exchange> turn = turns.begin(SELDOM, conversation, "hola");
        assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
        return turn;
    }

    @Test
    @DisplayName("is an event once, and ends the turn that waits for it")
    void ends() throws Exception {
        CompletableFuture<Exchange> turn = waiting("1-42-7");
        Map<String, Object> said = bot(cloud.says("Ya va"));
        assertThat(post(ofA, ofA.secret(), "message_created", said)).isEqualTo(200);
        assertThat(Turns.result(turn.get(30, TimeUnit.SECONDS))).containsEntry("replies", List.of("Ya va"));
        assertThat(post(ofA, ofA.secret(), "message_created", said)).isEqualTo(200);
        assertThat(events("type")).containsExactly("botpress.reply_received");
        assertThat(events("tenant_rut")).containsExactly(A);
        assertThat(events("source")).containsExactly("webhook.botpress");
        assertThat(events("event_key")).containsExactly("botpress-" + cloud.conversation());
        assertThat(events("metadata").get(0)).doesNotContain("Ya va");
    }

    @Test
    @DisplayName("brings the routing result of the bot's own event")
    void routing() throws Exception {
        CompletableFuture<Exchange> turn = waiting("1-42-8");
        Map<String, Object> event = Map.of(
                "id", "evt-1",
                "conversationId", cloud.conversation(),
                "payload", Map.of("route", Map.of("intent", "cotizacion", "confidence", 0.9, "handoff", true)));
        assertThat(post(ofA, ofA.secret(), "event_created", event)).isEqualTo(200);
        assertThat(Turns.result(turn.get(30, TimeUnit.SECONDS)))
                .containsEntry("intent", "cotizacion")
                .containsEntry("handoff", true);
    }

    @Test
    @DisplayName("is refused without the secret, with another one, and with another tenant's")
    void secret() throws Exception {
        Map<String, Object> said = Map.of("id", "m1", "conversationId", "c1", "isBot", true);
        assertThat(post(ofA, null, "message_created", said)).isEqualTo(401);
        assertThat(post(ofA, "", "message_created", said)).isEqualTo(401);
        assertThat(post(ofA, ofA.secret() + "x", "message_created", said)).isEqualTo(401);
        assertThat(post(ofA, ofB.secret(), "message_created", said)).isEqualTo(401);
        assertThat(events("type")).isEmpty();
    }

    @Test
    @DisplayName("of one tenant tells no turn of another, whatever conversation it names")
    void fenced() throws Exception {
        CompletableFuture<Exchange> turn = waiting("1-42-9");
        Map<String, Object> forged = Map.of(
                "id",
                "forged",
                "isBot",
                true,
                "conversationId",
                cloud.conversation(),
                "payload",
                Map.of("type", "text", "text", "de otro"));
        assertThat(post(ofB, ofB.secret(), "message_created", forged)).isEqualTo(200);
        assertThat(post(ofA, ofA.secret(), "message_created", bot(cloud.says("propio"))))
                .isEqualTo(200);
        assertThat(Turns.result(turn.get(30, TimeUnit.SECONDS))).containsEntry("replies", List.of("propio"));
        assertThat(events("tenant_rut")).containsExactly(B, A);
    }

    @Test
    @DisplayName("tells nothing by a person's own message, by other signals, or without ids")
    void others() throws Exception {
        Map<String, Object> own = Map.of("id", "m2", "conversationId", "c1", "isBot", false);
        assertThat(post(ofA, ofA.secret(), "message_created", own)).isEqualTo(200);
        assertThat(post(ofA, ofA.secret(), "participant_added", Map.of("id", "p1", "conversationId", "c1")))
                .isEqualTo(200);
        assertThat(post(ofA, ofA.secret(), "message_created", Map.of("isBot", true)))
                .isEqualTo(200);
        assertThat(events("type")).isEmpty();
    }
}
