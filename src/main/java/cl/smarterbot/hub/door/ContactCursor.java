package cl.smarterbot.hub.door;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;

/**
 * Where a page of contacts ended: the last row's {@code created_at} and id. As text it is opaque and carries a check over its
 * content, the tenant and the filter, so that a damaged cursor, one of another list or one that was made up is told instead of
 * answered with a wrong page. It is no secret and no permission: row-level security decides what is seen.
 *
 * @param createdAt to the microsecond, as the database keeps it
 */
record ContactCursor(Instant createdAt, UUID id) {

    private static final byte VERSION = 1;
    private static final int CONTENT = 1 + Long.BYTES + 2 * Long.BYTES;
    private static final int CHECK = 8;

    /** @param list what the cursor is of: tenant and filter */
    String text(String list) {
        ByteBuffer all = ByteBuffer.allocate(CONTENT + CHECK)
                .put(VERSION)
                .putLong(ChronoUnit.MICROS.between(Instant.EPOCH, createdAt))
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits());
        all.put(check(Arrays.copyOf(all.array(), CONTENT), list));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(all.array());
    }

    /** Empty if the text is no cursor of that list. */
    static Optional<ContactCursor> parse(String text, String list) {
        byte[] all;
        try {
            all = Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        if (all.length != CONTENT + CHECK || all[0] != VERSION) {
            return Optional.empty();
        }
        byte[] content = Arrays.copyOf(all, CONTENT);
        if (!MessageDigest.isEqual(check(content, list), Arrays.copyOfRange(all, CONTENT, all.length))) {
            return Optional.empty();
        }
        ByteBuffer in = ByteBuffer.wrap(content, 1, CONTENT - 1);
        ContactCursor cursor = new ContactCursor(
                Instant.EPOCH.plus(in.getLong(), ChronoUnit.MICROS), new UUID(in.getLong(), in.getLong()));
        // One spelling for each cursor.
        return cursor.text(list).equals(text) ? Optional.of(cursor) : Optional.empty();
    }

    private static byte[] check(byte[] content, String list) {
        try {
            MessageDigest hash = MessageDigest.getInstance("SHA-256");
            hash.update("contacts cursor\n".getBytes(StandardCharsets.UTF_8));
            hash.update(content);
            return Arrays.copyOf(hash.digest(list.getBytes(StandardCharsets.UTF_8)), CHECK);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
