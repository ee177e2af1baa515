package cl.smarterbot.hub.storage;

import cl.smarterbot.hub.rest.RestException;
import java.util.concurrent.CompletionException;

/** Tries whether a tenant's storage works, without writing anything there. */
public final class StorageCheck {

    private final StorageComponent storage;

    public StorageCheck(StorageComponent storage) {
        this.storage = storage;
    }

    /**
     * One finding.
     *
     * @param part what does not work, or {@code bucket} if all does
     * @param says for an operator, without secrets
     */
    public record Finding(String part, boolean works, String says) {}

    /** Blocks for some seconds at most. */
    public Finding run(StorageConnection to) {
        try {
            storage.store().bucket(to).join();
            return new Finding("bucket", true, "the key may see " + to.bucket());
        } catch (CompletionException e) {
            if (!(e.getCause() instanceof RestException known)) {
                throw e;
            }
            return switch (known.kind()) {
                case CREDENTIALS -> new Finding("key", false, "it is refused: hub tenant storage --key-stdin");
                case NOT_FOUND -> new Finding("bucket", false, "there is no bucket " + to.bucket());
                case FORBIDDEN_ADDRESS ->
                    new Finding(
                            "url",
                            false,
                            "it is an address inside a private network; hub.rest.allow-private"
                                    + " (HUB_REST_ALLOW_PRIVATE) can allow it");
                default -> new Finding("url", false, known.getMessage());
            };
        }
    }
}
