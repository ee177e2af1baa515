package cl.smarterbot.hub.event;

import static cl.smarterbot.hub.event.TestHub.FERRETERIA;
import static cl.smarterbot.hub.event.TestHub.PASTELERIA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.testing.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** Replay, backfill, retention and the cost of a claim, with the SQL functions alone. */
class OperationsTest {

    private final TestDatabase database = TestDatabase.fresh();
    private final Sql sql = new Sql(database);
    private final JdbcTemplate ops = new JdbcTemplate(database.as("hub_ops"));
    private final JdbcTemplate engine = new JdbcTemplate(database.as("hub_engine"));

    @BeforeEach
    void subscribe() {
        sql.run("insert into hub.subscription (name, pattern) values ('s', 'x.*')");
    }

    /** An event of the past with its payload; the delivery is the test's. */
    private UUID event(String tenant, Instant at, String type) {
        UUID random = UUID.randomUUID();
        UUID id = new UUID(
                at.toEpochMilli() << 16 | 0x7000 | random.getMostSignificantBits() & 0xfff,
                random.getLeastSignificantBits());
        sql.run(
                "insert into public.events (id, tenant_rut, type, source, event_key, correlation_id, occurred_at, received_at)"
                        + " values (?, ?, ?, 'test', 'k', 'c', ?::timestamptz, ?::timestamptz)",
                id,
                tenant,
                type,
                at.toString(),
                at.toString());
        sql.run(
                "insert into hub.payload (event_id, tenant_rut, content_type, body) values (?, ?, 'application/json', '{}')",
                id,
                tenant);
        return id;
    }

    private long delivery(UUID event, String tenant, String state, Instant finished) {
        sql.run(
                "insert into hub.delivery (event_id, tenant_rut, subscription, event_key, state, attempt, finished_at, lease_until)"
                        + " values (?, ?, 's', 'k', ?, 1, ?::timestamptz, case ? when 'leased' then now() + interval '1 minute' end)",
                event,
                tenant,
                state,
                finished == null ? null : finished.toString(),
                state);
        return sql.number("select max(id) from hub.delivery");
    }

    private int replayDead(Instant since, int limit, boolean dryRun) {
        Integer n = ops.queryForObject(
                "select hub.replay_dead(null, null, ?::timestamptz, ?, ?)",
                Integer.class,
                since.toString(),
                limit,
                dryRun);
        return n == null ? -1 : n;
    }

    @Test
    @DisplayName(
            "a replay makes a new delivery of the old event; asking twice does not double it while it is unfinished")
    void replayOne() {
        Instant now = Instant.now();
        long dead = delivery(event(FERRETERIA, now, "x.y"), FERRETERIA, "dead", now);
        Long first = ops.queryForObject("select hub.replay(?)", Long.class, dead);
        Long second = ops.queryForObject("select hub.replay(?)", Long.class, dead);
        assertThat(first).isNotNull().isEqualTo(second);
        assertThat(sql.rows("select state, replay_of, attempt, tenant_rut from hub.delivery where id = ?", first))
                .singleElement()
                .satisfies(row -> assertThat(row)
                        .containsEntry("state", "pending")
                        .containsEntry("replay_of", dead)
                        .containsEntry("attempt", 0)
                        .containsEntry("tenant_rut", FERRETERIA));
        sql.run("update hub.delivery set state = 'done', finished_at = now() where id = ?", first);
        assertThat(ops.queryForObject("select hub.replay(?)", Long.class, dead))
                .as("once it ended it may be asked for again")
                .isNotNull()
                .isNotEqualTo(first);
    }

    @Test
    @DisplayName("what is unfinished, unknown or without its payload cannot be replayed")
    void replayRefused() {
        Instant now = Instant.now();
        long pending = delivery(event(FERRETERIA, now, "x.y"), FERRETERIA, "pending", null);
        UUID bare = event(FERRETERIA, now, "x.y");
        sql.run("delete from hub.payload where event_id = ?", bare);
        long noPayload = delivery(bare, FERRETERIA, "dead", now);
        assertThat(ops.queryForObject("select hub.replay(?)", Long.class, pending))
                .isNull();
        assertThat(ops.queryForObject("select hub.replay(?)", Long.class, noPayload))
                .isNull();
        assertThat(ops.queryForObject("select hub.replay(?)", Long.class, 999_999L))
                .isNull();
        assertThat(sql.number("select count(*) from hub.delivery")).isEqualTo(2);
    }

    @Test
    @DisplayName(
            "replaying all that died since a time takes each once, also when asked twice; a dry run writes nothing")
    void replaySince() {
        Instant now = Instant.now();
        for (int i = 0; i < 5; i++) {
            delivery(event(FERRETERIA, now, "x.y"), FERRETERIA, "dead", now);
        }
        delivery(event(FERRETERIA, now, "x.y"), FERRETERIA, "dead", now.minus(2, ChronoUnit.HOURS));
        delivery(event(PASTELERIA, now, "x.y"), PASTELERIA, "done", now);
        Instant since = now.minus(1, ChronoUnit.HOURS);
        assertThat(replayDead(since, 100, true)).isEqualTo(5);
        assertThat(sql.deliveries("pending")).isZero();
        assertThat(replayDead(since, 2, false)).isEqualTo(2);
        assertThat(replayDead(since, 100, false)).isEqualTo(3);
        assertThat(replayDead(since, 100, false)).as("again").isZero();
        assertThat(sql.deliveries("pending")).isEqualTo(5);
    }

    @Test
    @DisplayName("two people who replay everything at once get each delivery once")
    void replayConcurrently() {
        Instant now = Instant.now();
        for (int i = 0; i < 40; i++) {
            delivery(event(FERRETERIA, now, "x.y"), FERRETERIA, "dead", now);
        }
        Instant since = now.minus(1, ChronoUnit.HOURS);
        List<CompletableFuture<Integer>> both = IntStream.range(0, 4)
                .mapToObj(i -> CompletableFuture.supplyAsync(() -> replayDead(since, 1_000, false)))
                .toList();
        assertThat(both.stream().mapToInt(CompletableFuture::join).sum()).isEqualTo(40);
        assertThat(sql.deliveries("pending")).isEqualTo(40);
    }

    @Test
    @DisplayName(
            "a backfill delivers the matching events that the subscription never had, once, and only of the tenant named")
    void backfill() {
        Instant now = Instant.now();
        event(FERRETERIA, now.minusSeconds(30), "x.a");
        event(FERRETERIA, now.minusSeconds(20), "x.b");
        event(FERRETERIA, now.minusSeconds(10), "y.a");
        event(PASTELERIA, now.minusSeconds(5), "x.a");
        String call = "select hub.backfill('s', ?, ?::timestamptz, 100, ?)";
        String since = now.minusSeconds(3_600).toString();
        assertThat(ops.queryForObject(call, Integer.class, FERRETERIA, since, true))
                .isEqualTo(2);
        assertThat(sql.deliveries("pending")).as("dry run").isZero();
        assertThat(ops.queryForObject(call, Integer.class, FERRETERIA, since, false))
                .isEqualTo(2);
        assertThat(ops.queryForObject(call, Integer.class, FERRETERIA, since, false))
                .as("again")
                .isZero();
        assertThat(ops.queryForObject(call, Integer.class, null, since, false))
                .as("the other tenant")
                .isEqualTo(1);
        assertThatThrownBy(
                        () -> ops.queryForObject("select hub.backfill('nobody', null, now(), 1, true)", Integer.class))
                .hasMessageContaining("unknown subscription");
    }

    @Test
    @DisplayName("backfills started at the same moment do not double a delivery")
    void backfillConcurrently() {
        Instant now = Instant.now();
        for (int i = 0; i < 100; i++) {
            event(FERRETERIA, now, "x.a");
        }
        List<CompletableFuture<Integer>> all = IntStream.range(0, 4)
                .mapToObj(i -> CompletableFuture.supplyAsync(() -> ops.queryForObject(
                        "select hub.backfill('s', null, now() - interval '1 hour', 1000, false)", Integer.class)))
                .toList();
        assertThat(all.stream().mapToInt(CompletableFuture::join).sum()).isEqualTo(100);
        assertThat(sql.deliveries("pending")).isEqualTo(100);
    }

    private int retireSubscription(String name, int limit, boolean dryRun) {
        Integer n = ops.queryForObject("select hub.retire_subscription(?, ?, ?)", Integer.class, name, limit, dryRun);
        return n == null ? -1 : n;
    }

    @Test
    @DisplayName(
            "a subscription that nobody declares is retired: no new deliveries, and what waits is dead with the reason")
    void retireSubscription() {
        Instant now = Instant.now();
        delivery(event(FERRETERIA, now, "x.a"), FERRETERIA, "pending", null);
        delivery(event(FERRETERIA, now, "x.a"), FERRETERIA, "pending", null);
        delivery(event(PASTELERIA, now, "x.a"), PASTELERIA, "retry", null);
        delivery(event(PASTELERIA, now, "x.a"), PASTELERIA, "done", now);
        assertThatThrownBy(() -> retireSubscription("s", 100, true))
                .as("declared just now")
                .hasMessageContaining("declares");
        sql.run("update hub.subscription set last_declared_at = now() - interval '3 minutes'");
        assertThat(retireSubscription("s", 100, true)).isEqualTo(3);
        assertThat(retireSubscription("s", 2, true))
                .as("no more than the limit")
                .isEqualTo(2);
        assertThat(sql.deliveries("dead")).as("dry run").isZero();

        assertThat(retireSubscription("s", 2, false)).isEqualTo(2);
        assertThat(retireSubscription("s", 100, false)).isEqualTo(1);
        assertThat(sql.number("select count(*) from hub.delivery where state = 'dead' and next_at is null"
                        + " and finished_at is not null and last_error = 'subscription retired'"))
                .isEqualTo(3);
        assertThat(sql.deliveries("done")).isEqualTo(1);
        assertThat(sql.number("select count(*) from hub.subscription where active"))
                .isZero();
        assertThatThrownBy(() -> retireSubscription("nobody", 100, true)).hasMessageContaining("unknown subscription");
    }

    @Test
    @DisplayName("a subscription at which a node still works is not retired, whatever its mark says")
    void retireWhileLeased() {
        delivery(event(FERRETERIA, Instant.now(), "x.a"), FERRETERIA, "leased", null);
        sql.run("update hub.subscription set last_declared_at = now() - interval '1 day'");
        assertThatThrownBy(() -> retireSubscription("s", 100, false)).hasMessageContaining("declares");
        assertThat(sql.deliveries("leased")).isEqualTo(1);
    }

    @Test
    @DisplayName("a node of the version before declares as it did: marked, active, and the limit of attempts stays")
    void declaredByAnOldNode() {
        sql.run(
                "update hub.subscription set max_attempts = 3, active = false, last_declared_at = now() - interval '1 day'");
        engine.query("select hub.subscribe(array['s', 't'], array['x.*', 'y'], false)", rs -> {});
        assertThat(sql.rows(
                        "select name, max_attempts, active, last_declared_at > now() - interval '1 minute' as marked"
                                + " from hub.subscription order by name"))
                .containsExactly(
                        Map.of("name", "s", "max_attempts", 3, "active", true, "marked", true),
                        Map.of("name", "t", "max_attempts", 8, "active", true, "marked", true));
    }

    @Test
    @DisplayName("declaring again what is known leaves the time since which it must have had every event")
    void declaredAgain() {
        sql.run("update hub.subscription set updated_at = now() - interval '1 day'");
        engine.query("select hub.subscribe(array['s'], array['x.*'], array[4], false)", rs -> {});
        assertThat(sql.number("select count(*) from hub.subscription where max_attempts = 4"
                        + " and updated_at < now() - interval '1 hour'"))
                .isEqualTo(1);
    }

    private void partition(String kind, LocalDate day) {
        String parent = kind.equals("events") ? "public.events" : "hub.payload";
        String name = "hub." + kind + "_" + day.toString().replace("-", "");
        sql.run("create table " + name + " partition of " + parent + " for values from (hub.uuid_floor('" + day
                + "'::timestamp at time zone 'UTC')) to (hub.uuid_floor('" + day.plusDays(1)
                + "'::timestamp at time zone 'UTC'))");
        sql.run("alter table " + name + " owner to hub_log");
    }

    private boolean exists(String kind, LocalDate day) {
        return sql.text("select to_regclass('hub." + kind + "_" + day.toString().replace("-", "") + "')::text") != null;
    }

    private int retire() {
        Integer n = engine.queryForObject(
                "select hub.retire(interval '30 days', interval '400 days', interval '30 days')", Integer.class);
        return n == null ? -1 : n;
    }

    @Test
    @DisplayName(
            "retention drops the payloads and events of old days and keeps the days that an unfinished delivery needs")
    void retention() {
        LocalDate today = LocalDate.now(ZoneOffset.UTC);
        LocalDate old = today.minusDays(40);
        LocalDate needed = today.minusDays(41);
        LocalDate recent = today.minusDays(20);
        LocalDate ancient = today.minusDays(410);
        for (LocalDate day : List.of(old, needed, recent, ancient)) {
            partition("events", day);
            partition("payload", day);
        }
        Instant noon = needed.atTime(12, 0).toInstant(ZoneOffset.UTC);
        delivery(event(FERRETERIA, noon, "x.y"), FERRETERIA, "retry", null);
        delivery(event(FERRETERIA, old.atTime(12, 0).toInstant(ZoneOffset.UTC), "x.y"), FERRETERIA, "done", noon);
        retire();
        assertThat(exists("payload", old)).isFalse();
        assertThat(exists("events", old)).isTrue();
        assertThat(exists("payload", needed))
                .as("an unfinished delivery needs it")
                .isTrue();
        assertThat(exists("payload", recent)).isTrue();
        assertThat(exists("events", ancient)).isFalse();
        assertThat(exists("payload", ancient)).isFalse();
        assertThat(sql.deliveries("done"))
                .as("finished deliveries past their time")
                .isZero();
        assertThat(sql.deliveries("retry")).isEqualTo(1);
    }

    @Test
    @DisplayName("what a node with a wrong clock wrote long ago goes as well: no body outlives its retention")
    void retentionOfDefaultPartition() {
        UUID stray = event(FERRETERIA, Instant.now().minus(500, ChronoUnit.DAYS), "x.y");
        assertThat(sql.number("select count(*) from hub.payload_default where event_id = ?", stray))
                .isEqualTo(1);
        retire();
        assertThat(sql.number("select count(*) from hub.payload where event_id = ?", stray))
                .isZero();
        assertThat(sql.number("select count(*) from public.events where id = ?", stray))
                .isZero();
    }

    @Test
    @DisplayName("what was sent is forgotten once its delivery cannot run again, never before: nothing is sent twice")
    void sentRetention() throws Exception {
        LocalDate needed = LocalDate.now(ZoneOffset.UTC).minusDays(41);
        LocalDate old = LocalDate.now(ZoneOffset.UTC).minusDays(40);
        for (LocalDate day : List.of(needed, old)) {
            partition("events", day);
            partition("payload", day);
        }
        Instant noon = needed.atTime(12, 0).toInstant(ZoneOffset.UTC);
        UUID unfinished = event(FERRETERIA, noon, "x.y");
        delivery(unfinished, FERRETERIA, "retry", null);
        UUID over = event(FERRETERIA, old.atTime(12, 0).toInstant(ZoneOffset.UTC), "x.y");
        UUID recent = event(FERRETERIA, Instant.now(), "x.y");
        sent(FERRETERIA + ":" + unfinished + ":s:message/hello", 41);
        sent(FERRETERIA + ":" + over + ":s:message/hello", 40);
        sent(FERRETERIA + ":" + over + ":s:message/again", 29);
        sent(FERRETERIA + ":" + recent + ":s:message/hello", 0);
        sent("made-by-hand", 59);
        sent("made-by-hand-long-ago", 61);
        new DeliveryStore(database.as("hub_engine"), "test")
                .keepHouse(Duration.ofDays(30), Duration.ofDays(400), Duration.ofDays(30));
        assertThat(sql.rows("select effect_key from hub.sent order by sent_at"))
                .extracting(row -> row.get("effect_key"))
                .containsExactly(
                        "made-by-hand",
                        FERRETERIA + ":" + unfinished + ":s:message/hello",
                        FERRETERIA + ":" + over + ":s:message/again",
                        FERRETERIA + ":" + recent + ":s:message/hello");
    }

    private void sent(String key, int daysAgo) {
        sql.run(
                "insert into hub.sent (tenant_rut, effect_key, external_id, sent_at)"
                        + " values (?, ?, '1', now() - ? * interval '1 day')",
                FERRETERIA,
                key,
                daysAgo);
    }

    @Test
    @DisplayName("expired dedup keys go, live ones stay; after that the key is free again")
    void dedupRetention() {
        sql.run("insert into hub.dedup values ('" + FERRETERIA
                + "', 's', 'old', '\\x00', gen_random_uuid(), now() - interval '1 s')," + " ('" + FERRETERIA
                + "', 's', 'live', '\\x00', gen_random_uuid(), now() + interval '1 h')");
        assertThat(retire()).isEqualTo(1);
        assertThat(sql.column(String.class, "select dedup_key from hub.dedup")).containsExactly("live");
    }

    @Test
    @DisplayName("retention gives up behind a long-running reader instead of blocking intake behind itself")
    void retentionBehindReader() throws Exception {
        LocalDate old = LocalDate.now(ZoneOffset.UTC).minusDays(410);
        partition("events", old);
        try (Connection reader = database.as("postgres").getConnection();
                Statement s = reader.createStatement()) {
            reader.setAutoCommit(false);
            s.execute("select count(*) from public.events");
            long start = System.nanoTime();
            retire();
            assertThat((System.nanoTime() - start) / 1_000_000)
                    .as("milliseconds")
                    .isLessThan(5_000);
            assertThat(exists("events", old)).isTrue();
        }
        retire();
        assertThat(exists("events", old)).isFalse();
    }

    @Test
    @DisplayName("making partitions again makes none, and hubs that do it at once do not disturb each other")
    void ensurePartitions() {
        assertThat(engine.queryForObject("select hub.ensure_partitions()", Integer.class))
                .isZero();
        List<CompletableFuture<Integer>> all = IntStream.range(0, 4)
                .mapToObj(i -> CompletableFuture.supplyAsync(
                        () -> engine.queryForObject("select hub.ensure_partitions(9)", Integer.class)))
                .toList();
        assertThat(all.stream().mapToInt(CompletableFuture::join).sum()).isEqualTo(4);
    }

    @Test
    @DisplayName("rows that were written ahead of their partition move into it and are lost for nobody")
    void ensurePartitionsMovesRows() {
        Instant ahead = LocalDate.now(ZoneOffset.UTC).plusDays(8).atTime(12, 0).toInstant(ZoneOffset.UTC);
        UUID id = event(FERRETERIA, ahead, "x.y");
        assertThat(sql.text("select tableoid::regclass::text from public.events where id = ?", id))
                .isEqualTo("hub.events_default");
        assertThat(engine.queryForObject("select hub.ensure_partitions(8)", Integer.class))
                .isEqualTo(2);
        assertThat(sql.text("select tableoid::regclass::text from public.events where id = ?", id))
                .startsWith("hub.events_2");
        assertThat(sql.text("select tableoid::regclass::text from hub.payload where event_id = ?", id))
                .startsWith("hub.payload_2");
    }

    @Test
    @DisplayName("a claim reads what it takes, not the history: 200,000 done and 50,000 waiting rows cost it nothing")
    void claimCost() throws Exception {
        claimCost(50_000, 100);
    }

    @Test
    @DisplayName("a claim reads what it takes, not the backlog: 300,000 waiting rows of two tenants cost it nothing")
    void claimCostOfFewTenants() throws Exception {
        claimCost(300_000, 2);
    }

    private void claimCost(int waiting, int tenants) throws Exception {
        sql.run("insert into hub.delivery (event_id, tenant_rut, subscription, event_key, state, attempt, finished_at)"
                + " select gen_random_uuid(), '" + FERRETERIA + "', 's', 'k' || i % 5000, 'done', 1, now()"
                + " from generate_series(1, 200000) i");
        sql.run(
                "with e as (insert into public.events (id, tenant_rut, type, source, event_key, correlation_id, occurred_at)"
                        + " select (lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || '7000' || 'a000'"
                        + " || lpad(to_hex(i), 12, '0'))::uuid, (60000000 + i % " + tenants
                        + ") || '-1', 'x.y', 'test', 'k' || i % 5000, 'c', now()"
                        + " from generate_series(1, " + waiting + ") i returning id, tenant_rut, event_key)"
                        + " insert into hub.delivery (event_id, tenant_rut, subscription, event_key)"
                        + " select id, tenant_rut, 's', event_key from e");
        sql.run("analyze hub.delivery");
        try (Connection c = database.as("hub_engine").getConnection();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            // The first calls are planned for their values, later ones in general: look at both.
            for (int round = 0; round < 8; round++) {
                try (var rows = s.executeQuery(
                        "select count(*) from hub.claim('s', 'n', 200, 192, '{}', '{}', interval '30 s')")) {
                    rows.next();
                    assertThat(rows.getInt(1)).isEqualTo(200);
                }
            }
            JdbcTemplate same =
                    new JdbcTemplate(new org.springframework.jdbc.datasource.SingleConnectionDataSource(c, true));
            Map<String, Object> cost = same.queryForMap(
                    "select seq_scan, idx_tup_fetch from pg_stat_xact_all_tables where relid = 'hub.delivery'::regclass");
            assertThat(cost).containsEntry("seq_scan", 0L);
            assertThat(((Number) cost.get("idx_tup_fetch")).longValue() / 8)
                    .as("rows read by a claim of 200")
                    .isLessThan(5_000);
            c.commit();
            sql.run(
                    "select hub.finish('n', array_agg(id), array_agg(lease_token), array_agg('done'::text),"
                            + " array_agg(null::text), array_agg(0::bigint), array_agg(1), array_agg(null::text), '{}', '{}', '{}',"
                            + " '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}') from hub.delivery where state = 'leased'");
            assertThat(sql.number("select count(*) from hub.delivery where state = 'leased'"))
                    .isZero();
        }
    }

    @Test
    @DisplayName(
            "a claim reads its own events and bodies, not what lies between them: another hub's, or another subscription's")
    void claimsBetweenOthers() throws Exception {
        sql.run(
                "with e as (insert into public.events (id, tenant_rut, type, source, event_key, correlation_id, occurred_at)"
                        + " select (lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || '7000' || 'a000'"
                        + " || lpad(to_hex(i), 12, '0'))::uuid, '" + FERRETERIA
                        + "', 'x.y', 'test', 'k' || i, 'c', now()"
                        + " from generate_series(1, 20000) i returning id, event_key),"
                        + " p as (insert into hub.payload (event_id, tenant_rut, content_type, body)"
                        + " select id, '" + FERRETERIA + "', 'application/json', '{}' from e)"
                        + " insert into hub.delivery (event_id, tenant_rut, subscription, event_key)"
                        + " select id, '" + FERRETERIA + "', 's', event_key from e"
                        + " where substr(event_key, 2)::int % 400 = 0");
        // No statistics: they are always older than what is claimed.
        try (Connection c = database.as("hub_engine").getConnection();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            try (var rows = s.executeQuery(
                    "select count(body) from hub.claim('s', 'n', 200, 192, '{}', '{}', interval '30 s')")) {
                rows.next();
                assertThat(rows.getInt(1)).isEqualTo(50);
            }
            try (var rows = s.executeQuery("select sum(idx_tup_fetch) from pg_stat_xact_all_tables"
                    + " where relname ~ '^(events|payload)_2'")) {
                rows.next();
                assertThat(rows.getLong(1)).as("rows read for 50 claimed ones").isEqualTo(100);
            }
            c.rollback();
        }
    }

    @Test
    @DisplayName("an outcome reads its own delivery, not all that are leased, also by statistics of a calm moment")
    void outcomesAmongManyLeased() throws Exception {
        sql.run("insert into hub.delivery (event_id, tenant_rut, subscription, event_key)"
                + " select gen_random_uuid(), '" + FERRETERIA + "', 's', 'k' || i from generate_series(1, 3000) i");
        sql.run("analyze hub.delivery");
        sql.run("update hub.delivery set state = 'leased', attempt = 1, lease_owner = 'n', lease_token = 7,"
                + " lease_until = now() + interval '30 s'");
        try (Connection c = database.as("hub_engine").getConnection();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            // The first calls are planned for their values, later ones in general: look at both.
            for (int round = 0; round < 8; round++) {
                try (var rows = s.executeQuery(
                        "select count(*) from hub.finish('n', array(select id from generate_series(" + (round * 20 + 1)
                                + ", " + (round * 20 + 20) + ") id), array_fill(7::bigint, '{20}'),"
                                + " array_fill('done'::text, '{20}'), array_fill(null::text, '{20}'),"
                                + " array_fill(0::bigint, '{20}'), array_fill(1, '{20}'), array_fill(null::text, '{20}'),"
                                + " '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',"
                                + " '{}', '{}', '{}', array_fill(null::text, '{20}'))")) {
                    rows.next();
                    assertThat(rows.getInt(1)).isEqualTo(20);
                }
            }
            try (var rows = s.executeQuery(
                    "select idx_tup_fetch from pg_stat_xact_all_tables where relid = 'hub.delivery'::regclass")) {
                rows.next();
                assertThat(rows.getLong(1)).as("rows read for 160 outcomes").isLessThan(1_000);
            }
            c.rollback();
        }
    }

    @Test
    @DisplayName("a claim reads what it brings, not all that waits, also by statistics of a calm moment")
    void claimsAmongManyWaiting() throws Exception {
        sql.run("insert into hub.delivery (event_id, tenant_rut, subscription, event_key, state, finished_at)"
                + " select gen_random_uuid(), '" + FERRETERIA + "', 's', 'k' || i, 'done', now()"
                + " from generate_series(1, 3000) i");
        sql.run("analyze hub.delivery");
        sql.run("update hub.delivery set state = 'pending', finished_at = null");
        try (Connection c = database.as("hub_engine").getConnection();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            for (int round = 0; round < 8; round++) {
                s.execute("select count(*) from hub.claim('s', 'n', 20, 192, '{}', '{}', interval '30 s')");
            }
            try (var rows = s.executeQuery("select n_tup_upd, idx_tup_fetch from pg_stat_xact_all_tables"
                    + " where relid = 'hub.delivery'::regclass")) {
                rows.next();
                assertThat(rows.getLong(1)).as("leased").isEqualTo(160);
                assertThat(rows.getLong(2)).as("rows read for them").isLessThan(2_000);
            }
            c.rollback();
        }
    }

    @ParameterizedTest
    @DisplayName(
            "what each outcome and each turn pass is planned once, and never reads a whole table for being planned in its first days")
    @ValueSource(strings = {"finish", "take_turn"})
    void plannedOnce(String function) {
        assertThat(new JdbcTemplate(database.as("postgres"))
                        .queryForList(
                                "select distinct unnest(proconfig) from pg_proc where proname = ? and pronamespace = 'hub'::regnamespace"
                                        + " and pronargs > 4",
                                String.class,
                                function))
                .contains("plan_cache_mode=force_generic_plan", "enable_seqscan=off", "enable_bitmapscan=off")
                .doesNotContain("plan_cache_mode=auto");
    }

    @Test
    @DisplayName("a claim looks into the day of its events, however many days are kept")
    void claimsByDay() throws Exception {
        engine.queryForObject("select hub.ensure_partitions(40)", Integer.class);
        UUID id = event(FERRETERIA, Instant.now(), "x.y");
        sql.run(
                "insert into hub.delivery (event_id, tenant_rut, subscription, event_key) values (?, ?, 's', 'k')",
                id,
                FERRETERIA);
        try (Connection c = database.as("hub_engine").getConnection();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            try (var rows = s.executeQuery(
                    "select count(body) from hub.claim('s', 'n', 200, 192, '{}', '{}', interval '30 s')")) {
                rows.next();
                assertThat(rows.getInt(1)).isEqualTo(1);
            }
            try (var rows = s.executeQuery("select c.relname from pg_locks l join pg_class c on c.oid = l.relation"
                    + " where l.pid = pg_backend_pid() and c.relkind = 'r' and c.relname ~ '^(events|payload)_'")) {
                List<String> days = new ArrayList<>();
                while (rows.next()) {
                    days.add(rows.getString(1));
                }
                assertThat(days).hasSize(2).allMatch(day -> day.matches("(events|payload)_2\\d{7}"));
            }
            c.rollback();
        }
    }
}
