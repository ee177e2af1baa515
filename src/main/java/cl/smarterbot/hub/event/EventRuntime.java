package cl.smarterbot.hub.event;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.util.UUID;
import java.util.concurrent.Callable;
import javax.sql.DataSource;

/** The running log: writer, claims, outcomes. Made once by the application. */
public final class EventRuntime implements AutoCloseable {

    private final GroupedWriter writer;
    private final SubscriptionEngine engine;
    private final DoorFirst doorFirst;
    private final String node;
    private boolean started;

    /**
     * @param writer pool of role {@code hub_writer}; one connection is enough
     * @param engine pool of role {@code hub_engine}
     * @param listen opens a connection for LISTEN, outside any pool
     */
    public EventRuntime(
            DataSource writer,
            DataSource engine,
            Callable<Connection> listen,
            EventProperties properties,
            MeterRegistry meters) {
        this.node = ProcessHandle.current().pid() + "-"
                + UUID.randomUUID().toString().substring(0, 8);
        DeliveryMetrics metrics = new DeliveryMetrics(meters);
        doorFirst = new DoorFirst(properties.promptCommit());
        Gauge.builder("hub.delivery.share", doorFirst, DoorFirst::share)
                .description(
                        "Of its concurrency, what each subscription may use: below 1, deliveries make room for appends")
                .register(meters);
        this.engine = new SubscriptionEngine(new DeliveryStore(engine, node), properties, metrics, doorFirst, listen);
        this.writer = new GroupedWriter(writer, properties, metrics, doorFirst, meters, this.engine::declared);
    }

    public EventLog log() {
        return writer;
    }

    /** Runs the callback when the database notifies the channel, and at each reconnection. Register before {@link #start()}. */
    public void onNotify(String channel, Runnable callback) {
        engine.onNotify(channel, callback);
    }

    /**
     * Opens the log. To be called when the schema is there and the routes run: it takes events only after the subscriptions of
     * the routes are in the database, or the first events would have no deliveries.
     */
    public synchronized void start() {
        if (!started) {
            started = true;
            engine.start(writer::start);
        }
    }

    SubscriptionEngine engine() {
        return engine;
    }

    DoorFirst doorFirst() {
        return doorFirst;
    }

    /** Name of this process in leases and attempts. */
    public String node() {
        return node;
    }

    /** The stop begins: no delivery starts any more. Appends go on until {@link #close()}. */
    public void quiesce() {
        engine.quiesce();
    }

    /** Deliveries end or are given back, then the writer stops. */
    @Override
    public synchronized void close() {
        if (started) {
            engine.close();
            writer.close();
        }
    }
}
