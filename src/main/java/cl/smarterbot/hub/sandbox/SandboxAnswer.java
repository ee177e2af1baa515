package cl.smarterbot.hub.sandbox;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** One HTTP answer. */
record SandboxAnswer(int status, Map<String, String> headers, byte[] body) {

    static SandboxAnswer of(int status, String contentType, byte[] body) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Type", contentType);
        return new SandboxAnswer(status, headers, body);
    }

    static SandboxAnswer of(int status, String contentType, String body) {
        return of(status, contentType, body.getBytes(StandardCharsets.UTF_8));
    }

    static SandboxAnswer html(int status, String body) {
        return of(status, "text/html; charset=utf-8", body);
    }

    static SandboxAnswer json(int status, Object body) {
        return of(status, "application/json; charset=utf-8", SandboxJson.write(body));
    }

    /** The connection may serve further requests; without this it closes after the answer. */
    SandboxAnswer keepAlive() {
        return with("Connection", "keep-alive");
    }

    SandboxAnswer with(String name, String value) {
        headers.put(name, value);
        return this;
    }
}
