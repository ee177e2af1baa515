package cl.smarterbot.hub.chatwoot;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.sandbox.SandboxServer;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The connection test of Chatwoot")
class ChatwootCheckTest {

    private static SandboxServer server;
    private static RestClient rest;

    @BeforeAll
    static void start() {
        server = SandboxServer.start(0);
        rest = new RestClient(AddressPolicy.allowing(List.of("127.0.0.1")));
    }

    @AfterAll
    static void stop() {
        rest.close();
        server.close();
    }

    private static List<ChatwootCheck.Line> check(String url, int account, int inbox, String token) {
        return new ChatwootCheck(rest).run(new ChatwootConnection("76000012-4", url, account, inbox, token));
    }

    private static List<ChatwootCheck.Line> check(int account, int inbox, String token) {
        return check(server.uri().toString(), account, inbox, token);
    }

    private static void broken(List<ChatwootCheck.Line> lines, String part, String says) {
        assertThat(lines).extracting(ChatwootCheck.Line::part).containsExactly("url", "token", "account", "inbox");
        ChatwootCheck.Line first = lines.stream()
                .filter(line -> !Boolean.TRUE.equals(line.works()))
                .findFirst()
                .orElseThrow();
        assertThat(first.part()).isEqualTo(part);
        assertThat(first.works()).isFalse();
        assertThat(first.says()).contains(says);
        assertThat(lines.toString()).doesNotContain("demo-chatwoot");
    }

    @Test
    @DisplayName("says what kind of inbox works")
    void works() {
        assertThat(check(1, 1, "demo-chatwoot-1"))
                .allMatch(ChatwootCheck.Line::works)
                .last()
                .satisfies(line -> assertThat(line.says()).contains("an API inbox: visitors' words appear as theirs"));
        assertThat(check(1, 11, "demo-chatwoot-1")).last().satisfies(line -> assertThat(line.says())
                .contains("private notes"));
    }

    @Test
    @DisplayName("names the first thing that does not work")
    void doesNotWork() {
        broken(check(null, 1, 1, "demo-chatwoot-1"), "url", "CHATWOOT_BASE_URL");
        broken(check("http://10.1.2.3", 1, 1, "demo-chatwoot-1"), "url", "hub.rest.allow-private");
        broken(check("http://127.0.0.1:1", 1, 1, "demo-chatwoot-1"), "url", "no connection");
        broken(check(server.uri() + "/elsewhere", 1, 1, "demo-chatwoot-1"), "url", "is the url right?");
        broken(check(1, 1, "demo-chatwoot-wrong"), "token", "underscores");
        broken(check(1, 1, "demo-chatwoot-bot-1"), "token", "not a user's token");
        broken(check(1, 1, "demo-chatwoot-2"), "account", "does not belong to account 1");
        broken(check(1, 99, "demo-chatwoot-1"), "inbox", "no inbox 99");
    }
}
