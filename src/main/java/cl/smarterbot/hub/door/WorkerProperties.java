package cl.smarterbot.hub.door;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Threads for doors whose routes wait for other systems ({@code blocking: true}).
 *
 * @param threads how many; fewer than the tenants' connection pool has connections, so that a worker does not wait for one
 * @param mostWaiting requests that may wait for a thread; more get 503. A tenant may have three quarters of both
 */
@ConfigurationProperties("hub.door.workers")
public record WorkerProperties(
        @DefaultValue("8") int threads, @DefaultValue("256") int mostWaiting) {

    static final WorkerProperties DEFAULT = new WorkerProperties(8, 256);

    public WorkerProperties {
        if (threads < 1 || mostWaiting < 1) {
            throw new IllegalArgumentException("hub.door.workers.threads and most-waiting must be 1 or more");
        }
    }
}
