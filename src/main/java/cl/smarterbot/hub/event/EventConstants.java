package cl.smarterbot.hub.event;

/** Header and property names of the {@code event:} component. */
public final class EventConstants {

    /** Consumer and producer: id of the event (UUID as text). */
    public static final String ID = "CamelEventId";

    /** Consumer: event type. */
    public static final String TYPE = "CamelEventType";

    /** Consumer: canonical RUT of the tenant. Informative: the fence does not depend on it. */
    public static final String TENANT = "CamelEventTenant";

    /** Consumer: key of the event. Producer: key of the event to append; the delivery's key if absent. */
    public static final String KEY = "CamelEventKey";

    /** Consumer: correlation id. Producer: taken from the delivery, else the event's own id. */
    public static final String CORRELATION_ID = "CamelEventCorrelationId";

    /** Consumer: which attempt this is, from 1. */
    public static final String ATTEMPT = "CamelEventAttempt";

    /** Consumer: whether the delivery repeats an earlier one. */
    public static final String REPLAY = "CamelEventReplay";

    /** Consumer: {@code tenant:event-id:subscription}, the same in every attempt and replay. */
    public static final String IDEMPOTENCY_KEY = "CamelEventIdempotencyKey";

    /** Consumer: what an attempt before learned, see {@link Attempt#memo}; absent if nothing. */
    public static final String MEMO = "CamelEventMemo";

    /** Consumer: when it happened (ISO 8601). */
    public static final String OCCURRED_AT = "CamelEventOccurredAt";

    /** Producer: metadata, a map or a JSON object as text; no personal data. */
    public static final String METADATA = "CamelEventMetadata";

    /** Producer: scope, key and body hash of the dedup, see {@link NewEvent.Dedup}. Set by doors only. */
    public static final String DEDUP = "CamelEventDedup";

    /** Producer of a pattern such as {@code event:resend.*}: the type to append, which must match the pattern. */
    public static final String APPEND_TYPE = "CamelEventAppendType";

    /** Producer: what became of the append, the name of an {@link Appended.Outcome} or STAGED within a delivery. */
    public static final String OUTCOME = "CamelEventOutcome";

    private EventConstants() {}
}
