import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Speaks as the customers of two tenants: posts Chatwoot's signed webhooks to the hub, and hears the replies as Chatwoot itself
 * would tell them, by a webhook of the sandbox Chatwoot to this process.
 *
 * <p>Paced ({@code --rate}), messages are due at fixed times and all latencies count from there. Otherwise {@code --loops}
 * conversations are kept busy: each says its next word when it has its reply.
 */
public final class Talk {

    private static final String HELP =
            """
            Talk --port PORT --sandbox URL [options]
              --conversations N  of each tenant, default 500
              --rate R           messages a second; 0 (default) is as many as are answered
              --loops N          conversations that speak at the same time without a rate, default 128
              --lead S           the same before, not measured: this process begins cold; default 10
              --seconds S        measured time, default 30
              --wait S           longest wait for the last replies, default 60
              --tenants 1,2      which tenants speak, default both
              --first ID         id of the first message, default 1000000000; must grow from run to run
              --others N         webhooks of the conversation's changes that come with each message, as Chatwoot sends them; default 0
              --text WORDS       what is said, default a question about an order
              --hub-pid P[,P]    processes of the hub
              --postgres-pid P   first process of the PostgreSQL server
              --out FILE         where to write the figures as key=value
              --seconds-to FILE  where to write how each second's webhooks were acknowledged
            """;

    private static final Pattern SAID = Pattern.compile("\"contact\":(\\d+).*?\"conversation\":(\\d+)");
    private static final Pattern CONVERSATION = Pattern.compile("\"conversation_id\":(\\d+)");
    private static final Pattern ACCOUNT = Pattern.compile("\"account\":\\{\"id\":(\\d+)");

    /** One of a tenant's conversations; what it said and heard no reply to yet, by the time it was due. */
    private record Conversation(int account, int id, int contact, ArrayDeque<Long> open) {}

    private static final class Samples {
        private long[] nanos = new long[1 << 16];
        private int size;

        synchronized void add(long value) {
            if (size == nanos.length) {
                nanos = Arrays.copyOf(nanos, size * 2);
            }
            nanos[size++] = value;
        }

        synchronized double millis(double share) {
            if (size == 0) {
                return 0;
            }
            long[] sorted = Arrays.copyOf(nanos, size);
            Arrays.sort(sorted);
            return sorted[Math.min(size - 1, (int) (share * size))] / 1e6;
        }

        synchronized int size() {
            return size;
        }
    }

    private final Map<String, String> options;
    private final URI hub;
    private final String sandbox;
    private final String words;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    /** What is measured goes through one lean event loop: the generator shares the processors with the hub. */
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setUseDaemonThread(true));

    private final Context loop = vertx.getOrCreateContext();
    private final io.vertx.core.http.HttpClient lean = vertx.createHttpClient(
            new HttpClientOptions().setKeepAliveTimeout(60), new PoolOptions().setHttp1MaxSize(128).setMaxWaitQueueSize(-1));
    private final Map<Long, Conversation> conversations = new ConcurrentHashMap<>();
    private final List<Conversation> speakers = new ArrayList<>();
    private final Samples acknowledged = new Samples();
    private final Map<Long, Samples> bySecond = new java.util.concurrent.ConcurrentSkipListMap<>();
    private final Map<Integer, Samples> answered = new TreeMap<>();
    private final Map<Integer, AtomicLong> statuses = new ConcurrentHashMap<>();
    private final AtomicLong unasked = new AtomicLong();
    private final AtomicLong heard = new AtomicLong();
    private final AtomicLong ids;
    private final int others;
    private final Semaphore due = new Semaphore(0);
    private volatile boolean measuring;
    private volatile long begun;
    private volatile boolean closedLoop;
    private int turn;
    private final java.util.concurrent.ConcurrentLinkedQueue<Conversation> free = new java.util.concurrent.ConcurrentLinkedQueue<>();

    public static void main(String[] args) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i < args.length; i += 2) {
            if (!args[i].startsWith("--") || i + 1 == args.length) {
                System.err.print(HELP);
                System.exit(2);
            }
            options.put(args[i].substring(2), args[i + 1]);
        }
        new Talk(options).go();
        System.exit(0);
    }

    private Talk(Map<String, String> options) {
        this.options = options;
        hub = URI.create("http://127.0.0.1:" + options.get("port"));
        sandbox = options.get("sandbox");
        words = options.getOrDefault("text", "¿Cómo va mi pedido S00001?");
        others = Integer.parseInt(options.getOrDefault("others", "0"));
        ids = new AtomicLong(Long.parseLong(options.getOrDefault("first", "1000000000")));
        for (String account : options.getOrDefault("tenants", "1,2").split(",")) {
            answered.put(Integer.valueOf(account), new Samples());
        }
    }

    private void go() throws Exception {
        int each = Integer.parseInt(options.getOrDefault("conversations", "500"));
        double seconds = Double.parseDouble(options.getOrDefault("seconds", "30"));
        double rate = Double.parseDouble(options.getOrDefault("rate", "0"));
        int loops = Integer.parseInt(options.getOrDefault("loops", "128"));

        HttpServer ear = vertx.createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(0))
                .requestHandler(request -> request.bodyHandler(body -> hear(request, body)))
                .listen()
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        for (int account : answered.keySet()) {
            open(account, each);
        }
        String url = "http://127.0.0.1:" + ear.actualPort() + "/";
        for (int account : answered.keySet()) {
            post(sandbox + "/sandbox/chatwoot/webhooks",
                    "{\"account\":" + account + ",\"url\":\"" + url + "\",\"subscriptions\":[\"message_created\"]}",
                    Map.of());
        }
        // One of each tenant by turns.
        speakers.sort(java.util.Comparator.comparingInt(Conversation::id));

        double lead = Double.parseDouble(options.getOrDefault("lead", "10"));
        long first = ids.get();
        long startedAt = System.currentTimeMillis();
        // Nothing of it counts until the lead is over.
        begun = Long.MAX_VALUE;
        measuring = true;
        long end = System.nanoTime() + (long) (lead * 1e9);
        if (rate > 0) {
            end = paced(rate, System.nanoTime(), end);
        } else {
            closedLoop = true;
            free.addAll(speakers);
            due.release(Math.min(loops, speakers.size()));
            busy(end);
        }
        long heardBefore = heard.get();
        long saidBefore = ids.get();
        long hubBefore = hubCpu();
        long compilersBefore = Proc.compilerCpuMillis(pids());
        long postgresBefore = postgresCpu();
        long ownBefore = ownCpu();
        begun = rate > 0 ? end : System.nanoTime();
        if (rate > 0) {
            paced(rate, begun, begun + (long) (seconds * 1e9));
        } else {
            busy(begun + (long) (seconds * 1e9));
        }
        long heardInTime = heard.get() - heardBefore;
        double took = (System.nanoTime() - begun) / 1e9;
        long sent = ids.get() - first;
        long measured = ids.get() - saidBefore;
        long hubCpu = hubCpu() - hubBefore;
        long compilers = Proc.compilerCpuMillis(pids()) - compilersBefore;
        long postgresCpu = postgresCpu() - postgresBefore;
        long ownCpu = ownCpu() - ownBefore;
        closedLoop = false;
        boolean all = awaitReplies();
        ear.close();
        report(sent, measured, heardInTime, took, hubCpu, compilers, postgresCpu, ownCpu, all, first, startedAt);
    }

    private static long ownCpu() {
        return Proc.cpuMillis(List.of(ProcessHandle.current().pid()));
    }

    private List<Long> pids() {
        return Arrays.stream(options.getOrDefault("hub-pid", "").split(","))
                .filter(p -> !p.isBlank())
                .map(Long::valueOf)
                .toList();
    }

    private long hubCpu() {
        return Proc.cpuMillis(pids());
    }

    private long postgresCpu() {
        return Proc.familyCpuMillis(Long.parseLong(options.getOrDefault("postgres-pid", "0")));
    }

    /** Conversations that the sandbox Chatwoot knows, since replies are written into them. */
    private void open(int account, int each) throws Exception {
        for (int i = 0; i < each; i++) {
            String answer = post(
                    sandbox + "/sandbox/chatwoot/say",
                    "{\"account\":" + account + ",\"contact\":\"c" + i + "." + ids.get() + "@bench.example\",\"text\":\"x\"}",
                    Map.of());
            Matcher said = SAID.matcher(answer);
            if (!said.find()) {
                throw new IOException("The sandbox names no conversation: " + answer);
            }
            int id = Integer.parseInt(said.group(2));
            Conversation made = new Conversation(account, id, Integer.parseInt(said.group(1)), new ArrayDeque<>());
            conversations.put(key(account, id), made);
            speakers.add(made);
        }
    }

    private static long key(int account, int conversation) {
        return (long) account << 32 | conversation;
    }

    private String post(String url, String body, Map<String, String> headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/json")
                .timeout(Duration.ofSeconds(20))
                .POST(HttpRequest.BodyPublishers.ofString(body));
        headers.forEach(request::header);
        HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() >= 300) {
            throw new IOException(url + " answered " + answer.statusCode() + " " + answer.body());
        }
        return answer.body();
    }

    /** Returns when the next message is due. */
    private long paced(double rate, long start, long end) throws Exception {
        long next = start;
        while (next < end) {
            long wait = next - System.nanoTime();
            if (wait > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
            }
            say(speakers.get(turn++ % speakers.size()), next);
            next += (long) (1e9 / rate);
        }
        return next;
    }

    private void busy(long end) throws Exception {
        while (System.nanoTime() < end) {
            if (due.tryAcquire(20, TimeUnit.MILLISECONDS)) {
                Conversation next = free.poll();
                if (next != null) {
                    say(next, System.nanoTime());
                }
            }
        }
    }

    private void say(Conversation conversation, long dueAt) throws GeneralSecurityException {
        long id = ids.getAndIncrement();
        long now = System.currentTimeMillis();
        String body = webhook(conversation, id, now);
        String timestamp = Long.toString(now / 1000);
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String signature = signature(conversation.account(), timestamp, bytes);
        synchronized (conversation) {
            conversation.open().add(dueAt);
        }
        tell(conversation.account(), bytes, timestamp, signature, dueAt);
        for (int i = 1; i <= others; i++) {
            changed(conversation, now, i, dueAt);
        }
    }

    /** Chatwoot's conversation_updated: nothing that concerns the bot. */
    private void changed(Conversation conversation, long now, int number, long dueAt) throws GeneralSecurityException {
        long micros = now % 1000 * 1000 + number;
        String body = "{\"event\":\"conversation_updated\",\"id\":" + conversation.id() + ",\"inbox_id\":"
                + inbox(conversation.account()) + ",\"status\":\"pending\",\"channel\":\"Channel::Api\",\"can_reply\":true,"
                + "\"account\":{\"id\":" + conversation.account() + ",\"name\":\"Bench\"},\"labels\":[],\"custom_attributes\":{},"
                + "\"changed_attributes\":[{\"updated_at\":{\"previous_value\":null,\"current_value\":null}}],"
                + "\"meta\":{\"sender\":{\"id\":" + conversation.contact() + "},\"assignee\":null,\"hmac_verified\":false},"
                + "\"updated_at\":" + now / 1000 + "." + String.format(Locale.ROOT, "%06d", micros) + "}";
        String timestamp = Long.toString(now / 1000);
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        tell(conversation.account(), bytes, timestamp, signature(conversation.account(), timestamp, bytes), dueAt);
    }

    private static String signature(int account, String timestamp, byte[] bytes) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(("demo-chatwoot-secret-" + account).getBytes(StandardCharsets.US_ASCII), "HmacSHA256"));
        mac.update((timestamp + ".").getBytes(StandardCharsets.US_ASCII));
        return "sha256=" + HexFormat.of().formatHex(mac.doFinal(bytes));
    }

    private void tell(int account, byte[] bytes, String timestamp, String signature, long dueAt) {
        RequestOptions request = new RequestOptions()
                .setHost("127.0.0.1")
                .setPort(hub.getPort())
                .setMethod(HttpMethod.POST)
                .setURI("/webhooks/chatwoot/demo-cw-" + account)
                .setTimeout(20_000)
                .addHeader("Content-Type", "application/json")
                .addHeader("X-Chatwoot-Delivery", UUID.randomUUID().toString())
                .addHeader("X-Chatwoot-Timestamp", timestamp)
                .addHeader("X-Chatwoot-Signature", signature);
        loop.runOnContext(nothing -> lean.request(request)
                .compose(made -> made.send(Buffer.buffer(bytes)))
                .compose(answer -> answer.end().map(answer.statusCode()))
                .onComplete(answer -> {
                    acknowledged(dueAt);
                    statuses.computeIfAbsent(answer.failed() ? 0 : answer.result(), s -> new AtomicLong())
                            .incrementAndGet();
                }));
    }

    private void acknowledged(long dueAt) {
        if (dueAt < begun) {
            return;
        }
        long took = System.nanoTime() - dueAt;
        acknowledged.add(took);
        bySecond.computeIfAbsent((dueAt - begun) / 1_000_000_000L, second -> new Samples()).add(took);
    }

    /** What Chatwoot 4 posts for a customer's message, as far as anybody reads it, and as large. */
    private String webhook(Conversation conversation, long id, long now) {
        String contact = "{\"id\":" + conversation.contact() + ",\"name\":\"Ana Soto\",\"email\":\"ana.soto@cliente.example\","
                + "\"phone_number\":\"+56987654321\",\"identifier\":null,\"thumbnail\":\"\",\"blocked\":false,"
                + "\"additional_attributes\":{\"city\":\"Santiago\",\"country\":\"Chile\",\"country_code\":\"CL\"},"
                + "\"custom_attributes\":{},\"type\":\"contact\"}";
        return "{\"event\":\"message_created\",\"id\":" + id + ",\"content\":\"" + words + "\",\"content_type\":\"text\","
                + "\"content_attributes\":{},\"message_type\":\"incoming\",\"private\":false,\"created_at\":\""
                + java.time.Instant.ofEpochMilli(now) + "\",\"source_id\":null,\"account\":{\"id\":" + conversation.account()
                + ",\"name\":\"Bench\"},\"inbox\":{\"id\":" + conversation.account() + ",\"name\":\"Web\"},\"sender\":" + contact
                + ",\"additional_attributes\":{},\"conversation\":{\"id\":" + conversation.id()
                + ",\"inbox_id\":" + inbox(conversation.account()) + ",\"status\":\"pending\",\"channel\":\"Channel::Api\",\"can_reply\":true,\"priority\":null,"
                + "\"contact_inbox\":{\"id\":" + conversation.contact() + ",\"contact_id\":" + conversation.contact()
                + ",\"inbox_id\":1,\"source_id\":\"" + new UUID(7, conversation.id())
                + "\",\"hmac_verified\":false,\"pubsub_token\":\"" + new UUID(8, conversation.id())
                + "\"},\"custom_attributes\":{},\"labels\":[],\"unread_count\":1,\"meta\":{\"sender\":" + contact
                + ",\"assignee\":null,\"team\":null,\"hmac_verified\":false},\"created_at\":" + now / 1000
                + ",\"updated_at\":" + now / 1000 + "." + String.format(Locale.ROOT, "%06d", id % 1_000_000)
                + ",\"timestamp\":" + now / 1000 + ",\"last_activity_at\":" + now / 1000 + ",\"additional_attributes\":{}}}";
    }

    private int inbox(int account) {
        return Integer.parseInt(options.getOrDefault("inbox-" + account, Integer.toString(account)));
    }

    private void hear(HttpServerRequest request, Buffer bytes) {
        String body = bytes.toString();
        long now = System.nanoTime();
        request.response().end();
        boolean reply = body.contains("\"message_type\":\"outgoing\"") && body.contains("\"private\":false");
        Matcher conversation = CONVERSATION.matcher(body);
        Matcher account = ACCOUNT.matcher(body);
        if (!measuring || !reply || !conversation.find() || !account.find()) {
            return;
        }
        Conversation known =
                conversations.get(key(Integer.parseInt(account.group(1)), Integer.parseInt(conversation.group(1))));
        if (known == null) {
            return;
        }
        Long dueAt;
        synchronized (known) {
            dueAt = known.open().poll();
        }
        if (dueAt == null) {
            unasked.incrementAndGet();
            return;
        }
        if (dueAt >= begun) {
            answered.get(known.account()).add(now - dueAt);
        }
        heard.incrementAndGet();
        if (closedLoop) {
            free.add(known);
            due.release();
        }
    }

    private boolean awaitReplies() throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.parseLong(options.getOrDefault("wait", "60")));
        while (System.nanoTime() < end) {
            boolean open = speakers.stream().anyMatch(c -> {
                synchronized (c) {
                    return !c.open().isEmpty();
                }
            });
            if (!open) {
                return true;
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        return false;
    }

    private void report(
            long sent, long measured, long inTime, double took, long hubCpu, long compilers, long postgresCpu, long ownCpu, boolean all, long first, long startedAt)
            throws IOException {
        Map<String, Object> figures = new TreeMap<>();
        figures.put("first", first);
        figures.put("last", first + sent - 1);
        figures.put("started_ms", startedAt);
        figures.put("sent", sent);
        figures.put("heard", heard.get());
        figures.put("unasked", unasked.get());
        figures.put("all_heard", all);
        figures.put("loops_per_s", String.format(Locale.ROOT, "%.1f", inTime / took));
        figures.put("ack_p50_ms", String.format(Locale.ROOT, "%.2f", acknowledged.millis(0.5)));
        figures.put("ack_p99_ms", String.format(Locale.ROOT, "%.2f", acknowledged.millis(0.99)));
        for (Map.Entry<Integer, Samples> tenant : answered.entrySet()) {
            figures.put("reply_" + tenant.getKey() + "_p50_ms", String.format(Locale.ROOT, "%.1f", tenant.getValue().millis(0.5)));
            figures.put("reply_" + tenant.getKey() + "_p95_ms", String.format(Locale.ROOT, "%.1f", tenant.getValue().millis(0.95)));
        }
        figures.put("hub_cpu_ms", String.format(Locale.ROOT, "%.3f", inTime == 0 ? 0 : hubCpu / (double) inTime));
        figures.put("postgres_cpu_ms", String.format(Locale.ROOT, "%.3f", inTime == 0 ? 0 : postgresCpu / (double) inTime));
        figures.put("compilers_share", String.format(Locale.ROOT, "%.2f", hubCpu == 0 ? 0 : compilers / (double) hubCpu));
        System.out.printf(
                Locale.ROOT,
                "  %,d said in %.1f s (%,d with what led to it), %,.0f replies/s; acknowledged p50 %s ms, p99 %s ms; hub CPU %s ms a loop (%.0f %% of it compilers), PostgreSQL %s ms, load generator %.3f ms%n",
                measured,
                took,
                sent,
                inTime / took,
                figures.get("ack_p50_ms"),
                figures.get("ack_p99_ms"),
                figures.get("hub_cpu_ms"),
                hubCpu == 0 ? 0 : 100.0 * compilers / hubCpu,
                figures.get("postgres_cpu_ms"),
                inTime == 0 ? 0 : ownCpu / (double) inTime);
        answered.forEach((account, samples) -> System.out.printf(
                Locale.ROOT,
                "  tenant %d: %,d replies, p50 %.1f ms, p95 %.1f ms, p99 %.1f ms%n",
                account,
                samples.size(),
                samples.millis(0.5),
                samples.millis(0.95),
                samples.millis(0.99)));
        System.out.println("  answers: " + statuses + "; replies that nobody asked for: " + unasked + (all ? "" : "; NOT all replied in time"));
        if (options.get("seconds-to") != null) {
            List<String> lines = new ArrayList<>();
            bySecond.forEach((second, samples) -> lines.add(String.format(
                    Locale.ROOT, "%d\t%d\t%.1f\t%.1f\t%.1f", second, samples.size(), samples.millis(0.5), samples.millis(0.99), samples.millis(1))));
            Files.write(Path.of(options.get("seconds-to")), lines);
        }
        if (options.get("out") != null) {
            List<String> lines = new ArrayList<>();
            figures.forEach((k, v) -> lines.add(k + "=" + v));
            Files.write(Path.of(options.get("out")), lines);
        }
    }
}
