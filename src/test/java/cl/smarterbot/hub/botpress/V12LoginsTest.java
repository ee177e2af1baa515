package cl.smarterbot.hub.botpress;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestException.Kind;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@DisplayName("A login at a v12 server")
class V12LoginsTest {
    private final AtomicLong time = new AtomicLong(System.nanoTime());
    private SandboxServer sandbox;
    private RestClient rest;
    private V12Logins logins;

    @BeforeEach
    void start() {
        sandbox = SandboxServer.start(0);
        rest = new RestClient(AddressPolicy.allowing(List.of("127.0.0.0/8")));
        logins = new V12Logins(rest, time::get);
    }

    @AfterEach
    void stop() {
        rest.close();
        sandbox.close();
    }

    private V12Logins.Token token(String password) {
        return logins.token(Turns.v12(sandbox.uri().toString(), "demo-bot-1", password))
                .join();
    }

    private RestException refusal(String password) {
        try {
            token(password);
            throw new AssertionError("logged in");
        } catch (CompletionException e) {
            return (RestException) e.getCause();
        }
    }

    private void later(Duration by) {
        time.addAndGet(by.toNanos());
    }

    private Object calls() {
        return sandbox.botpress().stats().get("calls").toString();
    }

    @Test
    @DisplayName("is kept until a minute before it ends")
    void margin() {
        V12Logins.Token first = token("demo");
        later(Duration.ofMinutes(58));
        assertThat(token("demo")).isSameAs(first);
        later(Duration.ofSeconds(70));
        assertThat(token("demo")).isNotSameAs(first);
        assertThat(calls()).isEqualTo("{login=2}");
    }

    @Test
    @DisplayName("that was refused is not tried again for half a minute, unless the password changes")
    void refused() {
        assertThat(refusal("wrong").kind()).isEqualTo(Kind.CREDENTIALS);
        later(Duration.ofSeconds(29));
        refusal("wrong");
        assertThat(calls()).isEqualTo("{login=1}");
        token("demo");
        later(Duration.ofSeconds(2));
        refusal("wrong");
        assertThat(calls()).isEqualTo("{login=3}");
    }

    @Test
    @DisplayName("that failed in passing is tried again by the next who asks")
    void passing() {
        sandbox.trouble()
                .add(Rule.of(SandboxTrouble.Kind.STATUS).path("/api/v1/auth").times(1));
        assertThat(refusal("demo").kind()).isEqualTo(Kind.UNAVAILABLE);
        assertThat(token("demo")).isNotNull();
    }

    @Test
    @DisplayName("that an old call found refused does not end a newer one")
    void discard() {
        V12Logins.Token first = token("demo");
        BotpressConnection connection = Turns.v12(sandbox.uri().toString(), "demo-bot-1", "demo");
        logins.discard(connection, first);
        V12Logins.Token second = token("demo");
        logins.discard(connection, first);
        assertThat(token("demo")).isSameAs(second);
        assertThat(second.toString()).doesNotContain(second.jwt());
    }
}
