package cl.smarterbot.hub.event;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

/** The engine's SQL: every call is one function of {@code integrations/supabase/V000*.sql} and one transaction. */
final class DeliveryStore {

    /** Unfinished or dead deliveries of one subscription and tenant. */
    record Backlog(String subscription, String tenant, String state, long count, double oldestSeconds) {}

    /** Rows of a kind that one call of {@code hub.retire} takes, and calls in a row: 5 million each time the house is kept. */
    private static final int RETIRE_STEP = 10_000;

    private static final int RETIRE_ROUNDS = 500;

    private final DataSource dataSource;
    private final String node;

    DeliveryStore(DataSource dataSource, String node) {
        this.dataSource = dataSource;
        this.node = node;
    }

    void subscribe(Collection<Subscription> subscriptions, boolean paused) throws SQLException {
        List<Subscription> all = List.copyOf(subscriptions);
        try (Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement("select hub.subscribe(?, ?, ?, ?)")) {
            s.setArray(1, c.createArrayOf("text", all.stream().map(x -> x.name).toArray()));
            s.setArray(
                    2, c.createArrayOf("text", all.stream().map(x -> x.pattern).toArray()));
            s.setArray(
                    3,
                    c.createArrayOf(
                            "int4", all.stream().map(x -> x.retry.maxAttempts()).toArray()));
            s.setBoolean(4, paused);
            s.execute();
        }
    }

    /** Says that these subscriptions run here, and returns those of them that are active. */
    Set<String> stillDeclared(Collection<String> names) throws SQLException {
        return names("select hub.still_declared(?)", names);
    }

    private Set<String> names(String sql, Collection<String> of) throws SQLException {
        try (Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement(sql)) {
            s.setArray(1, c.createArrayOf("text", of.toArray()));
            Set<String> names = new HashSet<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    names.add(r.getString(1));
                }
            }
            return names;
        }
    }

    /** Those of the subscriptions that have something to claim. */
    Set<String> claimable(Collection<String> names) throws SQLException {
        return names("select * from hub.claimable(?)", names);
    }

    List<Delivery> claim(String subscription, int limit, int perTenant, Map<String, Integer> busy, Duration lease)
            throws SQLException {
        try (Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement(
                        "select delivery_id, token, event_id, tenant_rut, event_key, attempt, type, source, correlation_id,"
                                + " metadata, occurred_at, content_type, traceparent, body, replay_of, memo"
                                + " from hub.claim(?, ?, ?, ?, ?, ?, ? * interval '1 millisecond')")) {
            s.setString(1, subscription);
            s.setString(2, node);
            s.setInt(3, limit);
            s.setInt(4, perTenant);
            s.setArray(5, c.createArrayOf("text", busy.keySet().toArray()));
            s.setArray(6, c.createArrayOf("int4", busy.values().toArray()));
            s.setLong(7, lease.toMillis());
            List<Delivery> claimed = new ArrayList<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    long replayOf = r.getLong(15);
                    claimed.add(new Delivery(
                            r.getLong(1),
                            r.getLong(2),
                            r.getObject(3, UUID.class),
                            r.getString(4),
                            r.getString(5),
                            r.getInt(6),
                            r.getString(7),
                            r.getString(8),
                            r.getString(9),
                            r.getString(10),
                            r.getObject(11, OffsetDateTime.class).toInstant(),
                            r.getString(12),
                            r.getString(13),
                            r.getBytes(14),
                            replayOf == 0 ? null : replayOf,
                            r.getString(16)));
                }
            }
            return claimed;
        }
    }

    /** Returns the ids of the deliveries whose lease was still ours. */
    Set<Long> finish(List<Outcome> outcomes) throws SQLException {
        int n = outcomes.size();
        Long[] ids = new Long[n];
        Long[] tokens = new Long[n];
        String[] states = new String[n];
        String[] errors = new String[n];
        Long[] delays = new Long[n];
        Integer[] durations = new Integer[n];
        String[] versions = new String[n];
        String[] memos = new String[n];
        List<Long> parents = new ArrayList<>();
        List<NewEvent> emitted = new ArrayList<>();
        List<Long> senders = new ArrayList<>();
        List<Outcome.Sent> sent = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            Outcome o = outcomes.get(i);
            ids[i] = o.delivery().id();
            tokens[i] = o.delivery().token();
            states[i] = o.state();
            errors[i] = o.error();
            delays[i] = o.delayMillis();
            durations[i] = o.durationMillis();
            versions[i] = o.version();
            memos[i] = o.memo();
            for (NewEvent e : o.emitted()) {
                parents.add(o.delivery().id());
                emitted.add(e);
            }
            for (Outcome.Sent effect : o.sent()) {
                senders.add(o.delivery().id());
                sent.add(effect);
            }
        }
        EventColumns columns = new EventColumns(emitted.size());
        emitted.forEach(columns::add);
        List<Array> arrays = new ArrayList<>();
        try (Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement("select hub.finish(?, ?, ?, ?, ?, ?, ?, ?, ?,"
                        + " ?, ?, ?, ?, ?, ?, ?, ?::timestamptz[], ?, ?, ?, ?,"
                        + " ?, ?, ?, ?)")) {
            s.setString(1, node);
            int at = EventColumns.set(c, s, 2, arrays, "int8", ids);
            at = EventColumns.set(c, s, at, arrays, "int8", tokens);
            at = EventColumns.set(c, s, at, arrays, "text", states);
            at = EventColumns.set(c, s, at, arrays, "text", errors);
            at = EventColumns.set(c, s, at, arrays, "int8", delays);
            at = EventColumns.set(c, s, at, arrays, "int4", durations);
            at = EventColumns.set(c, s, at, arrays, "text", versions);
            at = EventColumns.set(c, s, at, arrays, "int8", parents.toArray(Long[]::new));
            at = columns.bind(c, s, at, arrays, false);
            at = EventColumns.set(c, s, at, arrays, "int8", senders.toArray(Long[]::new));
            at = EventColumns.set(
                    c,
                    s,
                    at,
                    arrays,
                    "text",
                    sent.stream().map(Outcome.Sent::key).toArray(String[]::new));
            at = EventColumns.set(
                    c,
                    s,
                    at,
                    arrays,
                    "text",
                    sent.stream().map(Outcome.Sent::externalId).toArray(String[]::new));
            EventColumns.set(c, s, at, arrays, "text", memos);
            return ids(s);
        } finally {
            for (Array array : arrays) {
                array.free();
            }
        }
    }

    /** Extends the leases of deliveries in flight and returns those that are still ours. */
    Set<Long> renew(Collection<Delivery> inFlight, Duration lease) throws SQLException {
        try (Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement("select hub.renew(?, ?, ? * interval '1 millisecond')")) {
            List<Delivery> list = List.copyOf(inFlight);
            s.setArray(
                    1, c.createArrayOf("int8", list.stream().map(Delivery::id).toArray()));
            s.setArray(
                    2,
                    c.createArrayOf("int8", list.stream().map(Delivery::token).toArray()));
            s.setLong(3, lease.toMillis());
            return ids(s);
        }
    }

    int reap(int maxAttempts) throws SQLException {
        try (Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement("select hub.reap(?)")) {
            s.setInt(1, maxAttempts);
            return number(s);
        }
    }

    int keepHouse(Duration payloads, Duration events, Duration deliveries) throws SQLException {
        try (Connection c = dataSource.getConnection();
                PreparedStatement make = c.prepareStatement("select hub.ensure_partitions()");
                PreparedStatement retire = c.prepareStatement("select hub.retire(? * interval '1 second',"
                        + " ? * interval '1 second', ? * interval '1 second')");
                PreparedStatement sent = c.prepareStatement("select hub.retire_sent(? * interval '1 second')")) {
            make.execute();
            retire.setLong(1, payloads.toSeconds());
            retire.setLong(2, events.toSeconds());
            retire.setLong(3, deliveries.toSeconds());
            int all = untilDone(retire);
            // After the bodies, as long as which it is kept.
            sent.setLong(1, payloads.toSeconds());
            return all + untilDone(sent);
        }
    }

    private static int untilDone(PreparedStatement retire) throws SQLException {
        int all = 0;
        for (int round = 0; round < RETIRE_ROUNDS; round++) {
            int n = number(retire);
            all += n;
            if (n < RETIRE_STEP) {
                break;
            }
        }
        return all;
    }

    List<Backlog> backlog() throws SQLException {
        try (Connection c = dataSource.getConnection();
                PreparedStatement s =
                        c.prepareStatement("select subscription, tenant_rut, state, n, oldest_s from hub.backlog()");
                ResultSet r = s.executeQuery()) {
            List<Backlog> rows = new ArrayList<>();
            while (r.next()) {
                rows.add(new Backlog(r.getString(1), r.getString(2), r.getString(3), r.getLong(4), r.getDouble(5)));
            }
            return rows;
        }
    }

    private static Set<Long> ids(PreparedStatement s) throws SQLException {
        Set<Long> ids = new HashSet<>();
        try (ResultSet r = s.executeQuery()) {
            while (r.next()) {
                ids.add(r.getLong(1));
            }
        }
        return ids;
    }

    private static int number(PreparedStatement s) throws SQLException {
        try (ResultSet r = s.executeQuery()) {
            return r.next() ? r.getInt(1) : 0;
        }
    }
}
