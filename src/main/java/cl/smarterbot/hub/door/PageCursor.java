package cl.smarterbot.hub.door;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/**
 * Where a page of a list ended, as opaque text. It carries a check over its content and the list, so that a damaged cursor, one
 * of another list or one that was made up is told instead of answered with a wrong page. It is no secret and no permission:
 * row-level security decides what is seen.
 */
public final class PageCursor {

    private static final byte VERSION = 2;
    private static final int CHECK = 8;

    private PageCursor() {}

    /**
     * @param place the last row of the page
     * @param list what the cursor is of: which list, tenant and filter
     */
    public static String text(byte[] place, String list) {
        byte[] content =
                ByteBuffer.allocate(1 + place.length).put(VERSION).put(place).array();
        byte[] all = Arrays.copyOf(content, content.length + CHECK);
        System.arraycopy(check(content, list), 0, all, content.length, CHECK);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(all);
    }

    /** The place, empty if the text is no cursor of that list with a place of {@code length} bytes. */
    public static Optional<ByteBuffer> parse(String text, String list, int length) {
        byte[] all;
        try {
            all = Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        if (all.length != 1 + length + CHECK || all[0] != VERSION) {
            return Optional.empty();
        }
        byte[] content = Arrays.copyOf(all, 1 + length);
        if (!MessageDigest.isEqual(check(content, list), Arrays.copyOfRange(all, content.length, all.length))) {
            return Optional.empty();
        }
        byte[] place = Arrays.copyOfRange(content, 1, content.length);
        // One spelling for each cursor.
        return text(place, list).equals(text) ? Optional.of(ByteBuffer.wrap(place)) : Optional.empty();
    }

    /** What is told of a cursor that is none of the list. */
    public static Problem.Invalid invalid() {
        return new Problem.Invalid(
                "cursor", "cursor", "No corresponde a esta lista. Vuelva a pedir la primera página.");
    }

    private static byte[] check(byte[] content, String list) {
        try {
            MessageDigest hash = MessageDigest.getInstance("SHA-256");
            hash.update("cursor\n".getBytes(StandardCharsets.UTF_8));
            hash.update(content);
            return Arrays.copyOf(hash.digest(list.getBytes(StandardCharsets.UTF_8)), CHECK);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
