package cl.smarterbot.hub.event;

import java.time.Duration;

/** Tells whether trying again can help. */
@FunctionalInterface
public interface FailureClassifier {

    /**
     * @param permanent true if no retry can succeed: the delivery is dead at once
     * @param retryAfter what the other side asked for; null if it did not
     * @param reason one line for a person, without bodies, secrets or other tenants' values
     * @param waits true if the work's turn has not come, such as its place in a line that others share: it comes again after
     *     {@code retryAfter}, and the run counts as no attempt
     */
    record Failure(boolean permanent, Duration retryAfter, String reason, boolean waits) {

        public Failure {
            if (waits && (permanent || retryAfter == null)) {
                throw new IllegalArgumentException("what waits is not permanent and says how long");
            }
        }

        /** A failed attempt. */
        public Failure(boolean permanent, Duration retryAfter, String reason) {
            this(permanent, retryAfter, reason, false);
        }
    }

    /** Null means: not known here, treat as transient. */
    Failure classify(Throwable failure);
}
