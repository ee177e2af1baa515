package cl.smarterbot.hub.sandbox;

import java.util.LinkedHashMap;
import java.util.Map;

/** An error as Supabase Storage words it: the body says what the matter is, and the HTTP status is 400 for nearly all of them. */
final class StorageFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String code;
    private final String error;

    private StorageFault(int status, String code, String error, String message) {
        super(message, null, false, false);
        this.status = status;
        this.code = code;
        this.error = error;
    }

    static StorageFault denied(String message) {
        return new StorageFault(403, "AccessDenied", "Unauthorized", message);
    }

    static StorageFault noBucket() {
        return new StorageFault(404, "NoSuchBucket", "Bucket not found", "Bucket not found");
    }

    static StorageFault noObject() {
        return new StorageFault(404, "NoSuchKey", "not_found", "Object not found");
    }

    static StorageFault duplicate() {
        return new StorageFault(409, "KeyAlreadyExists", "Duplicate", "The resource already exists");
    }

    static StorageFault tooLarge() {
        return new StorageFault(
                413, "EntityTooLarge", "Payload too large", "The object exceeded the maximum allowed size");
    }

    static StorageFault type(String type) {
        return new StorageFault(415, "InvalidMimeType", "invalid_mime_type", "mime type " + type + " is not supported");
    }

    static StorageFault key(String name) {
        return new StorageFault(400, "InvalidKey", "InvalidKey", "Invalid key: " + name);
    }

    static StorageFault invalid(String message) {
        return new StorageFault(400, "InvalidRequest", "InvalidRequest", message);
    }

    SandboxAnswer answer() {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("statusCode", Integer.toString(status));
        body.put("code", code);
        body.put("error", error);
        body.put("message", getMessage());
        return SandboxAnswer.json(400, body);
    }
}
