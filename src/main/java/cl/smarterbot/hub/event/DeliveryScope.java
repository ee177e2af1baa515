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

    synchronized void emit(NewEvent event) {
        emitted.add(event);
    }

    synchronized List<NewEvent> emitted() {
        return List.copyOf(emitted);
    }

    @Override
    public SafeCopyProperty safeCopy() {
        return this;
    }
}
