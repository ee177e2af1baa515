package cl.smarterbot.hub.faults;

import cl.smarterbot.hub.sandbox.SandboxServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** What one fault test runs in: a database, a sandbox Odoo that outlives the hubs, and hubs as processes. */
final class World implements AutoCloseable {

    private static final AtomicInteger NUMBERS = new AtomicInteger();
    static final Duration READY_BOUND = Duration.ofSeconds(60);

    final String name;
    final String database;
    private final Path folder;
    private final int embeddedPort;
    private final int odooPort = Ports.free();
    private final List<HubProcess> hubs = new ArrayList<>();
    private SandboxServer odoo;

    private World(String name, boolean embedded) {
        this.name = name;
        try {
            folder = Files.createTempDirectory("hub-faults-" + name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (embedded) {
            embeddedPort = Ports.free();
            database = "postgres";
        } else {
            embeddedPort = 0;
            database = "faults_" + NUMBERS.incrementAndGet();
            PostgresProcess.shared().createDatabase(database);
        }
    }

    /** With a database of its own on the shared server, and an Odoo that runs. */
    static World of(String name) {
        World world = new World(name, false);
        world.startOdoo();
        return world;
    }

    /** As {@link #of}, but nobody answers at the Odoo's address yet. */
    static World withoutOdoo(String name) {
        return new World(name, false);
    }

    /** The hubs bring their own PostgreSQL in their data folder. */
    static World embedded(String name) {
        World world = new World(name, true);
        world.startOdoo();
        return world;
    }

    void startOdoo() {
        odoo = SandboxServer.start(odooPort);
    }

    SandboxServer odoo() {
        return odoo;
    }

    String odooUrl() {
        return "http://127.0.0.1:" + odooPort;
    }

    /** A hub of this world, not yet started. */
    HubProcess hub(String suffix) {
        HubProcess hub = new HubProcess(name + suffix)
                .with("HUB_DATA_DIR", dataFolder(suffix).toString())
                .with("HUB_SANDBOX_PORT", Integer.toString(odooPort))
                .with("HUB_LEASE", "3s")
                .with("HUB_RETRY_INITIAL_DELAY", "200")
                // This world's Chatwoot tells nothing of what is written into it: all of it would be taken in anew.
                .with("HUB_CHATWOOT_RECONCILIATION_EVERY", "86400000")
                // What other flows do by the clock is not what these tests count.
                .with("HUB_PARTNER_EXPORT_CRON", "0 0 1 1 *")
                .with("HUB_RETRY_MAX_DELAY", "3000")
                .with("ODOO_URL", odooUrl())
                .with("ODOO_DB", "demo");
        if (embeddedPort != 0) {
            hub.with("HUB_EMBEDDED_POSTGRES_PORT", Integer.toString(embeddedPort));
        } else {
            hub.with("HUB_DATABASE_URL", PostgresProcess.shared().url(database))
                    .with("HUB_DATABASE_ALLOW_NO_PASSWORD", "true");
        }
        hubs.add(hub);
        return hub;
    }

    /** Data folder of the hub with that suffix. */
    Path dataFolder(String suffix) {
        return folder.resolve("data" + suffix);
    }

    Connection connect() throws SQLException {
        return embeddedPort != 0
                ? DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + embeddedPort + "/postgres", "postgres", "")
                : PostgresProcess.shared().connect(database);
    }

    /** The demo enters the tenants. An empty form is refused as 422 once its sender is known, and as 401 before. */
    void awaitTenants(HubProcess hub) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        HttpClient http = HttpClient.newHttpClient();
        for (Tenant tenant : Tenant.values()) {
            HttpRequest empty = HttpRequest.newBuilder(URI.create(hub.uri() + "/contact"))
                    .header("Content-Type", "application/json")
                    .header("X-API-Key", tenant.apiKey())
                    .POST(HttpRequest.BodyPublishers.ofString("{}"))
                    .build();
            while (status(http, empty) != 422) {
                if (System.nanoTime() > end) {
                    throw new AssertionError("The hub does not know " + tenant);
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            }
        }
    }

    private static int status(HttpClient http, HttpRequest request) {
        try {
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Whole number that a query gives, as the owner of the database sees it. */
    long count(String sql) {
        try (Connection c = connect();
                Statement s = c.createStatement();
                ResultSet r = s.executeQuery(sql)) {
            r.next();
            return r.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits until the query gives zero. */
    void awaitZero(String what, String sql, Duration bound) {
        long end = System.nanoTime() + bound.toNanos();
        long left = count(sql);
        while (left != 0) {
            if (System.nanoTime() > end) {
                throw new AssertionError(left + " " + what + " after " + bound);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            left = count(sql);
        }
    }

    /** Waits until no delivery waits, runs or is to be tried again. */
    void awaitQuiet(Duration bound) {
        awaitZero(
                "deliveries not ended",
                "select count(*) from hub.delivery where state in ('pending', 'leased', 'retry')",
                bound);
    }

    @Override
    public void close() {
        hubs.forEach(HubProcess::close);
        if (odoo != null) {
            odoo.close();
        }
        if (embeddedPort != 0) {
            stopEmbedded();
        }
        Ports.deleteTree(folder);
    }

    /** A killed hub leaves its PostgreSQL behind, on purpose. */
    private void stopEmbedded() {
        Path pidFile = folder.resolve("data/postgres/postmaster.pid");
        if (Files.exists(pidFile)) {
            try {
                long pid = Long.parseLong(Files.readAllLines(pidFile).get(0).trim());
                ProcessHandle.of(pid).ifPresent(postmaster -> {
                    Signals.send(pid, "-QUIT");
                    postmaster.onExit().orTimeout(20, TimeUnit.SECONDS).join();
                });
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
