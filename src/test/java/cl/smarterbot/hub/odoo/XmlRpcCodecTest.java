package cl.smarterbot.hub.odoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class XmlRpcCodecTest {

    private static String response(String value) {
        return "<?xml version='1.0'?>\n<methodResponse><params><param>\n<value>" + value
                + "</value></param></params></methodResponse>\n";
    }

    private static XmlRpcReader.Answer read(String xml) {
        return XmlRpcReader.read(xml.getBytes(StandardCharsets.UTF_8));
    }

    private static Object value(String value) {
        return read(response(value)).value();
    }

    private static OdooException refused(String xml) {
        OdooException failure = catchThrowableOfType(OdooException.class, () -> read(xml));
        assertThat(failure).isNotNull();
        assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
        return failure;
    }

    @Test
    @DisplayName("Every XML-RPC type is read")
    void types() {
        assertThat(value("plain <!-- note -->text")).isEqualTo("plain text");
        assertThat(value("")).isEqualTo("");
        assertThat(value("<string>Ñandú 👨‍👩‍👧 &lt;a&gt; &amp;&#13;\n</string>"))
                .isEqualTo("Ñandú 👨‍👩‍👧 <a> &\r\n");
        assertThat(value("<string><![CDATA[<b>]]></string>")).isEqualTo("<b>");
        assertThat(value("<int>-7</int>")).isEqualTo(-7L);
        assertThat(value(" <i4>2147483647</i4> ")).isEqualTo(2147483647L);
        assertThat(value("<i8>4294967296</i8>")).isEqualTo(4294967296L);
        assertThat(value("<double>9007199254740992.5</double>")).isEqualTo(9007199254740992.5);
        assertThat(value("<boolean>1</boolean>")).isEqualTo(true);
        assertThat(value("<nil/>")).isNull();
        assertThat(value("<dateTime.iso8601>20261123T05:54:12</dateTime.iso8601>"))
                .isEqualTo("2026-11-23 05:54:12");
        assertThat(value("<base64>w5E=\n</base64>")).isEqualTo("Ñ".getBytes(StandardCharsets.UTF_8));
        assertThat(value("<array><data><value><int>1</int></value><value>b</value></data></array>"))
                .isEqualTo(List.of(1L, "b"));
        assertThat(value("<struct><member><name>a</name><value><array><data/></array></value></member></struct>"))
                .isEqualTo(Map.of("a", List.of()));
    }

    @ParameterizedTest
    @DisplayName("A value that is out of range or malformed is a protocol error, never a crash")
    @ValueSource(
            strings = {
                "<int>99999999999999999999</int>",
                "<int></int>",
                "<int>1.5</int>",
                "<boolean>yes</boolean>",
                "<double>1,5</double>",
                "<double></double>",
                "<dateTime.iso8601>yesterday</dateTime.iso8601>",
                "<base64>*</base64>",
                "<uuid>1</uuid>",
                "<int>1</int><int>2</int>",
                "<array><value>1</value></array>",
                "<struct><member><value>1</value></member></struct>",
                "<struct><member><name>a</name></member></struct>",
                "<struct>text</struct>",
                "<string><b/></string>",
                "&undefined;",
            })
    void malformedValues(String value) {
        refused(response(value));
    }

    @Test
    @DisplayName("A fault is read with its code, a number or a name")
    void faults() {
        XmlRpcReader.Answer answer = read("<methodResponse><fault><value><struct><member><name>faultCode</name>"
                + "<value><int>2</int></value></member><member><name>faultString</name><value>no</value></member>"
                + "</struct></value></fault></methodResponse>");
        assertThat(answer.fault()).isEqualTo(new XmlRpcReader.Fault("2", "no"));
        refused("<methodResponse><fault><value><struct/></value></fault></methodResponse>");
    }

    @ParameterizedTest
    @DisplayName("A document that is not an answer is a protocol error")
    @ValueSource(
            strings = {
                "<methodResponse/>",
                "<methodResponse><params/></methodResponse>",
                "<methodResponse><other/></methodResponse>",
                "<methodCall/>",
                "<methodResponse><params><param><value/></param><param><value/></param></params></methodResponse>",
            })
    void notAnAnswer(String xml) {
        assertThat(refused(xml)).isNotNull();
    }

    @Test
    @DisplayName("Empty, cut off, nonsense and web page answers are worth another try; a DOCTYPE is not")
    void transience() {
        assertThat(refused(" \n").isTransient()).isTrue();
        assertThat(refused("<!DOCTYPE html>\n<html><body>502</body></html>").isTransient())
                .isTrue();
        assertThat(refused("<html>sorry</html>").isTransient()).isTrue();
        assertThat(refused(response("<int>1</int>").substring(0, 70)).isTransient())
                .isTrue();
        assertThat(refused(response("<int>x</int>")).isTransient()).isTrue();
        assertThat(refused("<!DOCTYPE methodResponse [<!ENTITY a \"b\">]>" + response("<int>1</int>"))
                        .isTransient())
                .isFalse();
        assertThatThrownBy(() -> XmlRpcReader.read(new byte[] {'<', 'a', '>', (byte) 0xE9, '<', '/', 'a', '>'}))
                .isInstanceOf(OdooException.class)
                .hasMessageContaining("UTF-8");
    }

    @Test
    @Timeout(5)
    @DisplayName("An entity bomb is refused by its DOCTYPE, at once")
    void entityBomb() {
        StringBuilder bomb = new StringBuilder("<?xml version='1.0'?><!DOCTYPE b [<!ENTITY l0 'lol'>");
        for (int i = 1; i < 30; i++) {
            String before = "&l" + (i - 1) + ";";
            bomb.append("<!ENTITY l")
                    .append(i)
                    .append(" '")
                    .append(before.repeat(10))
                    .append("'>");
        }
        OdooException failure = refused(
                bomb.append("]>").append(response("&l29;").substring(21)).toString());
        assertThat(failure.getMessage()).contains("DOCTYPE");
        assertThat(failure.isTransient()).isFalse();
    }

    @Test
    @DisplayName("An external entity never reads a file")
    void externalEntity(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("secret.txt"), "top-secret-text");
        OdooException failure = refused("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM '" + file.toUri() + "'>]>"
                + response("&x;").substring(21));
        assertThat(failure.getMessage()).contains("DOCTYPE").doesNotContain("top-secret-text");
    }

    @ParameterizedTest
    @DisplayName("Any DOCTYPE or entity declaration is refused, wherever and however written")
    @ValueSource(
            strings = {
                "<!DOCTYPE methodResponse>",
                "<!DOCTYPE methodResponse SYSTEM 'http://127.0.0.1:1/x.dtd'>",
                "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/p'> %p;]>",
                "<!DOCTYPE a PUBLIC 'x' 'http://127.0.0.1:1/y'>",
                "<!doctype a>",
                "<!-- c --><!DOCTYPE a>",
                "<!ENTITY a 'b'>",
            })
    void doctype(String declaration) {
        OdooException failure = refused(
                "<?xml version='1.0'?>" + declaration + response("<int>1</int>").substring(21));
        assertThat(failure.getMessage()).contains("DOCTYPE");
        assertThat(failure.isTransient()).isFalse();
    }

    @Test
    @DisplayName("A DOCTYPE hidden in another encoding is refused")
    void otherEncoding() {
        String xml = "<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE a>" + response("x");
        OdooException failure = catchThrowableOfType(
                OdooException.class, () -> XmlRpcReader.read(xml.getBytes(StandardCharsets.UTF_16)));
        assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
    }

    @Test
    @Timeout(5)
    @DisplayName("Deep nesting is refused without exhausting the stack")
    void deep() {
        String open = "<array><data><value>".repeat(50_000);
        String close = "</value></data></array>".repeat(50_000);
        assertThat(refused(response(open + close)).getMessage()).contains("deep");
    }

    @Test
    @Timeout(20)
    @DisplayName("More elements than allowed are refused")
    void wide() {
        String values = "<value/>".repeat(XmlRpcReader.MOST_ELEMENTS + 1);
        assertThat(refused(response("<array><data>" + values + "</data></array>"))
                        .getMessage())
                .contains("too many elements");
    }

    @Test
    @Timeout(10)
    @DisplayName("Huge attributes, many attributes and huge names end in bounded time")
    void attributes() {
        assertThat(value("<string a='" + "x".repeat(5_000_000) + "'>ok</string>"))
                .isEqualTo("ok");
        StringBuilder many = new StringBuilder("<string");
        for (int i = 0; i < 50_000; i++) {
            many.append(" a").append(i).append("='1'");
        }
        refused(response(many.append(">x</string>").toString()));
        refused(response("<" + "n".repeat(1_000_000) + "/>"));
    }

    @Test
    @DisplayName("What is written is read back the same")
    void roundTrip() {
        Map<String, Object> tree = Map.of(
                "text",
                "Ñ <&>\"' \r\n\t 👩‍👧 ]]>",
                "int",
                2147483647L,
                "neg",
                -2147483648L,
                "double",
                0.1,
                "flag",
                true,
                "list",
                List.of(List.of(), Map.of(), "x"));
        String call = XmlRpcWriter.call("m", List.of(tree));
        String asAnswer = call.replace("<methodCall><methodName>m</methodName>", "<methodResponse>")
                .replace("</methodCall>", "</methodResponse>");
        assertThat(read(asAnswer).value()).isEqualTo(tree);
        assertThat(XmlRpcWriter.call("m", Arrays.asList((Object) null))).contains("<value><nil/></value>");
    }

    @Test
    @DisplayName("An integer beyond 32 bits is refused by the name of its field")
    void bigInteger() {
        assertThatThrownBy(() -> XmlRpcWriter.call("m", List.of(List.of(Map.of("color", 2147483648L)))))
                .isInstanceOf(OdooException.class)
                .hasMessageContaining("color")
                .hasMessageContaining("32 bits");
    }

    @Test
    @DisplayName("Java values take the forms that Odoo understands")
    void plainForms() {
        assertThat(OdooValues.plain(Instant.parse("2026-11-23T05:54:12.9Z"), "d"))
                .isEqualTo("2026-11-23 05:54:12");
        assertThat(OdooValues.plain(LocalDate.of(2026, 1, 2), "d")).isEqualTo("2026-01-02");
        assertThat(OdooValues.plain(new BigDecimal("1990.50"), "d")).isEqualTo(1990.5);
        assertThat(OdooValues.plain(0.1f, "d")).isEqualTo(0.1);
        assertThat(OdooValues.plain(new byte[] {1, 2}, "d")).isEqualTo("AQI=");
        assertThat(OdooValues.plain(OdooValues.JSON.createObjectNode().put("a", 1), ""))
                .isEqualTo(Map.of("a", 1L));
        assertThatThrownBy(() -> OdooValues.plain(Map.of("price", Double.NaN), ""))
                .hasMessageContaining("price");
        assertThatThrownBy(() -> OdooValues.plain(Map.of("when", Duration.ZERO), ""))
                .hasMessageContaining("when");
    }

    @Test
    @DisplayName("Characters that XML cannot carry are removed, emoji stay")
    void illegalCharacters() {
        assertThat(OdooValues.plain("a\u0000b\u0001c\u001B[31m\uFFFE\uD800d\t\n👩‍👧", "t"))
                .isEqualTo("abc[31md\t\n👩‍👧");
    }
}
