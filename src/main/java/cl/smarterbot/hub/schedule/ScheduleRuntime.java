package cl.smarterbot.hub.schedule;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks again and again what is due, and fires it. Every node does: the database sees to it that each firing is one. Holds no state
 * that matters; a node that dies at any moment leaves each firing either done or to the others.
 */
public final class ScheduleRuntime {

    private static final Logger log = LoggerFactory.getLogger(ScheduleRuntime.class);
    private static final int STOP_SECONDS = 10;

    private final ScheduleStore store;
    private final BooleanSupplier open;
    private final Supplier<? extends Map<String, ?>> tenants;
    private final ScheduleProperties properties;
    private final MeterRegistry meters;
    private final Map<String, Schedule> schedules = new ConcurrentHashMap<>();
    private final Semaphore wake = new Semaphore(0);
    private Thread thread;
    private volatile boolean running;
    private boolean away;

    // Of the polling thread alone.
    private final Set<Schedule> declared = new HashSet<>();
    private Map<String, ?> enrolledFor;

    /**
     * @param engine connections of role {@code hub_engine}
     * @param open whether the log takes events and knows the subscriptions of this node; nothing fires before
     * @param tenants the registry's copy by RUT, a new instance each time it was read again; a tenant that is not in it does not
     *     fire, and while it is empty nobody does
     */
    public ScheduleRuntime(
            DataSource engine,
            BooleanSupplier open,
            Supplier<? extends Map<String, ?>> tenants,
            ScheduleProperties properties,
            MeterRegistry meters) {
        this.store = new ScheduleStore(engine);
        this.open = open;
        this.tenants = tenants;
        this.properties = properties;
        this.meters = meters;
    }

    /** @throws IllegalStateException if a route has a schedule of that name already */
    void add(Schedule schedule) {
        if (schedules.putIfAbsent(schedule.name(), schedule) != null) {
            throw new IllegalStateException(
                    "Two routes declare the schedule '" + schedule.name() + "'; names are unique");
        }
        wake.release();
    }

    void remove(Schedule schedule) {
        schedules.remove(schedule.name(), schedule);
    }

    synchronized void start() {
        if (thread == null) {
            running = true;
            thread = new Thread(this::loop, "hub-schedule");
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** What is being fired is fired; then nothing more is. */
    synchronized void stop() {
        if (thread == null) {
            return;
        }
        running = false;
        wake.release();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(STOP_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        thread = null;
    }

    private void loop() {
        while (running) {
            try {
                // A full batch means that there is more.
                if (!round()) {
                    wake.tryAcquire(properties.pollInterval().toMillis(), TimeUnit.MILLISECONDS);
                    wake.drainPermits();
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** True if there is more to fire at once. */
    private boolean round() {
        boolean more = false;
        try {
            Map<String, ?> known = tenants.get();
            if (schedules.isEmpty() || known.isEmpty() || !open.getAsBoolean()) {
                return false;
            }
            declare(known);
            List<String> names = declared.stream().map(Schedule::name).toList();
            Map<String, List<ScheduleStore.Due>> due = store.due(names, properties.batch()).stream()
                    .collect(Collectors.groupingBy(ScheduleStore.Due::name));
            for (List<ScheduleStore.Due> entries : due.values()) {
                more |= fire(entries, known);
            }
            away = false;
        } catch (SQLException e) {
            if (!away) {
                log.warn("Schedules wait: the database refuses ({})", e.getSQLState());
            }
            away = true;
        } catch (RuntimeException | Error e) {
            log.error("The scheduler met an unexpected failure and goes on", e);
        }
        return more;
    }

    /** Fires one schedule, whose trouble is not the others'. */
    private boolean fire(List<ScheduleStore.Due> entries, Map<String, ?> known) throws SQLException {
        try {
            store.fire(
                            entries,
                            entry -> known.containsKey(entry.tenant())
                                    ? Plan.of(entry)
                                    : Plan.of(entry).withoutFiring())
                    .forEach(this::count);
            return entries.size() >= properties.batch();
        } catch (RuntimeException e) {
            log.error("Schedule {} could not be reckoned", entries.get(0).name(), e);
            return false;
        }
    }

    private void declare(Map<String, ?> known) throws SQLException {
        List<Schedule> fresh =
                schedules.values().stream().filter(s -> !declared.contains(s)).toList();
        if (!fresh.isEmpty()) {
            store.declare(fresh);
        }
        declared.retainAll(schedules.values());
        declared.addAll(fresh);
        if (!fresh.isEmpty() || known != enrolledFor) {
            List<String> names = declared.stream().map(Schedule::name).toList();
            Set<String> kept = store.enrol(names);
            // One that is gone, with a database that was put back for example, is declared again.
            declared.removeIf(s -> !kept.contains(s.name()));
            enrolledFor = known;
        }
    }

    private void count(String end, int n) {
        Counter.builder("hub.schedule.firings")
                .description("Entries of schedules that came due on this node, by what became of them")
                .tag("outcome", end)
                .register(meters)
                .increment(n);
    }
}
