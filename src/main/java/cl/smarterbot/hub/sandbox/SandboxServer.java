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
    private final OdooSandbox odoo = new OdooSandbox(Clock.systemUTC());
    private final List<SandboxVendor> vendors = List.of(odoo);

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

    @Override
    public void close() {
        http.stop(0);
        later.shutdownNow();
        workers.shutdownNow();
    }

    private void serve(HttpExchange exchange) {
        try {
            SandboxRequest request = request(exchange);
            if (request == null) {
                send(exchange, SandboxAnswer.html(413, "Too large"));
                return;
            }
            send(exchange, answer(request));
        } catch (IOException | RuntimeException e) {
            exchange.close();
        }
    }

    private SandboxAnswer answer(SandboxRequest request) {
        for (SandboxVendor vendor : vendors) {
            if (vendor.owns(request.path())) {
                return vendor.open(request).work().get();
            }
        }
        return SandboxAnswer.html(404, "Not Found");
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
        exchange.getResponseHeaders().set("Connection", "close");
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
