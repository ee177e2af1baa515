package cl.smarterbot.hub.sandbox;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Stand-in vendors on one loopback port, each under its own real paths. */
public final class SandboxServer implements AutoCloseable {
    private static final int MAX_BODY = 20 * 1024 * 1024;
    private static final int THREADS = 32;

    static {
        // Without it an answer waits for the client's delayed acknowledgement, some 40 ms on Linux.
        if (System.getProperty("sun.net.httpserver.nodelay") == null) {
            System.setProperty("sun.net.httpserver.nodelay", "true");
        }
    }

    private final HttpServer http;
    private final ThreadPoolExecutor workers;
    private final ScheduledExecutorService later;
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
        http = HttpServer.create(new InetSocketAddress(address, port), 512);
        workers =
                new ThreadPoolExecutor(THREADS, THREADS, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(4096), task -> {
                    Thread thread = new Thread(task, "sandbox");
                    thread.setDaemon(true);
                    return thread;
                });
        workers.allowCoreThreadTimeOut(true);
        later = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "sandbox-later");
            thread.setDaemon(true);
            return thread;
        });
        http.setExecutor(workers);
        chatwootVendor.at(uri().toString());
        http.createContext("/", this::serve);
        http.start();
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
        InetSocketAddress address = http.getAddress();
        String host = address.getAddress().getHostAddress();
        return URI.create("http://" + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort());
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
        later.shutdownNow();
        http.stop(0);
        workers.shutdownNow();
        vendors.forEach(SandboxVendor::close);
    }

    private void serve(HttpExchange exchange) {
        try {
            SandboxRequest request = request(exchange);
            if (request == null) {
                send(exchange, SandboxAnswer.html(413, "Too large"));
                return;
            }
            SandboxAnswer control = control(request);
            if (control != null) {
                send(exchange, control);
                return;
            }
            long since = System.nanoTime();
            SandboxCall call = call(request);
            SandboxTrouble.Plan plan = trouble.decide(request.path(), call);
            if (plan.delayMs() == 0) {
                finish(exchange, call, plan.rule(), since);
            } else {
                // No thread waits meanwhile.
                later.schedule(
                        () -> workers.execute(() -> finish(exchange, call, plan.rule(), since)),
                        plan.delayMs(),
                        TimeUnit.MILLISECONDS);
            }
        } catch (IOException | RuntimeException e) {
            exchange.close();
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

    private void finish(HttpExchange exchange, SandboxCall call, SandboxTrouble.Rule rule, long since) {
        try {
            if (rule == null) {
                send(exchange, call.work().get());
                return;
            }
            switch (rule.kind()) {
                case LOST_ANSWER -> call.work().get();
                case TRUNCATED -> {
                    SandboxAnswer answer = call.work().get();
                    answer.headers().forEach(exchange.getResponseHeaders()::set);
                    exchange.getResponseHeaders().set("Connection", "close");
                    exchange.sendResponseHeaders(answer.status(), Math.max(2, answer.body().length));
                    exchange.getResponseBody().write(answer.body(), 0, answer.body().length / 2);
                    exchange.getResponseBody().flush();
                }
                case STATUS, FLAP -> {
                    int status = rule.status() == null ? 503 : rule.status();
                    SandboxAnswer answer = SandboxAnswer.html(status, "<h1>" + status + "</h1>\n");
                    send(
                            exchange,
                            rule.retryAfter() == null
                                    ? answer
                                    : answer.with("Retry-After", String.valueOf(rule.retryAfter())));
                }
                case HTML -> send(exchange, SandboxAnswer.html(rule.status() == null ? 200 : rule.status(), """
                        <!doctype html>
                        <title>Bad gateway</title>
                        <h1>The upstream server is not available</h1>
                        """));
                case GARBAGE ->
                    send(exchange, SandboxAnswer.of(200, "application/octet-stream", new byte[] {
                        0, (byte) 0xFF, 0x7B, 0x3C, (byte) 0xC3, 0x28, 0x0A, 0
                    }));
                default -> {}
            }
        } catch (IOException | RuntimeException e) {
            // The client has gone, or was meant to see a broken connection: both end with the close below.
        } finally {
            exchange.close();
            times.add(call, System.nanoTime() - since);
        }
    }

    /** The sandbox's own paths; null for a vendor's. */
    private SandboxAnswer control(SandboxRequest request) {
        String path = request.path();
        boolean page = path.equals("/");
        if (!page && !path.startsWith("/sandbox/")) {
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

    private static SandboxRequest request(HttpExchange exchange) throws IOException {
        byte[] body;
        try (InputStream in = exchange.getRequestBody()) {
            body = in.readNBytes(MAX_BODY + 1);
        }
        if (body.length > MAX_BODY) {
            return null;
        }
        Map<String, List<String>> headers = new LinkedHashMap<>();
        exchange.getRequestHeaders().forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values));
        URI uri = exchange.getRequestURI();
        return new SandboxRequest(exchange.getRequestMethod(), uri.getPath(), query(uri.getRawQuery()), headers, body);
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

    private static void send(HttpExchange exchange, SandboxAnswer answer) throws IOException {
        answer.headers().forEach(exchange.getResponseHeaders()::set);
        if (!answer.headers().containsKey("Connection")) {
            exchange.getResponseHeaders().set("Connection", "close");
        }
        exchange.sendResponseHeaders(answer.status(), answer.body().length == 0 ? -1 : answer.body().length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(answer.body());
        }
        exchange.close();
    }

    /** Runs a sandbox in the foreground: {@code SandboxServer [port]}, by default any free one. */
    public static void main(String[] args) throws InterruptedException {
        SandboxServer server = start(args.length == 0 ? 0 : Integer.parseInt(args[0]));
        Runtime.getRuntime().addShutdownHook(new Thread(server::close));
        System.out.println(server.uri());
        Thread.currentThread().join();
    }
}
