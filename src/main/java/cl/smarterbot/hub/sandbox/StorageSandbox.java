package cl.smarterbot.hub.sandbox;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sandbox's Supabase Storage as a test or a demo sees it from inside. Service key {@code demo-storage}; one private bucket,
 * {@code attachments}.
 */
public final class StorageSandbox {
    private final StorageVendor vendor;

    StorageSandbox(StorageVendor vendor) {
        this.vendor = vendor;
    }

    /**
     * Makes a bucket, or empties one and gives it other limits.
     *
     * @param maxBytes of an object; 0 for no limit
     * @param types that it takes, such as {@code image/*}; none for all
     * @throws IllegalArgumentException if the name or the limit is wrong
     */
    public StorageSandbox bucket(String name, long maxBytes, String... types) {
        vendor.bucket(name, maxBytes, List.of(types));
        return this;
    }

    /**
     * Objects by name: {@code bucket}, {@code name}, {@code type}, {@code size}, {@code versions} (how often it was written),
     * {@code at}.
     *
     * @param filter field to the text it must have
     * @throws IllegalArgumentException if a field does not exist
     */
    public List<Map<String, Object>> objects(Map<String, String> filter) {
        Map<String, String> all = new LinkedHashMap<>(filter);
        all.putIfAbsent("limit", "0");
        return vendor.objects(all);
    }

    /** The bytes of an object in the bucket {@code attachments}; null if there is none. */
    public byte[] object(String name) {
        return vendor.object(StorageVendor.BUCKET, name);
    }

    /** {@code objects}, {@code bytes}, and {@code calls} per model and method, such as {@code objects.upload}. */
    public Map<String, Object> stats() {
        return vendor.stats();
    }

    /** Back to one empty bucket. */
    public void reset() {
        vendor.reset();
    }
}
