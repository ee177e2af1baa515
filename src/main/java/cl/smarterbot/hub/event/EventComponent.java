package cl.smarterbot.hub.event;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/**
 * {@code event:type} as a producer appends to the durable log; as a consumer with a {@code subscription} it is a durable
 * subscription: at least once, in order per key, retried with backoff and jitter, then dead.
 */
public class EventComponent extends DefaultComponent {

    private final EventRuntime runtime;
    private final TenantBinding tenants;
    private final FailureClassifier failures;

    public EventComponent(EventRuntime runtime, TenantBinding tenants, FailureClassifier failures) {
        this.runtime = runtime;
        this.tenants = tenants;
        this.failures = failures;
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        EventEndpoint endpoint = new EventEndpoint(uri, this, remaining);
        setProperties(endpoint, parameters);
        return endpoint;
    }

    EventRuntime runtime() {
        return runtime;
    }

    TenantBinding tenants() {
        return tenants;
    }

    FailureClassifier failures() {
        return failures;
    }
}
