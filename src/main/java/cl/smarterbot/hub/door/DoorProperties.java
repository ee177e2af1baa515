package cl.smarterbot.hub.door;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The public port.
 *
 * @param address address to bind; all by default, the demo binds loopback
 * @param port TCP port; 0 takes any free one
 * @param requestTimeout from the first byte of a request to its last: slow senders are cut
 * @param idleTimeout how long a connection may stand idle between requests
 * @param answerTimeout longest run of a route before the caller gets 503
 * @param eventLoops threads that serve connections; 0 takes one for each processor
 * @param drainTimeout how long a stopping hub waits for requests in flight
 */
@ConfigurationProperties("hub.door")
public record DoorProperties(
        @DefaultValue("0.0.0.0") String address,
        @DefaultValue("8080") int port,
        @DefaultValue("15s") Duration requestTimeout,
        @DefaultValue("60s") Duration idleTimeout,
        @DefaultValue("30s") Duration answerTimeout,
        @DefaultValue("0") int eventLoops,
        @DefaultValue("10s") Duration drainTimeout) {}
