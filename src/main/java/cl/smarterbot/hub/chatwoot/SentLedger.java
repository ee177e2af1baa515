package cl.smarterbot.hub.chatwoot;

import java.util.Optional;

/** Remembers what was created at the vendor, who has no idempotency keys. May block. */
public interface SentLedger {

    /**
     * The vendor's id of an effect.
     *
     * @param tenant canonical RUT
     * @param key idempotency key of the delivery and name of the step
     * @return empty if nothing is known, which does not say that nothing was sent
     */
    Optional<String> find(String tenant, String key);

    /** Notes an effect right after it succeeded. A key that is there already stays as it is. */
    void record(String tenant, String key, String externalId);
}
