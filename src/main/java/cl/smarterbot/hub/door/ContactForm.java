package cl.smarterbot.hub.door;

import cl.smarterbot.hub.event.EventConstants;
import cl.smarterbot.hub.event.NewEvent;
import cl.smarterbot.hub.tenancy.TenantScope;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Message;

/**
 * The contact form of the SmarterOS front ends: {@code name}, {@code email}, {@code message} and optionally {@code phone} and
 * {@code source}. Reads the raw bytes, reports every broken rule at once, and leaves the clean contact as the body of the event.
 */
public final class ContactForm {

    private static final int MAX_NAME = 200;
    private static final int MAX_EMAIL = 254;
    private static final int MAX_MESSAGE = 5000;
    private static final int MAX_PHONE = 50;
    private static final int MAX_SOURCE = 100;
    private static final int MAX_IDEMPOTENCY_KEY = 255;

    private static final Pattern EMAIL = Pattern.compile(
            "[^\\s@<>()\\[\\]\\\\,;:\"\\p{Cntrl}]{1,64}@(?:[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?\\.)+[\\p{L}\\p{N}-]{2,63}");
    private static final Pattern IDEMPOTENCY_KEY = Pattern.compile("[\\x21-\\x7e]{1," + MAX_IDEMPOTENCY_KEY + "}");

    private static final JsonFactory JSON = StrictJson.FACTORY;

    private static final List<String> FIELDS = List.of("name", "email", "message", "phone", "source");
    private static final String ELAPSED = "elapsed_ms";

    private final String honeypot;
    private final long leastFillMillis;

    /** @param suspicion why no person seems to have sent this; null if nothing speaks against one */
    private record Contact(String name, String email, String message, String phone, String source, String suspicion) {}

    /** A form without traps for machines. */
    public ContactForm() {
        this("", Duration.ZERO);
    }

    /**
     * @param honeypot field that no visitor sees: who fills it is a machine; blank for none
     * @param leastFillTime who says in {@code elapsed_ms} that it took less is one, too; zero for no such check
     * @throws IllegalArgumentException if the honeypot is one of the form's own fields
     */
    public ContactForm(String honeypot, Duration leastFillTime) {
        if (FIELDS.contains(honeypot) || ELAPSED.equals(honeypot)) {
            throw new IllegalArgumentException(
                    "hub.door.honeypot-field (HUB_HONEYPOT_FIELD) must not be a field of the form: " + honeypot);
        }
        this.honeypot = honeypot.isBlank() ? null : honeypot;
        this.leastFillMillis = leastFillTime.toMillis();
    }

    /**
     * Reads the request and prepares the event: body, key, metadata and, with an {@code Idempotency-Key}, the dedup. If a machine
     * seems to have filled in the form, the variable {@code suspected} says by which sign: {@code honeypot} or {@code too-fast}.
     *
     * @throws ProblemException 400 if the JSON or a header is malformed, 422 with all invalid fields
     */
    public void read(Exchange exchange) {
        Message message = exchange.getMessage();
        byte[] raw = message.getBody(byte[].class);
        String idempotencyKey = message.getHeader("Idempotency-Key", String.class);
        if (idempotencyKey != null && !IDEMPOTENCY_KEY.matcher(idempotencyKey).matches()) {
            throw new ProblemException(Problem.badHeader(
                    "Idempotency-Key", "pattern", "Debe tener de 1 a 255 caracteres ASCII visibles."));
        }
        Contact contact = parse(raw);
        String tenant = TenantScope.of(exchange).orElseThrow();
        byte[] body = json(contact, originHost(message.getHeader("Origin", String.class)));
        message.setBody(body);
        if (contact.suspicion() != null) {
            exchange.setVariable("suspected", contact.suspicion());
        }
        message.setHeader(EventConstants.KEY, key(tenant, contact.email()));
        message.setHeader(EventConstants.METADATA, metadata(contact));
        if (idempotencyKey != null) {
            message.setHeader(EventConstants.DEDUP, new NewEvent.Dedup("contact", idempotencyKey, sha256(raw)));
        }
    }

    private Contact parse(byte[] raw) {
        List<Problem.Invalid> invalid = new ArrayList<>();
        String[] values = new String[5];
        boolean[] wrongType = new boolean[5];
        String suspicion = null;
        try (JsonParser p = JSON.createParser(raw)) {
            if (p.nextToken() != JsonToken.START_OBJECT) {
                throw new ProblemException(Problem.malformed());
            }
            while (p.nextToken() == JsonToken.FIELD_NAME) {
                String name = p.currentName();
                int field = FIELDS.indexOf(name);
                JsonToken token = p.nextToken();
                if (field < 0) {
                    if (name.equals(honeypot) && isFilled(p, token)) {
                        suspicion = "honeypot";
                    } else if (suspicion == null && name.equals(ELAPSED) && isTooFast(p, token)) {
                        suspicion = "too-fast";
                    }
                    p.skipChildren();
                } else if (token == JsonToken.VALUE_STRING) {
                    values[field] = p.getText();
                } else if (token != JsonToken.VALUE_NULL) {
                    wrongType[field] = true;
                    p.skipChildren();
                }
            }
            if (p.nextToken() != null) {
                throw new ProblemException(Problem.malformed());
            }
        } catch (IOException e) {
            throw new ProblemException(Problem.malformed());
        }
        Contact contact = new Contact(
                oneLine(values[0]),
                oneLine(values[1]),
                text(values[2]),
                oneLine(values[3]),
                oneLine(values[4]),
                suspicion);
        check(
                invalid,
                wrongType,
                contact.name(),
                contact.email(),
                contact.message(),
                contact.phone(),
                contact.source());
        if (!invalid.isEmpty()) {
            throw new ProblemException(Problem.invalidFields(invalid));
        }
        return contact;
    }

    private static boolean isFilled(JsonParser p, JsonToken token) throws IOException {
        return token == JsonToken.VALUE_STRING ? !p.getText().isBlank() : token != JsonToken.VALUE_NULL;
    }

    /** What is no whole number says nothing: a page that measures wrongly must not cost a visitor the message. */
    private boolean isTooFast(JsonParser p, JsonToken token) throws IOException {
        return leastFillMillis > 0
                && token == JsonToken.VALUE_NUMBER_INT
                && p.getBigIntegerValue().compareTo(BigInteger.valueOf(leastFillMillis)) < 0;
    }

    private static void check(
            List<Problem.Invalid> invalid,
            boolean[] wrongType,
            String name,
            String email,
            String message,
            String phone,
            String source) {
        required(invalid, wrongType[0], "name", name, MAX_NAME, "el nombre");
        required(invalid, wrongType[1], "email", email, MAX_EMAIL, "el correo");
        required(invalid, wrongType[2], "message", message, MAX_MESSAGE, "el mensaje");
        optional(invalid, wrongType[3], "phone", phone, MAX_PHONE, "El teléfono");
        optional(invalid, wrongType[4], "source", source, MAX_SOURCE, "El origen");
        boolean emailFine = invalid.stream().noneMatch(i -> i.field().equals("email"));
        if (emailFine && !EMAIL.matcher(email).matches()) {
            invalid.add(new Problem.Invalid("email", "format", "Escriba un correo válido, como nombre@ejemplo.cl."));
        }
    }

    /**
     * A contact that came by another way than the form, after the rules of the form.
     *
     * @param broken rule by field; empty if the clean texts may be recorded
     */
    public record Checked(
            String name, String email, String message, String phone, String source, Map<String, String> broken) {}

    /** Cleans and checks the fields of a contact, each of which may be null, as if they had come by the form. */
    public static Checked check(String name, String email, String message, String phone, String source) {
        String cleanName = oneLine(name);
        String cleanEmail = oneLine(email);
        String cleanMessage = text(message);
        String cleanPhone = oneLine(phone);
        String cleanSource = oneLine(source);
        List<Problem.Invalid> invalid = new ArrayList<>();
        check(invalid, new boolean[5], cleanName, cleanEmail, cleanMessage, cleanPhone, cleanSource);
        Map<String, String> broken = new LinkedHashMap<>();
        invalid.forEach(i -> broken.putIfAbsent(i.field(), i.rule()));
        return new Checked(cleanName, cleanEmail, cleanMessage, cleanPhone, cleanSource, broken);
    }

    private static void required(
            List<Problem.Invalid> invalid, boolean wrongType, String field, String value, int max, String what) {
        if (wrongType) {
            invalid.add(new Problem.Invalid(field, "type", "Debe ser un texto."));
        } else if (value == null || value.isEmpty()) {
            invalid.add(new Problem.Invalid(field, "required", "Falta " + what + "."));
        } else {
            check(invalid, field, value, max);
        }
    }

    private static void optional(
            List<Problem.Invalid> invalid, boolean wrongType, String field, String value, int max, String what) {
        if (wrongType) {
            invalid.add(new Problem.Invalid(field, "type", what + " debe ser un texto."));
        } else if (value != null) {
            check(invalid, field, value, max);
        }
    }

    private static void check(List<Problem.Invalid> invalid, String field, String value, int max) {
        if (value.codePointCount(0, value.length()) > max) {
            invalid.add(new Problem.Invalid(field, "max-length", "Puede tener hasta " + max + " caracteres."));
        }
        if (!wellFormed(value)) {
            invalid.add(new Problem.Invalid(field, "characters", "Contiene caracteres que no son válidos."));
        }
    }

    /** A surrogate without its other half is no character and cannot be stored as UTF-8. */
    private static boolean wellFormed(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (Character.isHighSurrogate(c)) {
                if (i + 1 == value.length() || !Character.isLowSurrogate(value.charAt(++i))) {
                    return false;
                }
            } else if (Character.isLowSurrogate(c)) {
                return false;
            }
        }
        return true;
    }

    /** Line breaks and control characters in a name or an address become a space: nothing can smuggle a header through them. */
    private static String oneLine(String value) {
        if (value == null) {
            return null;
        }
        StringBuilder clean = new StringBuilder(value.length());
        boolean space = false;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            boolean blank = Character.isISOControl(c) || Character.isWhitespace(c) || c == '\u2028' || c == '\u2029';
            if (!blank) {
                if (space && clean.length() > 0) {
                    clean.append(' ');
                }
                clean.append(c);
            }
            space = blank;
        }
        return clean.isEmpty() ? null : clean.toString();
    }

    /** Keeps line breaks and tabs; other control characters, which neither PostgreSQL nor XML takes, are dropped. */
    private static String text(String value) {
        if (value == null) {
            return null;
        }
        // Nearly every message is clean already; only another one is copied.
        int dirty = 0;
        while (dirty < value.length() && keep(value.charAt(dirty))) {
            dirty++;
        }
        if (dirty == value.length()) {
            return value.strip();
        }
        StringBuilder clean = new StringBuilder(value.length());
        for (int i = 0; i < value.length(); i++) {
            if (keep(value.charAt(i))) {
                clean.append(value.charAt(i));
            }
        }
        return clean.toString().strip();
    }

    private static boolean keep(char c) {
        return !Character.isISOControl(c) || c == '\n' || c == '\t';
    }

    private static String originHost(String origin) {
        try {
            return origin == null ? null : URI.create(origin).getHost();
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static byte[] json(Contact contact, String domain) {
        ByteArrayOutputStream out =
                new ByteArrayOutputStream(256 + contact.message().length());
        try (JsonGenerator g = JSON.createGenerator(out)) {
            g.writeStartObject();
            g.writeStringField("name", contact.name());
            g.writeStringField("email", contact.email());
            g.writeStringField("message", contact.message());
            write(g, "phone", contact.phone());
            write(g, "source", contact.source());
            write(g, "domain", domain);
            g.writeEndObject();
        } catch (IOException e) {
            throw new ProblemException(Problem.malformed());
        }
        return out.toByteArray();
    }

    private static void write(JsonGenerator g, String field, String value) throws IOException {
        if (value != null) {
            g.writeStringField(field, value);
        }
    }

    private static String metadata(Contact contact) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(64);
        try (JsonGenerator g = JSON.createGenerator(out)) {
            g.writeStartObject();
            write(g, "source", contact.source());
            g.writeBooleanField("has_phone", contact.phone() != null);
            write(g, "suspected", contact.suspicion());
            g.writeEndObject();
        } catch (IOException e) {
            throw new ProblemException(Problem.malformed());
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    /** Events of one person in one tenant keep their order; the address itself stays out of the log. */
    private static String key(String tenant, String email) {
        byte[] hash = sha256((tenant + '\n' + email.toLowerCase(Locale.ROOT)).getBytes(StandardCharsets.UTF_8));
        return "contact-" + HexFormat.of().formatHex(hash, 0, 12);
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
