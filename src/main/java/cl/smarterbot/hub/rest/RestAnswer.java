package cl.smarterbot.hub.rest;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;

/** A complete answer. Its text is another system's: it goes into no log and no message. */
public final class RestAnswer {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final RestCall call;
    private final int status;
    private final Map<String, String> headers;
    private final byte[] body;
    private JsonNode json;

    RestAnswer(RestCall call, int status, Map<String, String> headers, byte[] body) {
        this.call = call;
        this.status = status;
        this.headers = Map.copyOf(headers);
        this.body = body;
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The headers by lower-case name, the first value of each. */
    public Map<String, String> headers() {
        return headers;
    }

    /** The first value of a header, its name in any case; null if there is none. */
    public String header(String name) {
        return headers.get(name.toLowerCase(Locale.ROOT));
    }

    /** The body; empty if there was none. */
    public byte[] body() {
        return body.clone();
    }

    /** The body as UTF-8 text. */
    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    boolean isEmpty() {
        return body.length == 0;
    }

    /**
     * The body as JSON; never null.
     *
     * @throws RestException of kind {@link RestException.Kind#GARBAGE} if it is not JSON
     */
    public synchronized JsonNode json() {
        if (json == null) {
            try {
                json = JSON.readTree(body);
            } catch (IOException e) {
                // The parser's own message quotes the body.
                throw garbage("the answer is not JSON or was cut off");
            }
            if (json == null || json.isMissingNode()) {
                json = null;
                throw garbage("the answer is empty where JSON was expected");
            }
        }
        return json;
    }

    private RestException garbage(String why) {
        return RestException.of(call.system(), RestException.Kind.GARBAGE, call.place(), why);
    }

    @Override
    public String toString() {
        return "RestAnswer[" + status + ", " + body.length + " bytes]";
    }
}
