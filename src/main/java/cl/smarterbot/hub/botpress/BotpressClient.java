package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestClient;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** What the endpoints share. */
final class BotpressClient {
    private final RestClient rest;
    private final UserLanes lanes;
    private final V12Converse v12;
    private final CloudChat cloud;

    BotpressClient(RestClient rest, BotpressReplies replies) {
        this.rest = rest;
        lanes = new UserLanes(rest.executor());
        v12 = new V12Converse(rest);
        cloud = new CloudChat(rest, replies);
    }

    /** One message of a person and what the bot makes of it. */
    CompletableFuture<Map<String, Object>> turn(
            BotpressConnection connection, String source, String text, List<String> contexts, TurnOptions options) {
        String id = ConversationId.of(connection.tenant(), source);
        Deadline deadline = Deadline.in(options.timeout());
        CompletableFuture<Map<String, Object>> result = lanes.inTurn(
                connection.key() + "|" + id,
                deadline,
                () -> connection.mode() == BotpressConnection.Mode.V12
                        ? v12.turn(connection, id, TurnText.cut(text, options.maxTextLength()), contexts, deadline)
                        : cloud.turn(connection, id, text, options, deadline));
        // The last resort: the parts keep the time by themselves.
        return result.orTimeout(options.timeout().toMillis() + 1_000, TimeUnit.MILLISECONDS);
    }

    Executor executor() {
        return rest.executor();
    }
}
