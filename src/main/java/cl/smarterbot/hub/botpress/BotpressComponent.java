package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestClient;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.CamelContextHelper;
import org.apache.camel.support.DefaultComponent;

/**
 * Talks to Botpress v12 and Botpress Cloud. The endpoint is {@code botpress:intent}. Failures are {@link
 * cl.smarterbot.hub.rest.RestException}s.
 */
@Component("botpress")
public class BotpressComponent extends DefaultComponent {
    @Metadata
    private RestClient restClient;

    @Metadata
    private BotpressConnections connections;

    @Metadata
    private BotpressReplies replies;

    private volatile BotpressClient client;

    /** Made by Camel when a route names the scheme. */
    public BotpressComponent() {}

    /** Made by hand, for registration under a name of one's own. */
    public BotpressComponent(CamelContext context) {
        super(context);
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        if (!"intent".equals(remaining)) {
            throw new IllegalArgumentException("the only operation of botpress: is botpress:intent");
        }
        BotpressEndpoint endpoint = new BotpressEndpoint(uri, this, remaining);
        setProperties(endpoint, parameters);
        endpoint.validate();
        return endpoint;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        if (isAutowiredEnabled()) {
            restClient = restClient != null ? restClient : single(RestClient.class);
            connections = connections != null ? connections : single(BotpressConnections.class);
            replies = replies != null ? replies : single(BotpressReplies.class);
        }
    }

    private <T> T single(Class<T> type) {
        return CamelContextHelper.findSingleByType(getCamelContext(), type);
    }

    /** What the endpoints share. */
    BotpressClient client() {
        BotpressClient known = client;
        if (known != null) {
            return known;
        }
        synchronized (this) {
            if (client == null) {
                if (restClient == null) {
                    throw new IllegalStateException("botpress: no RestClient is registered");
                }
                client = new BotpressClient(restClient, replies == null ? new BotpressReplies() : replies);
            }
            return client;
        }
    }

    /** What sends the calls; found in the registry when it holds exactly one. */
    public RestClient getRestClient() {
        return restClient;
    }

    public void setRestClient(RestClient restClient) {
        this.restClient = restClient;
    }

    /** Chooses the bot per exchange; found in the registry when it holds exactly one. */
    public BotpressConnections getConnections() {
        return connections;
    }

    public void setConnections(BotpressConnections connections) {
        this.connections = connections;
    }

    /** Where a webhook door reports replies of cloud bots; found in the registry when it holds exactly one, may be null. */
    public BotpressReplies getReplies() {
        return replies;
    }

    public void setReplies(BotpressReplies replies) {
        this.replies = replies;
    }
}
