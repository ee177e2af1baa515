package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Signature schemes")
class SignaturesTest {

    private static final String SVIX_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    private static final byte[] SVIX_BODY = bytes("{\"type\":\"email.delivered\",\"data\":{\"email_id\":\"e1\"}}");
    private static final String SVIX_SIGNATURE = "v1,fUvaHsWn4eJnxKQPqfas5QShwDRcX1ZGUrhHDrrxf4s=";
    private static final byte[] CHATWOOT_BODY = bytes("{\"event\":\"message_created\",\"id\":1}");
    private static final String CHATWOOT_SIGNATURE =
            "sha256=ec114f3d18092ac6d2652dd2f17e9023b29d5f1f140fc0f29dfc647f53867f50";

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static SignatureScheme.Signed read(Signatures scheme, String id, String timestamp, String signature) {
        return scheme.read(Map.of(
                scheme.headers().get(0), id,
                scheme.headers().get(1), timestamp,
                scheme.headers().get(2), signature));
    }

    private static boolean svix(String secret, String id, String timestamp, String signature, byte[] body) {
        SignatureScheme.Signed signed = read(Signatures.SVIX, id, timestamp, signature);
        return signed != null && Signatures.matches(Signatures.SVIX, Signatures.SVIX.key(secret), signed, body);
    }

    private static boolean chatwoot(String secret, String timestamp, String signature, byte[] body) {
        SignatureScheme.Signed signed = read(Signatures.CHATWOOT, "d-1", timestamp, signature);
        return signed != null && Signatures.matches(Signatures.CHATWOOT, Signatures.CHATWOOT.key(secret), signed, body);
    }

    @ParameterizedTest
    @EnumSource(names = {"SVIX", "STANDARD"})
    @DisplayName("the fixed vector of Standard Webhooks, Svix and Resend is right")
    void standardVector(Signatures scheme) {
        SignatureScheme.Signed signed = read(scheme, "msg_1", "1700000000", SVIX_SIGNATURE);
        assertThat("v1," + Base64.getEncoder().encodeToString(scheme.sign(scheme.key(SVIX_SECRET), signed, SVIX_BODY)))
                .isEqualTo(SVIX_SIGNATURE);
        assertThat(Signatures.matches(scheme, scheme.key(SVIX_SECRET), signed, SVIX_BODY))
                .isTrue();
    }

    @Test
    @DisplayName("the fixed vector of Chatwoot is right")
    void chatwootVector() {
        SignatureScheme.Signed signed = read(Signatures.CHATWOOT, "d-1", "1700000000", CHATWOOT_SIGNATURE);
        byte[] key = Signatures.CHATWOOT.key("testsecret");
        assertThat("sha256=" + HexFormat.of().formatHex(Signatures.CHATWOOT.sign(key, signed, CHATWOOT_BODY)))
                .isEqualTo(CHATWOOT_SIGNATURE);
        assertThat(chatwoot("testsecret", "1700000000", CHATWOOT_SIGNATURE, CHATWOOT_BODY))
                .isTrue();
    }

    @Test
    @DisplayName("whatever differs by one sign is refused")
    void oneSign() {
        assertThat(svix(SVIX_SECRET, "msg_2", "1700000000", SVIX_SIGNATURE, SVIX_BODY))
                .isFalse();
        assertThat(svix(SVIX_SECRET, "msg_1", "1700000001", SVIX_SIGNATURE, SVIX_BODY))
                .isFalse();
        assertThat(svix(SVIX_SECRET.replace("MDEy", "MDEz"), "msg_1", "1700000000", SVIX_SIGNATURE, SVIX_BODY))
                .isFalse();
        assertThat(svix(
                        SVIX_SECRET,
                        "msg_1",
                        "1700000000",
                        SVIX_SIGNATURE,
                        bytes(" " + new String(SVIX_BODY, StandardCharsets.UTF_8))))
                .isFalse();
        assertThat(chatwoot("Testsecret", "1700000000", CHATWOOT_SIGNATURE, CHATWOOT_BODY))
                .isFalse();
        assertThat(chatwoot("testsecret", "1700000001", CHATWOOT_SIGNATURE, CHATWOOT_BODY))
                .isFalse();
        for (int i = 0; i < CHATWOOT_BODY.length; i++) {
            byte[] changed = CHATWOOT_BODY.clone();
            changed[i] ^= 1;
            assertThat(chatwoot("testsecret", "1700000000", CHATWOOT_SIGNATURE, changed))
                    .isFalse();
        }
    }

    @Test
    @DisplayName("of several signatures any may be the right one; other versions stand beside; a hundred are too many")
    void several() {
        String wrong = "v1," + Base64.getEncoder().encodeToString(new byte[32]);
        assertThat(svix(SVIX_SECRET, "msg_1", "1700000000", wrong + " " + SVIX_SIGNATURE, SVIX_BODY))
                .isTrue();
        assertThat(svix(SVIX_SECRET, "msg_1", "1700000000", SVIX_SIGNATURE + " v1a,AAAA", SVIX_BODY))
                .isTrue();
        assertThat(svix(SVIX_SECRET, "msg_1", "1700000000", wrong + " " + wrong, SVIX_BODY))
                .isFalse();
        assertThat(svix(SVIX_SECRET, "msg_1", "1700000000", (wrong + " ").repeat(99) + SVIX_SIGNATURE, SVIX_BODY))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "v1",
                "v1,",
                "v2,fUvaHsWn4eJnxKQPqfas5QShwDRcX1ZGUrhHDrrxf4s=",
                "V1,fUvaHsWn4eJnxKQPqfas5QShwDRcX1ZGUrhHDrrxf4s=",
                "v1,FUVAHSWN4EJNXKQPQFAS5QSHWDRCX1ZGURHHDRRXF4S=",
                "v1,fUvaHsWn4eJnxKQPqfas5QShwDRcX1ZGUrhHDrrx",
                "v1,!!!!",
                "fUvaHsWn4eJnxKQPqfas5QShwDRcX1ZGUrhHDrrxf4s=",
                "v1,7d4bda1ec5a7e1e267c4a40fa9f6ace504a1c0345c5f564652b8470ebaf17f8b"
            })
    @DisplayName("a Svix signature in another form is refused")
    void svixForms(String signature) {
        assertThat(svix(SVIX_SECRET, "msg_1", "1700000000", signature, SVIX_BODY))
                .isFalse();
    }

    @Test
    @DisplayName("a Chatwoot signature in capitals, without prefix, cut or of another algorithm is refused")
    void chatwootForms() {
        String hex = CHATWOOT_SIGNATURE.substring(7);
        for (String signature : new String[] {
            "",
            hex,
            "sha256=",
            "sha1=" + hex,
            "sha256=" + hex.toUpperCase(Locale.ROOT),
            "SHA256=" + hex,
            CHATWOOT_SIGNATURE.substring(0, 70),
            CHATWOOT_SIGNATURE + "00",
            CHATWOOT_SIGNATURE + " " + CHATWOOT_SIGNATURE
        }) {
            assertThat(chatwoot("testsecret", "1700000000", signature, CHATWOOT_BODY))
                    .as(signature)
                    .isFalse();
        }
    }

    @Test
    @DisplayName("a secret in another form is refused without being quoted")
    void secrets() {
        for (String secret : new String[] {"", "whsec_", "whsec_canary*", "canary"}) {
            assertThatThrownBy(() -> Signatures.SVIX.key(secret))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageNotContaining("canary")
                    .hasNoCause();
        }
        assertThatThrownBy(() -> Signatures.CHATWOOT.key("")).isInstanceOf(IllegalArgumentException.class);
    }
}
