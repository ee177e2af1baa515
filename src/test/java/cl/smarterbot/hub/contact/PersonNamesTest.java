package cl.smarterbot.hub.contact;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A name")
class PersonNamesTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ANA SOTO                     | Ana Soto
            ana soto                     | Ana Soto
            JUAN DE LA CRUZ              | Juan de la Cruz
            de la fuente y los rios      | De la Fuente y los Rios
            MARÍA JOSÉ ÑANDÚ E IBÁÑEZ    | María José Ñandú e Ibáñez
            BERNARDO O'HIGGINS           | Bernardo O'Higgins
            bernardo o’higgins           | Bernardo O’Higgins
            PEDRO D'ANGELO               | Pedro D'Angelo
            ana-maría pérez-cotapos      | Ana-María Pérez-Cotapos
            RONALD MCDONALD              | Ronald McDonald
            mc                           | Mc
            LUDWIG VAN BEETHOVEN         | Ludwig van Beethoven
            JUAN PABLO II                | Juan Pablo II
            FERRETERÍA SUR S.A.          | Ferretería Sur S.A.
            PANADERÍA CENTRAL LTDA.      | Panadería Central Ltda.
            servicios del norte spa      | Servicios del Norte SpA
            ANA SOTO 😀                   | Ana Soto 😀
            AÑO 2000                     | Año 2000
            """)
    @DisplayName("in capitals or small letters gets those of a letter")
    void capitals(String typed, String expected) {
        assertThat(PersonNames.tidy(typed)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Ana soto",
                "iPhone Lovers",
                "José DeLuca",
                "McKay",
                "李小龍",
                "محمد",
                "42",
                "😀",
                "<b>ana</b>",
                "<SCRIPT>ALERT(1)</SCRIPT>",
                "ana@ejemplo.cl",
                "${body}",
                "{{ana}}"
            })
    @DisplayName("that is not just shouted or mumbled stays as it is")
    void leftAlone(String typed) {
        assertThat(PersonNames.tidy(typed)).isEqualTo(typed);
    }

    @Test
    @DisplayName("loses needless blanks, control characters and direction marks, and keeps composed emoji")
    void blanks() {
        assertThat(PersonNames.tidy("  Ana \t\r\n  Soto\u00a0\u3000 ")).isEqualTo("Ana Soto");
        assertThat(PersonNames.tidy("\u202eAna\u202c \u200fSoto\ufeff\u0007")).isEqualTo("Ana Soto");
        assertThat(PersonNames.tidy("Ana 👩‍🔧")).isEqualTo("Ana 👩‍🔧");
        assertThat(PersonNames.tidy("\u202e \u200f")).isNull();
        assertThat(PersonNames.tidy(null)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"A", "a b ", "😀", "İ", "ß-", "ŉ'", "ǆ. "})
    @DisplayName("never gets longer than 200 characters, nor is one cut in half")
    void length(String piece) {
        String tidy = PersonNames.tidy(piece.repeat(2_000));
        assertThat(tidy.codePointCount(0, tidy.length())).isLessThanOrEqualTo(200);
        assertThat(tidy.codePoints()).noneMatch(c -> c >= 0xd800 && c <= 0xdfff);
    }
}
