package cl.smarterbot.hub.chatwoot;

import java.util.Optional;
import org.apache.camel.Exchange;

/** Remembers what was created at the vendor, who has no idempotency keys. */
public interface SentLedger {

    /**
     * The vendor's id of an effect. May block.
     *
     * @param tenant canonical RUT
     * @param key idempotency key of the delivery and name of the step
     * @return empty if nothing is known, which does not say that nothing was sent
     */
    Optional<String> find(String tenant, String key);

    /**
     * Has an effect noted when the delivery ends that the exchange runs in, for one that can also be found at the vendor. Never
     * blocks.
     *
     * @return false if there is no such delivery: then it must be recorded
     */
    boolean note(Exchange exchange, String key, String externalId);

    /** Notes an effect right after it succeeded. A key that is there already stays as it is. May block. */
    void record(String tenant, String key, String externalId);
}
