package cl.smarterbot.hub.tenancy;

import java.time.Instant;

/**
 * A new webhook endpoint, or a new secret of one. The secret is nowhere else in clear.
 *
 * @param id last part of the path
 * @param tenantRut whose it is
 * @param source which vendor sends
 * @param path path at the public port
 * @param secret signing secret to set at the sender; null if it came from there
 * @param previousUntil until when the secret before is good as well; null if there is none
 * @param unsigned whether deliveries without a signature are taken
 */
public record IssuedEndpoint(
        String id,
        String tenantRut,
        String source,
        String path,
        String secret,
        Instant previousUntil,
        boolean unsigned) {

    @Override
    public String toString() {
        return "IssuedEndpoint[" + id + " of " + tenantRut + "]";
    }
}
