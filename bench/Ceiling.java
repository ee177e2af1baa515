import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the database alone can take: the rows of the intake (contact, event, payload, delivery) through the hub's own
 * {@code hub.append}, as its role {@code hub_writer}, without the hub.
 *
 * <pre>Ceiling JDBC-URL POSTGRES-PID SECONDS OUT-FILE CONNECTIONSxROWS... </pre>
 *
 * One row a commit over several connections is what a hub without grouping would do; many rows over one connection is what the
 * hub's writer does.
 */
public final class Ceiling {

    private static final String APPEND =
            "select ord, event_id, outcome from hub.append(?, ?, ?, ?, ?, ?, ?, ?::timestamptz[], ?, ?, ?, ?, ?, ?, ?, ?::interval)";
    private static final String[] TENANTS = {"76000012-4", "77000005-K"};
    private static final AtomicInteger NUMBER = new AtomicInteger();

    public static void main(String[] args) throws Exception {
        String url = args[0];
        long postgres = Long.parseLong(args[1]);
        double seconds = Double.parseDouble(args[2]);
        StringBuilder out = new StringBuilder();
        long before = count(url);
        AtomicLong appended = new AtomicLong();
        double best = 0;
        for (int i = 4; i < args.length; i++) {
            int x = args[i].indexOf('x');
            int connections = Integer.parseInt(args[i].substring(0, x));
            int rows = Integer.parseInt(args[i].substring(x + 1));
            run(url, connections, rows, Math.min(3, seconds / 2), appended);
            long cpu = Proc.familyCpuMillis(postgres);
            long started = System.nanoTime();
            long n = run(url, connections, rows, seconds, appended);
            double took = (System.nanoTime() - started) / 1e9;
            cpu = Proc.familyCpuMillis(postgres) - cpu;
            System.out.printf(
                    Locale.ROOT,
                    "  database alone, %3d connection%s, %3d row%s a commit: %,8.0f contacts/s, PostgreSQL CPU %.3f ms a contact%n",
                    connections,
                    connections == 1 ? " " : "s",
                    rows,
                    rows == 1 ? " " : "s",
                    n / took,
                    cpu / (double) n);
            String name = "ceiling_" + args[i];
            out.append(String.format(Locale.ROOT, "%s=%.0f%n%s_cpu_ms=%.4f%n", name, n / took, name, cpu / (double) n));
            if (rows > 1) {
                best = Math.max(best, n / took);
            }
        }
        if (count(url) - before != appended.get()) {
            System.out.println("VERIFY FAILED: " + (count(url) - before) + " contacts there, " + appended.get() + " appended");
            System.exit(1);
        }
        out.append(String.format(Locale.ROOT, "ceiling_grouped=%.0f%n", best));
        Files.writeString(Path.of(args[3]), out.toString());
    }

    private static long count(String url) throws SQLException {
        try (Connection c = DriverManager.getConnection(url, "postgres", "");
                Statement s = c.createStatement();
                ResultSet row = s.executeQuery("select count(*) from public.contacts")) {
            row.next();
            return row.getLong(1);
        }
    }

    private static long run(String url, int connections, int rows, double seconds, AtomicLong appended) throws Exception {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        AtomicLong total = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        AtomicLong failures = new AtomicLong();
        for (int i = 0; i < connections; i++) {
            Thread t = new Thread(() -> {
                try {
                    total.addAndGet(append(url, rows, end));
                } catch (Exception e) {
                    System.err.println("append failed: " + e);
                    failures.incrementAndGet();
                }
            });
            t.start();
            threads.add(t);
        }
        for (Thread t : threads) {
            t.join();
        }
        if (failures.get() > 0) {
            System.exit(2);
        }
        appended.addAndGet(total.get());
        return total.get();
    }

    private static long append(String url, int rows, long end) throws Exception {
        Properties login = new Properties();
        login.setProperty("user", "postgres");
        login.setProperty("prepareThreshold", "2");
        long done = 0;
        try (Connection c = DriverManager.getConnection(url, login)) {
            try (Statement s = c.createStatement()) {
                s.execute("set role hub_writer");
            }
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            String message = "Quisiera una cotización de 20 planchas de zinc y su despacho a Ñuñoa, por favor. ".repeat(11);
            try (PreparedStatement append = c.prepareStatement(APPEND)) {
                UUID[] ids = new UUID[rows];
                String[][] text = new String[13][rows];
                byte[][] bodies = new byte[rows][];
                byte[][] hashes = new byte[rows][];
                while (System.nanoTime() < end) {
                    for (int i = 0; i < rows; i++) {
                        int number = NUMBER.incrementAndGet();
                        String tenant = TENANTS[number % TENANTS.length];
                        String email = "d" + number + "@ceiling.example";
                        ids[i] = uuidV7();
                        text[0][i] = tenant;
                        text[1][i] = "contact.received";
                        text[2][i] = "door.contact";
                        text[3][i] = "contact-"
                                + HexFormat.of()
                                        .formatHex(
                                                sha.digest((tenant + '\n' + email).getBytes(StandardCharsets.UTF_8)), 0, 12);
                        text[4][i] = ids[i].toString();
                        text[5][i] = "{\"source\":\"bench\",\"has_phone\":true}";
                        text[7][i] = "application/json";
                        text[9][i] = "contacts";
                        bodies[i] = ("{\"name\":\"María José Ñuñez Pérez\",\"email\":\"" + email + "\",\"message\":\"" + message
                                        + "\",\"phone\":\"+56 9 8765 4321\",\"source\":\"bench\"}")
                                .getBytes(StandardCharsets.UTF_8);
                    }
                    List<Array> arrays = new ArrayList<>();
                    set(c, append, 1, arrays, "uuid", ids);
                    for (int p = 0; p < 9; p++) {
                        set(c, append, p + 2, arrays, "text", text[p]);
                    }
                    set(c, append, 11, arrays, "bytea", bodies);
                    for (int p = 9; p < 12; p++) {
                        set(c, append, p + 3, arrays, "text", text[p]);
                    }
                    set(c, append, 15, arrays, "bytea", hashes);
                    append.setString(16, "172800 seconds");
                    try (ResultSet refused = append.executeQuery()) {
                        if (refused.next()) {
                            throw new SQLException("An append without a dedup key was refused");
                        }
                    }
                    for (Array array : arrays) {
                        array.free();
                    }
                    done += rows;
                }
            }
        }
        return done;
    }

    private static void set(Connection c, PreparedStatement s, int at, List<Array> arrays, String type, Object[] values)
            throws SQLException {
        Array array = c.createArrayOf(type, values);
        arrays.add(array);
        s.setArray(at, array);
    }

    private static UUID uuidV7() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long high = System.currentTimeMillis() << 16 | 0x7000 | random.nextInt(1 << 12);
        long low = 0x8000_0000_0000_0000L | random.nextLong() >>> 2;
        return new UUID(high, low);
    }
}
