package cl.smarterbot.hub.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The sandbox signs webhooks")
class SandboxSignerTest {

    @Test
    @DisplayName("as Chatwoot does")
    void chatwoot() {
        byte[] body = "{\"event\":\"message_created\",\"id\":1}".getBytes(StandardCharsets.UTF_8);
        assertThat(SandboxSigner.chatwoot("testsecret", 1_700_000_000L, body))
                .isEqualTo("sha256=ec114f3d18092ac6d2652dd2f17e9023b29d5f1f140fc0f29dfc647f53867f50");
        assertThat(SandboxSigner.chatwoot("testsecret", 1_700_000_001L, body)).doesNotContain("ec114f3d");
    }

    @Test
    @DisplayName("as Svix does for Resend")
    void svix() {
        byte[] body = "{\"type\":\"email.delivered\",\"data\":{\"email_id\":\"e1\"}}".getBytes(StandardCharsets.UTF_8);
        assertThat(SandboxSigner.svix(
                        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "msg_1", 1_700_000_000L, body))
                .isEqualTo("v1,fUvaHsWn4eJnxKQPqfas5QShwDRcX1ZGUrhHDrrxf4s=");
    }

    @Test
    @DisplayName("with no secret of another form")
    void wrongSecret() {
        for (String secret : new String[] {"testsecret", "whsec_", "whsec_%"}) {
            assertThatThrownBy(() -> SandboxSigner.svixKey(secret))
                    .as(secret)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
