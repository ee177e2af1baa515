package cl.smarterbot.hub.event;

import org.apache.camel.Exchange;

/** What a run of a delivery leaves behind besides events, committed together with its outcome. */
public final class Attempt {

    private Attempt() {}

    /**
     * Notes in {@code hub.sent} what was done at a system that has no idempotency keys, whatever the outcome is. Lost only if this
     * process ends before: the next attempt must be able to find the effect where it happened.
     *
     * @param key idempotency key of the delivery and name of the step
     * @param externalId what the effect is called there
     * @return false if the exchange is no run of a delivery, or that has ended: then nothing is noted
     */
    public static boolean sent(Exchange exchange, String key, String externalId) {
        DeliveryScope scope = DeliveryScope.of(exchange);
        return scope != null && scope.sent(new Outcome.Sent(key, externalId));
    }

    /**
     * Tells the next attempt, should there be one, what this one learned: it finds the text in the header {@link EventConstants#MEMO}.
     * Forgotten when the delivery is done or dead, and if this process ends before the outcome is written. Outside of a delivery it
     * does nothing.
     *
     * @throws IllegalStateException if the delivery has ended
     */
    public static void memo(Exchange exchange, String text) {
        DeliveryScope scope = DeliveryScope.of(exchange);
        if (scope != null) {
            scope.memo(text);
        }
    }
}
