package cl.smarterbot.hub.contact;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Phone numbers")
class PhoneNumbersTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            9 8765 4321              | +56987654321
            +56 9 8765 4321          | +56987654321
            +56-9-8765-4321          | +56987654321
            56 9 8765 4321           | +56987654321
            0056 9 8765 4321         | +56987654321
            00 56 987654321          | +56987654321
            (9) 87654321             | +56987654321
            +56 (0)9 8765 4321       | +56987654321
            09 8765 4321             | +56987654321
            098765 4321              | +56987654321
            ９ ８７６５ ４３２１            | +56987654321
            Fono: 9 8765 4321        | +56987654321
            9 8765 4321 (de día)     | +56987654321
            9 8765 4321 anexo 12     | +56987654321
            98765 4321 / 22345 6789  | +56987654321
            (2) 2345 6789            | +56223456789
            2 2345 6789              | +56223456789
            022 345 6789             | +56223456789
            +56 2 2345 6789          | +56223456789
            (32) 212 3456            | +56322123456
            """)
    @DisplayName("are Chilean unless they say otherwise, however they are written")
    void chilean(String typed, String expected) {
        assertThat(PhoneNumbers.e164(typed)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            8765 4321      | +56987654321
            8 765 43 21    | +56987654321
            08 765 4321    | +56987654321
            2345 6789      | +56223456789
            (2) 345 6789   | +56223456789
            (32) 21 2345   | +56322212345
            """)
    @DisplayName("of before the renumbering are brought up to date")
    void old(String typed, String expected) {
        assertThat(PhoneNumbers.e164(typed)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            +54 9 11 2345 6789  | +5491123456789
            0054 9 11 2345 6789 | +5491123456789
            +1 202 456 1111     | +12024561111
            +34 612 34 56 78    | +34612345678
            +55 11 96123-4567   | +5511961234567
            """)
    @DisplayName("of other countries are kept")
    void foreign(String typed, String expected) {
        assertThat(PhoneNumbers.e164(typed)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "+",
                "no tengo",
                "123",
                "133",
                "12345",
                "+56",
                "+56 1",
                "+999 123456789",
                "0000000000",
                "1-2-3",
                "\u0000\u0007",
                "76.000.012-4 y 5",
                "98765432123456789012",
                "९",
                "💥"
            })
    @DisplayName("that are none are null, never an error")
    void none(String typed) {
        assertThat(PhoneNumbers.e164(typed)).isNull();
    }

    @Test
    @DisplayName("bear a null, direction marks and five thousand digits")
    void hostile() {
        assertThat(PhoneNumbers.e164(null)).isNull();
        assertThat(PhoneNumbers.e164("\u202e+56\u200f 9\u00a08765\u20114321\u202c"))
                .isEqualTo("+56987654321");
        assertThat(PhoneNumbers.e164("9".repeat(5_000))).isNull();
        assertThat(PhoneNumbers.e164("+".repeat(5_000))).isNull();
        assertThat(PhoneNumbers.e164("1a".repeat(2_500))).isNull();
    }
}
