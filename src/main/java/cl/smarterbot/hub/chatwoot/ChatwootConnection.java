package cl.smarterbot.hub.chatwoot;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * One tenant's place in a Chatwoot.
 *
 * @param tenant canonical RUT
 * @param url base URL without a slash at the end; null if none is known
 * @param accountId its account
 * @param inboxId the inbox that web contacts go to
 * @param token access token of a user of that account; never shown by {@link #toString()}
 */
public record ChatwootConnection(String tenant, String url, int accountId, int inboxId, String token) {

    private static final Pattern SLASHES = Pattern.compile("/+$");

    public ChatwootConnection {
        Objects.requireNonNull(tenant, "tenant");
        Objects.requireNonNull(token, "token");
        url = url == null || url.isBlank() ? null : SLASHES.matcher(url.strip()).replaceAll("");
    }

    /** Tells accounts apart in caches, also of two servers. */
    String account() {
        return tenant + "|" + url + "|" + accountId;
    }

    @Override
    public String toString() {
        return "ChatwootConnection[tenant=" + tenant + ", url=" + url + ", accountId=" + accountId + ", inboxId="
                + inboxId + ", token=***]";
    }
}
