package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestAnswer;
import cl.smarterbot.hub.rest.RestCall;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A turn with a v12 server: the secured Converse API, whose answer holds the replies. */
final class V12Converse {
    private static final String TEMPLATE = "/api/v1/bots/{}/converse/{}/secured";
    private static final int MOST_BYTES = 1 << 20;
    private static final int UNAUTHORIZED = 401;

    private final RestClient rest;
    private final V12Logins logins;

    V12Converse(RestClient rest) {
        this.rest = rest;
        logins = new V12Logins(rest);
    }

    CompletableFuture<Map<String, Object>> turn(
            BotpressConnection connection, String user, String text, List<String> contexts, Deadline deadline) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("type", "text");
        body.put("text", text);
        if (!contexts.isEmpty()) {
            body.put("includedContexts", contexts);
        }
        return attempt(connection, user, body, deadline, true).thenApply(V12Answer::read);
    }

    private CompletableFuture<RestAnswer> attempt(
            BotpressConnection connection,
            String user,
            Map<String, Object> body,
            Deadline deadline,
            boolean mayLogInAgain) {
        return deadline.bound(logins.token(connection), "login")
                .thenCompose(token -> rest.send(call(connection, user, body, token, deadline))
                        .handle((answer, failure) -> {
                            if (failure == null) {
                                return CompletableFuture.completedFuture(answer);
                            }
                            RestException typed = typed(failure);
                            if (typed.status() == UNAUTHORIZED) {
                                logins.discard(connection, token);
                                if (mayLogInAgain) {
                                    return attempt(connection, user, body, deadline, false);
                                }
                            }
                            return CompletableFuture.<RestAnswer>failedFuture(typed);
                        })
                        .thenCompose(next -> next));
    }

    private static RestCall call(
            BotpressConnection connection,
            String user,
            Map<String, Object> body,
            V12Logins.Token token,
            Deadline deadline) {
        return RestCall.builder(
                        BotpressConnection.SYSTEM,
                        connection.tenant(),
                        "POST",
                        connection.url() + "/api/v1/bots/" + connection.botId() + "/converse/" + user
                                + "/secured?include=nlu,state,decision")
                .template(TEMPLATE)
                .header("Authorization", "Bearer " + token.jwt())
                .json(body)
                .timeout(deadline.left())
                .maxResponseBytes(MOST_BYTES)
                .build();
    }

    /** The server's own time-out comes as an error of whatever status; the same turn may go well later. */
    private static RestException typed(Throwable failure) {
        Throwable cause = V12Logins.cause(failure);
        if (!(cause instanceof RestException typed)) {
            throw new CompletionException(cause);
        }
        boolean timedOut = typed.answer()
                .filter(answer -> answer.status() >= 400 && answer.status() != UNAUTHORIZED)
                .filter(answer -> answer.body().length < 8_192)
                .map(answer -> answer.text().toLowerCase(Locale.ROOT).contains("request timed out"))
                .orElse(false);
        return timedOut
                ? RestException.of(
                        BotpressConnection.SYSTEM,
                        RestException.Kind.TIMEOUT,
                        "POST " + TEMPLATE,
                        "the bot gave no reply in the server's own time (converse.timeout)")
                : typed;
    }
}
