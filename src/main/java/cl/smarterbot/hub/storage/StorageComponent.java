package cl.smarterbot.hub.storage;

import cl.smarterbot.hub.rest.RestClient;
import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/**
 * Files into Supabase Storage. {@code storage:copy} takes a file from one of the tenant's own systems. Failures are {@link
 * cl.smarterbot.hub.rest.RestException}s; a file that may not be stored is no failure.
 */
public final class StorageComponent extends DefaultComponent {

    private final StorageConnections connections;
    private final FileSource source;
    private final ObjectStore store;

    public StorageComponent(RestClient rest, StorageConnections connections, StorageLimits limits) {
        this.connections = connections;
        source = new FileSource(rest, limits);
        store = new ObjectStore(rest, limits);
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        if (!remaining.equals("copy")) {
            throw new IllegalArgumentException("storage:" + remaining + " is not storage:copy");
        }
        StorageEndpoint endpoint = new StorageEndpoint(uri, this, remaining);
        setProperties(endpoint, parameters);
        return endpoint;
    }

    StorageConnections connections() {
        return connections;
    }

    FileSource source() {
        return source;
    }

    ObjectStore store() {
        return store;
    }
}
