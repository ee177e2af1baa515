package cl.smarterbot.hub.database;

import com.zaxxer.hikari.HikariDataSource;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Base64;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hub's one database: embedded or existing. Migrates it, then offers one small connection pool for each role. The owner's
 * account is used for the migration only; everything at run time goes through roles that own nothing and bypass nothing.
 *
 * <p>A database that is away at start does not stop the hub: {@link #start()} returns, the hub is not ready, and the migration is
 * tried again until it succeeds.
 */
public final class HubDatabase implements AutoCloseable {

    /** The roles of {@code integrations/supabase/V0001__roles_and_schema.sql} that log in. */
    public enum Role {
        WRITER("hub_writer", 1),
        ENGINE("hub_engine", 4),
        APP("hub_app", 10),
        REGISTRY("hub_registry", 2),
        OPS("hub_ops", 3);

        private final String login;
        private final int connections;

        Role(String login, int connections) {
            this.login = login;
            this.connections = connections;
        }
    }

    private static final Logger log = LoggerFactory.getLogger(HubDatabase.class);
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

    private final DatabaseProperties properties;
    private final OwnerLogin owner;
    private final DataFolderLock dataFolder;
    private final EmbeddedServer embedded;
    private final Map<Role, HikariDataSource> pools = new EnumMap<>(Role.class);
    private final List<Runnable> onReady = new CopyOnWriteArrayList<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean ready;
    private volatile String notReadyReason = "starting";
    private FutureTask<Void> begun;
    private Thread migrator;

    /**
     * @throws StartRefusedException if another hub runs on the same data folder, or an existing database has no password
     */
    public HubDatabase(DatabaseProperties properties) {
        this.properties = properties;
        this.dataFolder = properties.embedded() ? DataFolderLock.take(properties.dataDir()) : null;
        this.embedded = properties.embedded() ? startEmbedded() : null;
        this.owner = embedded != null
                ? OwnerLogin.embedded(properties, embedded.jdbcUrl())
                : OwnerLogin.existing(properties);
        for (Role role : Role.values()) {
            pools.put(role, pool(role));
        }
    }

    private EmbeddedServer startEmbedded() {
        try {
            return EmbeddedServer.start(properties.dataDir(), properties.embeddedPort());
        } catch (RuntimeException e) {
            dataFolder.close();
            throw e;
        }
    }

    /**
     * Runs the callback once the schema is there; at once if it already is. Callbacks run in the order of registration, and again
     * if one of them fails: they must bear that.
     */
    public synchronized void whenReady(Runnable callback) {
        if (ready) {
            callback.run();
        } else {
            onReady.add(callback);
        }
    }

    /** Begins the first migration in the background, so that {@link #start()} finds it done or under way. */
    public void begin() {
        begun = new FutureTask<>(() -> {
            if (embedded != null) {
                embedded.awaitStarted();
            }
            migrate();
            return null;
        });
        Thread thread = new Thread(begun, "hub-migrate");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Migrates now; if an existing database is away, goes on trying in the background.
     *
     * @throws IllegalStateException if the embedded server does not start
     */
    public void start() {
        if (embedded != null) {
            embedded.awaitStarted();
        }
        if (!tryMigrate()) {
            migrator = new Thread(this::migrateUntilDone, "hub-migrate");
            migrator.setDaemon(true);
            migrator.start();
        }
    }

    private void migrateUntilDone() {
        try {
            while (!closed.await(2, TimeUnit.SECONDS)) {
                if (tryMigrate()) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean tryMigrate() {
        try {
            if (begun != null) {
                awaitBegun();
            } else {
                migrate();
            }
        } catch (RuntimeException | SQLException e) {
            notReadyReason = "database not reachable or not migrated: " + firstLine(e);
            log.warn("Not ready: {}", notReadyReason);
            return false;
        }
        synchronized (this) {
            try {
                onReady.forEach(Runnable::run);
            } catch (RuntimeException e) {
                // The database may have gone again since: all of it is tried once more.
                notReadyReason = "start not completed: " + firstLine(e);
                log.warn("Not ready: {}", notReadyReason);
                return false;
            }
            ready = true;
            notReadyReason = null;
        }
        return true;
    }

    private void awaitBegun() throws SQLException {
        try {
            begun.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SQLException sql) {
                throw sql;
            }
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while migrating", e);
        } finally {
            begun = null;
        }
    }

    private void migrate() throws SQLException {
        Properties login = new Properties();
        login.setProperty("user", owner.user());
        login.setProperty("password", owner.password());
        login.setProperty("connectTimeout", "5");
        String handMade;
        // One quick look before Flyway, which is slow to say that nobody answers.
        try (Connection probe = DriverManager.getConnection(owner.url(), login)) {
            int major = probe.getMetaData().getDatabaseMajorVersion();
            if (major < 15) {
                throw new SQLException("PostgreSQL " + major + " is too old: the hub needs 15 to 18");
            }
            handMade = HandMadeSchema.version(probe);
        }
        if (handMade != null) {
            log.info("The schema was made by hand up to V{}; the hub goes on from there", handMade);
        }
        Flyway.configure()
                .dataSource(owner.url(), owner.user(), owner.password())
                .locations("classpath:db/supabase")
                .defaultSchema("hub")
                .createSchemas(true)
                .baselineOnMigrate(handMade != null)
                .baselineVersion(handMade != null ? handMade : "0")
                .baselineDescription("made by hand")
                .sqlMigrationPrefix("V")
                .javaMigrations(new RowLevelSecurityMigration())
                .load()
                .migrate();
        try (Connection connection = DriverManager.getConnection(owner.url(), login)) {
            letRolesLogIn(connection);
        }
    }

    /** Every hub on this database derives the same passwords, so any of them may set them. */
    private void letRolesLogIn(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            // Two hubs starting together must not alter the same role at once.
            statement.execute("select pg_advisory_xact_lock(hashtextextended('hub.roles', 0))");
            for (Role role : Role.values()) {
                statement.execute("alter role " + role.login + " login");
                connection
                        .unwrap(PGConnection.class)
                        .alterUserPassword(role.login, password(role).toCharArray(), "scram-sha-256");
            }
        }
        connection.commit();
    }

    private String password(Role role) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(
                    ("smarteros-hub:" + owner.password()).getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(mac.doFinal(role.login.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private HikariDataSource pool(Role role) {
        // Built without a configuration object, the pool opens at the first use: after the roles can log in.
        HikariDataSource config = new HikariDataSource();
        config.setPoolName("hub-" + role.name().toLowerCase(java.util.Locale.ROOT));
        config.setJdbcUrl(owner.url());
        config.setUsername(login(role));
        config.setPassword(password(role));
        config.setMaximumPoolSize(role == Role.APP ? properties.appPoolSize() : role.connections);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(CONNECT_TIMEOUT.toMillis());
        config.setValidationTimeout(1_000);
        config.setInitializationFailTimeout(-1);
        config.setMaxLifetime(TimeUnit.MINUTES.toMillis(25));
        config.addDataSourceProperty("ApplicationName", "smarteros-hub " + role.login);
        config.addDataSourceProperty("connectTimeout", "3");
        config.addDataSourceProperty("socketTimeout", "30");
        config.addDataSourceProperty("tcpKeepAlive", "true");
        config.addDataSourceProperty("prepareThreshold", "2");
        // A node that froze within a transaction must not keep its row locks from the node that takes over.
        // And a server whose default is asynchronous commit must not weaken what a 2xx says.
        config.setConnectionInitSql("set idle_in_transaction_session_timeout = '10s'; set synchronous_commit = on");
        // An error text must never carry the values of a row.
        config.addDataSourceProperty("logServerErrorDetail", "false");
        return config;
    }

    /** Supabase's pooler names a role {@code role.project}; the owner's name tells the project. */
    private String login(Role role) {
        int dot = owner.user().indexOf('.');
        return dot < 0 ? role.login : role.login + owner.user().substring(dot);
    }

    /** Pool of one role. Connections fail fast (3 s) while the database is away. */
    public DataSource as(Role role) {
        return pools.get(role);
    }

    /** A connection of its own for LISTEN, outside the pools. The caller closes it. */
    public Connection listenConnection() throws SQLException {
        Properties login = new Properties();
        login.setProperty("user", login(Role.ENGINE));
        login.setProperty("password", password(Role.ENGINE));
        login.setProperty("connectTimeout", "3");
        login.setProperty("tcpKeepAlive", "true");
        login.setProperty("ApplicationName", "smarteros-hub listen");
        return DriverManager.getConnection(owner.url(), login);
    }

    public boolean ready() {
        return ready;
    }

    /** Why the hub is not ready, in plain words without credentials; null once it is. */
    public String notReadyReason() {
        return notReadyReason;
    }

    /** Port of the embedded server on loopback, or -1 with an existing database. */
    public int embeddedPort() {
        return embedded != null ? embedded.port() : -1;
    }

    private static String firstLine(Throwable e) {
        String text = String.valueOf(e.getMessage());
        String line = text.lines().filter(l -> !l.isBlank()).findFirst().orElse("");
        return line.length() > 200 ? line.substring(0, 200) : line;
    }

    @Override
    public void close() {
        closed.countDown();
        pools.values().forEach(HikariDataSource::close);
        if (embedded != null) {
            try {
                embedded.close();
            } finally {
                dataFolder.close();
            }
        }
    }
}
