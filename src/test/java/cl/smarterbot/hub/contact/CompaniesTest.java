package cl.smarterbot.hub.contact;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The company of an address")
class CompaniesTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ventas@ferreteria-sur.cl        | Ferreteria Sur
            VENTAS@Ferreteria-Sur.CL        | Ferreteria Sur
            ana@mail.ferreteria-sur.cl      | Ferreteria Sur
            ana@a.b.c.pan-de-azucar.cl      | Pan de Azucar
            ana@ejemplo.com.cl              | Ejemplo
            ana@oficina.ejemplo.com.ar      | Ejemplo
            ana@ejemplo.co.uk               | Ejemplo
            ana@mop.gob.cl                  | MOP
            ana@alumnos.uc.cl               | UC
            ana@co.cl                       |
            ana@smarterbot.store            | Smarterbot
            ana@xn--panadera-i2a.cl        | Panadería
            ana@ñandú.cl                    | Ñandú
            ana@info.cl                     |
            a@b@ejemplo.cl                  | Ejemplo
            """)
    @DisplayName("is the name that the domain was registered under")
    void company(String email, String expected) {
        assertThat(Companies.ofEmail(email)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ana@gmail.com",
                "ana@GMAIL.com",
                "ana@hotmail.cl",
                "ana@hotmail.com.ar",
                "ana@outlook.es",
                "ana@live.cl",
                "ana@yahoo.com",
                "ana@yahoo.co.uk",
                "ana@mx.yahoo.com",
                "ana@icloud.com",
                "ana@me.com",
                "ana@vtr.net",
                "ana@entelchile.net",
                "ana@entel.cl",
                "ana@proton.me",
                "ana@mi.cl"
            })
    @DisplayName("is unknown where everybody gets a mailbox")
    void mailboxes(String email) {
        assertThat(Companies.ofEmail(email)).isNull();
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "@",
                "ana",
                "ana@",
                "ana@cl",
                "ana@.cl",
                "ana@..",
                "ana@com.cl",
                "ana@192.0.2.1",
                "ana@xn--.cl",
                "ana@xn--999999999.cl",
                "ana@-.cl"
            })
    @DisplayName("is unknown where there is none, without an error")
    void none(String email) {
        assertThat(Companies.ofEmail(email)).isNull();
    }
}
