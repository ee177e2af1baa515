package cl.smarterbot.hub.botpress;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a turn comes to, the same for both products. */
final class Result {
    static final String NO_INTENT = "none";

    private Result() {}

    /**
     * The body of the answered exchange.
     *
     * @param intent blank becomes {@value #NO_INTENT}
     * @param language blank becomes null
     */
    static Map<String, Object> of(
            String intent,
            JsonNode confidence,
            String language,
            Map<String, Object> slots,
            List<Map<String, Object>> entities,
            List<String> replies,
            boolean handoff,
            String source) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("intent", intent.isBlank() ? NO_INTENT : intent.strip());
        result.put("confidence", intent.isBlank() ? 0.0 : confidence(confidence));
        result.put("language", language.isBlank() ? null : language);
        result.put("slots", slots);
        result.put("entities", entities);
        result.put("replies", replies);
        result.put("handoff", handoff);
        result.put("source", source);
        return result;
    }

    /** From 0 to 1; what is no number is 0, so that doubt never passes for certainty. */
    static double confidence(JsonNode node) {
        double value = node.isNumber() ? node.doubleValue() : 0;
        return Double.isFinite(value) ? Math.max(0, Math.min(1, value)) : 0;
    }

    /** Slots by name, each its value: as v12 gives them, {@code {name: {value: ...}}}, or plain. */
    static Map<String, Object> slots(JsonNode slots) {
        Map<String, Object> all = new LinkedHashMap<>();
        slots.properties().forEach(slot -> {
            JsonNode value = slot.getValue().isObject() ? slot.getValue().path("value") : slot.getValue();
            Object plain = plain(value);
            if (plain != null) {
                all.put(slot.getKey(), plain);
            }
        });
        return all;
    }

    /** A text, number or flag; null for anything else. */
    static Object plain(JsonNode node) {
        if (node.isTextual()) {
            return node.textValue();
        }
        if (node.isIntegralNumber() && node.canConvertToLong()) {
            return node.longValue();
        }
        if (node.isNumber()) {
            return node.doubleValue();
        }
        return node.isBoolean() ? node.booleanValue() : null;
    }
}
