package cl.smarterbot.hub.odoo;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import java.io.ByteArrayOutputStream;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/**
 * One HTTP exchange with hard bounds: time for the whole answer, size of the body, no redirects, no compression. HTTP/1.1
 * only, since Odoo speaks nothing newer.
 */
final class OdooHttp {

    /** A complete answer. */
    record Answer(int status, boolean json, Duration retryAfter, byte[] body) {}

    private final Executor executor;
    private final ScheduledExecutorService timer;
    private final Map<Duration, HttpClient> clients = new ConcurrentHashMap<>();
    private final Set<CompletableFuture<Answer>> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    OdooHttp(Executor executor, ScheduledExecutorService timer) {
        this.executor = executor;
        this.timer = timer;
    }

    /** Sends the request. The future fails with an {@link OdooException} only. */
    CompletableFuture<Answer> send(HttpRequest request, CallLimits limits) {
        CompletableFuture<Answer> result = new CompletableFuture<>();
        if (closed) {
            result.completeExceptionally(Gate.stopping());
            return result;
        }
        open.add(result);
        BoundedBody body = new BoundedBody(limits.maxResponseSize());
        CompletableFuture<HttpResponse<byte[]>> sent =
                client(limits.connectTimeout()).sendAsync(request, body::subscriber);
        ScheduledFuture<?> alarm = timer.schedule(
                () -> {
                    result.completeExceptionally(OdooException.passing(
                            Kind.UNAVAILABLE,
                            "no complete answer within "
                                    + limits.requestTimeout().toMillis() + " ms"));
                },
                limits.requestTimeout().toMillis(),
                TimeUnit.MILLISECONDS);
        sent.whenComplete((response, failure) -> {
            if (failure != null) {
                result.completeExceptionally(translate(Failures.unwrap(failure)));
            } else {
                answer(response, result);
            }
        });
        result.whenComplete((answer, failure) -> {
            open.remove(result);
            alarm.cancel(false);
            if (failure != null) {
                // Frees the connection of a server that still drips.
                body.cancel();
                sent.cancel(true);
            }
        });
        if (closed) {
            result.completeExceptionally(Gate.stopping());
        }
        return result;
    }

    private static void answer(HttpResponse<byte[]> response, CompletableFuture<Answer> result) {
        String encoding = response.headers().firstValue("Content-Encoding").orElse("identity");
        if (!encoding.equalsIgnoreCase("identity")) {
            result.completeExceptionally(
                    OdooException.permanent(Kind.PROTOCOL, "the server compressed its answer unasked"));
            return;
        }
        String type = response.headers().firstValue("Content-Type").orElse("");
        Duration retryAfter =
                Failures.retryAfter(response.headers().firstValue("Retry-After").orElse(null), Instant.now());
        result.complete(new Answer(response.statusCode(), type.contains("json"), retryAfter, response.body()));
    }

    private HttpClient client(Duration connectTimeout) {
        return clients.computeIfAbsent(connectTimeout, timeout -> HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(timeout)
                .executor(executor)
                .build());
    }

    /** Fails everything under way. */
    void close() {
        closed = true;
        List.copyOf(open).forEach(exchange -> exchange.completeExceptionally(Gate.stopping()));
        clients.clear();
    }

    private static OdooException translate(Throwable failure) {
        if (failure instanceof OdooException typed) {
            return typed;
        }
        String why;
        if (failure instanceof HttpConnectTimeoutException) {
            why = "no connection within the time-out";
        } else if (failure instanceof ConnectException) {
            why = "connection refused or host unknown";
        } else if (failure instanceof SSLException) {
            why = "TLS failed: " + Failures.line(String.valueOf(failure.getMessage()));
        } else {
            why = "the connection broke before the answer was complete ("
                    + failure.getClass().getSimpleName() + ")";
        }
        return new OdooException(Kind.UNAVAILABLE, true, why, null, failure);
    }

    /** Collects the body and stops reading at the limit, so that a huge answer costs no more memory than allowed. */
    private static final class BoundedBody implements HttpResponse.BodySubscriber<byte[]> {
        private final int limit;
        private final CompletableFuture<byte[]> result = new CompletableFuture<>();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private volatile Flow.Subscription subscription;
        private volatile boolean cancelled;

        BoundedBody(int limit) {
            this.limit = limit;
        }

        HttpResponse.BodySubscriber<byte[]> subscriber(HttpResponse.ResponseInfo head) {
            if (head.headers().firstValueAsLong("Content-Length").orElse(0) > limit) {
                tooLarge();
            }
            return this;
        }

        @Override
        public CompletionStage<byte[]> getBody() {
            return result;
        }

        @Override
        public void onSubscribe(Flow.Subscription newSubscription) {
            subscription = newSubscription;
            if (cancelled) {
                newSubscription.cancel();
            } else {
                newSubscription.request(Long.MAX_VALUE);
            }
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer buffer : buffers) {
                if (cancelled) {
                    return;
                }
                if (bytes.size() + (long) buffer.remaining() > limit) {
                    tooLarge();
                    return;
                }
                byte[] part = new byte[buffer.remaining()];
                buffer.get(part);
                bytes.write(part, 0, part.length);
            }
        }

        @Override
        public void onError(Throwable failure) {
            result.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            result.complete(bytes.toByteArray());
        }

        private void tooLarge() {
            result.completeExceptionally(OdooException.permanent(
                    Kind.PROTOCOL, "the answer is larger than " + limit + " bytes; ask for fewer records or fields"));
            cancel();
        }

        void cancel() {
            cancelled = true;
            Flow.Subscription current = subscription;
            if (current != null) {
                current.cancel();
            }
        }
    }
}
