package cl.smarterbot.hub.botpress;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A server that speaks the cloud's Chat API with manual user keys: it checks them, lists the newest message first in pages of
 * three, and refuses what does not exist. What the bot says is up to the test.
 */
final class ChatApi implements AutoCloseable {
    static final String WEBHOOK = "wh-demo";
    static final String KEY = "an encryption key";
    private static final int PAGE = 3;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** {@code GET /conversations} and so on, in order. */
    final List<String> calls = new CopyOnWriteArrayList<>();
    /** What the bot does when a person's message has come. */
    volatile Consumer<String> bot = text -> {};
    /** Status for the next looks instead of an answer; 0 for none. */
    volatile int listStatus;

    private final Set<String> users = new HashSet<>();
    private final Set<String> conversations = new HashSet<>();
    private final List<ObjectNode> messages = new ArrayList<>();
    private final ExecutorService threads = Executors.newFixedThreadPool(8);
    private final HttpServer http;
    private Instant last = Instant.EPOCH;
    private volatile String current;

    ChatApi() throws IOException {
        http = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 50);
        http.setExecutor(threads);
        http.createContext("/" + WEBHOOK, this::serve);
        http.start();
    }

    String url() {
        return "http://127.0.0.1:" + http.getAddress().getPort();
    }

    /** The conversation that the last message came in. */
    String conversation() {
        return current;
    }

    /** Forgets all conversations, as a bot that was installed anew. */
    synchronized void forget() {
        users.clear();
        conversations.clear();
    }

    /** The bot says something; the message as the API shows it. */
    Map<?, ?> says(Object payload, Object metadata) {
        return JSON.convertValue(add(current, "bot-user", JSON.valueToTree(payload), metadata), Map.class);
    }

    Map<?, ?> says(String text) {
        return says(Map.of("type", "text", "text", text), null);
    }

    private synchronized ObjectNode add(String conversation, String user, JsonNode payload, Object metadata) {
        // Strictly later than the one before.
        Instant now = Instant.now();
        last = now.isAfter(last) ? now : last.plusMillis(1);
        ObjectNode message = JSON.createObjectNode();
        message.put("id", "msg-" + messages.size());
        message.put("createdAt", last.toString());
        message.set("payload", payload);
        message.put("userId", user);
        message.put("conversationId", conversation);
        if (metadata != null) {
            message.set("metadata", JSON.valueToTree(metadata));
        }
        messages.add(message);
        return message;
    }

    private void serve(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath().substring(WEBHOOK.length() + 1);
        calls.add(exchange.getRequestMethod() + " " + path.replaceAll("cw-[^/]+", "#"));
        byte[] body = exchange.getRequestBody().readAllBytes();
        JsonNode in = body.length == 0 ? JSON.createObjectNode() : JSON.readTree(body);
        String user = user(exchange.getRequestHeaders().getFirst("x-user-key"));
        if (user == null) {
            fail(exchange, 401, "Unauthorized");
            return;
        }
        switch (exchange.getRequestMethod() + " " + path.replaceAll("cw-[^/]+", "#")) {
            case "POST /users/get-or-create" -> {
                synchronized (this) {
                    users.add(user);
                }
                answer(exchange, 200, Map.of("user", Map.of("id", user)));
            }
            case "POST /conversations/get-or-create" -> {
                synchronized (this) {
                    conversations.add(in.path("id").asText());
                }
                answer(
                        exchange,
                        200,
                        Map.of("conversation", Map.of("id", in.path("id").asText())));
            }
            case "POST /messages" -> message(exchange, user, in);
            case "GET /conversations/#/messages" -> list(exchange, path.split("/")[2]);
            default -> fail(exchange, 404, "ResourceNotFound");
        }
    }

    private void message(HttpExchange exchange, String user, JsonNode in) throws IOException {
        String conversation = in.path("conversationId").asText();
        synchronized (this) {
            if (!users.contains(user) || !conversations.contains(conversation)) {
                fail(exchange, 404, "ResourceNotFound");
                return;
            }
        }
        current = conversation;
        ObjectNode made = add(conversation, user, in.path("payload"), null);
        bot.accept(in.path("payload").path("text").asText());
        answer(exchange, 201, Map.of("message", made));
    }

    private void list(HttpExchange exchange, String conversation) throws IOException {
        if (listStatus != 0) {
            fail(exchange, listStatus, "Internal");
            return;
        }
        String query = exchange.getRequestURI().getQuery();
        int from = query == null ? 0 : Integer.parseInt(query.substring(query.indexOf('=') + 1));
        ArrayNode page = JSON.createArrayNode();
        ObjectNode meta = JSON.createObjectNode();
        synchronized (this) {
            List<ObjectNode> all = messages.stream()
                    .filter(one -> one.path("conversationId").asText().equals(conversation))
                    .toList();
            for (int i = from; i < Math.min(from + PAGE, all.size()); i++) {
                page.add(all.get(all.size() - 1 - i));
            }
            if (from + PAGE < all.size()) {
                meta.put("nextToken", String.valueOf(from + PAGE));
            }
        }
        answer(exchange, 200, Map.of("messages", page, "meta", meta));
    }

    /** The user that a key names; null if it is not signed with the encryption key. */
    private static String user(String key) throws IOException {
        String[] parts = key == null ? new String[0] : key.split("\\.");
        if (parts.length != 3) {
            return null;
        }
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(KEY.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            byte[] right = mac.doFinal((parts[0] + "." + parts[1]).getBytes(StandardCharsets.UTF_8));
            if (!Base64.getUrlEncoder().withoutPadding().encodeToString(right).equals(parts[2])
                    || !JSON.readTree(Base64.getUrlDecoder().decode(parts[0]))
                            .path("alg")
                            .asText()
                            .equals("HS256")) {
                return null;
            }
        } catch (java.security.GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        return JSON.readTree(Base64.getUrlDecoder().decode(parts[1])).path("id").asText();
    }

    private static void fail(HttpExchange exchange, int status, String type) throws IOException {
        answer(exchange, status, Map.of("id", "err", "code", status, "type", type, "message", "no"));
    }

    private static void answer(HttpExchange exchange, int status, Object body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        http.stop(0);
        threads.shutdownNow();
    }
}
