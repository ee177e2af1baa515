package cl.smarterbot.hub.storage;

import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** What may be stored. */
public final class StorageLimits {

    private static final Pattern TYPE = Pattern.compile("[a-z0-9][a-z0-9.+-]*/([a-z0-9][a-z0-9.+-]*|\\*)");
    private static final long MOST = 1L << 30;

    private final int maxBytes;
    private final Set<String> types;
    private final Duration timeout;

    /**
     * @param maxBytes of one file, at most 1 GB
     * @param types media types such as {@code application/pdf}, or {@code audio/*} for all of a kind
     * @param timeout for getting one file, and for storing it
     * @throws IllegalArgumentException naming each setting that is wrong
     */
    public StorageLimits(long maxBytes, Collection<String> types, Duration timeout) {
        Set<String> allowed = new TreeSet<>();
        Set<String> wrong = new TreeSet<>();
        for (String type : types) {
            String word = type.strip().toLowerCase(Locale.ROOT);
            (TYPE.matcher(word).matches() ? allowed : wrong).add(word);
        }
        if (maxBytes < 1 || maxBytes > MOST || !wrong.isEmpty() || timeout.isZero() || timeout.isNegative()) {
            throw new IllegalArgumentException(
                    "hub.storage: max-size must be 1 byte to 1 GB, timeout positive, types media"
                            + " types such as application/pdf or audio/*" + (wrong.isEmpty() ? "" : ": not " + wrong));
        }
        this.maxBytes = (int) maxBytes;
        this.types = Set.copyOf(allowed);
        this.timeout = timeout;
    }

    int maxBytes() {
        return maxBytes;
    }

    Duration timeout() {
        return timeout;
    }

    /** A media type without parameters in lower case; null if there is none. */
    static String bare(String header) {
        if (header == null) {
            return null;
        }
        String type = header.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        return TYPE.matcher(type).matches() && !type.endsWith("*") ? type : null;
    }

    boolean allows(String type) {
        return type != null && (types.contains(type) || types.contains(type.substring(0, type.indexOf('/')) + "/*"));
    }
}
