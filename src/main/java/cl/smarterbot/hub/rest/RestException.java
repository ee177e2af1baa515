package cl.smarterbot.hub.rest;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * A REST call that failed. The message names system, method and path template and holds at most one short line of the other
 * side's own text: never the query, a body or a header.
 */
public final class RestException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final Duration LONGEST_PAUSE = Duration.ofHours(1);

    /** Why a call failed, and whether the same call may succeed later without anybody changing anything. */
    public enum Kind {
        /** No connection, or it broke. */
        UNREACHABLE(true),
        /** No complete answer in time. */
        TIMEOUT(true),
        /** 408, 425 or 5xx. */
        UNAVAILABLE(true),
        /** 429. */
        THROTTLED(true),
        /** An answer that is too big, cut off, or not JSON where JSON is the rule. */
        GARBAGE(true),
        /** Not tried, because the last calls to this destination failed. */
        CIRCUIT_OPEN(true),
        /** Not tried, because too many calls were waiting. */
        OVERLOADED(true),
        /** 401 or 403: credentials refused. */
        CREDENTIALS(false),
        /** 404 or 410. */
        NOT_FOUND(false),
        /** 409. */
        CONFLICT(false),
        /** Any other 4xx: the other side refuses what was sent. */
        REFUSED(false),
        /** The body of an answer that is passed on is larger than its reader takes. */
        TOO_LARGE(false),
        /** A redirect; none is followed. */
        REDIRECT(false),
        /** The destination is an address that the hub may not call. */
        FORBIDDEN_ADDRESS(false),
        /** The call itself is wrong, such as a malformed URL or header. */
        BAD_CALL(false);

        private final boolean passing;

        Kind(boolean passing) {
            this.passing = passing;
        }
    }

    private final String system;
    private final Kind kind;
    private final int status;
    private final Duration retryAfter;
    private final transient RestAnswer answer;

    private RestException(
            String system,
            Kind kind,
            String message,
            int status,
            Duration retryAfter,
            RestAnswer answer,
            Throwable cause) {
        super(message, cause);
        this.system = Objects.requireNonNull(system);
        this.kind = Objects.requireNonNull(kind);
        this.status = status;
        this.retryAfter = retryAfter != null && retryAfter.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : retryAfter;
        this.answer = answer;
    }

    /**
     * A failure without a refusing status: no answer, or one that says something else than its protocol allows.
     *
     * @param place method and path template
     * @param why one line without customers' data
     */
    public static RestException of(String system, Kind kind, String place, String why) {
        return new RestException(system, kind, place + ": " + why, 0, null, null, null);
    }

    static RestException of(String system, Kind kind, String place, String why, Throwable cause) {
        return new RestException(system, kind, place + ": " + why, 0, null, null, cause);
    }

    static RestException resting(String system, String place, String why, Duration left) {
        return new RestException(system, Kind.CIRCUIT_OPEN, place + ": " + why, 0, left, null, null);
    }

    static RestException answered(
            String system, Kind kind, String place, String why, Duration retryAfter, RestAnswer answer) {
        return new RestException(system, kind, place + ": " + why, answer.status(), retryAfter, answer, null);
    }

    /** The system that was called, such as {@code Chatwoot}; never null. */
    public String system() {
        return system;
    }

    /** The kind of failure; never null. */
    public Kind kind() {
        return kind;
    }

    /** Whether the same call may succeed later without anybody changing anything. */
    public boolean isTransient() {
        return kind.passing;
    }

    /** The HTTP status; 0 if there was no answer or it was not its status that failed the call. */
    public int status() {
        return status;
    }

    /** How long the other side asked to wait, or the circuit breaker stays open; at most one hour. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    /** The answer that refused, for a connector that knows what to make of it; empty without one. */
    public Optional<RestAnswer> answer() {
        return Optional.ofNullable(answer);
    }
}
