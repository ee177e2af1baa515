package cl.smarterbot.hub.storage;

import cl.smarterbot.hub.rest.RestCall;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestStream;
import cl.smarterbot.hub.storage.RefusedException.Reason;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Gets files from a tenant's own system. Whoever writes in a conversation decides what an address says: it counts only if it leads to
 * that system. One redirect is followed, since Chatwoot keeps files elsewhere; another server must be a public one, even where the
 * deployment allows private addresses, because it was not an operator who named it.
 */
final class FileSource {
    static final String SYSTEM = "file source";

    /** Large files must not hold up the tenant's other calls to the same server, nor count for its health. */
    private static final String LANE = "files";

    private final RestClient rest;
    private final StorageLimits limits;

    FileSource(RestClient rest, StorageLimits limits) {
        this.rest = rest;
        this.limits = limits;
    }

    /**
     * Opens a file.
     *
     * @param base URL of the system that it must come from
     * @return fails with a {@link RefusedException}, or with a {@link RestException} that trying again may help against
     */
    CompletableFuture<RestStream> open(String tenant, String base, String url) {
        URI own = parse(base);
        URI wanted = parse(url);
        if (own == null || wanted == null || !sameOrigin(own, wanted)) {
            throw new RefusedException(Reason.SOURCE_NOT_ALLOWED);
        }
        return rest.open(get(tenant, wanted).build())
                .exceptionallyCompose(failure -> follow(tenant, wanted, cause(failure)))
                .exceptionally(failure -> {
                    throw refusal(cause(failure));
                });
    }

    private CompletableFuture<RestStream> follow(String tenant, URI from, Throwable failure) {
        if (!(failure instanceof RestException redirect) || redirect.kind() != RestException.Kind.REDIRECT) {
            return CompletableFuture.failedFuture(failure);
        }
        URI to = target(
                from, redirect.answer().map(answer -> answer.header("location")).orElse(null));
        if (to == null) {
            throw new RefusedException(Reason.SOURCE_NOT_ALLOWED);
        }
        RestCall.Builder call = get(tenant, to);
        if (!sameOrigin(from, to)) {
            call.publicAddressesOnly();
        }
        return rest.open(call.build());
    }

    private RestCall.Builder get(String tenant, URI from) {
        return RestCall.builder(SYSTEM, tenant, "GET", from.toString())
                .template("/file")
                .lane(LANE)
                .timeout(limits.timeout())
                .maxResponseBytes(limits.maxBytes())
                .anyAnswer();
    }

    /** Where a redirect leads; null if it makes no sense or gives up the encryption. */
    private static URI target(URI from, String location) {
        if (location == null) {
            return null;
        }
        URI to;
        try {
            to = parse(from.resolve(new URI(location)).toString());
        } catch (URISyntaxException | IllegalArgumentException e) {
            return null;
        }
        return to == null || secure(from) && !secure(to) ? null : to;
    }

    /** Null if it is no address that a call can go to. */
    private static URI parse(String text) {
        try {
            URI uri = new URI(text == null ? "" : text);
            boolean http = "http".equalsIgnoreCase(uri.getScheme()) || secure(uri);
            return http && uri.getHost() != null && uri.getRawUserInfo() == null && uri.getRawFragment() == null
                    ? uri
                    : null;
        } catch (URISyntaxException e) {
            return null;
        }
    }

    private static boolean secure(URI uri) {
        return "https".equalsIgnoreCase(uri.getScheme());
    }

    private static boolean sameOrigin(URI one, URI other) {
        return secure(one) == secure(other)
                && one.getHost().toLowerCase(Locale.ROOT).equals(other.getHost().toLowerCase(Locale.ROOT))
                && port(one) == port(other);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : secure(uri) ? 443 : 80;
    }

    static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** What does not pass is the file's own matter: it is recorded, and the others of the message are stored. */
    static RuntimeException refusal(Throwable failure) {
        if (!(failure instanceof RestException known)) {
            return failure instanceof RuntimeException e ? e : new IllegalStateException(failure);
        }
        if (known.isTransient()) {
            return known;
        }
        return new RefusedException(
                switch (known.kind()) {
                    case TOO_LARGE -> Reason.TOO_LARGE;
                    case NOT_FOUND -> Reason.NOT_FOUND;
                    case FORBIDDEN_ADDRESS, REDIRECT, BAD_CALL -> Reason.SOURCE_NOT_ALLOWED;
                    default -> Reason.SOURCE_REFUSED;
                });
    }
}
