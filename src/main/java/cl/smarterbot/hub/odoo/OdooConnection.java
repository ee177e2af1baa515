package cl.smarterbot.hub.odoo;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Where and as whom to talk to Odoo.
 *
 * @param url base address, {@code http} or {@code https}, without user info, query or fragment
 * @param db database name; may be null for JSON-2 when the host name decides it
 * @param user login; may be null for JSON-2
 * @param secret password or API key; never shown by {@link #toString()}
 * @param companyId the only company that calls may see, or null for the one that the user belongs to
 * @param externalIdPrefix module part of the external ids of this connection's upserts, unique per tenant: lower-case
 *     letters, digits and underscore, starting with a letter; null when nothing is upserted
 * @param transport null is {@link OdooTransport#AUTO}
 */
public record OdooConnection(
        String url,
        String db,
        String user,
        String secret,
        Long companyId,
        String externalIdPrefix,
        OdooTransport transport) {

    private static final Pattern PREFIX = Pattern.compile("[a-z][a-z0-9_]{0,62}");

    /**
     * Checks and normalises the parts.
     *
     * @throws OdooException of kind {@link OdooException.Kind#BAD_REQUEST} naming the part that is wrong
     */
    public OdooConnection {
        url = normalise(url);
        if (secret == null || secret.isEmpty()) {
            throw OdooException.badRequest("the connection has no secret (password or API key)");
        }
        if (companyId != null && companyId <= 0) {
            throw OdooException.badRequest("companyId must be positive");
        }
        transport = transport == null ? OdooTransport.AUTO : transport;
        externalIdPrefix = externalIdPrefix == null || externalIdPrefix.isBlank() ? null : externalIdPrefix.trim();
        if (externalIdPrefix != null && !PREFIX.matcher(externalIdPrefix).matches()) {
            throw OdooException.badRequest(
                    "externalIdPrefix must be lower-case letters, digits and underscore, starting with a letter");
        }
    }

    private static String normalise(String url) {
        if (url == null || url.isBlank()) {
            throw OdooException.badRequest("the connection has no url");
        }
        URI uri;
        try {
            uri = new URI(url.trim());
        } catch (URISyntaxException e) {
            throw OdooException.badRequest("the connection's url is not valid");
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (!(scheme.equals("http") || scheme.equals("https")) || uri.getHost() == null) {
            throw OdooException.badRequest("the connection's url must be http://host or https://host");
        }
        if (uri.getUserInfo() != null || uri.getQuery() != null || uri.getFragment() != null) {
            throw OdooException.badRequest("the connection's url must have no user info, query or fragment");
        }
        String path = uri.getPath() == null ? "" : uri.getPath().replaceAll("/+$", "");
        String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
        return scheme + "://" + uri.getHost().toLowerCase(Locale.ROOT) + port + path;
    }

    /** The server part of the url (scheme, host and port), which connections to one server share. */
    String server() {
        URI uri = URI.create(url);
        return uri.getScheme() + "://" + uri.getAuthority();
    }

    /**
     * Identifies the login and the work queue: everything that changes what a call does. It holds a digest of the secret, so a
     * changed secret never meets an old login, and company and prefix, so that tenants who share a user do not wait for each
     * other.
     */
    String workKey() {
        return url + "|" + db + "|" + user + "|" + companyId + "|" + externalIdPrefix + "|" + transport + "|"
                + digest(secret);
    }

    /** Identifies the health of the far end as one tenant sees it; tenants may share server, database and company. */
    String healthKey() {
        return url + "|" + db + "|" + companyId + "|" + externalIdPrefix;
    }

    private static String digest(String secret) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return "OdooConnection[url=" + url + ", db=" + db + ", user=" + user + ", secret=***, companyId=" + companyId
                + ", externalIdPrefix=" + externalIdPrefix + ", transport=" + transport + "]";
    }
}
