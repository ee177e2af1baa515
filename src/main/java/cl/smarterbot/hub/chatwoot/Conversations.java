package cl.smarterbot.hub.chatwoot;

import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestException.Kind;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Conversations of Chatwoot accounts and the messages in them. */
final class Conversations {
    private static final String MARKER = "hub_event_id";
    private static final String CUSTOM = "custom_attributes";
    private static final String PAYLOAD = "payload";
    private static final String API_CHANNEL = "Channel::Api";
    /** Pages of 20 messages that are looked through for one of ours. */
    private static final int MOST_PAGES = 10;

    private static final int MOST_READ = 50;

    private static final String MESSAGE = "message";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<Map<String, Object>> RECORD = new TypeReference<>() {};
    private static final Logger LOG = LoggerFactory.getLogger(Conversations.class);

    private final ChatwootApi api;
    private final Once once;
    private final Cache<String, Boolean> apiInboxes = Caffeine.newBuilder()
            .maximumSize(10_000)
            .expireAfterWrite(Duration.ofHours(1))
            .build();

    Conversations(ChatwootApi api, Once once) {
        this.api = api;
        this.once = once;
    }

    /**
     * A contact's new conversation in the tenant's inbox.
     *
     * @param sourceId the contact's address in the inbox; null to have Chatwoot choose
     * @param status null for the inbox's own
     * @return its id within the account
     */
    CompletableFuture<Long> open(
            ChatwootConnection to,
            Effect effect,
            long contactId,
            String sourceId,
            String status,
            Map<String, Object> attributes) {
        return once.run(to.tenant(), effect, () -> opened(to, contactId, effect.marker()), () -> {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("inbox_id", to.inboxId());
            body.put("contact_id", contactId);
            if (sourceId != null) {
                body.put("source_id", sourceId);
            }
            if (status != null) {
                body.put("status", status);
            }
            body.put(CUSTOM, marked(attributes, effect));
            return api.post(to, "/conversations", body)
                    .thenApply(conversation -> ChatwootApi.id(conversation, "id", "conversation"));
        });
    }

    private CompletableFuture<Optional<Long>> opened(ChatwootConnection to, long contactId, String marker) {
        return api.get(to, "/contacts/" + contactId + "/conversations").thenApply(answer -> {
            for (JsonNode conversation : list(answer, "conversation")) {
                if (marker.equals(ChatwootApi.text(conversation.path(CUSTOM), MARKER))) {
                    return Optional.of(ChatwootApi.id(conversation, "id", "conversation"));
                }
            }
            return Optional.empty();
        });
    }

    /**
     * The words of a visitor. Only an API inbox takes them as theirs; in any other they are a note for the team that says whose
     * they are, since a message there would go out to the visitor.
     *
     * @param from where they were written, such as a site; null if unknown
     */
    CompletableFuture<Long> visitorSays(
            ChatwootConnection to, Effect effect, long conversation, String words, String from) {
        return isApiInbox(to).thenCompose(own -> {
            Map<String, Object> body = new LinkedHashMap<>();
            if (own) {
                body.put("content", words);
                body.put("message_type", "incoming");
            } else {
                body.put("content", note(words, from));
                body.put("message_type", "outgoing");
                body.put("private", true);
            }
            return write(to, effect, conversation, body);
        });
    }

    /** A message of the hub's own: to the visitor, or for the team only. */
    CompletableFuture<Long> says(
            ChatwootConnection to, Effect effect, long conversation, String words, boolean hidden) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("content", words);
        body.put("message_type", "outgoing");
        body.put("private", hidden);
        return write(to, effect, conversation, body);
    }

    private static String note(String words, String from) {
        StringBuilder note = new StringBuilder("Mensaje del formulario web");
        if (from != null) {
            note.append(" (").append(from.replaceAll("[\\p{Cntrl}]+", " ")).append(')');
        }
        note.append(":\n");
        words.lines().forEach(line -> note.append("\n> ").append(line));
        return note.toString();
    }

    private CompletableFuture<Long> write(
            ChatwootConnection to, Effect effect, long conversation, Map<String, Object> body) {
        body.put("content_attributes", marked(Map.of(), effect));
        return once.run(
                to.tenant(), effect, () -> written(to, conversation, effect.marker(), null, MOST_PAGES), () -> api.post(
                                to, path(conversation, "/messages"), body)
                        .thenApply(message -> ChatwootApi.id(message, "id", MESSAGE)));
    }

    /** Looks for a message of ours, newest page first. */
    private CompletableFuture<Optional<Long>> written(
            ChatwootConnection to, long conversation, String marker, Long before, int pages) {
        String page = before == null ? "" : "?before=" + before;
        return api.get(to, path(conversation, "/messages") + page).thenCompose(answer -> {
            long oldest = Long.MAX_VALUE;
            for (JsonNode message : list(answer, MESSAGE)) {
                long id = ChatwootApi.id(message, "id", MESSAGE);
                if (marker.equals(ChatwootApi.text(message.path("content_attributes"), MARKER))) {
                    return CompletableFuture.completedFuture(Optional.of(id));
                }
                oldest = Math.min(oldest, id);
            }
            boolean last = oldest == Long.MAX_VALUE || pages <= 1;
            return last
                    ? CompletableFuture.completedFuture(Optional.<Long>empty())
                    : written(to, conversation, marker, oldest, pages - 1);
        });
    }

    private CompletableFuture<Boolean> isApiInbox(ChatwootConnection to) {
        String key = to.account() + "|" + to.inboxId();
        Boolean known = apiInboxes.getIfPresent(key);
        if (known != null) {
            return CompletableFuture.completedFuture(known);
        }
        return api.get(to, "/inboxes/" + to.inboxId()).thenApply(inbox -> {
            String channel = ChatwootApi.text(inbox, "channel_type");
            if (channel == null) {
                throw RestException.of(
                        ChatwootApi.SYSTEM, Kind.GARBAGE, "message", "the inbox has no field channel_type");
            }
            boolean own = channel.equals(API_CHANNEL);
            apiInboxes.put(key, own);
            return own;
        });
    }

    /** Merges attributes into a conversation's: Chatwoot replaces the whole map, so that it is read first. */
    CompletableFuture<Void> merge(ChatwootConnection to, long conversation, Map<String, Object> attributes) {
        return api.change(to, path(conversation, ""), path(conversation, "/custom_attributes"), found -> {
            Map<String, Object> all = new LinkedHashMap<>();
            JsonNode now = found.path(CUSTOM);
            now.fields().forEachRemaining(field -> all.put(field.getKey(), field.getValue()));
            boolean changes = false;
            for (Map.Entry<String, Object> attribute : attributes.entrySet()) {
                JsonNode old = now.path(attribute.getKey());
                changes |= old.isMissingNode()
                        || old.isNull()
                        || !old.asText().equals(String.valueOf(attribute.getValue()));
                all.put(attribute.getKey(), attribute.getValue());
            }
            return changes ? Optional.of(Map.of(CUSTOM, all)) : Optional.empty();
        });
    }

    /** Adds labels to a conversation's, which Chatwoot would otherwise replace. */
    CompletableFuture<Void> label(ChatwootConnection to, long conversation, Collection<String> labels) {
        return api.change(to, path(conversation, "/labels"), path(conversation, "/labels"), answer -> {
            Set<String> all = new LinkedHashSet<>();
            list(answer, "labels").forEach(label -> all.add(label.asText()));
            return all.addAll(labels) ? Optional.of(Map.of("labels", all)) : Optional.empty();
        });
    }

    CompletableFuture<Void> status(ChatwootConnection to, long conversation, String status) {
        return api.post(to, path(conversation, "/toggle_status"), Map.of("status", status))
                .thenAccept(answer -> {});
    }

    /** @param to what {@code assignments} takes: assignee_id and assignee_type, or team_id */
    CompletableFuture<Void> assign(ChatwootConnection at, long conversation, Map<String, Object> to) {
        return api.post(at, path(conversation, "/assignments"), to).thenAccept(answer -> {});
    }

    /**
     * One page of all conversations of the account, whatever their status, the most recently active first.
     *
     * @param page from 1
     * @return as Chatwoot shows them, 25 at most; empty after the last page
     */
    CompletableFuture<List<Map<String, Object>>> page(ChatwootConnection at, long page) {
        return api.get(at, "/conversations?status=all&assignee_type=all&page=" + page)
                .thenApply(answer -> maps(list(answer.path("data"), "conversations")));
    }

    /**
     * What was said in a conversation since a moment. Reads backwards, page by page, and gives up after {@value #MOST_READ} of
     * them: what is older is left out and logged.
     *
     * @param since epoch seconds, itself included
     * @return messages as Chatwoot shows them, oldest first
     */
    CompletableFuture<List<Map<String, Object>>> since(ChatwootConnection at, long conversation, long since) {
        return since(at, conversation, since, null, MOST_READ, new TreeMap<>());
    }

    private CompletableFuture<List<Map<String, Object>>> since(
            ChatwootConnection at,
            long conversation,
            long since,
            Long before,
            int pages,
            NavigableMap<Long, JsonNode> found) {
        String page = before == null ? "" : "?before=" + before;
        return api.get(at, path(conversation, "/messages") + page).thenCompose(answer -> {
            long oldest = Long.MAX_VALUE;
            boolean more = false;
            for (JsonNode message : list(answer, MESSAGE)) {
                long id = ChatwootApi.id(message, "id", MESSAGE);
                more |= id < oldest;
                oldest = Math.min(oldest, id);
                if (message.path("created_at").asLong() >= since) {
                    found.put(id, message);
                }
            }
            boolean all = !more || !found.containsKey(oldest) || before != null && oldest >= before;
            if (!all && pages > 1) {
                return since(at, conversation, since, oldest, pages - 1, found);
            }
            if (!all) {
                LOG.warn(
                        "Conversation {} of {} has more new messages than can be read at once; the oldest are left out",
                        conversation,
                        at.tenant());
            }
            return CompletableFuture.completedFuture(maps(found.values()));
        });
    }

    private static List<Map<String, Object>> maps(Iterable<JsonNode> records) {
        List<Map<String, Object>> maps = new ArrayList<>();
        records.forEach(one -> maps.add(JSON.convertValue(one, RECORD)));
        return maps;
    }

    private static Map<String, Object> marked(Map<String, Object> attributes, Effect effect) {
        Map<String, Object> all = new LinkedHashMap<>(attributes);
        if (effect.marker() != null) {
            all.put(MARKER, effect.marker());
        }
        return all;
    }

    private static JsonNode list(JsonNode answer, String place) {
        JsonNode list = answer.path(PAYLOAD);
        if (!list.isArray()) {
            throw RestException.of(ChatwootApi.SYSTEM, Kind.GARBAGE, place, "the answer has no list in payload");
        }
        return list;
    }

    private static String path(long conversation, String rest) {
        return "/conversations/" + conversation + rest;
    }
}
