package cl.smarterbot.hub.product;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * Gauges of the catalogues, read from the database now and then: each replica tells the same. Of more than 200 tenants those that
 * are most behind have a label.
 *
 * <ul>
 *   <li>{@code hub.product.sync.lag}, seconds, by tenant: since the last complete run began, which is how late the cache may be
 *   <li>{@code hub.product.sync.run}, seconds, by tenant, mode and outcome: how long the last run took, or takes so far
 *       (outcome {@code running})
 * </ul>
 */
public final class CatalogueMetrics implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(CatalogueMetrics.class);
    private static final int TENANTS_WITH_A_LABEL = 200;

    private final JdbcTemplate jdbc;
    private final BooleanSupplier ready;
    private final MultiGauge lag;
    private final MultiGauge run;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "hub-catalogue-metrics");
        thread.setDaemon(true);
        return thread;
    });
    private boolean away;

    /**
     * @param ops connections of the role {@code hub_ops}
     * @param ready whether the database can be asked by now
     * @param every how often it is asked
     */
    public CatalogueMetrics(DataSource ops, BooleanSupplier ready, MeterRegistry meters, Duration every) {
        jdbc = new JdbcTemplate(ops);
        this.ready = ready;
        lag = MultiGauge.builder("hub.product.sync.lag")
                .description("Since the last complete run of the catalogue began")
                .baseUnit("seconds")
                .register(meters);
        run = MultiGauge.builder("hub.product.sync.run")
                .description("Duration of the last run of the catalogue, or of the one under way so far")
                .baseUnit("seconds")
                .register(meters);
        timer.scheduleWithFixedDelay(this::refresh, every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void refresh() {
        if (!ready.getAsBoolean()) {
            return;
        }
        List<MultiGauge.Row<?>> lags = new ArrayList<>();
        List<MultiGauge.Row<?>> runs = new ArrayList<>();
        try {
            jdbc.query(
                    """
                    select tenant_rut, mode, coalesce(outcome, 'running') as outcome,
                           extract(epoch from clock_timestamp() - synced_through)::float8 as lag,
                           extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at)::float8 as run
                      from hub.product_sync where mode is not null order by synced_through nulls first limit ?
                    """,
                    row -> {
                        Tags tenant = Tags.of("tenant", row.getString("tenant_rut"));
                        double seconds = row.getDouble("lag");
                        if (!row.wasNull()) {
                            lags.add(MultiGauge.Row.of(tenant, seconds));
                        }
                        runs.add(MultiGauge.Row.of(
                                tenant.and("mode", row.getString("mode"), "outcome", row.getString("outcome")),
                                row.getDouble("run")));
                    },
                    TENANTS_WITH_A_LABEL);
            away = false;
        } catch (DataAccessException e) {
            // The gauges stay as they were; said once for each time that the database is away.
            if (!away) {
                log.warn(
                        "Catalogue metrics: {}",
                        e.getMostSpecificCause().getClass().getSimpleName());
            }
            away = true;
            return;
        }
        lag.register(lags, true);
        run.register(runs, true);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
