package cl.smarterbot.hub.odoo;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/** Where and as whom to talk to Odoo. Immutable; what identifies it is worked out when it is made. */
public final class OdooConnection {

    private static final Pattern PREFIX = Pattern.compile("[a-z][a-z0-9_]{0,62}");
    private static final Pattern SLASHES = Pattern.compile("/+$");

    private final String url;
    private final String db;
    private final String user;
    private final String secret;
    private final Long companyId;
    private final String externalIdPrefix;
    private final OdooTransport transport;
    private final String server;
    private final String workKey;
    private final String healthKey;

    /**
     * Checks and normalises the parts.
     *
     * @param url base address, {@code http} or {@code https}, without user info, query or fragment
     * @param db database name; may be null for JSON-2 when the host name decides it
     * @param user login; may be null for JSON-2
     * @param secret password or API key; never shown by {@link #toString()}
     * @param companyId the only company that calls may see, or null for the one that the user belongs to
     * @param externalIdPrefix module part of the external ids of this connection's upserts, unique per tenant: lower-case
     *     letters, digits and underscore, starting with a letter; null when nothing is upserted
     * @param transport null is {@link OdooTransport#AUTO}
     * @throws OdooException of kind {@link OdooException.Kind#BAD_REQUEST} naming the part that is wrong
     */
    public OdooConnection(
            String url,
            String db,
            String user,
            String secret,
            Long companyId,
            String externalIdPrefix,
            OdooTransport transport) {
        this.url = normalise(url);
        if (secret == null || secret.isEmpty()) {
            throw OdooException.badRequest("the connection has no secret (password or API key)");
        }
        if (companyId != null && companyId <= 0) {
            throw OdooException.badRequest("companyId must be positive");
        }
        this.db = db;
        this.user = user;
        this.secret = secret;
        this.companyId = companyId;
        this.transport = transport == null ? OdooTransport.AUTO : transport;
        this.externalIdPrefix = externalIdPrefix == null || externalIdPrefix.isBlank() ? null : externalIdPrefix.trim();
        if (this.externalIdPrefix != null
                && !PREFIX.matcher(this.externalIdPrefix).matches()) {
            throw OdooException.badRequest(
                    "externalIdPrefix must be lower-case letters, digits and underscore, starting with a letter");
        }
        URI parsed = URI.create(this.url);
        server = parsed.getScheme() + "://" + parsed.getAuthority();
        healthKey = this.url + "|" + db + "|" + companyId + "|" + this.externalIdPrefix;
        workKey = this.url + "|" + db + "|" + user + "|" + companyId + "|" + this.externalIdPrefix + "|"
                + this.transport + "|" + digest(secret);
    }

    /** Base address without a slash at its end. */
    public String url() {
        return url;
    }

    /** Database name; may be null for JSON-2. */
    public String db() {
        return db;
    }

    /** Login; may be null for JSON-2. */
    public String user() {
        return user;
    }

    /** Password or API key. */
    public String secret() {
        return secret;
    }

    /** The only company that calls may see; null for the one that the user belongs to. */
    public Long companyId() {
        return companyId;
    }

    /** Module part of the external ids of this connection's upserts; null when nothing is upserted. */
    public String externalIdPrefix() {
        return externalIdPrefix;
    }

    /** Never null. */
    public OdooTransport transport() {
        return transport;
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
        String path = uri.getRawPath() == null
                ? ""
                : SLASHES.matcher(uri.getRawPath()).replaceAll("");
        String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
        return scheme + "://" + uri.getHost().toLowerCase(Locale.ROOT) + port + path;
    }

    /** The server part of the url (scheme, host and port), which connections to one server share. */
    String server() {
        return server;
    }

    /**
     * Identifies the login and the work queue: everything that changes what a call does. It holds a digest of the secret, so a
     * changed secret never meets an old login, and company and prefix, so that tenants who share a user do not wait for each
     * other.
     */
    String workKey() {
        return workKey;
    }

    /** Identifies the health of the far end as one tenant sees it; tenants may share server, database and company. */
    String healthKey() {
        return healthKey;
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
