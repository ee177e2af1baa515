package cl.smarterbot.hub.chatwoot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.rest.RawServer;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestException.Kind;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that the sandbox does not give: races, other versions' words, records that are not what they should be. */
@DisplayName("Contacts in Chatwoot, with answers seldom seen,")
class ChatwootAnswersTest {
    private static final String CONTACT =
            "{\"id\":7,\"name\":\"Ana\",\"email\":\"ana@ejemplo.cl\",\"contact_inboxes\":[{\"source_id\":\"s\",\"inbox\":{\"id\":1}}]}";

    private final Map<String, List<String>> answers = new LinkedHashMap<>();
    private final Map<String, Integer> asked = new LinkedHashMap<>();
    private RawServer server;
    private RestClient rest;
    private Contacts contacts;

    @BeforeEach
    void start() throws IOException {
        server = new RawServer((request, out) -> {
            String call = request.substring(0, request.indexOf(' ', request.indexOf(' ') + 1))
                    .replaceAll("\\?.*", "")
                    .replace("/api/v1/accounts/1", "");
            List<String> given = answers.getOrDefault(call, List.of("404 {\"error\":\"x\"}"));
            String answer = given.get(Math.min(asked.merge(call, 1, Integer::sum), given.size()) - 1);
            return RawServer.json(Integer.parseInt(answer.substring(0, 3)), answer.substring(4))
                    .answer(request, out);
        });
        rest = new RestClient(AddressPolicy.allowing(List.of("127.0.0.1")));
        contacts = new Contacts(new ChatwootApi(rest));
    }

    @AfterEach
    void stop() throws IOException {
        rest.close();
        server.close();
    }

    private Contacts.Found upsert(String phone) {
        return contacts.upsert(
                        new ChatwootConnection("76000012-4", "http://127.0.0.1:" + server.port() + "/", 1, 1, "token"),
                        new Person("Ana", "ana@ejemplo.cl", phone, null, Map.of(), Map.of()))
                .join();
    }

    private RestException failure() {
        Throwable thrown = catchThrowable(() -> upsert(null));
        assertThat(thrown).isInstanceOf(CompletionException.class);
        assertThat(thrown.getCause()).isInstanceOf(RestException.class);
        return (RestException) thrown.getCause();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "422 {\"message\":\"Email has already been taken\",\"attributes\":[\"email\"]}",
                "422 {\"error\":\"Email has already been taken\"}"
            })
    @DisplayName("are found when somebody else was faster")
    void race(String refusal) {
        answers.put("GET /contacts/search", List.of("200 {\"payload\":[]}", "200 {\"payload\":[" + CONTACT + "]}"));
        answers.put("POST /contacts", List.of(refusal));
        assertThat(upsert(null)).isEqualTo(new Contacts.Found(7, "s"));
    }

    @Test
    @DisplayName("go without a phone that is refused in words only")
    void refusedInWords() {
        answers.put("GET /contacts/search", List.of("200 {\"payload\":[]}"));
        answers.put(
                "POST /contacts",
                List.of(
                        "422 {\"error\":\"Phone number should be in e164 format\"}",
                        "200 {\"payload\":{\"contact\":" + CONTACT + "}}"));
        assertThat(upsert("+5690000")).isEqualTo(new Contacts.Found(7, "s"));
        assertThat(server.requests()).last().asString().doesNotContain("phone_number");
    }

    @Test
    @DisplayName("are given up when Chatwoot refuses for good, without a quarrel")
    void refusedForGood() {
        answers.put("GET /contacts/search", List.of("200 {\"payload\":[]}"));
        answers.put("POST /contacts", List.of("422 {\"message\":\"Email Invalid email\",\"attributes\":[\"email\"]}"));
        RestException failure = failure();
        assertThat(failure.kind()).isEqualTo(Kind.REFUSED);
        assertThat(failure.isTransient()).isFalse();
        assertThat(asked.get("POST /contacts")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "{}",
                "null",
                "false",
                "{\"payload\":null}",
                "{\"payload\":[{\"email\":\"ana@ejemplo.cl\"}]}",
                "{\"payload\":[{\"email\":\"ana@ejemplo.cl\",\"name\":\"Ana\",\"id\":\"7\"}]}",
                "{\"payload\":[{\"email\":\"ana@ejemplo.cl\",\"name\":\"Ana\",\"id\":1e99}]}"
            })
    @DisplayName("that are no contacts are garbage, and worth another try")
    void garbage(String answer) {
        answers.put("GET /contacts/search", List.of("200 " + answer));
        RestException failure = failure();
        assertThat(failure.kind()).isEqualTo(Kind.GARBAGE);
        assertThat(failure.isTransient()).isTrue();
    }

    @Test
    @DisplayName("are asked for with the plus of a phone encoded and the token in its header")
    void wire() {
        answers.put("GET /contacts/search", List.of("200 {\"payload\":[]}"));
        answers.put("POST /contacts", List.of("200 {\"payload\":{\"contact\":" + CONTACT + "}}"));
        upsert("+56987654321");
        assertThat(server.requests()).anyMatch(request -> request.contains("q=%2B56987654321"));
        assertThat(server.requests()).allMatch(request -> request.contains("api_access_token: token\r\n"));
    }
}
