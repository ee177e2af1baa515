package cl.smarterbot.hub.odoo;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Gathers upserts into few {@code load} calls. A row goes out at once when its lane is idle; while calls are under way, rows
 * wait and leave together in the next call. Rows with one external id never travel at the same time and keep their order.
 *
 * <p>{@code load} is all-or-nothing, and Odoo 18 and 19 may pin the error on an innocent row. A refused batch is therefore
 * halved until only the rows that fail alone are left.
 */
final class UpsertLanes {
    static final int MOST_WAITING = 10_000;
    private static final int PARALLEL = 2;
    private static final int MOST_RETRIES = 3;
    private static final int SHORTEST_PAUSE_MS = 50;

    /** Sends one call. */
    @FunctionalInterface
    interface Sender {
        CompletableFuture<Object> send(OdooConnection connection, OdooCall call, CallLimits limits);
    }

    /** Rows with the same columns for the same place. */
    private record LaneKey(String connection, String model, List<String> columns, Map<String, Object> context) {}

    private record Row(String externalId, List<String> cells, CompletableFuture<Long> done) {}

    private final Sender sender;
    private final Executor executor;
    private final ScheduledExecutorService timer;
    private final Map<LaneKey, Lane> lanes = new HashMap<>();
    /** External ids that some call now writes, over all lanes: the same record may be met with other columns. */
    private final Map<String, Set<String>> busy = new HashMap<>();

    private final Set<CompletableFuture<Void>> pauses = new HashSet<>();
    private boolean closed;

    UpsertLanes(Sender sender, Executor executor, ScheduledExecutorService timer) {
        this.sender = sender;
        this.executor = executor;
        this.timer = timer;
    }

    /** Queues one row; the future holds the database id of its record. */
    CompletableFuture<Long> add(
            OdooConnection connection,
            String model,
            String externalId,
            SortedMap<String, String> cells,
            Map<String, Object> context,
            int batchSize,
            CallLimits limits) {
        Row row = new Row(externalId, List.copyOf(cells.values()), new CompletableFuture<>());
        LaneKey key = new LaneKey(connection.workKey(), model, List.copyOf(cells.keySet()), context);
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(Gate.stopping());
            }
            Lane lane = lanes.computeIfAbsent(key, k -> new Lane(k, connection, limits, batchSize));
            if (lane.waiting.size() >= MOST_WAITING) {
                return CompletableFuture.failedFuture(OdooException.passing(
                        Kind.OVERLOADED, model + ".load: too many upserts are waiting for this server"));
            }
            lane.waiting.add(row);
        }
        pump(connection.workKey(), model);
        return row.done();
    }

    /** Starts whatever may start. All lanes of one model, since they share the busy external ids. */
    private void pump(String connection, String model) {
        List<Runnable> starts = new ArrayList<>();
        synchronized (this) {
            Iterator<Lane> all = lanes.values().iterator();
            while (all.hasNext()) {
                Lane lane = all.next();
                if (!lane.key.model().equals(model) || !lane.key.connection().equals(connection)) {
                    continue;
                }
                while (lane.underWay < PARALLEL && !closed) {
                    List<Row> batch = lane.take();
                    if (batch.isEmpty()) {
                        break;
                    }
                    lane.underWay++;
                    starts.add(() -> start(lane, batch));
                }
                if (lane.underWay == 0 && lane.waiting.isEmpty()) {
                    all.remove();
                }
            }
        }
        starts.forEach(Runnable::run);
    }

    private void start(Lane lane, List<Row> batch) {
        safely(() -> load(lane, batch, 0)).whenComplete((nothing, failure) -> {
            if (failure != null) {
                fail(batch, OdooClient.typed(failure));
            }
            synchronized (this) {
                lane.underWay--;
                Set<String> ids = busy.get(lane.group());
                if (ids != null) {
                    batch.forEach(row -> ids.remove(row.externalId()));
                    if (ids.isEmpty()) {
                        busy.remove(lane.group());
                    }
                }
            }
            // Elsewhere, so that calls that fail at once do not recurse through the whole line.
            executor.execute(() -> pump(lane.key.connection(), lane.key.model()));
        });
    }

    private static CompletableFuture<Void> safely(Supplier<CompletableFuture<Void>> work) {
        try {
            return work.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Completes when every row of the batch has its outcome. */
    private CompletableFuture<Void> load(Lane lane, List<Row> rows, int attempt) {
        return sender.send(lane.connection, lane.call(rows), lane.limits)
                .handle((answer, failure) -> {
                    try {
                        if (failure != null) {
                            return refused(lane, rows, attempt, OdooClient.typed(failure));
                        }
                        Map<String, Object> result = OdooValues.map(answer, "the answer to load");
                        if (Boolean.FALSE.equals(result.get("ids"))) {
                            return refused(lane, rows, attempt, refusal(lane, result));
                        }
                        List<Long> ids = OdooValues.ids(result.get("ids"), "ids in the answer to load");
                        if (ids.size() != rows.size()) {
                            throw OdooException.permanent(
                                    Kind.PROTOCOL, "load answered another number of ids than rows");
                        }
                        for (int i = 0; i < ids.size(); i++) {
                            rows.get(i).done().complete(ids.get(i));
                        }
                    } catch (OdooException e) {
                        fail(rows, e.at(lane.key.model() + ".load", lane.connection.secret()));
                    }
                    return CompletableFuture.<Void>completedFuture(null);
                })
                .thenCompose(outcome -> outcome);
    }

    private CompletableFuture<Void> refused(Lane lane, List<Row> rows, int attempt, OdooException why) {
        if (why.kind() == Kind.CONFLICT) {
            return attempt < MOST_RETRIES
                    ? pause(attempt).thenCompose(waited -> load(lane, rows, attempt + 1))
                    : failed(rows, why);
        }
        boolean rowsMayDiffer = why.kind() == Kind.VALIDATION || why.kind() == Kind.BAD_REQUEST;
        if (rows.size() == 1 || why.isTransient() || !rowsMayDiffer || sameForAll(why)) {
            return failed(rows, why);
        }
        int half = rows.size() / 2;
        return load(lane, rows.subList(0, half), 0)
                .thenCompose(first -> load(lane, rows.subList(half, rows.size()), 0));
    }

    /** A wrong column name is in every row; Odoo raises it as an untranslated Python error. */
    private static boolean sameForAll(OdooException why) {
        return why.kind() == Kind.BAD_REQUEST && why.getMessage().contains("ValueError: Invalid field");
    }

    private static OdooException refusal(Lane lane, Map<String, Object> result) {
        Set<String> said = new LinkedHashSet<>();
        if (result.get("messages") instanceof List<?> messages) {
            for (Object item : messages) {
                if (item instanceof Map<?, ?> message && message.get("message") != null) {
                    String text = message.get("message").toString();
                    Object field = message.get("field");
                    said.add(field instanceof String name ? name + ": " + text : text);
                }
            }
        }
        String text = said.isEmpty() ? "load refused the row without saying why" : String.join("; ", said);
        String line = Failures.line(text);
        OdooException why = Failures.isConflictText(text)
                ? OdooException.passing(Kind.CONFLICT, line)
                : Failures.isExhaustedText(text)
                        ? OdooException.passing(Kind.UNAVAILABLE, line)
                        : OdooException.permanent(Kind.VALIDATION, line);
        return why.at(lane.key.model() + ".load", lane.connection.secret());
    }

    private CompletableFuture<Void> pause(int attempt) {
        int longest = SHORTEST_PAUSE_MS << (attempt + 1);
        int pause = SHORTEST_PAUSE_MS + ThreadLocalRandom.current().nextInt(longest);
        CompletableFuture<Void> over = new CompletableFuture<>();
        pausing(over);
        try {
            timer.schedule(() -> over.complete(null), pause, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            over.completeExceptionally(Gate.stopping());
        }
        return over;
    }

    private void pausing(CompletableFuture<Void> pause) {
        synchronized (this) {
            pauses.add(pause);
        }
        pause.whenComplete((over, failure) -> {
            synchronized (this) {
                pauses.remove(pause);
            }
        });
    }

    private static CompletableFuture<Void> failed(List<Row> rows, OdooException why) {
        fail(rows, why);
        return CompletableFuture.completedFuture(null);
    }

    private static void fail(List<Row> rows, OdooException why) {
        rows.forEach(row -> row.done().completeExceptionally(rows.size() == 1 ? why : why.copy()));
    }

    /** Fails the rows that wait; those under way fail with their calls. */
    void close() {
        List<Row> left = new ArrayList<>();
        List<CompletableFuture<Void>> resting;
        synchronized (this) {
            closed = true;
            lanes.values().forEach(lane -> {
                left.addAll(lane.waiting);
                lane.waiting.clear();
            });
            resting = List.copyOf(pauses);
        }
        fail(left, Gate.stopping());
        resting.forEach(pause -> pause.completeExceptionally(Gate.stopping()));
    }

    private final class Lane {
        private final LaneKey key;
        private final OdooConnection connection;
        private final CallLimits limits;
        private final int batchSize;
        private final ArrayDeque<Row> waiting = new ArrayDeque<>();
        private int underWay;

        Lane(LaneKey key, OdooConnection connection, CallLimits limits, int batchSize) {
            this.key = key;
            this.connection = connection;
            this.limits = limits;
            this.batchSize = batchSize;
        }

        String group() {
            return key.connection() + "|" + key.model();
        }

        /** The oldest rows that may travel now. A row never overtakes an older one with its external id. */
        private List<Row> take() {
            Set<String> inUse = busy.computeIfAbsent(group(), g -> new HashSet<>());
            List<Row> batch = new ArrayList<>();
            Iterator<Row> rows = waiting.iterator();
            while (rows.hasNext() && batch.size() < batchSize) {
                Row row = rows.next();
                if (inUse.add(row.externalId())) {
                    batch.add(row);
                    rows.remove();
                }
            }
            if (inUse.isEmpty()) {
                busy.remove(group());
            }
            return batch;
        }

        private OdooCall call(List<Row> rows) {
            List<Object> fields = new ArrayList<>();
            fields.add("id");
            fields.addAll(key.columns());
            List<Object> data = new ArrayList<>();
            for (Row row : rows) {
                List<Object> cells = new ArrayList<>();
                cells.add(row.externalId());
                cells.addAll(row.cells());
                data.add(cells);
            }
            return new OdooCall(
                    key.model(),
                    "load",
                    null,
                    List.of(new OdooCall.Argument("fields", fields), new OdooCall.Argument("data", data)),
                    Map.of(),
                    key.context());
        }
    }
}
