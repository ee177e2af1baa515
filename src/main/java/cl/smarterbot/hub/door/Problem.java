package cl.smarterbot.hub.door;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * An error reply (RFC 9457). Its words are Spanish and harmless, because front ends show them to the visitor as they are; the
 * type is stable and for programs.
 *
 * @param status HTTP status
 * @param type last part of the type URI, see {@code docs/problems.md}
 * @param title short Spanish sentence
 * @param invalid all fields that break a rule; empty if the problem is another one
 * @param retryAfterSeconds value of {@code Retry-After}; 0 for none
 */
public record Problem(int status, String type, String title, List<Invalid> invalid, int retryAfterSeconds) {

    /**
     * One broken rule.
     *
     * @param field name of the field in the request
     * @param rule stable name of the rule, for programs
     * @param message Spanish sentence for the visitor
     */
    public record Invalid(String field, String rule, String message) {}

    private static final String TYPE_PREFIX = "urn:smarteros:problem:";
    private static final JsonFactory JSON = new JsonFactory();

    public static final Problem NOT_FOUND = of(404, "not-found", "No existe lo que busca.");
    static final Problem UNAUTHENTICATED = of(401, "unauthenticated", "No pudimos identificar su sitio.");
    static final Problem FOREIGN_ORIGIN =
            of(403, "origin-not-allowed", "Esta operación no está permitida desde este sitio.");
    static final Problem TOO_LARGE = of(413, "too-large", "El mensaje es demasiado grande.");
    static final Problem TIMEOUT = of(408, "timeout", "El envío tardó demasiado. Intente de nuevo.");
    static final Problem UNSUPPORTED = of(415, "unsupported-media-type", "El formato del envío no es válido.");
    static final Problem METHOD = of(405, "method-not-allowed", "Esta operación no está permitida.");
    static final Problem CONFLICT =
            of(409, "idempotency-conflict", "Este envío ya se recibió con otros datos. Recargue la página.");
    static final Problem INTERNAL = of(500, "internal", "Algo falló de nuestro lado. Intente de nuevo.");
    static final Problem UNAVAILABLE = new Problem(
            503, "unavailable", "No pudimos guardar su mensaje. Intente de nuevo en un momento.", List.of(), 2);

    static final Problem BUSY =
            new Problem(503, "busy", "Hay demasiadas consultas. Intente de nuevo en un momento.", List.of(), 2);
    static final Problem AWAY = new Problem(
            503, "unavailable", "El servicio no está disponible. Intente de nuevo en un momento.", List.of(), 2);

    static Problem of(int status, String type, String title) {
        return new Problem(status, type, title, List.of(), 0);
    }

    static Problem malformed() {
        return of(400, "malformed", "No pudimos leer el envío.");
    }

    static Problem tooManyRequests(int retryAfterSeconds) {
        return new Problem(
                429,
                "too-many-requests",
                "Recibimos demasiados envíos. Intente de nuevo en un minuto.",
                List.of(),
                retryAfterSeconds);
    }

    public static Problem invalidParameters(List<Invalid> invalid) {
        return new Problem(422, "invalid-fields", "Revise los datos de la consulta.", invalid, 0);
    }

    static Problem badHeader(String header, String rule, String message) {
        return new Problem(
                400, "malformed", "No pudimos leer el envío.", List.of(new Invalid(header, rule, message)), 0);
    }

    static Problem invalidFields(List<Invalid> invalid) {
        return new Problem(422, "invalid-fields", "Revise los datos del formulario.", invalid, 0);
    }

    byte[] json() {
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        try (JsonGenerator g = JSON.createGenerator(out)) {
            g.writeStartObject();
            g.writeStringField("type", TYPE_PREFIX + type);
            g.writeStringField("title", title);
            g.writeNumberField("status", status);
            if (!invalid.isEmpty()) {
                g.writeArrayFieldStart("errors");
                for (Invalid i : invalid) {
                    g.writeStartObject();
                    g.writeStringField("field", i.field());
                    g.writeStringField("rule", i.rule());
                    g.writeStringField("message", i.message());
                    g.writeEndObject();
                }
                g.writeEndArray();
            }
            g.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
