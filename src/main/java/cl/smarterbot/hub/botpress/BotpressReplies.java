package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.tenancy.TenantScope;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.Exchange;

/**
 * Where a webhook door reports what cloud bots say, so that a turn that waits on this node ends sooner. A turn that waits on
 * another node, or a report that never comes, costs time and nothing else: turns look for replies themselves.
 */
public final class BotpressReplies {
    private static final ObjectMapper JSON = new ObjectMapper();

    private record Key(String tenant, String conversation) {}

    private final Map<Key, CloudTurn> waiting = new ConcurrentHashMap<>();

    /**
     * Takes a signal of the integration {@code chat}. A message that came before, or that is a person's own, changes nothing.
     *
     * @param tenant canonical RUT of the tenant whose door it came through; no other tenant's turn hears of it
     * @param conversationId as the signal names it
     * @param signal the whole signal, {@code {type, data}}, of type {@code message_created} or {@code event_created}; others are
     *     ignored
     * @return whether a turn on this node was waiting and took it
     */
    public boolean arrived(String tenant, String conversationId, Map<String, ?> signal) {
        CloudTurn turn = waiting.get(
                new Key(Objects.requireNonNull(tenant, "tenant"), Objects.requireNonNull(conversationId, "id")));
        if (turn == null) {
            return false;
        }
        JsonNode json = JSON.valueToTree(signal);
        return switch (json.path("type").asText("")) {
            case "message_created" -> turn.reported(json.path("data"));
            case "event_created" ->
                turn.routed(json.path("data").path("payload").path("route"));
            default -> false;
        };
    }

    /** Takes the signal in the body of an exchange, as its tenant's. What it is not fit for, it leaves alone. */
    public void tell(Exchange exchange) {
        if (exchange.getMessage().getBody() instanceof Map<?, ?> signal
                && signal.get("data") instanceof Map<?, ?> data
                && data.get("conversationId") instanceof String conversation) {
            Map<String, Object> named = new LinkedHashMap<>();
            signal.forEach((name, value) -> named.put(String.valueOf(name), value));
            arrived(TenantScope.of(exchange).orElseThrow(), conversation, named);
        }
    }

    void wait(String tenant, String conversationId, CloudTurn turn) {
        waiting.put(new Key(tenant, conversationId), turn);
    }

    void done(String tenant, String conversationId, CloudTurn turn) {
        waiting.remove(new Key(tenant, conversationId), turn);
    }

    int size() {
        return waiting.size();
    }
}
