package cl.smarterbot.hub.resend;

import java.time.Duration;
import java.util.Optional;

/** A mail that was not taken. The message holds Resend's name for the reason, never its text, which may quote an address. */
public final class ResendException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean passing;
    private final Duration retryAfter;

    private ResendException(boolean passing, Duration retryAfter, String message) {
        super(message);
        this.passing = passing;
        this.retryAfter = retryAfter;
    }

    /** The same mail may be taken later. @param retryAfter when at the earliest; null for whenever */
    static ResendException later(Duration retryAfter, String why) {
        return new ResendException(true, retryAfter, why);
    }

    /** The mail will not be taken until somebody changes something. */
    static ResendException never(String why) {
        return new ResendException(false, null, why);
    }

    /** Whether the same mail may be taken later without anybody changing anything. */
    public boolean isTransient() {
        return passing;
    }

    /** How long to wait at least. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }
}
