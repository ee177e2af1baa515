package cl.smarterbot.hub.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.testing.DatabaseClock;
import cl.smarterbot.hub.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** Ten thousand tenants on one schedule. */
class ManyTenantsTest {

    private static final int TENANTS = 10_000;
    private static final int BATCH = 200;
    private static final int ROUNDS = 8;
    private static final List<String> NAME = List.of("tick");

    private final TestDatabase database = TestDatabase.fresh();
    private final DatabaseClock clock = DatabaseClock.in(database);
    private final JdbcTemplate jdbc = new JdbcTemplate(database.as("postgres"));

    @BeforeEach
    void tenants() throws SQLException {
        jdbc.update(
                "insert into public.tenants (rut, business_name) select (10000000 + i) || '-' || i % 10, 'Company'"
                        + " from generate_series(1, ?) i",
                TENANTS);
        try (Connection c = database.as("hub_engine").getConnection()) {
            ScheduleStore store = new ScheduleStore(new SingleConnectionDataSource(c, true));
            store.declare(List.of(
                    new Schedule("tick", Timing.every(Duration.ofMinutes(1)), true, Schedule.Missed.ONCE, 0, false)));
            assertThat(store.enrol(NAME)).containsExactly("tick");
            drain(store);
        }
        jdbc.execute("vacuum analyze hub.schedule_due");
    }

    private static int drain(ScheduleStore store) throws SQLException {
        int fired = 0;
        for (List<ScheduleStore.Due> due = store.due(NAME, BATCH); !due.isEmpty(); due = store.due(NAME, BATCH)) {
            fired += store.fire(due, Plan::of).getOrDefault("fired", 0);
        }
        return fired;
    }

    @Test
    @DisplayName("a look at what is due and a batch of firings read what they take, not the rows of all tenants")
    void cost() throws SQLException {
        try (Connection c = database.as("hub_engine").getConnection()) {
            c.setAutoCommit(false);
            SingleConnectionDataSource same = new SingleConnectionDataSource(c, true);
            ScheduleStore store = new ScheduleStore(same);
            // The first calls are planned for their values, later ones in general: look at both.
            for (int round = 0; round < ROUNDS; round++) {
                assertThat(store.due(NAME, BATCH)).isEmpty();
            }
            assertThat(read(same)).as("rows read with nothing due").isZero();
            clock.set(Instant.parse("2026-01-01T12:01:00Z"));
            for (int round = 0; round < ROUNDS; round++) {
                assertThat(store.due(NAME, BATCH)).hasSize(BATCH);
            }
            long looked = read(same);
            assertThat(looked / ROUNDS).as("rows read with all of them due").isEqualTo(BATCH);
            for (int round = 0; round < ROUNDS; round++) {
                assertThat(store.fire(store.due(NAME, BATCH), Plan::of)).containsEntry("fired", BATCH);
            }
            assertThat((read(same) - looked) / ROUNDS)
                    .as("rows read to look, lock and move on")
                    .isLessThan(10L * BATCH);
        }
    }

    /** Rows of the table that this transaction has read. */
    private static long read(SingleConnectionDataSource same) {
        Long n = new JdbcTemplate(same)
                .queryForObject(
                        "select seq_tup_read + idx_tup_fetch from pg_stat_xact_all_tables"
                                + " where relid = 'hub.schedule_due'::regclass",
                        Long.class);
        return n == null ? 0 : n;
    }

    @Test
    @DisplayName("four nodes that are all at it fire once for each tenant")
    void fourNodes() throws Exception {
        clock.set(Instant.parse("2026-01-01T12:01:00Z"));
        ExecutorService nodes = Executors.newFixedThreadPool(4);
        try {
            List<Callable<Integer>> work = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                work.add(() -> {
                    try (Connection c = database.as("hub_engine").getConnection()) {
                        return drain(new ScheduleStore(new SingleConnectionDataSource(c, true)));
                    }
                });
            }
            int fired = 0;
            for (Future<Integer> node : nodes.invokeAll(work)) {
                fired += node.get();
            }
            assertThat(fired).isEqualTo(TENANTS);
        } finally {
            nodes.shutdownNow();
        }
        assertThat(jdbc.queryForMap("select count(*) as n, count(distinct tenant_rut) as tenants from public.events"))
                .isEqualTo(Map.of("n", (long) TENANTS, "tenants", (long) TENANTS));
    }
}
