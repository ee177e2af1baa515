package cl.smarterbot.hub.odoo;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/** A scripted Odoo on loopback: real HTTP and real XML-RPC or JSON-2, answers chosen by the test. */
final class FakeOdoo implements AutoCloseable {
    static final String DB = "demo";
    static final String USER = "bot";
    static final String SECRET = "s3cret-value";

    /** A call as it arrived: for XML-RPC with positional arguments, for JSON-2 with the named ones alone. */
    record Call(String model, String method, List<Object> positional, Map<String, Object> named) {
        @SuppressWarnings("unchecked")
        List<List<String>> loadRows() {
            return (List<List<String>>) (positional.isEmpty() ? named.get("data") : positional.get(1));
        }
    }

    /** An answer of the test's own. */
    record Http(int status, String type, String body, Map<String, String> headers) {}

    /** An XML-RPC fault. */
    record Fault(int code, String text) {}

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, Long> externalIds = new ConcurrentHashMap<>();
    private final AtomicLong nextId = new AtomicLong(100);
    private final AtomicInteger inside = new AtomicInteger();

    final List<Call> calls = new CopyOnWriteArrayList<>();
    final List<String> paths = new CopyOnWriteArrayList<>();
    final AtomicInteger logins = new AtomicInteger();
    final AtomicInteger mostInside = new AtomicInteger();
    volatile String version = "18.0";
    volatile String password = SECRET;
    volatile String apiKey = "none";
    volatile Function<Call, Object> onCall = call -> call.method().equals("load") ? load(call) : true;
    volatile Function<String, Http> onRequest = path -> null;

    FakeOdoo() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    OdooConnection connection(OdooTransport transport) {
        return new OdooConnection(url(), DB, USER, SECRET, 1L, "hub_t1", transport);
    }

    long count(String method) {
        return calls.stream().filter(call -> call.method().equals(method)).count();
    }

    /** What load does with good rows: the same external id is the same record. */
    Map<String, Object> load(Call call) {
        List<Object> ids = new ArrayList<>();
        for (List<String> row : call.loadRows()) {
            ids.add(externalIds.computeIfAbsent(row.get(0), id -> nextId.incrementAndGet()));
        }
        return Map.of("ids", ids, "messages", List.of(), "nextrow", 0L);
    }

    int records() {
        return externalIds.size();
    }

    static Map<String, Object> loadRefusal(String message) {
        return Map.of(
                "ids",
                false,
                "messages",
                List.of(Map.of(
                        "type", "error", "record", 0L, "rows", Map.of("from", 0L, "to", 0L), "message", message)),
                "nextrow",
                0L);
    }

    private void handle(HttpExchange exchange) throws IOException {
        int now = inside.incrementAndGet();
        mostInside.accumulateAndGet(now, Math::max);
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            paths.add(path);
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            Http own = onRequest.apply(path);
            if (own != null) {
                send(exchange, own);
            } else if (path.startsWith("/xmlrpc/2/")) {
                send(exchange, new Http(200, "text/xml", xmlRpc(path, body), Map.of()));
            } else if (path.equals("/web/version") && version.startsWith("19")) {
                send(exchange, json(200, Map.of("version", version, "version_info", List.of(19L))));
            } else if (path.startsWith("/json/2/") && version.startsWith("19")) {
                send(exchange, json2(exchange, path, body));
            } else {
                send(exchange, new Http(404, "text/html", "<!DOCTYPE html><title>404</title>", Map.of()));
            }
        } finally {
            inside.decrementAndGet();
        }
    }

    private static void send(HttpExchange exchange, Http answer) throws IOException {
        byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", answer.type());
        answer.headers().forEach(exchange.getResponseHeaders()::set);
        exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) {
            exchange.getResponseBody().write(bytes);
        }
    }

    static Http json(int status, Object body) {
        try {
            return new Http(status, "application/json", OdooValues.JSON.writeValueAsString(body), Map.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @SuppressWarnings("unchecked")
    private Http json2(HttpExchange exchange, String path, String body) throws IOException {
        if (!("bearer " + apiKey).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            return json(401, Map.of("name", "werkzeug.exceptions.Unauthorized", "message", "Invalid apikey"));
        }
        String[] parts = path.substring("/json/2/".length()).split("/");
        Map<String, Object> named = OdooValues.JSON.readValue(body, Map.class);
        Call call = new Call(parts[0], parts[1], List.of(), named);
        calls.add(call);
        Object answer = onCall.apply(call);
        return answer instanceof Http http ? http : json(200, answer);
    }

    @SuppressWarnings("unchecked")
    private String xmlRpc(String path, String body) {
        int name = body.indexOf("<methodName>") + 12;
        String method = body.substring(name, body.indexOf("</methodName>"));
        String values = body.substring(body.indexOf("<params>") + 8, body.indexOf("</params>"))
                .replace("<param>", "")
                .replace("</param>", "");
        String asAnswer = "<methodResponse><params><param><value><array><data>" + values
                + "</data></array></value></param></params></methodResponse>";
        List<Object> in = (List<Object>)
                XmlRpcReader.read(asAnswer.getBytes(StandardCharsets.UTF_8)).value();
        Object answer;
        if (method.equals("version")) {
            answer = Map.of("server_version", version, "protocol_version", 1L);
        } else if (method.equals("authenticate")) {
            logins.incrementAndGet();
            answer = in.get(1).equals(USER) && in.get(2).equals(password) ? (Object) 7L : false;
        } else if (!in.get(2).equals(password)) {
            answer = new Fault(3, "Access Denied");
        } else {
            Call call = new Call(
                    (String) in.get(3),
                    (String) in.get(4),
                    (List<Object>) in.get(5),
                    in.size() > 6 ? (Map<String, Object>) in.get(6) : Map.of());
            calls.add(call);
            answer = onCall.apply(call);
        }
        return xml(answer);
    }

    static String xml(Object answer) {
        boolean fault = answer instanceof Fault;
        Object value =
                answer instanceof Fault f ? Map.of("faultCode", (long) f.code(), "faultString", f.text()) : answer;
        List<Object> parameter = new ArrayList<>();
        parameter.add(value);
        String call = XmlRpcWriter.call("m", parameter);
        String content = call.substring(call.indexOf("<param>") + 7, call.indexOf("</param></params>"));
        return "<?xml version=\"1.0\"?><methodResponse>"
                + (fault ? "<fault>" + content + "</fault>" : "<params><param>" + content + "</param></params>")
                + "</methodResponse>";
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
