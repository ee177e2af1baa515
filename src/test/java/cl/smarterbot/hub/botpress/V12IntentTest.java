package cl.smarterbot.hub.botpress;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestException.Kind;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.camel.Exchange;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
@DisplayName("A turn with a v12 bot")
class V12IntentTest {
    private SandboxServer sandbox;
    private Turns turns;

    @BeforeEach
    void start() {
        sandbox = SandboxServer.start(0);
        turns = new Turns(bot("demo"));
    }

    @AfterEach
    void stop() {
        turns.close();
        sandbox.close();
    }

    private BotpressConnection bot(String password) {
        return Turns.v12(sandbox.uri().toString(), "demo-bot-1", password);
    }

    private Object calls(String method) {
        return ((Map<?, ?>) sandbox.botpress().stats().get("calls")).get(method);
    }

    @Test
    @DisplayName("gives intent, confidence, language, slots, entities and replies in one shape")
    void result() {
        Map<String, Object> result = turns.say("¿Dónde está mi pedido S00001?");
        assertThat(result.keySet())
                .containsExactly(
                        "intent", "confidence", "language", "slots", "entities", "replies", "handoff", "source");
        assertThat(result)
                .containsEntry("intent", "pedido_tracking")
                .containsEntry("confidence", 0.92)
                .containsEntry("language", "es")
                .containsEntry("slots", Map.of("order", "S00001"))
                .containsEntry("replies", List.of())
                .containsEntry("handoff", false)
                .containsEntry("source", "botpress-v12");
        assertThat((List<?>) result.get("entities"))
                .singleElement()
                .isEqualTo(Map.of("name", "number", "value", "S00001", "confidence", 1.0, "source", "S00001"));
    }

    @Test
    @DisplayName("gives a card as readable lines after the text, without the typing mark")
    void replies() {
        assertThat(turns.say("¿Dónde están ubicados?").get("replies"))
                .isEqualTo(List.of(
                        "Estamos en Avenida Matta 1234, Santiago.",
                        "Ferretería Sur\nAvenida Matta 1234, Santiago\nVer mapa: https://mapa.example/demo-bot-1"));
    }

    @Test
    @DisplayName("without an understood intent says none, and gives choices as numbered lines")
    void none() {
        Map<String, Object> result = turns.say("asdf qwer");
        assertThat(result).containsEntry("intent", "none").containsEntry("handoff", false);
        assertThat((Double) result.get("confidence")).isBetween(0.2, 0.4);
        assertThat(result.get("replies"))
                .isEqualTo(List.of("No entendí bien. ¿Qué necesita?\n1. Horario\n2. Hablar con una persona"));
    }

    @Test
    @DisplayName("passes on that the bot asks for a person")
    void handoff() {
        assertThat(turns.say("quiero hablar con una persona"))
                .containsEntry("intent", "handoff")
                .containsEntry("handoff", true);
    }

    @Test
    @DisplayName("gives the bot an opaque user that is the same for the same conversation")
    void user() {
        turns.say("horario");
        turns.say("precio");
        Turns.result(turns.begin("", "ana@cliente.example", "horario").join());
        List<Object> users = sandbox.botpress().turns(Map.of()).stream()
                .map(turn -> turn.get("user"))
                .toList();
        assertThat(users.get(0)).asString().matches("cw-[0-9a-f]{32}-[0-9a-f]{8}");
        assertThat(users.get(1)).isEqualTo(users.get(2)).asString().matches("cw-1-42-7-[0-9a-f]{8}");
        assertThat(ConversationId.of("77000005-K", "1-42-7")).isNotEqualTo(users.get(1));
    }

    @Test
    @DisplayName("sends of a long text what the server takes, up to a word's end")
    void longText() {
        turns.say("palabra ".repeat(60) + "horario");
        Object text = sandbox.botpress().turns(Map.of()).get(0).get("text");
        assertThat(text).asString().hasSizeLessThanOrEqualTo(360).endsWith("palabra");
        assertThat(TurnText.cut("x".repeat(359) + "😀", 360)).isEqualTo("x".repeat(359));
        assertThat(TurnText.cut("uno dos tres", 11)).isEqualTo("uno dos");
        assertThat(turns.failure("&maxTextLength=500", "palabra ".repeat(60)).kind())
                .isEqualTo(Kind.REFUSED);
    }

    @Test
    @DisplayName("names the contexts that it is told")
    void contexts() {
        Turns.result(
                turns.begin("&contexts=ventas, postventa", "1-42-7", "horario").join());
        turns.say("horario");
        assertThat(sandbox.botpress().turns(Map.of()))
                .extracting(turn -> turn.get("contexts"))
                .containsExactly(List.of("global"), List.of("ventas", "postventa"));
    }

    @Test
    @DisplayName("logs in once for a thousand that come at once")
    void oneLogin() {
        List<CompletableFuture<Exchange>> all = IntStream.range(0, 1_000)
                .mapToObj(i -> turns.begin("&timeout=60s", "1-42-" + i, "horario"))
                .toList();
        all.forEach(one -> assertThat(Turns.result(one.join())).containsEntry("intent", "faq_hours"));
        assertThat(sandbox.botpress().stats().get("logins")).isEqualTo(1L);
    }

    @Test
    @DisplayName("after a 401 logs in once, whoever is refused, and repeats each call once")
    void refusedToken() {
        turns.say("horario");
        sandbox.botpress().revokeTokens();
        List<CompletableFuture<Exchange>> all = IntStream.range(0, 50)
                .mapToObj(i -> turns.begin("&timeout=60s", "1-42-" + i, "horario"))
                .toList();
        all.forEach(one -> assertThat(Turns.result(one.join())).containsEntry("intent", "faq_hours"));
        assertThat(sandbox.botpress().stats().get("logins")).isEqualTo(2L);
        assertThat(sandbox.botpress().turns(Map.of())).hasSize(51);
    }

    @Test
    @DisplayName("that is refused again after the new login is a lasting failure")
    void alwaysRefused() {
        turns.say("horario");
        sandbox.trouble().add(Rule.of(SandboxTrouble.Kind.STATUS).status(401).on("demo-bot-1", "converseSecured"));
        RestException failure = turns.failure("", "horario");
        assertThat(failure.kind()).isEqualTo(Kind.CREDENTIALS);
        assertThat(failure.isTransient()).isFalse();
        assertThat(sandbox.botpress().stats().get("logins")).isEqualTo(2L);
    }

    @Test
    @DisplayName("with a wrong password fails for good, and does not ask again and again")
    void wrongPassword() {
        turns.use(bot("another-password"));
        for (int i = 0; i < 5; i++) {
            RestException failure = turns.failure("", "horario");
            assertThat(failure.kind()).isEqualTo(Kind.CREDENTIALS);
            assertThat(failure).hasMessageNotContainingAny("another-password", "bot@demo.example", "horario");
        }
        assertThat(calls("login")).isEqualTo(1L);
        turns.use(bot("demo"));
        assertThat(turns.say("horario")).containsEntry("intent", "faq_hours");
    }

    @Test
    @DisplayName("waits for the one before in the same conversation, so that replies never mix")
    void inTurn() {
        sandbox.botpress().think(Duration.ofMillis(40));
        List<CompletableFuture<Exchange>> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            all.add(turns.begin("", "1-42-7", "horario confianza 0.5" + i));
            all.add(turns.begin("", "1-42-8", "persona confianza 0.6" + i));
        }
        for (int i = 0; i < 10; i++) {
            assertThat(Turns.result(all.get(2 * i).join()))
                    .containsEntry("confidence", Double.valueOf("0.5" + i))
                    .extracting("replies")
                    .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                    .hasSize(1)
                    .allMatch(reply -> reply.toString().startsWith("Atendemos"));
            assertThat(Turns.result(all.get(2 * i + 1).join())).containsEntry("handoff", true);
        }
        assertThat(sandbox.botpress().stats().get("overlaps")).isEqualTo(0L);
    }

    @Test
    @DisplayName("that is still in line when its time is over fails and is not sent")
    void waitedTooLong() {
        sandbox.botpress().think(Duration.ofSeconds(2));
        CompletableFuture<Exchange> slow = turns.begin("", "1-42-7", "horario");
        Awaitility.await().until(() -> Long.valueOf(1).equals(calls("converseSecured")));
        RestException failure = turns.failure("&timeout=200ms", "precio");
        assertThat(failure.kind()).isEqualTo(Kind.OVERLOADED);
        assertThat(failure.isTransient()).isTrue();
        Turns.result(slow.join());
        sandbox.botpress().think(Duration.ZERO);
        assertThat(turns.say("persona")).containsEntry("intent", "handoff");
        assertThat(sandbox.botpress().turns(Map.of("intent", "product_query"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "DELAY,,TIMEOUT,true",
        "HTML,,GARBAGE,true",
        "HTML,502,UNAVAILABLE,true",
        "GARBAGE,,GARBAGE,true",
        "TRUNCATED,,UNREACHABLE,true",
        "REFUSE_CONNECTION_LIKE_CLOSE,,UNREACHABLE,true",
        "LOST_ANSWER,,UNREACHABLE,true",
        "STATUS,503,UNAVAILABLE,true",
        "STATUS,429,THROTTLED,true",
        "STATUS,403,CREDENTIALS,false",
        "STATUS,422,REFUSED,false",
        "STATUS,302,REDIRECT,false"
    })
    @DisplayName("fails with a type that says whether trying again can help")
    void trouble(SandboxTrouble.Kind kind, Integer status, Kind expected, boolean passing) {
        turns.say("horario");
        Rule rule = Rule.of(kind).on("demo-bot-1", "converseSecured");
        rule = status == null ? rule : rule.status(status);
        sandbox.trouble().add(kind == SandboxTrouble.Kind.DELAY ? rule.delay(Duration.ofSeconds(5)) : rule);
        RestException failure = turns.failure(kind == SandboxTrouble.Kind.DELAY ? "&timeout=300ms" : "", "mi secreto");
        assertThat(failure.kind()).isEqualTo(expected);
        assertThat(failure.isTransient()).isEqualTo(passing);
        assertThat(failure).hasMessageNotContainingAny("secreto", "sandbox.", "1-42-7");
        assertThat(failure.system()).isEqualTo("Botpress");
        sandbox.trouble().clear();
        assertThat(turns.say("horario")).containsEntry("intent", "faq_hours");
    }

    @Test
    @DisplayName("knows the server's own time-out for what it is")
    void serverTimeOut() {
        sandbox.botpress().timeOuts(1);
        RestException failure = turns.failure("", "horario");
        assertThat(failure.kind()).isEqualTo(Kind.TIMEOUT);
        assertThat(failure.isTransient()).isTrue();
    }

    @Test
    @DisplayName("with a bot that is not there fails for good")
    void unknownBot() {
        turns.use(Turns.v12(sandbox.uri().toString(), "no-such-bot", "demo"));
        assertThat(turns.failure("", "horario").kind()).isEqualTo(Kind.NOT_FOUND);
    }

    @Test
    @DisplayName("without text, conversation or connection is refused before anything is sent")
    void badCalls() {
        assertThat(turns.failure("", "  ")).hasMessageContaining("no text");
        assertThat(turns.begin("", "", "hola").join().getException()).hasMessageContaining("conversation");
        turns.use(null);
        assertThat(turns.failure("", "hola").kind()).isEqualTo(Kind.BAD_CALL);
        assertThat(sandbox.botpress().stats().get("calls")).isEqualTo(Map.of());
    }
}
