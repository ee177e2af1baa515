package cl.smarterbot.hub.door;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.camel.Processor;
import org.apache.camel.Suspendable;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.support.DefaultConsumer;

/** A route behind a public path. While its route is suspended, callers get 503. */
final class DoorConsumer extends DefaultConsumer implements PlatformHttpConsumer, Suspendable {

    private final DoorServer server;
    private final Set<String> methods;
    private final Set<String> consumes;

    DoorConsumer(DoorServer server, DoorEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
        this.server = server;
        this.methods = split(endpoint.getHttpMethodRestrict() == null ? "POST" : endpoint.getHttpMethodRestrict());
        this.consumes = endpoint.getConsumes() == null
                ? Set.of()
                : split(endpoint.getConsumes().toLowerCase(Locale.ROOT));
    }

    private static Set<String> split(String list) {
        return Set.of(list.trim().split("\\s*,\\s*"));
    }

    Set<String> methods() {
        return methods;
    }

    /**
     * The parameters that become headers of the exchange.
     *
     * @param query raw query of the request; null for none
     * @param path values of the path parameters
     * @throws ProblemException if the query is not what the door declares
     */
    Map<String, String> parameters(String query, Map<String, String> path) {
        List<String> declared = getEndpoint().queryNames();
        if (declared.isEmpty()) {
            return path;
        }
        Map<String, String> all = DoorQuery.read(query, declared);
        all.putAll(path);
        return all;
    }

    boolean takesBody() {
        return !consumes.isEmpty();
    }

    boolean consumes(String contentType) {
        if (contentType == null) {
            return false;
        }
        int semicolon = contentType.indexOf(';');
        String media = semicolon < 0 ? contentType : contentType.substring(0, semicolon);
        return consumes.contains(media.trim().toLowerCase(Locale.ROOT));
    }

    @Override
    public DoorEndpoint getEndpoint() {
        return (DoorEndpoint) (PlatformHttpEndpoint) super.getEndpoint();
    }

    @Override
    protected void doStart() throws Exception {
        DoorEndpoint door = getEndpoint();
        if (door.getCredential() == Credential.WEBHOOK
                && (door.getSource() == null
                        || door.getSignature() == null
                        || !door.getPath().endsWith("/{endpoint}")
                        || !takesBody())) {
            throw new IllegalArgumentException("door:" + door.getPath()
                    + ": credential=WEBHOOK needs source, signature, consumes and a path that ends with {endpoint}");
        }
        super.doStart();
        server.open(this);
    }

    @Override
    protected void doStop() throws Exception {
        server.close(this);
        super.doStop();
    }
}
