package cl.smarterbot.hub.botpress;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("A bot's reply becomes text")
class ReplyTextTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"type\":\"text\",\"text\":\" Hola \"}|Hola",
                "{\"type\":\"markdown\",\"markdown\":\"*Hola*\"}|*Hola*",
                "{\"type\":\"typing\",\"value\":true}|",
                "{\"type\":\"session_reset\"}|",
                "{}|",
                "[]|",
                "null|",
                "{\"type\":\"text\",\"text\":7}|",
                "{\"type\":\"image\",\"image\":\"https://a.example/b.png\",\"title\":\"Plano\"}|Plano⏎https://a.example/b.png",
                "{\"type\":\"file\",\"fileUrl\":\"https://a.example/c.pdf\"}|https://a.example/c.pdf",
                "{\"type\":\"location\",\"latitude\":-33.45,\"longitude\":-70.6,\"address\":\"Matta 1\"}|Matta 1⏎-33.45, -70.6",
                "{\"type\":\"dropdown\",\"text\":\"Elija\",\"options\":[{\"label\":\"A\",\"value\":\"1\"}]}|Elija⏎1. A",
                "{\"type\":\"custom\",\"quick_replies\":[{\"title\":\"Sí\"}],\"wrapped\":{\"type\":\"text\",\"text\":\"¿Va?\"}}|¿Va?⏎1. Sí",
                "{\"type\":\"card\",\"title\":\"T\",\"actions\":[{\"action\":\"url\",\"label\":\"Ver\",\"value\":\"https://a.example\"},{\"action\":\"say\",\"label\":\"Más\",\"value\":\"mas\"}]}|T⏎Ver: https://a.example⏎Más",
                "{\"type\":\"carousel\",\"items\":[{\"title\":\"A\"},{\"type\":\"card\",\"title\":\"B\"}]}|A⏎⏎B",
                "{\"type\":\"bloc\",\"items\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image\",\"imageUrl\":\"https://i.example\"}]}|a⏎https://i.example"
            })
    @DisplayName("and what has none becomes nothing")
    void rendered(String json, String lines) throws IOException {
        assertThat(ReplyText.of(new ObjectMapper().readTree(json)))
                .isEqualTo(lines == null ? "" : lines.replace('⏎', '\n'));
    }
}
