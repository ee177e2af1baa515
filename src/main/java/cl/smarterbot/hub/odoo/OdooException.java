package cl.smarterbot.hub.odoo;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * A call to Odoo that failed. The message names model and method and holds one line of the server's own text, never a
 * traceback and never the secret of the connection.
 */
public class OdooException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final Duration LONGEST_PAUSE = Duration.ofHours(1);

    /** Why the call failed. */
    public enum Kind {
        /** Wrong login, password, API key or a user that may not log in. */
        ACCESS_DENIED,
        /** The user may not do this with this model, record, field or company. */
        ACCESS,
        /** Odoo refused the data. */
        VALIDATION,
        /** The record is gone. */
        MISSING,
        /** No such database, model, method or path. */
        NOT_FOUND,
        /** The request itself is wrong: unknown field, bad argument, bad option. */
        BAD_REQUEST,
        /** Another transaction was in the way; the same call may succeed later. */
        CONFLICT,
        /** The server did not answer, or answered that it cannot now. */
        UNAVAILABLE,
        /** The answer is not what the protocol allows. */
        PROTOCOL,
        /** Not tried, because the last calls to this connection failed. */
        CIRCUIT_OPEN,
        /** Not tried, because too many calls are already waiting. */
        OVERLOADED
    }

    /** The kind of failure; never null. */
    private final Kind kind;

    private final boolean transientFailure;
    private final Duration retryAfter;

    OdooException(Kind kind, boolean transientFailure, String message, Duration retryAfter, Throwable cause) {
        super(message, cause);
        this.kind = Objects.requireNonNull(kind);
        this.transientFailure = transientFailure;
        this.retryAfter = retryAfter != null && retryAfter.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : retryAfter;
    }

    /** The kind of failure; never null. */
    public Kind kind() {
        return kind;
    }

    /** The kind of failure, for expressions such as {@code ${exception.kind}}. */
    public Kind getKind() {
        return kind;
    }

    /** Whether the same call may succeed later without anybody changing anything. */
    public boolean isTransient() {
        return transientFailure;
    }

    /** How long the server asked to wait, at most one hour. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    static OdooException permanent(Kind kind, String message) {
        return new OdooException(kind, false, message, null, null);
    }

    static OdooException passing(Kind kind, String message) {
        return new OdooException(kind, true, message, null, null);
    }

    static OdooException badRequest(String message) {
        return permanent(Kind.BAD_REQUEST, message);
    }

    /** For a resolver: the connection must not be used, now or later, and why. */
    public static OdooException forbidden(String why) {
        return badRequest(why);
    }

    /** The same failure with the place where it happened put in front. */
    OdooException at(String place, String secret) {
        String text = String.valueOf(getMessage());
        if (secret != null && secret.length() > 2) {
            text = text.replace(secret, "***");
        }
        if (text.startsWith(place + ": ")) {
            return this;
        }
        OdooException copy = new OdooException(kind, transientFailure, place + ": " + text, retryAfter, getCause());
        copy.setStackTrace(getStackTrace());
        return copy;
    }

    /** A private copy for each of several waiting callers, so that they do not share suppressed exceptions. */
    OdooException copy() {
        return new OdooException(kind, transientFailure, getMessage(), retryAfter, this);
    }
}
