package cl.smarterbot.hub.conversation;

import cl.smarterbot.hub.event.EventConstants;
import cl.smarterbot.hub.event.NewEvent;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what Chatwoot (2.10 to 4.16) posts to a webhook and leaves one normal form as the body. The same message that comes by the
 * account, the inbox and the bot webhook is one event: its dedup is by what happened, not by who told it.
 *
 * <p>Takes the shapes of Chatwoot's own source (flat {@code message_created}, conversation at top level) and those of older
 * integrations: nested {@code message}, {@code conversation_id} or {@code account_id} at top level, numeric message types, epoch
 * times, no message id.
 *
 * <p>Sets the header {@code ChatwootKind}: {@code message}, {@code conversation}, {@code other}, or {@code foreign} for what speaks
 * of another account or inbox than the endpoint's, see {@link ChatwootFence}.
 */
public final class ChatwootWebhook {

    /** Header with what a payload is about. */
    public static final String KIND = "ChatwootKind";

    /** Variable with epoch seconds: messages that are older were missed for too long to be answered. Webhooks have none. */
    static final String STALE_BEFORE = "staleBefore";

    /** Header with the endpoint's id, of the door's path; messages that the hub fetched have none. */
    private static final String ENDPOINT = "endpoint";

    private static final Logger LOG = LoggerFactory.getLogger(ChatwootWebhook.class);

    private static final String FOREIGN = "{\"type\":\"urn:smarteros:problem:wrong-tenant\","
            + "\"title\":\"La cuenta o la bandeja no es la de este destino.\",\"status\":403}";

    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(40)
                    .maxStringLength(512 * 1024)
                    .maxNumberLength(100)
                    .build())
            .build());

    /** Dedup by what happened needs no body hash: another body for the same happening is the same happening. */
    private static final byte[] SAME = new byte[32];

    private static final Pattern WORD = Pattern.compile("[a-z0-9_]{1,64}");
    private static final Set<String> STATUSES = Set.of("open", "resolved", "pending", "snoozed");

    private final ChatwootFence fence;

    public ChatwootWebhook(TenantRegistry registry) {
        this.fence = new ChatwootFence(registry);
    }

    /** A body that is no JSON object. */
    public static final class MalformedException extends RuntimeException {
        MalformedException() {
            super("not a JSON object", null, false, false);
        }
    }

    /**
     * Reads the raw body of an exchange.
     *
     * @throws MalformedException if it is not a JSON object
     */
    public void read(Exchange exchange) {
        Message message = exchange.getMessage();
        byte[] raw = message.getBody(byte[].class);
        JsonNode payload;
        try {
            payload = JSON.readTree(raw);
        } catch (IOException e) {
            throw new MalformedException();
        }
        if (payload == null || !payload.isObject()) {
            throw new MalformedException();
        }
        String event = word(payload.path("event"));
        exchange.setVariable("answer", "{\"ok\":true}");
        if (isForeign(exchange, payload)) {
            LOG.warn(
                    "A Chatwoot webhook of {} speaks of another account or inbox",
                    TenantScope.of(exchange).orElseThrow());
            if (message.getHeader(ENDPOINT) == null) {
                // The inbox was taken from the tenant since: the next attempt sees that.
                throw new IllegalStateException("a message that was fetched is of another inbox by now");
            }
            message.setHeader(KIND, "foreign");
            message.setHeader(Exchange.CONTENT_TYPE, "application/problem+json");
            exchange.setVariable("answer", FOREIGN);
            return;
        }
        switch (event) {
            case "message_created" -> message(message, payload, raw, exchange.getVariable(STALE_BEFORE, Long.class));
            case "conversation_created",
                    "conversation_status_changed",
                    "conversation_updated",
                    "conversation_opened",
                    "conversation_resolved" -> conversation(message, event, payload, raw);
            default -> other(message, event, raw);
        }
    }

    private boolean isForeign(Exchange exchange, JsonNode payload) {
        return fence.isForeign(
                TenantScope.of(exchange).orElse(null),
                exchange.getMessage().getHeader(ENDPOINT, String.class),
                account(payload),
                inbox(payload));
    }

    /** Which inbox a payload speaks of; null if it does not say. */
    private static Integer inbox(JsonNode payload) {
        for (JsonNode place : new JsonNode[] {
            payload.path("conversation").path("inbox_id"),
            payload.path("inbox").path("id"),
            payload.path("inbox_id"),
            payload.path("current_conversation").path("inbox_id")
        }) {
            Integer id = whole(place);
            if (id != null) {
                return id;
            }
        }
        return null;
    }

    /** @param staleBefore epoch seconds; a message that is older is not for the bot to answer. Null for no limit */
    private static void message(Message message, JsonNode payload, byte[] raw, Long staleBefore) {
        JsonNode said = payload.path("message").isObject() ? payload.path("message") : payload;
        JsonNode conversation = payload.path("conversation");
        JsonNode sender = said.path("sender").isObject() ? said.path("sender") : payload.path("sender");
        Integer conversationId = whole(conversation.path("id"));
        if (conversationId == null) {
            conversationId = whole(payload.path("conversation_id"));
        }
        if (conversationId == null) {
            other(message, "message_created", raw);
            return;
        }
        String type = messageType(said.path("message_type"), payload.path("message_type"));
        // Older shapes carry no id of the message: what they say identifies them.
        Long id = said == payload && payload.has("message_type") || said != payload ? number(said.path("id")) : null;
        if (id == null) {
            id = number(said.path("id"));
        }
        long messageId = id != null ? id : -(ByteBuffer.wrap(sha256(raw)).getLong() >>> 1) - 1;
        JsonNode contact = conversation.path("meta").path("sender").isObject()
                ? conversation.path("meta").path("sender")
                : sender;

        ObjectNode body = JSON.createObjectNode();
        Integer account = account(payload);
        body.put("account_id", account == null ? 0 : account);
        body.put("conversation_id", conversationId);
        put(body, "inbox_id", inbox(payload));
        body.put("message_id", messageId);
        body.put("message_type", type);
        body.put(
                "private",
                said.path("private").asBoolean(payload.path("private").asBoolean(false)));
        // The hub writes with a person's token: what carries its mark is the bot's, whoever Chatwoot says it was.
        boolean ours = said.path("content_attributes").path("hub_event_id").isTextual();
        body.put("sender_type", ours && !type.equals("incoming") ? "bot" : senderType(type, sender));
        putLong(body, "sender_id", number(sender.path("id")));
        putText(body, "content", said.path("content"));
        putText(body, "channel", conversation.path("channel"));
        if (type.equals("incoming")) {
            put(body, "contact_id", whole(contact.path("id")));
            putText(body, "contact_name", contact.path("name"));
            putText(body, "contact_email", contact.path("email"));
            putText(body, "contact_phone", contact.path("phone_number"));
            // The widget's visitors say themselves who they are, unless the site's own server vouches for them.
            boolean vouched =
                    conversation.path("contact_inbox").path("hmac_verified").asBoolean(false)
                            || conversation.path("meta").path("hmac_verified").asBoolean(false);
            String channel = conversation.path("channel").asText("");
            body.put("verified", vouched || !channel.isEmpty() && !channel.equals("Channel::WebWidget"));
            body.put(
                    "blocked",
                    contact.path("blocked").asBoolean(sender.path("blocked").asBoolean(false)));
        }
        String status = word(conversation.path("status"));
        if (STATUSES.contains(status)) {
            body.put("status", status);
        }
        if (conversation.path("updated_at").isNumber()) {
            body.put("source_at", conversation.path("updated_at").asDouble());
        }
        body.put("assigned_to_person", "person".equals(assignee(conversation.path("meta"))));
        putWord(body, "assignee", assignee(conversation.path("meta")));
        Double saidAt = saidAt(said.path("created_at"));
        if (saidAt != null) {
            body.put("said_at", saidAt);
        }
        putText(body, "hub_event_id", said.path("content_attributes").path("hub_event_id"));
        JsonNode writtenAt = said.path("created_at");
        if (staleBefore != null && writtenAt.isNumber() && writtenAt.longValue() < staleBefore) {
            body.put("stale", true);
        }
        body.set("attachments", attachments(said.path("attachments").isArray() ? said : payload));

        done(
                message,
                "message",
                body,
                conversationId,
                "message_created/" + messageId,
                Map.of(
                        "message_type", type,
                        "sender_type", body.path("sender_type").asText(),
                        "private", body.path("private").asBoolean(),
                        "attachments", body.path("attachments").size()));
    }

    private static void conversation(Message message, String event, JsonNode payload, byte[] raw) {
        Integer id = whole(payload.path("id"));
        if (id == null) {
            other(message, event, raw);
            return;
        }
        ObjectNode body = JSON.createObjectNode();
        body.put("event", event);
        put(body, "account_id", account(payload));
        body.put("conversation_id", id);
        put(body, "inbox_id", whole(payload.path("inbox_id")));
        String status = word(payload.path("status"));
        if (STATUSES.contains(status)) {
            body.put("status", status);
        }
        String before = null;
        boolean reassigned = event.equals("conversation_created");
        for (JsonNode change : payload.path("changed_attributes")) {
            reassigned |= change.has("assignee_id");
            if (change.path("status").isObject()) {
                before = word(change.path("status").path("previous_value"));
            }
        }
        JsonNode meta = payload.path("meta");
        String assignee = assignee(meta);
        putWord(body, "assignee", assignee);
        boolean changed = event.equals("conversation_status_changed");
        if (changed && "resolved".equals(status)) {
            body.put("resolved", true);
        } else if (changed && "pending".equals(status)) {
            // Given back to the bot, whoever it was assigned to.
            body.put("owner", "bot");
        } else if (changed && "open".equals(status) && "pending".equals(before)) {
            body.put("owner", "human");
            body.put("handoff_reason", "opened");
        } else if ("person".equals(assignee) && reassigned) {
            body.put("owner", "human");
            body.put("handoff_reason", "assigned");
        } else if ("bot".equals(assignee) && reassigned) {
            body.put("owner", "bot");
        }
        if (payload.path("updated_at").isNumber()) {
            body.put("source_at", payload.path("updated_at").asDouble());
        }
        String version = payload.path("updated_at").isNumber()
                ? payload.path("updated_at").asText()
                : java.util.HexFormat.of().formatHex(sha256(raw), 0, 12);
        done(
                message,
                "conversation",
                body,
                id,
                event + "/" + id + "/" + status + "/" + version,
                Map.of("event", event, "status", status));
    }

    private static void other(Message message, String event, byte[] raw) {
        message.setHeader(KIND, "other");
        message.setHeader(EventConstants.METADATA, "{\"event\":\"" + event + "\"}");
        message.setHeader(
                EventConstants.DEDUP,
                new NewEvent.Dedup(
                        "chatwoot", "other/" + java.util.HexFormat.of().formatHex(sha256(raw), 0, 16), SAME));
    }

    private static void done(
            Message message,
            String kind,
            ObjectNode body,
            int conversation,
            String happening,
            Map<String, ?> metadata) {
        message.setHeader(KIND, kind);
        message.setHeader(EventConstants.KEY, "conversation-" + conversation);
        message.setHeader(EventConstants.METADATA, metadata);
        message.setHeader(EventConstants.DEDUP, new NewEvent.Dedup("chatwoot", happening, SAME));
        try {
            message.setBody(JSON.writeValueAsBytes(body));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What the endpoint's binding is compared with; null if the payload does not say (conversation events before 4.0). */
    private static Integer account(JsonNode payload) {
        for (JsonNode place : new JsonNode[] {
            payload.path("account").path("id"),
            payload.path("account_id"),
            payload.path("conversation").path("account").path("id"),
            payload.path("conversation").path("account_id"),
            payload.path("sender").path("account").path("id"),
            payload.path("messages").path(0).path("account_id")
        }) {
            Integer id = whole(place);
            if (id != null) {
                return id;
            }
        }
        return null;
    }

    private static String messageType(JsonNode inner, JsonNode outer) {
        JsonNode type = inner.isMissingNode() || inner.isNull() ? outer : inner;
        if (type.isInt()) {
            return switch (type.intValue()) {
                case 0 -> "incoming";
                case 1 -> "outgoing";
                case 3 -> "template";
                default -> "activity";
            };
        }
        return switch (word(type)) {
            // The shapes of older integrations name no type; they were made of customers' messages.
            case "incoming", "" -> "incoming";
            case "outgoing" -> "outgoing";
            case "template" -> "template";
            default -> "activity";
        };
    }

    /** A contact carries no type in Chatwoot's own payloads, and {@code contact} in older integrations. */
    private static String senderType(String messageType, JsonNode sender) {
        if (messageType.equals("incoming")) {
            return "customer";
        }
        return switch (word(sender.path("type"))) {
            case "user" -> "agent";
            case "agent_bot" -> "bot";
            default -> "system";
        };
    }

    /** {@code bot}, {@code person} or {@code nobody}; null if the payload does not say. */
    private static String assignee(JsonNode meta) {
        JsonNode assignee = meta.path("assignee");
        if (!assignee.isObject()) {
            return meta.isObject() ? "nobody" : null;
        }
        boolean bot = word(meta.path("assignee_type")).equals("agentbot")
                || word(assignee.path("type")).equals("agent_bot");
        return bot ? "bot" : "person";
    }

    /** Epoch seconds; of whole seconds their end, since in doubt a person's reply is the later one. Null if it cannot be read. */
    private static Double saidAt(JsonNode createdAt) {
        if (createdAt.isNumber()) {
            return createdAt.isIntegralNumber() ? createdAt.asDouble() + 0.999 : createdAt.asDouble();
        }
        try {
            Instant at = OffsetDateTime.parse(createdAt.asText()).toInstant();
            return at.getEpochSecond() + at.getNano() / 1e9;
        } catch (DateTimeParseException e) {
            return null;
        }
    }

    private static ArrayNode attachments(JsonNode said) {
        ArrayNode kept = JSON.createArrayNode();
        for (JsonNode attachment : said.path("attachments")) {
            if (kept.size() == 15) {
                break;
            }
            ObjectNode one = kept.addObject();
            putLong(one, "id", number(attachment.path("id")));
            putText(one, "file_type", attachment.path("file_type"));
            putText(one, "extension", attachment.path("extension"));
            putText(one, "data_url", attachment.path("data_url"));
            putLong(one, "file_size", number(attachment.path("file_size")));
        }
        return kept;
    }

    private static String word(JsonNode node) {
        String text = node.isTextual() ? node.textValue().toLowerCase(java.util.Locale.ROOT) : "";
        return WORD.matcher(text).matches() ? text : "";
    }

    private static Integer whole(JsonNode node) {
        return node.canConvertToInt() && node.isIntegralNumber() && node.intValue() > 0 ? node.intValue() : null;
    }

    private static Long number(JsonNode node) {
        return node.isIntegralNumber() && node.canConvertToLong() ? node.longValue() : null;
    }

    private static void put(ObjectNode body, String field, Integer value) {
        if (value != null) {
            body.put(field, value);
        }
    }

    private static void putWord(ObjectNode body, String field, String value) {
        if (value != null) {
            body.put(field, value);
        }
    }

    private static void putLong(ObjectNode body, String field, Long value) {
        if (value != null) {
            body.put(field, value);
        }
    }

    /** NUL and lone surrogates cannot be stored; nothing else is changed. */
    private static void putText(ObjectNode body, String field, JsonNode value) {
        if (value.isTextual()) {
            byte[] utf8 = value.textValue().replace("\u0000", "").getBytes(StandardCharsets.UTF_8);
            body.put(field, new String(utf8, StandardCharsets.UTF_8));
        }
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
