package cl.smarterbot.hub.door;

import cl.smarterbot.hub.tenancy.Caller;
import cl.smarterbot.hub.tenancy.Quotas;
import cl.smarterbot.hub.tenancy.Quotas.Ask;
import cl.smarterbot.hub.tenancy.Quotas.Kind;
import cl.smarterbot.hub.tenancy.Quotas.Verdict;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantLimits;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.WebhookEndpoint;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** What stands before every door: who may read the answers, and how many requests a minute each caller has. */
public final class DoorGuards {

    private static final int MOST_SHUT = 20_000;
    private static final String WEBHOOKS = " webhooks";

    private final Cors cors;
    private final ClientAddress addresses;
    private final Quotas quotas;
    private final int badCredentialsPerMinute;
    private final TenantRegistry registry;

    /** Until when, by {@link System#nanoTime}, webhooks of a sender are refused unread. */
    private final Cache<String, Long> shut = Caffeine.newBuilder()
            .maximumSize(MOST_SHUT)
            .expireAfterWrite(Duration.ofMinutes(1))
            .build();

    /** @throws IllegalArgumentException if a setting is wrong */
    public DoorGuards(GuardProperties properties, TenantRegistry registry, Quotas quotas) {
        this.cors = new Cors(registry);
        this.addresses = new ClientAddress(properties.trustedProxies(), properties.clientIpHeader());
        this.quotas = quotas;
        this.registry = registry;
        this.badCredentialsPerMinute = properties.badCredentialsPerMinute();
    }

    /** See {@link Cors#isPreflight}. */
    static boolean isPreflight(HttpServerRequest request) {
        return Cors.isPreflight(request);
    }

    /** See {@link Cors#permit}. */
    boolean permitPreflight(HttpServerRequest request, Set<String> methods) {
        return cors.permit(request, methods);
    }

    /** See {@link Cors#mark}. */
    void markAnswer(HttpServerRequest request) {
        cors.mark(request);
    }

    /** See {@link Cors#speaksFor}. */
    boolean speaksFor(HttpServerRequest request, Caller caller) {
        return cors.speaksFor(request, caller);
    }

    /**
     * Counts a request of a known caller, then says whether it may go on: null, or the problem that it gets instead. At once where
     * nothing is limited or this node knows the answer; else the request pauses until the shared counters answer. Always on the
     * request's own event loop.
     */
    void count(HttpServerRequest request, Caller caller, Consumer<Problem> then) {
        TenantLimits limits = caller.tenant().limits();
        if (limits.unlimited()) {
            then.accept(null);
            return;
        }
        List<Ask> asks = new ArrayList<>(2);
        String rut = caller.tenant().rut();
        if (limits.tenantPerMinute() != null) {
            asks.add(new Ask(Kind.TENANT, rut, limits.tenantPerMinute()));
        }
        switch (caller.how()) {
            case ORIGIN, HOUSE -> {
                if (limits.ipPerMinute() != null) {
                    asks.add(new Ask(Kind.ADDRESS, rut + ' ' + addresses.bucketOf(request), limits.ipPerMinute()));
                }
            }
            case API_KEY, TOKEN -> {
                if (limits.keyPerMinute() != null) {
                    asks.add(new Ask(Kind.KEY, caller.keyId().toString(), limits.keyPerMinute()));
                }
            }
        }
        if (asks.isEmpty()) {
            then.accept(null);
            return;
        }
        decide(request, asks, verdict -> {
            if (verdict.counted()) {
                show(request.response(), verdict);
            }
            then.accept(verdict.allowed() ? null : Problem.tooManyRequests(verdict.resetSeconds()));
        });
    }

    /** Counts a failed authentication by its client address, then says what the sender gets. */
    void countFailed(HttpServerRequest request, Consumer<Problem> then) {
        List<Ask> asks = List.of(new Ask(Kind.BAD_CREDENTIALS, addresses.bucketOf(request), badCredentialsPerMinute));
        // No figures: they would tell how often others behind the same address were wrong.
        decide(
                request,
                asks,
                verdict -> then.accept(
                        verdict.allowed() ? Problem.UNAUTHENTICATED : Problem.tooManyRequests(verdict.resetSeconds())));
    }

    /** Counts a webhook that its endpoint's sender really sent, then says whether it may go on. */
    void countDelivery(HttpServerRequest request, Tenant tenant, Consumer<Problem> then) {
        Integer limit = tenant.limits().webhooksPerMinute();
        if (limit == null) {
            then.accept(null);
            return;
        }
        // Apart from the tenant's other requests: neither flood takes the other's allowance.
        decide(
                request,
                List.of(new Ask(Kind.TENANT, tenant.rut() + WEBHOOKS, limit)),
                verdict -> then.accept(verdict.allowed() ? null : Problem.tooManyRequests(verdict.resetSeconds())));
    }

    /** As {@link #countFailed}, for a webhook; who was wrong too often with an endpoint is not listened to for the rest of the minute. */
    void countFailedDelivery(HttpServerRequest request, String source, String endpoint, Consumer<Problem> then) {
        String sender = sender(request, source, endpoint);
        countFailed(request, problem -> {
            if (problem.retryAfterSeconds() > 0) {
                shut.put(sender, System.nanoTime() + TimeUnit.SECONDS.toNanos(problem.retryAfterSeconds()));
            }
            then.accept(problem);
        });
    }

    /** What a webhook gets before its body is read: null, or 429 if its sender was wrong too often with this endpoint. */
    Problem shut(HttpServerRequest request, String source, String endpoint) {
        if (shut.estimatedSize() == 0) {
            return null;
        }
        String sender = sender(request, source, endpoint);
        Long until = shut.getIfPresent(sender);
        long left = until == null ? 0 : until - System.nanoTime();
        if (left <= 0) {
            return null;
        }
        return Problem.tooManyRequests((int) Math.max(1, TimeUnit.NANOSECONDS.toSeconds(left + 999_999_999L)));
    }

    /** Many vendors' senders share addresses: one that is wrong must not silence the others. All unknown endpoints are one. */
    private String sender(HttpServerRequest request, String source, String endpoint) {
        String known =
                registry.byEndpoint(source, endpoint).map(WebhookEndpoint::id).orElse("");
        return addresses.bucketOf(request) + ' ' + source + ' ' + known;
    }

    private void decide(HttpServerRequest request, List<Ask> asks, Consumer<Verdict> then) {
        CompletableFuture<Verdict> verdict = quotas.take(asks).toCompletableFuture();
        if (verdict.isDone()) {
            then.accept(verdict.join());
            return;
        }
        Context loop = Vertx.currentContext();
        request.pause();
        verdict.thenAccept(v -> loop.runOnContext(on -> {
            then.accept(v);
            request.resume();
        }));
    }

    private static void show(HttpServerResponse response, Verdict verdict) {
        response.putHeader("X-RateLimit-Limit", Integer.toString(verdict.limit()))
                .putHeader("X-RateLimit-Remaining", Integer.toString(verdict.remaining()))
                .putHeader("X-RateLimit-Reset", Integer.toString(verdict.resetSeconds()));
    }
}
