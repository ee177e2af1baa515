package cl.smarterbot.hub.schedule;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import org.springframework.scheduling.support.CronExpression;

/**
 * The instants of a schedule: a rule without a beginning, an end or a state, so that every node reckons the same ones.
 *
 * <p>A cron rule goes by the tenant's wall clock. A time that a day does not have, because the clock is put forward, counts as the
 * first instant after the gap; a time that a day has twice counts once, the first time. A rule for every hour ({@code *} in the
 * field of hours) means that time passes: it takes the hour that comes twice twice, and misses none in a gap.
 */
abstract class Timing {

    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofDays(366);

    /** From when on a cron rule must have an instant; after it comes a leap day. */
    private static final LocalDateTime PROBE = LocalDateTime.of(2027, 12, 31, 0, 0);

    private final String text;

    private Timing(String text) {
        this.text = text;
    }

    /**
     * @param expression five fields (minute, hour, day of month, month, day of week) or six with seconds before them
     * @throws IllegalArgumentException if it is no cron expression or never comes true
     */
    static Timing cron(String expression) {
        String[] fields = expression.trim().split("\\s+");
        if (fields.length != 5 && fields.length != 6) {
            throw new IllegalArgumentException("cron must have five fields, or six with seconds first");
        }
        String joined = String.join(" ", fields);
        CronExpression cron;
        try {
            cron = CronExpression.parse(fields.length == 5 ? "0 " + joined : joined);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("cron is not valid: " + e.getMessage(), e);
        }
        if (cron.next(PROBE) == null) {
            throw new IllegalArgumentException("cron names a day that no year has");
        }
        String hours = fields[fields.length - 4];
        boolean everyHour = hours.equals("*") || hours.equals("*/1");
        return new Cron("cron " + joined, cron, everyHour);
    }

    /**
     * The multiples of a length of time since 1970, UTC: no drift, and the same on every node.
     *
     * @throws IllegalArgumentException if it is shorter than a second or longer than a year
     */
    static Timing every(Duration length) {
        if (length.compareTo(SHORTEST) < 0 || length.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("every must be 1000 milliseconds to 366 days");
        }
        return new Every("every " + length.toMillis(), length.toMillis());
    }

    /**
     * Reads what {@link #toString()} wrote.
     *
     * @throws IllegalArgumentException if it is something else
     */
    static Timing parse(String text) {
        if (text.startsWith("cron ")) {
            return cron(text.substring(5));
        }
        if (text.startsWith("every ")) {
            return every(Duration.ofMillis(Long.parseLong(text.substring(6))));
        }
        throw new IllegalArgumentException("not a timing: " + text);
    }

    /** The first instant after the given one; null if there is none any more. */
    abstract Instant next(Instant after, ZoneId zone);

    /** The last instant from {@code known}, which is one, up to and with {@code until}. */
    Instant latest(Instant known, Instant until, ZoneId zone) {
        // Looks back over an ever longer time, so that a hub that was away for months need not go through all it
        // missed.
        for (Duration back = Duration.ofMinutes(1); ; back = back.multipliedBy(4)) {
            Instant start = until.minus(back);
            if (!start.isAfter(known)) {
                return lastOf(known, known, until, zone);
            }
            Instant first = next(start, zone);
            if (first != null && !first.isAfter(until)) {
                return lastOf(first, first, until, zone);
            }
        }
    }

    private Instant lastOf(Instant found, Instant from, Instant until, ZoneId zone) {
        Instant last = found;
        for (Instant n = next(from, zone); n != null && !n.isAfter(until); n = next(n, zone)) {
            last = n;
        }
        return last;
    }

    @Override
    public final String toString() {
        return text;
    }

    private static final class Every extends Timing {
        private final long millis;

        Every(String text, long millis) {
            super(text);
            this.millis = millis;
        }

        @Override
        Instant next(Instant after, ZoneId zone) {
            return Instant.ofEpochMilli((Math.floorDiv(after.toEpochMilli(), millis) + 1) * millis);
        }

        @Override
        Instant latest(Instant known, Instant until, ZoneId zone) {
            Instant last = Instant.ofEpochMilli(Math.floorDiv(until.toEpochMilli(), millis) * millis);
            return last.isBefore(known) ? known : last;
        }
    }

    private static final class Cron extends Timing {
        private final CronExpression cron;
        private final boolean everyHour;

        Cron(String text, CronExpression cron, boolean everyHour) {
            super(text);
            this.cron = cron;
            this.everyHour = everyHour;
        }

        @Override
        Instant next(Instant after, ZoneId zone) {
            ZoneRules rules = zone.getRules();
            return everyHour ? asTimePasses(after, rules) : byTheClock(after, rules);
        }

        private Instant byTheClock(Instant after, ZoneRules rules) {
            LocalDateTime local = LocalDateTime.ofInstant(after, rules.getOffset(after));
            Instant instant;
            do {
                local = cron.next(local);
                if (local == null) {
                    return null;
                }
                ZoneOffsetTransition change = rules.getTransition(local);
                instant = change == null
                        ? local.toInstant(rules.getOffset(local))
                        : change.isGap() ? change.getInstant() : local.toInstant(change.getOffsetBefore());
                // The second time of an hour that comes twice lies after all of its first time.
            } while (!instant.isAfter(after));
            return instant;
        }

        /** Each stretch between two changes of the clock is a time line of its own. */
        private Instant asTimePasses(Instant after, ZoneRules rules) {
            ZoneOffset offset = rules.getOffset(after);
            LocalDateTime local = LocalDateTime.ofInstant(after, offset);
            ZoneOffsetTransition change = rules.nextTransition(after);
            while (true) {
                local = cron.next(local);
                if (local == null) {
                    return null;
                }
                Instant instant = local.toInstant(offset);
                if (change == null || instant.isBefore(change.getInstant())) {
                    return instant;
                }
                offset = change.getOffsetAfter();
                local = change.getDateTimeAfter().minusNanos(1);
                change = rules.nextTransition(change.getInstant());
            }
        }
    }
}
