package cl.smarterbot.hub.conversation;

import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.camel.Exchange;

/**
 * Finds what Chatwoot's webhooks did not tell: Chatwoot sends each of them once. Steps of the route {@code
 * chatwoot-reconciliation}, which talk through variables:
 *
 * <ul>
 *   <li>{@code since}: conversations that were active then or later are compared (epoch seconds)
 *   <li>{@code begun}: when this comparison began, which the next one starts from
 *   <li>{@code page}: page of conversations, from 1; {@code pagesLeft}: how many more this firing may read
 *   <li>{@code conversation}: the one at hand, as Chatwoot shows it
 *   <li>{@code known}: rows with the ids that the hub has; {@code oldest}: the least id that matters
 * </ul>
 *
 * <p>The watermark is {@code {"since":..}} after a whole comparison and {@code {"since":..,"begun":..,"page":..}} within one, so
 * that a firing goes on where the one before it stopped. Pages only move backwards while one reads: what moves to the front was
 * active after {@code begun} and is the next comparison's.
 */
public final class ChatwootReconciliation {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SINCE = "since";
    private static final String BEGUN = "begun";
    private static final String PAGE = "page";
    private static final String PAGES_LEFT = "pagesLeft";
    private static final String LAST_PAGE = "lastPage";
    private static final String CONVERSATION = "conversation";

    private final TenantRegistry registry;
    private final ChatwootFence fence;
    private final Clock clock;
    private final Duration overlap;
    private final Duration answerWithin;
    private final int mostPages;

    /**
     * @param overlap how far before the last comparison one looks, for clocks that differ and records that were still being
     *     written; also how far the first one looks back
     * @param answerWithin messages that are older are recorded, and the bot does not answer them
     * @param mostPages pages of 25 conversations that one firing reads
     */
    public ChatwootReconciliation(
            TenantRegistry registry, Clock clock, Duration overlap, Duration answerWithin, int mostPages) {
        if (overlap.isNegative()
                || answerWithin.isZero()
                || answerWithin.isNegative()
                || mostPages < 1
                || mostPages > 200) {
            throw new IllegalArgumentException(
                    "hub.chatwoot.reconciliation: overlap must not be negative, answer-within"
                            + " must be positive, pages must be 1 to 200");
        }
        this.registry = registry;
        this.fence = new ChatwootFence(registry);
        this.clock = clock;
        this.overlap = overlap;
        this.answerWithin = answerWithin;
        this.mostPages = mostPages;
    }

    /** Starts from the row in the variable {@code mark}, if there is one. Sets {@code reconciles}: whether the tenant has a Chatwoot. */
    public void begin(Exchange exchange) {
        boolean reconciles = TenantScope.of(exchange)
                .flatMap(registry::byRut)
                .map(tenant -> tenant.chatwoot() != null)
                .orElse(false);
        exchange.setVariable("reconciles", reconciles);
        JsonNode mark = mark(exchange.getVariable("mark", Map.class));
        long now = clock.instant().getEpochSecond();
        boolean within = mark.path(PAGE).canConvertToInt() && mark.path(PAGE).intValue() > 0;
        exchange.setVariable(SINCE, mark.path(SINCE).asLong(now - overlap.toSeconds()));
        exchange.setVariable(BEGUN, within ? mark.path(BEGUN).asLong(now) : now);
        exchange.setVariable(PAGE, within ? mark.path(PAGE).intValue() : 1);
        exchange.setVariable(PAGES_LEFT, mostPages);
        exchange.setVariable(ChatwootWebhook.STALE_BEFORE, now - answerWithin.toSeconds());
    }

    private static JsonNode mark(Map<?, ?> row) {
        try {
            return row == null ? JSON.createObjectNode() : JSON.readTree(String.valueOf(row.get("value")));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the watermark of the reconciliation is not JSON", e);
        }
    }

    /**
     * Of the page of conversations in the body, those of the tenant's inboxes that were active since; also notes whether it is the
     * last page. The account may be another tenant's as well.
     */
    public void changed(Exchange exchange) {
        long since = exchange.getVariable(SINCE, Long.class);
        List<?> page = exchange.getMessage().getBody(List.class);
        String rut = TenantScope.of(exchange).orElseThrow();
        List<Object> changed = new ArrayList<>();
        int recent = 0;
        for (Object one : page) {
            if (one instanceof Map<?, ?> conversation && activity(conversation) >= since) {
                recent++;
                if (conversation.get("inbox_id") instanceof Number inbox && fence.takes(rut, inbox.intValue())) {
                    changed.add(conversation);
                }
            }
        }
        exchange.setVariable(LAST_PAGE, recent < page.size() || page.isEmpty());
        exchange.getMessage().setBody(changed);
    }

    /** Versions that do not say when a conversation was active last say it in {@code timestamp}. */
    private static long activity(Map<?, ?> conversation) {
        Object at = conversation.get("last_activity_at");
        at = at instanceof Number ? at : conversation.get("timestamp");
        return at instanceof Number seconds ? seconds.longValue() : Long.MAX_VALUE;
    }

    /** How far it has come, as the variable {@code watermark}; sets {@code more}: whether this firing reads another page. */
    public void advance(Exchange exchange) {
        boolean last = exchange.getVariable(LAST_PAGE, Boolean.class);
        long begun = exchange.getVariable(BEGUN, Long.class);
        int page = exchange.getVariable(PAGE, Integer.class) + 1;
        int left = exchange.getVariable(PAGES_LEFT, Integer.class) - 1;
        Map<String, Object> mark = new LinkedHashMap<>();
        mark.put(SINCE, last ? begun - overlap.toSeconds() : exchange.getVariable(SINCE, Long.class));
        if (!last) {
            mark.put(BEGUN, begun);
            mark.put(PAGE, page);
        }
        exchange.setVariable("watermark", text(mark));
        exchange.setVariable(PAGE, page);
        exchange.setVariable(PAGES_LEFT, left);
        exchange.setVariable("more", !last && left > 0);
    }

    /** Notes the conversation in the body. */
    public void conversation(Exchange exchange) {
        exchange.setVariable(CONVERSATION, exchange.getMessage().getBody(Map.class));
    }

    /** Notes the least id among the messages in the body; sets {@code oldest}. */
    public void oldest(Exchange exchange) {
        long oldest = Long.MAX_VALUE;
        for (Object one : exchange.getMessage().getBody(List.class)) {
            oldest = Math.min(oldest, id((Map<?, ?>) one));
        }
        exchange.setVariable("oldest", oldest);
    }

    /** Of the messages in the body, those that the hub has not, each as the webhook that should have told it. */
    public void missing(Exchange exchange) {
        Set<Long> known = new HashSet<>();
        for (Object row : exchange.getVariable("known", List.class)) {
            known.add(id((Map<?, ?>) row));
        }
        Map<?, ?> conversation = exchange.getVariable(CONVERSATION, Map.class);
        List<byte[]> missing = new ArrayList<>();
        for (Object one : exchange.getMessage().getBody(List.class)) {
            Map<?, ?> message = (Map<?, ?>) one;
            // What Chatwoot notes about a conversation it tells nobody.
            boolean activity = Integer.valueOf(2).equals(message.get("message_type"));
            if (!activity && !known.contains(id(message))) {
                missing.add(text(webhook(message, conversation)).getBytes(java.nio.charset.StandardCharsets.UTF_8));
            }
        }
        exchange.getMessage().setBody(missing);
    }

    /** A webhook's shape differs from the API's in where the account and the channel stand. */
    private static Map<String, Object> webhook(Map<?, ?> message, Map<?, ?> conversation) {
        Map<String, Object> place = copy(conversation);
        place.remove("messages");
        if (conversation.get("meta") instanceof Map<?, ?> meta && meta.get("channel") != null) {
            place.put("channel", meta.get("channel"));
        }
        Map<String, Object> webhook = copy(message);
        webhook.put("event", "message_created");
        webhook.put(CONVERSATION, place);
        if (conversation.get("account_id") != null) {
            webhook.put("account", Map.of("id", conversation.get("account_id")));
        }
        return webhook;
    }

    private static Map<String, Object> copy(Map<?, ?> map) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> copy.put(String.valueOf(key), value));
        return copy;
    }

    private static long id(Map<?, ?> record) {
        return record.get("id") instanceof Number id ? id.longValue() : Long.MAX_VALUE;
    }

    private static String text(Map<String, ?> json) {
        try {
            return JSON.writeValueAsString(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
