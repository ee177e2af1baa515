package cl.smarterbot.hub.door;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** Entity tags (RFC 9110, 8.8.3): the caller that has the answer already gets 304 instead of it. */
public final class Etags {

    private Etags() {}

    /** The tag of an answer: equal bytes have equal tags. */
    public static String of(byte[] body) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(body);
            return '"'
                    + Base64.getUrlEncoder()
                            .withoutPadding()
                            .encodeToString(hash)
                            .substring(0, 22)
                    + '"';
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether the request says that it has this very answer. */
    static boolean unchanged(HttpServerRequest request, String etag) {
        if (etag == null || request.method() != HttpMethod.GET && request.method() != HttpMethod.HEAD) {
            return false;
        }
        return known(request.getHeader("If-None-Match"), etag);
    }

    /**
     * Whether the caller has that answer.
     *
     * @param known its header {@code If-None-Match}; null for none
     */
    public static boolean known(String known, String etag) {
        if (known == null) {
            return false;
        }
        for (String tag : known.split(",")) {
            String one = tag.trim();
            // The comparison is the weak one: W/"x" means the same as "x" here.
            if (one.equals("*") || one.equals(etag) || one.equals("W/" + etag)) {
                return true;
            }
        }
        return false;
    }
}
