import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Posts contacts over keep-alive HTTP/1.1 connections from one thread and keeps a ledger of every answer 201.
 *
 * <p>Closed loop by default: each connection sends its next request when it has its answer. With {@code --rate} requests are due
 * at fixed times, and latency counts from the due time, so that a slow server cannot hide by slowing the load down.
 *
 * <p>The ledger has one line for each contact: {@code 201 <id> <tenant> <e-mail>}. A request whose answer never came is a line
 * {@code ? - <tenant> <e-mail>}: its contact may be there or not. Warm-up requests are in the ledger but in no figure.
 */
public final class Load {

    private static final long SECOND = 1_000_000_000L;
    private static final long ANSWER_TIMEOUT = 20 * SECOND;
    private static final int DIGITS = 9;
    private static final String HELP =
            """
            Load --port PORT[,PORT] --tenants KEY=RUT[,KEY=RUT] [options]
              --connections N    default 64
              --seconds S        measured time, default 60
              --count N          stop after N contacts of the measured phase (instead of the time; --seconds is then the limit)
              --rate R           requests a second; 0 (default) is as many as come back
              --warm-up S        at most S seconds of warm-up, default 60; 0 is none. Ends early when the JIT compilers are quiet
              --body BYTES       size of a body, default 1024
              --repeated SHARE   share of requests that use one of 100 e-mail addresses again, default 0
              --run NAME         makes the addresses of this run unique, default from the clock
              --ledger FILE      where to write the ledger
              --out FILE         where to write the figures as key=value
              --hub-pid P[,P]    processes of the hub
              --postgres-pid P   first process of the PostgreSQL server
            """;

    /** A request template of one tenant: everything is fixed but the digits of the address. */
    private record Template(byte[] bytes, int digitsAt, String tenant) {}

    private final InetAddress host = InetAddress.getLoopbackAddress();
    private final int[] ports;
    private final String run;
    private final double repeated;
    private final double rate;
    private final List<Long> hubPids = new ArrayList<>();
    private final long postgresPid;
    private final List<Template> fresh = new ArrayList<>();
    private final List<Template> again = new ArrayList<>();
    private final List<Connection> connections = new ArrayList<>();
    private final ArrayDeque<Connection> idle = new ArrayDeque<>();
    private final Ledger ledger = new Ledger();
    private final Selector selector = Selector.open();

    private long sequence;
    private long repeats;
    private boolean sending;
    private Phase phase = new Phase();
    private long nextDue;

    public static void main(String[] args) throws IOException {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i < args.length; i += 2) {
            if (!args[i].startsWith("--") || i + 1 == args.length) {
                System.err.print(HELP);
                System.exit(2);
            }
            options.put(args[i].substring(2), args[i + 1]);
        }
        new Load(options).go(options);
    }

    private Load(Map<String, String> options) throws IOException {
        ports = Arrays.stream(options.get("port").split(",")).mapToInt(Integer::parseInt).toArray();
        run = options.getOrDefault("run", Long.toString(System.currentTimeMillis() / 1000, 36));
        repeated = Double.parseDouble(options.getOrDefault("repeated", "0"));
        rate = Double.parseDouble(options.getOrDefault("rate", "0"));
        for (String pid : options.getOrDefault("hub-pid", "").split(",")) {
            if (!pid.isBlank()) {
                hubPids.add(Long.valueOf(pid));
            }
        }
        postgresPid = Long.parseLong(options.getOrDefault("postgres-pid", "0"));
        int size = Integer.parseInt(options.getOrDefault("body", "1024"));
        for (String tenant : options.get("tenants").split(",")) {
            int equals = tenant.lastIndexOf('=');
            fresh.add(template(tenant.substring(0, equals), tenant.substring(equals + 1), "c", size));
            again.add(template(tenant.substring(0, equals), tenant.substring(equals + 1), "r", size));
        }
    }

    private Template template(String key, String tenant, String kind, int size) {
        String before = "{\"name\":\"María José Ñuñez Pérez\",\"email\":\"" + kind;
        String after = "." + run + "@bench.example\",\"phone\":\"+56 9 8765 4321\",\"source\":\"bench\",\"message\":\"";
        byte[] sentence = "Quisiera una cotización de 20 planchas de zinc y su despacho a Ñuñoa, por favor. "
                .getBytes(StandardCharsets.UTF_8);
        int fixed = before.getBytes(StandardCharsets.UTF_8).length
                + DIGITS
                + after.getBytes(StandardCharsets.UTF_8).length
                + 2;
        StringBuilder message = new StringBuilder();
        int left = Math.max(0, size - fixed);
        while (left >= sentence.length) {
            message.append(new String(sentence, StandardCharsets.UTF_8));
            left -= sentence.length;
        }
        message.append("x".repeat(left));
        byte[] body = (before + "0".repeat(DIGITS) + after + message + "\"}").getBytes(StandardCharsets.UTF_8);
        byte[] head = ("POST /contact HTTP/1.1\r\nHost: 127.0.0.1:" + ports[0]
                        + "\r\nUser-Agent: bench\r\nContent-Type: application/json\r\nX-API-Key: " + key
                        + "\r\nContent-Length: " + body.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(head, head.length + body.length);
        System.arraycopy(body, 0, all, head.length, body.length);
        return new Template(all, head.length + before.getBytes(StandardCharsets.UTF_8).length, tenant);
    }

    private void go(Map<String, String> options) throws IOException {
        int wanted = Integer.parseInt(options.getOrDefault("connections", "64"));
        double seconds = Double.parseDouble(options.getOrDefault("seconds", "60"));
        long count = Long.parseLong(options.getOrDefault("count", "0"));
        double warmUp = Double.parseDouble(options.getOrDefault("warm-up", "60"));

        sending = true;
        nextDue = System.nanoTime();
        if (warmUp > 0) {
            // A few connections first: at saturation the compiler's threads get no processor and warm-up takes minutes.
            long end = System.nanoTime() + (long) (warmUp * SECOND);
            connect(Math.min(4, wanted));
            warmUp(end - (long) (warmUp * SECOND / 3), "few connections");
            connect(wanted);
            warmUp(end, wanted + " connections");
        }
        connect(wanted);

        long startedAt = System.currentTimeMillis();
        measure((long) (seconds * SECOND), count);
        Phase measured = phase;
        sending = false;
        phase = new Phase();
        drain();

        report(measured, wanted, startedAt, options.get("out"));
        if (options.get("ledger") != null) {
            ledger.write(Path.of(options.get("ledger")), run);
        }
        close();
    }

    private void warmUp(long until, String what) throws IOException {
        int quiet = 0;
        while (quiet < 2 && System.nanoTime() < until) {
            phase = new Phase();
            measure(Math.min(3 * SECOND, Math.max(SECOND, until - System.nanoTime())), 0);
            System.out.printf(
                    Locale.ROOT,
                    "  warm-up, %s: %,.0f contacts/s, hub CPU %.3f ms a contact, %.0f %% of it JIT compilers%n",
                    what,
                    phase.ok / phase.seconds(),
                    phase.ok == 0 ? 0 : phase.hub / (double) phase.ok,
                    100 * phase.compilerShare());
            quiet = phase.compilerShare() < 0.08 ? quiet + 1 : 0;
        }
        phase = new Phase();
    }

    private void measure(long nanos, long count) throws IOException {
        phase.start();
        long end = phase.startNanos + nanos;
        if (rate > 0) {
            nextDue = System.nanoTime();
        } else {
            refill();
        }
        while (true) {
            long now = System.nanoTime();
            if (now >= end || count > 0 && phase.ok >= count) {
                break;
            }
            turn(end - now);
        }
        phase.stop();
    }

    /** One look at the sockets; with a rate, first sends what is due. */
    private void turn(long atMost) throws IOException {
        long wait = Math.max(1, Math.min(20, atMost / 1_000_000));
        if (sending && rate > 0) {
            long now = System.nanoTime();
            while (nextDue <= now && !idle.isEmpty()) {
                idle.poll().send(nextDue);
                nextDue += (long) (SECOND / rate);
            }
            wait = 1;
        }
        selector.select(this::ready, wait);
        checkTimeouts();
    }

    private void refill() throws IOException {
        while (!idle.isEmpty()) {
            idle.poll().send(System.nanoTime());
        }
    }

    private void drain() throws IOException {
        long end = System.nanoTime() + ANSWER_TIMEOUT;
        while (connections.stream().anyMatch(c -> c.sent != 0) && System.nanoTime() < end) {
            turn(SECOND);
        }
        for (Connection c : connections) {
            c.lost("no answer at the end");
        }
    }

    private long timeoutsChecked;

    private void checkTimeouts() throws IOException {
        long now = System.nanoTime();
        if (now - timeoutsChecked < SECOND) {
            return;
        }
        timeoutsChecked = now;
        for (Connection c : connections) {
            if (c.sent != 0 && now - c.sentReally > ANSWER_TIMEOUT) {
                c.fail("no answer in 20 s");
            }
        }
    }

    private void connect(int wanted) throws IOException {
        while (connections.size() < wanted) {
            Connection c = new Connection(ports[connections.size() % ports.length]);
            connections.add(c);
            c.open();
            if (sending && rate == 0) {
                c.send(System.nanoTime());
            } else {
                idle.add(c);
            }
        }
    }

    private void ready(SelectionKey key) {
        Connection c = (Connection) key.attachment();
        try {
            if (key.isWritable()) {
                c.write();
            }
            if (key.isValid() && key.isReadable()) {
                c.read();
            }
        } catch (IOException e) {
            c.fail(e.getClass().getSimpleName());
        }
    }

    private void close() throws IOException {
        for (Connection c : connections) {
            c.channel.close();
        }
        selector.close();
    }

    private final class Connection {
        private final int port;
        private final ByteBuffer out = ByteBuffer.allocateDirect(128 * 1024);
        private final ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
        private SocketChannel channel;
        private SelectionKey key;
        /** When the request was due; 0 while there is none. */
        private long sent;

        private long sentReally;
        private int tenant;
        private boolean repeat;
        private long number;

        Connection(int port) {
            this.port = port;
        }

        void open() throws IOException {
            channel = SocketChannel.open(new InetSocketAddress(host, port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            key = channel.register(selector, SelectionKey.OP_READ, this);
        }

        void send(long due) throws IOException {
            long n = sequence++;
            tenant = (int) (n % fresh.size());
            // Spread evenly rather than by chance, so that runs are alike.
            repeat = (long) (n * repeated) != (long) ((n + 1) * repeated);
            number = repeat ? repeats++ / fresh.size() % 100 : n;
            Template template = (repeat ? again : fresh).get(tenant);
            out.clear();
            out.put(template.bytes());
            long rest = number;
            for (int i = DIGITS - 1; i >= 0; i--) {
                out.put(template.digitsAt() + i, (byte) ('0' + rest % 10));
                rest /= 10;
            }
            out.flip();
            in.clear();
            sent = due;
            sentReally = System.nanoTime();
            write();
        }

        void write() throws IOException {
            channel.write(out);
            int ops = out.hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ;
            if (key.interestOps() != ops) {
                key.interestOps(ops);
            }
        }

        void read() throws IOException {
            int n = channel.read(in);
            if (n < 0) {
                fail("connection closed");
                return;
            }
            if (sent == 0) {
                return;
            }
            int end = headEnd();
            if (end < 0) {
                return;
            }
            int length = contentLength(end);
            if (in.position() < end + length) {
                return;
            }
            int status = (in.get(9) - '0') * 100 + (in.get(10) - '0') * 10 + (in.get(11) - '0');
            answered(status, end, end + length);
        }

        private int headEnd() {
            for (int i = 12, last = in.position() - 4; i <= last; i++) {
                if (in.get(i) == '\r' && in.get(i + 2) == '\r' && in.get(i + 1) == '\n' && in.get(i + 3) == '\n') {
                    return i + 4;
                }
            }
            return -1;
        }

        private int contentLength(int headEnd) throws IOException {
            final String name = "content-length:";
            for (int i = 12; i < headEnd - name.length(); i++) {
                if (in.get(i) == '\n' && matches(i + 1, name)) {
                    int at = i + 1 + name.length();
                    int length = 0;
                    for (byte b = in.get(at); b != '\r'; b = in.get(++at)) {
                        if (b >= '0' && b <= '9') {
                            length = length * 10 + b - '0';
                        }
                    }
                    return length;
                }
            }
            throw new IOException("An answer without Content-Length");
        }

        private boolean matches(int at, String lower) {
            for (int i = 0; i < lower.length(); i++) {
                byte b = in.get(at + i);
                if ((b >= 'A' && b <= 'Z' ? b + 32 : b) != lower.charAt(i)) {
                    return false;
                }
            }
            return true;
        }

        private void answered(int status, int from, int to) throws IOException {
            long now = System.nanoTime();
            phase.record(status, now - sent);
            if (status == 201) {
                if (!ledger.add(in, from, to, tenant, repeat, number)) {
                    phase.note("201 without an id");
                }
            } else {
                phase.note("status " + status);
            }
            sent = 0;
            next(now);
        }

        private void next(long now) throws IOException {
            if (sending && rate == 0) {
                send(now);
            } else {
                idle.add(this);
            }
        }

        /** The answer to the request in hand will not come. */
        void lost(String why) {
            if (sent != 0) {
                ledger.unknown(tenant, repeat, number);
                phase.note(why);
                sent = 0;
            }
        }

        void fail(String why) {
            lost(why);
            idle.remove(this);
            try {
                channel.close();
                open();
                next(System.nanoTime());
            } catch (IOException e) {
                throw new IllegalStateException("The hub takes no connections any more: " + e, e);
            }
        }
    }

    /** What came back in one stretch of time. Latencies in steps of 10 us up to 200 ms, then of 1 ms. */
    private final class Phase {
        private static final int FINE = 20_000;
        private final int[] latencies = new int[FINE + 60_000];
        private final Map<Integer, Long> statuses = new TreeMap<>();
        private final Map<String, Long> notes = new TreeMap<>();
        private long ok;
        private long answers;
        private long slowest;
        private long startNanos;
        private long stopNanos;
        private long hub;
        private long compilers;
        private long postgres;
        private long self;

        void start() {
            hub = Proc.cpuMillis(hubPids);
            compilers = Proc.compilerCpuMillis(hubPids);
            postgres = Proc.familyCpuMillis(postgresPid);
            self = Proc.cpuMillis(List.of(ProcessHandle.current().pid()));
            startNanos = System.nanoTime();
        }

        void stop() {
            stopNanos = System.nanoTime();
            hub = Proc.cpuMillis(hubPids) - hub;
            compilers = Math.max(0, Proc.compilerCpuMillis(hubPids) - compilers);
            postgres = Proc.familyCpuMillis(postgresPid) - postgres;
            self = Proc.cpuMillis(List.of(ProcessHandle.current().pid())) - self;
        }

        void record(int status, long nanos) {
            answers++;
            if (status == 201) {
                ok++;
                long fine = nanos / 10_000;
                int at = fine < FINE ? (int) fine : (int) Math.min(FINE + nanos / 1_000_000 - 200, latencies.length - 1);
                latencies[at]++;
                slowest = Math.max(slowest, nanos);
            }
            statuses.merge(status, 1L, Long::sum);
        }

        void note(String what) {
            notes.merge(what, 1L, Long::sum);
        }

        double seconds() {
            return (stopNanos - startNanos) / (double) SECOND;
        }

        double compilerShare() {
            return hub == 0 ? 0 : compilers / (double) hub;
        }

        double percentile(double share) {
            long wanted = (long) Math.ceil(ok * share);
            long seen = 0;
            for (int i = 0; i < latencies.length; i++) {
                seen += latencies[i];
                if (seen >= wanted && seen > 0) {
                    return i < FINE ? (i + 1) / 100.0 : i - FINE + 200 + 1.0;
                }
            }
            return 0;
        }
    }

    private void report(Phase p, int wanted, long startedAt, String out) throws IOException {
        Map<String, Object> figures = new java.util.LinkedHashMap<>();
        figures.put("connections", wanted);
        figures.put("started_ms", startedAt);
        figures.put("seconds", round(p.seconds(), 2));
        figures.put("contacts", p.ok);
        figures.put("contacts_per_s", round(p.ok / p.seconds(), 0));
        figures.put("p50_ms", round(p.percentile(0.50), 2));
        figures.put("p99_ms", round(p.percentile(0.99), 2));
        figures.put("max_ms", round(p.slowest / 1e6, 1));
        figures.put("hub_cpu_ms", round(p.ok == 0 ? 0 : p.hub / (double) p.ok, 4));
        figures.put("jit_share", round(p.compilerShare(), 3));
        figures.put("postgres_cpu_ms", round(p.ok == 0 ? 0 : p.postgres / (double) p.ok, 4));
        figures.put("load_cpu_ms", round(p.ok == 0 ? 0 : p.self / (double) p.ok, 4));
        figures.put("other_answers", p.answers - p.ok);
        System.out.printf(
                Locale.ROOT,
                "%,d contacts in %.1f s over %d connections: %,.0f contacts/s; p50 %.2f ms, p99 %.2f ms, max %.1f ms%n",
                p.ok,
                p.seconds(),
                wanted,
                p.ok / p.seconds(),
                p.percentile(0.50),
                p.percentile(0.99),
                p.slowest / 1e6);
        if (p.ok > 0 && !hubPids.isEmpty()) {
            System.out.printf(
                    Locale.ROOT,
                    "CPU ms a contact (user + system): hub %.3f (%.0f %% of it JIT compilers), PostgreSQL %.3f, load generator %.3f%n",
                    p.hub / (double) p.ok,
                    100 * p.compilerShare(),
                    p.postgres / (double) p.ok,
                    p.self / (double) p.ok);
        }
        System.out.println("answers: " + p.statuses + (p.notes.isEmpty() ? "" : "; notes: " + p.notes));
        if (out != null) {
            StringBuilder text = new StringBuilder();
            figures.forEach((k, v) -> text.append(k).append('=').append(v).append('\n'));
            Files.writeString(Path.of(out), text.toString());
        }
    }

    private static String round(double value, int digits) {
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }

    /** Ids of the contacts that were promised, 26 bytes each. */
    private final class Ledger {
        private static final byte[] MARK = "\"id\":\"".getBytes(StandardCharsets.US_ASCII);
        private long[] high = new long[1 << 16];
        private long[] low = new long[1 << 16];
        private long[] who = new long[1 << 16];
        private int size;
        private final List<Long> unknown = new ArrayList<>();

        boolean add(ByteBuffer in, int from, int to, int tenant, boolean repeat, long number) {
            int at = -1;
            for (int i = from; i <= to - MARK.length - 36 && at < 0; i++) {
                int k = 0;
                while (k < MARK.length && in.get(i + k) == MARK[k]) {
                    k++;
                }
                at = k == MARK.length ? i + k : -1;
            }
            if (at < 0) {
                return false;
            }
            long h = 0;
            long l = 0;
            for (int i = 0, digits = 0; i < 36; i++) {
                int digit = Character.digit(in.get(at + i), 16);
                if (digit >= 0) {
                    if (digits++ < 16) {
                        h = h << 4 | digit;
                    } else {
                        l = l << 4 | digit;
                    }
                }
            }
            if (size == high.length) {
                high = Arrays.copyOf(high, size * 2);
                low = Arrays.copyOf(low, size * 2);
                who = Arrays.copyOf(who, size * 2);
            }
            high[size] = h;
            low[size] = l;
            who[size++] = who(tenant, repeat, number);
            return true;
        }

        void unknown(int tenant, boolean repeat, long number) {
            unknown.add(who(tenant, repeat, number));
        }

        private long who(int tenant, boolean repeat, long number) {
            return number << 16 | (repeat ? 1L << 15 : 0) | tenant;
        }

        private String describe(long who) {
            return fresh.get((int) (who & 0x7fff)).tenant()
                    + ((who & 1L << 15) == 0 ? " c" : " r")
                    + String.format(Locale.ROOT, "%0" + DIGITS + "d", who >>> 16) + "." + run + "@bench.example\n";
        }

        void write(Path file, String run) throws IOException {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
                for (int i = 0; i < size; i++) {
                    String line = "201 " + new java.util.UUID(high[i], low[i]) + " " + describe(who[i]);
                    out.write(line.getBytes(StandardCharsets.US_ASCII));
                }
                for (long who : unknown) {
                    out.write(("? - " + describe(who)).getBytes(StandardCharsets.US_ASCII));
                }
            }
        }
    }
}
