package cl.smarterbot.hub.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The name of a stored file")
class AttachmentsTest {

    private static final String SAFE = "[A-Za-z0-9][A-Za-z0-9._-]{0,79}";

    @ParameterizedTest
    @CsvSource({
        "https://c.cl/rails/active_storage/blobs/redirect/x--1/foto.png, foto.png",
        "https://c.cl/a/Cotizaci%C3%B3n%20N%C2%BA%205.pdf?disposition=inline, Cotizacion_N_5.pdf",
        "https://c.cl/a/%D0%BF%D1%80.pdf, pdf",
        "https://c.cl/a/, audio.ogg",
        "https://c.cl/a/%2e%2e, audio.ogg",
        "https://c.cl/a/.htaccess, htaccess",
        "https://c.cl/a/%2e%2e%2f%2e%2e%2fetc%2fpasswd, etc_passwd",
        "https://c.cl/a/..%5c..%5cx.png, x.png",
        "https://c.cl/a/a%00b%0d%0a.png, a_b_.png",
        "https://c.cl/a/%zz.png, zz.png",
        "https://c.cl/a/a+b.png#x, a_b.png",
        "https://c.cl/a/a....png, a.png"
    })
    @DisplayName("is the last part of its address, made harmless")
    void named(String url, String name) {
        assertThat(Attachments.safeName(url, "audio", "OGG")).isEqualTo(name).matches(SAFE);
    }

    @Test
    @DisplayName("is short and keeps its ending")
    void longName() {
        assertThat(Attachments.safeName("https://c.cl/" + "x".repeat(500) + ".jpeg", "image", ""))
                .hasSize(80)
                .endsWith("x.jpeg");
        assertThat(Attachments.safeName("https://c.cl/x." + "y".repeat(500), "image", ""))
                .hasSize(80);
    }

    @Test
    @DisplayName("is harmless whatever the address says")
    void anything() {
        SplittableRandom random = new SplittableRandom(7);
        String alphabet = "./\\%2e0fF5cC~ ñ\u0000\n\uD83D\uDE00?#&;:'\"<>|*abc-_";
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder("https://c.cl/");
            for (int n = random.nextInt(30); n > 0; n--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            assertThat(Attachments.safeName(text.toString(), "file", text.toString()))
                    .matches(SAFE)
                    .doesNotContain("..");
        }
    }
}
