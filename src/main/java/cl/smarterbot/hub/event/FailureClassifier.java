package cl.smarterbot.hub.event;

import java.time.Duration;

/** Tells whether trying again can help. */
@FunctionalInterface
public interface FailureClassifier {

    /**
     * @param permanent true if no retry can succeed: the delivery is dead at once
     * @param retryAfter what the other side asked for; null if it did not
     * @param reason one line for a person, without bodies, secrets or other tenants' values
     */
    record Failure(boolean permanent, Duration retryAfter, String reason) {}

    /** Null means: not known here, treat as transient. */
    Failure classify(Throwable failure);
}
