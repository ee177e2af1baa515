package cl.smarterbot.hub.sandbox;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Stand-in vendors on one loopback port, each under its own real paths. */
public final class SandboxServer implements AutoCloseable {
    private static final int MAX_BODY = 20 * 1024 * 1024;
    private static final int MAX_HEAD = 64 * 1024;
    private static final int THREADS = 32;
    /** What an event loop may read by itself: waking a worker costs more. */
    private static final int SMALL_BODY = 16 * 1024;

    private final Vertx vertx;
    private final HttpServer http;
    private final InetAddress address;
    private final ThreadPoolExecutor workers;
    private final SandboxTrouble trouble = new SandboxTrouble();
    private final SandboxTimes times = new SandboxTimes();
    private final OdooVendor odooVendor = new OdooVendor(Clock.systemUTC());
    private final OdooSandbox odoo = new OdooSandbox(odooVendor);
    private final ChatwootVendor chatwootVendor = new ChatwootVendor(Clock.systemUTC());
    private final ChatwootSandbox chatwoot = new ChatwootSandbox(chatwootVendor);
    private final ResendVendor resendVendor = new ResendVendor(Clock.systemUTC());
    private final ResendSandbox resend = new ResendSandbox(resendVendor);
    private final BotpressVendor botpressVendor = new BotpressVendor(Clock.systemUTC());
    private final BotpressSandbox botpress = new BotpressSandbox(botpressVendor);
    private final StorageVendor storageVendor = new StorageVendor(Clock.systemUTC());
    private final StorageSandbox storage = new StorageSandbox(storageVendor);
    private final List<SandboxVendor> vendors =
            List.of(odooVendor, chatwootVendor, resendVendor, botpressVendor, storageVendor);

    private SandboxServer(InetAddress address, int port) throws IOException {
        this.address = address;
        workers =
                new ThreadPoolExecutor(THREADS, THREADS, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(4096), task -> {
                    Thread thread = new Thread(task, "sandbox");
                    thread.setDaemon(true);
                    return thread;
                });
        workers.allowCoreThreadTimeOut(true);
        vertx = SandboxLoop.start();
        http = vertx.createHttpServer(new HttpServerOptions()
                        .setHost(address.getHostAddress())
                        .setPort(port)
                        .setAcceptBacklog(512)
                        // The vendors speak HTTP/1.1 only: who asks for an upgrade stays with it.
                        .setHttp2ClearTextEnabled(false)
                        .setHandle100ContinueAutomatically(true)
                        .setMaxHeaderSize(MAX_HEAD)
                        .setMaxInitialLineLength(MAX_HEAD))
                .requestHandler(this::collect);
        try {
            http.listen().toCompletionStage().toCompletableFuture().join();
        } catch (CompletionException e) {
            vertx.close();
            throw new IOException(e.getCause());
        }
        chatwootVendor.at(uri().toString());
    }

    /**
     * Starts on the loopback address.
     *
     * @param port 0 for any free port
     * @throws UncheckedIOException if the port is taken
     */
    public static SandboxServer start(int port) {
        return start(InetAddress.getLoopbackAddress(), port);
    }

    /**
     * Starts on a loopback address: the sandbox has published passwords and must not be reached from outside.
     *
     * @throws IllegalArgumentException if the address is not a loopback one
     * @throws UncheckedIOException if the port is taken
     */
    public static SandboxServer start(InetAddress address, int port) {
        if (!address.isLoopbackAddress()) {
            throw new IllegalArgumentException("The sandbox listens on loopback only, not on " + address);
        }
        try {
            return new SandboxServer(address, port);
        } catch (IOException e) {
            throw new UncheckedIOException("The sandbox cannot listen on port " + port, e);
        }
    }

    /** Base address without a path, such as {@code http://127.0.0.1:4711}. */
    public URI uri() {
        String host = address.getHostAddress();
        return URI.create("http://" + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + http.actualPort());
    }

    public OdooSandbox odoo() {
        return odoo;
    }

    public ChatwootSandbox chatwoot() {
        return chatwoot;
    }

    public ResendSandbox resend() {
        return resend;
    }

    public BotpressSandbox botpress() {
        return botpress;
    }

    public StorageSandbox storage() {
        return storage;
    }

    public SandboxTrouble trouble() {
        return trouble;
    }

    /** Back to the seed data of every vendor, without any trouble. */
    public void reset() {
        trouble.clear();
        times.clear();
        vendors.forEach(SandboxVendor::reset);
    }

    @Override
    public void close() {
        vertx.close()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(5, TimeUnit.SECONDS)
                .handle((nothing, failure) -> null)
                .join();
        workers.shutdownNow();
        vendors.forEach(SandboxVendor::close);
    }

    /** Reads a request whole. What a vendor does is always a worker's: vendors may take their time. */
    private void collect(HttpServerRequest http) {
        Buffer body = Buffer.buffer();
        http.handler(part -> {
            if (body.length() <= MAX_BODY) {
                body.appendBuffer(part);
            }
        });
        http.endHandler(all -> {
            if (body.length() > SMALL_BODY || own(http.path())) {
                work(http, () -> serve(http, body));
            } else {
                serve(http, body);
            }
        });
    }

    private void work(HttpServerRequest http, Runnable task) {
        try {
            workers.execute(task);
        } catch (RejectedExecutionException e) {
            http.connection().close();
        }
    }

    private void serve(HttpServerRequest http, Buffer body) {
        try {
            if (body.length() > MAX_BODY) {
                send(http, SandboxAnswer.html(413, "Too large"));
                return;
            }
            SandboxRequest request = request(http, body);
            SandboxAnswer control = control(request);
            if (control != null) {
                send(http, control);
                return;
            }
            long since = System.nanoTime();
            SandboxCall call = call(request);
            SandboxTrouble.Plan plan = trouble.decide(request.path(), call);
            if (plan.delayMs() == 0) {
                work(http, () -> finish(http, call, plan.rule(), since));
            } else {
                // No thread waits meanwhile.
                vertx.setTimer(plan.delayMs(), timer -> work(http, () -> finish(http, call, plan.rule(), since)));
            }
        } catch (IllegalArgumentException e) {
            send(http, SandboxAnswer.html(400, "<h1>Bad Request</h1>"));
        } catch (RuntimeException e) {
            http.connection().close();
        }
    }

    private SandboxCall call(SandboxRequest request) {
        for (SandboxVendor vendor : vendors) {
            if (vendor.owns(request.path())) {
                return vendor.open(request);
            }
        }
        return SandboxCall.of(() -> SandboxAnswer.html(404, "Not Found"));
    }

    private void finish(HttpServerRequest http, SandboxCall call, SandboxTrouble.Rule rule, long since) {
        // Before the answer: who has read it finds the call counted.
        times.count(call);
        try {
            outcome(http, call, rule).onComplete(over -> times.add(call, System.nanoTime() - since));
        } catch (RuntimeException e) {
            // The vendor broke: there is no answer.
            http.connection().close();
            times.add(call, System.nanoTime() - since);
        }
    }

    /** Completes when the last byte is sent, or the connection is cut. */
    private static Future<Void> outcome(HttpServerRequest http, SandboxCall call, SandboxTrouble.Rule rule) {
        if (rule == null) {
            return send(http, call.work().get());
        }
        return switch (rule.kind()) {
            case LOST_ANSWER -> {
                call.work().get();
                yield http.connection().close();
            }
            case TRUNCATED -> truncate(http, call.work().get());
            case STATUS, FLAP -> {
                int status = rule.status() == null ? 503 : rule.status();
                SandboxAnswer answer = SandboxAnswer.html(status, "<h1>" + status + "</h1>\n");
                yield send(
                        http,
                        rule.retryAfter() == null
                                ? answer
                                : answer.with("Retry-After", String.valueOf(rule.retryAfter())));
            }
            case HTML -> send(http, SandboxAnswer.html(rule.status() == null ? 200 : rule.status(), """
                    <!doctype html>
                    <title>Bad gateway</title>
                    <h1>The upstream server is not available</h1>
                    """));
            case GARBAGE ->
                send(http, SandboxAnswer.of(200, "application/octet-stream", new byte[] {
                    0, (byte) 0xFF, 0x7B, 0x3C, (byte) 0xC3, 0x28, 0x0A, 0
                }));
            default -> http.connection().close();
        };
    }

    private static boolean own(String path) {
        return path == null || path.equals("/") || path.startsWith("/sandbox/");
    }

    /** The sandbox's own paths; null for a vendor's. */
    private SandboxAnswer control(SandboxRequest request) {
        String path = request.path();
        if (!own(path)) {
            return null;
        }
        if (!sameSite(request)) {
            return SandboxAnswer.json(403, Map.of("error", "only from this computer's own pages"));
        }
        switch (path) {
            case "/":
                return request.method().equals("GET") ? SandboxPage.render(trouble, vendors) : wrongMethod();
            case "/sandbox/trouble":
                return trouble(request);
            case "/sandbox/times":
                return times(request);
            case "/sandbox/reset":
                if (!request.method().equals("POST")) {
                    return wrongMethod();
                }
                reset();
                return SandboxAnswer.json(200, Map.of("reset", true));
            default:
                String rest = path.substring("/sandbox/".length());
                return switch (request.method()) {
                    case "GET" -> look(rest, request);
                    case "POST" -> steer(rest, request);
                    default -> wrongMethod();
                };
        }
    }

    private SandboxAnswer look(String path, SandboxRequest request) {
        for (SandboxVendor vendor : vendors) {
            if (path.startsWith(vendor.name() + "/")) {
                SandboxAnswer answer = vendor.look(path.substring(vendor.name().length() + 1), request);
                if (answer != null) {
                    return answer;
                }
            }
        }
        return nothing();
    }

    private SandboxAnswer steer(String path, SandboxRequest request) {
        for (SandboxVendor vendor : vendors) {
            if (path.startsWith(vendor.name() + "/")) {
                try {
                    Object body = request.body().length == 0 ? Map.of() : SandboxJson.read(request.body());
                    if (!(body instanceof Map<?, ?> map)) {
                        return SandboxAnswer.json(400, Map.of("error", "a JSON object is expected"));
                    }
                    SandboxAnswer answer =
                            vendor.steer(path.substring(vendor.name().length() + 1), map);
                    return answer == null ? nothing() : answer;
                } catch (IOException e) {
                    return SandboxAnswer.json(400, Map.of("error", "not JSON"));
                } catch (IllegalArgumentException e) {
                    return SandboxAnswer.json(400, Map.of("error", String.valueOf(e.getMessage())));
                }
            }
        }
        return nothing();
    }

    private static SandboxAnswer nothing() {
        return SandboxAnswer.json(404, Map.of("error", "nothing here"));
    }

    private SandboxAnswer trouble(SandboxRequest request) {
        switch (request.method()) {
            case "GET":
                break;
            case "DELETE":
                trouble.clear();
                break;
            case "POST":
                try {
                    trouble.read(SandboxJson.read(request.body()));
                } catch (IOException e) {
                    return SandboxAnswer.json(400, Map.of("error", "not JSON"));
                } catch (IllegalArgumentException e) {
                    return SandboxAnswer.json(400, Map.of("error", String.valueOf(e.getMessage())));
                }
                break;
            default:
                return wrongMethod();
        }
        return SandboxAnswer.json(200, trouble.show());
    }

    /** How long the vendors took; {@code DELETE} begins anew. */
    private SandboxAnswer times(SandboxRequest request) {
        switch (request.method()) {
            case "GET":
                return SandboxAnswer.json(200, times.show());
            case "DELETE":
                times.clear();
                return SandboxAnswer.json(200, times.show());
            default:
                return wrongMethod();
        }
    }

    private static SandboxAnswer wrongMethod() {
        return SandboxAnswer.json(405, Map.of("error", "wrong method"));
    }

    /** A page from elsewhere, or a name that was made to point here, must not steer or read the sandbox. */
    private boolean sameSite(SandboxRequest request) {
        String host = request.header("host");
        String name = host.replaceFirst(":[0-9]+$", "");
        String origin = request.header("origin");
        boolean loopback = name.equals("localhost")
                || name.equals("127.0.0.1")
                || name.equals("[::1]")
                || name.equals(uri().getHost());
        return loopback && (origin.isEmpty() || origin.equals("http://" + host));
    }

    private static SandboxRequest request(HttpServerRequest http, Buffer body) {
        Map<String, List<String>> headers = new LinkedHashMap<>();
        http.headers()
                .names()
                .forEach(name -> headers.put(
                        name.toLowerCase(Locale.ROOT), http.headers().getAll(name)));
        URI uri = URI.create(http.uri());
        return new SandboxRequest(
                http.method().name(), uri.getPath(), query(uri.getRawQuery()), headers, body.getBytes());
    }

    private static Map<String, String> query(String raw) {
        Map<String, String> query = new LinkedHashMap<>();
        if (raw != null) {
            for (String pair : raw.split("&")) {
                String[] parts = pair.split("=", 2);
                query.put(decode(parts[0]), parts.length > 1 ? decode(parts[1]) : "");
            }
        }
        return query;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static Future<Void> send(HttpServerRequest http, SandboxAnswer answer) {
        HttpServerResponse response = http.response().setStatusCode(answer.status());
        answer.headers().forEach(response::putHeader);
        boolean closes = !"keep-alive".equals(answer.headers().get("Connection"));
        if (closes) {
            response.putHeader("Connection", "close");
        }
        Future<Void> sent = response.end(Buffer.buffer(answer.body()));
        return closes ? sent.eventually(() -> http.connection().close()) : sent;
    }

    /** Announces the whole answer and breaks off half way. */
    private static Future<Void> truncate(HttpServerRequest http, SandboxAnswer answer) {
        HttpServerResponse response = http.response().setStatusCode(answer.status());
        answer.headers().forEach(response::putHeader);
        response.putHeader("Connection", "close");
        response.putHeader("Content-Length", Integer.toString(Math.max(2, answer.body().length)));
        return response.write(Buffer.buffer(answer.body()).getBuffer(0, answer.body().length / 2))
                .eventually(() -> http.connection().close());
    }

    /** Runs a sandbox in the foreground: {@code SandboxServer [port]}, by default any free one. */
    public static void main(String[] args) throws InterruptedException {
        SandboxServer server = start(args.length == 0 ? 0 : Integer.parseInt(args[0]));
        Runtime.getRuntime().addShutdownHook(new Thread(server::close));
        System.out.println(server.uri());
        Thread.currentThread().join();
    }
}
