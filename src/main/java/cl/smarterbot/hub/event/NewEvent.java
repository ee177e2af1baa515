package cl.smarterbot.hub.event;

import java.time.Instant;
import java.util.Objects;
import java.util.UUID;

/**
 * A fact to append.
 *
 * @param id UUIDv7, see {@link UuidV7}
 * @param tenant canonical RUT of the tenant that the entrance authenticated
 * @param type dotted event type such as {@code contact.received}
 * @param source what produced it: a door, a flow, a vendor
 * @param key order is kept among events of one tenant with one key; no personal data in clear
 * @param correlationId id that follows the matter through all flows
 * @param metadata JSON object for analytics; no personal data
 * @param occurredAt when it happened; null means now, by the database's clock
 * @param contentType media type of the body
 * @param traceparent W3C trace context of the producer; null if there is none
 * @param body what subscribers get; personal data is allowed, it is short-lived
 * @param record what becomes of the body in the same commit: {@code contacts}, a new row; {@code contact-update}, changes to the row
 *     that its {@code contact_id} names; {@code contact-status}, a new status for it; null for nothing
 * @param dedup what makes this append idempotent; null if nothing does
 */
public record NewEvent(
        UUID id,
        String tenant,
        String type,
        String source,
        String key,
        String correlationId,
        String metadata,
        Instant occurredAt,
        String contentType,
        String traceparent,
        byte[] body,
        String record,
        Dedup dedup) {

    public NewEvent {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(tenant, "tenant");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(correlationId, "correlationId");
        Objects.requireNonNull(metadata, "metadata");
        Objects.requireNonNull(contentType, "contentType");
        Objects.requireNonNull(body, "body");
    }

    /**
     * The same scope and key with the same hash is the same delivery again; with another hash it is a conflict.
     *
     * @param scope which sender or door the key belongs to
     * @param key the sender's delivery id or idempotency key
     * @param hash SHA-256 of the raw body
     */
    public record Dedup(String scope, String key, byte[] hash) {}

    /** Without body or metadata, which may hold personal data. */
    @Override
    public String toString() {
        return "NewEvent[" + type + " " + id + " of " + tenant + "]";
    }
}
