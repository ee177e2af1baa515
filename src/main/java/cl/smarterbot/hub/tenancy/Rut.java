package cl.smarterbot.hub.tenancy;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A Chilean tax id in canonical form: no dots, one dash, upper-case K, no leading zeros ({@code 76000012-4}).
 *
 * <p>The check digit is modulo 11: the digits of the body, from the right, times 2, 3, 4, 5, 6, 7, 2, 3 and so on; eleven minus
 * the remainder, where 11 is written {@code 0} and 10 is written {@code K}.
 */
public final class Rut implements Comparable<Rut> {
    private static final Pattern COMPACT = Pattern.compile("0*[0-9]{1,8}[0-9K]");
    private static final Pattern CANONICAL = Pattern.compile("(?:[1-9][0-9]{0,7}|00000000)-[0-9K]");
    // A body of zeros cannot lose its leading zeros; this is how the user's placeholder tenant is written.
    private static final String ZERO_BODY = "00000000";

    private final String value;

    private Rut(String value) {
        this.value = value;
    }

    /**
     * Reads a RUT of a person or company (body of 1 to 8 digits).
     *
     * @throws InvalidRutException if the text is null, not a RUT, or has the wrong check digit
     */
    public static Rut parse(String text) {
        return parse(text, RutPolicy.STRICT);
    }

    /** As {@link #parse(String)}, but the ids of {@code policy} pass whatever their check digit is. */
    public static Rut parse(String text, RutPolicy policy) {
        return checked(canonicalShape(text), policy);
    }

    /**
     * Reads the RUT of a tenant (body of 7 or 8 digits).
     *
     * @throws InvalidRutException if the text is null, not a company's RUT, or has the wrong check digit
     */
    public static Rut parseTenant(String text) {
        return parseTenant(text, RutPolicy.STRICT);
    }

    /** As {@link #parseTenant(String)}, but the ids of {@code policy} pass whatever their check digit is. */
    public static Rut parseTenant(String text, RutPolicy policy) {
        String canonical = canonicalShape(text);
        if (canonical.length() < "1234567-8".length()) {
            throw new InvalidRutException("a tenant's RUT has 7 or 8 digits before the check digit");
        }
        return checked(canonical, policy);
    }

    /**
     * The check digit for a body.
     *
     * @param body 1 to 99,999,999
     * @return {@code 0} to {@code 9} or {@code K}
     */
    public static char checkDigit(int body) {
        if (body < 1 || body > 99_999_999) {
            throw new InvalidRutException("the body of a RUT is 1 to 99999999");
        }
        int sum = 0;
        int factor = 2;
        for (int rest = body; rest > 0; rest /= 10) {
            sum += rest % 10 * factor;
            factor = factor == 7 ? 2 : factor + 1;
        }
        int digit = 11 - sum % 11;
        return digit == 11 ? '0' : digit == 10 ? 'K' : (char) ('0' + digit);
    }

    static boolean isCanonicalShape(String text) {
        return text != null && CANONICAL.matcher(text).matches();
    }

    static String canonicalShape(String text) {
        if (text == null) {
            throw new InvalidRutException("a RUT is required");
        }
        // No spelling of eight digits needs more; keeps hostile input short.
        if (text.length() > 40) {
            throw new InvalidRutException("too long for a RUT");
        }
        StringBuilder kept = new StringBuilder(text.length());
        boolean endsWithDash = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isDash(c)) {
                endsWithDash = true;
            } else if (c != '.' && !Character.isWhitespace(c) && !Character.isSpaceChar(c)) {
                endsWithDash = false;
                kept.append(c == 'k' ? 'K' : c);
            }
        }
        // "76123403-" lacks its check digit; without the dash it would be read as 7612340-3, which is another company.
        if (endsWithDash || !COMPACT.matcher(kept).matches()) {
            throw new InvalidRutException("not a RUT: up to 8 digits, a dash and a check digit (0-9 or K)");
        }
        int body = Integer.parseInt(kept, 0, kept.length() - 1, 10);
        return (body == 0 ? ZERO_BODY : Integer.toString(body)) + '-' + kept.charAt(kept.length() - 1);
    }

    private static Rut checked(String canonical, RutPolicy policy) {
        int body = Integer.parseInt(canonical, 0, canonical.length() - 2, 10);
        char digit = canonical.charAt(canonical.length() - 1);
        if (body == 0) {
            if (!policy.allows(canonical)) {
                throw new InvalidRutException("a RUT of zeros is a placeholder");
            }
        } else if (checkDigit(body) != digit && !policy.allows(canonical)) {
            throw new InvalidRutException("the check digit of the RUT is wrong");
        }
        return new Rut(canonical);
    }

    private static boolean isDash(char c) {
        return c == '-' || c >= '\u2010' && c <= '\u2015' || c == '\u2212';
    }

    /** The canonical form. */
    public String value() {
        return value;
    }

    @Override
    public int compareTo(Rut other) {
        return value.compareTo(other.value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Rut rut && rut.value.equals(value);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(value);
    }

    /** The canonical form. Mind that a person's RUT is personal data. */
    @Override
    public String toString() {
        return value;
    }
}
