package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * One call at a time for each user of a bot, first come, first served: a v12 server collects replies by user, so that two calls
 * at once would get each other's. No thread waits. Holds within this node; between nodes the event log keeps the order.
 */
final class UserLanes {
    private final Map<String, CompletableFuture<Void>> tails = new ConcurrentHashMap<>();
    private final Executor executor;

    UserLanes(Executor executor) {
        this.executor = executor;
    }

    /** Runs {@code work} when all earlier work of the same lane has ended; fails if that is not before the deadline. */
    <T> CompletableFuture<T> inTurn(String lane, Deadline deadline, Supplier<CompletableFuture<T>> work) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        CompletableFuture<Void> before = tails.put(lane, mine);
        CompletableFuture<T> result = new CompletableFuture<>();
        if (before == null) {
            run(lane, mine, work, result);
            return result;
        }
        AtomicBoolean decided = new AtomicBoolean();
        CompletableFuture.delayedExecutor(Math.max(1, deadline.nanosLeft()), TimeUnit.NANOSECONDS, Runnable::run)
                .execute(() -> {
                    if (decided.compareAndSet(false, true)) {
                        result.completeExceptionally(RestException.of(
                                BotpressConnection.SYSTEM,
                                RestException.Kind.OVERLOADED,
                                "intent",
                                "it waited too long for its turn in the conversation"));
                    }
                });
        before.whenCompleteAsync(
                        (nothing, failure) -> {
                            if (decided.compareAndSet(false, true)) {
                                run(lane, mine, work, result);
                            } else {
                                leave(lane, mine);
                            }
                        },
                        executor)
                .whenComplete((nothing, refused) -> {
                    if (refused != null) {
                        // The executor has ended.
                        leave(lane, mine);
                        result.completeExceptionally(RestException.of(
                                BotpressConnection.SYSTEM,
                                RestException.Kind.UNREACHABLE,
                                "intent",
                                "the hub is stopping"));
                    }
                });
        return result;
    }

    private <T> void run(
            String lane,
            CompletableFuture<Void> mine,
            Supplier<CompletableFuture<T>> work,
            CompletableFuture<T> result) {
        CompletableFuture<T> running;
        try {
            running = work.get();
        } catch (RuntimeException e) {
            running = CompletableFuture.failedFuture(e);
        }
        running.whenComplete((value, failure) -> {
            leave(lane, mine);
            if (failure != null) {
                result.completeExceptionally(failure);
            } else {
                result.complete(value);
            }
        });
    }

    private void leave(String lane, CompletableFuture<Void> mine) {
        tails.remove(lane, mine);
        mine.complete(null);
    }

    /** Lanes in use. */
    int size() {
        return tails.size();
    }
}
