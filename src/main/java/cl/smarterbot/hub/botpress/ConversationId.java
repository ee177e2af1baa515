package cl.smarterbot.hub.botpress;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * The name under which a bot knows a conversation and its person: {@code cw-<source>-<mark of the tenant>}. The source is
 * readable when it is numbers, such as account, contact and conversation; anything else, such as an address, is only its hash.
 */
final class ConversationId {
    private static final Pattern PLAIN = Pattern.compile("[0-9]{1,18}(-[0-9]{1,18}){0,3}");
    private static final int MARK = 8;
    private static final int HASH = 32;

    private ConversationId() {}

    /**
     * The id.
     *
     * @param tenant canonical RUT: two tenants with one bot never share a session
     * @param source what the option {@code conversation} gave; not blank
     */
    static String of(String tenant, String source) {
        String text = source.strip();
        String bare = text.startsWith("cw-") ? text.substring(3) : text;
        return "cw-" + (PLAIN.matcher(bare).matches() ? bare : hash(text, HASH)) + "-" + hash(tenant, MARK);
    }

    private static String hash(String text, int digits) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)))
                    .substring(0, digits);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
