package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** When a turn must be over, whatever it waits for. */
final class Deadline {
    private final long end;
    private final Duration whole;

    private Deadline(Duration whole) {
        this.whole = whole;
        end = System.nanoTime() + whole.toNanos();
    }

    static Deadline in(Duration whole) {
        return new Deadline(whole);
    }

    /** Time that is left; negative when it is over. */
    long nanosLeft() {
        return end - System.nanoTime();
    }

    /** Time that is left for a call, at least a millisecond. */
    Duration left() {
        return Duration.ofMillis(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanosLeft())));
    }

    RestException missed(String place) {
        return RestException.of(
                BotpressConnection.SYSTEM,
                RestException.Kind.TIMEOUT,
                place,
                "no complete answer within " + whole.toMillis() + " ms");
    }

    /** The same result, or a typed time-out; {@code future} itself goes on. */
    <T> CompletableFuture<T> bound(CompletableFuture<T> future, String place) {
        return future.copy()
                .orTimeout(Math.max(1, nanosLeft()), TimeUnit.NANOSECONDS)
                .exceptionally(failure -> {
                    if (failure instanceof TimeoutException) {
                        throw missed(place);
                    }
                    throw failure instanceof CompletionException e ? e : new CompletionException(failure);
                });
    }
}
