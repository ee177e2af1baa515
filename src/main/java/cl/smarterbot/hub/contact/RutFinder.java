package cl.smarterbot.hub.contact;

import cl.smarterbot.hub.tenancy.InvalidRutException;
import cl.smarterbot.hub.tenancy.Rut;

/** Finds a RUT in what somebody wrote. */
public final class RutFinder {

    private static final int FEWEST_DIGITS = 7;
    private static final int MOST_DIGITS = 8;
    /** How far before a number the word RUT may stand. */
    private static final int LABEL_REACH = 8;

    private RutFinder() {}

    /**
     * The first RUT that has the right check digit: {@code 76.000.012-4}, {@code 76000012-4}, {@code 76123403K}; plain digits
     * only behind the word RUT, for they may as well be a phone number. A part of a longer number, of a code or of a phone number
     * is none, nor is a body of less than seven digits.
     *
     * @param text of any length; may be null. Each character is looked at a few times at most
     * @return canonical form, or null
     */
    public static String first(CharSequence text) {
        if (text == null) {
            return null;
        }
        int length = text.length();
        for (int i = 0; i < length; i++) {
            if (!digit(text.charAt(i))) {
                continue;
            }
            int end = endOfRun(text, i);
            if (standsAlone(text, i)) {
                String rut = at(text, i);
                if (rut != null) {
                    return rut;
                }
            }
            i = end;
        }
        return null;
    }

    /** The first index behind digits and the dots between them. */
    private static int endOfRun(CharSequence text, int from) {
        int i = from;
        while (i < text.length() && (digit(text.charAt(i)) || text.charAt(i) == '.')) {
            i++;
        }
        return i;
    }

    private static boolean standsAlone(CharSequence text, int at) {
        if (at == 0) {
            return true;
        }
        char before = text.charAt(at - 1);
        if (Character.isLetterOrDigit(before)
                || before == '+'
                || before == ','
                || before == '_'
                || before == '$'
                || before == '/'
                || before == '#'
                || before == '@'
                || dash(before)) {
            return false;
        }
        if (before != ' ' && before != '\u00a0') {
            return true;
        }
        // "+56 9 8765432-1": a short group of digits before it makes it the rest of a phone number.
        int i = at - 1;
        int digits = 0;
        while (i > 0 && digits < FEWEST_DIGITS && digit(text.charAt(i - 1))) {
            i--;
            digits++;
        }
        return digits == 0 ? i == 0 || text.charAt(i - 1) != ')' : digits == FEWEST_DIGITS;
    }

    private static String at(CharSequence text, int from) {
        int limit = Math.min(text.length(), from + 16);
        StringBuilder body = new StringBuilder(MOST_DIGITS + 1);
        int i = from;
        boolean dots = false;
        int group = 0;
        while (i < limit) {
            char c = text.charAt(i);
            if (digit(c)) {
                body.append(c);
                group++;
            } else if (c == '.' && i + 1 < limit && digit(text.charAt(i + 1))) {
                // Groups of three, the first one shorter.
                if (dots ? group != 3 : group > 3) {
                    return null;
                }
                dots = true;
                group = 0;
            } else {
                break;
            }
            i++;
        }
        if (dots && group != 3) {
            return null;
        }
        int digits = body.length();
        int check = i;
        while (check < limit && text.charAt(check) == ' ' && check < i + 1) {
            check++;
        }
        if (check < limit && dash(text.charAt(check))) {
            check++;
            while (check < limit && text.charAt(check) == ' ' && check < i + 3) {
                check++;
            }
            return digits >= FEWEST_DIGITS && digits <= MOST_DIGITS ? checked(text, body, check) : null;
        }
        if (i < limit && digits >= FEWEST_DIGITS && digits <= MOST_DIGITS && isK(text.charAt(i))) {
            return checked(text, body, i);
        }
        // Eight plain digits are left alone: the check digit may be the one that is missing.
        if (!dots && digits == MOST_DIGITS + 1 && labelled(text, from)) {
            body.setLength(MOST_DIGITS);
            return checked(text, body, i - 1);
        }
        return null;
    }

    private static String checked(CharSequence text, StringBuilder body, int check) {
        if (check >= text.length() || body.charAt(0) == '0') {
            return null;
        }
        char digit = text.charAt(check);
        if (!digit(digit) && !isK(digit) || continues(text, check + 1)) {
            return null;
        }
        try {
            return Rut.parse(body.append('-').append(digit).toString()).value();
        } catch (InvalidRutException e) {
            return null;
        }
    }

    /** Whether a code or number goes on here, so that what is before is only a part of it. */
    private static boolean continues(CharSequence text, int at) {
        if (at >= text.length()) {
            return false;
        }
        char c = text.charAt(at);
        boolean joint = c == '.' || c == ',' || c == '/' || dash(c);
        return Character.isLetterOrDigit(c)
                || c == '_'
                || joint && at + 1 < text.length() && Character.isLetterOrDigit(text.charAt(at + 1));
    }

    private static boolean labelled(CharSequence text, int from) {
        int letters = 0;
        for (int i = from - 1; i >= Math.max(0, from - LABEL_REACH); i--) {
            char c = Character.toLowerCase(text.charAt(i));
            if (c == "tur".charAt(letters)) {
                if (++letters == 3) {
                    return i == 0 || !Character.isLetterOrDigit(text.charAt(i - 1));
                }
            } else if (letters > 0 && c != '.' || letters == 0 && Character.isLetterOrDigit(c)) {
                return false;
            }
        }
        return false;
    }

    private static boolean digit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isK(char c) {
        return c == 'k' || c == 'K';
    }

    private static boolean dash(char c) {
        return c == '-' || c >= '\u2010' && c <= '\u2015' || c == '\u2212';
    }
}
