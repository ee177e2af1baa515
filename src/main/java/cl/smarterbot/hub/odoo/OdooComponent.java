package cl.smarterbot.hub.odoo;

import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.CamelContextHelper;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.util.PropertiesHelper;

/**
 * Talks to Odoo 17 and later (and to older versions by XML-RPC). Endpoints are {@code odoo:model?operation=...}. Failures
 * are {@link OdooException}s.
 */
@Component("odoo")
public class OdooComponent extends DefaultComponent {
    @Metadata
    private OdooConfiguration configuration = new OdooConfiguration();

    @Metadata
    private OdooConnectionResolver connectionResolver;

    private volatile OdooClient client;

    /** Made by Camel when a route names the scheme. */
    public OdooComponent() {}

    /** Made by hand, for registration under a name of one's own. */
    public OdooComponent(CamelContext context) {
        super(context);
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        if (remaining == null || remaining.isBlank()) {
            throw new IllegalArgumentException("an odoo endpoint names its model: odoo:res.partner");
        }
        OdooConfiguration own = configuration.copy();
        OdooEndpoint endpoint = new OdooEndpoint(uri, this, remaining, own);
        endpoint.setValues(PropertiesHelper.extractProperties(parameters, "value."));
        endpoint.setCreateOnly(PropertiesHelper.extractProperties(parameters, "createOnly."));
        setProperties(endpoint, parameters);
        setProperties(getCamelContext(), own, parameters);
        own.validate();
        return endpoint;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        if (connectionResolver == null && isAutowiredEnabled()) {
            connectionResolver = CamelContextHelper.findSingleByType(getCamelContext(), OdooConnectionResolver.class);
        }
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        client();
    }

    @Override
    protected void doStop() throws Exception {
        OdooClient stopped;
        synchronized (this) {
            stopped = client;
            client = null;
        }
        if (stopped != null) {
            stopped.close();
        }
        super.doStop();
    }

    /** What the endpoints share; made anew after a stop and start. */
    synchronized OdooClient client() {
        if (client == null) {
            if (isStoppingOrStopped()) {
                throw Gate.stopping();
            }
            client = new OdooClient();
        }
        return client;
    }

    /** Defaults for all endpoints; never null. */
    public OdooConfiguration getConfiguration() {
        return configuration;
    }

    /** Defaults for all endpoints; never null. */
    public void setConfiguration(OdooConfiguration configuration) {
        this.configuration = configuration;
    }

    /** Chooses the connection per exchange; null when the endpoints' options do. */
    public OdooConnectionResolver getConnectionResolver() {
        return connectionResolver;
    }

    /** Chooses the connection per exchange, whatever the endpoints' options say; found in the registry when it holds exactly one. */
    public void setConnectionResolver(OdooConnectionResolver connectionResolver) {
        this.connectionResolver = connectionResolver;
    }
}
