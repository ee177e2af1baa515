package cl.smarterbot.hub.chatwoot;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * Makes effects happen once: the ledger knows what succeeded, the vendor what succeeded without our hearing of it. The ledger is
 * asked each time, for it is near, unless the route just did; the vendor only when an earlier try may have got through.
 */
final class Once {
    private final SentLedger sent;
    private final Executor workers;

    Once(SentLedger sent, Executor workers) {
        this.sent = sent;
        this.workers = workers;
    }

    /**
     * The id of the effect, old or new.
     *
     * @param atVendor looks for the effect at the vendor
     * @param create makes it
     */
    CompletableFuture<Long> run(
            String tenant,
            Effect effect,
            Supplier<CompletableFuture<Optional<Long>>> atVendor,
            Supplier<CompletableFuture<Long>> create) {
        if (effect.key() == null) {
            return create.get();
        }
        return known(tenant, effect)
                .thenCompose(known -> known.isPresent()
                        ? CompletableFuture.completedFuture(Long.valueOf(known.get()))
                        : found(effect, atVendor)
                                .thenCompose(found -> found.map(CompletableFuture::completedFuture)
                                        .orElseGet(create))
                                .thenCompose(id -> noted(tenant, effect, id)));
    }

    /** What the next attempt could find at the vendor need not be committed by itself. */
    private CompletableFuture<Long> noted(String tenant, Effect effect, Long id) {
        if (effect.marker() != null && sent.note(effect.exchange(), effect.key(), id.toString())) {
            return CompletableFuture.completedFuture(id);
        }
        return CompletableFuture.supplyAsync(
                () -> {
                    sent.record(tenant, effect.key(), id.toString());
                    return id;
                },
                workers);
    }

    private CompletableFuture<Optional<String>> known(String tenant, Effect effect) {
        return effect.unsent()
                ? CompletableFuture.completedFuture(Optional.empty())
                : CompletableFuture.supplyAsync(() -> sent.find(tenant, effect.key()), workers);
    }

    private static CompletableFuture<Optional<Long>> found(
            Effect effect, Supplier<CompletableFuture<Optional<Long>>> atVendor) {
        return effect.repeated() && effect.marker() != null
                ? atVendor.get()
                : CompletableFuture.completedFuture(Optional.empty());
    }
}
