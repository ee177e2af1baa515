package cl.smarterbot.hub.storage;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Supabase Storage, for the whole deployment.
 *
 * @param url project of tenants without one of their own; blank for none
 * @param serviceKey its service key; blank without a project. A tenant's own project never gets it
 * @param bucket bucket of tenants that name none
 * @param maxSize the largest file that is stored
 * @param types media types that are stored
 * @param timeout for getting one file, and for storing it
 */
@ConfigurationProperties("hub.storage")
public record StorageSettings(
        @DefaultValue("") String url,
        @DefaultValue("") String serviceKey,
        @DefaultValue("attachments") String bucket,
        @DefaultValue("10MB") DataSize maxSize,
        @DefaultValue List<String> types,
        @DefaultValue("60s") Duration timeout) {

    public StorageSettings {
        if (!url.isBlank() && serviceKey.isBlank()) {
            throw new IllegalArgumentException("hub.storage.service-key must be set where hub.storage.url is");
        }
        if (!bucket.matches("[a-z0-9][a-z0-9._-]{0,99}")) {
            throw new IllegalArgumentException(
                    "hub.storage.bucket must be lower-case letters, digits, dots, hyphens and _, at most 100");
        }
    }

    /** What may be stored. */
    public StorageLimits limits() {
        return new StorageLimits(maxSize.toBytes(), types, timeout);
    }

    @Override
    public String toString() {
        return "StorageSettings[" + url + "]";
    }
}
