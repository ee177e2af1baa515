package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.tenancy.InvalidRutException;
import cl.smarterbot.hub.tenancy.Rut;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.util.MultiValueMap;

/**
 * What a caller of the admin API sent, read field by field. Problems are collected, and {@link #check} reports them all at once.
 * A getter whose field is at fault returns null (or its default): nothing may be done with it before {@link #check}.
 */
final class Input {

    private static final int MAX_TEXT = 300;
    private static final Pattern AGO = Pattern.compile("([0-9]{1,6})([smhdw])");
    private static final Map<String, Duration> UNITS = Map.of(
            "s", Duration.ofSeconds(1),
            "m", Duration.ofMinutes(1),
            "h", Duration.ofHours(1),
            "d", Duration.ofDays(1),
            "w", Duration.ofDays(7));

    private final JsonNode fields;
    private final Clock clock;
    private final Set<String> known = new LinkedHashSet<>();
    private final Map<String, String> errors = new LinkedHashMap<>();

    private Input(JsonNode fields, Clock clock) {
        this.fields = fields;
        this.clock = clock;
    }

    /** Something is wrong with one or more fields. */
    static final class InvalidException extends RuntimeException {
        private final transient Map<String, String> errors;

        InvalidException(Map<String, String> errors) {
            super("invalid fields");
            this.errors = errors;
        }

        Map<String, String> errors() {
            return errors;
        }
    }

    static Input query(MultiValueMap<String, String> query, Clock clock) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        Input input = new Input(node, clock);
        query.forEach((name, values) -> {
            node.put(name, values.get(0));
            if (values.size() > 1) {
                input.errors.put(name, "was given more than once");
            }
        });
        return input;
    }

    /** @param body null stands for an empty object */
    static Input body(JsonNode body, Clock clock) {
        Input input = new Input(body == null ? JsonNodeFactory.instance.objectNode() : body, clock);
        if (!input.fields.isObject()) {
            input.errors.put("body", "must be a JSON object");
        }
        return input;
    }

    /** Text without control characters; null when absent or empty. */
    String text(String name) {
        return text(name, MAX_TEXT);
    }

    String text(String name, int maxLength) {
        JsonNode node = field(name);
        if (node == null) {
            return null;
        }
        if (!node.isTextual()) {
            return fault(name, "must be a string");
        }
        String text = node.textValue().strip();
        if (text.isEmpty()) {
            return null;
        }
        if (text.length() > maxLength) {
            return fault(name, "must have at most " + maxLength + " characters");
        }
        if (text.codePoints().anyMatch(Input::unprintable)) {
            return fault(name, "must not hold control characters");
        }
        return text;
    }

    /** A password, exactly as it was sent; null when absent or empty. */
    String secret(String name, int maxLength) {
        JsonNode node = field(name);
        if (node == null || (node.isTextual() && node.textValue().isEmpty())) {
            return null;
        }
        if (!node.isTextual()
                || node.textValue().length() > maxLength
                || node.textValue().codePoints().anyMatch(Input::unprintable)) {
            return fault(
                    name, "must be a string of at most " + maxLength + " characters, none of them a control character");
        }
        return node.textValue();
    }

    /** Text of many lines, exactly as it was sent; null when absent or empty. Its length is for whoever takes it. */
    String document(String name) {
        JsonNode node = field(name);
        if (node == null || (node.isTextual() && node.textValue().isBlank())) {
            return null;
        }
        if (!node.isTextual()
                || node.textValue().codePoints().anyMatch(c -> c != '\n' && c != '\r' && c != '\t' && unprintable(c))) {
            return fault(name, "must be text without control characters other than line breaks and tabs");
        }
        return node.textValue();
    }

    String requiredText(String name) {
        String text = text(name);
        if (text == null && !errors.containsKey(name)) {
            return fault(name, "is required");
        }
        return text;
    }

    /** A tenant's RUT, in canonical form if it is a valid one. */
    String tenant(String name) {
        String text = text(name);
        return text == null ? null : canonicalTenant(text);
    }

    /** As it stands in the registry; what is no RUT stays as it is, and will be found there or not. */
    static String canonicalTenant(String text) {
        try {
            return Rut.parseTenant(text).value();
        } catch (InvalidRutException e) {
            return text;
        }
    }

    /** Parses a text by a function that throws IllegalArgumentException with a showable message. */
    <T> T parsed(String name, Function<String, T> parser) {
        String text = text(name);
        if (text == null) {
            return null;
        }
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            return fault(name, e.getMessage() == null ? "is not valid" : e.getMessage());
        }
    }

    /** A moment: ISO 8601 with an offset, or how long ago, such as 90s, 30m, 2h, 7d, 4w. */
    Instant moment(String name) {
        String text = text(name);
        if (text == null) {
            return null;
        }
        Matcher ago = AGO.matcher(text);
        if (ago.matches()) {
            return clock.instant().minus(UNITS.get(ago.group(2)).multipliedBy(Long.parseLong(ago.group(1))));
        }
        try {
            Instant instant = OffsetDateTime.parse(text).toInstant();
            if (instant.isBefore(Instant.EPOCH)
                    || instant.isAfter(clock.instant().plus(Duration.ofDays(3650)))) {
                return fault(name, "lies too far away");
            }
            return instant;
        } catch (DateTimeException e) {
            return fault(name, "must be like 2h, 7d or 2026-01-31T09:00:00-03:00");
        }
    }

    Instant requiredMoment(String name) {
        Instant moment = moment(name);
        if (moment == null && !errors.containsKey(name)) {
            fault(name, "is required: like 2h, 7d or 2026-01-31T09:00:00-03:00");
        }
        return moment;
    }

    int whole(String name, int byDefault, int min, int max) {
        JsonNode node = field(name);
        if (node == null) {
            return byDefault;
        }
        try {
            int value = node.isTextual()
                    ? Integer.parseInt(node.textValue())
                    : node.isInt() ? node.intValue() : Integer.parseInt("none");
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        fault(name, "must be a whole number from " + min + " to " + max);
        return byDefault;
    }

    /** A whole number or null. */
    Integer whole(String name, int min, int max) {
        return field(name) == null ? null : Integer.valueOf(whole(name, min, min, max));
    }

    boolean flag(String name, boolean byDefault) {
        Boolean value = flag(name);
        return value == null ? byDefault : value;
    }

    /** True, false, or null when absent. */
    Boolean flag(String name) {
        JsonNode node = field(name);
        if (node == null) {
            return null;
        }
        if (!node.isBoolean()) {
            return fault(name, "must be true or false");
        }
        return node.booleanValue();
    }

    /** Names such as scopes; null when absent. */
    List<String> texts(String name) {
        JsonNode node = field(name);
        if (node == null) {
            return null;
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode item : node) {
            texts.add(item.asText());
        }
        if (!node.isArray() || !texts.stream().allMatch(text -> text.matches("[a-z0-9:._*-]{1,64}"))) {
            return fault(name, "must be a list of names");
        }
        return texts;
    }

    /** Notes a fault that the caller of this class found. */
    <T> T fault(String name, String message) {
        errors.putIfAbsent(name, message);
        return null;
    }

    /** @throws InvalidException when any field is at fault, or one was sent that nobody asked for */
    void check() {
        if (fields.isObject()) {
            for (Iterator<String> names = fields.fieldNames(); names.hasNext(); ) {
                String name = names.next();
                if (!known.contains(name)) {
                    errors.putIfAbsent(shown(name), "is not known here");
                }
            }
        }
        if (!errors.isEmpty()) {
            throw new InvalidException(errors);
        }
    }

    private JsonNode field(String name) {
        known.add(name);
        JsonNode node = fields.get(name);
        return node == null || node.isNull() || errors.containsKey(name) ? null : node;
    }

    /** PostgreSQL takes no NUL, UTF-8 no lone surrogate, and a terminal too much of the rest. */
    private static boolean unprintable(int codePoint) {
        int type = Character.getType(codePoint);
        return type == Character.CONTROL
                || type == Character.SURROGATE
                || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR;
    }

    private static String shown(String name) {
        return name.length() <= 64 ? name : name.substring(0, 64);
    }
}
