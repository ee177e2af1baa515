package cl.smarterbot.hub.door;

import cl.smarterbot.hub.tenancy.Caller;
import cl.smarterbot.hub.tenancy.Quotas;
import cl.smarterbot.hub.tenancy.Quotas.Ask;
import cl.smarterbot.hub.tenancy.Quotas.Kind;
import cl.smarterbot.hub.tenancy.Quotas.Verdict;
import cl.smarterbot.hub.tenancy.TenantLimits;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** What stands before every door: who may read the answers, and how many requests a minute each caller has. */
public final class DoorGuards {

    private final Cors cors;
    private final ClientAddress addresses;
    private final Quotas quotas;
    private final int badCredentialsPerMinute;

    /** @throws IllegalArgumentException if a setting is wrong */
    public DoorGuards(GuardProperties properties, TenantRegistry registry, Quotas quotas) {
        this.cors = new Cors(registry);
        this.addresses = new ClientAddress(properties.trustedProxies(), properties.clientIpHeader());
        this.quotas = quotas;
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
