import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs of the catalogue, begun and watched in the database, and whether the cache is Odoo's catalogue afterwards.
 *
 * <pre>
 * Catalogue JDBC-URL run    RUT full|incremental SECONDS  asks for a run, waits for its end, prints figures
 * Catalogue JDBC-URL half   RUT SECONDS                   waits until the run under way is half done
 * Catalogue JDBC-URL verify RUT SANDBOX-URL LOGIN COMPANY compares the cache with the sandbox, asked over JSON-RPC
 * </pre>
 *
 * Exit status 1 if they differ or the run failed, 2 if it could not look.
 */
public final class Catalogue {

    private static final int PAGE = 10_000;
    private static final Pattern RECORD = Pattern.compile("\\{\"id\":[^{}]*\\}");

    private Catalogue() {}

    public static void main(String[] args) throws Exception {
        try (Connection c = DriverManager.getConnection(args[0], "postgres", "")) {
            boolean good =
                    switch (args[1]) {
                        case "run" -> run(c, args[2], args[3], Integer.parseInt(args[4]));
                        case "half" -> half(c, args[2], Integer.parseInt(args[3]));
                        case "verify" -> verify(c, args[2], args[3], args[4], Integer.parseInt(args[5]));
                        default -> throw new IllegalArgumentException("Unknown: " + args[1]);
                    };
            System.exit(good ? 0 : 1);
        } catch (SQLException | IOException | IllegalArgumentException e) {
            System.err.println("Catalogue could not look: " + e.getMessage());
            System.exit(2);
        }
    }

    private static boolean run(Connection c, String rut, String mode, int seconds) throws SQLException {
        String asked;
        try (PreparedStatement ask =
                c.prepareStatement("select asked_at::text from hub.product_request(?, ?, false)")) {
            ask.setString(1, rut);
            ask.setString(2, mode);
            ResultSet row = ask.executeQuery();
            if (!row.next()) {
                throw new IllegalArgumentException("no tenant " + rut);
            }
            asked = row.getString(1);
        }
        long until = System.nanoTime() + seconds * 1_000_000_000L;
        try (PreparedStatement look = c.prepareStatement(
                "select mode, pages, seen, changed, deactivated, outcome, lag_ms,"
                        + " extract(epoch from finished_at - ?::timestamptz) * 1000 as ms,"
                        + " extract(epoch from started_at - ?::timestamptz) * 1000 as begin_ms"
                        + " from hub.product_sync where tenant_rut = ? and started_at >= ?::timestamptz and finished_at is not null")) {
            look.setString(1, asked);
            look.setString(2, asked);
            look.setString(3, rut);
            look.setString(4, asked);
            while (System.nanoTime() < until) {
                ResultSet row = look.executeQuery();
                if (row.next()) {
                    System.out.printf(
                            Locale.ROOT,
                            "mode=%s%noutcome=%s%nms=%.0f%nbegin_ms=%.0f%npages=%d%nseen=%d%nchanged=%d%ndeactivated=%d%n",
                            row.getString("mode"),
                            row.getString("outcome"),
                            row.getDouble("ms"),
                            row.getDouble("begin_ms"),
                            row.getInt("pages"),
                            row.getInt("seen"),
                            row.getInt("changed"),
                            row.getInt("deactivated"));
                    return "completed".equals(row.getString("outcome"));
                }
                LockSupport.parkNanos(20_000_000);
            }
        }
        System.out.println("outcome=not ended in " + seconds + " s");
        return false;
    }

    private static boolean half(Connection c, String rut, int seconds) throws SQLException {
        long until = System.nanoTime() + seconds * 1_000_000_000L;
        try (PreparedStatement look = c.prepareStatement(
                "select from hub.product_sync where tenant_rut = ? and run_id is not null and seen * 2 >= total")) {
            look.setString(1, rut);
            while (System.nanoTime() < until) {
                if (look.executeQuery().next()) {
                    return true;
                }
                LockSupport.parkNanos(50_000_000);
            }
        }
        return false;
    }

    private static boolean verify(Connection c, String rut, String sandbox, String login, int company)
            throws IOException, InterruptedException, SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("create temporary table odoo (id int, sku text, barcode text, price numeric, stock numeric, name text)");
        }
        HttpClient http = HttpClient.newHttpClient();
        Matcher uid = Pattern.compile("\"result\"\\s*:\\s*(\\d+)")
                .matcher(call(http, sandbox, "\"common\",\"method\":\"login\",\"args\":[\"demo\",\"" + login + "\",\"demo\"]"));
        if (!uid.find()) {
            throw new IOException("The sandbox refused the login of " + login);
        }
        int after = 0;
        c.setAutoCommit(false);
        try (PreparedStatement insert = c.prepareStatement("insert into odoo values (?, ?, ?, ?, ?, ?)")) {
            while (true) {
                String page = call(
                        http,
                        sandbox,
                        "\"object\",\"method\":\"execute_kw\",\"args\":[\"demo\"," + uid.group(1)
                                + ",\"demo\",\"product.product\",\"search_read\",[[[\"id\",\">\"," + after
                                + "],[\"type\",\"!=\",\"service\"],[\"sale_ok\",\"=\",true]]],{\"fields\":[\"default_code\","
                                + "\"barcode\",\"lst_price\",\"qty_available\",\"name\"],\"order\":\"id\",\"limit\":" + PAGE
                                + ",\"context\":{\"allowed_company_ids\":[" + company + "]}}]");
                Matcher record = RECORD.matcher(page);
                int n = 0;
                while (record.find()) {
                    String text = record.group();
                    after = Integer.parseInt(value(text, "id"));
                    insert.setInt(1, after);
                    insert.setString(2, value(text, "default_code"));
                    insert.setString(3, value(text, "barcode"));
                    insert.setBigDecimal(4, new java.math.BigDecimal(value(text, "lst_price")));
                    insert.setBigDecimal(5, new java.math.BigDecimal(value(text, "qty_available")));
                    insert.setString(6, value(text, "name"));
                    insert.addBatch();
                    n++;
                }
                insert.executeBatch();
                if (n == 0) {
                    if (!page.contains("\"result\"")) {
                        throw new IOException("The sandbox did not list its products: " + page);
                    }
                    break;
                }
            }
        }
        long rows = one(c, "select count(*) from odoo");
        long differ = one(
                c,
                "select count(*) from (select odoo_id, sku, barcode, price, stock, name from public.products_cache"
                        + " where is_active and tenant_rut = '" + rut + "') c full join odoo o on o.id = c.odoo_id"
                        + " where (c.odoo_id, c.sku, c.barcode, c.price, c.stock, c.name) is distinct from"
                        + " (o.id, o.sku, o.barcode, o.price, o.stock, o.name)");
        System.out.printf(Locale.ROOT, "verify: %,d products in Odoo, %,d rows of the cache differ%n", rows, differ);
        return differ == 0 && rows > 0;
    }

    /** A value of a flat JSON object; null for false. */
    private static String value(String json, String name) {
        Matcher m = Pattern.compile("\"" + name + "\":(?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^,}]*))").matcher(json);
        if (!m.find() || "false".equals(m.group(2))) {
            return null;
        }
        if (m.group(1) == null) {
            return m.group(2);
        }
        StringBuilder plain = new StringBuilder();
        Matcher escape = Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|(.))").matcher(m.group(1));
        while (escape.find()) {
            String c = escape.group(1) != null
                    ? String.valueOf((char) Integer.parseInt(escape.group(1), 16))
                    : escape.group(2);
            escape.appendReplacement(plain, Matcher.quoteReplacement(c));
        }
        return escape.appendTail(plain).toString();
    }

    private static String call(HttpClient http, String sandbox, String service) throws IOException, InterruptedException {
        String body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"call\",\"params\":{\"service\":" + service + "}}";
        return http.send(
                        HttpRequest.newBuilder(URI.create(sandbox + "/jsonrpc"))
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private static long one(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet row = s.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }
}
