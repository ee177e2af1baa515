package cl.smarterbot.hub.door;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.component.platform.http.PlatformHttpComponent;

/**
 * {@code door:/path}: the platform-http component on the hub's own engine, with the two things every public entrance must say:
 * who may call and how much it may send.
 */
public class DoorComponent extends PlatformHttpComponent {

    public DoorComponent(DoorServer server) {
        setEngine(server);
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        DoorEndpoint endpoint = new DoorEndpoint(uri, remaining, this);
        endpoint.setPlatformHttpEngine(getEngine());
        setProperties(endpoint, parameters);
        return endpoint;
    }
}
