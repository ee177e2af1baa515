package cl.smarterbot.hub.botpress;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestException.Kind;
import cl.smarterbot.hub.secrets.Secret;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@DisplayName("A turn with a cloud bot")
class CloudIntentTest {
    private static final String QUICK = "&pollPause=20ms&quiet=150ms";
    /** Looks so seldom that within a test only a webhook's report can end the turn. */
    private static final String SELDOM = "&pollPause=40s&quiet=100ms&timeout=50s";

    private ChatApi cloud;
    private Turns turns;

    @BeforeEach
    void start() throws IOException {
        cloud = new ChatApi();
        turns = new Turns(connection(ChatApi.KEY));
    }

    @AfterEach
    void stop() {
        turns.close();
        cloud.close();
    }

    private BotpressConnection connection(String key) {
        return BotpressConnection.cloud(Turns.TENANT, cloud.url(), ChatApi.WEBHOOK, Secret.of(key));
    }

    private CompletableFuture<Exchange> begin(String options, String text) {
        return turns.begin(options, "1-42-7", text);
    }

    private Map<String, Object> say(String text) {
        return Turns.result(begin(QUICK, text).join());
    }

    private static Map<String, Object> route(String intent, double confidence, boolean handoff) {
        return Map.of("route", Map.of("intent", intent, "confidence", confidence, "handoff", handoff));
    }

    @Test
    @DisplayName("gives the replies that follow it, in order, and the routing result of their metadata")
    void result() {
        cloud.bot = text -> {
            cloud.says("Un momento.");
            cloud.says(
                    Map.of(
                            "type",
                            "choice",
                            "text",
                            "¿Cuál?",
                            "options",
                            List.of(Map.of("label", "Boleta", "value", "b"), Map.of("label", "Factura", "value", "f"))),
                    route("invoice_request", 0.81, false));
        };
        Map<String, Object> result = say("necesito mi documento");
        assertThat(result)
                .containsEntry("intent", "invoice_request")
                .containsEntry("confidence", 0.81)
                .containsEntry("language", null)
                .containsEntry("slots", Map.of())
                .containsEntry("entities", List.of())
                .containsEntry("replies", List.of("Un momento.", "¿Cuál?\n1. Boleta\n2. Factura"))
                .containsEntry("handoff", false)
                .containsEntry("source", "botpress-cloud");
        assertThat(cloud.calls.subList(0, 3))
                .containsExactly("POST /users/get-or-create", "POST /conversations/get-or-create", "POST /messages");
    }

    @Test
    @DisplayName("takes nothing of the turn before, and makes user and conversation once")
    void secondTurn() {
        cloud.bot = text -> cloud.says("Dijo " + text);
        for (int i = 0; i < 5; i++) {
            assertThat(say("n" + i)).containsEntry("replies", List.of("Dijo n" + i));
        }
        assertThat(cloud.calls).containsOnlyOnce("POST /users/get-or-create", "POST /conversations/get-or-create");
    }

    @Test
    @DisplayName("finds replies that are on a later page of the list")
    void pages() {
        cloud.bot = text -> List.of("1", "2", "3", "4", "5", "6", "7").forEach(cloud::says);
        assertThat(say("cuenta")).containsEntry("replies", List.of("1", "2", "3", "4", "5", "6", "7"));
    }

    @Test
    @DisplayName("without a routing result says none with no confidence")
    void noRoute() {
        cloud.bot = text -> cloud.says("Hola");
        assertThat(say("hola"))
                .containsEntry("intent", "none")
                .containsEntry("confidence", 0.0)
                .containsEntry("replies", List.of("Hola"));
    }

    @Test
    @DisplayName("waits for more while the bot goes on")
    void quiet() throws Exception {
        cloud.bot = text -> cloud.says("uno");
        CompletableFuture<Exchange> turn = begin("&pollPause=20ms&quiet=1s", "hola");
        Awaitility.await()
                .until(() ->
                        cloud.calls.stream().filter(c -> c.startsWith("GET")).count() > 0);
        cloud.says("dos");
        assertThat(Turns.result(turn.join())).containsEntry("replies", List.of("uno", "dos"));
    }

    @Test
    @DisplayName(
            "ends as soon as a webhook reports the reply; reports of one message count once, a person's own not at all")
    void reported() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        cloud.bot = text -> asked.countDown();
        CompletableFuture<Exchange> turn = begin(SELDOM, "hola");
        assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
        String id = cloud.conversation();
        Map<String, Object> said = bot(cloud.says(Map.of("type", "text", "text", "Ya va"), route("saludo", 0.7, true)));

        assertThat(turns.replies.arrived(Turns.TENANT, id, Map.of("type", "message_created", "data", person("eco"))))
                .isFalse();
        assertThat(turns.replies.arrived("77000005-K", id, signal(said))).isFalse();
        assertThat(turns.replies.arrived(Turns.TENANT, "cw-another", signal(said)))
                .isFalse();
        assertThat(turns.replies.arrived(Turns.TENANT, id, signal(said))).isTrue();
        assertThat(turns.replies.arrived(Turns.TENANT, id, signal(said))).isFalse();

        assertThat(Turns.result(turn.get(30, TimeUnit.SECONDS)))
                .containsEntry("replies", List.of("Ya va"))
                .containsEntry("intent", "saludo")
                .containsEntry("handoff", true);
        assertThat(turns.replies.size()).isZero();
        assertThat(turns.replies.arrived(Turns.TENANT, id, signal(said))).isFalse();
    }

    @Test
    @DisplayName("looks once more after a report, for one that was lost")
    void lostReport() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        cloud.bot = text -> asked.countDown();
        CompletableFuture<Exchange> turn = begin(SELDOM, "hola");
        assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
        cloud.says("nunca avisado");
        Map<String, Object> second = bot(cloud.says("avisado"));
        assertThat(turns.replies.arrived(Turns.TENANT, cloud.conversation(), signal(second)))
                .isTrue();
        assertThat(Turns.result(turn.get(30, TimeUnit.SECONDS)))
                .containsEntry("replies", List.of("nunca avisado", "avisado"));
    }

    @Test
    @DisplayName("takes the routing result of an event that a webhook reports")
    void event() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        cloud.bot = text -> asked.countDown();
        CompletableFuture<Exchange> turn = begin(SELDOM, "hola");
        assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
        Map<String, Object> event = Map.of("payload", route("cotizacion", 0.9, false));
        assertThat(turns.replies.arrived(
                        Turns.TENANT, cloud.conversation(), Map.of("type", "event_created", "data", event)))
                .isTrue();
        assertThat(Turns.result(turn.get(30, TimeUnit.SECONDS)))
                .containsEntry("intent", "cotizacion")
                .containsEntry("replies", List.of());
    }

    private static Map<String, Object> signal(Map<String, Object> message) {
        return Map.of("type", "message_created", "data", message);
    }

    private static Map<String, Object> bot(Map<?, ?> message) {
        Map<String, Object> reported = new java.util.LinkedHashMap<>();
        message.forEach((name, value) -> reported.put(name.toString(), value));
        reported.put("isBot", true);
        return reported;
    }

    private static Map<String, Object> person(String text) {
        return Map.of("id", "own", "isBot", false, "payload", Map.of("type", "text", "text", text));
    }

    @Test
    @DisplayName("that gets no reply ends in its time as a time-out")
    void silence() {
        RestException failure = turns.failure("&pollPause=20ms&timeout=400ms", "hola");
        assertThat(failure.kind()).isEqualTo(Kind.TIMEOUT);
        assertThat(failure.isTransient()).isTrue();
        assertThat(turns.replies.size()).isZero();
    }

    @Test
    @DisplayName("gives what has come when its time is over")
    void halfAnswer() {
        cloud.bot = text -> cloud.says("uno");
        assertThat(Turns.result(
                        begin("&pollPause=20ms&quiet=20s&timeout=1s", "hola").join()))
                .containsEntry("replies", List.of("uno"));
    }

    @Test
    @DisplayName("goes on looking through passing errors, and ends at a lasting one")
    void errors() {
        cloud.listStatus = 503;
        CompletableFuture<Exchange> turn = begin(QUICK, "hola");
        Awaitility.await()
                .until(() ->
                        cloud.calls.stream().filter(c -> c.startsWith("GET")).count() > 2);
        cloud.says("al fin");
        cloud.listStatus = 0;
        assertThat(Turns.result(turn.join())).containsEntry("replies", List.of("al fin"));
        cloud.listStatus = 403;
        assertThat(turns.failure(QUICK, "hola").kind()).isEqualTo(Kind.CREDENTIALS);
    }

    @Test
    @DisplayName("makes user and conversation anew when the cloud has lost them")
    void forgotten() {
        cloud.bot = text -> cloud.says("Dijo " + text);
        say("uno");
        cloud.forget();
        assertThat(say("dos")).containsEntry("replies", List.of("Dijo dos"));
    }

    @Test
    @DisplayName("with another encryption key is refused for good, without showing it")
    void wrongKey() {
        turns.use(connection("not the key"));
        RestException failure = turns.failure(QUICK, "hola");
        assertThat(failure.kind()).isEqualTo(Kind.CREDENTIALS);
        assertThat(failure).hasMessageNotContainingAny("not the key", "eyJ", "hola");
        assertThat(connection("not the key").toString()).doesNotContain("not the key");
    }

    @Test
    @DisplayName("holds no thread while it waits: a hundred wait on a pool of sixty-four")
    void manyWait() {
        CountDownLatch asked = new CountDownLatch(100);
        cloud.bot = text -> asked.countDown();
        List<CompletableFuture<Exchange>> all = java.util.stream.IntStream.range(0, 100)
                .mapToObj(i -> turns.begin("&pollPause=40s&quiet=50ms&timeout=50s", "1-1-" + i, "hola"))
                .toList();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> asked.getCount() == 0);
        Awaitility.await().until(() -> turns.replies.size() == 100);
        for (int i = 0; i < 100; i++) {
            Map<String, Object> data =
                    Map.of("id", "m" + i, "isBot", true, "payload", Map.of("type", "text", "text", "respuesta " + i));
            turns.replies.arrived(Turns.TENANT, ConversationId.of(Turns.TENANT, "1-1-" + i), signal(data));
        }
        for (int i = 0; i < 100; i++) {
            assertThat(Turns.result(all.get(i).join())).containsEntry("replies", List.of("respuesta " + i));
        }
    }
}
