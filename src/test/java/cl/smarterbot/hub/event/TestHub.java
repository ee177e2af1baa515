package cl.smarterbot.hub.event;

import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.apache.camel.Exchange;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.springframework.jdbc.datasource.AbstractDataSource;

/** One hub in this process: an event log on a database that other hubs may share, and a Camel context of its own. */
final class TestHub implements AutoCloseable {

    static final String FERRETERIA = "76000012-4";
    static final String PASTELERIA = "77000005-K";

    /** Settings of a hub that reacts fast enough for a test. */
    static final class Settings {
        int groupRows = 256;
        int queue = 20_000;
        Duration dedupTtl = Duration.ofHours(48);
        Duration lease = Duration.ofSeconds(30);
        Duration longestRun = Duration.ofMinutes(10);
        Duration poll = Duration.ofMillis(50);
        int claimBatch = 200;
        int workers = 8;
        Duration drain = Duration.ofSeconds(5);
        Duration promptCommit = Duration.ofMillis(10);
        boolean paused;
        boolean listening = true;

        EventProperties properties() {
            return new EventProperties(
                    groupRows,
                    1 << 20,
                    queue,
                    dedupTtl,
                    lease,
                    longestRun,
                    poll,
                    Duration.ofMillis(5),
                    claimBatch,
                    workers,
                    drain,
                    paused,
                    Duration.ofDays(30),
                    Duration.ofDays(400),
                    Duration.ofDays(30),
                    Duration.ofHours(1),
                    promptCommit);
        }
    }

    /** Connections that can be taken away, as when the database is gone or the network is cut. */
    static final class Cuttable extends AbstractDataSource implements AutoCloseable {
        private final HikariDataSource pool = new HikariDataSource();
        private final List<Connection> handedOut = new ArrayList<>();
        private volatile boolean cut;

        Cuttable(TestDatabase database, String role, int connections) {
            pool.setDataSource(database.as(role));
            pool.setMaximumPoolSize(connections);
            pool.setMinimumIdle(0);
            pool.setConnectionTimeout(3_000);
        }

        @Override
        public Connection getConnection() throws SQLException {
            if (cut) {
                throw new SQLException("cut by the test", "08001");
            }
            Connection connection = pool.getConnection();
            synchronized (handedOut) {
                handedOut.add(connection);
                handedOut.removeIf(c -> {
                    try {
                        return c.isClosed();
                    } catch (SQLException e) {
                        return true;
                    }
                });
            }
            return connection;
        }

        void cut() throws SQLException {
            cut = true;
            synchronized (handedOut) {
                for (Connection c : handedOut) {
                    if (!c.isClosed()) {
                        c.unwrap(org.postgresql.jdbc.PgConnection.class).abort(Runnable::run);
                    }
                }
            }
        }

        void mend() {
            cut = false;
        }

        @Override
        public Connection getConnection(String user, String password) throws SQLException {
            return getConnection();
        }

        @Override
        public PrintWriter getLogWriter() {
            return null;
        }

        @Override
        public Logger getParentLogger() {
            return Logger.getGlobal();
        }

        @Override
        public void close() {
            pool.close();
        }
    }

    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final EventRuntime runtime;
    final DefaultCamelContext camel = new DefaultCamelContext();
    final Cuttable writer;
    final Cuttable engine;
    private volatile FailureClassifier classifier = failure -> null;

    private TestHub(TestDatabase database, Settings settings) {
        writer = new Cuttable(database, "hub_writer", 1);
        engine = new Cuttable(database, "hub_engine", 4);
        DataSource listen = database.as("hub_engine");
        runtime = new EventRuntime(
                writer,
                engine,
                () -> {
                    if (!settings.listening) {
                        throw new SQLException("notifications are cut", "08001");
                    }
                    return listen.getConnection();
                },
                settings.properties(),
                meters);
        camel.addComponent(
                "event",
                new EventComponent(
                        runtime,
                        new TenantBinding() {
                            @Override
                            public String tenantOf(Exchange exchange) {
                                return TenantScope.of(exchange).orElse(null);
                            }

                            @Override
                            public void bind(Exchange exchange, String tenant) {
                                TenantScope.bind(exchange, tenant);
                            }
                        },
                        failure -> classifier.classify(failure)));
    }

    /** A hub that runs nothing yet. */
    static TestHub of(TestDatabase database) {
        return of(database, s -> {});
    }

    static TestHub of(TestDatabase database, Consumer<Settings> change) {
        Settings settings = new Settings();
        change.accept(settings);
        return new TestHub(database, settings);
    }

    TestHub classify(FailureClassifier with) {
        classifier = with;
        return this;
    }

    /** Starts routes, then the log, as the hub does. */
    TestHub start(RoutesBuilder... routes) {
        try {
            for (RoutesBuilder r : routes) {
                camel.addRoutes(r);
            }
            camel.start();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        runtime.start();
        org.awaitility.Awaitility.await().until(runtime.log()::available);
        return this;
    }

    /** A subscription without a route: the test decides when and how each delivery ends. */
    Subscription subscribe(
            String name, String pattern, RetryPolicy retry, BiConsumer<Delivery, Consumer<Outcome>> runner) {
        return subscribe(name, pattern, retry, 256, 192, runner);
    }

    Subscription subscribe(
            String name,
            String pattern,
            RetryPolicy retry,
            int concurrency,
            int perTenant,
            BiConsumer<Delivery, Consumer<Outcome>> runner) {
        Subscription subscription = new Subscription(name, pattern, retry, concurrency, perTenant, runner);
        runtime.engine().add(subscription);
        return subscription;
    }

    CompletableFuture<Appended> append(String tenant, String type, String key) {
        return runtime.log().append(event(tenant, type, key));
    }

    Appended appendNow(String tenant, String type, String key) {
        return now(append(tenant, type, key));
    }

    static <T> T now(CompletableFuture<T> future) {
        return future.orTimeout(20, TimeUnit.SECONDS).join();
    }

    static NewEvent event(String tenant, String type, String key) {
        return event(tenant, type, key, "{}", null);
    }

    static NewEvent event(String tenant, String type, String key, String metadata, NewEvent.Dedup dedup) {
        UUID id = UuidV7.next();
        return new NewEvent(
                id,
                tenant,
                type,
                "test",
                key,
                id.toString(),
                metadata,
                null,
                "application/json",
                null,
                new byte[] {'{', '}'},
                null,
                dedup);
    }

    static NewEvent record(String tenant, String type, String record, String body) {
        NewEvent e = event(tenant, type, "k");
        return new NewEvent(
                e.id(),
                tenant,
                type,
                e.source(),
                e.key(),
                e.correlationId(),
                e.metadata(),
                null,
                e.contentType(),
                null,
                body.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                record,
                null);
    }

    static NewEvent.Dedup dedup(String key, String content) {
        try {
            return new NewEvent.Dedup(
                    "test",
                    key,
                    java.security.MessageDigest.getInstance("SHA-256")
                            .digest(content.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static Outcome done(Delivery d, NewEvent... emitted) {
        return new Outcome(d, "done", null, 0, 1, null, List.of(emitted), List.of(), null);
    }

    static Outcome failed(Delivery d, RetryPolicy policy, String why) {
        return new Outcome(
                d,
                policy.exhausted(d.attempt()) ? "dead" : "retry",
                why,
                policy.delayAfter(d.attempt(), null).toMillis(),
                1,
                null,
                List.of(),
                List.of(),
                null);
    }

    static RetryPolicy quick(int attempts) {
        return new RetryPolicy(attempts, Duration.ofMillis(5), 1, Duration.ofMillis(20), 0.5);
    }

    @Override
    public void close() {
        camel.stop();
        runtime.close();
        writer.close();
        engine.close();
    }
}
