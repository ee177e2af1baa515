package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantDetails;
import cl.smarterbot.hub.tenancy.TenantField;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
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

/** The conversational loop of the demo, whole: Chatwoot's webhook, the bot, Odoo and the reply, over real HTTP. */
@SpringBootTest(classes = HubApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ActiveProfiles("demo")
@DirtiesContext
@DisplayName("The conversational loop")
class ConversationLoopTest {

    private static final Duration BOUND = Duration.ofSeconds(30);

    @TempDir
    static Path data;

    private static int sandboxPort;

    @Autowired
    private cl.smarterbot.hub.door.DoorServer door;

    @Autowired
    private HubDatabase database;

    @Autowired
    private SandboxServer vendors;

    @Autowired
    private TenantAdmin tenants;

    @Autowired
    private TenantRegistry registry;

    private final HttpClient http = HttpClient.newHttpClient();

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
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
        registry.add("hub.admin.password", () -> "a-password-for-tests");
        registry.add("hub.secrets.file", () -> data.resolve("secrets.enc").toString());
    }

    @AfterEach
    void healthy() {
        vendors.trouble().clear();
    }

    private static String someone() {
        return "eva-" + UUID.randomUUID() + "@ejemplo.cl";
    }

    private int say(String email, String text) {
        return ((Number) vendors.chatwoot().say(1, email, text).get("conversation")).intValue();
    }

    /** What the customer can read, in its order. */
    private List<String> replies(int conversation) {
        return said(conversation, false);
    }

    private List<String> notes(int conversation) {
        return said(conversation, true);
    }

    private List<String> said(int conversation, boolean notes) {
        return vendors
                .chatwoot()
                .messages(Map.of("account_id", "1", "conversation_id", Integer.toString(conversation)))
                .stream()
                .filter(m -> Integer.valueOf(1).equals(m.get("message_type")))
                .filter(m -> Boolean.valueOf(notes).equals(m.get("private")))
                .map(m -> String.valueOf(m.get("content")))
                .toList();
    }

    private Map<String, Object> row(int conversation) {
        return jdbc().queryForMap(
                        "select owner, status, intent, handoff_reason, handled_by_ai, low_turns, message_count"
                                + " from public.conversations where tenant_rut = '76000012-4' and chatwoot_conversation_id = ?",
                        conversation);
    }

    private JdbcTemplate jdbc() {
        return new JdbcTemplate(new DriverManagerDataSource(
                "jdbc:postgresql://127.0.0.1:" + database.embeddedPort() + "/postgres", "postgres", ""));
    }

    private void settled() {
        await().atMost(BOUND)
                .until(() -> jdbc().queryForObject(
                                        "select count(*) from hub.delivery where state not in ('done', 'dead')",
                                        Integer.class)
                        == 0);
    }

    @Test
    @DisplayName("a question is answered once, in the bot's words, and the conversation knows the intent")
    void answered() {
        int conversation = say(someone(), "Hola, ¿cuál es el horario?");
        await().atMost(BOUND).until(() -> !replies(conversation).isEmpty());
        settled();
        assertThat(replies(conversation)).hasSize(1);
        assertThat(row(conversation))
                .containsEntry("owner", "bot")
                .containsEntry("intent", "faq_hours")
                .containsEntry("handled_by_ai", true);
        assertThat(vendors.chatwoot().conversations(Map.of("account_id", "1", "id", Integer.toString(conversation))))
                .singleElement()
                .satisfies(c ->
                        assertThat(String.valueOf(c.get("custom_attributes"))).contains("faq_hours"));
    }

    @Test
    @DisplayName("an order is told to its own customer only")
    void orders() {
        int own = say("ana.soto@cliente.example", "¿Cómo va mi pedido S00001?");
        int stranger = say(someone(), "¿Cómo va mi pedido S00001?");
        await().atMost(BOUND)
                .until(() -> !replies(own).isEmpty() && !replies(stranger).isEmpty());
        assertThat(replies(own)).singleElement().asString().contains("S00001");
        assertThat(replies(stranger))
                .singleElement()
                .asString()
                .doesNotContain("S00001")
                .contains("No encontramos");
    }

    @Test
    @DisplayName(
            "two turns that the bot does not understand, or one sensitive topic, go to a person; then the bot is silent")
    void handoff() {
        int lost = say(someone(), "asdf qwer");
        await().atMost(BOUND).until(() -> replies(lost).size() == 1);
        settled();
        assertThat(row(lost)).containsEntry("owner", "bot").containsEntry("low_turns", 1);
        vendors.chatwoot().say(1, lost, "zxcv poiu");
        await().atMost(BOUND).until(() -> "human".equals(row(lost).get("owner")));
        assertThat(row(lost)).containsEntry("handoff_reason", "low_confidence");
        await().atMost(BOUND).until(() -> !notes(lost).isEmpty());
        settled();
        assertThat(notes(lost))
                .singleElement()
                .asString()
                .contains("no entendió dos veces")
                .contains("Cliente: asdf qwer")
                .contains("Cliente: zxcv poiu");

        int angry = say(someone(), "Tengo un reclamo");
        await().atMost(BOUND).until(() -> "human".equals(row(angry).get("owner")));
        assertThat(row(angry)).containsEntry("handoff_reason", "complaint_sensitive");
        settled();
        int before = replies(angry).size();
        vendors.chatwoot().say(1, angry, "¿Cuál es el horario?");
        await().atMost(BOUND).until(() -> ((Number) row(angry).get("message_count")).intValue() > before + 1);
        settled();
        assertThat(replies(angry)).hasSize(before);
    }

    @Test
    @DisplayName("given back, the bot answers again, and only what was said since")
    void givenBack() throws Exception {
        int conversation = say(someone(), "Tengo un reclamo");
        await().atMost(BOUND).until(() -> "human".equals(row(conversation).get("owner")));
        vendors.chatwoot().say(1, conversation, "¿Hay alguien?");
        await().atMost(BOUND)
                .until(() -> jdbc().queryForObject(
                                        "select count(*) from public.messages where chatwoot_conversation_id = ? and tenant_rut ="
                                                + " '76000012-4' and message_type = 'incoming' and turn_id is not null",
                                        Integer.class,
                                        conversation)
                        == 2);
        String givenBack = """
                {"event":"conversation_status_changed","id":%d,"inbox_id":1,"status":"pending","updated_at":%d.5,
                 "account":{"id":1},"meta":{"assignee":{"id":7,"type":"user"},"assignee_type":"User"},
                 "changed_attributes":[{"status":{"previous_value":"open","current_value":"pending"}}]}""".formatted(conversation, System.currentTimeMillis() / 1000 + 5);
        assertThat(status(webhook("demo-cw-1", "demo-chatwoot-secret-1", givenBack)))
                .isEqualTo(200);
        await().atMost(BOUND).until(() -> "bot".equals(row(conversation).get("owner")));
        int before = replies(conversation).size();
        vendors.chatwoot().say(1, conversation, "¿Cuál es el horario?");
        await().atMost(BOUND).until(() -> replies(conversation).size() == before + 1);
        settled();
        assertThat(row(conversation)).containsEntry("intent", "faq_hours").containsEntry("owner", "bot");
    }

    @Test
    @DisplayName(
            "while Chatwoot refuses the handoff the bot is silent and not asked again; then team and customer are told once")
    void handoffIsRetriedAlone() throws Exception {
        String customer = someone();
        int conversation = say(customer, "Hola, ¿cuál es el horario?");
        await().atMost(BOUND).until(() -> !replies(conversation).isEmpty());
        settled();
        vendors.trouble()
                .add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.STATUS)
                        .path("/api/v1/accounts/1/conversations/" + conversation));
        vendors.chatwoot().say(1, conversation, "Tengo un reclamo");
        await().atMost(BOUND)
                .until(() -> jdbc().queryForObject(
                                        "select count(*) from hub.delivery d join public.events e on e.id = d.event_id"
                                                + " where d.subscription = 'handoff-to-chatwoot' and d.state = 'retry'"
                                                + " and e.event_key = ?",
                                        Integer.class,
                                        "conversation-" + conversation)
                        == 1);
        assertThat(row(conversation))
                .containsEntry("owner", "human")
                .containsEntry("handoff_reason", "complaint_sensitive");
        assertThat(notes(conversation)).isEmpty();
        assertThat(jdbc().queryForList(
                                "select d.state || ' ' || d.attempt from hub.delivery d join public.events e on e.id = d.event_id"
                                        + " where d.subscription = 'conversation-loop' and e.event_key = ? order by d.id desc limit 1",
                                String.class,
                                "conversation-" + conversation))
                .containsExactly("done 1");
        vendors.trouble().clear();
        settled();
        assertThat(notes(conversation)).singleElement().asString().contains("Cliente: Tengo un reclamo");
        assertThat(replies(conversation)).hasSize(2);
        assertThat(replies(conversation).get(1)).contains("una persona");
        assertThat(vendors.chatwoot().conversations(Map.of("account_id", "1", "id", Integer.toString(conversation))))
                .singleElement()
                .satisfies(c -> assertThat(c.get("status")).isEqualTo("open"));
    }

    @Test
    @DisplayName("without its bot the hub gives the conversation to a person")
    void botAway() throws Exception {
        vendors.trouble().add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.STATUS).path("/api/v1/bots"));
        int conversation = say(someone(), "¿Cuál es el horario?");
        await().atMost(BOUND).until(() -> "human".equals(row(conversation).get("owner")));
        assertThat(row(conversation)).containsEntry("handoff_reason", "bot_unavailable");
    }

    @Test
    @DisplayName(
            "the same message told a hundred times at once is answered once; another account's is refused; a wrong signature too")
    void onceAndOurs() throws Exception {
        int conversation = say(someone(), "Hola, ¿cuál es el horario?");
        await().atMost(BOUND).until(() -> !replies(conversation).isEmpty());
        settled();
        String message = """
                {"event":"message_created","id":987654321,"content":"¿Dónde están ubicados?","message_type":"incoming",
                 "private":false,"account":{"id":%d},"inbox":{"id":1},"conversation":{"id":%d,"inbox_id":1,"status":"pending"},
                 "sender":{"id":1,"name":"Eva"}}""";
        String body = message.formatted(1, conversation);
        List<java.util.concurrent.CompletableFuture<HttpResponse<String>>> answers = IntStream.range(0, 100)
                .mapToObj(i -> http.sendAsync(
                        webhook("demo-cw-1", "demo-chatwoot-secret-1", body), HttpResponse.BodyHandlers.ofString()))
                .toList();
        for (var answer : answers) {
            assertThat(answer.join().statusCode()).isEqualTo(200);
        }
        await().atMost(BOUND).until(() -> replies(conversation).size() == 2);
        settled();
        assertThat(replies(conversation)).hasSize(2);

        assertThat(status(webhook("demo-cw-1", "demo-chatwoot-secret-1", message.formatted(2, conversation))))
                .isEqualTo(403);
        assertThat(status(webhook("demo-cw-2", "demo-chatwoot-secret-1", body))).isEqualTo(401);
        assertThat(status(webhook("unknown-1", "demo-chatwoot-secret-1", body))).isEqualTo(401);
    }

    @Test
    @DisplayName(
            "another inbox of the same account is refused with a problem; nothing of it is stored, and no bot speaks there")
    void otherInbox() throws Exception {
        String body = """
                {"event":"message_created","id":987650001,"content":"Palabras ajenas","message_type":"incoming",
                 "private":false,"account":{"id":1},"inbox":{"id":11},"conversation":{"id":999001,"inbox_id":11,"status":"pending"},
                 "sender":{"id":1,"name":"Eva"}}""";
        HttpResponse<String> refused =
                http.send(webhook("demo-cw-1", "demo-chatwoot-secret-1", body), HttpResponse.BodyHandlers.ofString());
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(refused.body()).contains("wrong-tenant").doesNotContain("ajenas");
        // The same endpoint takes the next message: what was stored by then is all there is.
        int conversation = say(someone(), "Hola, ¿cuál es el horario?");
        await().atMost(BOUND).until(() -> !replies(conversation).isEmpty());
        settled();
        assertThat(jdbc().queryForObject(
                                "select (select count(*) from public.messages where chatwoot_conversation_id = 999001)"
                                        + " + (select count(*) from public.conversations where chatwoot_conversation_id = 999001)"
                                        + " + (select count(*) from public.events where event_key = 'conversation-999001')"
                                        + " + (select count(*) from hub.payload where encode(body, 'escape') like '%ajenas%')",
                                Integer.class))
                .isZero();
    }

    @Test
    @DisplayName("a person who takes over while the bot thinks silences it: no reply, no handoff, the turn just ends")
    void takenOverMeanwhile() throws Exception {
        vendors.trouble()
                .add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.DELAY)
                        .path("/api/v1/bots")
                        .delay(Duration.ofSeconds(3)));
        int question = say(someone(), "Hola, ¿cuál es el horario?");
        int complaint = say(someone(), "Tengo un reclamo");
        for (int conversation : List.of(question, complaint)) {
            await().atMost(BOUND).until(() -> heard(conversation) == 1);
            personReplies(conversation);
            assertThat(row(conversation)).containsEntry("owner", "human");
        }
        settled();
        for (int conversation : List.of(question, complaint)) {
            assertThat(replies(conversation)).isEmpty();
            assertThat(notes(conversation)).isEmpty();
            assertThat(row(conversation)).containsEntry("handoff_reason", "agent_replied");
            assertThat(jdbc().queryForList(
                                    "select distinct type from public.events where event_key = ? and tenant_rut = '76000012-4'",
                                    String.class,
                                    "conversation-" + conversation))
                    .containsExactly("chatwoot.message_created");
        }
    }

    @Test
    @DisplayName(
            "a tenant whose bot answers pending conversations only leaves open ones to people until it is given one")
    void pendingOnly() throws Exception {
        tenants.upsert("test", TenantDetails.of("77000005-K").with(TenantField.BOT_ANSWERS, "pending"));
        await().atMost(BOUND).until(() -> registry.byRut("77000005-K")
                .orElseThrow()
                .bot()
                .answers()
                .equals("pending"));
        int conversation = ((Number) vendors.chatwoot()
                        .say(2, someone(), "Hola, ¿cuál es el horario?")
                        .get("conversation"))
                .intValue();
        await().atMost(BOUND)
                .until(() -> jdbc().queryForObject(
                                        "select count(*) from public.messages where chatwoot_conversation_id = ? and tenant_rut ="
                                                + " '77000005-K' and turn_id is not null",
                                        Integer.class,
                                        conversation)
                        == 1);
        settled();
        assertThat(vendors.chatwoot().messages(Map.of("account_id", "2")))
                .noneMatch(m -> Integer.valueOf(1).equals(m.get("message_type")));
        assertThat(status(toggle(2, conversation, "pending"))).isEqualTo(200);
        vendors.chatwoot().say(2, conversation, "¿Dónde están ubicados?");
        await().atMost(BOUND)
                .until(() -> vendors.chatwoot().messages(Map.of("account_id", "2")).stream()
                                .filter(m -> Integer.valueOf(1).equals(m.get("message_type")))
                                .count()
                        == 1);
    }

    @Test
    @DisplayName("a question about a product is answered from the tenant's own catalogue, active products only")
    void products() {
        product("76000012-4", 901, "Serrucho bahco 20 pulgadas", 15990, 7, true);
        product("76000012-4", 902, "Serrucho costilla", 9990, 0, true);
        product("76000012-4", 903, "Serrucho descontinuado", 1, 3, false);
        product("77000005-K", 904, "Serrucho ajeno", 1, 3, true);
        int conversation = say(someone(), "¿Qué precio tiene el serrucho Bahco?");
        await().atMost(BOUND).until(() -> replies(conversation).size() == 1);
        assertThat(replies(conversation).get(0))
                .startsWith("Serrucho bahco 20 pulgadas: $15.990, disponible.")
                .contains("Serrucho costilla: $9.990, sin stock por ahora.")
                .doesNotContain("descontinuado", "ajeno");
        int nothing = say(someone(), "¿Tienen astrolabios?");
        await().atMost(BOUND).until(() -> replies(nothing).size() == 1);
        assertThat(replies(nothing).get(0)).contains("No encontramos ese producto");
        settled();
        assertThat(row(nothing)).containsEntry("owner", "bot").containsEntry("intent", "product_query");
    }

    private void product(String rut, int id, String name, int price, int stock, boolean active) {
        jdbc().update(
                        "insert into public.products_cache (tenant_rut, odoo_id, name, price, stock, is_active, content_hash)"
                                + " values (?, ?, ?, ?, ?, ?, ''::bytea) on conflict do nothing",
                        rut,
                        id,
                        name,
                        price,
                        stock,
                        active);
    }

    private Map<String, Object> partner(String email) {
        return vendors.odoo().records("res.partner", Map.of("email", email)).stream()
                .findFirst()
                .orElse(Map.of());
    }

    @Test
    @DisplayName(
            "a customer whom somebody vouches for changes their own partner; strangers and other people's addresses go to a person")
    void contactUpdate() {
        String own = "compras@losandes.example";
        Map<String, Object> before = partner(own);
        int partners = vendors.odoo().records("res.partner", Map.of()).size();
        int stranger = say(someone(), "mi correo es " + someone());
        int thief = say("ana.soto@cliente.example", "mi correo es " + own);
        for (int conversation : List.of(stranger, thief)) {
            await().atMost(BOUND).until(() -> "human".equals(row(conversation).get("owner")));
            assertThat(row(conversation)).containsEntry("handoff_reason", "customer_unknown");
        }
        settled();
        assertThat(partner(own)).isNotEmpty().isEqualTo(before);
        assertThat(partner("ana.soto@cliente.example")).isNotEmpty();

        // The reply is refused once: the turn comes again when the partner has its new address already.
        vendors.trouble()
                .add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.STATUS)
                        .on("messages", "create")
                        .times(1));
        int conversation = say(own, "mi correo es Ventas@losandes.example y mi teléfono es 9 5555 1234");
        await().atMost(BOUND).until(() -> replies(conversation).size() == 1);
        settled();
        assertThat(replies(conversation).get(0)).contains("anotamos sus datos");
        assertThat(partner("ventas@losandes.example"))
                .containsEntry("id", before.get("id"))
                .containsEntry("phone", "+56955551234");
        assertThat(partner(own)).isEmpty();
        assertThat(vendors.odoo().records("res.partner", Map.of())).hasSize(partners);
        assertThat(vendors.chatwoot().contacts(Map.of("account", "1", "email", own)))
                .singleElement()
                .satisfies(contact -> assertThat(String.valueOf(contact.get("custom_attributes")))
                        .contains("updated_email=ventas@losandes.example", "updated_phone=+56955551234"));
    }

    @Test
    @DisplayName("a resolved conversation moves its lead to the stage of the intent that made it, once")
    void leadStage() throws Exception {
        jdbc().update(
                        "insert into hub.intent (tenant_rut, intent, action, lead_stage) values ('76000012-4', 'cotizacion', 'lead',"
                                + " 'Calificado') on conflict do nothing");
        await().atMost(BOUND)
                .until(() -> registry.intent("76000012-4", "cotizacion").leadStage() != null);
        int quote = say(someone(), "Necesito cotizar 20 sacos");
        await().atMost(BOUND).until(() -> replies(quote).size() == 1);
        settled();
        // Another intent afterwards: the lead is still the quote's.
        vendors.chatwoot().say(1, quote, "Hola, ¿cuál es el horario?");
        await().atMost(BOUND).until(() -> replies(quote).size() == 2);
        settled();
        assertThat(stage(quote)).contains("Nuevo");
        int hours = say(someone(), "Hola, ¿cuál es el horario?");
        await().atMost(BOUND).until(() -> replies(hours).size() == 1);
        for (String status : List.of("resolved", "open", "resolved")) {
            for (int conversation : List.of(quote, hours)) {
                assertThat(status(toggle(1, conversation, status))).isEqualTo(200);
                await().atMost(BOUND)
                        .until(() -> status.equals(row(conversation).get("status")));
            }
            settled();
            assertThat(stage(quote)).contains("Calificado");
        }
        assertThat(String.valueOf(vendors.odoo().stats().get("calls"))).contains("crm.lead.write=1");
    }

    private String stage(int conversation) {
        return vendors.odoo().records("crm.lead", Map.of("name", "Conversación " + conversation)).stream()
                .map(lead -> String.valueOf(lead.get("stage_id")))
                .findFirst()
                .orElse("");
    }

    private static HttpRequest toggle(int account, int conversation, String status) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + sandboxPort + "/api/v1/accounts/" + account
                        + "/conversations/" + conversation + "/toggle_status"))
                .header("api_access_token", "demo-chatwoot-" + account)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"status\":\"" + status + "\"}"))
                .build();
    }

    /** The hub hears that a person of the team has replied. */
    private void personReplies(int conversation) throws Exception {
        String reply = """
                {"event":"message_created","id":%d,"content":"Le respondo yo","message_type":"outgoing","private":false,
                 "created_at":"%s","account":{"id":1},"inbox":{"id":1},"conversation":{"id":%d,"inbox_id":1,"status":"open"},
                 "sender":{"id":9,"type":"user"}}""".formatted(987_651_000 + conversation, java.time.Instant.now(), conversation);
        assertThat(status(webhook("demo-cw-1", "demo-chatwoot-secret-1", reply)))
                .isEqualTo(200);
    }

    @Test
    @DisplayName(
            "a handoff that reaches Chatwoot after a person has replied tells the team why, and the customer nothing more")
    void repliedBeforeHandoff() throws Exception {
        int conversation = say(someone(), "Hola, ¿cuál es el horario?");
        await().atMost(BOUND).until(() -> replies(conversation).size() == 1);
        settled();
        vendors.trouble()
                .add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.STATUS)
                        .path("/api/v1/accounts/1/conversations/" + conversation));
        vendors.chatwoot().say(1, conversation, "Tengo un reclamo");
        await().atMost(BOUND).until(() -> "human".equals(row(conversation).get("owner")));
        personReplies(conversation);
        assertThat(row(conversation)).containsEntry("handoff_reason", "agent_replied");
        vendors.trouble().clear();
        settled();
        assertThat(notes(conversation)).singleElement().asString().contains("Cliente: Tengo un reclamo");
        assertThat(replies(conversation)).hasSize(1);
    }

    private int heard(int conversation) {
        return jdbc().queryForObject(
                        "select count(*) from public.messages where chatwoot_conversation_id = ? and tenant_rut ="
                                + " '76000012-4' and message_type = 'incoming' and turn_id is not null",
                        Integer.class,
                        conversation);
    }

    private int status(HttpRequest request) throws Exception {
        return http.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
    }

    private HttpRequest webhook(String endpoint, String secret, String body) {
        try {
            String timestamp = Long.toString(System.currentTimeMillis() / 1000);
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            mac.update((timestamp + ".").getBytes(StandardCharsets.UTF_8));
            return HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + door.port() + "/webhooks/chatwoot/" + endpoint))
                    .header("Content-Type", "application/json")
                    .header("X-Chatwoot-Delivery", UUID.randomUUID().toString())
                    .header("X-Chatwoot-Timestamp", timestamp)
                    .header(
                            "X-Chatwoot-Signature",
                            "sha256=" + HexFormat.of().formatHex(mac.doFinal(body.getBytes(StandardCharsets.UTF_8))))
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build();
        } catch (java.security.GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
