package cl.smarterbot.hub;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.door.DoorServer;
import cl.smarterbot.hub.event.EventRuntime;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationStartedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;

/**
 * The order of start and stop: the public port opens last and closes first; routes end before the log does; the database goes
 * last, when the context destroys its beans.
 */
final class HubLifecycle implements SmartLifecycle, ApplicationListener<ApplicationStartedEvent> {

    private static final Logger log = LoggerFactory.getLogger(HubLifecycle.class);

    private final HubDatabase database;
    private final EventRuntime runtime;
    private final TenantRegistry registry;
    private final DoorServer door;
    private final Runnable seed;
    private final ScheduledExecutorService refresher = Executors.newSingleThreadScheduledExecutor(r -> {
        Thread t = new Thread(r, "hub-registry");
        t.setDaemon(true);
        return t;
    });
    private volatile boolean running;

    HubLifecycle(HubDatabase database, EventRuntime runtime, TenantRegistry registry, DoorServer door, Runnable seed) {
        this.database = database;
        this.runtime = runtime;
        this.registry = registry;
        this.door = door;
        this.seed = seed;
    }

    @Override
    public void start() {
        runtime.onNotify("hub_registry", () -> refresher.execute(this::refresh));
        database.whenReady(() -> {
            seed.run();
            refresh();
        });
        database.start();
        refresher.scheduleWithFixedDelay(this::refresh, 30, 30, TimeUnit.SECONDS);
        running = true;
    }

    /**
     * Camel starts its routes when the context is refreshed, after every SmartLifecycle. Only now are all doors and subscriptions
     * there: a port that opened earlier would answer 404, and an event that came earlier would have no deliveries.
     */
    @Override
    public void onApplicationEvent(ApplicationStartedEvent started) {
        database.whenReady(runtime::start);
        door.start();
    }

    private void refresh() {
        if (!database.ready() && !registry.loaded()) {
            // The first load comes with readiness.
            tryRefresh();
            return;
        }
        tryRefresh();
        try {
            registry.flushUsage();
        } catch (RuntimeException e) {
            log.debug("Usage of API keys not written: {}", e.getClass().getSimpleName());
        }
    }

    private void tryRefresh() {
        try {
            registry.refresh();
        } catch (RuntimeException e) {
            log.warn(
                    "The tenant registry could not be read; the last copy stays in use ({})",
                    e.getClass().getSimpleName());
        }
    }

    @Override
    public void stop() {
        running = false;
        refresher.shutdownNow();
        runtime.quiesce();
        door.drain();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Before Camel's routes at the stop. */
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE - 10;
    }
}
