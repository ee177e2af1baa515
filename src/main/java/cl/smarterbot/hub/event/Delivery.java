package cl.smarterbot.hub.event;

import java.time.Instant;
import java.util.UUID;

/**
 * One event for one subscription, leased to this node.
 *
 * @param id row of the delivery
 * @param token fencing token of the lease
 * @param attempt this run, from 1
 * @param body null if the payload was retired
 * @param memo what an attempt before learned; null if nothing
 * @param replayOf the delivery that this one repeats; null if it is the first
 */
record Delivery(
        long id,
        long token,
        UUID eventId,
        String tenant,
        String key,
        int attempt,
        String type,
        String source,
        String correlationId,
        String metadata,
        Instant occurredAt,
        String contentType,
        String traceparent,
        byte[] body,
        Long replayOf,
        String memo) {

    @Override
    public String toString() {
        return "Delivery[" + id + " of " + type + " " + eventId + ", attempt " + attempt + "]";
    }
}
