package cl.smarterbot.hub.odoo;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** A value that is computed once for all concurrent callers and kept until it fails or is discarded. */
final class Shared<T> {
    private CompletableFuture<T> current;

    CompletableFuture<T> get(Supplier<CompletableFuture<T>> compute) {
        CompletableFuture<T> mine;
        synchronized (this) {
            if (current != null && !current.isCompletedExceptionally()) {
                return current;
            }
            mine = new CompletableFuture<>();
            current = mine;
        }
        CompletableFuture<T> computing;
        try {
            computing = compute.get();
        } catch (RuntimeException e) {
            computing = CompletableFuture.failedFuture(e);
        }
        computing.whenComplete((value, failure) -> {
            if (failure != null) {
                mine.completeExceptionally(failure);
            } else {
                mine.complete(value);
            }
        });
        return mine;
    }

    /** Forgets the value unless another caller has already replaced it. */
    synchronized void discard(CompletableFuture<T> seen) {
        if (current == seen) {
            current = null;
        }
    }
}
