package cl.smarterbot.hub.faults;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The hub as a process of its own, on the class path of the tests without the tests, or from its jar. Its ports stay over restarts. */
final class HubProcess implements AutoCloseable {

    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private static final Pattern USED = Pattern.compile("used (\\d+)K");

    private final int port = Ports.free();
    private final int managementPort = Ports.free();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final Path log;
    private List<String> program =
            List.of("cl.smarterbot.hub.HubApplication", "--spring.profiles.active=demo", "--hub.sandbox.enabled=false");
    private Process process;
    private long startedAt;

    /** @param name tells the hubs of one test apart; the log is {@code target/faults/name.log} */
    HubProcess(String name) {
        try {
            Path folder = Files.createDirectories(Path.of("target", "faults"));
            log = folder.resolve(name + ".log").toAbsolutePath();
            Files.deleteIfExists(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    HubProcess with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    /** Starts the packaged jar as an operator does: without the demo. */
    HubProcess from(Path jar) {
        program = List.of("-jar", jar.toAbsolutePath().toString());
        return this;
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + port);
    }

    void start() {
        if (process != null && process.isAlive()) {
            throw new IllegalStateException("The hub runs already");
        }
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of(
                java, "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"));
        command.addAll(program);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        Map<String, String> env = builder.environment();
        env.keySet().removeIf(k -> k.startsWith("HUB_") || k.startsWith("ODOO_") || k.startsWith("SPRING_"));
        env.put("CLASSPATH", classPath());
        env.put("HUB_PORT", Integer.toString(port));
        env.put("HUB_MANAGEMENT_PORT", Integer.toString(managementPort));
        env.putAll(environment);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        try {
            Files.writeString(log, "--- start\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            startedAt = System.nanoTime();
            process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.endsWith("test-classes") && !entry.endsWith("test-classes" + File.separator))
                .collect(Collectors.joining(File.pathSeparator));
    }

    /** Waits for {@code GET /health} to answer 200 and returns the time since the start of the process. */
    Duration awaitReady(Duration bound) {
        long end = System.nanoTime() + bound.toNanos();
        while (health() != 200) {
            if (!process.isAlive()) {
                throw new AssertionError("The hub ended with " + process.exitValue() + "\n" + tail());
            }
            if (System.nanoTime() > end) {
                throw new AssertionError("The hub was not ready within " + bound + "\n" + tail());
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
        return Duration.ofNanos(System.nanoTime() - startedAt);
    }

    /** Status of {@code GET /health}, or 0 if nobody answers. */
    int health() {
        try {
            return HTTP.send(
                            HttpRequest.newBuilder(uri().resolve("/health"))
                                    .timeout(Duration.ofSeconds(2))
                                    .build(),
                            HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    URI managementUri() {
        return URI.create("http://127.0.0.1:" + managementPort);
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    /** {@code kill -9}: no hook runs, no buffer is flushed. */
    void kill() {
        process.destroyForcibly();
        join(Duration.ofSeconds(20));
    }

    /** Freezes the process, as a long pause of its machine would. */
    void freeze() {
        Signals.send(process.pid(), "-STOP");
    }

    void thaw() {
        Signals.send(process.pid(), "-CONT");
    }

    /** Asks the hub to stop and returns how long it took. */
    Duration stop(Duration bound) {
        long start = System.nanoTime();
        Signals.send(process.pid(), "-TERM");
        join(bound);
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** Waits for a hub that ends by itself and returns its exit code. */
    int awaitEnd(Duration bound) {
        join(bound);
        return process.exitValue();
    }

    private void join(Duration bound) {
        try {
            if (!process.waitFor(bound.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("The hub did not end within " + bound + "\n" + tail());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Bytes of the heap that are in use after a collection. */
    long liveHeap() {
        jcmd("GC.run");
        long kilobytes = 0;
        for (String line : jcmd("GC.heap_info").lines().toList()) {
            // Generations only: the metaspace lines below them are no heap.
            if (line.contains("generation")) {
                Matcher used = USED.matcher(line);
                if (used.find()) {
                    kilobytes += Long.parseLong(used.group(1));
                }
            }
        }
        if (kilobytes == 0) {
            throw new IllegalStateException("jcmd told nothing of the heap");
        }
        return kilobytes * 1024;
    }

    private String jcmd(String command) {
        try {
            Process jcmd = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "jcmd")
                                    .toString(),
                            Long.toString(process.pid()),
                            command)
                    .redirectErrorStream(true)
                    .start();
            String out = new String(jcmd.getInputStream().readAllBytes());
            jcmd.waitFor();
            return out;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String tail() {
        List<String> lines = log().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
    }

    @Override
    public void close() {
        if (isAlive()) {
            process.destroyForcibly();
            join(Duration.ofSeconds(20));
        }
    }
}
