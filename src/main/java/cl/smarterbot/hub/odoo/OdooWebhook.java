package cl.smarterbot.hub.odoo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Message;

/**
 * Reads what an automation rule's action "Send Webhook Notification" posts: {@code _model}, {@code _id}, {@code _action} and the
 * fields that its author chose. It is a hint that something changed and nothing more: what the record holds is read from Odoo.
 */
public final class OdooWebhook {

    /** Headers of the event component, which this package does not know. */
    private static final String KEY = "CamelEventKey";

    private static final String METADATA = "CamelEventMetadata";

    private static final String MALFORMED =
            "{\"type\":\"urn:smarteros:problem:malformed\",\"title\":\"No pudimos leer el envío.\",\"status\":400}";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern MODEL = Pattern.compile("[a-z][a-z0-9_.]{0,63}");
    private static final int MOST_IDS = 1_000;

    /**
     * Leaves {@code {model, ids}} as the body; the ids are whole numbers, each once and in order, a thousand at most. The variable
     * {@code known} says whether the body named a model; without one, the answer is a 400.
     */
    public void read(Exchange exchange) throws IOException {
        Message message = exchange.getMessage();
        JsonNode told = JSON.readTree(message.getBody(byte[].class));
        String model = told.path("_model").asText();
        boolean known = MODEL.matcher(model).matches();
        exchange.setVariable("known", known);
        exchange.setVariable("answer", known ? "{\"ok\":true}" : MALFORMED);
        if (!known) {
            message.setHeader(Exchange.HTTP_RESPONSE_CODE, 400);
            message.setHeader(Exchange.CONTENT_TYPE, "application/problem+json");
            return;
        }
        List<Long> ids = ids(told.path("_id"), told.path("_ids"));
        Map<String, Object> change = new LinkedHashMap<>();
        change.put("model", model);
        change.put("ids", ids);
        message.setBody(change);
        message.setHeader(KEY, ids.size() == 1 ? model + "/" + ids.get(0) : model);
        message.setHeader(METADATA, Map.of("model", model, "records", ids.size()));
    }

    private static List<Long> ids(JsonNode... places) {
        TreeSet<Long> ids = new TreeSet<>();
        for (JsonNode place : places) {
            add(ids, place);
            place.forEach(id -> add(ids, id));
        }
        return List.copyOf(ids);
    }

    private static void add(TreeSet<Long> ids, JsonNode id) {
        if (id.isIntegralNumber() && id.canConvertToLong() && id.longValue() > 0 && ids.size() < MOST_IDS) {
            ids.add(id.longValue());
        }
    }
}
