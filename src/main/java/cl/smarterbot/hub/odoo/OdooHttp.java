package cl.smarterbot.hub.odoo;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import io.netty.channel.ConnectTimeoutException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/**
 * One HTTP exchange with hard bounds: time for the whole answer, size of the body, no redirects, no compression. HTTP/1.1
 * only, since Odoo speaks nothing newer.
 */
final class OdooHttp {
    private static final int MOST_CONNECTIONS = 64;
    private static final int KEEP_ALIVE_SECONDS = 15;
    private static final int MOST_ADDRESSES = 4;
    private static final long NAMES_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Answers up to this size are decoded where they arrive; a larger one would keep the others waiting. */
    private static final int SMALL = 32 << 10;

    /** A request; its headers and body hold credentials and are shown nowhere. */
    record Request(String method, URI uri, Map<String, String> headers, byte[] body) {

        static Request get(URI uri, Map<String, String> headers) {
            return new Request("GET", uri, headers, null);
        }

        static Request post(URI uri, Map<String, String> headers, byte[] body) {
            return new Request("POST", uri, headers, body);
        }

        boolean https() {
            return "https".equalsIgnoreCase(uri.getScheme());
        }

        int port() {
            return uri.getPort() >= 0 ? uri.getPort() : https() ? 443 : 80;
        }

        String target() {
            String path = uri.getRawPath();
            return (path == null || path.isEmpty() ? "/" : path)
                    + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
        }

        @Override
        public String toString() {
            return method + " " + uri.getPath();
        }
    }

    /** A complete answer. */
    record Answer(int status, boolean json, Duration retryAfter, byte[] body) {}

    private record Known(List<InetAddress> addresses, long since) {}

    private final Executor executor;
    private final Vertx vertx;
    private final Context context;
    private final HttpClient http;
    private final Map<String, Known> names = new ConcurrentHashMap<>();
    private final Set<CompletableFuture<Answer>> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** @param executor where names are looked up and large answers are decoded */
    OdooHttp(Executor executor) {
        this.executor = executor;
        vertx = Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1)
                .setUseDaemonThread(true)
                .setFileSystemOptions(new FileSystemOptions()
                        .setClassPathResolvingEnabled(false)
                        .setFileCachingEnabled(false)));
        context = vertx.getOrCreateContext();
        http = vertx.httpClientBuilder()
                .with(new HttpClientOptions()
                        .setProtocolVersion(HttpVersion.HTTP_1_1)
                        .setKeepAlive(true)
                        // Shorter than the usual servers', so that a call seldom meets a connection that is just being
                        // closed.
                        .setKeepAliveTimeout(KEEP_ALIVE_SECONDS)
                        .setMaxHeaderSize(16 << 10)
                        .setVerifyHost(true)
                        .setTrustAll(false))
                .with(new PoolOptions().setHttp1MaxSize(MOST_CONNECTIONS))
                // What a connection says outside of any call is nobody's; the default handler would log parts of it.
                .withConnectHandler(connection -> connection.exceptionHandler(failure -> {}))
                .build();
    }

    /** Sends the request. The future fails with an {@link OdooException} only; its dependents must not block. */
    CompletableFuture<Answer> send(Request request, CallLimits limits) {
        CompletableFuture<Answer> result = new CompletableFuture<>();
        if (closed) {
            result.completeExceptionally(Gate.stopping());
            return result;
        }
        open.add(result);
        result.whenComplete((answer, failure) -> open.remove(result));
        Call call = new Call(request, limits, result);
        context.runOnContext(nothing -> call.begin());
        if (closed) {
            result.completeExceptionally(Gate.stopping());
        }
        return result;
    }

    /** Fails everything under way. */
    void close() {
        closed = true;
        List.copyOf(open).forEach(exchange -> exchange.completeExceptionally(Gate.stopping()));
        vertx.close();
    }

    private static OdooException translate(Throwable failure) {
        if (failure instanceof OdooException typed) {
            return typed;
        }
        String why;
        if (failure instanceof ConnectTimeoutException) {
            why = "no connection within the time-out";
        } else if (failure instanceof ConnectException || failure instanceof UnknownHostException) {
            why = "connection refused or host unknown";
        } else if (failure instanceof SSLException) {
            why = "TLS failed: " + Failures.line(String.valueOf(failure.getMessage()));
        } else {
            why = "the connection broke before the answer was complete ("
                    + failure.getClass().getSimpleName() + ")";
        }
        return new OdooException(Kind.UNAVAILABLE, true, why, null, failure);
    }

    /** One exchange under way; everything in it runs on the event loop. */
    private final class Call {
        private final Request asked;
        private final CallLimits limits;
        private final CompletableFuture<Answer> result;
        private long alarm = -1;
        private boolean done;
        private HttpClientRequest request;
        private Buffer body;

        Call(Request asked, CallLimits limits, CompletableFuture<Answer> result) {
            this.asked = asked;
            this.limits = limits;
            this.result = result;
        }

        void begin() {
            if (result.isDone()) {
                return;
            }
            alarm = vertx.setTimer(
                    limits.requestTimeout().toMillis(),
                    id -> fail(OdooException.passing(
                            Kind.UNAVAILABLE,
                            "no complete answer within "
                                    + limits.requestTimeout().toMillis() + " ms")));
            String host = asked.uri().getHost();
            String name = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
            Known known = names.get(name);
            if (known != null && System.nanoTime() - known.since() < NAMES_NANOS) {
                connect(known.addresses(), 0);
            } else {
                executor.execute(() -> lookUp(name));
            }
        }

        /** On a thread that may block. */
        private void lookUp(String name) {
            List<InetAddress> found;
            try {
                found = List.of(InetAddress.getAllByName(name));
                names.put(name, new Known(found, System.nanoTime()));
            } catch (UnknownHostException | RuntimeException e) {
                context.runOnContext(nothing -> fail(translate(e)));
                return;
            }
            context.runOnContext(nothing -> connect(found, 0));
        }

        private void connect(List<InetAddress> addresses, int index) {
            if (done || result.isDone()) {
                return;
            }
            RequestOptions options = new RequestOptions()
                    .setServer(SocketAddress.inetSocketAddress(
                            asked.port(), addresses.get(index).getHostAddress()))
                    .setHost(asked.uri().getHost())
                    .setPort(asked.port())
                    .setSsl(asked.https())
                    .setMethod(HttpMethod.valueOf(asked.method()))
                    .setURI(asked.target())
                    .setFollowRedirects(false)
                    .setConnectTimeout(limits.connectTimeout().toMillis());
            try {
                asked.headers().forEach(options::addHeader);
            } catch (IllegalArgumentException e) {
                // Its message quotes the value.
                fail(OdooException.badRequest("the database's name or the secret has a character that is not allowed"));
                return;
            }
            http.request(options).onComplete(made -> {
                if (made.succeeded()) {
                    send(made.result());
                } else if (made.cause() instanceof ConnectException
                        && index + 1 < Math.min(addresses.size(), MOST_ADDRESSES)) {
                    connect(addresses, index + 1);
                } else {
                    fail(translate(made.cause()));
                }
            });
        }

        private void send(HttpClientRequest made) {
            if (done || result.isDone()) {
                made.reset();
                return;
            }
            request = made;
            made.exceptionHandler(failure -> fail(translate(failure)));
            made.response().onComplete(head -> {
                if (head.failed()) {
                    fail(translate(head.cause()));
                } else if (!done) {
                    read(head.result());
                }
            });
            if (asked.body() == null) {
                made.end();
            } else {
                made.end(Buffer.buffer(asked.body()));
            }
        }

        /** Stops reading at the limit, so that a huge answer costs no more memory than allowed. */
        private void read(HttpClientResponse response) {
            response.exceptionHandler(failure -> fail(translate(failure)));
            String length = response.getHeader("Content-Length");
            if (length != null && length.length() < 19 && number(length) > limits.maxResponseSize()) {
                fail(tooLarge());
                return;
            }
            body = Buffer.buffer();
            response.handler(part -> {
                if (done) {
                    return;
                }
                if ((long) body.length() + part.length() > limits.maxResponseSize()) {
                    fail(tooLarge());
                } else {
                    body.appendBuffer(part);
                }
            });
            response.endHandler(nothing -> {
                if (!done) {
                    answered(response);
                }
            });
        }

        private static long number(String text) {
            try {
                return Long.parseLong(text);
            } catch (NumberFormatException e) {
                return -1;
            }
        }

        private OdooException tooLarge() {
            return OdooException.permanent(
                    Kind.PROTOCOL,
                    "the answer is larger than " + limits.maxResponseSize()
                            + " bytes; ask for fewer records or fields");
        }

        private void answered(HttpClientResponse response) {
            String encoding = response.getHeader("Content-Encoding");
            if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
                fail(OdooException.permanent(Kind.PROTOCOL, "the server compressed its answer unasked"));
                return;
            }
            String type = response.getHeader("Content-Type");
            Answer answer = new Answer(
                    response.statusCode(),
                    type != null && type.contains("json"),
                    Failures.retryAfter(response.getHeader("Retry-After"), Instant.now()),
                    body.getBytes());
            end();
            if (answer.body().length <= SMALL) {
                result.complete(answer);
            } else {
                executor.execute(() -> result.complete(answer));
            }
        }

        private void fail(OdooException failure) {
            if (done) {
                return;
            }
            end();
            if (request != null) {
                // Frees the connection of a server that still drips.
                request.reset();
            }
            result.completeExceptionally(failure);
        }

        private void end() {
            done = true;
            vertx.cancelTimer(alarm);
        }
    }

    /** Headers in their order. */
    static Map<String, String> headers(String... namesAndValues) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return headers;
    }
}
