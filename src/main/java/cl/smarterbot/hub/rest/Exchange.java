package cl.smarterbot.hub.rest;

import cl.smarterbot.hub.rest.RestException.Kind;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/** One call under way. Everything here runs on the event loop of its destination. */
final class Exchange {
    private static final int MOST_ADDRESSES = 4;

    private final RestClient client;
    private final Destination destination;
    private final RestCall call;
    private final CompletableFuture<RestAnswer> result;
    private final long submitted = System.nanoTime();
    private long started;
    private long alarm = -1;
    private boolean entered;
    private boolean permitted;
    private boolean done;
    private HttpClientRequest request;
    private Buffer body;

    Exchange(RestClient client, Destination destination, RestCall call, CompletableFuture<RestAnswer> result) {
        this.client = client;
        this.destination = destination;
        this.call = call;
        this.result = result;
    }

    /** Begins the call; {@code mayTry} is the circuit breaker's word. */
    void start(boolean mayTry) {
        entered = true;
        permitted = mayTry;
        started = System.nanoTime();
        if (done) {
            // Ended while it waited.
            destination.leave();
            if (permitted) {
                destination.record(0, failure(Kind.OVERLOADED, "ended"));
            }
            return;
        }
        if (!mayTry) {
            finish(null, failure(Kind.CIRCUIT_OPEN, "not tried, because the last calls to this server failed"));
            return;
        }
        long left = call.timeout().toMillis() - TimeUnit.NANOSECONDS.toMillis(started - submitted);
        if (left <= 0) {
            refuse("it waited too long for its turn");
            return;
        }
        alarm = client.vertx()
                .setTimer(
                        left,
                        id -> finish(
                                null,
                                failure(
                                        Kind.TIMEOUT,
                                        "no complete answer within "
                                                + call.timeout().toMillis() + " ms")));
        client.names()
                .resolve(call.host())
                .whenComplete((found, failure) -> destination.context().runOnContext(nothing -> {
                    if (failure != null) {
                        finish(null, unresolved(failure));
                    } else {
                        resolved(found);
                    }
                }));
    }

    private RestException unresolved(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return failure(
                Kind.UNREACHABLE,
                cause instanceof UnknownHostException
                        ? "the host name is not known"
                        : "the host name could not be looked up");
    }

    private void resolved(List<InetAddress> found) {
        if (done) {
            return;
        }
        // One bad address condemns the name: an attacker's resolver may mix them.
        if (!found.stream().allMatch(address -> client.addresses().allows(call.host(), address))) {
            finish(
                    null,
                    failure(
                            Kind.FORBIDDEN_ADDRESS,
                            "the host is an address inside a private network; hub.rest.allow-private can allow it"));
            return;
        }
        connect(found, 0);
    }

    private void connect(List<InetAddress> found, int index) {
        RequestOptions options = new RequestOptions()
                .setServer(SocketAddress.inetSocketAddress(
                        call.port(), found.get(index).getHostAddress()))
                .setHost(call.uri().getHost())
                .setPort(call.port())
                .setSsl(call.https())
                .setMethod(HttpMethod.valueOf(call.method()))
                .setURI(target())
                .setFollowRedirects(false)
                .setConnectTimeout(client.limits().connectTimeout().toMillis());
        try {
            call.headers().forEach(options::addHeader);
            if (call.wantsJson()) {
                options.addHeader("Accept", "application/json");
            }
            if (call.contentType() != null) {
                options.addHeader("Content-Type", call.contentType());
            }
        } catch (IllegalArgumentException e) {
            // Its message quotes the value.
            finish(null, failure(Kind.BAD_CALL, "a header has a character that is not allowed"));
            return;
        }
        client.http().request(options).onComplete(made -> {
            if (made.succeeded()) {
                send(made.result());
            } else if (made.cause() instanceof ConnectException
                    && index + 1 < Math.min(found.size(), MOST_ADDRESSES)
                    && !done) {
                connect(found, index + 1);
            } else {
                finish(null, broken(made.cause()));
            }
        });
    }

    private String target() {
        String path = call.uri().getRawPath();
        String query = call.uri().getRawQuery();
        return (path == null || path.isEmpty() ? "/" : path) + (query == null ? "" : "?" + query);
    }

    private void send(HttpClientRequest made) {
        if (done) {
            made.reset();
            return;
        }
        request = made;
        made.exceptionHandler(failure -> finish(null, broken(failure)));
        made.response().onComplete(head -> {
            if (head.failed()) {
                finish(null, broken(head.cause()));
            } else if (!done) {
                read(head.result());
            }
        });
        if (call.body() == null) {
            made.end();
        } else {
            made.end(Buffer.buffer(call.body()));
        }
    }

    private void read(HttpClientResponse response) {
        response.exceptionHandler(failure -> finish(null, broken(failure)));
        String length = response.getHeader("Content-Length");
        if (length != null
                && length.length() < 19
                && length.matches("\\d+")
                && Long.parseLong(length) > call.maxResponseBytes()) {
            finish(null, tooBig());
            return;
        }
        body = Buffer.buffer();
        response.handler(part -> {
            if (done) {
                return;
            }
            if ((long) body.length() + part.length() > call.maxResponseBytes()) {
                finish(null, tooBig());
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

    private void answered(HttpClientResponse response) {
        // It is complete: nothing is left to be broken off.
        request = null;
        Map<String, String> headers = new HashMap<>();
        response.headers().forEach((name, value) -> headers.putIfAbsent(name.toLowerCase(Locale.ROOT), value));
        RestAnswer answer = new RestAnswer(call, response.statusCode(), headers, body.getBytes());
        RestException failure = Answers.failure(call, answer);
        finish(failure == null ? answer : null, failure);
    }

    private RestException tooBig() {
        return failure(Kind.GARBAGE, "the answer is larger than " + call.maxResponseBytes() + " bytes");
    }

    private RestException broken(Throwable cause) {
        String why;
        if (cause instanceof SSLException) {
            why = "TLS failed: " + String.valueOf(cause.getMessage()).replaceAll("[\\p{Cntrl}\\s]+", " ");
        } else if (cause instanceof ConnectException) {
            why = "no connection";
        } else {
            why = "the connection broke before the answer was complete ("
                    + cause.getClass().getSimpleName() + ")";
        }
        return RestException.of(call.system(), Kind.UNREACHABLE, call.place(), why, cause);
    }

    private RestException failure(Kind kind, String why) {
        return RestException.of(call.system(), kind, call.place(), why);
    }

    /** Ends the call without having tried it. */
    void refuse(String why) {
        finish(null, failure(Kind.OVERLOADED, why));
    }

    /** Ends the call because the client closes. From any thread. */
    void stop() {
        client.complete(this, result, null, failure(Kind.UNREACHABLE, "the hub is stopping"));
    }

    private void finish(RestAnswer answer, RestException failure) {
        if (done) {
            return;
        }
        done = true;
        if (alarm >= 0) {
            client.vertx().cancelTimer(alarm);
        }
        if (request != null) {
            // Frees the connection of a server that still drips.
            request.reset();
        }
        if (entered) {
            if (permitted) {
                destination.record(System.nanoTime() - started, failure);
            }
            destination.leave();
        }
        client.complete(this, result, answer, failure);
    }
}
