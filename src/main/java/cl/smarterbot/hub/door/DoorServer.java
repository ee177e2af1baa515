package cl.smarterbot.hub.door;

import cl.smarterbot.hub.event.EventConflictException;
import cl.smarterbot.hub.event.EventConstants;
import cl.smarterbot.hub.event.EventLogUnavailableException;
import cl.smarterbot.hub.event.EventRejectedException;
import cl.smarterbot.hub.event.FairWorkers;
import cl.smarterbot.hub.secrets.SecretStoreException;
import cl.smarterbot.hub.tenancy.Caller;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
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
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
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

    private static final long LINGER_MILLIS = 1_000;
    private static final long SHORT_BODY = 64 * 1024;

    /** Answer to a webhook that has nothing new. */
    private static final byte[] TAKEN = "{\"ok\":true}".getBytes(StandardCharsets.US_ASCII);

    private static final int SMALL = 16 * 1024;
    private static final int LONGEST_HEADERS = 16 * 1024;

    private final DoorProperties properties;
    private final TenantRegistry registry;
    private final DoorGuards guards;
    private final Credentials credentials;
    private final WebhookVerifier webhooks;
    private final MeterRegistry meters;
    private final Vertx vertx;
    private final DoorTable doors = new DoorTable();
    private final FairWorkers workers;
    private final ApiPages pages = new ApiPages();
    private final Map<String, Timer> timers = new ConcurrentHashMap<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    /** Timers of connections that wait for a request head. */
    private final Map<HttpConnection, Long> heads = new ConcurrentHashMap<>();

    /** Connections that end with the answer they got: nothing that still comes on them is a request. */
    private final Set<HttpConnection> condemned = ConcurrentHashMap.newKeySet();

    private final java.util.function.BooleanSupplier healthy;
    private HttpServer server;
    private volatile boolean draining;

    /** A server that knows callers by API key and origin only: no signed-in users, no webhooks. */
    public DoorServer(
            DoorProperties properties,
            TenantRegistry registry,
            DoorGuards guards,
            MeterRegistry meters,
            java.util.function.BooleanSupplier healthy) {
        this(properties, registry, guards, SignedInUsers.NONE, null, WorkerProperties.DEFAULT, meters, healthy);
    }

    /**
     * @param guards what stands before every door
     * @param users who comes with a token
     * @param webhooks who says what a webhook's signature is worth; null if no door takes any
     * @param workers threads for routes that wait for other systems
     * @param healthy whether the hub can do its work; answered at {@code /health} as up or down and nothing more
     */
    public DoorServer(
            DoorProperties properties,
            TenantRegistry registry,
            DoorGuards guards,
            SignedInUsers users,
            WebhookVerifier webhooks,
            WorkerProperties workers,
            MeterRegistry meters,
            java.util.function.BooleanSupplier healthy) {
        this.properties = properties;
        this.credentials = new Credentials(registry, users);
        this.registry = registry;
        this.guards = guards;
        this.webhooks = webhooks;
        this.meters = meters;
        this.healthy = healthy;
        int loops = properties.eventLoops() > 0
                ? properties.eventLoops()
                : Runtime.getRuntime().availableProcessors();
        this.vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(loops).setWorkerPoolSize(4));
        this.workers = new FairWorkers(workers.threads(), workers.mostWaiting(), threads("hub-door-worker-"));
        meters.gauge("hub.door.in.flight", inFlight);
    }

    private static ThreadFactory threads(String name) {
        AtomicInteger count = new AtomicInteger();
        return r -> {
            Thread t = new Thread(r, name + count.incrementAndGet());
            t.setDaemon(true);
            return t;
        };
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
                        RequestDecoder.install(connection, options);
                        connection.closeHandler(closed -> {
                            headArrived(connection);
                            condemned.remove(connection);
                        });
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
        doors.open(consumer.getEndpoint().getPath(), consumer.methods(), consumer);
    }

    void close(DoorConsumer consumer) {
        doors.close(consumer);
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
        if (!condemned.isEmpty() && condemned.contains(request.connection())) {
            request.connection().close();
            return;
        }
        request.response().endHandler(ended -> awaitHead(request.connection(), properties.idleTimeout()));
        if (!Framing.isSound(request)) {
            answerLast(request, Problem.malformed());
            record("other", 400, start);
            return;
        }
        String asked = request.path() == null ? "" : request.path();
        boolean looks = request.method() == HttpMethod.GET || request.method() == HttpMethod.HEAD;
        if (asked.equals("/health") && looks) {
            health(request);
            return;
        }
        DoorTable.Match match = doors.find(asked);
        if (DoorGuards.isPreflight(request)) {
            preflight(request, match, start);
            return;
        }
        guards.markAnswer(request);
        if (draining) {
            // Also where no door is any more: its route stopped, and the sender must come back, not give up.
            refuse(request, Problem.UNAVAILABLE, match == null ? "other" : match.path(), start);
            return;
        }
        if (match == null && (pages.has(asked) || asked.equals("/health"))) {
            if (looks) {
                record(asked, pages.answer(request, asked), start);
            } else {
                request.response().putHeader("Allow", "GET, HEAD");
                refuse(request, Problem.METHOD, asked, start);
            }
            return;
        }
        if (match == null) {
            refuse(request, Problem.NOT_FOUND, "other", start);
            return;
        }
        String path = match.path();
        DoorConsumer door = match.door(request.method().name());
        if (door == null) {
            request.response().putHeader("Allow", String.join(", ", match.methods()));
            refuse(request, Problem.METHOD, path, start);
            return;
        }
        if (door.isSuspended()) {
            refuse(request, Problem.UNAVAILABLE, path, start);
            return;
        }
        if (door.getEndpoint().getCredential() == Credential.NONE) {
            admit(request, match, door, null, start);
            return;
        }
        if (!registry.loaded()) {
            refuse(request, Problem.UNAVAILABLE, path, start);
            return;
        }
        if (door.getEndpoint().getCredential() == Credential.WEBHOOK) {
            // Who sends shows only when the body is there.
            Problem shut = guards.shut(
                    request, door.getEndpoint().getSource(), match.values().get(DoorConsumer.ENDPOINT));
            if (shut != null) {
                refuse(request, shut, path, start);
            } else {
                admit(request, match, door, null, start);
            }
            return;
        }
        if (door.getEndpoint().getCredential() == Credential.KEY_OR_TOKEN) {
            credentials.identify(request, (caller, problem) -> {
                if (problem != null) {
                    refuse(request, problem, path, start);
                } else {
                    known(request, match, door, caller, start);
                }
            });
        } else {
            known(request, match, door, identify(request).orElse(null), start);
        }
    }

    /** @param caller null if the credential was no good */
    private void known(HttpServerRequest request, DoorTable.Match match, DoorConsumer door, Caller caller, long start) {
        String path = match.path();
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
                admit(request, match, door, caller, start);
            }
        });
    }

    private void preflight(HttpServerRequest request, DoorTable.Match match, long start) {
        String path = match == null ? "other" : match.path();
        if (guards.permitPreflight(request, match == null ? Set.of() : match.methods())) {
            request.response().setStatusCode(204).end();
            record(path, 204, start);
        } else {
            refuse(request, Problem.FOREIGN_ORIGIN, path, start);
        }
    }

    /** Takes the body of a request whose caller is known and within its limits, if the door takes such a body. */
    private void admit(HttpServerRequest request, DoorTable.Match match, DoorConsumer door, Caller caller, long start) {
        String path = match.path();
        Map<String, String> values;
        try {
            values = door.parameters(request.query(), match.values());
        } catch (ProblemException e) {
            refuse(request, e.problem(), path, start);
            return;
        }
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
        receive(request, door, caller, values, start);
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

    private void receive(
            HttpServerRequest request, DoorConsumer door, Caller caller, Map<String, String> values, long start) {
        BodyCollector body = new BodyCollector(door.getEndpoint().maxBodyBytes(), declaredLength(request));
        String path = door.getEndpoint().getPath();
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
                    verify(request, door, values, body.bytes(), start);
                } else {
                    run(request, door, caller == null ? null : caller.tenant(), null, values, body.bytes(), start);
                }
            }
        });
        if ("100-continue".equalsIgnoreCase(request.getHeader("Expect"))) {
            // Everything that can be refused without the body was refused: now the caller may send it.
            request.response().writeContinue();
        }
    }

    /** Checks a webhook's signature, then runs its route as the tenant of its endpoint. */
    private void verify(
            HttpServerRequest request, DoorConsumer door, Map<String, String> values, byte[] body, long start) {
        DoorEndpoint endpoint = door.getEndpoint();
        Callable<WebhookVerifier.Verified> check = () -> webhooks.verify(
                endpoint.getSource(),
                registry.byEndpoint(endpoint.getSource(), values.get(DoorConsumer.ENDPOINT))
                        .orElse(null),
                endpoint.getSignature(),
                request.headers()::getAll,
                body);
        // Secrets may have to be read, and a large body takes its time; for others waking a thread takes longer.
        (webhooks.atHand() && body.length <= SMALL ? here(check) : vertx.executeBlocking(check, false))
                .onSuccess(delivery ->
                        guards.countDelivery(request, delivery.endpoint().tenant(), problem -> {
                            if (problem != null) {
                                finish(request, door, problem, start);
                            } else {
                                run(request, door, delivery.endpoint().tenant(), delivery, values, body, start);
                            }
                        }))
                .onFailure(failure -> {
                    Problem problem = failure instanceof ProblemException known
                            ? known.problem()
                            : failure instanceof SecretStoreException ? Problem.UNAVAILABLE : problem(failure, door);
                    if (problem == Problem.UNAUTHENTICATED) {
                        guards.countFailedDelivery(
                                request,
                                endpoint.getSource(),
                                values.get(DoorConsumer.ENDPOINT),
                                counted -> finish(request, door, counted, start));
                    } else {
                        finish(request, door, problem, start);
                    }
                });
    }

    private static <T> Future<T> here(Callable<T> work) {
        try {
            return Future.succeededFuture(work.call());
        } catch (Exception | Error e) {
            // As executeBlocking does: whoever asked has to be answered.
            return Future.failedFuture(e);
        }
    }

    private void run(
            HttpServerRequest request,
            DoorConsumer door,
            Tenant tenantOrNone,
            WebhookVerifier.Verified delivery,
            Map<String, String> values,
            byte[] body,
            long start) {
        Exchange exchange = door.createExchange(false);
        Message message = exchange.getMessage();
        message.setBody(body);
        boolean head = request.method() == HttpMethod.HEAD;
        message.setHeader(Exchange.HTTP_METHOD, head ? "GET" : request.method().name());
        message.setHeader(Exchange.HTTP_PATH, request.path());
        for (String name : INBOUND) {
            String value = request.getHeader(name);
            if (value != null) {
                message.setHeader(name, value);
            }
        }
        values.forEach(message::setHeader);
        String tenant = tenantOrNone == null ? "" : tenantOrNone.rut();
        if (tenantOrNone != null) {
            TenantScope.bind(exchange, tenant);
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
        Runnable route = () -> door.getAsyncProcessor().process(exchange, doneSync -> {
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
        if (!door.getEndpoint().isBlocking()) {
            route.run();
        } else if (!workers.offer(tenant, () -> runUnlessAnswered(route, answered, door, exchange))) {
            vertx.cancelTimer(timeout);
            answered.first();
            door.releaseExchange(exchange, false);
            finish(request, door, Problem.BUSY, start);
        }
    }

    /** Work that waited so long that its caller got 503 is not done any more. */
    private static void runUnlessAnswered(Runnable route, Answered answered, DoorConsumer door, Exchange exchange) {
        if (answered.done) {
            door.releaseExchange(exchange, false);
        } else {
            route.run();
        }
    }

    private static final class Answered {
        private volatile boolean done;

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
            if (DatabaseTrouble.isAway(t)) {
                log.warn(
                        "Door {}: the database is away: {}",
                        door.getEndpoint().getPath(),
                        t.getClass().getSimpleName());
                return Problem.AWAY;
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
        reply.headers().forEach(response::putHeader);
        response.putHeader("X-Content-Type-Options", "nosniff");
        if (reply.status() == 200 && Etags.unchanged(request, reply.headers().get("ETag"))) {
            response.setStatusCode(304).end();
            return;
        }
        response.setStatusCode(reply.status()).putHeader("Content-Type", reply.contentType());
        if (request.method() == HttpMethod.HEAD) {
            response.putHeader("Content-Length", Integer.toString(reply.body().length))
                    .end();
            return;
        }
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

    /**
     * An early refusal: the body may still be on its way. A short one is waited for a moment, so that a flood of refusals is not
     * a flood of new connections as well; after any other the connection does not live on.
     */
    private void refuse(HttpServerRequest request, Problem problem, String path, long start) {
        boolean mayHaveBody =
                request.getHeader("Content-Length") != null || request.getHeader("Transfer-Encoding") != null;
        if (!mayHaveBody || request.isEnded()) {
            answer(request.response(), problem, false);
        } else if (isShort(declaredLength(request)) && request.getHeader("Expect") == null) {
            answer(request.response(), problem, false);
            closeUnlessEnded(request, () -> {});
        } else {
            answerLast(request, problem);
        }
        record(path, problem.status(), start);
    }

    private static boolean isShort(long declared) {
        return declared >= 0 && declared <= SHORT_BODY;
    }

    /**
     * Answers and ends the connection: as soon as the rest of the body has come, or after a moment. Closed at once, the answer
     * could be lost on its way to a sender that is still sending.
     */
    private void answerLast(HttpServerRequest request, Problem problem) {
        HttpConnection connection = request.connection();
        condemned.add(connection);
        answer(request.response(), problem, true);
        if (request.isEnded()) {
            connection.close();
            return;
        }
        closeUnlessEnded(request, connection::close);
    }

    /** Lets the rest of a body go by; a sender that takes longer than a moment is cut. */
    private void closeUnlessEnded(HttpServerRequest request, Runnable ended) {
        long timer = vertx.setTimer(LINGER_MILLIS, id -> request.connection().close());
        request.handler(null).exceptionHandler(e -> vertx.cancelTimer(timer)).endHandler(end -> {
            vertx.cancelTimer(timer);
            ended.run();
        });
    }

    private static void answer(HttpServerResponse response, Problem problem, boolean close) {
        if (response.ended() || response.closed()) {
            return;
        }
        response.setStatusCode(problem.status())
                .putHeader("Content-Type", "application/problem+json")
                .putHeader("X-Content-Type-Options", "nosniff");
        if (problem.status() == 401) {
            response.putHeader("WWW-Authenticate", "Bearer");
        }
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
        String body = up ? "{\"status\":\"up\"}" : "{\"status\":\"down\"}";
        request.response()
                .setStatusCode(up ? 200 : 503)
                .putHeader("Content-Type", "application/json")
                .putHeader("Content-Length", Integer.toString(body.length()))
                .putHeader("Cache-Control", "no-store")
                .end(request.method() == HttpMethod.HEAD ? "" : body);
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

    /** How the vendor signs whose webhooks a route takes; empty if none does. */
    Optional<Signatures> signatureOf(String source) {
        DoorTable.Match match = doors.find("/webhooks/" + source + "/any");
        DoorConsumer door = match == null ? null : match.door("POST");
        return door == null
                        || door.getEndpoint().getCredential() != Credential.WEBHOOK
                        || !source.equals(door.getEndpoint().getSource())
                ? Optional.empty()
                : Optional.of(door.getEndpoint().getSignature());
    }

    /** Where this very server can be reached from this machine, without a path. */
    String ownAddress() {
        boolean any =
                properties.address().equals("0.0.0.0") || properties.address().equals("::");
        String host = any ? "127.0.0.1" : properties.address();
        return "http://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port();
    }

    /** The methods of every open path, as the routes name them; what the hub says about itself included. */
    Map<String, Set<String>> paths() {
        Map<String, Set<String>> all = doors.all();
        pages.paths().forEach(path -> all.put(path, Set.of("GET", "HEAD")));
        all.put("/health", Set.of("GET", "HEAD"));
        return all;
    }

    @Override
    public void close() {
        drain();
        workers.shutdown();
        try {
            vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            log.warn("The public port did not close cleanly: {}", e.getMessage());
        }
    }
}
