package cl.smarterbot.hub.resend;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;
import java.util.regex.Pattern;

/** E-mail addresses: their one form for comparison, and what stands for them where they must not be kept. */
final class Addresses {

    /** One address and nothing that could make it two, or a header. */
    private static final Pattern PLAIN =
            Pattern.compile("[^\\s@<>()\\[\\],;:\"\\\\\\p{Cntrl}]{1,64}@[^\\s@<>()\\[\\],;:\"\\\\\\p{Cntrl}]{1,253}");

    private Addresses() {}

    static boolean isPlain(String address) {
        return address != null
                && address.length() <= 254
                && PLAIN.matcher(address).matches();
    }

    /** The address in {@code Name <address>}, or the text itself. */
    static String inside(String mailbox) {
        int open = mailbox.lastIndexOf('<');
        int close = mailbox.lastIndexOf('>');
        return (open >= 0 && close > open ? mailbox.substring(open + 1, close) : mailbox).trim();
    }

    /** SHA-256 of the address in lower case. */
    static byte[] hash(String address) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest(address.trim().toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is in every Java", e);
        }
    }
}
