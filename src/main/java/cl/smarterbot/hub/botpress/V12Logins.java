package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestAnswer;
import cl.smarterbot.hub.rest.RestCall;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import com.fasterxml.jackson.databind.JsonNode;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;

/** Login tokens of v12 servers: fetched once for all who wait, kept until shortly before they expire. */
final class V12Logins {
    private static final String PATH = "/api/v1/auth/login/basic/default";
    private static final Duration LOGIN_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration MARGIN = Duration.ofMinutes(1);
    private static final Duration USUAL_LIFE = Duration.ofHours(1);
    /** A server may lock an account after some wrong passwords: a refused one is not tried again at once. */
    private static final Duration REFUSAL_HOLDS = Duration.ofSeconds(30);
    /** Above this a number is a point in time in ms, not a duration. */
    private static final long EPOCH_MILLIS = 100_000_000_000L;

    private final RestClient rest;
    private final LongSupplier nanoTime;
    private final Cache<String, Login> logins = Caffeine.newBuilder()
            .maximumSize(20_000)
            .expireAfterAccess(Duration.ofHours(2))
            .build();

    V12Logins(RestClient rest) {
        this(rest, System::nanoTime);
    }

    V12Logins(RestClient rest, LongSupplier nanoTime) {
        this.rest = rest;
        this.nanoTime = nanoTime;
    }

    /** A token that the server should accept; not shown by {@link #toString()}. */
    static final class Token {
        private final String jwt;
        private final long renewAt;

        private Token(String jwt, long renewAt) {
            this.jwt = jwt;
            this.renewAt = renewAt;
        }

        String jwt() {
            return jwt;
        }
    }

    private static final class Login {
        private CompletableFuture<Token> current;
        /** End of the pause after a refusal, in nanoseconds of the monotonic clock; null without one. */
        private Long refusedUntil;
    }

    /** The token of a connection's user; whoever asks while it is being fetched gets the same. */
    CompletableFuture<Token> token(BotpressConnection connection) {
        Login login = logins.get(key(connection), key -> new Login());
        CompletableFuture<Token> mine = new CompletableFuture<>();
        synchronized (login) {
            if (login.current != null && usable(login)) {
                return login.current;
            }
            login.current = mine;
            login.refusedUntil = null;
        }
        long asked = nanoTime.getAsLong();
        rest.send(call(connection)).whenComplete((answer, failure) -> {
            if (failure == null) {
                try {
                    mine.complete(read(answer, asked));
                } catch (RestException e) {
                    mine.completeExceptionally(e);
                }
                return;
            }
            if (failure instanceof RestException e && !e.isTransient()) {
                synchronized (login) {
                    login.refusedUntil = nanoTime.getAsLong() + REFUSAL_HOLDS.toNanos();
                }
            }
            mine.completeExceptionally(failure);
        });
        return mine;
    }

    private boolean usable(Login login) {
        if (!login.current.isDone()) {
            return true;
        }
        if (login.current.isCompletedExceptionally()) {
            return login.refusedUntil != null && login.refusedUntil - nanoTime.getAsLong() > 0;
        }
        return login.current.join().renewAt - nanoTime.getAsLong() > 0;
    }

    /** Forgets a token that the server refused, unless somebody has already replaced it. */
    void discard(BotpressConnection connection, Token refused) {
        Login login = logins.getIfPresent(key(connection));
        if (login == null) {
            return;
        }
        synchronized (login) {
            if (login.current != null
                    && login.current.isDone()
                    && !login.current.isCompletedExceptionally()
                    && login.current.join() == refused) {
                login.current = null;
            }
        }
    }

    private static RestCall call(BotpressConnection connection) {
        return RestCall.builder(BotpressConnection.SYSTEM, connection.tenant(), "POST", connection.url() + PATH)
                .json(Map.of(
                        "email",
                        connection.user(),
                        "password",
                        connection.password().reveal()))
                .timeout(LOGIN_TIMEOUT)
                .maxResponseBytes(64 << 10)
                .build();
    }

    private static Token read(RestAnswer answer, long asked) {
        JsonNode payload = answer.json().path("payload");
        String jwt = payload.path("jwt").asText("");
        if (jwt.isEmpty() || !jwt.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw RestException.of(
                    BotpressConnection.SYSTEM,
                    RestException.Kind.GARBAGE,
                    "POST " + PATH,
                    "the answer has no payload.jwt");
        }
        long life = payload.path("exp").asLong(USUAL_LIFE.toMillis());
        if (life > EPOCH_MILLIS) {
            life -= System.currentTimeMillis();
        }
        // A life that makes no sense, as with a clock that is wrong, costs a login more often and nothing else.
        life = Math.max(life, 1_000);
        long usable = life - Math.min(MARGIN.toMillis(), life / 10);
        return new Token(jwt, asked + Duration.ofMillis(usable).toNanos());
    }

    private static String key(BotpressConnection connection) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(connection.password().reveal().getBytes(StandardCharsets.UTF_8));
            return connection.tenant() + "|" + connection.url() + "|" + connection.user() + "|"
                    + HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }
}
