package cl.smarterbot.hub.schedule;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.zip.CRC32;

/**
 * What to do with an entry that is due.
 *
 * @param due instant of the schedule that it fires for, without the tenant's delay; null if it does not fire
 * @param next when it is due next, the tenant's delay included; null if never
 */
record Plan(Instant due, Instant next) {

    private static final ZoneId DEFAULT_ZONE = ZoneId.of("America/Santiago");
    private static final Duration LONGEST_GRACE = Duration.ofMinutes(1);
    private static final Duration SHORTEST_GRACE = Duration.ofSeconds(5);

    /** Of all the times that have passed only the latest can fire; with {@link Schedule.Missed#SKIP} only if it is not late. */
    static Plan of(ScheduleStore.Due entry) {
        Timing timing = Timing.parse(entry.timing());
        ZoneId zone = zone(entry.timeZone());
        Duration delay = delay(entry.name(), entry.tenant(), entry.jitterMillis());
        // On the tenant's own line of time its delay does not exist.
        Instant now = entry.now().minus(delay);
        Instant next = timing.next(now, zone);
        Instant due = null;
        if (entry.planned() != null) {
            Instant latest = timing.latest(entry.planned().minus(delay), now, zone);
            if (entry.missed() == Schedule.Missed.ONCE
                    || Duration.between(latest, now).compareTo(grace(latest, next)) <= 0) {
                due = latest;
            }
        }
        return new Plan(due, next == null ? null : next.plus(delay));
    }

    Plan withoutFiring() {
        return new Plan(null, next);
    }

    /** How late a firing may be without being missed: a minute, or half the time until the next one, but five seconds at least. */
    private static Duration grace(Instant latest, Instant next) {
        Duration half =
                next == null ? LONGEST_GRACE : Duration.between(latest, next).dividedBy(2);
        Duration grace = half.compareTo(LONGEST_GRACE) < 0 ? half : LONGEST_GRACE;
        return grace.compareTo(SHORTEST_GRACE) < 0 ? SHORTEST_GRACE : grace;
    }

    static Duration delay(String name, String tenant, int jitterMillis) {
        if (jitterMillis == 0) {
            return Duration.ZERO;
        }
        CRC32 hash = new CRC32();
        hash.update((name + '/' + tenant).getBytes(StandardCharsets.UTF_8));
        return Duration.ofMillis(hash.getValue() % jitterMillis);
    }

    private static ZoneId zone(String name) {
        try {
            return ZoneId.of(name);
        } catch (DateTimeException e) {
            // The registry warns of it and takes the same one.
            return DEFAULT_ZONE;
        }
    }
}
