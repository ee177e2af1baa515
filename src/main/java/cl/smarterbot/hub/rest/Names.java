package cl.smarterbot.hub.rest;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * Host names to addresses. What it answers is both checked and connected to, so that a name which resolves to something else the
 * next time gains nothing. A failed look-up is not kept.
 */
final class Names {

    /** The system's resolver, or a test's. */
    @FunctionalInterface
    interface Lookup {
        InetAddress[] all(String host) throws UnknownHostException;
    }

    private final Lookup lookup;
    private final Executor workers;
    private final Cache<String, List<InetAddress>> known = Caffeine.newBuilder()
            .maximumSize(10_000)
            .expireAfterWrite(Duration.ofSeconds(30))
            .build();

    Names(Lookup lookup, Executor workers) {
        this.lookup = lookup;
        this.workers = workers;
    }

    /** The addresses of a host in the resolver's order; fails with an {@link UnknownHostException}. */
    CompletableFuture<List<InetAddress>> resolve(String host) {
        List<InetAddress> cached = known.getIfPresent(host);
        if (cached != null) {
            return CompletableFuture.completedFuture(cached);
        }
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        List<InetAddress> found = List.of(lookup.all(host));
                        known.put(host, found);
                        return found;
                    } catch (UnknownHostException e) {
                        throw new CompletionException(e);
                    }
                },
                workers);
    }
}
