package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestAnswer;
import cl.smarterbot.hub.rest.RestCall;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Turns with a cloud bot: the Chat API with manual user keys, whose replies come later. */
final class CloudChat {
    private static final int MOST_BYTES = 1 << 20;

    private final RestClient rest;
    private final BotpressReplies replies;
    /** Conversations that the cloud is known to have. */
    private final Cache<String, Boolean> made = Caffeine.newBuilder()
            .maximumSize(50_000)
            .expireAfterWrite(Duration.ofHours(12))
            .build();

    CloudChat(RestClient rest, BotpressReplies replies) {
        this.rest = rest;
        this.replies = replies;
    }

    /** @param id name of both the user and the conversation */
    CompletableFuture<Map<String, Object>> turn(
            BotpressConnection connection, String id, String text, TurnOptions options, Deadline deadline) {
        Api api = new Api(rest, connection, id, UserKeys.of(id, connection.encryptionKey()), deadline);
        CloudTurn turn = new CloudTurn(api, rest.executor(), options, deadline);
        // Before the message goes: a quick bot's webhook may overtake the answer.
        replies.wait(connection.tenant(), id, turn);
        Map<String, Object> message =
                Map.of("conversationId", id, "payload", Map.of("type", "text", "text", text.strip()));
        return exist(api)
                .thenCompose(nothing -> sent(api, message, true))
                .thenCompose(turn::await)
                .whenComplete((result, failure) -> replies.done(connection.tenant(), id, turn));
    }

    private CompletableFuture<Void> exist(Api api) {
        String key = api.connection.key() + "|" + api.id;
        if (made.getIfPresent(key) != null) {
            return CompletableFuture.completedFuture(null);
        }
        return api.post("/users/get-or-create", Map.of())
                .thenCompose(user -> api.post("/conversations/get-or-create", Map.of("id", api.id)))
                .thenAccept(conversation -> made.put(key, true));
    }

    /** Sends the message; if the conversation is gone, once more with a new one. */
    private CompletableFuture<RestAnswer> sent(Api api, Map<String, Object> message, boolean mayMakeAnew) {
        return api.post("/messages", message)
                .handle((answer, failure) -> {
                    if (failure == null) {
                        return CompletableFuture.completedFuture(answer);
                    }
                    Throwable cause = V12Logins.cause(failure);
                    if (mayMakeAnew && cause instanceof RestException e && e.kind() == RestException.Kind.NOT_FOUND) {
                        made.invalidate(api.connection.key() + "|" + api.id);
                        return exist(api).thenCompose(nothing -> sent(api, message, false));
                    }
                    return CompletableFuture.<RestAnswer>failedFuture(cause);
                })
                .thenCompose(next -> next);
    }

    /** One conversation's calls. */
    static final class Api {
        private final RestClient rest;
        private final BotpressConnection connection;
        private final String id;
        private final String userKey;
        private final Deadline deadline;

        private Api(RestClient rest, BotpressConnection connection, String id, String userKey, Deadline deadline) {
            this.rest = rest;
            this.connection = connection;
            this.id = id;
            this.userKey = userKey;
            this.deadline = deadline;
        }

        /** The user's id, which is the conversation's too. */
        String id() {
            return id;
        }

        private CompletableFuture<RestAnswer> post(String path, Object body) {
            return rest.send(call("POST", path, "/{}" + path).json(body).build());
        }

        /**
         * A page of the conversation's messages.
         *
         * @param next token of the page; null for the first
         */
        CompletableFuture<RestAnswer> messages(String next) {
            String query = next == null
                    ? ""
                    : "?nextToken=" + java.net.URLEncoder.encode(next, java.nio.charset.StandardCharsets.UTF_8);
            return rest.send(call("GET", "/conversations/" + id + "/messages" + query, "/{}/conversations/{}/messages")
                    .build());
        }

        private RestCall.Builder call(String method, String path, String template) {
            return RestCall.builder(
                            BotpressConnection.SYSTEM,
                            connection.tenant(),
                            method,
                            connection.url() + "/" + connection.webhookId() + path)
                    .template(template)
                    .header("x-user-key", userKey)
                    .timeout(deadline.left())
                    .maxResponseBytes(MOST_BYTES);
        }
    }
}
