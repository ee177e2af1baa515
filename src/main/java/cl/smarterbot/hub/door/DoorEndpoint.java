package cl.smarterbot.hub.door;

import java.util.List;
import org.apache.camel.component.platform.http.PlatformHttpComponent;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.springframework.util.unit.DataSize;

/** One public path. */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "door",
        extendsScheme = "platform-http",
        title = "Door",
        syntax = "door:path",
        consumerOnly = true)
public class DoorEndpoint extends PlatformHttpEndpoint {

    @UriParam(defaultValue = "KEY_OR_ORIGIN", description = "How the door learns which tenant is calling")
    private Credential credential = Credential.KEY_OR_ORIGIN;

    @UriParam(defaultValue = "64KB", description = "Largest body; more is refused with 413")
    private String maxBody = "64KB";

    private int maxBodyBytes = 64 * 1024;

    @UriParam(defaultValue = "contacts:write", description = "Scope that an API key must have")
    private String scope = "contacts:write";

    @UriParam(
            description =
                    "Query parameters that become headers, comma separated; any other is refused with 422. Without this option"
                            + " a query is ignored")
    private String query;

    @UriParam(
            defaultValue = "false",
            description =
                    "Whether the route waits for other systems: it then runs on a bounded set of threads that tenants share"
                            + " fairly, and gets 503 when too many wait")
    private boolean blocking;

    @UriParam(description = "Vendor whose registered endpoints may call; with credential=WEBHOOK")
    private String source;

    @UriParam(description = "How that vendor signs; with credential=WEBHOOK")
    private Signatures signature;

    public DoorEndpoint(String uri, String remaining, PlatformHttpComponent component) {
        super(uri, remaining, component);
    }

    public Credential getCredential() {
        return credential;
    }

    public void setCredential(Credential credential) {
        this.credential = credential;
    }

    public String getMaxBody() {
        return maxBody;
    }

    public void setMaxBody(String maxBody) {
        this.maxBodyBytes = Math.toIntExact(DataSize.parse(maxBody).toBytes());
        this.maxBody = maxBody;
    }

    public String getScope() {
        return scope;
    }

    public void setScope(String scope) {
        this.scope = scope;
    }

    public String getQuery() {
        return query;
    }

    public void setQuery(String query) {
        this.query = query;
    }

    public boolean isBlocking() {
        return blocking;
    }

    public void setBlocking(boolean blocking) {
        this.blocking = blocking;
    }

    /** The declared query parameters; empty if the door declares none. */
    List<String> queryNames() {
        return query == null ? List.of() : List.of(query.trim().split("\\s*,\\s*"));
    }

    public String getSource() {
        return source;
    }

    public void setSource(String source) {
        this.source = source;
    }

    public Signatures getSignature() {
        return signature;
    }

    public void setSignature(Signatures signature) {
        this.signature = signature;
    }

    int maxBodyBytes() {
        return maxBodyBytes;
    }
}
