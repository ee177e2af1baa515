package cl.smarterbot.hub.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;

/**
 * A real PostgreSQL for tests: one server for the test run, a new database with the hub's schema for whoever asks. The roles of
 * the hub may log in without a password, on this server only.
 */
public final class TestDatabase {
    /** The roles which the hub logs in as. */
    public static final List<String> LOGIN_ROLES =
            List.of("hub_app", "hub_registry", "hub_ops", "hub_writer", "hub_engine");

    private static final Path SQL = Path.of("integrations", "supabase");
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static EmbeddedPostgres server;

    private final String name;

    private TestDatabase(String name) {
        this.name = name;
    }

    /** A new database with the whole schema. */
    public static TestDatabase fresh() {
        TestDatabase database = empty();
        for (Path file : migrations()) {
            database.run(file);
        }
        database.run(SQL.resolve("rls.sql"));
        for (String role : LOGIN_ROLES) {
            database.superuser("alter role " + role + " login");
        }
        return database;
    }

    /** A new database with nothing in it, to migrate in the test. */
    public static TestDatabase empty() {
        String name = "hub_test_" + COUNT.incrementAndGet();
        try (Connection connection = server().getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create database " + name);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return new TestDatabase(name);
    }

    /** Connections of a role, each a new one. */
    public DataSource as(String role) {
        return server().getDatabase(role, name);
    }

    /** JDBC URL without user. */
    public String url() {
        return "jdbc:postgresql://localhost:" + server().getPort() + "/" + name;
    }

    public String name() {
        return name;
    }

    /** Runs SQL as superuser, past every fence. */
    public void superuser(String sql) {
        try (Connection connection = as("postgres").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Runs one of the SQL files as superuser, as psql would in one transaction. */
    public void run(Path file) {
        try {
            superuser(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (IllegalStateException e) {
            throw new IllegalStateException(file + ": " + e.getCause().getMessage(), e);
        }
    }

    /** The numbered files, in order. */
    public static List<Path> migrations() {
        try (Stream<Path> files = Files.list(SQL)) {
            return new ArrayList<>(
                    files.filter(file -> file.getFileName().toString().matches("V\\d+__.*\\.sql"))
                            .sorted()
                            .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static synchronized EmbeddedPostgres server() {
        if (server == null) {
            try {
                server = EmbeddedPostgres.builder().start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return server;
    }
}
