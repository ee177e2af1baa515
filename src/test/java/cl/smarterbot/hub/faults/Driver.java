package cl.smarterbot.hub.faults;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Visitors that send forms at a steady pace, whatever becomes of the hub. A line goes into the ledger only when a 2xx came back.
 * A request without an answer is sent again with its own key, as a careful client does, except one in four: its sender gave up.
 * Some answered requests are sent again as well, and must get their first answer.
 */
final class Driver implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SENDERS = 8;
    private static final int RETURNING_VISITORS = 40;

    /** A form; {@code name} is unique and so tells the request in every system that it reaches. */
    record Form(int number, Tenant tenant, String name, String email, String key) {
        boolean givenUpAfterSilence() {
            return number % 4 == 0;
        }
    }

    /** What the hub promised. */
    record Line(Form form, UUID id) {}

    private final List<URI> targets;
    private final HttpClient http;
    private final BufferedWriter ledgerFile;
    private final String run = UUID.randomUUID().toString().substring(0, 8);
    private final Random random;
    private final AtomicInteger numbers = new AtomicInteger();
    private final Map<String, Line> ledger = new ConcurrentHashMap<>();
    private final List<Line> answered = new ArrayList<>();
    private final Queue<Form> unresolved = new ConcurrentLinkedQueue<>();
    private final Map<Integer, AtomicInteger> statuses = new ConcurrentHashMap<>();
    private final AtomicInteger silent = new AtomicInteger();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final List<Thread> senders = new ArrayList<>();
    private volatile boolean sending;
    private long gap;
    private long nextSlot;

    Driver(String name, long seed, URI... targets) {
        this.targets = List.of(targets);
        this.random = new Random(seed);
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(3))
                .build();
        try {
            Path folder = Files.createDirectories(Path.of("target", "faults"));
            ledgerFile = Files.newBufferedWriter(folder.resolve(name + ".ledger"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param perSecond new forms and repetitions together */
    void start(int perSecond) {
        sending = true;
        nextSlot = System.nanoTime();
        gap = TimeUnit.SECONDS.toNanos(1) / perSecond;
        for (int i = 0; i < SENDERS; i++) {
            Thread sender = new Thread(this::sendAtPace, "driver-" + i);
            sender.setDaemon(true);
            senders.add(sender);
            sender.start();
        }
    }

    private void sendAtPace() {
        while (sending) {
            LockSupport.parkNanos(reserveSlot() - System.nanoTime());
            if (sending) {
                next();
            }
        }
    }

    /** The pace goes on after a stall; it catches up with one second of it at most. */
    private synchronized long reserveSlot() {
        nextSlot = Math.max(nextSlot + gap, System.nanoTime() - TimeUnit.SECONDS.toNanos(1));
        return nextSlot;
    }

    private void next() {
        int dice;
        Line repeated = null;
        synchronized (answered) {
            dice = random.nextInt(100);
            if (dice < 5 && !answered.isEmpty()) {
                repeated = answered.get(random.nextInt(answered.size()));
            }
        }
        Form again = dice >= 5 && dice < 40 ? unresolved.poll() : null;
        if (repeated != null) {
            send(repeated.form());
        } else if (again != null) {
            send(again);
        } else {
            send(newForm());
        }
    }

    private Form newForm() {
        int n = numbers.incrementAndGet();
        Tenant tenant = n % 3 == 0 ? Tenant.PASTELERIA : Tenant.FERRETERIA;
        String email;
        if (n % 5 == 0) {
            email = "cliente" + n / 5 % RETURNING_VISITORS + "." + run + "@faults.example";
            if (n % 2 == 0) {
                email = email.toUpperCase(Locale.ROOT);
            }
        } else {
            email = "visita" + n + "." + run + "@faults.example";
        }
        return new Form(n, tenant, "Visita " + run + "-" + n, email, run + "-" + n);
    }

    private void send(Form form) {
        try {
            String body = JSON.writeValueAsString(
                    Map.of("name", form.name(), "email", form.email(), "message", "Mensaje " + form.number()));
            URI target = targets.get(Math.floorMod(form.number() + silent.get(), targets.size()));
            HttpResponse<String> response = http.send(
                    HttpRequest.newBuilder(target.resolve("/contact"))
                            .timeout(Duration.ofSeconds(4))
                            .header("Content-Type", "application/json")
                            .header("X-API-Key", form.tenant().apiKey())
                            .header("Idempotency-Key", form.key())
                            .POST(HttpRequest.BodyPublishers.ofString(body, StandardCharsets.UTF_8))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            statuses.computeIfAbsent(response.statusCode(), s -> new AtomicInteger())
                    .incrementAndGet();
            if (response.statusCode() / 100 == 2) {
                promised(form, response.body());
            } else {
                unresolved.add(form);
                if (response.statusCode() != 503) {
                    wrong.add(response.statusCode() + " " + response.body());
                } else if (response.headers().firstValue("Retry-After").isEmpty()) {
                    wrong.add("503 without Retry-After");
                }
            }
        } catch (IOException e) {
            silent.incrementAndGet();
            if (!form.givenUpAfterSilence()) {
                unresolved.add(form);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void promised(Form form, String body) throws IOException {
        JsonNode answer = JSON.readTree(body);
        Line line = new Line(form, UUID.fromString(answer.path("id").asText()));
        Line before = ledger.putIfAbsent(form.key(), line);
        if (before == null) {
            synchronized (answered) {
                answered.add(line);
                ledgerFile.write(line.id() + " " + form.tenant().rut() + " " + form.email() + " " + form.key());
                ledgerFile.newLine();
                ledgerFile.flush();
            }
        } else if (!before.id().equals(line.id())) {
            wrong.add("form " + form.key() + " was promised twice: " + before.id() + " and " + line.id());
        }
    }

    /** Ends the load; what has no answer yet stays open. */
    void pause() {
        sending = false;
        for (Thread sender : senders) {
            try {
                sender.join(20_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
        senders.clear();
    }

    /** Ends the load and sends again what got no answer or a 503, until all has been promised. */
    void settle(Duration bound) {
        pause();
        long end = System.nanoTime() + bound.toNanos();
        for (Form form = unresolved.poll(); form != null; form = unresolved.poll()) {
            if (System.nanoTime() > end) {
                throw new AssertionError(unresolved.size() + 1 + " forms were not taken within " + bound + ": " + this);
            }
            int open = unresolved.size();
            send(form);
            if (unresolved.size() > open) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            }
        }
    }

    /** Waits until that many more answers of the status have come than now. */
    void awaitAnswers(int status, int more, Duration bound) {
        int wanted = count(status) + more;
        long end = System.nanoTime() + bound.toNanos();
        while (count(status) < wanted) {
            if (System.nanoTime() > end) {
                throw new AssertionError("Less than " + more + " answers " + status + " within " + bound + ": " + this);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    /** Waits until that many more forms have been promised than now. */
    void awaitPromises(int more, Duration bound) {
        int wanted = ledger.size() + more;
        long end = System.nanoTime() + bound.toNanos();
        while (ledger.size() < wanted) {
            if (System.nanoTime() > end) {
                throw new AssertionError("Less than " + more + " promises within " + bound + ": " + this);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    List<Line> ledger() {
        return List.copyOf(ledger.values());
    }

    int promises() {
        return ledger.size();
    }

    int silences() {
        return silent.get();
    }

    int count(int status) {
        AtomicInteger n = statuses.get(status);
        return n == null ? 0 : n.get();
    }

    /** Answers that break a promise: anything but 2xx and 503 with Retry-After, or another id for the same key. */
    List<String> wrongAnswers() {
        return List.copyOf(wrong);
    }

    @Override
    public String toString() {
        return "forms " + numbers.get() + ", promised " + ledger.size() + ", answers " + new TreeMap<>(statuses)
                + ", without answer " + silent.get();
    }

    @Override
    public void close() {
        pause();
        try {
            ledgerFile.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
