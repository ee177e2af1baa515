package cl.smarterbot.hub.tenancy;

import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * The signing secrets of webhook endpoints: system {@code webhook_<source>} of the tenant, fields {@code <id>_current},
 * {@code <id>_previous} and {@code <id>_previous_until}. During a rotation both are good, so that nothing that was signed
 * before the sender changed over is lost.
 */
public final class EndpointSecrets {
    private final SecretStore secrets;
    private final Clock clock;

    /** @param clock says when a previous secret has had its time */
    public EndpointSecrets(SecretStore secrets, Clock clock) {
        this.secrets = Objects.requireNonNull(secrets, "secrets");
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    /**
     * What an endpoint's signatures may be made with.
     *
     * @param current null if none is stored
     * @param previous null unless a rotation is under way
     */
    public record Active(Secret current, Secret previous) {}

    /** The secrets that count now. Throws {@link cl.smarterbot.hub.secrets.SecretStoreException} if the store cannot be read. */
    public Active active(WebhookEndpoint endpoint) {
        String rut = endpoint.tenant().rut();
        String system = system(endpoint.source());
        // First the current one: whoever puts a new one stores the previous before it.
        Secret current = secrets.find(rut, system, endpoint.id() + "_current").orElse(null);
        Secret previous = secrets.find(rut, system, endpoint.id() + "_previous")
                .filter(secret -> secrets.find(rut, system, endpoint.id() + "_previous_until")
                        .map(until -> clock.instant().isBefore(instant(until)))
                        .orElse(false))
                .orElse(null);
        return new Active(current, previous);
    }

    /** Whether an event loop may ask for them. */
    public boolean atHand() {
        return secrets.atHand();
    }

    /**
     * Stores a new secret; the one before stays good for a while.
     *
     * @param overlap how long; zero ends it at once
     * @return until when the one before is good; empty if there was none or it ended at once
     */
    Optional<Instant> put(String rut, String source, String id, Secret value, Duration overlap) {
        String system = system(source);
        Optional<Secret> before = secrets.find(rut, system, id + "_current").filter(old -> !old.equals(value));
        Instant until = clock.instant().plus(overlap);
        // In this order: whoever reads or stops in between finds the old secret still good.
        before.ifPresent(old -> {
            secrets.put(rut, system, id + "_previous_until", Secret.of(until.toString()));
            secrets.put(rut, system, id + "_previous", old);
        });
        secrets.put(rut, system, id + "_current", value);
        return before.isPresent() && !overlap.isZero() ? Optional.of(until) : Optional.empty();
    }

    private static String system(String source) {
        return "webhook_" + source;
    }

    private static Instant instant(Secret text) {
        try {
            return Instant.parse(text.reveal());
        } catch (DateTimeException e) {
            return Instant.MIN;
        }
    }
}
