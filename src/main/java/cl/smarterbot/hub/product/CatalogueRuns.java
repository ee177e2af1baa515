package cl.smarterbot.hub.product;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.springframework.jdbc.core.namedparam.MapSqlParameterSource;
import org.springframework.jdbc.core.namedparam.NamedParameterJdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What an operator sees and does with runs of the catalogue. Works across tenants, so its data source is of the role {@code hub_ops}.
 * Thread-safe. All methods throw {@link org.springframework.dao.DataAccessException} when the database cannot be reached or refuses.
 */
public final class CatalogueRuns {

    private final NamedParameterJdbcTemplate jdbc;
    private final TransactionTemplate write;

    /** @param ops connections of the role {@code hub_ops} */
    public CatalogueRuns(DataSource ops) {
        jdbc = new NamedParameterJdbcTemplate(ops);
        write = new TransactionTemplate(new DataSourceTransactionManager(ops));
    }

    /**
     * A run that was asked for. One that begins at {@code askedAt} or later is it, or reads as much.
     *
     * @param event id of the request, and of the run unless another was at work
     */
    public record Request(String tenant, String mode, boolean allowDeactivation, String event, Instant askedAt) {}

    /**
     * A tenant's run under way or, if there is none, its last one.
     *
     * @param run id of the run under way; null if there is none
     * @param mode {@code incremental} or {@code full}; null if there never was a run
     * @param phase what is read: {@code products}, {@code quants} or {@code moves}
     * @param cursor highest Odoo id of the phase that is done with
     * @param total products that Odoo counted at the begin; null if it was not asked
     * @param missing products of the cache that Odoo did not have
     * @param waiting mode of the run that follows this one; null if none was asked for
     * @param outcome {@code completed}, or why the run failed; null while it is under way
     * @param syncedThrough when the last complete run began
     * @param lagSeconds how long ago that was; null if there was none
     * @param runLagMillis longest that a change which the last complete run took in can have waited; null if there was none
     * @param trouble what the last try of a step says that did not work and has not worked since; null if all is well
     * @param dead whether that was its last try
     * @param now the database's time
     */
    public record Status(
            String tenant,
            String run,
            String mode,
            String phase,
            int cursor,
            Integer total,
            int pages,
            int seen,
            int changed,
            int deactivated,
            int missing,
            boolean allowDeactivation,
            String waiting,
            String outcome,
            Instant startedAt,
            Instant stepAt,
            Instant finishedAt,
            Instant syncedThrough,
            Long lagSeconds,
            Long runLagMillis,
            String trouble,
            boolean dead,
            Instant now) {}

    /**
     * Asks for a run, and audits it in the same transaction.
     *
     * @param tenant canonical RUT
     * @param allowDeactivation whether the run may take away any share of the catalogue
     * @return empty if there is no such tenant, or it is not active
     */
    public Optional<Request> request(String actor, String tenant, boolean full, boolean allowDeactivation) {
        MapSqlParameterSource parameters = new MapSqlParameterSource("actor", Objects.requireNonNull(actor, "actor"))
                .addValue("tenant", tenant)
                .addValue("mode", full ? Catalogue.FULL : Catalogue.INCREMENTAL)
                .addValue("allow", allowDeactivation);
        return write.execute(status -> {
            List<Request> made = jdbc.query(
                    "select event_id::text as event_id, asked_at from hub.product_request(:tenant, :mode, :allow)",
                    parameters,
                    (r, row) -> new Request(
                            tenant,
                            full ? Catalogue.FULL : Catalogue.INCREMENTAL,
                            allowDeactivation,
                            r.getString("event_id"),
                            instant(r, "asked_at")));
            made.forEach(request -> jdbc.update(
                    "insert into hub.audit (actor, action, tenant_rut, detail) values (:actor, 'product-sync', :tenant,"
                            + " jsonb_build_object('mode', cast(:mode as text), 'allow_deactivation', cast(:allow as boolean),"
                            + " 'event', cast(:event as text)))",
                    parameters.addValue("event", request.event())));
            return made.stream().findFirst();
        });
    }

    /**
     * Tenants whose catalogue was read or is being read, by RUT.
     *
     * @param tenant canonical RUT of the only one to tell; null for all
     */
    public List<Status> status(String tenant) {
        return jdbc.query("""
                select s.*, clock_timestamp() as now,
                       extract(epoch from clock_timestamp() - s.synced_through)::bigint as lag_seconds,
                       coalesce(dead.error, late.error) as trouble, dead.error is not null as dead
                  from hub.product_sync s
                  left join lateral (
                    select coalesce(d.last_error, '') as error from hub.delivery d
                     where d.subscription in ('product-sync', 'product-sync-page') and d.tenant_rut = s.tenant_rut
                       and d.state = 'dead' and d.finished_at >= s.step_at
                     order by d.finished_at desc limit 1) dead on s.run_id is not null
                  left join lateral (
                    select d.last_error as error from hub.delivery d
                     where d.subscription in ('product-sync', 'product-sync-page') and d.tenant_rut = s.tenant_rut
                       and d.event_key = 'product-sync' and d.state in ('leased', 'retry') and d.last_error is not null
                     limit 1) late on s.run_id is not null
                 where cast(:tenant as text) is null or s.tenant_rut = :tenant
                 order by s.tenant_rut
                """, new MapSqlParameterSource("tenant", tenant), (r, row) -> read(r));
    }

    private static Status read(ResultSet r) throws SQLException {
        return new Status(
                r.getString("tenant_rut"),
                r.getString("run_id"),
                r.getString("mode"),
                r.getString("phase"),
                r.getInt("cursor"),
                r.getObject("total", Integer.class),
                r.getInt("pages"),
                r.getInt("seen"),
                r.getInt("changed"),
                r.getInt("deactivated"),
                r.getInt("missing"),
                r.getBoolean("allow"),
                r.getString("again"),
                r.getString("outcome"),
                instant(r, "started_at"),
                instant(r, "step_at"),
                instant(r, "finished_at"),
                instant(r, "synced_through"),
                r.getObject("lag_seconds", Long.class),
                r.getObject("lag_ms", Long.class),
                r.getString("trouble"),
                r.getBoolean("dead"),
                instant(r, "now"));
    }

    private static Instant instant(ResultSet r, String column) throws SQLException {
        OffsetDateTime value = r.getObject(column, OffsetDateTime.class);
        return value == null ? null : value.toInstant();
    }
}
