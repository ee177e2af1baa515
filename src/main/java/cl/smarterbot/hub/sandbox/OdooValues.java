package cl.smarterbot.hub.sandbox;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Conversions between wire values and stored values, and Python's way to show them. */
final class OdooValues {
    static final DateTimeFormatter DATETIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");
    private static final Pattern EMAIL = Pattern.compile("[^\\s<>,;@\"]+@[^\\s<>,;@\"]+");
    private static final Pattern SCRIPT = Pattern.compile("(?is)<script.*?(</script>|$)");
    /** Signs that are text and no markup. */
    private static final Pattern LOOSE_AND = Pattern.compile("&(?!#?\\w+;)");

    private static final Pattern LOOSE_LESS = Pattern.compile("<(?![a-zA-Z/!])");
    private static final Pattern STAMP = Pattern.compile(
            "(\\d{4}-\\d\\d-\\d\\d)(?:[ T](\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,6})?)?))?(Z|[+-]\\d\\d:?\\d\\d)?");

    private OdooValues() {}

    static boolean truthy(Object value) {
        if (value == null || Boolean.FALSE.equals(value)) {
            return false;
        }
        if (value instanceof Number number) {
            return number.doubleValue() != 0;
        }
        if (value instanceof String text) {
            return !text.isEmpty();
        }
        if (value instanceof Collection<?> list) {
            return !list.isEmpty();
        }
        return !(value instanceof Map<?, ?> map) || !map.isEmpty();
    }

    static String repr(Object value) {
        if (value == null) {
            return "None";
        }
        if (value instanceof Boolean flag) {
            return flag ? "True" : "False";
        }
        if (value instanceof String text) {
            return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'";
        }
        if (value instanceof Double number) {
            return XmlRpc.plain(number);
        }
        if (value instanceof List<?> list) {
            return "[" + String.join(", ", list.stream().map(OdooValues::repr).toList()) + "]";
        }
        if (value instanceof Map<?, ?> map) {
            return "{"
                    + String.join(
                            ", ",
                            map.entrySet().stream()
                                    .map(e -> repr(e.getKey()) + ": " + repr(e.getValue()))
                                    .toList())
                    + "}";
        }
        return value.toString();
    }

    static String tuple(List<?> items) {
        return "(" + String.join(", ", items.stream().map(OdooValues::repr).toList()) + ")";
    }

    /** Stored form of a value given to create or write. */
    static Object store(OdooEnv env, OdooModel model, OdooField field, Object value, Object old) {
        boolean none = value == null || Boolean.FALSE.equals(value);
        switch (field.type) {
            case BOOLEAN:
                return truthy(value);
            case INTEGER:
                return none ? 0 : integer(value);
            case FLOAT, MONETARY:
                return none ? 0.0 : decimal(value);
            case MANY2MANY:
                return many(env, field, value, old);
            default:
                break;
        }
        if (none) {
            return null;
        }
        switch (field.type) {
            case BINARY:
                if (value instanceof XmlRpc.Special) {
                    throw OdooFault.user("Image is not encoded in base64.");
                }
                return text(value);
            case HTML:
                return html(text(value));
            case SELECTION:
                if (!(value instanceof String) || !field.selection.isEmpty() && !field.selection.containsKey(value)) {
                    throw OdooFault.value("Wrong value for " + model.name + "." + field.name + ": " + repr(value));
                }
                return value;
            case DATE: {
                String text = text(value);
                try {
                    return LocalDate.parse(text.length() > 10 ? text.substring(0, 10) : text);
                } catch (DateTimeException e) {
                    throw OdooFault.value("time data " + repr(text) + " does not match format '%Y-%m-%d'");
                }
            }
            case DATETIME:
                try {
                    return LocalDateTime.parse(text(value), DATETIME);
                } catch (DateTimeException e) {
                    throw OdooFault.value(
                            "time data " + repr(text(value)) + " does not match format '%Y-%m-%d %H:%M:%S'");
                }
            case MANY2ONE: {
                Object id = value instanceof List<?> pair && !pair.isEmpty() ? pair.get(0) : value;
                if (!(id instanceof Integer number)) {
                    throw OdooFault.error(
                            "psycopg2.errors.InvalidTextRepresentation",
                            "invalid input syntax for type integer: \"" + id + "\"");
                }
                if (!env.store.model(field.relation).records.containsKey(number)) {
                    throw OdooFault.validation(
                            "The operation cannot be completed: another model requires the record being"
                                    + " deleted. If possible, archive it instead.\n\nModel: " + model.label + " ("
                                    + model.name
                                    + ")\nConstraint: " + model.name.replace('.', '_') + "_" + field.name + "_fkey\n");
                }
                return number;
            }
            default:
                return text(value);
        }
    }

    private static String text(Object value) {
        if (value instanceof XmlRpc.Special special) {
            return special.text();
        }
        String text = value instanceof String string ? string : repr(value);
        if (text.indexOf('\0') >= 0) {
            throw OdooFault.value("A string literal cannot contain NUL (0x00) characters.");
        }
        return text;
    }

    static Integer integer(Object value) {
        if (value instanceof Integer number) {
            return number;
        }
        if (value instanceof Boolean flag) {
            return flag ? 1 : 0;
        }
        if (value instanceof Double number && Math.abs(number) <= Integer.MAX_VALUE) {
            return number.intValue();
        }
        if (value instanceof Number) {
            throw OdooFault.error("psycopg2.errors.NumericValueOutOfRange", "integer out of range");
        }
        try {
            return Integer.valueOf(String.valueOf(value).trim());
        } catch (NumberFormatException e) {
            throw OdooFault.value("invalid literal for int() with base 10: " + repr(value));
        }
    }

    static Double decimal(Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        if (value instanceof Boolean flag) {
            return flag ? 1.0 : 0.0;
        }
        try {
            return Double.valueOf(String.valueOf(value).trim());
        } catch (NumberFormatException e) {
            throw OdooFault.value("could not convert string to float: " + repr(value));
        }
    }

    private static List<Integer> many(OdooEnv env, OdooField field, Object value, Object old) {
        LinkedHashSet<Integer> ids = new LinkedHashSet<>();
        if (old instanceof List<?> before) {
            before.forEach(id -> ids.add((Integer) id));
        }
        if (!truthy(value)) {
            return List.of();
        }
        if (!(value instanceof List<?> commands)) {
            throw OdooFault.value("Wrong value for " + field.name + ": " + repr(value));
        }
        boolean plain = commands.stream().allMatch(Integer.class::isInstance);
        if (plain) {
            ids.clear();
        }
        for (Object item : commands) {
            if (plain) {
                ids.add((Integer) item);
            } else if (item instanceof List<?> command
                    && !command.isEmpty()
                    && command.get(0) instanceof Integer code) {
                switch (code) {
                    case 2, 3 -> ids.remove(command.get(1));
                    case 4 -> ids.add(integer(command.get(1)));
                    case 5 -> ids.clear();
                    case 6 -> {
                        ids.clear();
                        ((List<?>) command.get(2)).forEach(id -> ids.add(integer(id)));
                    }
                    default -> throw OdooFault.value("Wrong value for " + field.name + ": " + repr(value));
                }
            } else {
                throw OdooFault.value("Wrong value for " + field.name + ": " + repr(value));
            }
        }
        OdooModel target = env.store.model(field.relation);
        for (Integer id : ids) {
            if (!target.records.containsKey(id)) {
                throw OdooFault.of(
                        OdooFault.Kind.MISSING,
                        "Record does not exist or has been deleted.\n(Record: " + target.name + "(" + id + ",), User: "
                                + env.user.id() + ")");
            }
        }
        return new ArrayList<>(ids);
    }

    /** Odoo sanitizes: plain text becomes a paragraph, scripts go. */
    static String html(String text) {
        String clean = SCRIPT.matcher(text).replaceAll("");
        clean = LOOSE_LESS.matcher(LOOSE_AND.matcher(clean).replaceAll("&amp;")).replaceAll("&lt;");
        return clean.isBlank() || clean.stripLeading().startsWith("<") ? clean : "<p>" + clean + "</p>";
    }

    /** Lower-cased address if the text holds exactly one, otherwise null. */
    static String normalizedEmail(Object text) {
        if (!(text instanceof String email)) {
            return null;
        }
        Matcher matcher = EMAIL.matcher(email);
        if (!matcher.find()) {
            return null;
        }
        String found = matcher.group().toLowerCase(Locale.ROOT);
        return matcher.find() ? null : found;
    }

    /** A date or datetime literal of a domain. Odoo 19 takes no zone, earlier ones leave it to PostgreSQL. */
    static LocalDateTime stamp(OdooEnv env, Object value) {
        String text = String.valueOf(value);
        Matcher matcher = STAMP.matcher(text);
        try {
            if (matcher.matches()) {
                if (matcher.group(3) != null && env.version >= 19) {
                    throw OdooFault.value("expecting only datetimes with no timezone: " + repr(text));
                }
                LocalDate day = LocalDate.parse(matcher.group(1));
                return matcher.group(2) == null
                        ? day.atStartOfDay()
                        : LocalDateTime.parse(day + "T" + matcher.group(2));
            }
        } catch (DateTimeException e) {
            // Falls through to the same refusal as any other text which is no date.
        }
        if (env.version >= 19) {
            throw OdooFault.value("Invalid isoformat string: " + repr(text));
        }
        throw OdooFault.error(
                "psycopg2.errors.InvalidDatetimeFormat", "invalid input syntax for type timestamp: \"" + text + "\"");
    }
}
