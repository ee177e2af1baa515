package cl.smarterbot.hub.rest;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.vertx.core.Context;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * One tenant's calls to one origin: how many run, who waits, how healthy it looks. Lives on one event loop, so that nothing here
 * is locked and connections are found again.
 */
final class Destination {
    private static final int WINDOW = 20;
    private static final int FEWEST_CALLS = 10;
    private static final int TRIALS = 3;

    private final Context context;
    private final RestLimits limits;
    private final CircuitBreaker breaker;
    private final ArrayDeque<Exchange> waiting = new ArrayDeque<>();
    private int inFlight;
    private long openedAt;

    Destination(Context context, RestLimits limits) {
        this.context = context;
        this.limits = limits;
        breaker = CircuitBreaker.of(
                "rest",
                CircuitBreakerConfig.custom()
                        .slidingWindowSize(WINDOW)
                        .minimumNumberOfCalls(FEWEST_CALLS)
                        .failureRateThreshold(50)
                        .waitDurationInOpenState(limits.breakerOpenTime())
                        .permittedNumberOfCallsInHalfOpenState(TRIALS)
                        .build());
        breaker.getEventPublisher().onStateTransition(change -> {
            if (change.getStateTransition().getToState() == CircuitBreaker.State.OPEN) {
                openedAt = System.nanoTime();
            }
        });
    }

    /** How long the breaker stays open yet; a second when it is just trying whether it may close. */
    Duration rest() {
        long left = openedAt + limits.breakerOpenTime().toNanos() - System.nanoTime();
        return breaker.getState() == CircuitBreaker.State.OPEN && left > 0
                ? Duration.ofNanos(left)
                : Duration.ofSeconds(1);
    }

    Context context() {
        return context;
    }

    /** Starts the exchange, or lets it wait, or refuses it. */
    void enter(Exchange exchange) {
        if (inFlight < limits.mostInFlight()) {
            inFlight++;
            exchange.start(breaker.tryAcquirePermission());
        } else if (waiting.size() < limits.mostWaiting()) {
            waiting.add(exchange);
        } else {
            exchange.refuse("too many calls are waiting for this server");
        }
    }

    /** Ends an exchange that was started, and starts the next. */
    void leave() {
        inFlight--;
        if (!waiting.isEmpty()) {
            // Not here: a long line would recurse.
            context.runOnContext(nothing -> {
                if (!waiting.isEmpty() && inFlight < limits.mostInFlight()) {
                    inFlight++;
                    waiting.poll().start(breaker.tryAcquirePermission());
                }
            });
        }
    }

    /** Ends an exchange that says nothing about this destination. */
    void release() {
        breaker.releasePermission();
    }

    /** A refusal shows a healthy server; only silence, nonsense and its own errors count against it. */
    void record(long nanos, RestException failure) {
        if (failure == null) {
            breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
            return;
        }
        switch (failure.kind()) {
            case UNREACHABLE, TIMEOUT, UNAVAILABLE, GARBAGE -> breaker.onError(nanos, TimeUnit.NANOSECONDS, failure);
            case FORBIDDEN_ADDRESS, BAD_CALL, OVERLOADED -> breaker.releasePermission();
            default -> breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
        }
    }
}
