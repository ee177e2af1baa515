package cl.smarterbot.hub.door;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;

/**
 * What the HTTP decoder lets pass although a proxy in front may read it in another way: where the request goes, and where it
 * ends. Stricter than RFC 9112 demands, because no browser or client library sends any of it to an origin server.
 */
final class Framing {

    private Framing() {}

    /** Whether the request can be read in one way only: a plain path, one host, one statement of its length. */
    static boolean isSound(HttpServerRequest request) {
        String target = request.uri();
        if (target == null || target.isEmpty() || target.charAt(0) != '/') {
            return false;
        }
        MultiMap headers = request.headers();
        boolean current = request.version() == HttpVersion.HTTP_1_1;
        int hosts = headers.getAll("Host").size();
        if (hosts > 1 || hosts == 0 && current || headers.contains("")) {
            return false;
        }
        String encoding = headers.get("Transfer-Encoding");
        return encoding == null
                || current
                        && encoding.equalsIgnoreCase("chunked")
                        && headers.getAll("Transfer-Encoding").size() == 1
                        && !headers.contains("Content-Length");
    }
}
