package cl.smarterbot.hub.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.sandbox.SandboxTrouble.Kind;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The sandbox's Botpress v12")
class BotpressSandboxTest {
    private static final String BOT = "/api/v1/bots/demo-bot-1/";
    private static final String SECURED = "converse/cw-1/secured?include=nlu,state,decision";

    private SandboxServer server;
    private SandboxClient client;

    @BeforeEach
    void start() {
        server = SandboxServer.start(0);
        client = new SandboxClient(server);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private HttpResponse<byte[]> post(String path, Object body, String... headers) throws IOException {
        List<String> all = new ArrayList<>(List.of("Content-Type", "application/json"));
        all.addAll(List.of(headers));
        return client.send("POST", path, new ObjectMapper().writeValueAsBytes(body), all.toArray(String[]::new));
    }

    private HttpResponse<byte[]> login(String email, String password) throws IOException {
        return post("/api/v1/auth/login/basic/default", Map.of("email", email, "password", password));
    }

    private String token() throws IOException {
        Map<?, ?> answer = (Map<?, ?>) SandboxClient.parse(login("bot@demo.example", "demo"));
        Map<?, ?> payload = (Map<?, ?>) answer.get("payload");
        assertThat(payload.get("exp")).isEqualTo(3_600_000);
        return (String) payload.get("jwt");
    }

    private HttpResponse<byte[]> say(String token, String text) throws IOException {
        return post(BOT + SECURED, Map.of("type", "text", "text", text), "Authorization", "Bearer " + token);
    }

    private static void assertFault(HttpResponse<byte[]> answer, int status) throws IOException {
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(((Map<?, ?>) SandboxClient.parse(answer)).get("statusCode")).isEqualTo(status);
    }

    @Test
    @DisplayName("A token opens the secured Converse API, which answers replies, nlu, state and decision")
    void secured() throws IOException {
        Map<?, ?> answer = (Map<?, ?>) SandboxClient.parse(say(token(), "¿A qué hora abren?"));
        assertThat(answer.keySet().stream().map(String::valueOf))
                .containsExactlyInAnyOrder("responses", "nlu", "state", "decision");
        List<?> responses = (List<?>) answer.get("responses");
        assertThat(responses).hasSize(2);
        assertThat(((Map<?, ?>) responses.get(0)).get("type")).isEqualTo("typing");
        assertThat(((Map<?, ?>) responses.get(1)).get("type")).isEqualTo("text");
        assertThat(((Map<?, ?>) answer.get("nlu")).get("intent"))
                .isEqualTo(Map.of("name", "faq_hours", "confidence", 0.93, "context", "global"));
    }

    @ParameterizedTest
    @CsvSource({
        "¿Cuál es el horario?,faq_hours,",
        "¿Dónde están ubicados?,faq_address,",
        "¿Tienen taladros?,product_query,",
        "Estado del pedido S00001 por favor,pedido_tracking,order=S00001",
        "pedido #123,pedido_tracking,order=123",
        "¿Dónde está mi pedido?,pedido_tracking,",
        "Necesito la factura FAC 000001,invoice_request,invoice=FAC 000001",
        "Quiero pagar la boleta 55,factura_pago,invoice=55",
        "Quiero cotizar 20 sacos de cemento,cotizacion,",
        "Me cobraron dos veces el pedido 12,billing,",
        "Tengo un reclamo,complaint,",
        "mi correo es ana.soto@cliente.example,contact_update,email=ana.soto@cliente.example",
        "Mi teléfono es +56 9 8765 4321,contact_update,phone=+56 9 8765 4321",
        "Quiero hablar con una persona,handoff,",
        "hola,none,",
        "intención refund_request,refund_request,"
    })
    @DisplayName("Key words make the intent, and numbers its slots")
    void intents(String text, String intent, String slots) {
        BotpressNlu.Understood understood = BotpressNlu.understand(text);
        assertThat(understood.intent()).isEqualTo(intent);
        assertThat(understood.slots().toString()).isEqualTo("{" + (slots == null ? "" : slots) + "}");
        assertThat(understood.confidence())
                .isBetween(intent.equals("none") ? 0.2 : 0.7, intent.equals("none") ? 0.4 : 0.97);
    }

    @ParameterizedTest
    @CsvSource({
        "horario confianza 0.41,faq_hours,0.41",
        "'horario, confianza 0,59.',faq_hours,0.59",
        "confianza 0.8,product_query,0.8",
        "pedido confianza 0.93,pedido_tracking,0.93",
        "confianza 1,product_query,1.0",
        "intención none confianza 0.3,none,0.3"
    })
    @DisplayName("A test can say the confidence")
    void confidence(String text, String intent, double confidence) {
        BotpressNlu.Understood understood = BotpressNlu.understand(text);
        assertThat(understood.intent()).isEqualTo(intent);
        assertThat(understood.confidence()).isEqualTo(confidence);
        assertThat(understood.slots()).isEmpty();
    }

    @Test
    @DisplayName("Prediction alone answers the nlu block, for Spanish only")
    void predict() throws IOException {
        String bearer = "Bearer " + token();
        Object body = Map.of("text", "pedido 12", "contexts", List.of("ventas"));
        Map<?, ?> answer =
                (Map<?, ?>) SandboxClient.parse(post(BOT + "mod/nlu/predict", body, "Authorization", bearer));
        Map<?, ?> nlu = (Map<?, ?>) answer.get("nlu");
        assertThat(nlu.get("includedContexts")).isEqualTo(List.of("ventas"));
        assertThat(((Map<?, ?>) ((Map<?, ?>) nlu.get("slots")).get("order")).get("value"))
                .isEqualTo("12");
        assertFault(post(BOT + "mod/nlu/predict/en", body, "Authorization", bearer), 422);
        assertFault(post(BOT + "mod/nlu/predict", Map.of(), "Authorization", bearer), 400);
    }

    @Test
    @DisplayName("Wrong password, bad token, unknown bot and a text that is too long are refused as the real one does")
    void refusals() throws IOException {
        assertFault(login("bot@demo.example", "wrong"), 401);
        assertFault(say("nonsense", "hola"), 401);
        assertFault(post(BOT + SECURED, Map.of("text", "hola")), 401);
        String token = token();
        assertThat(say(token, "x".repeat(360)).statusCode()).isEqualTo(200);
        assertFault(say(token, "x".repeat(361)), 400);
        assertFault(
                post(
                        "/api/v1/bots/other/" + SECURED,
                        Map.of("type", "text", "text", "hola"),
                        "Authorization",
                        "Bearer " + token),
                404);
        server.botpress().revokeTokens();
        assertFault(say(token, "hola"), 401);
    }

    @Test
    @DisplayName("The open Converse API is off, and gives replies only when it is on")
    void open() throws IOException {
        Object body = Map.of("type", "text", "text", "horario");
        assertThat(post(BOT + "converse/cw-1", body).statusCode()).isEqualTo(403);
        assertThat(client.json("POST", "/sandbox/botpress/open", Map.of("enabled", true))
                        .statusCode())
                .isEqualTo(200);
        assertThat(((Map<?, ?>) SandboxClient.parse(post(BOT + "converse/cw-1", body))).keySet())
                .hasToString("[responses]");
        assertThat(post(BOT + "converse/cw-1?include=nlu", body).statusCode()).isEqualTo(403);
    }

    @Test
    @DisplayName("Two calls at once for one user get each other's replies; those of two users do not")
    void mixedUp() throws Exception {
        server.botpress().think(Duration.ofMillis(400));
        String token = token();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<CompletableFuture<Integer>> both = List.of("horario", "persona").stream()
                    .map(text -> CompletableFuture.supplyAsync(() -> replies(token, text), threads))
                    .toList();
            assertThat(both.get(0).join() + both.get(1).join()).isEqualTo(4);
            assertThat(both.get(0).join()).isNotEqualTo(2);
        } finally {
            threads.shutdownNow();
        }
        assertThat(server.botpress().stats().get("overlaps")).isEqualTo(1L);
    }

    private int replies(String token, String text) {
        try {
            return ((List<?>) ((Map<?, ?>) SandboxClient.parse(say(token, text))).get("responses")).size();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @DisplayName("Trouble can be made for one bot, one method or one company")
    void trouble() throws IOException {
        String token = token();
        server.trouble()
                .add(Rule.of(Kind.STATUS).on("demo-bot-1", "converseSecured").company(1));
        assertThat(say(token, "hola").statusCode()).isEqualTo(503);
        assertThat(post(
                                "/api/v1/bots/demo-bot-2/" + SECURED,
                                Map.of("type", "text", "text", "horario"),
                                "Authorization",
                                "Bearer " + token)
                        .statusCode())
                .isEqualTo(200);
        server.trouble().clear();
        server.botpress().timeOuts(1);
        assertThat(new String(say(token, "hola").body(), StandardCharsets.UTF_8))
                .contains("Request timed out.");
    }

    @Test
    @DisplayName("The page shows what came, as text, and reset forgets it")
    void page() throws IOException {
        say(token(), "horario <script>alert(1)</script>");
        String page = new String(client.send("GET", "/", null).body(), StandardCharsets.UTF_8);
        assertThat(page)
                .contains("Botpress v12", "&lt;script&gt;alert(1)", "faq_hours")
                .doesNotContain("<script>");
        Map<?, ?> turn = (Map<?, ?>)
                ((List<?>) SandboxClient.parse(client.send("GET", "/sandbox/botpress/turns?user=cw-1", null))).get(0);
        assertThat(turn.get("intent")).isEqualTo("faq_hours");
        server.reset();
        assertThat(server.botpress().turns(Map.of())).isEmpty();
    }
}
