package cl.smarterbot.hub.schedule;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.namedparam.MapSqlParameterSource;
import org.springframework.jdbc.core.namedparam.NamedParameterJdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What an operator sees and does with schedules. Works across tenants, so its data source is of the role {@code hub_ops}. Thread-safe.
 *
 * <p>All methods throw {@link DataAccessException} when the database cannot be reached or refuses.
 */
public final class ScheduleAdmin {

    /** Upper bound of the tenants told of one schedule. */
    public static final int MAX_PAGE = 500;

    /** SQL functions raise it for a schedule that they do not know. */
    private static final String UNKNOWN = "HB404";

    /** {@code hub.schedule_run} raises it for a schedule that no running node declares. */
    private static final String UNDECLARED = "HB409";

    private final NamedParameterJdbcTemplate jdbc;
    private final TransactionTemplate write;

    /** @param ops connections of the role {@code hub_ops} */
    public ScheduleAdmin(DataSource ops) {
        jdbc = new NamedParameterJdbcTemplate(ops);
        write = new TransactionTemplate(new DataSourceTransactionManager(ops));
    }

    /** What was asked for does not exist. The message is safe to show. */
    public static final class NotFoundException extends RuntimeException {
        NotFoundException(String message) {
            super(message);
        }
    }

    /** What was asked for exists but cannot be done to it. The message is safe to show. */
    public static final class RefusedException extends RuntimeException {
        RefusedException(String message) {
            super(message);
        }
    }

    /**
     * A schedule and how it stands.
     *
     * @param timing {@code cron} and its fields, in each tenant's time zone, or {@code every} and milliseconds
     * @param missed {@code once} or {@code skip}
     * @param jitterMillis over which the tenants are spread
     * @param lastDeclaredAt when a running node last said that one of its routes declares it; more than a minute ago: none does
     * @param tenants how many take part
     * @param nextAt when the first of them fires next; null if none does or it is not reckoned yet
     * @param lastFiredAt when one of them fired last; null if none did
     * @param paused whether its subscription is paused
     */
    public record Schedule(
            String name,
            String timing,
            boolean perTenant,
            String missed,
            int jitterMillis,
            boolean overlap,
            boolean paused,
            Instant lastDeclaredAt,
            long tenants,
            Instant nextAt,
            Instant lastFiredAt) {}

    /**
     * A tenant's turn.
     *
     * @param nextAt null if it is not reckoned yet
     * @param lastDueAt instant that the last firing was for; null if there was none
     * @param lastFiredAt when it was fired, by its time or by hand
     */
    public record Turn(String tenant, String timeZone, Instant nextAt, Instant lastDueAt, Instant lastFiredAt) {}

    /** @param count for how many tenants it was fired */
    public record Run(String schedule, String tenant, int count) {}

    /** All schedules, by name. */
    public List<Schedule> schedules() {
        return jdbc.query(
                "select s.*, coalesce(x.paused, false) as paused, d.* from hub.schedule s"
                        + " left join hub.subscription x on x.name = 'schedule-' || s.name"
                        + " cross join lateral (select count(*) as tenants, max(last_fired_at) as last_fired_at,"
                        + " min(next_at) filter (where isfinite(next_at)) as next_at"
                        + " from hub.schedule_due d where d.name = s.name) d order by s.name",
                (r, row) -> new Schedule(
                        r.getString("name"),
                        r.getString("timing"),
                        r.getBoolean("per_tenant"),
                        r.getString("missed"),
                        r.getInt("jitter_ms"),
                        r.getBoolean("overlap"),
                        r.getBoolean("paused"),
                        instant(r, "last_declared_at"),
                        r.getLong("tenants"),
                        instant(r, "next_at"),
                        instant(r, "last_fired_at")));
    }

    /**
     * The tenants of a schedule, who is next first.
     *
     * @param tenant canonical RUT of the only one to tell; null for all
     * @param limit 1 to {@link #MAX_PAGE}
     * @throws NotFoundException when the schedule is unknown
     */
    public List<Turn> turns(String schedule, String tenant, int limit) {
        Boolean known = jdbc.queryForObject(
                "select exists (select from hub.schedule where name = :name)",
                new MapSqlParameterSource("name", schedule),
                Boolean.class);
        if (!Boolean.TRUE.equals(known)) {
            throw unknown(schedule);
        }
        return jdbc.query(
                "select tenant_rut, time_zone, case when isfinite(next_at) then next_at end as next_at, last_due_at,"
                        + " last_fired_at from hub.schedule_due where name = :name"
                        + (tenant == null ? "" : " and tenant_rut = :tenant")
                        + " order by hub.schedule_due.next_at, tenant_rut limit :limit",
                new MapSqlParameterSource("name", schedule)
                        .addValue("tenant", tenant)
                        .addValue("limit", limit),
                (r, row) -> new Turn(
                        r.getString("tenant_rut"),
                        r.getString("time_zone"),
                        instant(r, "next_at"),
                        instant(r, "last_due_at"),
                        instant(r, "last_fired_at")));
    }

    /**
     * Fires now, and audits it in the same transaction. A run that has not ended ends first; what is planned stays planned.
     *
     * @param tenant canonical RUT; null for all that take part
     * @throws NotFoundException when the schedule is unknown, or the tenant takes no part in it
     * @throws RefusedException when no running node declares the schedule
     */
    public Run run(String actor, String schedule, String tenant) {
        Objects.requireNonNull(actor, "actor");
        MapSqlParameterSource parameters = new MapSqlParameterSource("actor", actor)
                .addValue("name", schedule)
                .addValue("tenant", tenant);
        return write.execute(status -> {
            Integer fired;
            try {
                fired = jdbc.queryForObject("select hub.schedule_run(:name, :tenant)", parameters, Integer.class);
            } catch (DataAccessException e) {
                String state = e.getMostSpecificCause() instanceof SQLException sql ? sql.getSQLState() : null;
                if (UNKNOWN.equals(state)) {
                    throw unknown(schedule);
                }
                if (UNDECLARED.equals(state)) {
                    throw new RefusedException(
                            "No running hub has a route that declares the schedule " + schedule + ".");
                }
                throw e;
            }
            int count = fired == null ? 0 : fired;
            if (count == 0 && tenant != null) {
                throw new NotFoundException(
                        "The tenant " + tenant + " takes no part in the schedule " + schedule + ".");
            }
            parameters.addValue("count", count);
            jdbc.update(
                    "insert into hub.audit (actor, action, tenant_rut, detail) values (:actor, 'schedule-run', :tenant,"
                            + " jsonb_build_object('schedule', cast(:name as text), 'count', cast(:count as int)))",
                    parameters);
            return new Run(schedule, tenant, count);
        });
    }

    private static NotFoundException unknown(String schedule) {
        return new NotFoundException("There is no schedule " + schedule + ".");
    }

    private static Instant instant(ResultSet r, String column) throws SQLException {
        OffsetDateTime value = r.getObject(column, OffsetDateTime.class);
        return value == null ? null : value.toInstant();
    }
}
