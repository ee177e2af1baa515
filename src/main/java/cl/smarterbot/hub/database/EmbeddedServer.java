package cl.smarterbot.hub.database;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real PostgreSQL under the data folder, for a hub without a configured database. It listens on loopback only, keeps its data
 * over restarts, and commits to disk: the library's defaults (fsync and synchronous_commit off) are made for throw-away tests and
 * would break the promise behind every 2xx.
 */
final class EmbeddedServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(EmbeddedServer.class);

    private final CompletableFuture<EmbeddedPostgres> server;
    private final ProcessHandle adopted;
    private final int port;

    private EmbeddedServer(CompletableFuture<EmbeddedPostgres> server, ProcessHandle adopted, int port) {
        this.server = server;
        this.adopted = adopted;
        this.port = port;
    }

    /**
     * Starts the server in the background, or goes on with one that is still running on the same data: a hub that was killed
     * leaves it behind. See {@link #awaitStarted()}.
     *
     * @throws UncheckedIOException if there is no free port
     */
    static EmbeddedServer start(Path dataDir, int wantedPort) {
        Path cluster = dataDir.toAbsolutePath().normalize().resolve("postgres");
        Optional<EmbeddedServer> running = running(cluster);
        if (running.isPresent()) {
            log.info(
                    "Embedded PostgreSQL already runs on 127.0.0.1:{}; using it",
                    running.get().port());
            return running.get();
        }
        int port = wantedPort != 0 ? wantedPort : freePort();
        return new EmbeddedServer(CompletableFuture.supplyAsync(() -> launch(cluster, port)), null, port);
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("No free port for the embedded PostgreSQL", e);
        }
    }

    private static EmbeddedPostgres launch(Path cluster, int port) {
        try {
            Files.createDirectories(cluster.getParent());
            keepOthersOut(cluster.getParent());
            Path programs = cluster.getParent().resolve("postgres-binaries");
            return EmbeddedPostgres.builder()
                    .setPgBinaryResolver(new SystemTar(programs))
                    .setDataDirectory(cluster)
                    .setPort(port)
                    .setOverrideWorkingDirectory(programs.toFile())
                    .setCleanDataDirectory(false)
                    // The hub stops the server itself, after its last commit.
                    .setRegisterShutdownHook(false)
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .setServerConfig("listen_addresses", "127.0.0.1")
                    .setServerConfig("unix_socket_directories", "")
                    .setServerConfig("fsync", "on")
                    .setServerConfig("synchronous_commit", "on")
                    .setServerConfig("full_page_writes", "on")
                    .setServerConfig("max_connections", "100")
                    .setServerConfig("shared_buffers", "128MB")
                    .setServerConfig("wal_compression", "on")
                    .setServerConfig("max_wal_size", "2GB")
                    .setServerConfig("jit", "off")
                    .setServerConfig("log_min_messages", "fatal")
                    .setServerConfig("log_min_error_statement", "panic")
                    .setLocaleConfig("locale", "C.UTF-8")
                    .setLocaleConfig("encoding", "UTF8")
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded PostgreSQL did not start in " + cluster, e);
        }
    }

    /** The data, the programs that run on it and the operator's password are its owner's alone. */
    private static void keepOthersOut(Path folder) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(folder, PosixFileAttributeView.class);
        if (view != null) {
            view.setPermissions(PosixFilePermissions.fromString("rwx------"));
        }
    }

    /**
     * Waits until the server takes connections.
     *
     * @throws IllegalStateException if it does not come up within a minute
     */
    void awaitStarted() {
        if (server != null) {
            try {
                server.join();
            } catch (CompletionException e) {
                throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
            }
        }
    }

    /** The postmaster's pid file names process and port (PostgreSQL 15 to 18: lines 1 and 4). */
    private static Optional<EmbeddedServer> running(Path cluster) {
        Path pidFile = cluster.resolve("postmaster.pid");
        if (!Files.isReadable(pidFile)) {
            return Optional.empty();
        }
        try {
            List<String> lines = Files.readAllLines(pidFile);
            if (lines.size() < 8 || !lines.get(7).startsWith("ready")) {
                return Optional.empty();
            }
            int port = Integer.parseInt(lines.get(3).trim());
            return ProcessHandle.of(Long.parseLong(lines.get(0).trim()))
                    .filter(p -> p.isAlive()
                            && p.info()
                                    .command()
                                    .map(c -> c.contains("postgres"))
                                    .orElse(true))
                    .map(p -> new EmbeddedServer(null, p, port));
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    int port() {
        return port;
    }

    String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
    }

    @Override
    public void close() {
        try {
            if (server != null && !server.isCompletedExceptionally()) {
                server.join().close();
            } else if (adopted != null) {
                // SIGINT is PostgreSQL's fast shutdown; the plain SIGTERM would wait for every open client.
                new ProcessBuilder("kill", "-INT", Long.toString(adopted.pid()))
                        .start()
                        .waitFor(5, TimeUnit.SECONDS);
                adopted.onExit().orTimeout(20, TimeUnit.SECONDS).join();
            }
        } catch (IOException e) {
            log.warn("The embedded PostgreSQL did not stop cleanly: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
