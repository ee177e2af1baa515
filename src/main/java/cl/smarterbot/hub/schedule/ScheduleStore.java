package cl.smarterbot.hub.schedule;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import javax.sql.DataSource;

/** The scheduler's SQL: every call is one function of {@code integrations/supabase/V0011__schedules.sql} and one transaction. */
final class ScheduleStore {

    /**
     * An entry that is due.
     *
     * @param timing what {@link Timing#parse} reads
     * @param timeZone the tenant's, as the registry has it
     * @param planned when it was due; null if that was not reckoned yet
     * @param now time of the database
     */
    record Due(
            String name,
            String tenant,
            String timing,
            Schedule.Missed missed,
            int jitterMillis,
            String timeZone,
            Instant planned,
            Instant now) {}

    private final DataSource dataSource;

    /** @param engine connections of role {@code hub_engine} */
    ScheduleStore(DataSource engine) {
        this.dataSource = engine;
    }

    void declare(Collection<Schedule> schedules) throws SQLException {
        List<Schedule> all = List.copyOf(schedules);
        try (Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement("select hub.schedule_declare(?, ?, ?, ?, ?, ?)")) {
            array(c, s, 1, "text", all, Schedule::name);
            array(c, s, 2, "text", all, x -> x.timing().toString());
            array(c, s, 3, "bool", all, Schedule::perTenant);
            array(c, s, 4, "text", all, x -> x.missed().text());
            array(c, s, 5, "int4", all, Schedule::jitterMillis);
            array(c, s, 6, "bool", all, Schedule::overlap);
            s.execute();
        }
    }

    /** Brings the tenants of these schedules up to date, and returns the schedules that the database knows. */
    Set<String> enrol(Collection<String> names) throws SQLException {
        try (Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement("select hub.schedule_enrol(?)")) {
            s.setArray(1, c.createArrayOf("text", names.toArray()));
            Set<String> known = new HashSet<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    known.add(r.getString(1));
                }
            }
            return known;
        }
    }

    /** @param limit most entries of one schedule */
    List<Due> due(Collection<String> names, int limit) throws SQLException {
        try (Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement(
                        "select name, tenant_rut, timing, missed, jitter_ms, time_zone, next_at, now_at"
                                + " from hub.schedules_due(?, ?)")) {
            s.setArray(1, c.createArrayOf("text", names.toArray()));
            s.setInt(2, limit);
            List<Due> due = new ArrayList<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    due.add(new Due(
                            r.getString(1),
                            r.getString(2),
                            r.getString(3),
                            Schedule.Missed.valueOf(r.getString(4).toUpperCase(Locale.ROOT)),
                            r.getInt(5),
                            r.getString(6),
                            instant(r, 7),
                            instant(r, 8)));
                }
            }
            return due;
        }
    }

    /** Fires and moves on in one commit. Returns how many entries came to each end, by its word; entries of other nodes are not told. */
    Map<String, Integer> fire(List<Due> entries, Function<Due, Plan> planner) throws SQLException {
        List<Plan> plans = entries.stream().map(planner).toList();
        try (Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement("select outcome from hub.schedule_fired("
                        + "?, ?, ?::timestamptz[], ?::timestamptz[], ?::timestamptz[])")) {
            array(c, s, 1, "text", entries, Due::name);
            array(c, s, 2, "text", entries, Due::tenant);
            array(c, s, 3, "text", entries, e -> text(e.planned()));
            array(c, s, 4, "text", plans, p -> text(p.due()));
            array(c, s, 5, "text", plans, p -> p.next() == null ? "infinity" : text(p.next()));
            Map<String, Integer> ends = new HashMap<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    ends.merge(r.getString(1), 1, Integer::sum);
                }
            }
            return ends;
        }
    }

    private static <T> void array(
            Connection c, PreparedStatement s, int at, String type, List<T> all, Function<T, Object> field)
            throws SQLException {
        s.setArray(at, c.createArrayOf(type, all.stream().map(field).toArray()));
    }

    private static String text(Instant instant) {
        return instant == null ? null : instant.toString();
    }

    private static Instant instant(ResultSet r, int column) throws SQLException {
        OffsetDateTime value = r.getObject(column, OffsetDateTime.class);
        return value == null ? null : value.toInstant();
    }
}
