package cl.smarterbot.hub.door;

import cl.smarterbot.hub.tenancy.Caller;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Which web sites may read the answers: the hosts that the registry names for tenants, over https at its default port; over http,
 * with any port, only names of the visitor's own machine. There are no cookies here and so no credentials mode, and never a
 * wildcard.
 */
final class Cors {

    private static final String HEADERS = "content-type, idempotency-key, x-api-key, authorization, if-none-match";
    private static final String EXPOSED =
            "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, ETag";
    private static final String MAX_AGE_SECONDS = "600";

    private final TenantRegistry registry;

    Cors(TenantRegistry registry) {
        this.registry = registry;
    }

    /** Whether this is a browser's question before the request proper. It carries no key: the origin alone decides. */
    static boolean isPreflight(HttpServerRequest request) {
        return request.method() == io.vertx.core.http.HttpMethod.OPTIONS
                && request.getHeader("Origin") != null
                && request.getHeader("Access-Control-Request-Method") != null;
    }

    /**
     * Permits what is asked for, if a door serves it.
     *
     * @param methods those of the door; empty if there is no door at this path
     * @return false if nothing was permitted; nothing is set then but {@code Vary}
     */
    boolean permit(HttpServerRequest request, Set<String> methods) {
        HttpServerResponse response = request.response();
        response.putHeader("Vary", "Origin");
        String method = request.getHeader("Access-Control-Request-Method");
        if (!methods.contains(method) || tenantOf(request).isEmpty()) {
            return false;
        }
        response.putHeader("Access-Control-Allow-Origin", request.getHeader("Origin"))
                .putHeader("Access-Control-Allow-Methods", method)
                .putHeader("Access-Control-Allow-Headers", HEADERS)
                .putHeader("Access-Control-Max-Age", MAX_AGE_SECONDS);
        return true;
    }

    /**
     * Lets the sender's origin read the answer, whatever it becomes, if the origin is a tenant's. Set before anything can be
     * refused, so that errors can be read as well.
     */
    void mark(HttpServerRequest request) {
        String origin = request.getHeader("Origin");
        if (origin == null) {
            if (request.method() == io.vertx.core.http.HttpMethod.GET) {
                // A cache must not give the answer to a site that asks with an Origin.
                request.response().putHeader("Vary", "Origin");
            }
            return;
        }
        HttpServerResponse response = request.response().putHeader("Vary", "Origin");
        if (tenantOf(request).isPresent()) {
            response.putHeader("Access-Control-Allow-Origin", origin)
                    .putHeader("Access-Control-Expose-Headers", EXPOSED);
        }
    }

    /**
     * Whether the page that sends this may speak for the caller. One that showed a credential speaks for its tenant, and only
     * pages of that tenant may carry it; a key that leaked to another site is of no use there. A signed-in user's token may also
     * come from the house's pages: there is the panel that all tenants share. If not, the answer is not readable.
     */
    boolean speaksFor(HttpServerRequest request, Caller caller) {
        if (caller.how() == Caller.How.ORIGIN
                || caller.how() == Caller.How.HOUSE
                || request.getHeader("Origin") == null) {
            return true;
        }
        Optional<String> page = tenantOf(request);
        boolean own = page.filter(caller.tenant().rut()::equals).isPresent()
                || caller.how() == Caller.How.TOKEN
                        && registry.house()
                                .map(house -> house.tenant().rut())
                                .filter(house -> page.filter(house::equals).isPresent())
                                .isPresent();
        if (!own) {
            request.response().headers().remove("Access-Control-Allow-Origin").remove("Access-Control-Expose-Headers");
        }
        return own;
    }

    /** RUT of the tenant whose allowed origin sent the request. */
    private Optional<String> tenantOf(HttpServerRequest request) {
        List<String> origins = request.headers().getAll("Origin");
        if (origins.size() != 1) {
            return Optional.empty();
        }
        return host(origins.get(0)).flatMap(registry::byOriginHost).map(c -> c.tenant()
                .rut());
    }

    /** The host of an origin that a browser may have sent from a safe page; empty for any other text. */
    static Optional<String> host(String origin) {
        try {
            URI uri = URI.create(origin);
            String scheme = uri.getScheme();
            String host = uri.getHost();
            if (host == null
                    || !origin.equals(scheme + "://" + uri.getRawAuthority())
                    || uri.getRawUserInfo() != null) {
                return Optional.empty();
            }
            host = host.toLowerCase(Locale.ROOT);
            boolean fine = scheme.equals("https") && (uri.getPort() == -1 || uri.getPort() == 443)
                    || (scheme.equals("http") || scheme.equals("https")) && isLoopback(host);
            return fine ? Optional.of(host) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.endsWith(".localhost") || host.equals("127.0.0.1");
    }
}
