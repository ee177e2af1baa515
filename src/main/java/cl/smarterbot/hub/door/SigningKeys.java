package cl.smarterbot.hub.door;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An issuer's public keys, fetched when they are wanted and kept for ten minutes, so that a key that the issuer took back is out
 * of use by then. A key that nobody knows makes a new fetch, but not within 30 seconds of the last one. While the issuer is away
 * the last keys stay in use. Nobody waits on a thread.
 */
final class SigningKeys {

    private static final Logger log = LoggerFactory.getLogger(SigningKeys.class);

    static final Duration LIFE = Duration.ofMinutes(10);
    static final Duration PAUSE = Duration.ofSeconds(30);
    private static final Duration PAUSE_WITHOUT_KEYS = Duration.ofSeconds(5);
    private static final Duration TIME_OUT = Duration.ofSeconds(5);
    private static final int LARGEST = 256 * 1024;
    private static final int SHORTEST_RSA = 2048;

    /** The keys of one answer of the issuer. The same object as long as the issuer says the same. */
    static final class Keys {
        private final String text;
        private final List<JWK> all;

        private Keys(String text) throws ParseException {
            this.text = text;
            List<JWK> usable = new ArrayList<>();
            for (JWK key : JWKSet.parse(text).getKeys()) {
                boolean signs = key.getKeyUse() == null || key.getKeyUse() == KeyUse.SIGNATURE;
                boolean strong = key instanceof ECKey || key instanceof RSAKey && key.size() >= SHORTEST_RSA;
                if (signs && strong) {
                    usable.add(key.toPublicJWK());
                }
            }
            this.all = List.copyOf(usable);
        }

        /** The keys of that id; all for a token that names none. */
        List<JWK> of(String id) {
            return id == null
                    ? all
                    : all.stream().filter(key -> id.equals(key.getKeyID())).toList();
        }
    }

    private final URI url;
    private final LongSupplier nanos;
    private final HttpClient http = HttpClient.newBuilder()
            .connectTimeout(TIME_OUT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();

    private Keys keys;
    private long fetchedAt;
    private boolean failed;
    private boolean tried;
    private long triedAt;
    private CompletableFuture<Void> running;

    /** @param nanos a clock like {@link System#nanoTime} */
    SigningKeys(URI url, LongSupplier nanos) {
        this.url = url;
        this.nanos = nanos;
    }

    /**
     * The keys in which one of that id is to be looked for.
     *
     * @param id of the key; null if the token names none
     * @return fails with {@link ProblemException} (503) if there are none and none can be had
     */
    synchronized CompletableFuture<Keys> having(String id) {
        long now = nanos.getAsLong();
        boolean known = keys != null && !keys.of(id).isEmpty();
        long age = now - fetchedAt;
        if (known && age < LIFE.toNanos()) {
            if (age > LIFE.toNanos() / 2) {
                // Ahead of need, and nobody waits.
                fetchIfDue(now);
            }
            return CompletableFuture.completedFuture(keys);
        }
        fetchIfDue(now);
        if (running == null || known && failed) {
            return outcome();
        }
        return running.thenCompose(done -> outcome());
    }

    private synchronized CompletableFuture<Keys> outcome() {
        return keys == null
                ? CompletableFuture.failedFuture(new ProblemException(Problem.AWAY))
                : CompletableFuture.completedFuture(keys);
    }

    private void fetchIfDue(long now) {
        Duration pause = keys == null ? PAUSE_WITHOUT_KEYS : PAUSE;
        if (running != null || tried && now - triedAt < pause.toNanos()) {
            return;
        }
        tried = true;
        triedAt = now;
        HttpRequest request = HttpRequest.newBuilder(url)
                .timeout(TIME_OUT)
                .header("Accept", "application/json")
                .build();
        CompletableFuture<Void> done = new CompletableFuture<>();
        running = done;
        http.sendAsync(request, info -> new AtMost(info.statusCode() == 200 ? LARGEST : 0))
                // The request's own time-out ends with the head of the answer.
                .orTimeout(TIME_OUT.toMillis() * 2, TimeUnit.MILLISECONDS)
                .whenComplete((response, failure) -> {
                    arrived(response, failure);
                    done.complete(null);
                });
    }

    private synchronized void arrived(HttpResponse<byte[]> response, Throwable failure) {
        running = null;
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        String reason = cause != null ? cause.getClass().getSimpleName() : null;
        if (failure == null && response.statusCode() != 200) {
            reason = "status " + response.statusCode();
        } else if (failure == null) {
            String text = new String(response.body(), StandardCharsets.UTF_8);
            try {
                keys = keys != null && keys.text.equals(text) ? keys : new Keys(text);
                fetchedAt = nanos.getAsLong();
            } catch (ParseException | RuntimeException e) {
                reason = "no key set";
            }
        }
        failed = reason != null;
        if (failed) {
            log.warn(
                    "The keys of the token issuer cannot be fetched from {}: {}; {}",
                    url,
                    reason,
                    keys == null ? "no token can be checked" : "the last ones stay in use");
        }
    }

    /** Takes a body up to a limit; what is longer fails. */
    private static final class AtMost implements HttpResponse.BodySubscriber<byte[]> {
        private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
        private final int limit;
        private Flow.Subscription subscription;
        private byte[] bytes = new byte[0];

        AtMost(int limit) {
            this.limit = limit;
        }

        @Override
        public CompletionStage<byte[]> getBody() {
            return whole;
        }

        @Override
        public void onSubscribe(Flow.Subscription s) {
            subscription = s;
            s.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer buffer : buffers) {
                int more = buffer.remaining();
                if (limit == 0) {
                    continue;
                }
                if (more > limit - bytes.length) {
                    subscription.cancel();
                    whole.completeExceptionally(new IllegalStateException("too large"));
                    return;
                }
                int at = bytes.length;
                bytes = Arrays.copyOf(bytes, at + more);
                buffer.get(bytes, at, more);
            }
        }

        @Override
        public void onError(Throwable failure) {
            whole.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            whole.complete(bytes);
        }
    }
}
