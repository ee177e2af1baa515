package cl.smarterbot.hub.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A RUT")
class RutTest {

    @ParameterizedTest
    @DisplayName("with the right check digit is accepted as it is")
    @ValueSource(
            strings = {
                "76000001-9", "76000002-7", "76000012-4", "76000013-2", "77000005-K", "76123403-K", "60803000-K",
                "76123408-0", "76832940-0", "78000100-3", "96000000-5", "12345678-5", "7654302-K", "8765432-K",
                "11111111-1", "22222222-2", "33333333-3", "99999999-9", "76953480-6", "76958020-4", "76234567-6",
                "76262345-5", "77234567-4", "77123456-9", "76543210-3"
            })
    void valid(String text) {
        assertThat(Rut.parseTenant(text).value()).isEqualTo(text);
        assertThat(Rut.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @DisplayName("with a wrong check digit, or not of the shape of one, is refused")
    @NullAndEmptySource
    @ValueSource(
            strings = {
                "76000012-5",
                "77000005-0",
                "76123408-K",
                "12345678-9",
                "7654302-1",
                "123456789-2",
                "76,123,403-K",
                "76123403-",
                "76123403\u2013",
                "K",
                "-K",
                "-",
                "   ",
                "76953480-3",
                "76234567-9",
                "76958020-3",
                "76262345-3",
                "77234567-8",
                "77123456-K",
                "76543210-K",
                "76832940-3",
                "76000012_4",
                "76000012-X",
                "7600K012-4",
                "\uFF17\uFF16000012-4",
                "76000012-4; drop table tenants",
                "76000012-4\u0000",
                "                                         76000012-4"
            })
    void invalid(String text) {
        assertThatExceptionOfType(InvalidRutException.class).isThrownBy(() -> Rut.parse(text));
        assertThatExceptionOfType(InvalidRutException.class).isThrownBy(() -> Rut.parseTenant(text));
    }

    @ParameterizedTest
    @DisplayName("has one canonical form for every way to write it")
    @CsvSource(
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "76.123.403-k,76123403-K",
                " 76123403-K ,76123403-K",
                "76123403K,76123403-K",
                "76123403k,76123403-K",
                "076123403-K,76123403-K",
                "76 123 403 - k,76123403-K",
                "76\u00A0123\u00A0403-K,76123403-K",
                "76123403\u2010K,76123403-K",
                "76123403\u2011K,76123403-K",
                "76123403\u2012K,76123403-K",
                "76123403\u2013K,76123403-K",
                "76123403\u2014K,76123403-K",
                "76123403\u2015K,76123403-K",
                "08.765.432-k,8765432-K",
                "76.000.012-4,76000012-4",
            })
    void normalises(String text, String canonical) {
        assertThat(Rut.parseTenant(text).value()).isEqualTo(canonical);
    }

    @Test
    @DisplayName("of a tenant has a body of 7 or 8 digits, one of a person may be shorter")
    void shortBodies() {
        assertThat(Rut.parse("1-9").value()).isEqualTo("1-9");
        assertThat(Rut.parse("001-9").value()).isEqualTo("1-9");
        assertThatThrownBy(() -> Rut.parseTenant("1-9")).hasMessageContaining("7 or 8 digits");
        assertThatThrownBy(() -> Rut.parseTenant("0999999-" + Rut.checkDigit(999_999)))
                .isInstanceOf(InvalidRutException.class);
    }

    @Test
    @DisplayName("is refused without quoting it, for it may be a person's")
    void messageQuotesNothing() {
        assertThatThrownBy(() -> Rut.parse("12345678-9")).message().doesNotContain("12345678");
    }

    @Test
    @DisplayName("on the legacy list passes in any spelling, and nothing else does")
    void legacyList() {
        RutPolicy policy = RutPolicy.allowing(List.of("76.953.480-3", " ", "00000000-0"));
        assertThat(Rut.parseTenant("76953480-3", policy).value()).isEqualTo("76953480-3");
        assertThat(Rut.parseTenant("769534803", policy).value()).isEqualTo("76953480-3");
        assertThat(Rut.parseTenant("76953480-6", policy).value()).isEqualTo("76953480-6");
        assertThatThrownBy(() -> Rut.parseTenant("76953480-4", policy)).isInstanceOf(InvalidRutException.class);
        assertThatThrownBy(() -> RutPolicy.allowing(List.of("demo"))).isInstanceOf(InvalidRutException.class);
    }

    @Test
    @DisplayName("of zeros is a placeholder: refused unless it is on the legacy list")
    void zeros() {
        assertThatThrownBy(() -> Rut.parse("00000000-0")).hasMessageContaining("placeholder");
        assertThatThrownBy(() -> Rut.parse("0-0")).isInstanceOf(InvalidRutException.class);
        RutPolicy policy = RutPolicy.allowing(Set.of("00000000-0"));
        assertThat(Rut.parseTenant("00.000.000-0", policy).value()).isEqualTo("00000000-0");
        assertThatThrownBy(() -> Rut.parse("00000000-1", policy)).isInstanceOf(InvalidRutException.class);
    }

    @Test
    @DisplayName("has exactly one check digit that fits, and one wrong or swapped digit is always noticed")
    void everyBodyHasOneDigit() {
        Random random = new Random(20251122);
        for (int round = 0; round < 20_000; round++) {
            int body = round < 3_000 ? round + 1 : 1 + random.nextInt(99_999_999);
            Set<Character> fitting = new HashSet<>();
            for (char digit : "0123456789K".toCharArray()) {
                if (fits(body + "-" + digit)) {
                    fitting.add(digit);
                }
            }
            assertThat(fitting).as("digits for %s", body).containsExactly(Rut.checkDigit(body));

            String text = body + "-" + Rut.checkDigit(body);
            assertThat(Rut.parse(dotted(body) + "-" + Rut.checkDigit(body)).value())
                    .isEqualTo(text);
            int at = random.nextInt(text.length() - 2);
            char other = (char) ('0' + (text.charAt(at) - '0' + 1 + random.nextInt(9)) % 10);
            assertThat(fits(text.substring(0, at) + other + text.substring(at + 1)))
                    .as("%s with another digit at %s", text, at)
                    .isFalse();
            if (at + 1 < text.length() - 2 && text.charAt(at) != text.charAt(at + 1)) {
                String swapped = text.substring(0, at) + text.charAt(at + 1) + text.charAt(at) + text.substring(at + 2);
                assertThat(fits(swapped)).as("%s as %s", text, swapped).isFalse();
            }
        }
    }

    private static String dotted(int body) {
        return String.format(java.util.Locale.GERMANY, "%,d", body);
    }

    private static boolean fits(String text) {
        try {
            Rut.parse(text);
            return true;
        } catch (InvalidRutException e) {
            return false;
        }
    }
}
