package cl.smarterbot.hub.resend;

import java.time.Duration;
import java.util.Optional;

/** A mail that was not taken. The message holds Resend's name for the reason, never its text, which may quote an address. */
public final class ResendException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean passing;
    private final boolean turn;
    private final Duration retryAfter;

    private ResendException(boolean passing, boolean turn, Duration retryAfter, String message) {
        super(message);
        this.passing = passing;
        this.turn = turn;
        this.retryAfter = retryAfter;
    }

    /** The same mail may be taken later. @param retryAfter when at the earliest; null for whenever */
    static ResendException later(Duration retryAfter, String why) {
        return new ResendException(true, false, retryAfter, why);
    }

    /** The account's line is long and the mail was not tried: its turn comes after a while. */
    static ResendException notYet(Duration turn) {
        return new ResendException(true, true, turn, "many mails are waiting");
    }

    /** The mail will not be taken until somebody changes something. */
    static ResendException never(String why) {
        return new ResendException(false, false, null, why);
    }

    /** Whether the same mail may be taken later without anybody changing anything. */
    public boolean isTransient() {
        return passing;
    }

    /** Whether the mail only waits for its turn; {@link #retryAfter} says how long. */
    public boolean waitsForItsTurn() {
        return turn;
    }

    /** How long to wait at least. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }
}
