package cl.smarterbot.hub.conversation;

import cl.smarterbot.hub.event.EventConstants;
import cl.smarterbot.hub.event.NewEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Message;

/**
 * Reads the signals that Botpress Cloud's integration {@code chat} posts, {@code {type, data}}: what a bot said, and the events that
 * it made, which may carry a routing result. A person's own messages are echoed, and other signals tell nothing: they are no events.
 */
public final class BotpressWebhook {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_.:-]{1,128}");

    /** A signal is the same by its id, whatever else differs. */
    private static final byte[] SAME = new byte[32];

    /**
     * Leaves the signal as the body: {@code type}, and of {@code data} what a turn needs. The variable {@code told} says whether it is
     * one to record.
     */
    public void read(Exchange exchange) throws IOException {
        Message message = exchange.getMessage();
        JsonNode signal = JSON.readTree(message.getBody(byte[].class));
        JsonNode data = signal.path("data");
        String type = signal.path("type").asText();
        String id = data.path("id").asText();
        String conversation = data.path("conversationId").asText();
        boolean said = type.equals("message_created")
                && !(data.path("isBot").isBoolean() && !data.path("isBot").booleanValue());
        boolean told = (said || type.equals("event_created"))
                && ID.matcher(id).matches()
                && ID.matcher(conversation).matches();
        exchange.setVariable("told", told);
        if (!told) {
            return;
        }
        ObjectNode kept = JSON.createObjectNode().put("type", type);
        ObjectNode of = kept.putObject("data");
        for (String field :
                new String[] {"id", "createdAt", "payload", "userId", "conversationId", "metadata", "isBot"}) {
            if (data.has(field)) {
                of.set(field, data.get(field));
            }
        }
        message.setBody(JSON.convertValue(kept, Map.class));
        message.setHeader(EventConstants.KEY, "botpress-" + conversation);
        message.setHeader(EventConstants.METADATA, Map.of("type", type));
        message.setHeader(EventConstants.DEDUP, new NewEvent.Dedup("botpress", type + "/" + id, SAME));
    }
}
