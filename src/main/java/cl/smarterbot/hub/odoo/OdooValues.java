package cl.smarterbot.hub.odoo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Turns Java values into the few types that both transports carry (null, Boolean, Long, BigInteger, Double, String,
 * List, Map) and checks the types of what comes back.
 */
final class OdooValues {
    private static final int DEEPEST = 32;
    private static final DateTimeFormatter DATE_TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");

    static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_LONG_FOR_INTS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    static {
        JSON.getFactory()
                .setStreamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(100)
                        .maxStringLength(Integer.MAX_VALUE)
                        .maxNumberLength(400)
                        .build());
    }

    private OdooValues() {}

    /**
     * The plain form of a value.
     *
     * @param path name of the field, for the error message
     * @throws OdooException of kind BAD_REQUEST when the value has no form that Odoo understands
     */
    static Object plain(Object value, String path) {
        return plain(value, path, 0);
    }

    private static Object plain(Object value, String path, int depth) {
        if (depth > DEEPEST) {
            throw OdooException.badRequest("the value of " + path + " is nested too deeply");
        }
        if (value == null || value instanceof Boolean) {
            return value;
        }
        if (value instanceof CharSequence || value instanceof Character || value instanceof UUID) {
            return clean(value.toString());
        }
        if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        }
        if (value instanceof BigInteger big) {
            return big.bitLength() < Long.SIZE ? (Object) big.longValue() : big;
        }
        if (value instanceof BigDecimal || value instanceof Double || value instanceof Float) {
            // Through the text, so that a float 0.1 stays 0.1.
            double number = Double.parseDouble(value.toString());
            if (Double.isNaN(number) || Double.isInfinite(number)) {
                throw OdooException.badRequest("the value of " + path + " is not a finite number");
            }
            return number;
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> copy = new LinkedHashMap<>();
            map.forEach((key, item) -> {
                String name = clean(String.valueOf(key));
                copy.put(name, plain(item, path.isEmpty() ? name : path + "." + name, depth + 1));
            });
            return copy;
        }
        if (value instanceof Collection<?> items) {
            List<Object> copy = new ArrayList<>(items.size());
            for (Object item : items) {
                copy.add(plain(item, path, depth + 1));
            }
            return copy;
        }
        if (value instanceof Object[] items) {
            return plain(List.of(items), path, depth);
        }
        return other(value, path, depth);
    }

    private static Object other(Object value, String path, int depth) {
        if (value instanceof JsonNode node) {
            return plain(JSON.convertValue(node, Object.class), path, depth + 1);
        }
        if (value instanceof Optional<?> optional) {
            return plain(optional.orElse(null), path, depth + 1);
        }
        if (value instanceof Enum<?> constant) {
            return constant.name();
        }
        if (value instanceof byte[] bytes) {
            // Odoo's binary fields want base64 as text and refuse XML-RPC's own base64 type.
            return Base64.getEncoder().encodeToString(bytes);
        }
        if (value instanceof LocalDate date) {
            return date.toString();
        }
        LocalDateTime utc = utc(value);
        if (utc != null) {
            return DATE_TIME.format(utc);
        }
        throw OdooException.badRequest("the value of " + path + " has the type "
                + value.getClass().getSimpleName() + ", which Odoo does not take");
    }

    private static LocalDateTime utc(Object value) {
        if (value instanceof Instant instant) {
            return LocalDateTime.ofInstant(instant, ZoneOffset.UTC);
        }
        if (value instanceof OffsetDateTime time) {
            return LocalDateTime.ofInstant(time.toInstant(), ZoneOffset.UTC);
        }
        if (value instanceof ZonedDateTime time) {
            return LocalDateTime.ofInstant(time.toInstant(), ZoneOffset.UTC);
        }
        if (value instanceof Date date) {
            return LocalDateTime.ofInstant(Instant.ofEpochMilli(date.getTime()), ZoneOffset.UTC);
        }
        return value instanceof LocalDateTime time ? time : null;
    }

    /** Removes what XML 1.0 cannot carry (control characters, NUL, lone surrogates): Odoo rejects the whole call otherwise. */
    static String clean(String text) {
        int i = 0;
        while (i < text.length()) {
            int point = text.codePointAt(i);
            if (!legal(point)) {
                break;
            }
            i += Character.charCount(point);
        }
        if (i == text.length()) {
            return text;
        }
        StringBuilder kept = new StringBuilder(text.length()).append(text, 0, i);
        while (i < text.length()) {
            int point = text.codePointAt(i);
            if (legal(point)) {
                kept.appendCodePoint(point);
            }
            i += Character.charCount(point);
        }
        return kept.toString();
    }

    private static boolean legal(int point) {
        return point == '\t'
                || point == '\n'
                || point == '\r'
                || (point >= 0x20 && point <= 0xD7FF)
                || (point >= 0xE000 && point <= 0xFFFD)
                || point >= 0x10000;
    }

    /** A domain, a context or another structure from JSON text. */
    static Object parseJson(String text, String what) {
        try {
            return JSON.readValue(text, Object.class);
        } catch (JsonProcessingException e) {
            throw OdooException.badRequest(what + " is not valid JSON");
        }
    }

    static long id(Object value, String what) {
        if (value instanceof Number number && number.longValue() == number.doubleValue() && number.longValue() > 0) {
            return number.longValue();
        }
        throw OdooException.permanent(
                OdooException.Kind.PROTOCOL, what + " should be a record id but is " + describe(value));
    }

    static long count(Object value, String what) {
        if (value instanceof Long number) {
            return number;
        }
        throw OdooException.permanent(
                OdooException.Kind.PROTOCOL, what + " should be a number but is " + describe(value));
    }

    static List<Long> ids(Object value, String what) {
        List<Long> ids = new ArrayList<>();
        for (Object item : list(value, what)) {
            ids.add(id(item, "an item of " + what));
        }
        return ids;
    }

    static List<?> list(Object value, String what) {
        if (value instanceof List<?> list) {
            return list;
        }
        throw OdooException.permanent(
                OdooException.Kind.PROTOCOL, what + " should be a list but is " + describe(value));
    }

    static List<Map<String, Object>> records(Object value, String what) {
        List<Map<String, Object>> records = new ArrayList<>();
        for (Object item : list(value, what)) {
            records.add(map(item, "an item of " + what));
        }
        return records;
    }

    static Map<String, Object> map(Object value, String what) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> copy = new LinkedHashMap<>();
            map.forEach((key, item) -> copy.put(String.valueOf(key), item));
            return copy;
        }
        throw OdooException.permanent(
                OdooException.Kind.PROTOCOL, what + " should be a struct but is " + describe(value));
    }

    private static String describe(Object value) {
        return value == null
                ? "null"
                : Boolean.FALSE.equals(value)
                        ? "false"
                        : "a " + value.getClass().getSimpleName();
    }
}
