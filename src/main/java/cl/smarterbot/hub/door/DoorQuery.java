package cl.smarterbot.hub.door;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The query of a request, read as HTML forms write it. A door that declares parameters takes those, each at most once, and
 * nothing else: a misspelt filter must not look like no filter.
 */
final class DoorQuery {

    private static final int LONGEST_NAME_TOLD = 40;
    private static final int MOST_TOLD = 20;

    private DoorQuery() {}

    /**
     * @param query raw query; null for none
     * @param declared names that the door takes
     * @return the values by name; an empty value counts as given
     * @throws ProblemException 400 if an escape is broken, 422 with every name that is undeclared or repeated
     */
    static Map<String, String> read(String query, List<String> declared) {
        Map<String, String> values = new TreeMap<>();
        List<Problem.Invalid> invalid = new ArrayList<>();
        if (query == null || query.isEmpty()) {
            return values;
        }
        for (String pair : query.split("&")) {
            if (pair.isEmpty()) {
                continue;
            }
            int equals = pair.indexOf('=');
            String name = decode(equals < 0 ? pair : pair.substring(0, equals));
            String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
            if (!declared.contains(name)) {
                invalid.add(new Problem.Invalid(told(name), "unknown", "No se conoce este parámetro."));
            } else if (values.putIfAbsent(name, value) != null) {
                invalid.add(new Problem.Invalid(name, "repeated", "Se envió más de una vez."));
            } else if (value.chars().anyMatch(Character::isISOControl)) {
                invalid.add(new Problem.Invalid(name, "characters", "Contiene caracteres que no son válidos."));
            }
        }
        if (!invalid.isEmpty()) {
            throw new ProblemException(Problem.invalidParameters(
                    invalid.stream().distinct().limit(MOST_TOLD).toList()));
        }
        return values;
    }

    /** A name that the sender made up, cut and without what a log or a terminal could take for its own. */
    static String told(String name) {
        String cut = name.codePointCount(0, name.length()) > LONGEST_NAME_TOLD
                ? name.substring(0, name.offsetByCodePoints(0, LONGEST_NAME_TOLD)) + "…"
                : name;
        return cut.replaceAll("[\\p{Cntrl}\\p{Cs}\\u2028\\u2029]", "?");
    }

    private static String decode(String text) {
        if (text.indexOf('%') < 0 && text.indexOf('+') < 0 && text.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
            return text;
        }
        ByteBuffer bytes = ByteBuffer.allocate(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '%') {
                boolean whole = i + 2 < text.length();
                int high = whole ? hex(text.charAt(i + 1)) : -1;
                int low = whole ? hex(text.charAt(i + 2)) : -1;
                if (high < 0 || low < 0) {
                    throw new ProblemException(Problem.malformed());
                }
                bytes.put((byte) (high << 4 | low));
                i += 2;
            } else if (c > 0x20 && c < 0x7f) {
                bytes.put((byte) (c == '+' ? ' ' : c));
            } else {
                // What is not ASCII comes escaped.
                throw new ProblemException(Problem.malformed());
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        } catch (CharacterCodingException e) {
            throw new ProblemException(Problem.malformed());
        }
    }

    /** ASCII only: {@link Character#digit} also takes digits of other scripts. */
    private static int hex(char c) {
        return c < 0x80 ? Character.digit(c, 16) : -1;
    }
}
