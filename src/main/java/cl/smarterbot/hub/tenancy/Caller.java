package cl.smarterbot.hub.tenancy;

import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/**
 * Who is calling, and what it may do.
 *
 * @param tenant the tenant on whose behalf
 * @param keyId the API key used, or an id made of a signed-in user's issuer and subject; null for the others
 * @param scopes what is allowed, such as {@code contacts:write}
 * @param how by what the caller was recognised
 */
public record Caller(Tenant tenant, UUID keyId, Set<String> scopes, How how) {

    /** By what a caller was recognised, strongest first. */
    public enum How {
        API_KEY,
        TOKEN,
        ORIGIN,
        HOUSE
    }

    /** What a caller may do who showed no key: send in a contact form. */
    public static final Set<String> PUBLIC_SCOPES = Set.of("contacts:write");

    public Caller {
        Objects.requireNonNull(tenant, "tenant");
        Objects.requireNonNull(how, "how");
        scopes = Set.copyOf(scopes);
    }

    /** Whether the caller may do what {@code scope} names. */
    public boolean may(String scope) {
        return scopes.contains(scope);
    }
}
