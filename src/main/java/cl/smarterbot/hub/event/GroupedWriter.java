package cl.smarterbot.hub.event;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread, one connection, one statement for whatever is waiting. There is no linger: under load groups grow because events
 * arrive during the commit before, and an idle hub commits at once. Every caller waits for the commit of its group.
 */
final class GroupedWriter implements EventLog, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(GroupedWriter.class);
    private static final int COLLISIONS_BORNE = 3;
    private static final long IDLE_CHECK_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final String APPEND = "select ord, event_id, outcome from hub.append("
            + "?, ?, ?, ?, ?, ?, ?, ?::timestamptz[], ?, ?, ?, ?, ?, ?, ?, ?::interval)";

    private record Waiting(NewEvent event, CompletableFuture<Appended> done, long since) {}

    private final DataSource dataSource;
    private final EventProperties properties;
    private final BlockingQueue<Waiting> queue;
    private final Thread thread = new Thread(this::run, "hub-event-writer");
    private final ExecutorService completions = Executors.newSingleThreadExecutor(r -> {
        Thread t = new Thread(r, "hub-event-completer");
        t.setDaemon(true);
        return t;
    });
    private final DeliveryMetrics metrics;
    private final DoorFirst doorFirst;
    private final BooleanSupplier declared;
    private final DistributionSummary groupSize;
    private final Timer wait;
    private volatile boolean running;
    private volatile boolean down = true;
    private volatile int inHand;
    private Connection connection;
    private PreparedStatement append;

    /** @param declared the log opens once this is true: an event taken earlier would miss a subscription */
    GroupedWriter(
            DataSource dataSource,
            EventProperties properties,
            DeliveryMetrics metrics,
            DoorFirst doorFirst,
            MeterRegistry meters,
            BooleanSupplier declared) {
        this.declared = declared;
        this.metrics = metrics;
        this.doorFirst = doorFirst;
        this.dataSource = dataSource;
        this.properties = properties;
        this.queue = new ArrayBlockingQueue<>(properties.queue());
        this.groupSize = DistributionSummary.builder("hub.event.append.group")
                .description("Events in one commit")
                .register(meters);
        this.wait = Timer.builder("hub.event.append")
                .description("From the call to the commit")
                .register(meters);
        Gauge.builder("hub.event.append.queue", queue, BlockingQueue::size)
                .description("Events that wait for the writer")
                .register(meters);
        Gauge.builder("hub.event.log.available", this, w -> w.available() ? 1 : 0)
                .description("1 if the log takes events")
                .register(meters);
        doorFirst.waiting(() -> queue.size() + inHand);
        thread.setDaemon(true);
    }

    void start() {
        running = true;
        thread.start();
    }

    @Override
    public boolean available() {
        return running && !down;
    }

    @Override
    public CompletableFuture<Appended> append(NewEvent event) {
        CompletableFuture<Appended> done = new CompletableFuture<>();
        if (!available()) {
            done.completeExceptionally(new EventLogUnavailableException("The event log is away", null));
        } else if (!queue.offer(new Waiting(event, done, System.nanoTime()))) {
            done.completeExceptionally(new EventLogUnavailableException("The event log is busy", null));
        } else if (!running) {
            // The writer may have left between the check and the offer.
            failQueued();
        }
        return done;
    }

    private void run() {
        List<Waiting> group = new ArrayList<>(properties.groupRows());
        long used = System.nanoTime();
        while (running) {
            try {
                group.clear();
                inHand = 0;
                if (down) {
                    failQueued();
                    if (!declared.getAsBoolean() || !connect()) {
                        pause();
                        continue;
                    }
                    down = false;
                    used = System.nanoTime();
                }
                Waiting first = queue.poll(500, TimeUnit.MILLISECONDS);
                if (first == null) {
                    if (System.nanoTime() - used > IDLE_CHECK_NANOS) {
                        // A hub without traffic must know, too, that its log is gone.
                        down = !connection.isValid(2);
                        used = System.nanoTime();
                    }
                    continue;
                }
                used = System.nanoTime();
                group.add(first);
                drain(group, first.event().body().length);
                inHand = group.size();
                write(group);
            } catch (InterruptedException e) {
                break;
            } catch (SQLException e) {
                down = true;
            } catch (Exception | Error e) {
                // Whatever it is, this thread goes on: without it every caller would wait for ever.
                log.error("The event writer met an unexpected failure and goes on", e);
                fail(group, new EventLogUnavailableException("The event log failed", e));
                down = true;
            }
        }
        running = false;
        failQueued();
        disconnect();
    }

    private void drain(List<Waiting> group, int bytes) {
        int size = bytes;
        while (group.size() < properties.groupRows() && size < properties.groupBytes()) {
            Waiting next = queue.poll();
            if (next == null) {
                return;
            }
            size += next.event().body().length;
            group.add(next);
        }
    }

    private void write(List<Waiting> group) {
        try {
            Appended[] results = executeThroughCollisions(group);
            groupSize.record(group.size());
            List<Waiting> answered = List.copyOf(group);
            // What the callers do next must not hold up the next commit.
            completions.execute(() -> complete(answered, results));
        } catch (SQLException e) {
            if (SqlStates.isDataProblem(e)) {
                isolate(group, e);
            } else {
                log.warn(
                        "The event log is away: {} {}",
                        e.getSQLState(),
                        e.getClass().getSimpleName());
                down = true;
                disconnect();
                fail(group, new EventLogUnavailableException("The event log is away", e));
            }
        }
    }

    private void complete(List<Waiting> group, Appended[] results) {
        long now = System.nanoTime();
        for (int i = 0; i < results.length; i++) {
            Waiting w = group.get(i);
            wait.record(now - w.since(), TimeUnit.NANOSECONDS);
            doorFirst.committed(now - w.since());
            metrics.appended(w.event().type(), w.event().tenant(), results[i].outcome());
            w.done().complete(results[i]);
        }
    }

    /** One bad event must not fail its neighbours: halve until it stands alone. */
    private void isolate(List<Waiting> group, SQLException e) {
        if (group.size() == 1) {
            NewEvent event = group.get(0).event();
            log.warn(
                    "Event {} of type {} refused by the database: SQLSTATE {}",
                    event.id(),
                    event.type(),
                    e.getSQLState());
            group.get(0)
                    .done()
                    .completeExceptionally(
                            new EventRejectedException("The database refused the event (" + e.getSQLState() + ")"));
            return;
        }
        int half = group.size() / 2;
        write(new ArrayList<>(group.subList(0, half)));
        if (down) {
            fail(group.subList(half, group.size()), new EventLogUnavailableException("The event log is away", e));
        } else {
            write(new ArrayList<>(group.subList(half, group.size())));
        }
    }

    /** A deadlock or a lost race rolled everything back: the same group may go again at once. */
    private Appended[] executeThroughCollisions(List<Waiting> group) throws SQLException {
        for (int attempt = 1; ; attempt++) {
            try {
                return execute(group);
            } catch (SQLException e) {
                if (!SqlStates.isCollision(e) || attempt == COLLISIONS_BORNE) {
                    throw e;
                }
            }
        }
    }

    private Appended[] execute(List<Waiting> group) throws SQLException {
        EventColumns columns = new EventColumns(group.size());
        for (Waiting w : group) {
            columns.add(w.event());
        }
        List<Array> arrays = new ArrayList<>();
        try {
            int at = columns.bind(connection, append, 1, arrays, true);
            append.setString(at, properties.dedupTtl().toSeconds() + " seconds");
            Appended[] results = new Appended[group.size()];
            try (ResultSet rows = append.executeQuery()) {
                while (rows.next()) {
                    results[rows.getInt(1) - 1] = new Appended(
                            rows.getObject(2, UUID.class),
                            Appended.Outcome.valueOf(rows.getString(3).toUpperCase(Locale.ROOT)));
                }
            }
            for (int i = 0; i < results.length; i++) {
                if (results[i] == null) {
                    results[i] = new Appended(group.get(i).event().id(), Appended.Outcome.ACCEPTED);
                }
            }
            return results;
        } finally {
            for (Array array : arrays) {
                array.free();
            }
        }
    }

    private boolean connect() {
        disconnect();
        try {
            connection = dataSource.getConnection();
            append = connection.prepareStatement(APPEND);
            append.setQueryTimeout((int) Duration.ofSeconds(10).toSeconds());
            return connection.isValid(1);
        } catch (SQLException e) {
            log.debug("Event log not reachable: {}", e.getSQLState());
            disconnect();
            return false;
        }
    }

    private void disconnect() {
        try (Connection c = connection;
                PreparedStatement s = append) {
            // Closed by the try.
        } catch (SQLException e) {
            log.debug("Connection was already gone: {}", e.getSQLState());
        } finally {
            connection = null;
            append = null;
        }
    }

    private void pause() throws InterruptedException {
        // Parked on the queue's monitor rather than asleep, so that close() ends it at once.
        synchronized (queue) {
            if (running) {
                queue.wait(250);
            }
        }
    }

    private void failQueued() {
        List<Waiting> left = new ArrayList<>();
        queue.drainTo(left);
        fail(left, new EventLogUnavailableException("The event log is away", null));
    }

    private static void fail(List<Waiting> group, RuntimeException reason) {
        for (Waiting w : group) {
            w.done().completeExceptionally(reason);
        }
    }

    /** Finishes the group in hand; what still waits is refused. */
    @Override
    public void close() {
        running = false;
        synchronized (queue) {
            queue.notifyAll();
        }
        try {
            thread.join(15_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        failQueued();
        completions.shutdown();
    }
}
