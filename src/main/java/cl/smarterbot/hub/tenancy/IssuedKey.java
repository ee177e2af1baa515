package cl.smarterbot.hub.tenancy;

import java.util.UUID;

/**
 * A new API key, the only time it can be seen.
 *
 * @param id by which it is listed and revoked
 * @param key the key itself; not part of {@link #toString()}
 */
public record IssuedKey(UUID id, String key) {
    @Override
    public String toString() {
        return "IssuedKey[id=" + id + ", key=***]";
    }
}
