package cl.smarterbot.hub.resend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.samskivert.mustache.MustacheException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A mail template")
class TemplatesTest {

    private static Templates.Mail fill(String html, String... values) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < values.length; i += 2) {
            map.put(values[i], values[i + 1]);
        }
        return Templates.compile(new MailTemplate("x", html, html)).fill(map);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{{name}}}",
                "{{&name}}",
                "{{ & name}}",
                "{{ {name} }}",
                "{{=<% %>=}}<%&name%>",
                "{{>visitor}}",
                "{{> ../../application.yaml}}",
                "{{#name}}",
                "{{/name}}"
            })
    @DisplayName("that is broken, unescaped or reads another one is refused with a reason")
    void refused(String template) {
        for (String part : new String[] {"subject", "html", "text"}) {
            assertThat(Templates.fault(part, template)).as(part).isNotBlank();
        }
        assertThatThrownBy(() -> Templates.compile(new MailTemplate("x", template, null)))
                .isInstanceOf(MustacheException.class);
    }

    @Test
    @DisplayName("sees texts by their names and nothing of an object")
    void noReflection() {
        assertThat(fill("[{{name.class}}{{name.length}}{{class}}{{size}}{{name.bytes}}{{this.class}}]", "name", "Ana")
                        .html())
                .isEqualTo("[]");
    }

    @Test
    @DisplayName("leaves out sections of values that are missing or empty")
    void sections() {
        assertThat(fill("{{#rut}}RUT {{rut}}{{/rut}}{{^rut}}sin RUT{{/rut}}").text())
                .isEqualTo("sin RUT");
        assertThat(fill("{{#rut}}RUT {{rut}}{{/rut}}", "rut", "").text()).isEmpty();
        assertThat(fill("{{#rut}}RUT {{rut}}{{/rut}}", "rut", "76000012-4").text())
                .isEqualTo("RUT 76000012-4");
    }

    @Test
    @DisplayName("escapes in HTML, keeps line breaks there, and escapes nothing in text")
    void escaping() {
        Templates.Mail mail = fill("{{message}}", "message", "<a href='x'>&\"\n`");
        assertThat(mail.html()).doesNotContain("<a", "'", "\"", "`").contains("&lt;a", "<br>\n");
        assertThat(mail.text()).isEqualTo("<a href='x'>&\"\n`");
    }

    @Test
    @DisplayName("does not look again at what it filled in")
    void once() {
        assertThat(fill("{{name}}", "name", "{{email}}{{{email}}}{{=<% %>=}}", "email", "a@b.cl")
                        .text())
                .isEqualTo("{{email}}{{{email}}}{{=<% %>=}}");
    }
}
