package cl.smarterbot.hub.door;

import java.util.List;
import java.util.regex.Pattern;

/** The query parameter {@code limit} of every list: how many rows a page has. */
public final class PageLimit {

    private static final int DEFAULT = 50;
    private static final int MOST = 100;
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    private PageLimit() {}

    /**
     * @param text what was sent; null for nothing
     * @param invalid takes the problem, if there is one
     * @return 1 to 100 if there is none
     */
    public static int read(String text, List<Problem.Invalid> invalid) {
        if (text == null) {
            return DEFAULT;
        }
        int limit = NUMBER.matcher(text).matches() ? Integer.parseInt(text) : 0;
        if (limit < 1 || limit > MOST) {
            invalid.add(new Problem.Invalid("limit", "range", "Debe ser un número de 1 a " + MOST + "."));
        }
        return limit;
    }
}
