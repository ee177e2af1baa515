package cl.smarterbot.hub.tenancy;

import java.time.Instant;

/**
 * A webhook endpoint as operators see it.
 *
 * @param id last part of the path
 * @param tenantRut whose it is
 * @param source which vendor sends
 * @param path path at the public port
 * @param unsigned whether deliveries without a signature are taken
 * @param demo published secret: honoured in the demo profile only
 * @param createdAt when it was made
 * @param revokedAt when it was ended; null if it was not
 */
public record EndpointInfo(
        String id,
        String tenantRut,
        String source,
        String path,
        boolean unsigned,
        boolean demo,
        Instant createdAt,
        Instant revokedAt) {}
