package cl.smarterbot.hub.door;

import cl.smarterbot.hub.tenancy.Caller;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/** Finds the caller of a door that takes an API key or a token. */
final class Credentials {

    private static final Pattern BEARER = Pattern.compile("(?i:Bearer) +([A-Za-z0-9._~+/=-]+)");

    private final TenantRegistry registry;
    private final SignedInUsers users;

    Credentials(TenantRegistry registry, SignedInUsers users) {
        this.registry = registry;
        this.users = users;
    }

    /**
     * Says who sent the request: a caller, or null if its credential is no good, or the problem if that cannot be told now. At
     * once where this node knows the answer; else the request pauses. Always on the request's own event loop.
     *
     * <p>One credential it must be: of two, which of them was meant, and which of them leaked?
     */
    void identify(HttpServerRequest request, BiConsumer<Caller, Problem> then) {
        List<String> keys = request.headers().getAll("X-API-Key");
        List<String> tokens = request.headers().getAll("Authorization");
        if (keys.size() + tokens.size() != 1) {
            then.accept(null, null);
        } else if (keys.size() == 1) {
            then.accept(registry.byApiKey(keys.get(0)).orElse(null), null);
        } else {
            var bearer = BEARER.matcher(tokens.get(0).trim());
            if (bearer.matches()) {
                identify(request, users.byToken(bearer.group(1)), then);
            } else {
                then.accept(null, null);
            }
        }
    }

    private static void identify(
            HttpServerRequest request, CompletableFuture<Optional<Caller>> answer, BiConsumer<Caller, Problem> then) {
        if (answer.isDone()) {
            tell(answer, then);
            return;
        }
        Context loop = Vertx.currentContext();
        request.pause();
        answer.whenComplete((caller, failure) -> loop.runOnContext(on -> {
            // What waits is handed out in a later turn of the loop, so whoever takes it is there in time.
            request.resume();
            tell(answer, then);
        }));
    }

    private static void tell(CompletableFuture<Optional<Caller>> answer, BiConsumer<Caller, Problem> then) {
        Caller caller = null;
        Problem problem = null;
        try {
            caller = answer.join().orElse(null);
        } catch (CompletionException e) {
            problem = e.getCause() instanceof ProblemException p ? p.problem() : Problem.INTERNAL;
        }
        then.accept(caller, problem);
    }
}
