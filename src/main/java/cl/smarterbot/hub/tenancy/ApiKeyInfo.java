package cl.smarterbot.hub.tenancy;

import java.time.Instant;
import java.util.Set;
import java.util.UUID;

/**
 * What may be shown of an API key.
 *
 * @param expiresAt null if never
 * @param revokedAt null if not
 * @param lastUsedAt null if never; exact to about a minute
 * @param demo whether it is a published key, honoured in the demo only
 */
public record ApiKeyInfo(
        UUID id,
        String tenantRut,
        String name,
        Set<String> scopes,
        boolean demo,
        Instant createdAt,
        Instant expiresAt,
        Instant revokedAt,
        Instant lastUsedAt) {}
