package cl.smarterbot.hub.event;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * When a failed delivery is tried again: exponential with jitter.
 *
 * @param maxAttempts attempts before the delivery is dead
 * @param initialDelay pause after the first failure
 * @param multiplier growth of the pause
 * @param maxDelay longest pause
 * @param jitter share of the pause that is random, 0 to 1
 */
public record RetryPolicy(int maxAttempts, Duration initialDelay, double multiplier, Duration maxDelay, double jitter) {

    /** Eight tries over about a day: after 5 s, 25 s, 2 min, 10 min, 52 min, 4.3 h and 21.7 h. */
    public static final RetryPolicy DEFAULT = new RetryPolicy(8, Duration.ofSeconds(5), 5, Duration.ofHours(24), 0.2);

    public RetryPolicy {
        if (maxAttempts < 1 || multiplier < 1 || jitter < 0 || jitter > 1 || initialDelay.isNegative()) {
            throw new IllegalArgumentException("maxAttempts >= 1, multiplier >= 1, jitter 0 to 1, delays not negative");
        }
    }

    boolean exhausted(int attempt) {
        return attempt >= maxAttempts;
    }

    /** Pause after the given failed attempt, never shorter than what the other side asked for (capped at the longest pause). */
    Duration delayAfter(int attempt, Duration retryAfter) {
        double millis =
                Math.min(initialDelay.toMillis() * Math.pow(multiplier, Math.max(0, attempt - 1)), maxDelay.toMillis());
        double spread = 1 - jitter + 2 * jitter * ThreadLocalRandom.current().nextDouble();
        long pause = Math.round(millis * spread);
        if (retryAfter != null) {
            pause = Math.max(pause, Math.min(retryAfter.toMillis(), maxDelay.toMillis()));
        }
        return Duration.ofMillis(pause);
    }
}
