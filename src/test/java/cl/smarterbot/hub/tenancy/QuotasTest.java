package cl.smarterbot.hub.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.tenancy.Quotas.Ask;
import cl.smarterbot.hub.tenancy.Quotas.Kind;
import cl.smarterbot.hub.tenancy.Quotas.Verdict;
import cl.smarterbot.hub.testing.DatabaseClock;
import cl.smarterbot.hub.testing.SwitchedDataSource;
import cl.smarterbot.hub.testing.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;

@DisplayName("Requests a minute")
class QuotasTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final TestDatabase database = TestDatabase.fresh();
    private final DatabaseClock clock = DatabaseClock.in(database);
    private final HikariDataSource pool = new HikariDataSource();
    private final SwitchedDataSource registry = new SwitchedDataSource(pool);
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<Quotas> nodes = new ArrayList<>();

    @BeforeEach
    void connect() {
        pool.setDataSource(database.as("hub_registry"));
        pool.setMaximumPoolSize(4);
    }

    @AfterEach
    void close() {
        nodes.forEach(Quotas::close);
        pool.close();
    }

    private Quotas node() {
        return node(LONG, 1_000);
    }

    private Quotas node(Duration patience, int remembered) {
        Quotas node = new Quotas(registry, patience, remembered, meters);
        nodes.add(node);
        return node;
    }

    private static Verdict take(Quotas node, Ask... asks) {
        return node.take(List.of(asks))
                .toCompletableFuture()
                .orTimeout(60, TimeUnit.SECONDS)
                .join();
    }

    private static void told(Verdict verdict, boolean allowed, int limit, int remaining, int seconds) {
        assertThat(verdict).isEqualTo(new Verdict(allowed, true, limit, remaining, seconds));
    }

    /** The database's clock stands still, but a node carries it on by its own between two questions. */
    private static void refused(Verdict verdict, int limit, int atMostSeconds) {
        told(verdict, false, limit, 0, verdict.resetSeconds());
        assertThat(verdict.resetSeconds()).isBetween(1, atMostSeconds);
    }

    private static Ask tenant(int limit) {
        return new Ask(Kind.TENANT, "76000012-4", limit);
    }

    private static Ask address(String name, int limit) {
        return new Ask(Kind.ADDRESS, name, limit);
    }

    private double rounds() {
        return meters.get("hub.quota.rounds").counter().count();
    }

    @Test
    @DisplayName("three nodes together hand out exactly the burst, however many ask at once")
    void exact() {
        List<Quotas> three = List.of(node(), node(), node());
        List<CompletableFuture<Verdict>> all = new ArrayList<>();
        for (int i = 0; i < 1_500; i++) {
            all.add(three.get(i % 3).take(List.of(tenant(2_400))).toCompletableFuture());
        }
        assertThat(all.stream()
                        .map(v -> v.orTimeout(60, TimeUnit.SECONDS).join())
                        .filter(Verdict::allowed))
                .hasSize(200);
    }

    @Test
    @DisplayName("the figures count down to nothing and are never negative; a refusal says when to come back")
    void figures() {
        Quotas node = node();
        for (int left = 9; left >= 0; left--) {
            told(take(node, tenant(10)), true, 10, left, 6 * (10 - left));
        }
        refused(take(node, tenant(10)), 10, 6);
        clock.set("12:00:04");
        refused(take(node(), tenant(10)), 10, 2);
    }

    @Test
    @DisplayName("of several buckets the tightest is told, and a refused request is counted in none")
    void allOrNothing() {
        Quotas node = node();
        assertThat(take(node, tenant(10), address("a", 2)).remaining()).isEqualTo(1);
        assertThat(take(node, tenant(10), address("a", 2)).remaining()).isZero();
        for (int i = 0; i < 20; i++) {
            assertThat(take(node, tenant(10), address("a", 2)).allowed()).isFalse();
        }
        told(take(node, tenant(10), address("b", 9)), true, 10, 7, 18);
    }

    @Test
    @DisplayName("refusing a flood asks the database nothing, and serving many asks it seldom")
    void seldomAsked() {
        Quotas node = node();
        int allowed = 0;
        for (int i = 0; i < 2_000; i++) {
            allowed += take(node, tenant(24_000)).allowed() ? 1 : 0;
        }
        assertThat(allowed).isEqualTo(2_000);
        assertThat(rounds()).isLessThan(60);
        assertThat(take(node, address("full", 1)).allowed()).isTrue();
        assertThat(take(node, address("full", 1)).allowed()).isFalse();
        double before = rounds();
        for (int i = 0; i < 10_000; i++) {
            CompletableFuture<Verdict> verdict =
                    node.take(List.of(address("full", 1), address("a" + i, 5))).toCompletableFuture();
            assertThat(verdict).isCompletedWithValueMatching(v -> !v.allowed());
        }
        assertThat(rounds()).isEqualTo(before);
    }

    @Test
    @DisplayName(
            "an empty bucket fills in the database's time, whatever the node's clock says, and never beyond its burst")
    void fills() {
        Quotas node = node();
        for (int i = 0; i < 100; i++) {
            assertThat(take(node, tenant(100)).allowed()).isTrue();
        }
        assertThat(take(node, tenant(100)).allowed()).isFalse();
        // The node believes that a request flowed in, asks, and is told that none did.
        double before = rounds();
        await().until(() -> !take(node, tenant(100)).allowed() && rounds() > before);
        clock.set("12:00:03");
        await().until(() -> take(node, tenant(100)).allowed());
        for (int i = 0; i < 4; i++) {
            assertThat(take(node, tenant(100)).allowed()).isTrue();
        }
        assertThat(take(node, tenant(100)).allowed()).isFalse();
        clock.set("13:00:00");
        await().until(() -> take(node, tenant(100)).allowed());
        int more = 0;
        while (take(node, tenant(100)).allowed()) {
            more++;
        }
        assertThat(more).isEqualTo(99);
    }

    @Test
    @DisplayName("of a large limit five seconds' worth may come at once, and the rest evenly")
    void burst() {
        Quotas node = node();
        int taken = 0;
        while (take(node, tenant(6_000)).allowed()) {
            taken++;
        }
        assertThat(taken).isEqualTo(500);
        clock.set("12:00:01");
        await().until(() -> take(node, tenant(6_000)).allowed());
        int more = 1;
        while (take(node, tenant(6_000)).allowed()) {
            more++;
        }
        assertThat(more).isEqualTo(100);
    }

    @Test
    @DisplayName("another limit counts from the next request on: what flows in, not what was used")
    void limitChanged() {
        Quotas node = node();
        assertThat(take(node, tenant(1)).allowed()).isTrue();
        assertThat(take(node, tenant(1)).allowed()).isFalse();
        refused(take(node, tenant(3)), 3, 20);
        clock.set("12:00:20");
        assertThat(take(node, tenant(4)).allowed()).isTrue();
        assertThat(take(node, tenant(0)).allowed()).isFalse();
    }

    @Test
    @DisplayName("many addresses cannot push a tenant's counter out, and one that was forgotten is not fresh")
    void manyAddresses() {
        Quotas node = node(LONG, 16);
        assertThat(take(node, tenant(1), address("first", 1)).allowed()).isTrue();
        assertThat(take(node, address("first", 1)).allowed()).isFalse();
        List<CompletableFuture<Verdict>> flood = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            flood.add(node.take(List.of(address("flood-" + i, 1))).toCompletableFuture());
        }
        assertThat(flood).allSatisfy(v -> told(v.orTimeout(60, TimeUnit.SECONDS).join(), true, 1, 0, 60));
        double before = rounds();
        assertThat(take(node, tenant(1)).allowed()).isFalse();
        assertThat(rounds()).as("remembered").isEqualTo(before);
        assertThat(take(node, address("first", 1)).allowed()).isFalse();
        assertThat(flood.size() / rounds()).as("buckets a round trip").isGreaterThan(10);
    }

    @Test
    @DisplayName("while the database is away everything is let through at once, and counted again when it is back")
    void databaseAway() {
        registry.off();
        Quotas node = node();
        assertThat(take(node, tenant(1))).isEqualTo(Verdict.UNCOUNTED);
        for (int i = 0; i < 100; i++) {
            assertThat(node.take(List.of(tenant(1))).toCompletableFuture()).isCompletedWithValue(Verdict.UNCOUNTED);
        }
        assertThat(meters.get("hub.quota.uncounted").counter().count()).isEqualTo(101);
        registry.on();
        await().until(() -> take(node, tenant(1)).counted());
        assertThat(take(node, tenant(1)).allowed()).isFalse();
        registry.off();
        assertThat(take(node, tenant(1)).allowed())
                .as("what is known to be used up stays so")
                .isFalse();
    }

    @Test
    @DisplayName("a database that hangs holds nobody up for longer than the node's patience")
    void databaseHangs() throws Exception {
        Quotas node = node(Duration.ofMillis(200), 1_000);
        try (Connection other = database.as("postgres").getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("lock table hub.rate_bucket in access exclusive mode");
            assertThat(take(node, tenant(1))).isEqualTo(Verdict.UNCOUNTED);
            await().until(() ->
                    node.take(List.of(tenant(1))).toCompletableFuture().isDone());
            other.rollback();
        }
        await().until(() -> take(node, tenant(1)).counted());
    }

    @Test
    @DisplayName("a stopped node holds nobody up either")
    void stopped() {
        Quotas node = node();
        node.close();
        assertThat(node.take(List.of(tenant(1))).toCompletableFuture()).isCompletedWithValue(Verdict.UNCOUNTED);
    }

    @Test
    @DisplayName("buckets that are full again are dropped, others stay")
    void retired() {
        Quotas node = node();
        take(node, tenant(10), address("a", 10));
        JdbcTemplate asRegistry = new JdbcTemplate(registry);
        clock.set("12:01:05");
        assertThat(asRegistry.queryForObject("select hub.rate_retire()", Integer.class))
                .isZero();
        clock.set("12:01:30");
        assertThat(asRegistry.queryForObject("select hub.rate_retire()", Integer.class))
                .isEqualTo(2);
    }

    @Test
    @DisplayName("a node drops full buckets by itself")
    void retiresByItself() {
        Quotas node = new Quotas(registry, LONG, 100, Duration.ofMillis(50), meters);
        nodes.add(node);
        take(node, tenant(10), address("a", 10));
        JdbcTemplate superuser = new JdbcTemplate(database.as("postgres"));
        assertThat(superuser.queryForObject("select count(*) from hub.rate_bucket", Integer.class))
                .isEqualTo(2);
        clock.set("12:01:30");
        await().until(() -> superuser.queryForObject("select count(*) from hub.rate_bucket", Integer.class) == 0);
    }

    @Test
    @DisplayName("nobody but the registry's role may count, and that one sees no counter")
    void rights() {
        for (String role : TestDatabase.LOGIN_ROLES) {
            JdbcTemplate jdbc = new JdbcTemplate(database.as(role));
            assertThatThrownBy(() -> jdbc.queryForList("select * from hub.rate_bucket"))
                    .as(role)
                    .hasStackTraceContaining("permission denied");
            if (!role.equals("hub_registry")) {
                assertThatThrownBy(() -> jdbc.queryForList("select * from hub.rate_take('{a}', '{1}', '{1}', '{1}')"))
                        .as(role)
                        .hasStackTraceContaining("permission denied");
                assertThatThrownBy(() -> jdbc.queryForList("select hub.rate_retire()"))
                        .as(role)
                        .hasStackTraceContaining("permission denied");
            }
        }
    }
}
