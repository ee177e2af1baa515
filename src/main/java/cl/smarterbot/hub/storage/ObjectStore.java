package cl.smarterbot.hub.storage;

import cl.smarterbot.hub.rest.RestAnswer;
import cl.smarterbot.hub.rest.RestCall;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestException.Kind;
import cl.smarterbot.hub.rest.RestStream;
import cl.smarterbot.hub.storage.RefusedException.Reason;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Supabase Storage's objects. Writing one again overwrites it with the same. */
final class ObjectStore {
    static final String SYSTEM = "Supabase Storage";

    private static final String PLACE = "/storage/v1";

    private final RestClient rest;
    private final StorageLimits limits;

    ObjectStore(RestClient rest, StorageLimits limits) {
        this.rest = rest;
        this.limits = limits;
    }

    /**
     * What was stored.
     *
     * @param path name of the object in its bucket
     * @param size in bytes
     * @param type media type
     */
    record Stored(String path, long size, String type) {}

    /**
     * Stores what comes, part by part, if its type and size may be.
     *
     * @param from the file; it is used up or broken off
     * @return fails with a {@link RefusedException} or a {@link RestException}
     */
    CompletableFuture<Stored> store(StorageConnection to, StoragePath path, RestStream from) {
        String type = StorageLimits.bare(from.header("content-type"));
        if (!limits.allows(type)) {
            from.cancel();
            throw new RefusedException(Reason.TYPE_NOT_ALLOWED);
        }
        return rest.send(upload(to, path).body(from, type).build()).handle((answer, failure) -> {
            if (failure != null) {
                throw told(FileSource.cause(failure));
            }
            return new Stored(path.name(), from.bytes(), type);
        });
    }

    /** Looks whether the bucket is there; fails with a {@link RestException} if not. */
    CompletableFuture<RestAnswer> bucket(StorageConnection to) {
        return rest.send(call(to, "GET", "/bucket/" + to.bucket())
                        .timeout(Duration.ofSeconds(10))
                        .build())
                .exceptionally(failure -> {
                    throw told(FileSource.cause(failure));
                });
    }

    private RestCall.Builder upload(StorageConnection to, StoragePath path) {
        // The name has no character that an address would need to encode.
        return call(to, "POST", "/object/" + to.bucket() + "/" + path.name())
                .template("/storage/v1/object/{}")
                .header("x-upsert", "true")
                .timeout(limits.timeout());
    }

    private static RestCall.Builder call(StorageConnection to, String method, String path) {
        return RestCall.builder(SYSTEM, to.tenant(), method, to.url() + "/storage/v1" + path)
                .header("Authorization", "Bearer " + to.key())
                .header("apikey", to.key())
                .maxResponseBytes(64 << 10);
    }

    /** Storage answers nearly every error with HTTP 400 and says in the body which status it means. */
    private static RuntimeException told(Throwable failure) {
        if (!(failure instanceof RestException known) || !known.system().equals(SYSTEM)) {
            return FileSource.refusal(failure);
        }
        int meant = known.answer().map(ObjectStore::meant).orElse(0);
        if (meant == 413) {
            return new RefusedException(Reason.TOO_LARGE);
        }
        if (meant == 415) {
            return new RefusedException(Reason.TYPE_NOT_ALLOWED);
        }
        Kind kind =
                switch (meant) {
                    case 401, 403 -> Kind.CREDENTIALS;
                    case 404 -> Kind.NOT_FOUND;
                    case 429 -> Kind.THROTTLED;
                    // A lock or a transaction that another writer was faster with.
                    case 409, 423 -> Kind.UNAVAILABLE;
                    default -> meant >= 500 ? Kind.UNAVAILABLE : known.kind();
                };
        return kind == known.kind() ? known : RestException.of(SYSTEM, kind, PLACE, "the answer means HTTP " + meant);
    }

    private static int meant(RestAnswer answer) {
        try {
            JsonNode status = answer.json().path("statusCode");
            return status.asInt(answer.status());
        } catch (RestException e) {
            return answer.status();
        }
    }
}
