package cl.smarterbot.hub.contact;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The language of a message")
class LanguagesTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            es | Hola, quiero saber el precio de los taladros
            es | Buenas tardes, necesito una cotizacion para mi empresa
            es | ¿Tienen despacho a Ñuñoa?
            es | hola tienen stock de cemento? gracias, saludos
            en | Hello, I would like to know the price of your drills
            en | Do you ship to Argentina? Please send me a quote, thanks
            pt | Olá, gostaria de saber o preço das furadeiras, obrigado
            pt | Bom dia, vocês têm entrega em São Paulo?
            es | Hola, mi sitio es www.tienda.com y necesito ayuda con el carro
            """)
    @DisplayName("is told by its small words")
    void language(String expected, String text) {
        assertThat(Languages.of(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "Hola",
                "ok gracias",
                "test test test test test",
                "Bonjour, je voudrais un devis",
                "1 2 3 4 5 6",
                "😀 😀 😀 😀 😀",
                "www.com.the.de/los",
                "здравствуйте как у вас дела"
            })
    @DisplayName("is unknown of short texts and of others")
    void unknown(String text) {
        assertThat(Languages.of(text)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "9", "the ", ".", "a.", "ñ", " ", "\u202e", "el the "})
    @DisplayName("is told with bounded work, whatever the text is")
    void bounded(String piece) {
        Counted counted = new Counted(piece.repeat(5_000));
        Languages.of(counted);
        assertThat(counted.looks()).isLessThan(5_000);
    }

    @Test
    @DisplayName("is that of the beginning of a long text")
    void beginning() {
        assertThat(Languages.of(
                        "Hola, necesito el precio de una puerta. ".repeat(60) + "the and you is are ".repeat(200)))
                .isEqualTo("es");
    }
}
