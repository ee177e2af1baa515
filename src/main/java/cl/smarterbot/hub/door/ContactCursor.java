package cl.smarterbot.hub.door;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.UUID;

/**
 * Where a page of contacts ended: the last row's {@code created_at} and id.
 *
 * @param createdAt to the microsecond, as the database keeps it
 */
record ContactCursor(Instant createdAt, UUID id) {

    private static final int PLACE = 3 * Long.BYTES;

    /** @param list what the cursor is of: tenant and filter */
    String text(String list) {
        return PageCursor.text(
                ByteBuffer.allocate(PLACE)
                        .putLong(ChronoUnit.MICROS.between(Instant.EPOCH, createdAt))
                        .putLong(id.getMostSignificantBits())
                        .putLong(id.getLeastSignificantBits())
                        .array(),
                list);
    }

    /** Empty if the text is no cursor of that list. */
    static Optional<ContactCursor> parse(String text, String list) {
        return PageCursor.parse(text, list, PLACE)
                .map(in -> new ContactCursor(
                        Instant.EPOCH.plus(in.getLong(), ChronoUnit.MICROS), new UUID(in.getLong(), in.getLong())));
    }
}
