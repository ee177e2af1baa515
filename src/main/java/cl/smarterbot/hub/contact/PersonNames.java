package cl.smarterbot.hub.contact;

import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Names as people type them in a hurry, in the form that a letter would have. */
public final class PersonNames {

    private static final int LONGEST = 200;
    private static final Set<String> PARTICLES = Set.of(
            "de", "del", "la", "las", "lo", "los", "el", "y", "e", "i", "van", "von", "der", "den", "da", "das", "do",
            "dos", "di", "du");
    private static final Set<String> NUMERALS = Set.of("ii", "iii", "iv", "vi", "vii", "viii");
    /** What a company's name may end with. */
    private static final Map<String, String> LEGAL_FORMS =
            Map.of("spa", "SpA", "eirl", "EIRL", "e.i.r.l.", "E.I.R.L.", "sa", "SA", "s.a.", "S.A.", "s.a", "S.A");

    private PersonNames() {}

    /**
     * A name without needless blanks and invisible direction marks; all capitals or all small letters become capitalised words
     * ({@code JUAN DE LA CRUZ O'HIGGINS} is {@code Juan de la Cruz O'Higgins}). What has both is as its owner wants it and stays,
     * as does what is not a mere name: markup, addresses.
     *
     * @param name free text of any length; may be null
     * @return at most 200 characters (code points); null if nothing visible is left
     */
    public static String tidy(String name) {
        if (name == null) {
            return null;
        }
        String clean = oneLine(name);
        if (clean.isEmpty()) {
            return null;
        }
        return shouted(clean) ? capitalised(clean) : clean;
    }

    private static String oneLine(String name) {
        StringBuilder clean = new StringBuilder(Math.min(name.length(), LONGEST));
        boolean blank = false;
        int length = 0;
        for (int i = 0; i < name.length() && length < LONGEST; ) {
            int c = name.codePointAt(i);
            i += Character.charCount(c);
            if (Character.isWhitespace(c) || Character.isSpaceChar(c) || Character.isISOControl(c)) {
                blank = true;
            } else if (!invisible(c)) {
                if (blank && length > 0) {
                    clean.append(' ');
                    length++;
                }
                if (length < LONGEST) {
                    clean.appendCodePoint(c);
                    length++;
                }
                blank = false;
            }
        }
        return clean.toString().strip();
    }

    /** Direction marks turn the text around them; a joiner stays, emoji are made with it. */
    private static boolean invisible(int c) {
        return c >= 0x202a && c <= 0x202e
                || c >= 0x2066 && c <= 0x2069
                || c == 0x200b
                || c == 0x200e
                || c == 0x200f
                || c == 0x061c
                || c == 0xfeff;
    }

    private static boolean shouted(String name) {
        boolean upper = false;
        boolean lower = false;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '<' || c == '>' || c == '&' || c == '@' || c == '/' || c == '\\' || c == '{') {
                return false;
            }
            upper |= Character.isUpperCase(c);
            lower |= Character.isLowerCase(c);
        }
        return upper != lower;
    }

    /** Words of one kind of letters with capitals where names have them. */
    static String capitalised(String words) {
        String[] parts = words.toLowerCase(Locale.ROOT).split(" ");
        StringBuilder out = new StringBuilder(words.length());
        for (int i = 0; i < parts.length; i++) {
            if (i > 0) {
                out.append(' ');
            }
            if (i > 0 && i == parts.length - 1 && LEGAL_FORMS.containsKey(parts[i])) {
                out.append(LEGAL_FORMS.get(parts[i]));
            } else if (i > 0 && NUMERALS.contains(parts[i])) {
                out.append(parts[i].toUpperCase(Locale.ROOT));
            } else if (i > 0 && PARTICLES.contains(parts[i])) {
                out.append(parts[i]);
            } else {
                capitalise(parts[i], out);
            }
        }
        // Lower-casing can lengthen a text by a combining dot.
        return out.codePointCount(0, out.length()) <= LONGEST
                ? out.toString()
                : out.substring(0, out.offsetByCodePoints(0, LONGEST));
    }

    private static void capitalise(String word, StringBuilder out) {
        boolean capital = true;
        int letters = 0;
        for (int i = 0; i < word.length(); ) {
            int c = word.codePointAt(i);
            i += Character.charCount(c);
            boolean letter = Character.isLetter(c);
            out.appendCodePoint(letter && capital ? Character.toTitleCase(c) : c);
            if (letter) {
                letters++;
                // McDonald, but not Mc alone.
                capital = letters == 2 && word.startsWith("mc") && word.length() > 3 && c == 'c';
            } else {
                // Ana-María; S.A.; O'Higgins and D'Angelo, but not Mario's.
                capital = c == '-'
                        || c == '.'
                        || c == '('
                        || letters == 0
                        || letters == 1 && (c == '\'' || c == '\u2019');
                letters = capital ? 0 : letters;
            }
        }
    }
}
