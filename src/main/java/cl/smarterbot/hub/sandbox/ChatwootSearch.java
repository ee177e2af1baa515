package cl.smarterbot.hub.sandbox;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Contacts by any part of their texts. A part with {@code @} or {@code +} in it, such as an address or a phone number, is
 * found by an index; any other is looked for in every contact.
 */
final class ChatwootSearch {
    /** Key: the text before an {@code @}, backwards, then a mark and the contact's id. */
    private final NavigableMap<String, ChatwootContact> beforeAt = new TreeMap<>();

    /** Key: the text after a {@code +}, then a mark and the contact's id. */
    private final NavigableMap<String, ChatwootContact> afterPlus = new TreeMap<>();

    void add(ChatwootContact contact) {
        each(contact, beforeAt::put, afterPlus::put);
    }

    void remove(ChatwootContact contact) {
        each(contact, (key, same) -> beforeAt.remove(key), (key, same) -> afterPlus.remove(key));
    }

    private interface Entry {
        void at(String key, ChatwootContact contact);
    }

    private static void each(ChatwootContact contact, Entry before, Entry after) {
        for (String text : contact.texts()) {
            if (text == null) {
                continue;
            }
            String low = text.toLowerCase(Locale.ROOT);
            for (int i = low.indexOf('@'); i >= 0; i = low.indexOf('@', i + 1)) {
                before.at(backwards(low.substring(0, i)) + '\0' + contact.id, contact);
            }
            for (int i = low.indexOf('+'); i >= 0; i = low.indexOf('+', i + 1)) {
                after.at(low.substring(i + 1) + '\0' + contact.id, contact);
            }
        }
    }

    private static String backwards(String text) {
        return new StringBuilder(text).reverse().toString();
    }

    /**
     * Those that may match; {@code all} if no index narrows them down.
     *
     * @param part what is looked for; {@code %} and {@code _} in it stand for anything, as they do in Chatwoot
     */
    Collection<ChatwootContact> candidates(String part, Collection<ChatwootContact> all) {
        String low = part.toLowerCase(Locale.ROOT);
        int at = low.indexOf('@');
        if (at > 0) {
            int start = Math.max(low.lastIndexOf('%', at), low.lastIndexOf('_', at)) + 1;
            if (start < at) {
                return within(beforeAt, backwards(low.substring(start, at)));
            }
        }
        int plus = low.lastIndexOf('+');
        if (plus >= 0) {
            int end = plus + 1;
            while (end < low.length() && low.charAt(end) != '%' && low.charAt(end) != '_') {
                end++;
            }
            if (end > plus + 1) {
                return within(afterPlus, low.substring(plus + 1, end));
            }
        }
        return all;
    }

    private static Set<ChatwootContact> within(NavigableMap<String, ChatwootContact> index, String start) {
        return new LinkedHashSet<>(
                index.subMap(start, true, start + Character.MAX_VALUE, false).values());
    }

    /** Whether any text of a contact has the part in it. */
    static Predicate<ChatwootContact> matcher(String part) {
        boolean wild = part.indexOf('%') >= 0 || part.indexOf('_') >= 0;
        Predicate<String> folded;
        Predicate<String> exact;
        if (wild) {
            folded = pattern(part, Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);
            exact = pattern(part, 0);
        } else {
            String low = part.toLowerCase(Locale.ROOT);
            folded = text -> text.toLowerCase(Locale.ROOT).contains(low);
            exact = text -> text.contains(part);
        }
        return contact -> test(contact.name, folded)
                || test(contact.email, folded)
                || test(contact.phone, folded)
                || test(contact.identifier, exact);
    }

    private static boolean test(String text, Predicate<String> matches) {
        return text != null && matches.test(text);
    }

    private static Predicate<String> pattern(String part, int flags) {
        StringBuilder regex = new StringBuilder();
        for (char c : part.toCharArray()) {
            regex.append(c == '%' ? ".*" : c == '_' ? "." : Pattern.quote(String.valueOf(c)));
        }
        return Pattern.compile(regex.toString(), flags | Pattern.DOTALL).asPredicate();
    }
}
