package cl.smarterbot.hub.event;

import java.util.ArrayList;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.SafeCopyProperty;

/**
 * Marks an exchange, and every copy of it, as the run of a delivery: what it appends is committed together with its outcome. Kept
 * where a route can neither read nor replace it.
 */
final class DeliveryScope implements SafeCopyProperty {

    private static final String KEY = "hub.delivery";

    private final Delivery delivery;
    private final List<NewEvent> emitted = new ArrayList<>();
    private final List<Outcome.Sent> sent = new ArrayList<>();
    private String memo;
    private boolean ended;

    DeliveryScope(Delivery delivery) {
        this.delivery = delivery;
    }

    static DeliveryScope of(Exchange exchange) {
        return exchange.getExchangeExtension().getSafeCopyProperty(KEY, DeliveryScope.class);
    }

    void attach(Exchange exchange) {
        exchange.getExchangeExtension().setSafeCopyProperty(KEY, this);
    }

    Delivery delivery() {
        return delivery;
    }

    /** @throws IllegalStateException if the delivery has ended: a copy that lives on, such as a wire tap's, comes too late */
    synchronized void emit(NewEvent event) {
        if (ended) {
            throw new IllegalStateException("The delivery has ended; nothing can be appended with it any more");
        }
        emitted.add(event);
    }

    /** False if the delivery has ended and takes nothing along any more. */
    synchronized boolean sent(Outcome.Sent effect) {
        return !ended && sent.add(effect);
    }

    /** @throws IllegalStateException if the delivery has ended */
    synchronized void memo(String text) {
        if (ended) {
            throw new IllegalStateException("The delivery has ended; there is no attempt that could know");
        }
        memo = text;
    }

    /** Ends the scope: what was emitted and sent until now is committed with the outcome. */
    synchronized void end() {
        ended = true;
    }

    /** What was emitted. */
    synchronized List<NewEvent> emitted() {
        return List.copyOf(emitted);
    }

    /** What the next attempt should know; null for what it knows already. */
    synchronized String memo() {
        return memo;
    }

    /** What was sent. */
    synchronized List<Outcome.Sent> sent() {
        return List.copyOf(sent);
    }

    @Override
    public SafeCopyProperty safeCopy() {
        return this;
    }
}
