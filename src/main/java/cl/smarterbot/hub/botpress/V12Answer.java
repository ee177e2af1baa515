package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestAnswer;
import cl.smarterbot.hub.rest.RestException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The answer of the Converse API as a result of the hub. */
final class V12Answer {
    private V12Answer() {}

    /** @throws RestException of kind {@link RestException.Kind#GARBAGE} if it is no answer of that API */
    static Map<String, Object> read(RestAnswer answer) {
        JsonNode body = answer.json();
        JsonNode responses = body.path("responses");
        if (!responses.isArray()) {
            throw RestException.of(
                    BotpressConnection.SYSTEM,
                    RestException.Kind.GARBAGE,
                    "POST /api/v1/bots/{}/converse/{}/secured",
                    "the answer has no responses");
        }
        JsonNode nlu = body.path("nlu");
        List<String> replies = new ArrayList<>();
        boolean handoff = false;
        for (JsonNode response : responses) {
            String text = ReplyText.of(response);
            if (!text.isEmpty()) {
                replies.add(text);
            }
            handoff |= response.path("metadata").path("handoff").asBoolean(false)
                    || response.path("handoff").asBoolean(false);
        }
        return Result.of(
                nlu.path("intent").path("name").asText(""),
                nlu.path("intent").path("confidence"),
                language(nlu),
                Result.slots(nlu.path("slots")),
                entities(nlu.path("entities")),
                replies,
                handoff,
                "botpress-v12");
    }

    private static String language(JsonNode nlu) {
        String language = nlu.path("language").asText("");
        return language.isEmpty() ? nlu.path("detectedLanguage").asText("") : language;
    }

    private static List<Map<String, Object>> entities(JsonNode entities) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (JsonNode entity : entities) {
            Object value = Result.plain(entity.path("data").path("value"));
            if (value == null || entity.path("name").asText("").isEmpty()) {
                continue;
            }
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", entity.path("name").asText());
            one.put("value", value);
            one.put("confidence", Result.confidence(entity.path("meta").path("confidence")));
            one.put("source", entity.path("meta").path("source").asText(""));
            all.add(one);
        }
        return all;
    }
}
