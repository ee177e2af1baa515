package cl.smarterbot.hub.schedule;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/**
 * {@code schedule:name} begins a route that runs for each tenant at its times, once in the cluster. Each firing is an event of the
 * component {@code event}, and the route its durable subscription.
 */
public class ScheduleComponent extends DefaultComponent {

    private final ScheduleRuntime runtime;

    public ScheduleComponent(ScheduleRuntime runtime) {
        this.runtime = runtime;
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        ScheduleEndpoint endpoint = new ScheduleEndpoint(uri, this, remaining);
        setProperties(endpoint, parameters);
        return endpoint;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        runtime.start();
    }

    @Override
    protected void doStop() throws Exception {
        runtime.stop();
        super.doStop();
    }

    ScheduleRuntime runtime() {
        return runtime;
    }
}
