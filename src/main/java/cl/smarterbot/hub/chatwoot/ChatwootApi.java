package cl.smarterbot.hub.chatwoot;

import cl.smarterbot.hub.rest.RestAnswer;
import cl.smarterbot.hub.rest.RestCall;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Chatwoot's API below one account. */
final class ChatwootApi {
    static final String SYSTEM = "Chatwoot";

    private final RestClient rest;

    ChatwootApi(RestClient rest) {
        this.rest = rest;
    }

    CompletableFuture<JsonNode> get(ChatwootConnection to, String path) {
        return rest.send(call(to, "GET", path, null)).thenApply(RestAnswer::json);
    }

    /**
     * Reads something in order to write it.
     *
     * @param change what to write, of what was read; empty if there is nothing to change. Must not block
     */
    CompletableFuture<Void> change(
            ChatwootConnection to, String readPath, String writePath, Function<JsonNode, Optional<Object>> change) {
        return rest.sendThen(call(to, "GET", readPath, null), answer -> change.apply(answer.json())
                        .map(body -> call(to, "POST", writePath, body)))
                .thenAccept(RestAnswer::json);
    }

    CompletableFuture<JsonNode> post(ChatwootConnection to, String path, Object body) {
        return rest.send(call(to, "POST", path, body)).thenApply(RestAnswer::json);
    }

    CompletableFuture<JsonNode> patch(ChatwootConnection to, String path, Object body) {
        return rest.send(call(to, "PATCH", path, body)).thenApply(RestAnswer::json);
    }

    private static RestCall call(ChatwootConnection to, String method, String path, Object body) {
        if (to.url() == null) {
            throw wrong("the tenant names no Chatwoot url and the deployment has none (hub.chatwoot.url)");
        }
        RestCall.Builder call = RestCall.builder(
                        SYSTEM, to.tenant(), method, to.url() + "/api/v1/accounts/" + to.accountId() + path)
                .header("api_access_token", to.token());
        if (body != null) {
            call.json(body);
        }
        return call.build();
    }

    /** A value in a query. */
    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** A call that cannot succeed as it is. */
    static RestException wrong(String why) {
        return RestException.of(SYSTEM, RestException.Kind.BAD_CALL, "chatwoot", why);
    }

    /** The positive number in a field of an answer. */
    static long id(JsonNode record, String field, String place) {
        JsonNode value = record.path(field);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 1) {
            throw RestException.of(
                    SYSTEM, RestException.Kind.GARBAGE, place, "the answer has no number in the field " + field);
        }
        return value.longValue();
    }

    /** The text in a field of an answer; null if it is absent, null or empty. */
    static String text(JsonNode record, String field) {
        String text = record.path(field).asText("");
        return record.path(field).isNull() || text.isEmpty() ? null : text;
    }

    /** The fields that a refusal (422) names. */
    static List<String> wrongFields(RestException refusal) {
        List<String> fields = new ArrayList<>();
        try {
            JsonNode body = refusal.answer().orElseThrow().json();
            body.path("attributes").forEach(field -> fields.add(field.asText()));
            if (fields.isEmpty()) {
                // Some versions say it in words only.
                String said =
                        (body.path("message").asText("") + body.path("error").asText("")).toLowerCase(Locale.ROOT);
                if (said.contains("phone")) {
                    fields.add("phone_number");
                }
                if (said.contains("email")) {
                    fields.add("email");
                }
                if (said.contains("identifier")) {
                    fields.add("identifier");
                }
            }
        } catch (RestException e) {
            // A refusal without words names nothing.
            fields.clear();
        }
        return fields;
    }
}
