package cl.smarterbot.hub.contact;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A RUT in a text")
class RutFinderTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            76.000.012-4                                         | 76000012-4
            76000012-4                                           | 76000012-4
            Factura a 76.123.403-k, por favor.                   | 76123403-K
            mi rut es 12.345.678-5. Gracias                      | 12345678-5
            (7.654.302-K)                                        | 7654302-K
            76123403K                                            | 76123403-K
            76000012 - 4                                         | 76000012-4
            76.000.012–4                                         | 76000012-4
            RUT:760000124                                        | 76000012-4
            R.U.T. 760000124                                     | 76000012-4
            no 76000012-5 sino 76000013-2                        | 76000013-2
            mi fono 987654321 76000012-4                         | 76000012-4
            llámame al +56 9 8765 4321, rut 77000005-K           | 77000005-K
            """)
    @DisplayName("is found however it is written, and only the first that passes modulo 11")
    void found(String text, String expected) {
        assertThat(RutFinder.first(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "sin rut",
                "76000012-5",
                "760000124",
                "rut 76000012",
                "123476000012-4",
                "76000012-41",
                "76000012-4a",
                "A76000012-4",
                "orden 12-76000012-4",
                "76000012-4-99",
                "7.6000.012-4",
                "76.000.0124",
                "76.00.0012-4",
                "1.176.000.012-4",
                "+76000012-4",
                "56 9 76000012-4",
                "(2) 76000012-4",
                "$76.000.012-4",
                "1-9",
                "12-4",
                "00000000-0",
                "012345678-5",
                "76000012-",
                "76000012--",
                "ab76000012-4cd",
                "550e8400-76000012-4",
                "trut 760000124",
                "98765432-1"
            })
    @DisplayName("is not a wrong one, nor a part of a longer number, a code or a phone number")
    void notFound(String text) {
        assertThat(RutFinder.first(text)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "9",
                "1-",
                "1.",
                "76.",
                "76000012-5 ",
                "7600001 2",
                "rut 76000012",
                "7 ",
                "-",
                "r",
                "76.000.012-\u202e"
            })
    @DisplayName("is looked for with bounded work, whatever the text is")
    void bounded(String piece) {
        String text = piece.repeat(5_000 / piece.length());
        Counted counted = new Counted(text);
        assertThat(RutFinder.first(counted)).isNull();
        assertThat(counted.looks()).isLessThan(30 * text.length());
    }

    @Test
    @DisplayName("is null for null")
    void nothing() {
        assertThat(RutFinder.first(null)).isNull();
    }
}
