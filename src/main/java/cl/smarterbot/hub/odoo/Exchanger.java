package cl.smarterbot.hub.odoo;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Takes requests through the limits that keep one tenant's sick server from hurting others: a gate per connection, a gate
 * per server, and a breaker per connection.
 */
final class Exchanger {
    private static final int WINDOW = 20;
    private static final int FEWEST_CALLS = 10;
    private static final int TRIALS = 3;

    private final OdooHttp http;
    private final Executor executor;
    private final Map<String, Gate> connectionGates = new ConcurrentHashMap<>();
    private final Map<String, Gate> serverGates = new ConcurrentHashMap<>();
    private final Map<String, CircuitBreaker> breakers = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Exchanger(OdooHttp http, Executor executor) {
        this.http = http;
        this.executor = executor;
    }

    /** Sends one request and decodes its answer; waits without a thread while the gates are full. */
    <T> CompletableFuture<T> send(
            OdooConnection connection,
            OdooHttp.Request request,
            CallLimits limits,
            Function<OdooHttp.Answer, T> decode) {
        if (closed) {
            return CompletableFuture.failedFuture(Gate.stopping());
        }
        Gate own = connectionGates.computeIfAbsent(connection.healthKey(), key -> new Gate(executor));
        Gate server = serverGates.computeIfAbsent(connection.server(), key -> new Gate(executor));
        // The narrower gate comes first: a tenant waits in its own line and never fills the server's.
        return through(
                own,
                limits.maxConcurrentCallsPerConnection(),
                () -> through(server, limits.maxConcurrentCalls(), () -> guarded(connection, request, limits, decode)));
    }

    private static <T> CompletableFuture<T> through(Gate gate, int limit, Supplier<CompletableFuture<T>> inside) {
        return gate.enter(limit).thenCompose(entered -> {
            CompletableFuture<T> work;
            try {
                work = inside.get();
            } catch (RuntimeException e) {
                work = CompletableFuture.failedFuture(e);
            }
            return work.whenComplete((value, failure) -> gate.leave());
        });
    }

    private <T> CompletableFuture<T> guarded(
            OdooConnection connection,
            OdooHttp.Request request,
            CallLimits limits,
            Function<OdooHttp.Answer, T> decode) {
        CircuitBreaker breaker =
                breakers.computeIfAbsent(connection.healthKey(), key -> CircuitBreaker.of("odoo", config(limits)));
        if (!breaker.tryAcquirePermission()) {
            return CompletableFuture.failedFuture(OdooException.passing(
                    Kind.CIRCUIT_OPEN, "not tried, because the last calls to this server failed"));
        }
        long start = System.nanoTime();
        return http.send(request, limits).thenApply(decode).whenComplete((value, failure) -> {
            long time = System.nanoTime() - start;
            Throwable cause = Failures.unwrap(failure);
            if (closed) {
                breaker.releasePermission();
            } else if (cause != null && isSick(cause)) {
                breaker.onError(time, TimeUnit.NANOSECONDS, cause);
            } else {
                breaker.onSuccess(time, TimeUnit.NANOSECONDS);
            }
        });
    }

    /** A refusal shows a healthy server; only silence and nonsense count against it. */
    private static boolean isSick(Throwable failure) {
        return !(failure instanceof OdooException typed)
                || typed.isTransient() && (typed.kind() == Kind.UNAVAILABLE || typed.kind() == Kind.PROTOCOL);
    }

    private static CircuitBreakerConfig config(CallLimits limits) {
        return CircuitBreakerConfig.custom()
                .slidingWindowSize(WINDOW)
                .minimumNumberOfCalls(FEWEST_CALLS)
                .failureRateThreshold(50)
                .waitDurationInOpenState(limits.breakerOpenTime())
                .permittedNumberOfCallsInHalfOpenState(TRIALS)
                .build();
    }

    void close() {
        closed = true;
        connectionGates.values().forEach(Gate::close);
        serverGates.values().forEach(Gate::close);
    }
}
