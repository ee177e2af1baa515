package cl.smarterbot.hub.sandbox;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An error as Chatwoot words it. */
final class ChatwootFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    /** Names of the wrong fields, or null. */
    private final transient List<String> attributes;

    private ChatwootFault(int status, String message, List<String> attributes) {
        super(message, null, false, false);
        this.status = status;
        this.attributes = attributes;
    }

    static ChatwootFault unauthorized(String message) {
        return new ChatwootFault(401, message, null);
    }

    static ChatwootFault notFound() {
        return new ChatwootFault(404, "Resource could not be found", null);
    }

    static ChatwootFault of(int status, String message) {
        return new ChatwootFault(status, message, null);
    }

    /** 422 with {@code message} and {@code attributes}. */
    static ChatwootFault invalid(List<String> messages, List<String> attributes) {
        return new ChatwootFault(422, String.join(", ", messages), attributes);
    }

    SandboxAnswer answer() {
        if (status == 429) {
            return SandboxAnswer.of(429, "text/plain", getMessage());
        }
        Map<String, Object> body = new LinkedHashMap<>();
        if (attributes == null) {
            body.put("error", getMessage());
        } else {
            body.put("message", getMessage());
            body.put("attributes", attributes);
        }
        return SandboxAnswer.json(status, body);
    }
}
