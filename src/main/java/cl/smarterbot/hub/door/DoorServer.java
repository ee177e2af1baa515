package cl.smarterbot.hub.door;

import cl.smarterbot.hub.event.EventConflictException;
import cl.smarterbot.hub.event.EventConstants;
import cl.smarterbot.hub.event.EventLogUnavailableException;
import cl.smarterbot.hub.event.EventRejectedException;
import cl.smarterbot.hub.secrets.SecretStoreException;
import cl.smarterbot.hub.tenancy.Caller;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.spi.PlatformHttpEngine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public port: the engine behind {@code door:} endpoints. Asynchronous from the first byte to the answer, so that a request
 * that waits for its commit holds no thread. What a route gets is decided here: bytes within the limit, a known tenant, and no
 * header that could steer Camel; what the caller gets is only what the route set for it.
 */
public final class DoorServer implements PlatformHttpEngine, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(DoorServer.class);

    /** The only headers that reach a route. Credentials and anything named Camel* stay outside. */
    private static final List<String> INBOUND =
            List.of("Content-Type", "Idempotency-Key", "Origin", "User-Agent", "If-None-Match", "traceparent");

    /** The only headers that leave with an answer. */
    private static final List<String> OUTBOUND = List.of("Location", "ETag", "Cache-Control", "Retry-After");

    /** Answer to a webhook that has nothing new. */
    private static final byte[] TAKEN = "{\"ok\":true}".getBytes(StandardCharsets.US_ASCII);

    private static final int LONGEST_HEADERS = 16 * 1024;

    private final DoorProperties properties;
    private final TenantRegistry registry;
    private final DoorGuards guards;
    private final WebhookVerifier webhooks;
    private final MeterRegistry meters;
    private final Vertx vertx;
    private final Map<String, DoorConsumer> doors = new ConcurrentHashMap<>();
    /** Doors whose last segment is a parameter, by what stands before it, with its slash. */
    private final Map<String, DoorConsumer> openEnded = new ConcurrentHashMap<>();

    private final Map<String, Timer> timers = new ConcurrentHashMap<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    /** Timers of connections that wait for a request head. */
    private final Map<HttpConnection, Long> heads = new ConcurrentHashMap<>();

    private final java.util.function.BooleanSupplier healthy;
    private HttpServer server;
    private volatile boolean draining;

    /**
     * @param guards what stands before every door
     * @param webhooks who says what a webhook's signature is worth
     * @param healthy whether the hub can do its work; answered at {@code /health} as up or down and nothing more
     */
    public DoorServer(
            DoorProperties properties,
            TenantRegistry registry,
            DoorGuards guards,
            WebhookVerifier webhooks,
            MeterRegistry meters,
            java.util.function.BooleanSupplier healthy) {
        this.properties = properties;
        this.registry = registry;
        this.guards = guards;
        this.webhooks = webhooks;
        this.meters = meters;
        this.healthy = healthy;
        int loops = properties.eventLoops() > 0
                ? properties.eventLoops()
                : Runtime.getRuntime().availableProcessors();
        this.vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(loops).setWorkerPoolSize(4));
        meters.gauge("hub.door.in.flight", inFlight);
    }

    /** Opens the port. Until a route opened its door, callers get 404. */
    public void start() {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(properties.address())
                .setPort(properties.port())
                .setAlpnVersions(List.of(HttpVersion.HTTP_1_1))
                .setHttp2ClearTextEnabled(false)
                .setMaxHeaderSize(LONGEST_HEADERS)
                .setMaxInitialLineLength(4096)
                .setIdleTimeout((int) properties.idleTimeout().toSeconds())
                .setIdleTimeoutUnit(TimeUnit.SECONDS)
                .setDecompressionSupported(false)
                // No WebSockets here: their handlers would sit in every connection's pipeline.
                .setPerMessageWebSocketCompressionSupported(false)
                .setPerFrameWebSocketCompressionSupported(false)
                .setTcpNoDelay(true)
                .setAcceptBacklog(1024);
        try {
            server = vertx.createHttpServer(options)
                    .connectionHandler(connection -> {
                        connection.closeHandler(closed -> headArrived(connection));
                        awaitHead(connection, properties.requestTimeout());
                    })
                    .requestHandler(this::handle)
                    .invalidRequestHandler(request -> {
                        answer(request.response(), Problem.malformed(), true);
                    })
                    .listen()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while opening the public port", e);
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException(
                    "The public port " + properties.address() + ":" + properties.port()
                            + " cannot be opened; is another program using it? HUB_PORT sets another one.",
                    e);
        }
    }

    public int port() {
        return server.actualPort();
    }

    @Override
    public int getServerPort() {
        return server == null ? properties.port() : server.actualPort();
    }

    @Override
    public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
        return new DoorConsumer(this, (DoorEndpoint) endpoint, processor);
    }

    void open(DoorConsumer consumer) {
        String path = consumer.getEndpoint().getPath();
        Map<String, DoorConsumer> where = isOpenEnded(path) ? openEnded : doors;
        if (where.putIfAbsent(fixedPart(path), consumer) != null) {
            throw new IllegalStateException("Two routes open the door " + path);
        }
    }

    void close(DoorConsumer consumer) {
        String path = consumer.getEndpoint().getPath();
        (isOpenEnded(path) ? openEnded : doors).remove(fixedPart(path), consumer);
    }

    private static boolean isOpenEnded(String path) {
        return path.endsWith("}");
    }

    private static String fixedPart(String path) {
        return isOpenEnded(path) ? path.substring(0, path.lastIndexOf('/') + 1) : path;
    }

    private DoorConsumer door(String path) {
        if (path == null) {
            return null;
        }
        DoorConsumer exact = doors.get(path);
        int slash = path.lastIndexOf('/');
        return exact != null || slash == path.length() - 1 ? exact : openEnded.get(path.substring(0, slash + 1));
    }

    /** The last segment of a path, as it came: what is percent-encoded stays so. */
    private static String lastSegment(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /**
     * A connection that does not bring a whole request head in time is closed. The idle timeout alone would not do: each byte of
     * a slow head puts it off.
     */
    private void awaitHead(HttpConnection connection, Duration atMost) {
        headArrived(connection);
        heads.put(connection, vertx.setTimer(atMost.toMillis(), id -> {
            heads.remove(connection);
            connection.close();
        }));
    }

    private void headArrived(HttpConnection connection) {
        Long timer = heads.remove(connection);
        if (timer != null) {
            vertx.cancelTimer(timer);
        }
    }

    private void handle(HttpServerRequest request) {
        long start = System.nanoTime();
        headArrived(request.connection());
        request.response().endHandler(ended -> awaitHead(request.connection(), properties.idleTimeout()));
        if ("/health".equals(request.path())) {
            health(request);
            return;
        }
        DoorConsumer door = door(request.path());
        String path = label(door);
        if (DoorGuards.isPreflight(request)) {
            preflight(request, door, path, start);
            return;
        }
        guards.markAnswer(request);
        if (draining) {
            // Also where no door is any more: its route stopped, and the sender must come back, not give up.
            refuse(request, Problem.UNAVAILABLE, path, start);
            return;
        }
        if (door == null) {
            refuse(request, Problem.NOT_FOUND, path, start);
            return;
        }
        if (!door.methods().contains(request.method().name())) {
            request.response()
                    .putHeader(
                            "Allow",
                            String.join(", ", door.methods().stream().sorted().toList()));
            refuse(request, Problem.METHOD, path, start);
            return;
        }
        if (door.isSuspended()) {
            refuse(request, Problem.UNAVAILABLE, path, start);
            return;
        }
        if (door.getEndpoint().getCredential() == Credential.NONE) {
            admit(request, door, null, start);
            return;
        }
        if (!registry.loaded()) {
            refuse(request, Problem.UNAVAILABLE, path, start);
            return;
        }
        if (door.getEndpoint().getCredential() == Credential.WEBHOOK) {
            // Who sends shows only when the body is there.
            admit(request, door, null, start);
            return;
        }
        Caller caller = identify(request).orElse(null);
        if (caller == null || !caller.may(door.getEndpoint().getScope())) {
            guards.countFailed(request, problem -> refuse(request, problem, path, start));
            return;
        }
        if (!guards.speaksFor(request, caller)) {
            refuse(request, Problem.FOREIGN_ORIGIN, path, start);
            return;
        }
        guards.count(request, caller, problem -> {
            if (problem != null) {
                refuse(request, problem, path, start);
            } else {
                admit(request, door, caller, start);
            }
        });
    }

    /** The path that a door's figures stand under: never what a caller made up. */
    private static String label(DoorConsumer door) {
        return door == null ? "other" : door.getEndpoint().getPath();
    }

    private void preflight(HttpServerRequest request, DoorConsumer door, String path, long start) {
        if (guards.permitPreflight(request, door == null ? Set.of() : door.methods())) {
            request.response().setStatusCode(204).end();
            record(path, 204, start);
        } else {
            refuse(request, Problem.FOREIGN_ORIGIN, path, start);
        }
    }

    /** Takes the body of a request whose caller is known and within its limits, if the door takes such a body. */
    private void admit(HttpServerRequest request, DoorConsumer door, Caller caller, long start) {
        String path = label(door);
        if (door.takesBody()) {
            String encoding = request.getHeader("Content-Encoding");
            if (!door.consumes(request.getHeader("Content-Type"))
                    || encoding != null && !encoding.equalsIgnoreCase("identity")) {
                refuse(request, Problem.UNSUPPORTED, path, start);
                return;
            }
            if (declaredLength(request) > door.getEndpoint().maxBodyBytes()) {
                refuse(request, Problem.TOO_LARGE, path, start);
                return;
            }
        }
        receive(request, door, caller, start);
    }

    private static long declaredLength(HttpServerRequest request) {
        String length = request.getHeader("Content-Length");
        try {
            return length == null ? -1 : Long.parseLong(length);
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }

    private Optional<Caller> identify(HttpServerRequest request) {
        List<String> keys = request.headers().getAll("X-API-Key");
        if (!keys.isEmpty()) {
            // A key that is sent must be right: no falling back to a weaker credential.
            return keys.size() == 1 ? registry.byApiKey(keys.get(0)) : Optional.empty();
        }
        String origin = request.getHeader("Origin");
        if (origin != null) {
            Optional<Caller> known = host(origin).flatMap(registry::byOriginHost);
            if (known.isPresent()) {
                return known;
            }
        }
        return registry.house();
    }

    private static Optional<String> host(String origin) {
        try {
            return Optional.ofNullable(URI.create(origin).getHost()).map(h -> h.toLowerCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private void receive(HttpServerRequest request, DoorConsumer door, Caller caller, long start) {
        BodyCollector body = new BodyCollector(door.getEndpoint().maxBodyBytes(), declaredLength(request));
        String path = label(door);
        long timer = vertx.setTimer(properties.requestTimeout().toMillis(), id -> {
            if (body.close()) {
                refuse(request, Problem.TIMEOUT, path, start);
            }
        });
        request.exceptionHandler(e -> {
            vertx.cancelTimer(timer);
            body.close();
        });
        request.handler(chunk -> {
            if (!body.add(chunk.getByteBuf()) && body.close()) {
                vertx.cancelTimer(timer);
                refuse(request, Problem.TOO_LARGE, path, start);
            }
        });
        request.endHandler(end -> {
            vertx.cancelTimer(timer);
            if (body.close()) {
                inFlight.incrementAndGet();
                if (door.getEndpoint().getCredential() == Credential.WEBHOOK) {
                    verify(request, door, body.bytes(), start);
                } else {
                    run(request, door, caller == null ? null : caller.tenant(), null, body.bytes(), start);
                }
            }
        });
        if ("100-continue".equalsIgnoreCase(request.getHeader("Expect"))) {
            // Everything that can be refused without the body was refused: now the caller may send it.
            request.response().writeContinue();
        }
    }

    /** Checks a webhook's signature, then runs its route as the tenant of its endpoint. */
    private void verify(HttpServerRequest request, DoorConsumer door, byte[] body, long start) {
        DoorEndpoint endpoint = door.getEndpoint();
        // Reading secrets may wait for a file or a server, and a large body takes its time.
        vertx.executeBlocking(
                        () -> webhooks.verify(
                                endpoint.getSource(),
                                registry.byEndpoint(endpoint.getSource(), lastSegment(request.path()))
                                        .orElse(null),
                                endpoint.getSignature(),
                                request.headers()::getAll,
                                body),
                        false)
                .onSuccess(delivery -> run(request, door, delivery.endpoint().tenant(), delivery, body, start))
                .onFailure(failure -> {
                    Problem problem = failure instanceof ProblemException known
                            ? known.problem()
                            : failure instanceof SecretStoreException ? Problem.UNAVAILABLE : problem(failure, door);
                    if (problem == Problem.UNAUTHENTICATED) {
                        guards.countFailed(request, counted -> finish(request, door, counted, start));
                    } else {
                        finish(request, door, problem, start);
                    }
                });
    }

    private void run(
            HttpServerRequest request,
            DoorConsumer door,
            Tenant tenant,
            WebhookVerifier.Verified delivery,
            byte[] body,
            long start) {
        Exchange exchange = door.createExchange(false);
        Message message = exchange.getMessage();
        message.setBody(body);
        message.setHeader(Exchange.HTTP_METHOD, request.method().name());
        message.setHeader(Exchange.HTTP_PATH, request.path());
        for (String name : INBOUND) {
            String value = request.getHeader(name);
            if (value != null) {
                message.setHeader(name, value);
            }
        }
        if (tenant != null) {
            TenantScope.bind(exchange, tenant.rut());
        }
        if (delivery != null) {
            message.setHeader(EventConstants.DEDUP, delivery.dedup());
        }
        String sentType = message.getHeader(Exchange.CONTENT_TYPE, String.class);
        var context = vertx.getOrCreateContext();
        Answered answered = new Answered();
        long timeout = vertx.setTimer(properties.answerTimeout().toMillis(), id -> {
            if (answered.first()) {
                finish(request, door, Problem.UNAVAILABLE, start);
            }
        });
        door.getAsyncProcessor().process(exchange, doneSync -> {
            Reply reply = replyOrProblem(exchange, door, delivery, sentType);
            door.releaseExchange(exchange, false);
            context.runOnContext(v -> {
                vertx.cancelTimer(timeout);
                if (answered.first()) {
                    try {
                        send(request, reply);
                    } catch (RuntimeException e) {
                        // A status or header that HTTP does not allow, such as a line break in a Location.
                        log.error(
                                "Door {} made an answer that cannot be sent",
                                door.getEndpoint().getPath());
                        log.debug("Not sendable", e);
                        request.response().headers().clear();
                        guards.markAnswer(request);
                        answer(request.response(), Problem.INTERNAL, true);
                    } finally {
                        finished(door.getEndpoint().getPath(), reply.status(), start);
                    }
                }
            });
        });
    }

    private static final class Answered {
        private boolean done;

        /** Only ever called on the request's event loop. */
        boolean first() {
            boolean first = !done;
            done = true;
            return first;
        }
    }

    private record Reply(int status, String contentType, byte[] body, Map<String, String> headers) {}

    /** Always an answer: a route that leaves something behind which is none gets 500. */
    private Reply replyOrProblem(
            Exchange exchange, DoorConsumer door, WebhookVerifier.Verified delivery, String sentType) {
        try {
            Throwable failure = exchange.getException();
            if (delivery != null
                    && "DUPLICATE".equals(exchange.getMessage().getHeader(EventConstants.OUTCOME, String.class))) {
                webhooks.countDuplicate(delivery);
            }
            if (delivery != null && failure instanceof EventConflictException) {
                // A sender would try again after 409, and what it tries again would conflict again.
                WebhookVerifier.tellOtherBody(delivery);
                return new Reply(200, "application/json", TAKEN, Map.of());
            }
            return failure == null ? reply(exchange, sentType) : reply(problem(failure, door));
        } catch (RuntimeException e) {
            return reply(problem(e, door));
        }
    }

    private static Reply reply(Problem problem) {
        return new Reply(
                problem.status(),
                "application/problem+json",
                problem.json(),
                problem.retryAfterSeconds() > 0
                        ? Map.of("Retry-After", Integer.toString(problem.retryAfterSeconds()))
                        : Map.of());
    }

    @SuppressWarnings("StringEquality")
    private static Reply reply(Exchange exchange, String sentType) {
        Message message = exchange.getMessage();
        Integer status = message.getHeader(Exchange.HTTP_RESPONSE_CODE, Integer.class);
        Map<String, String> headers = Map.of();
        for (String name : OUTBOUND) {
            String value = message.getHeader(name, String.class);
            if (value != null) {
                headers = headers.isEmpty() ? new java.util.HashMap<>() : headers;
                headers.put(name, value);
            }
        }
        Object body = message.getBody();
        byte[] bytes = body instanceof byte[] raw
                ? raw
                : body == null ? new byte[0] : text(message).getBytes(StandardCharsets.UTF_8);
        String type = message.getHeader(Exchange.CONTENT_TYPE, String.class);
        // The very object that came in is not the route's answer but the caller's own header: it is not echoed.
        boolean own = type != null && type != sentType;
        return new Reply(status == null ? 200 : status, own ? type : "application/json", bytes, headers);
    }

    private static String text(Message message) {
        try {
            return message.getMandatoryBody(String.class);
        } catch (InvalidPayloadException e) {
            throw new IllegalStateException("The route left a body that is no text", e);
        }
    }

    private Problem problem(Throwable failure, DoorConsumer door) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof ProblemException p) {
                return p.problem();
            }
            if (t instanceof EventConflictException) {
                return Problem.CONFLICT;
            }
            if (t instanceof EventLogUnavailableException) {
                return Problem.UNAVAILABLE;
            }
            if (t instanceof EventRejectedException) {
                return Problem.malformed();
            }
        }
        log.error(
                "Door {} failed: {}",
                door.getEndpoint().getPath(),
                failure.getClass().getName());
        log.debug("Door {} failed", door.getEndpoint().getPath(), failure);
        return Problem.INTERNAL;
    }

    private static void send(HttpServerRequest request, Reply reply) {
        HttpServerResponse response = request.response();
        if (response.closed() || response.ended()) {
            return;
        }
        response.setStatusCode(reply.status())
                .putHeader("Content-Type", reply.contentType())
                .putHeader("X-Content-Type-Options", "nosniff");
        reply.headers().forEach(response::putHeader);
        response.end(io.vertx.core.buffer.Buffer.buffer(reply.body()));
    }

    private void finish(HttpServerRequest request, DoorConsumer door, Problem problem, long start) {
        answer(request.response(), problem, false);
        finished(door.getEndpoint().getPath(), problem.status(), start);
    }

    private void finished(String path, int status, long start) {
        inFlight.decrementAndGet();
        record(path, status, start);
    }

    private void record(String path, int status, long start) {
        timers.computeIfAbsent(path + ' ' + status, k -> Timer.builder("hub.door.requests")
                        .description("Requests at the public port")
                        .tag("path", path)
                        .tag("status", Integer.toString(status))
                        .register(meters))
                .record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
    }

    /** An early refusal: the body may still be on its way, so the connection does not live on. */
    private void refuse(HttpServerRequest request, Problem problem, String path, long start) {
        boolean mayHaveBody =
                request.getHeader("Content-Length") != null || request.getHeader("Transfer-Encoding") != null;
        answer(request.response(), problem, mayHaveBody && !request.isEnded());
        record(path, problem.status(), start);
    }

    private static void answer(HttpServerResponse response, Problem problem, boolean close) {
        if (response.ended() || response.closed()) {
            return;
        }
        response.setStatusCode(problem.status())
                .putHeader("Content-Type", "application/problem+json")
                .putHeader("X-Content-Type-Options", "nosniff");
        if (problem.retryAfterSeconds() > 0) {
            response.putHeader("Retry-After", Integer.toString(problem.retryAfterSeconds()));
        }
        if (close) {
            response.putHeader("Connection", "close");
        }
        response.end(io.vertx.core.buffer.Buffer.buffer(problem.json()));
    }

    private void health(HttpServerRequest request) {
        boolean up = healthy.getAsBoolean() && !draining;
        request.response()
                .setStatusCode(up ? 200 : 503)
                .putHeader("Content-Type", "application/json")
                .putHeader("Cache-Control", "no-store")
                .end(up ? "{\"status\":\"up\"}" : "{\"status\":\"down\"}");
    }

    /** New requests get 503; those in flight may end. */
    public void drain() {
        draining = true;
        long end = System.nanoTime() + properties.drainTimeout().toNanos();
        synchronized (inFlight) {
            try {
                while (inFlight.get() > 0 && System.nanoTime() < end) {
                    inFlight.wait(20);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    Set<String> paths() {
        return Set.copyOf(doors.keySet());
    }

    @Override
    public void close() {
        drain();
        try {
            vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            log.warn("The public port did not close cleanly: {}", e.getMessage());
        }
    }
}
