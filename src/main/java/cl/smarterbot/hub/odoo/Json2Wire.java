package cl.smarterbot.hub.odoo;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** JSON-2 of Odoo 19 and later: one POST a call, the API key as bearer token, arguments by name. */
final class Json2Wire implements Wire {
    private final Exchanger exchanger;
    private final OdooConnection connection;

    Json2Wire(Exchanger exchanger, OdooConnection connection) {
        this.exchanger = exchanger;
        this.connection = connection;
    }

    @Override
    public OdooTransport transport() {
        return OdooTransport.JSON2;
    }

    /** Asks {@code GET /web/version}, which only 19 and later know; completes with null when there is no such page. */
    CompletableFuture<String> version(CallLimits limits) {
        OdooHttp.Request request = OdooHttp.Request.get(
                URI.create(connection.url() + "/web/version"), OdooHttp.headers("User-Agent", "camel-odoo"));
        return exchanger.send(connection, request, limits, answer -> {
            if (answer.status() >= 500 || answer.status() == 429 || answer.status() == 408) {
                throw Failures.ofStatus(answer.status(), answer.retryAfter());
            }
            if (answer.status() != 200 || !answer.json()) {
                return null;
            }
            return json(answer.body()) instanceof Map<?, ?> map && map.get("version") instanceof String version
                    ? version
                    : null;
        });
    }

    /** Whether the server takes the secret as a bearer token (a password is refused with 401). */
    CompletableFuture<Boolean> accepts(CallLimits limits) {
        OdooCall probe = new OdooCall("res.users", "context_get", null, List.of(), Map.of(), Map.of());
        return exchanger.send(connection, request(probe), limits, answer -> {
            if (answer.status() == 401 || answer.status() == 403 || answer.status() == 404) {
                return false;
            }
            decode(answer);
            return true;
        });
    }

    @Override
    public CompletableFuture<Object> execute(OdooCall call, CallLimits limits) {
        return exchanger.send(connection, request(call), limits, Json2Wire::decode);
    }

    @Override
    public CompletableFuture<Long> userId(CallLimits limits) {
        OdooCall who = new OdooCall("res.users", "context_get", null, List.of(), Map.of(), Map.of());
        return execute(who, limits)
                .thenApply(context -> OdooValues.id(
                        OdooValues.map(context, "the user's context").get("uid"), "uid in the user's context"));
    }

    private OdooHttp.Request request(OdooCall call) {
        Map<String, Object> body = new LinkedHashMap<>(call.options());
        for (OdooCall.Argument argument : call.arguments()) {
            if (argument.name() == null) {
                throw OdooException.badRequest(
                        "JSON-2 takes arguments by name only: pass a map instead of a list as the body");
            }
            body.put(argument.name(), argument.value());
        }
        if (call.ids() != null) {
            body.put("ids", call.ids());
        }
        body.put("context", call.context());
        byte[] bytes;
        try {
            bytes = OdooValues.JSON.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw OdooException.badRequest("the arguments cannot be written as JSON");
        }
        Map<String, String> headers = OdooHttp.headers(
                "Content-Type",
                "application/json; charset=utf-8",
                "User-Agent",
                "camel-odoo",
                "Authorization",
                "bearer " + connection.secret());
        if (connection.db() != null && !connection.db().isBlank()) {
            headers.put("X-Odoo-Database", connection.db());
        }
        return OdooHttp.Request.post(
                URI.create(connection.url() + "/json/2/" + call.model() + "/" + call.method()), headers, bytes);
    }

    static Object decode(OdooHttp.Answer answer) {
        if (answer.status() == 200) {
            return json(answer.body());
        }
        if (answer.json()) {
            Object body = null;
            try {
                body = json(answer.body());
            } catch (OdooException e) {
                // The status still says what happened.
            }
            if (body instanceof Map<?, ?> map && map.get("name") instanceof String) {
                throw Failures.ofJson(answer.status(), map, answer.retryAfter());
            }
        }
        throw Failures.ofStatus(answer.status(), answer.retryAfter());
    }

    private static Object json(byte[] body) {
        String text = XmlRpcReader.utf8(body);
        if (text.isBlank()) {
            throw OdooException.passing(Kind.PROTOCOL, "the server sent an empty answer");
        }
        if (XmlRpcReader.looksLikeHtml(text)) {
            throw OdooException.passing(Kind.PROTOCOL, "the server sent a web page instead of JSON");
        }
        try {
            return OdooValues.JSON.readValue(text, Object.class);
        } catch (JsonProcessingException e) {
            if (e.getLocation() != null
                    && e.getLocation().getCharOffset() >= text.stripTrailing().length()) {
                throw OdooException.passing(Kind.PROTOCOL, "the server's JSON answer is cut off");
            }
            // The parser's message may quote the document, so it is not repeated.
            throw OdooException.passing(Kind.PROTOCOL, "the server's answer is not valid JSON");
        }
    }
}
