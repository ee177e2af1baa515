package cl.smarterbot.hub.odoo;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Counting semaphore whose waiters are futures, so that no thread stands in line. First come, first served. */
final class Gate {
    private static final int MOST_WAITING = 10_000;

    private record Waiter(int limit, CompletableFuture<Void> turn) {}

    private final Executor executor;
    private final ArrayDeque<Waiter> waiting = new ArrayDeque<>();
    private int inside;
    private boolean closed;

    /** Makes an open gate; {@code executor} runs what the waiters do next, so that a long line never recurses. */
    Gate(Executor executor) {
        this.executor = executor;
    }

    /** Completes when the caller is inside; it must then call {@link #leave()} exactly once. */
    CompletableFuture<Void> enter(int limit) {
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(stopping());
            }
            if (waiting.isEmpty() && inside < limit) {
                inside++;
                return CompletableFuture.completedFuture(null);
            }
            if (waiting.size() >= MOST_WAITING) {
                return CompletableFuture.failedFuture(OdooException.passing(
                        OdooException.Kind.OVERLOADED, "too many calls are waiting for this server"));
            }
            Waiter waiter = new Waiter(limit, new CompletableFuture<>());
            waiting.add(waiter);
            return waiter.turn();
        }
    }

    void leave() {
        List<Waiter> next = new ArrayList<>(1);
        synchronized (this) {
            inside--;
            while (!waiting.isEmpty() && inside < waiting.peek().limit()) {
                inside++;
                next.add(waiting.poll());
            }
        }
        next.forEach(waiter -> executor.execute(() -> waiter.turn().complete(null)));
    }

    void close() {
        List<Waiter> left;
        synchronized (this) {
            closed = true;
            left = new ArrayList<>(waiting);
            waiting.clear();
        }
        left.forEach(waiter -> executor.execute(() -> waiter.turn().completeExceptionally(stopping())));
    }

    static OdooException stopping() {
        return OdooException.passing(OdooException.Kind.UNAVAILABLE, "the component is stopping");
    }
}
