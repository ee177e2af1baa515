package cl.smarterbot.hub.rest;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Sends calls to other systems without holding a thread for the network. Calls of one tenant to one origin share a limit, a line
 * and a circuit breaker, so that neither another tenant nor another system waits for them. HTTP/1.1 with keep-alive; certificates
 * and host names are verified; redirects are not followed.
 */
public final class RestClient implements AutoCloseable {
    private static final int LOOPS = 2;
    private static final int WORKERS = 64;
    private static final int MOST_CONNECTIONS = 64;
    private static final int KEEP_ALIVE_SECONDS = 15;

    private final Vertx vertx;
    private final ThreadPoolExecutor workers;
    private final HttpClient http;
    private final Names names;
    private final AddressPolicy addresses;
    private final RestLimits limits;
    private final List<Context> contexts;
    private final AtomicInteger next = new AtomicInteger();
    private final Cache<String, Destination> destinations = Caffeine.newBuilder()
            .maximumSize(20_000)
            .expireAfterAccess(Duration.ofHours(1))
            .build();
    private final Set<Exchange> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** A client with the default limits. */
    public RestClient(AddressPolicy addresses) {
        this(addresses, RestLimits.DEFAULT);
    }

    public RestClient(AddressPolicy addresses, RestLimits limits) {
        this(addresses, limits, InetAddress::getAllByName, options -> {});
    }

    RestClient(AddressPolicy addresses, RestLimits limits, Names.Lookup lookup, Consumer<HttpClientOptions> more) {
        this.addresses = addresses;
        this.limits = limits;
        workers = workers();
        names = new Names(lookup, workers);
        vertx = Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(LOOPS)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1)
                .setUseDaemonThread(true)
                .setFileSystemOptions(new FileSystemOptions()
                        .setClassPathResolvingEnabled(false)
                        .setFileCachingEnabled(false)));
        HttpClientOptions options = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_1_1)
                .setConnectTimeout((int) limits.connectTimeout().toMillis())
                .setKeepAlive(true)
                // Shorter than the usual servers', so that a call seldom meets a connection that is just being closed.
                .setKeepAliveTimeout(KEEP_ALIVE_SECONDS)
                .setMaxHeaderSize(16 << 10)
                .setVerifyHost(true)
                .setTrustAll(false);
        more.accept(options);
        http = vertx.httpClientBuilder()
                .with(options)
                .with(new PoolOptions().setHttp1MaxSize(MOST_CONNECTIONS))
                // What a connection says outside of any call is nobody's; the default handler would log parts of it.
                .withConnectHandler(connection -> connection.exceptionHandler(failure -> {}))
                .build();
        contexts = contexts(vertx);
    }

    private static List<Context> contexts(Vertx vertx) {
        List<Context> found = new CopyOnWriteArrayList<>();
        vertx.deployVerticle(
                        () -> new AbstractVerticle() {
                            @Override
                            public void start() {
                                found.add(context);
                            }
                        },
                        new DeploymentOptions().setInstances(LOOPS))
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        return found;
    }

    private static ThreadPoolExecutor workers() {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(WORKERS, WORKERS, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "rest-work-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /**
     * Sends a call. The future completes on a worker thread, which its dependents may block; it fails with a
     * {@link RestException} only, also for every status outside 200 to 299.
     */
    public CompletableFuture<RestAnswer> send(RestCall call) {
        CompletableFuture<RestAnswer> result = new CompletableFuture<>();
        begin(call, result, null, false);
        return result;
    }

    /**
     * Sends a call whose answer mostly leads to another one. As {@link #send}, and no worker is woken in between.
     *
     * @param next the other call, or empty if the first answer is the result. Runs on an event loop: it must not block. What it throws
     *     the future fails with
     * @return the last answer
     */
    public CompletableFuture<RestAnswer> sendThen(RestCall first, Function<RestAnswer, Optional<RestCall>> next) {
        CompletableFuture<RestAnswer> result = new CompletableFuture<>();
        CompletableFuture<RestAnswer> read = new CompletableFuture<>();
        read.whenComplete((answer, failure) -> {
            try {
                Optional<RestCall> then = failure == null ? next.apply(answer) : Optional.empty();
                if (then.isPresent()) {
                    begin(then.get(), result, null, false);
                } else {
                    onWorker(() -> end(result, answer, failure));
                }
            } catch (RuntimeException | Error e) {
                // Nobody would hear of it here, and wait for ever.
                onWorker(() -> end(result, null, e));
            }
        });
        begin(first, read, null, true);
        return result;
    }

    private static void end(CompletableFuture<RestAnswer> result, RestAnswer answer, Throwable failure) {
        if (failure != null) {
            result.completeExceptionally(failure);
        } else {
            result.complete(answer);
        }
    }

    /**
     * Sends a call whose answer is passed on while it comes. The future completes, as with {@link #send}, when the head of the answer
     * is there; what fails later fails the call that the stream was given to. The call's largest answer is the limit: a larger one
     * fails with {@link RestException.Kind#TOO_LARGE}.
     */
    public CompletableFuture<RestStream> open(RestCall call) {
        CompletableFuture<RestStream> opened = new CompletableFuture<>();
        CompletableFuture<RestAnswer> result = new CompletableFuture<>();
        result.whenComplete((nothing, failure) -> {
            if (failure != null) {
                opened.completeExceptionally(failure);
            }
        });
        begin(call, result, opened, false);
        return opened;
    }

    private void begin(
            RestCall call,
            CompletableFuture<RestAnswer> result,
            CompletableFuture<RestStream> opened,
            boolean leadsOn) {
        Destination destination = destinations.get(
                call.destination(),
                key -> new Destination(contexts.get(Math.floorMod(next.getAndIncrement(), LOOPS)), limits));
        Exchange exchange = new Exchange(this, destination, call, result, opened, leadsOn);
        open.add(exchange);
        if (closed) {
            exchange.stop();
        } else {
            destination.context().runOnContext(nothing -> destination.enter(exchange));
        }
    }

    /** Where futures complete and exchanges may continue; its threads may be blocked. */
    public Executor executor() {
        return workers;
    }

    HttpClient http() {
        return http;
    }

    Vertx vertx() {
        return vertx;
    }

    Names names() {
        return names;
    }

    AddressPolicy addresses() {
        return addresses;
    }

    RestLimits limits() {
        return limits;
    }

    void complete(Exchange exchange, CompletableFuture<RestAnswer> result, RestAnswer answer, RestException failure) {
        open.remove(exchange);
        if (exchange.leadsOn()) {
            end(result, answer, failure);
        } else {
            onWorker(() -> end(result, answer, failure));
        }
    }

    private void onWorker(Runnable completion) {
        if (closed) {
            // The workers may have ended; whoever waits must still hear.
            completion.run();
        } else {
            workers.execute(completion);
        }
    }

    /** Fails what waits and what is under way with a transient error. */
    @Override
    public void close() {
        closed = true;
        List.copyOf(open).forEach(Exchange::stop);
        http.close();
        vertx.close()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(5, TimeUnit.SECONDS)
                .handle((nothing, failure) -> null)
                .join();
        workers.shutdown();
    }
}
