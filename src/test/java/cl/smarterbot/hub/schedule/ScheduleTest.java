package cl.smarterbot.hub.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.DatabaseClock;
import cl.smarterbot.hub.testing.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** The {@code schedule:} component in real routes, with the time of the database in the hands of the test. */
class ScheduleTest {

    private static final String FERRETERIA = "76000012-4";
    private static final String PASTELERIA = "77000005-K";
    private static final String MINUTELY = "schedule:tick?cron=RAW(*/1 * * * *)";
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private final TestDatabase database = TestDatabase.fresh();
    private final DatabaseClock clock = DatabaseClock.in(database);
    private final JdbcTemplate jdbc = new JdbcTemplate(database.as("postgres"));
    private final List<ScheduleHub> hubs = new ArrayList<>();
    private final ConcurrentLinkedQueue<String> ran = new ConcurrentLinkedQueue<>();

    @BeforeEach
    void tenant() {
        tenant(FERRETERIA, "America/Santiago");
    }

    @AfterEach
    void stop() {
        hubs.forEach(ScheduleHub::close);
    }

    private void tenant(String rut, String zone) {
        jdbc.update("insert into public.tenants (rut, business_name) values (?, 'Company')", rut);
        jdbc.update("insert into hub.tenant_settings (tenant_rut, time_zone) values (?, ?)", rut, zone);
    }

    private ScheduleHub hub(String from) {
        return hub(from, e -> ran.add(TenantScope.of(e).orElseThrow() + " " + due(e)));
    }

    private ScheduleHub hub(String from, org.apache.camel.Processor work) {
        ScheduleHub hub = new ScheduleHub(database, new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from(from).routeId("tick").process(work);
            }
        });
        hubs.add(hub);
        return hub;
    }

    private void kill(ScheduleHub hub) {
        hubs.remove(hub);
        hub.close();
    }

    private static String due(Exchange e) {
        return (String) e.getMessage().getBody(Map.class).get("due");
    }

    private static ConditionFactory await() {
        return Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(15));
    }

    private void planned(int entries) {
        await().until(() -> count("hub.schedule_due where next_at > '-infinity'") == entries);
    }

    private int count(String from, Object... args) {
        Integer n = jdbc.queryForObject("select count(*) from " + from, Integer.class, args);
        return n == null ? 0 : n;
    }

    private int events() {
        return count("public.events where type like 'schedule.%'");
    }

    private void settled() {
        await().until(() -> count("hub.delivery where state not in ('done', 'dead')") == 0);
    }

    private List<Instant> due(String tenant) {
        return jdbc
                .queryForList(
                        "select occurred_at from public.events where tenant_rut = ? order by occurred_at",
                        java.sql.Timestamp.class,
                        tenant)
                .stream()
                .map(java.sql.Timestamp::toInstant)
                .toList();
    }

    /** Nothing is due any more by the time that is now: each node has had its turn. */
    private void quiet() {
        await().until(() -> count("hub.schedule_due where next_at <= (select at from test_clock.time)") == 0);
        settled();
    }

    private void at(Instant time) {
        clock.set(time);
        quiet();
    }

    @Test
    @DisplayName("two hubs that come and go at random fire each of a hundred times once")
    void oncePerTime() {
        Random random = new Random(42);
        hub(MINUTELY);
        hub(MINUTELY);
        planned(1);
        for (int minute = 1; minute <= 100; minute++) {
            clock.set(NOON.plus(Duration.ofMinutes(minute)));
            if (random.nextInt(8) == 0) {
                // Stopped while it may be firing; another one comes in its place.
                kill(hubs.get(random.nextInt(2)));
                hub(MINUTELY);
            }
            quiet();
            int expected = minute;
            await().until(() -> ran.size() == expected);
        }
        assertThat(due(FERRETERIA)).hasSize(100).doesNotHaveDuplicates();
        assertThat(ran).hasSize(100).doesNotHaveDuplicates();
    }

    @Test
    @DisplayName("a node that dies between append and moving on has fired nothing; another one fires, once")
    void killedBetween() {
        hub(MINUTELY);
        planned(1);
        // Sequences forget nothing when a transaction is rolled back.
        database.superuser("create sequence public.deaths; grant all on sequence public.deaths to public;"
                + "create function public.die() returns trigger language plpgsql security definer as $$ begin"
                + " if new.last_due_at is distinct from old.last_due_at and nextval('public.deaths') <= 2"
                + " then perform pg_terminate_backend(pg_backend_pid()); end if; return new; end $$;"
                + "create trigger die before update on hub.schedule_due for each row execute function public.die()");
        at(NOON.plusSeconds(60));
        await().until(() -> ran.size() == 1);
        assertThat(jdbc.queryForObject("select last_value from public.deaths", Integer.class))
                .as("died twice, then lived")
                .isEqualTo(3);
        at(NOON.plusSeconds(120));
        await().until(() -> ran.size() == 2);
        assertThat(due(FERRETERIA)).containsExactly(NOON.plusSeconds(60), NOON.plusSeconds(120));
    }

    @ParameterizedTest
    @CsvSource({"2026-09-05T12:00:00Z, 2026-09-06T04:00:00Z", "2027-09-04T12:00:00Z, 2027-09-05T04:00:00Z"})
    @DisplayName("a tenant's midnight that the day does not have fires at one o'clock, once")
    void gap(Instant start, Instant firing) {
        clock.set(start);
        hub("schedule:tick?cron=RAW(0 0 * * *)");
        planned(1);
        at(firing.minusMillis(1));
        assertThat(events()).isZero();
        at(firing);
        at(firing.plus(Duration.ofHours(20)));
        assertThat(due(FERRETERIA)).containsExactly(firing);
    }

    @ParameterizedTest
    @CsvSource({"2026-04-04T12:00:00Z, 2026-04-05T02:30:00Z", "2027-04-03T12:00:00Z, 2027-04-04T02:30:00Z"})
    @DisplayName("a tenant's time that the day has twice fires the first time only")
    void twice(Instant start, Instant firing) {
        clock.set(start);
        tenant(PASTELERIA, "UTC");
        hub("schedule:tick?cron=RAW(30 23 * * *)");
        planned(2);
        at(firing);
        at(firing.plus(Duration.ofHours(1)));
        at(firing.plus(Duration.ofHours(20)));
        assertThat(due(FERRETERIA)).containsExactly(firing);
        assertThat(due(PASTELERIA)).as("a zone without changes").hasSize(1);
    }

    @Test
    @DisplayName("times that no node was up for make one firing, for the last of them")
    void missedOnce() {
        kill(running(MINUTELY + "&missed=once"));
        clock.set(NOON.plusSeconds(3 * 60 + 20));
        hub(MINUTELY + "&missed=once");
        quiet();
        assertThat(due(FERRETERIA)).containsExactly(NOON.plusSeconds(180));
        at(NOON.plusSeconds(240));
        assertThat(due(FERRETERIA)).containsExactly(NOON.plusSeconds(180), NOON.plusSeconds(240));
    }

    @Test
    @DisplayName("times that are missed and to be skipped make no firing, and one that is hardly late does")
    void missedSkip() {
        kill(running(MINUTELY + "&missed=skip"));
        clock.set(NOON.plusSeconds(3 * 60 + 40));
        ScheduleHub second = running(MINUTELY + "&missed=skip");
        assertThat(events()).isZero();
        kill(second);
        clock.set(NOON.plusSeconds(4 * 60 + 3));
        hub(MINUTELY + "&missed=skip");
        quiet();
        assertThat(due(FERRETERIA)).containsExactly(NOON.plusSeconds(240));
    }

    private ScheduleHub running(String from) {
        ScheduleHub hub = hub(from);
        planned(1);
        quiet();
        return hub;
    }

    @Test
    @DisplayName("a new tenant joins, an inactive one leaves, and one that comes back has nothing to make up for")
    void comingAndGoing() {
        ScheduleHub hub = running(MINUTELY);
        tenant(PASTELERIA, "UTC");
        hub.refresh();
        planned(2);
        at(NOON.plusSeconds(60));
        assertThat(due(PASTELERIA)).hasSize(1);
        jdbc.update("update public.tenants set active = false where rut = ?", PASTELERIA);
        // This node has not heard of it yet.
        at(NOON.plusSeconds(120));
        assertThat(due(PASTELERIA)).hasSize(1);
        hub.refresh();
        await().until(() -> count("hub.schedule_due") == 1);
        clock.set(NOON.plusSeconds(600));
        jdbc.update("update public.tenants set active = true where rut = ?", PASTELERIA);
        hub.refresh();
        planned(2);
        quiet();
        assertThat(due(PASTELERIA)).hasSize(1);
        at(NOON.plusSeconds(660));
        assertThat(due(PASTELERIA)).containsExactly(NOON.plusSeconds(60), NOON.plusSeconds(660));
        assertThat(due(FERRETERIA)).hasSize(4);
    }

    @Test
    @DisplayName("a tenant that the registry ignores does not fire")
    void ignored() {
        ScheduleHub hub = running(MINUTELY);
        hub.ignore(FERRETERIA);
        tenant(PASTELERIA, "UTC");
        jdbc.update("update public.tenants set rut = '77000005-1' where rut = ?", PASTELERIA);
        hub.refresh();
        hub.ignore("77000005-1");
        planned(2);
        at(NOON.plusSeconds(60));
        assertThat(due("77000005-1")).isEmpty();
        assertThat(due(FERRETERIA)).hasSize(1);
    }

    @Test
    @DisplayName("a tenant's new time zone counts from now on")
    void newZone() {
        ScheduleHub hub = running("schedule:tick?cron=RAW(0 15 * * *)");
        jdbc.update("update hub.tenant_settings set time_zone = 'UTC'");
        hub.refresh();
        await().until(() -> count("hub.schedule_due where time_zone = 'UTC' and next_at > '-infinity'") == 1);
        at(NOON.plus(Duration.ofHours(7)));
        assertThat(due(FERRETERIA)).containsExactly(Instant.parse("2026-01-01T15:00:00Z"));
    }

    @Test
    @DisplayName("a schedule that is not per tenant fires for the house tenant alone, and for nobody if there is none")
    void house() {
        tenant(PASTELERIA, "UTC");
        ScheduleHub hub = hub(MINUTELY + "&perTenant=false");
        await().until(() -> count("hub.schedule") == 1);
        at(NOON.plusSeconds(60));
        assertThat(events()).isZero();
        jdbc.update("update hub.tenant_settings set house = true where tenant_rut = ?", PASTELERIA);
        hub.refresh();
        planned(1);
        at(NOON.plusSeconds(120));
        assertThat(due(PASTELERIA)).containsExactly(NOON.plusSeconds(120));
        assertThat(events()).isEqualTo(1);
    }

    @Test
    @DisplayName("a tenant's firing is left out while the one before runs; another tenant's is not")
    void noOverlap() throws InterruptedException {
        CountDownLatch slow = new CountDownLatch(1);
        AtomicInteger atOnce = new AtomicInteger();
        Map<String, Integer> most = new ConcurrentHashMap<>();
        tenant(PASTELERIA, "UTC");
        for (int node = 0; node < 2; node++) {
            hub(MINUTELY, e -> {
                String tenant = TenantScope.of(e).orElseThrow();
                most.merge(tenant, tenant.equals(FERRETERIA) ? atOnce.incrementAndGet() : 1, Math::max);
                ran.add(tenant);
                if (tenant.equals(FERRETERIA)) {
                    slow.await(30, TimeUnit.SECONDS);
                    atOnce.decrementAndGet();
                }
            });
        }
        planned(2);
        for (int minute = 1; minute <= 5; minute++) {
            clock.set(NOON.plusSeconds(60L * minute));
            int expected = minute;
            await().until(() -> ran.stream().filter(PASTELERIA::equals).count() == expected);
            await().until(() -> count("hub.schedule_due where next_at <= (select at from test_clock.time)") == 0);
            await().until(() -> count("hub.delivery where state <> 'done' and tenant_rut = ?", PASTELERIA) == 0);
        }
        assertThat(due(FERRETERIA)).hasSize(1);
        slow.countDown();
        settled();
        at(NOON.plusSeconds(360));
        assertThat(due(FERRETERIA)).containsExactly(NOON.plusSeconds(60), NOON.plusSeconds(360));
        assertThat(most).containsEntry(FERRETERIA, 1);
    }

    @Test
    @DisplayName("with overlap each firing runs at its time, however long the one before takes")
    void overlap() throws InterruptedException {
        CountDownLatch together = new CountDownLatch(3);
        hub(MINUTELY + "&overlap=true", e -> {
            together.countDown();
            together.await(30, TimeUnit.SECONDS);
        });
        planned(1);
        for (int minute = 1; minute <= 3; minute++) {
            clock.set(NOON.plusSeconds(60L * minute));
            await().until(() -> count("hub.schedule_due where next_at <= (select at from test_clock.time)") == 0);
        }
        assertThat(together.await(20, TimeUnit.SECONDS)).isTrue();
        settled();
        assertThat(events()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"once", "skip"})
    @DisplayName("a paused schedule runs once when it is resumed, or not at all if it skips what it misses")
    void paused(String missed) {
        running(MINUTELY + "&missed=" + missed);
        jdbc.execute("select hub.set_paused('schedule-tick', true)");
        for (int minute = 1; minute <= 3; minute++) {
            clock.set(NOON.plusSeconds(60L * minute));
            await().until(() -> count("hub.schedule_due where next_at <= (select at from test_clock.time)") == 0);
        }
        assertThat(ran).isEmpty();
        jdbc.execute("select hub.set_paused('schedule-tick', false)");
        settled();
        int expected = missed.equals("once") ? 1 : 0;
        await().until(() -> ran.size() == expected);
        assertThat(events()).isEqualTo(expected);
        at(NOON.plusSeconds(240));
        await().until(() -> ran.size() == expected + 1);
    }

    @Test
    @DisplayName("jitter gives each tenant a place of its own that it keeps, and the event its time without it")
    void jitter() {
        for (int i = 0; i < 20; i++) {
            tenant((76_100_000 + i) + "-" + i % 10, "UTC");
        }
        ScheduleHub hub = hub("schedule:tick?cron=RAW(0 * * * *)&jitter=600000");
        planned(21);
        List<Map<String, Object>> places = jdbc.queryForList(
                "select tenant_rut, next_at - '2026-01-01T13:00:00Z' as later from hub.schedule_due order by tenant_rut");
        assertThat(count(
                        "hub.schedule_due where next_at between '2026-01-01T12:00:00.001Z' and '2026-01-01T13:10:00Z'"))
                .isEqualTo(21);
        assertThat(places.stream()
                        .map(p -> p.get("later").toString())
                        .distinct()
                        .count())
                .isGreaterThan(15);
        kill(hub);
        jdbc.execute("update hub.schedule_due set next_at = '-infinity'");
        hub("schedule:tick?cron=RAW(0 * * * *)&jitter=600000");
        planned(21);
        assertThat(
                        jdbc.queryForList(
                                "select tenant_rut, next_at - '2026-01-01T13:00:00Z' as later from hub.schedule_due order by tenant_rut"))
                .isEqualTo(places);
        at(Instant.parse("2026-01-01T13:10:00Z"));
        assertThat(jdbc.queryForList(
                        "select occurred_at from public.events where occurred_at >= '2026-01-01T12:30:00Z'",
                        java.sql.Timestamp.class))
                .hasSize(21)
                .allSatisfy(t -> assertThat(t.toInstant()).isEqualTo("2026-01-01T13:00:00Z"));
    }

    @Test
    @DisplayName(
            "a clock of the database that leaps into the future and back fires nothing early again, nothing twice, and goes on")
    void leap() {
        ScheduleHub hub = running(MINUTELY);
        at(NOON.plusSeconds(60));
        at(NOON.plus(Duration.ofDays(1)));
        assertThat(events()).isEqualTo(2);
        clock.set(NOON.plusSeconds(120));
        hub.refresh();
        await().until(() -> count(
                        "hub.schedule_due where next_at = ?::timestamptz",
                        NOON.plusSeconds(180).toString())
                == 1);
        at(NOON.plusSeconds(180));
        assertThat(due(FERRETERIA))
                .containsExactly(NOON.plusSeconds(60), NOON.plusSeconds(180), NOON.plus(Duration.ofDays(1)));
        clock.set(NOON);
        hub.refresh();
        await().until(() -> count(
                        "hub.schedule_due where next_at = ?::timestamptz",
                        NOON.plusSeconds(60).toString())
                == 1);
        at(NOON.plusSeconds(60));
        at(NOON.plusSeconds(180));
        assertThat(events()).as("these times had fired").isEqualTo(3);
    }

    @Test
    @DisplayName("a changed rule counts from now on; an unchanged one keeps what it has to make up for")
    void changedRule() {
        kill(running(MINUTELY));
        clock.set(NOON.plusSeconds(100));
        ScheduleHub hub = hub("schedule:tick?every=600000");
        await().until(() -> count("hub.schedule_due where next_at = '2026-01-01T12:10:00Z'") == 1);
        assertThat(events()).isZero();
        at(NOON.plusSeconds(600));
        assertThat(due(FERRETERIA)).containsExactly(NOON.plusSeconds(600));
        kill(hub);
    }

    @Test
    @DisplayName("fired by hand it runs now, for one tenant or all, and what is planned stays planned")
    void byHand() {
        tenant(PASTELERIA, "UTC");
        hub(
                "schedule:tick?cron=RAW(0 0 * * *)",
                e -> ran.add(TenantScope.of(e).orElseThrow() + " "
                        + e.getMessage().getBody(Map.class).get("byHand")));
        planned(2);
        List<Map<String, Object>> planned =
                jdbc.queryForList("select tenant_rut, next_at from hub.schedule_due order by 1");
        ScheduleAdmin admin = new ScheduleAdmin(database.as("hub_ops"));
        assertThat(admin.run("ana", "tick", PASTELERIA).count()).isEqualTo(1);
        await().until(() -> ran.size() == 1);
        assertThat(ran).containsExactly(PASTELERIA + " true");
        assertThat(admin.run("ana", "tick", null).count()).isEqualTo(2);
        await().until(() -> ran.size() == 3);
        assertThat(jdbc.queryForList("select tenant_rut, next_at from hub.schedule_due order by 1"))
                .isEqualTo(planned);
        assertThat(jdbc.queryForList(
                        "select actor, action, tenant_rut, detail->>'count' as n from hub.audit order by id"))
                .containsExactly(audit(PASTELERIA, "1"), audit(null, "2"));
        assertThat(admin.schedules()).singleElement().satisfies(s -> {
            assertThat(s.name()).isEqualTo("tick");
            assertThat(s.tenants()).isEqualTo(2);
            assertThat(s.lastFiredAt()).isNotNull();
        });
        assertThat(admin.turns("tick", PASTELERIA, 10)).singleElement().satisfies(t -> assertThat(t.nextAt())
                .isEqualTo("2026-01-02T00:00:00Z"));
        assertThatThrownBy(() -> admin.run("ana", "tock", null)).isInstanceOf(ScheduleAdmin.NotFoundException.class);
        assertThatThrownBy(() -> admin.run("ana", "tick", "1-9")).isInstanceOf(ScheduleAdmin.NotFoundException.class);
        jdbc.execute("update hub.schedule set last_declared_at = now() - interval '3 minutes'");
        kill(hubs.get(0));
        jdbc.execute("update hub.schedule set last_declared_at = now() - interval '3 minutes'");
        assertThatThrownBy(() -> admin.run("ana", "tick", null)).isInstanceOf(ScheduleAdmin.RefusedException.class);
        assertThat(count("hub.audit")).isEqualTo(2);
    }

    private static Map<String, Object> audit(String tenant, String count) {
        Map<String, Object> row = new java.util.HashMap<>();
        row.put("actor", "ana");
        row.put("action", "schedule-run");
        row.put("tenant_rut", tenant);
        row.put("n", count);
        return row;
    }

    @Test
    @DisplayName("a stopped route fires nothing, while others do; started again it goes on")
    void stoppedRoute() throws Exception {
        ScheduleHub hub = running(MINUTELY);
        hub.camel().addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("schedule:other?every=60000").routeId("other").to("event:other.seen");
            }
        });
        planned(2);
        hub.camel().getRouteController().stopRoute("tick");
        clock.set(NOON.plusSeconds(60));
        await().until(() -> count("public.events where type = 'other.seen'") == 1);
        assertThat(count("public.events where type = 'schedule.tick'")).isZero();
        hub.camel().getRouteController().startRoute("tick");
        quiet();
        await().until(() -> ran.size() == 1);
    }

    @Test
    @DisplayName("with the database away nothing fires; back again, the last time is made up for")
    void databaseAway() {
        ScheduleHub hub = running(MINUTELY);
        hub.scheduler.off();
        clock.set(NOON.plusSeconds(200));
        assertThat(events()).isZero();
        hub.scheduler.on();
        quiet();
        assertThat(due(FERRETERIA)).containsExactly(NOON.plusSeconds(180));
    }

    @Test
    @DisplayName("is written in YAML as any other start of a route")
    void yaml() throws Exception {
        ScheduleHub hub = hub("schedule:other?every=3600000");
        Resource file = ResourceHelper.fromString("tick.yaml", """
                - route:
                    id: product-sync
                    from:
                      uri: schedule:product-sync
                      parameters:
                        cron: "*/1 2-23 * * MON-FRI"
                        missed: skip
                        jitter: 30000
                      steps:
                        - setBody:
                            expression:
                              simple:
                                expression: "${body[schedule]}"
                """);
        PluginHelper.getRoutesLoader(hub.camel()).loadRoutes(file);
        await().until(() -> count("hub.schedule where name = 'product-sync'") == 1);
        assertThat(jdbc.queryForMap("select timing, per_tenant, missed, jitter_ms, overlap from hub.schedule"
                        + " where name = 'product-sync'"))
                .containsAllEntriesOf(Map.of(
                        "timing",
                        "cron */1 2-23 * * MON-FRI",
                        "per_tenant",
                        true,
                        "missed",
                        "skip",
                        "jitter_ms",
                        30000,
                        "overlap",
                        false));
        assertThat(count("hub.subscription where name = 'schedule-product-sync' and pattern = 'schedule.product_sync'"))
                .isEqualTo(1);
    }

    @Test
    @DisplayName("what is wrong with a schedule is told all at once, at the start")
    void problems() {
        assertThatThrownBy(() -> hub("schedule:No_Name?every=60000&cron=RAW(* * * * *)&missed=maybe&jitter=-1"))
                .rootCause()
                .hasMessageContaining("lower-case words")
                .hasMessageContaining("either cron or every")
                .hasMessageContaining("missed must be")
                .hasMessageContaining("jitter must be");
        assertThatThrownBy(() -> hub("schedule:tick?every=999")).rootCause().hasMessageContaining("every must be");
    }
}
