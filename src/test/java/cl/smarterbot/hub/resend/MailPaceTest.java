package cl.smarterbot.hub.resend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.testing.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;

@DisplayName("The pace of an account")
class MailPaceTest {

    private static final ExecutorService BLOCKING = Executors.newFixedThreadPool(4);
    private static TestDatabase database;
    private static JdbcTemplate app;

    @BeforeAll
    static void open() {
        database = TestDatabase.fresh();
        app = new JdbcTemplate(new TenantBoundDataSource(database.as("hub_app")));
    }

    @AfterAll
    static void close() {
        BLOCKING.shutdownNow();
    }

    private static MailPace pace(double perSecond) {
        return new MailPace(new TenantBoundDataSource(database.as("hub_app")), perSecond, BLOCKING);
    }

    private static long slots(String key, double perSecond, int count, long notBefore, long longest) {
        Long wait = app.queryForObject(
                "select hub.mail_slots(sha256(?::bytea), ?, ?, ?, ?)",
                Long.class,
                key.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                perSecond,
                count,
                notBefore,
                longest);
        return wait == null ? -1 : wait;
    }

    @Test
    @DisplayName("is one for all nodes: who comes later waits for what others reserved")
    void shared() {
        assertThat(slots("a", 0.01, 3, 0, 1_000_000)).isZero();
        assertThat(slots("a", 0.01, 1, 0, 1_000_000)).isBetween(200_000L, 300_000L);
        assertThat(slots("a", 0.01, 1, 0, 1_000_000)).isBetween(300_000L, 400_000L);
        assertThat(slots("another account", 0.01, 1, 0, 1_000_000)).isZero();
    }

    @Test
    @DisplayName("reserves nothing for who would wait too long")
    void tooLong() {
        assertThat(slots("b", 0.01, 1, 0, 60_000)).isZero();
        long first = slots("b", 0.01, 1, 0, 60_000);
        assertThat(first).isGreaterThan(60_000);
        assertThat(slots("b", 0.01, 1, 0, 60_000)).isLessThanOrEqualTo(first);
    }

    @Test
    @DisplayName("keeps the pause that the account asked for")
    void pause() {
        assertThat(slots("c", 10, 1, 30_000, 60_000)).isBetween(29_000L, 30_000L);
        assertThat(slots("c", 10, 1, 0, 60_000)).isGreaterThan(20_000);
    }

    @Test
    @DisplayName("serves everybody on two nodes, a few at a time")
    void everybody() {
        try (MailPace one = pace(200);
                MailPace other = pace(200)) {
            List<CompletableFuture<Void>> turns = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                turns.add((i % 2 == 0 ? one : other).take("key"));
            }
            CompletableFuture.allOf(turns.toArray(CompletableFuture[]::new))
                    .orTimeout(30, TimeUnit.SECONDS)
                    .join();
        }
    }

    @Test
    @DisplayName("sends those away whose turn is more than a minute off, and tells them when to come back")
    void away() {
        try (MailPace pace = pace(0.1)) {
            List<CompletableFuture<Void>> turns = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                turns.add(pace.take("slow"));
            }
            assertThatThrownBy(
                            () -> turns.get(11).orTimeout(20, TimeUnit.SECONDS).join())
                    .isInstanceOf(CompletionException.class)
                    .cause()
                    .isInstanceOfSatisfying(ResendException.class, e -> {
                        assertThat(e.isTransient()).isTrue();
                        assertThat(e.waitsForItsTurn())
                                .as("no failure of the mail")
                                .isTrue();
                        assertThat(e.retryAfter().orElseThrow()).isGreaterThan(Duration.ofMinutes(1));
                    });
            assertThat(turns.get(0).orTimeout(20, TimeUnit.SECONDS).join()).isNull();
        }
    }

    @Test
    @DisplayName("of no limit makes nobody wait and asks nobody")
    void none() {
        try (MailPace pace = new MailPace(new TenantBoundDataSource(database.as("nobody_at_all")), 0, BLOCKING)) {
            assertThat(pace.take("key")).isCompleted();
        }
    }
}
