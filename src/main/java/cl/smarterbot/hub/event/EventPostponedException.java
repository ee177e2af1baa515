package cl.smarterbot.hub.event;

import java.time.Duration;

/**
 * Ends a run without an outcome: the delivery comes again after a pause, and the run counts as no attempt. For work whose time
 * has not come, such as an answer that waits for the writer to finish; not for failures. The pause is kept in the log, so it
 * survives a restart; followers of the same key wait with it.
 */
public final class EventPostponedException extends RuntimeException {

    private final transient Duration pause;

    /** @param pause until the next run; negative counts as none */
    public EventPostponedException(Duration pause) {
        super("postponed", null, false, false);
        this.pause = pause.isNegative() ? Duration.ZERO : pause;
    }

    public Duration pause() {
        return pause;
    }
}
