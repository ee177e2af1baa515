package cl.smarterbot.hub.faults;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/** A real PostgreSQL that commits to disk, which a test can stop, kill and start again on the same data and port. */
final class PostgresProcess implements AutoCloseable {

    static {
        // It reports each server that it finds gone with a stack trace, and here they go on purpose.
        ((Logger) LoggerFactory.getLogger("io.zonky")).setLevel(Level.OFF);
    }

    private static PostgresProcess shared;

    private final Path folder;
    private final int port;
    private EmbeddedPostgres server;

    private PostgresProcess() {
        try {
            folder = Files.createTempDirectory("hub-faults-postgres");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        port = Ports.free();
        start();
    }

    /** One server for all fault tests of this JVM; each test takes a database of its own. */
    static synchronized PostgresProcess shared() {
        if (shared == null) {
            shared = new PostgresProcess();
            Runtime.getRuntime().addShutdownHook(new Thread(shared::close));
        }
        return shared;
    }

    synchronized void start() {
        if (server != null) {
            return;
        }
        try {
            server = EmbeddedPostgres.builder()
                    .setDataDirectory(folder.resolve("data"))
                    .setOverrideWorkingDirectory(folder.resolve("binaries").toFile())
                    .setCleanDataDirectory(false)
                    .setRegisterShutdownHook(false)
                    .setPort(port)
                    .setOutputRedirector(ProcessBuilder.Redirect.DISCARD)
                    .setErrorRedirector(ProcessBuilder.Redirect.DISCARD)
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .setServerConfig("listen_addresses", "127.0.0.1")
                    .setServerConfig("unix_socket_directories", "")
                    .setServerConfig("fsync", "on")
                    .setServerConfig("synchronous_commit", "on")
                    .setServerConfig("full_page_writes", "on")
                    .setServerConfig("max_connections", "100")
                    .setLocaleConfig("locale", "C.UTF-8")
                    .setLocaleConfig("encoding", "UTF8")
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Shuts down in fast mode: clients are cut, committed work is on disk. */
    synchronized void stopFast() {
        end("-INT");
    }

    /** Shuts down in immediate mode: no checkpoint, the next start recovers from the log. */
    synchronized void stopImmediate() {
        end("-QUIT");
    }

    /** Kills the server and its children, as a power cut to the process would. */
    synchronized void kill() {
        end("-KILL");
    }

    private void end(String signal) {
        if (server == null) {
            return;
        }
        ProcessHandle postmaster = postmaster();
        List<ProcessHandle> all = new ArrayList<>(postmaster.descendants().toList());
        Signals.send(postmaster.pid(), signal);
        if (signal.equals("-KILL")) {
            all.forEach(ProcessHandle::destroyForcibly);
        }
        all.add(postmaster);
        // A child that lives on would keep the shared memory, and the next start would refuse to use it.
        all.forEach(p -> p.onExit().orTimeout(30, TimeUnit.SECONDS).join());
        try {
            // Only gives back the lock on the folder: the server itself is gone.
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server = null;
    }

    private ProcessHandle postmaster() {
        try {
            long pid = Long.parseLong(Files.readAllLines(folder.resolve("data/postmaster.pid"))
                    .get(0)
                    .trim());
            return ProcessHandle.of(pid).orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void createDatabase(String name) {
        try (Connection c = connect("postgres");
                Statement s = c.createStatement()) {
            s.execute("create database " + name);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Cuts every client connection to the database, as a failover of a pooler does. */
    void terminateConnections(String database) {
        try (Connection c = connect("postgres");
                Statement s = c.createStatement()) {
            s.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + database + "'");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(url(database), "postgres", "");
    }

    @Override
    public synchronized void close() {
        stopImmediate();
        Ports.deleteTree(folder);
    }
}
