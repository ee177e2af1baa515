package cl.smarterbot.hub.event;

import java.security.SecureRandom;
import java.util.UUID;

/** Time-ordered ids (RFC 9562 section 5.7): 48 bits of milliseconds, then randomness, increasing within a process. */
public final class UuidV7 {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static long lastMillis;
    private static int counter;

    private UuidV7() {}

    public static UUID next() {
        long millis;
        int sequence;
        long random = RANDOM.nextLong();
        synchronized (UuidV7.class) {
            long now = System.currentTimeMillis();
            if (now > lastMillis) {
                lastMillis = now;
                counter = (int) (random & 0x3ff);
            } else if (++counter > 0xfff) {
                // More than 4,096 in a millisecond, or a clock that went back: borrow from the future.
                lastMillis++;
                counter = 0;
            }
            millis = lastMillis;
            sequence = counter;
        }
        return new UUID((millis << 16) | 0x7000 | sequence, 0x8000_0000_0000_0000L | (RANDOM.nextLong() >>> 2));
    }
}
