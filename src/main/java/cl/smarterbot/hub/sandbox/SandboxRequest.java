package cl.smarterbot.hub.sandbox;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** One HTTP request; header names are lower-case, the path is decoded and has no query. */
record SandboxRequest(
        String method, String path, Map<String, String> query, Map<String, List<String>> headers, byte[] body) {

    /** First value of a header, or an empty text. */
    String header(String name) {
        List<String> values = headers.get(name);
        return values == null || values.isEmpty() ? "" : values.get(0);
    }

    String text() {
        return new String(body, StandardCharsets.UTF_8);
    }
}
