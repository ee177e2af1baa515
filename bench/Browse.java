import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a catalogue through {@code GET /products} as storefronts do, and holds every answer against what the database has.
 *
 * <p>Requests are due at fixed times, and latency counts from the due time, so that a slow server cannot hide by slowing the load
 * down. Before that all cursors are walked, which must give every active product once, and so must a copy made by {@code since}.
 */
public final class Browse {

    private static final String TENANT = "76000012-4";
    private static final String OTHER = "77000005-K";
    private static final String KEY = "demo-ferreteria-sur";
    private static final int CATEGORIES = 40;
    private static final int LIMIT = 50;
    private static final Pattern ID = Pattern.compile("\"odoo_id\":(\\d+)");
    private static final Pattern NEXT = Pattern.compile("\"next_cursor\":\"([^\"]+)\"");
    private static final Pattern SINCE = Pattern.compile("\"next_since\":(\\d+),\"more\":(true|false)");
    private static final String[] NOUNS = {"Taladro", "Martillo", "Broca", "Sierra", "Tornillo", "Clavo", "Pintura", "Brocha"};
    private static final String HELP =
            """
            Browse fill DB_URL ROWS
            Browse run DB_URL PORT CONNECTIONS RATE SECONDS WARM_UP_SECONDS HUB_PID POSTGRES_PID
            """;

    /** One kind of question: a target, and the ids that its answer must have; null where it must be 304. */
    private record Question(String kind, String target, String etag, int[] ids) {}

    private record Answer(int status, String etag, String body) {}

    /** What was measured of one kind. */
    private static final class Figures {
        final List<long[]> latencies = new ArrayList<>();
    }

    private static final AtomicLong BROKEN = new AtomicLong();

    private final int port;
    private final List<int[]> pages = new ArrayList<>();
    private final List<String> cursors = new ArrayList<>();
    private int[] active;
    private int rows;
    private String pageTag;

    private Browse(int port) {
        this.port = port;
    }

    public static void main(String[] args) throws Exception {
        if (args.length < 3) {
            System.err.print(HELP);
            System.exit(2);
        }
        try (Connection c = DriverManager.getConnection(args[1], "postgres", "")) {
            if (args[0].equals("fill")) {
                fill(c, Integer.parseInt(args[2]));
                return;
            }
            Browse browse = new Browse(Integer.parseInt(args[2]));
            browse.walk(c);
            browse.measure(
                    Integer.parseInt(args[3]),
                    Double.parseDouble(args[4]),
                    Integer.parseInt(args[5]),
                    Integer.parseInt(args[6]),
                    Long.parseLong(args[7]),
                    Long.parseLong(args[8]));
        }
        if (BROKEN.get() > 0) {
            System.out.println("VERIFY FAILED: " + BROKEN.get() + " broken promises");
            System.exit(1);
        }
        System.out.println("verify: every answer had what the database has");
    }

    /** One tenth inactive, the neighbour's catalogue a fifth of the size. */
    private static void fill(Connection c, int rows) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("truncate public.products_cache");
        }
        long start = System.nanoTime();
        for (Map.Entry<String, Integer> t : Map.of(TENANT, rows, OTHER, rows / 5).entrySet()) {
            try (PreparedStatement s = c.prepareStatement(
                    "insert into public.products_cache (tenant_rut, odoo_id, product_tmpl_id, sku, barcode, name, description,"
                            + " price, stock, category, image_ref, is_active, content_hash)"
                            + " select ?, i, i / 2, 'SKU-' || i, (7800000000000 + i)::text,"
                            + " (?::text[])[1 + i % 8] || ' profesional modelo ' || i || ' de ' || i % 97 || ' mm',"
                            + " 'Para trabajos de construcción; incluye garantía de un año.', 990 + i % 5000, i % 300,"
                            + " 'Ferretería / Categoría ' || i % " + CATEGORIES + ", '/web/image/product.product/' || i,"
                            + " i % 10 <> 0, sha256(i::text::bytea) from generate_series(1, ?) i")) {
                s.setString(1, t.getKey());
                s.setString(2, "{" + String.join(",", NOUNS) + "}");
                s.setInt(3, t.getValue());
                s.executeUpdate();
            }
        }
        try (Statement s = c.createStatement()) {
            s.execute("vacuum analyze public.products_cache");
        }
        System.out.printf(
                Locale.ROOT,
                "%,d products and %,d of a neighbour put in, in %.1f s%n",
                rows,
                rows / 5,
                (System.nanoTime() - start) / 1e9);
    }

    private void walk(Connection c) throws Exception {
        active = ids(c, "select odoo_id from public.products_cache where tenant_rut = '" + TENANT + "' and is_active order by 1");
        rows = ids(c, "select count(*)::int from public.products_cache where tenant_rut = '" + TENANT + "'")[0];
        long start = System.nanoTime();
        List<Integer> seen = new ArrayList<>();
        try (Client client = new Client(port)) {
            String cursor = null;
            do {
                Answer answer = client.get("/products?limit=" + LIMIT + (cursor == null ? "" : "&cursor=" + cursor), null);
                int[] page = found(answer.body());
                pages.add(page);
                cursors.add(cursor);
                pageTag = pageTag == null ? answer.etag() : pageTag;
                Arrays.stream(page).forEach(seen::add);
                Matcher next = NEXT.matcher(answer.body());
                cursor = next.find() ? next.group(1) : null;
            } while (cursor != null);
            System.out.printf(
                    Locale.ROOT,
                    "walk: %,d products on %,d pages in %.1f s%n",
                    seen.size(),
                    pages.size(),
                    (System.nanoTime() - start) / 1e9);
            hold("walking all cursors", seen.stream().mapToInt(i -> i).toArray(), active);

            java.util.BitSet copy = new java.util.BitSet();
            String since = "0";
            boolean more;
            do {
                Answer answer = client.get("/products?limit=100&since=" + since, null);
                for (String product : answer.body().split("\\{\"odoo_id\":")) {
                    if (product.contains("\"is_active\":true")) {
                        copy.set(Integer.parseInt(product.substring(0, product.indexOf(','))));
                    }
                }
                Matcher m = SINCE.matcher(answer.body());
                if (!m.find()) {
                    throw new IOException("no next_since: " + answer.status());
                }
                since = m.group(1);
                more = m.group(2).equals("true");
            } while (more);
            hold("a copy by since", copy.stream().toArray(), active);
        }
    }

    private static int[] ids(Connection c, String sql) throws SQLException {
        List<Integer> ids = new ArrayList<>();
        try (Statement s = c.createStatement();
                ResultSet row = s.executeQuery(sql)) {
            while (row.next()) {
                ids.add(row.getInt(1));
            }
        }
        return ids.stream().mapToInt(i -> i).toArray();
    }

    private static int[] found(String body) {
        List<Integer> ids = new ArrayList<>();
        Matcher m = ID.matcher(body);
        while (m.find()) {
            ids.add(Integer.valueOf(m.group(1)));
        }
        return ids.stream().mapToInt(i -> i).toArray();
    }

    private static void hold(String what, int[] answered, int[] wanted) {
        if (!Arrays.equals(answered, wanted) && BROKEN.incrementAndGet() <= 10) {
            System.out.printf(
                    Locale.ROOT, "  BROKEN  %s: %d products, should be %d%n", what, answered.length, wanted.length);
        }
    }

    /** The first active ids from {@code from} on that are as asked, one page of them. */
    private int[] page(int from, java.util.function.IntPredicate asked) {
        return Arrays.stream(active).filter(i -> i >= from).filter(asked).limit(LIMIT).toArray();
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private final Map<String, int[]> known = new ConcurrentHashMap<>();

    private Question question(long n) {
        int at = (int) ((n * 7919 + 13) % pages.size());
        int id = (int) ((n * 104_729 + 7) % rows) + 1;
        switch ((int) (n % 8)) {
            case 0, 1 -> {
                return new Question("first page", "?limit=" + LIMIT, null, pages.get(0));
            }
            case 2, 3 -> {
                String cursor = cursors.get(at);
                return new Question(
                        "page behind a cursor",
                        "?limit=" + LIMIT + (cursor == null ? "" : "&cursor=" + cursor),
                        null,
                        pages.get(at));
            }
            case 4 -> {
                int category = id % CATEGORIES;
                return new Question(
                        "category",
                        "?category=" + encoded("Ferretería / Categoría " + category),
                        null,
                        known.computeIfAbsent("c" + category, k -> page(0, i -> i % CATEGORIES == category)));
            }
            case 5 -> {
                int noun = id % 8;
                return new Question(
                        "search, common word",
                        "?q=" + encoded(NOUNS[noun].toLowerCase(Locale.ROOT) + " prof"),
                        null,
                        known.computeIfAbsent("n" + noun, k -> page(0, i -> i % 8 == noun)));
            }
            case 6 -> {
                return new Question(
                        "search, one product",
                        "?q=" + (7_800_000_000_000L + id),
                        null,
                        id % 10 == 0 ? new int[0] : new int[] {id});
            }
            default -> {
                return new Question("unchanged page (304)", "?limit=" + LIMIT, pageTag, null);
            }
        }
    }

    private void measure(int connections, double rate, int seconds, int warmUp, long hub, long postgres)
            throws Exception {
        if (warmUp > 0) {
            phase(connections, rate, warmUp);
        }
        long hubCpu = Proc.cpuMillis(List.of(hub));
        long databaseCpu = Proc.familyCpuMillis(postgres);
        Map<String, Figures> figures = phase(connections, rate, seconds);
        hubCpu = Proc.cpuMillis(List.of(hub)) - hubCpu;
        databaseCpu = Proc.familyCpuMillis(postgres) - databaseCpu;
        Figures all = new Figures();
        figures.values().forEach(f -> all.latencies.addAll(f.latencies));
        figures.forEach((kind, f) -> print(System.out, kind, f));
        print(System.out, "all", all);
        System.out.printf(
                Locale.ROOT,
                "CPU an answer: hub %.2f ms, PostgreSQL %.2f ms%n",
                hubCpu / (double) all.latencies.size(),
                databaseCpu / (double) all.latencies.size());
    }

    private Map<String, Figures> phase(int connections, double rate, int seconds) throws Exception {
        Map<String, Figures> figures = new TreeMap<>();
        AtomicLong sequence = new AtomicLong();
        long start = System.nanoTime();
        long total = (long) (rate * seconds);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            Thread thread = new Thread(() -> {
                try (Client client = new Client(port)) {
                    for (long n = sequence.getAndIncrement(); n < total; n = sequence.getAndIncrement()) {
                        Question question = question(n);
                        long due = start + (long) (n * 1e9 / rate);
                        for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
                            LockSupport.parkNanos(wait);
                        }
                        Answer answer = client.get("/products" + question.target(), question.etag());
                        long took = System.nanoTime() - due;
                        if (question.ids() == null ? answer.status() != 304 : answer.status() != 200) {
                            hold(question.kind() + " was answered " + answer.status(), new int[1], new int[0]);
                        } else if (question.ids() != null) {
                            hold(question.kind(), found(answer.body()), question.ids());
                        }
                        synchronized (figures) {
                            figures.computeIfAbsent(question.kind(), k -> new Figures())
                                    .latencies
                                    .add(new long[] {took});
                        }
                    }
                } catch (IOException e) {
                    BROKEN.incrementAndGet();
                    System.out.println("  BROKEN  " + e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return figures;
    }

    private static void print(PrintStream out, String kind, Figures f) {
        long[] sorted = f.latencies.stream().mapToLong(l -> l[0]).sorted().toArray();
        out.printf(
                Locale.ROOT,
                "%-22s %,7d answers   p50 %6.2f ms   p95 %6.2f ms   p99 %6.2f ms   max %7.2f ms%n",
                kind,
                sorted.length,
                at(sorted, 0.5),
                at(sorted, 0.95),
                at(sorted, 0.99),
                at(sorted, 1));
    }

    private static double at(long[] sorted, double share) {
        return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1, sorted.length * share)] / 1e6;
    }

    /** One keep-alive connection. */
    private static final class Client implements AutoCloseable {
        private final Socket socket;
        private final InputStream in;
        private final OutputStream out;

        Client(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(20_000);
            in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
            out = socket.getOutputStream();
        }

        Answer get(String target, String etag) throws IOException {
            out.write(("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: " + KEY
                            + (etag == null ? "" : "\r\nIf-None-Match: " + etag) + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            out.flush();
            int status = Integer.parseInt(line().split(" ")[1]);
            int length = 0;
            String tag = null;
            for (String header = line(); !header.isEmpty(); header = line()) {
                String name = header.substring(0, header.indexOf(':')).toLowerCase(Locale.ROOT);
                String value = header.substring(header.indexOf(':') + 1).trim();
                if (name.equals("content-length")) {
                    length = Integer.parseInt(value);
                } else if (name.equals("etag")) {
                    tag = value;
                }
            }
            return new Answer(status, tag, status == 304 ? "" : new String(in.readNBytes(length), StandardCharsets.UTF_8));
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0) {
                    throw new IOException("connection closed");
                }
                if (c != '\r') {
                    line.append((char) c);
                }
            }
            return line.toString();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
