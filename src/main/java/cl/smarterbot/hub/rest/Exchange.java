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
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/** One call under way. Everything here runs on the event loop of its destination. */
final class Exchange {
    private static final int MOST_ADDRESSES = 4;
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");

    private final RestClient client;
    private final Destination destination;
    private final RestCall call;
    private final CompletableFuture<RestAnswer> result;

    /** Who waits for the head of the answer; null if the answer is wanted whole. */
    private final CompletableFuture<RestStream> opened;

    /** Whether its end leads to another call, which needs no other thread. */
    private final boolean leadsOn;

    private final long submitted = System.nanoTime();
    private long started;
    private long alarm = -1;
    private boolean entered;
    private boolean permitted;
    private boolean done;
    private HttpClientRequest request;
    private Buffer body;
    private RestStream stream;

    /** What the body came from has failed: that is not this destination's fault. */
    private boolean sourceFailed;

    /** Whether the whole request was sent; a server may answer before. */
    private boolean sent;

    Exchange(
            RestClient client,
            Destination destination,
            RestCall call,
            CompletableFuture<RestAnswer> result,
            CompletableFuture<RestStream> opened,
            boolean leadsOn) {
        this.client = client;
        this.destination = destination;
        this.call = call;
        this.result = result;
        this.opened = opened;
        this.leadsOn = leadsOn;
    }

    boolean leadsOn() {
        return leadsOn;
    }

    String system() {
        return call.system();
    }

    String place() {
        return call.place();
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
            finish(
                    null,
                    RestException.resting(
                            call.system(),
                            call.place(),
                            "not tried, because the last calls to this server failed",
                            destination.rest()));
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
        CompletableFuture<List<InetAddress>> names = client.names().resolve(call.host());
        if (names.isDone() && !names.isCompletedExceptionally()) {
            // Known already: no need to queue up once more.
            resolved(names.join());
            return;
        }
        names.whenComplete((found, failure) -> destination.context().runOnContext(nothing -> {
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
        AddressPolicy policy = call.publicOnly() ? AddressPolicy.publicOnly() : client.addresses();
        if (!found.stream().allMatch(address -> policy.allows(call.host(), address))) {
            finish(
                    null,
                    failure(
                            Kind.FORBIDDEN_ADDRESS,
                            "the host is an address inside a private network"
                                    + (call.publicOnly() ? "" : "; hub.rest.allow-private can allow it")));
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
        if (call.stream() != null) {
            pass(call.stream(), made);
        } else if (call.body() == null) {
            made.end();
            sent = true;
        } else {
            made.end(Buffer.buffer(call.body()));
            sent = true;
        }
    }

    /** Sends what another call's answer holds, as fast as both sides go. */
    private void pass(RestStream from, HttpClientRequest made) {
        if (from.length() >= 0) {
            made.putHeader("Content-Length", Long.toString(from.length()));
        } else {
            made.setChunked(true);
        }
        from.flow(new RestStream.Sink() {
            @Override
            public void part(Buffer part) {
                destination.context().runOnContext(nothing -> {
                    if (done) {
                        return;
                    }
                    made.write(part);
                    if (made.writeQueueFull()) {
                        made.drainHandler(free -> from.more());
                    } else {
                        from.more();
                    }
                });
            }

            @Override
            public void end() {
                destination.context().runOnContext(nothing -> {
                    if (!done) {
                        made.end();
                        sent = true;
                    }
                });
            }

            @Override
            public void failed(RestException why) {
                destination.context().runOnContext(nothing -> {
                    sourceFailed = true;
                    finish(null, why);
                });
            }
        });
    }

    private void read(HttpClientResponse response) {
        response.exceptionHandler(failure -> finish(null, broken(failure)));
        String length = response.getHeader("Content-Length");
        if (length(length) > call.maxResponseBytes()) {
            finish(null, tooBig());
            return;
        }
        if (opened != null && response.statusCode() >= 200 && response.statusCode() < 300) {
            hand(response, length);
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

    /** Gives the head to who waits for it; the rest comes when it is asked for. */
    private void hand(HttpClientResponse response, String length) {
        response.pause();
        RestAnswer head = new RestAnswer(call, response.statusCode(), headers(response), new byte[0]);
        stream = new RestStream(head, this, destination.context(), response, length(length), call.maxResponseBytes());
        response.handler(part -> {
            if (!done) {
                stream.came(part);
            }
        });
        response.endHandler(nothing -> {
            if (!done) {
                request = null;
                finish(head, null);
            }
        });
        RestStream handed = stream;
        client.executor().execute(() -> opened.complete(handed));
    }

    /** The answer is not wanted any more. On this event loop. */
    void giveUp() {
        if (!stream.ended()) {
            finish(null, failure(Kind.BAD_CALL, "the answer was given up"));
        }
    }

    /** The answer is larger than its reader takes. On this event loop. */
    void tooLarge() {
        finish(null, tooBig());
    }

    /** What a Content-Length announces; -1 if nothing that can be read. */
    private static long length(String header) {
        return header != null && LENGTH.matcher(header).matches() ? Long.parseLong(header) : -1;
    }

    private static Map<String, String> headers(HttpClientResponse response) {
        Map<String, String> headers = new HashMap<>();
        response.headers().forEach((name, value) -> headers.putIfAbsent(name.toLowerCase(Locale.ROOT), value));
        return headers;
    }

    private void answered(HttpClientResponse response) {
        if (sent) {
            // It is complete: nothing is left to be broken off.
            request = null;
        }
        RestAnswer answer = new RestAnswer(call, response.statusCode(), headers(response), body.getBytes());
        RestException failure = Answers.failure(call, answer);
        finish(failure == null ? answer : null, failure);
    }

    private RestException tooBig() {
        return failure(
                opened == null ? Kind.GARBAGE : Kind.TOO_LARGE,
                "the answer is larger than " + call.maxResponseBytes() + " bytes");
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
            if (permitted && sourceFailed) {
                destination.release();
            } else if (permitted) {
                destination.record(System.nanoTime() - started, failure);
            }
            destination.leave();
        }
        if (stream != null) {
            if (failure == null) {
                stream.complete();
            } else {
                stream.fail(failure);
            }
        }
        if (call.stream() != null) {
            // Nothing, if all of it was read.
            call.stream().cancel();
        }
        client.complete(this, result, answer, failure);
    }
}
