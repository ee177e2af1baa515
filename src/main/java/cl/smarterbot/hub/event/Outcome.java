package cl.smarterbot.hub.event;

import java.util.List;

/**
 * How one attempt ended.
 *
 * @param state done, retry, dead, released (given back untried) or postponed (comes again after the pause, counts as no attempt)
 * @param error one line; null when done
 * @param delayMillis pause until the next try, for retry and postponed
 * @param durationMillis how long the route ran
 * @param version version of the route that ran
 * @param emitted events that the route emitted; committed together with the outcome or not at all
 * @param sent what the run did elsewhere; committed with the outcome even if that comes too late
 * @param memo what the next attempt should know; null for what it knows already
 */
record Outcome(
        Delivery delivery,
        String state,
        String error,
        long delayMillis,
        int durationMillis,
        String version,
        List<NewEvent> emitted,
        List<Sent> sent,
        String memo) {

    /** Something that must happen once elsewhere and did: its key, and what it is called there. */
    record Sent(String key, String externalId) {}

    static Outcome released(Delivery delivery) {
        return new Outcome(delivery, "released", null, 0, 0, null, List.of(), List.of(), null);
    }

    /** Whether the delivery comes again, so that its followers of the same key must wait. */
    boolean comesAgain() {
        return state.equals("retry") || state.equals("postponed");
    }
}
