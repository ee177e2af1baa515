package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.door.RawHttp.Reply;
import cl.smarterbot.hub.testing.TestDatabase;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("A form that a machine filled in")
class SuspectedContactTest {

    private static IntakeHub hub;

    @BeforeAll
    static void open() throws Exception {
        TestDatabase database = TestDatabase.fresh();
        database.superuser("insert into public.tenants (rut, business_name) values ('78000009-0', 'Casa')");
        database.superuser("insert into hub.tenant_settings (tenant_rut, slug, plan, house) values"
                + " ('78000009-0', 'c', 'unlimited', true)");
        hub = new IntakeHub(
                database, new GuardProperties(List.of(), "X-Forwarded-For", 30, "website", Duration.ofSeconds(2)));
    }

    @AfterAll
    static void close() {
        hub.close();
    }

    private static ObjectNode form() {
        return RawHttp.JSON
                .createObjectNode()
                .put("name", "Ana")
                .put("email", UUID.randomUUID() + "@example.org")
                .put("message", "Hola");
    }

    private static Reply post(String headers, JsonNode form) throws IOException {
        return RawHttp.post(hub.port(), headers, form.toString());
    }

    private static UUID accepted(Reply reply) {
        assertThat(reply.status()).as(reply.body()).isEqualTo(201);
        assertThat(reply.json().path("ok").asBoolean()).isTrue();
        assertThat(reply.json().path("message").asText()).isEqualTo("Contact submitted successfully");
        return UUID.fromString(reply.json().path("id").asText());
    }

    private static String typeOf(UUID id) {
        return hub.sql.queryForObject("select type from public.events where id = ?", String.class, id);
    }

    @Test
    @DisplayName("gets the usual answer, but is an event for a person to look at and no contact")
    void honeypot() throws IOException {
        ObjectNode form = form().put("website", "https://spam.example");
        UUID id = accepted(post("", form));
        assertThat(typeOf(id)).isEqualTo("contact.suspected");
        assertThat(hub.count("public.contacts where id = ?", id)).isZero();
        Map<String, Object> event = hub.sql.queryForMap(
                "select tenant_rut, metadata::text as metadata from public.events where id = ?", id);
        assertThat(event).containsEntry("tenant_rut", "78000009-0");
        assertThat(RawHttp.JSON
                        .readTree((String) event.get("metadata"))
                        .path("suspected")
                        .asText())
                .isEqualTo("honeypot");
        JsonNode kept = RawHttp.JSON.readTree(
                hub.sql.queryForObject("select body from hub.payload where event_id = ?", byte[].class, id));
        assertThat(kept.path("email")).isEqualTo(form.path("email"));
        assertThat(kept.path("message").asText()).isEqualTo("Hola");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "website    | \"x\"       | contact.suspected",
                "website    | 1           | contact.suspected",
                "website    | [\"x\"]     | contact.suspected",
                "website    | \"\"        | contact.received",
                "website    | \" \\n \"   | contact.received",
                "website    | null        | contact.received",
                "Website    | \"x\"       | contact.received",
                "elapsed_ms | 1999        | contact.suspected",
                "elapsed_ms | 0           | contact.suspected",
                "elapsed_ms | -5          | contact.suspected",
                "elapsed_ms | 2000        | contact.received",
                "elapsed_ms | 99999999999999999999999 | contact.received",
                "elapsed_ms | 1.5         | contact.received",
                "elapsed_ms | \"5\"       | contact.received",
                "elapsed_ms | null        | contact.received",
                "elapsed_ms | {\"a\":[1]} | contact.received",
            })
    @DisplayName(
            "is known by a filled trap or by its speed; what says nothing is no ground to lose a visitor's message")
    void signs(String field, String value, String type) throws IOException {
        ObjectNode form = form();
        form.set(field, RawHttp.JSON.readTree(value));
        assertThat(typeOf(accepted(post("", form)))).isEqualTo(type);
    }

    @Test
    @DisplayName("is not told why: broken rules look the same with and without the trap")
    void sameErrors() throws IOException {
        ObjectNode broken = form().put("email", "no");
        Reply plain = post("", broken);
        Reply trapped = post("", broken.deepCopy().put("website", "x").put("elapsed_ms", 1));
        assertThat(trapped.status()).isEqualTo(422).isEqualTo(plain.status());
        assertThat(trapped.body()).isEqualTo(plain.body());
    }

    @Test
    @DisplayName("is recorded once under its Idempotency-Key, like any other")
    void idempotent() throws IOException {
        ObjectNode form = form().put("website", "x");
        String key = "Idempotency-Key: " + UUID.randomUUID() + "\r\n";
        UUID first = accepted(post(key, form));
        assertThat(accepted(post(key, form))).isEqualTo(first);
        assertThat(hub.count("public.events where id = ?", first)).isEqualTo(1);
        Reply other = post(key, form.deepCopy().put("website", ""));
        assertThat(other.status()).isEqualTo(409);
        assertThat(other.problem()).isEqualTo("idempotency-conflict");
    }

    @Test
    @DisplayName("is not looked for with a trap that is a field of the form")
    void trapIsNoField() {
        assertThatThrownBy(() -> new ContactForm("email", Duration.ZERO)).hasMessageContaining("HUB_HONEYPOT_FIELD");
        assertThatThrownBy(() -> new ContactForm("elapsed_ms", Duration.ZERO))
                .hasMessageContaining("HUB_HONEYPOT_FIELD");
    }
}
