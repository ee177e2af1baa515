package cl.smarterbot.hub.storage;

import java.util.Objects;

/**
 * Where one tenant's files are kept.
 *
 * @param tenant canonical RUT, which is also the folder that holds all of them
 * @param url base URL of the Supabase project, without a slash at the end
 * @param bucket name of the bucket
 * @param key service key of the project; never shown by {@link #toString()}
 */
public record StorageConnection(String tenant, String url, String bucket, String key) {

    public StorageConnection {
        Objects.requireNonNull(tenant, "tenant");
        Objects.requireNonNull(bucket, "bucket");
        Objects.requireNonNull(key, "key");
        url = url.strip().replaceAll("/+$", "");
    }

    @Override
    public String toString() {
        return "StorageConnection[tenant=" + tenant + ", url=" + url + ", bucket=" + bucket + ", key=***]";
    }
}
