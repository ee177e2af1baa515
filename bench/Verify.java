import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.PGConnection;

/**
 * Looks into the database, as its owner, whether the hub kept its word for every line of the ledgers.
 *
 * <pre>
 * Verify JDBC-URL tenants SANDBOX-URL              makes the demo tenants if the hub did not
 * Verify JDBC-URL intake  paused|running LEDGER... contact, event, payload and deliveries of each 201, and nothing else
 * Verify JDBC-URL await   SECONDS                  waits until no delivery is unfinished
 * Verify JDBC-URL synced  SANDBOX-URL LEDGER...    deliveries done, partners there, each once
 * Verify JDBC-URL pause                            pauses all subscriptions
 * Verify JDBC-URL only    NAME,NAME|all            pauses all but the named ones, which run
 * Verify JDBC-URL drain   SECONDS NAME,NAME|all    resumes the named ones, awaits, and prints the done-span
 * Verify JDBC-URL plan    RUT PLAN                  puts a tenant on a plan; prints limit=N, the requests a minute of one key
 * Verify JDBC-URL nodes   N                        N hubs shared the deliveries, none of which was done twice
 * Verify JDBC-URL talk    FIRST LAST HEARD          messages of these ids are there, each answered in one turn; HEARD replies were heard
 * Verify JDBC-URL done-span MS                     contacts done since MS (epoch), and the seconds from there to the last
 * </pre>
 *
 * Exit status 1 if a promise is broken, 2 if it could not look.
 */
public final class Verify {

    private static final String[][] TENANTS = {
        {"76000012-4", "Ferretería Sur", "ferreteria-sur", "1", "true"},
        {"77000005-K", "Pastelería Norte", "pasteleria-norte", "2", "false"}
    };

    private static int broken;

    public static void main(String[] args) throws Exception {
        try (Connection c = DriverManager.getConnection(args[0], "postgres", "")) {
            switch (args[1]) {
                case "tenants" -> tenants(c, args[2]);
                case "intake" -> intake(c, args[2].equals("paused"), List.of(args).subList(3, args.length));
                case "await" -> await(c, Integer.parseInt(args[2]));
                case "synced" -> synced(c, args[2], List.of(args).subList(3, args.length));
                case "pause" -> only(c, "");
                case "only" -> only(c, args[2]);
                case "talk" -> talk(c, Long.parseLong(args[2]), Long.parseLong(args[3]), Long.parseLong(args[4]));
                case "plan" -> plan(c, args[2], args[3]);
                case "nodes" -> nodes(c, Integer.parseInt(args[2]));
                case "drain" -> {
                    long since = System.currentTimeMillis();
                    only(c, args[3]);
                    await(c, Integer.parseInt(args[2]));
                    doneSpan(c, since);
                }
                case "done-span" -> doneSpan(c, Long.parseLong(args[2]));
                default -> throw new IllegalArgumentException("Unknown: " + args[1]);
            }
        } catch (SQLException | IOException | IllegalArgumentException e) {
            System.err.println("Verify could not look: " + e.getMessage());
            System.exit(2);
        }
        if (broken > 0) {
            System.out.println("VERIFY FAILED: " + broken + " broken promises");
            System.exit(1);
        }
    }

    private static void tenants(Connection c, String sandbox) throws Exception {
        c.setAutoCommit(false);
        for (String[] t : TENANTS) {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(("demo-" + t[2]).getBytes());
            try (PreparedStatement known = c.prepareStatement("select from hub.api_key where key_hash = ?")) {
                known.setBytes(1, hash);
                try (ResultSet row = known.executeQuery()) {
                    if (row.next()) {
                        continue;
                    }
                }
            }
            update(c, "insert into public.tenants (rut, business_name, odoo_company_id) values (?, ?, ?::int)", t[0], t[1], t[3]);
            update(
                    c,
                    "insert into hub.tenant_settings (tenant_rut, slug, plan, odoo_url, odoo_db, odoo_user, odoo_create_lead)"
                            + " values (?, ?, 'unlimited', ?, 'demo', ?, ?::boolean)",
                    t[0],
                    t[2],
                    sandbox,
                    t[2],
                    t[4]);
            try (PreparedStatement key = c.prepareStatement(
                    "insert into hub.api_key (tenant_rut, name, key_hash, demo) values (?, 'bench', ?, true)")) {
                key.setString(1, t[0]);
                key.setBytes(2, hash);
                key.executeUpdate();
            }
            System.out.println("The hub has no demo tenant " + t[0] + "; made one");
        }
        c.commit();
        c.setAutoCommit(true);
    }

    private static void plan(Connection c, String rut, String plan) throws SQLException {
        update(c, "update hub.tenant_settings set plan = ?, limits = '{}' where tenant_rut = ?", plan, rut);
        try (PreparedStatement s = c.prepareStatement("select limits ->> 'key_per_minute' from hub.plan where name = ?")) {
            s.setString(1, plan);
            try (ResultSet row = s.executeQuery()) {
                if (!row.next() || row.getString(1) == null) {
                    throw new IllegalArgumentException("no plan with a limit for each key: " + plan);
                }
                System.out.println("limit=" + row.getString(1));
            }
        }
    }

    private static void talk(Connection c, long first, long last, long heard) throws SQLException {
        String range = " from public.messages where chatwoot_message_id between " + first + " and " + last;
        long sent = last - first + 1;
        long rows = one(c, "select count(*)" + range);
        if (rows != sent) {
            broken++;
            System.out.println("  BROKEN  " + rows + " messages of " + sent + " that were sent");
        }
        none(c, "messages that no turn answered", "select count(*)" + range + " and turn_id is null");
        none(c, "deliveries that are not done", "select count(*) from hub.delivery where state <> 'done'");
        long turns = one(c, "select count(distinct turn_id)" + range);
        none(c, "turns without an end, or with two", "select count(*) from (select distinct turn_id" + range + ") t"
                + " join public.events r on r.id = t.turn_id left join (select correlation_id, count(*) n from public.events"
                + " where type in ('intent.resolved', 'conversation.handoff') group by 1) e using (correlation_id)"
                + " where coalesce(e.n, 0) <> 1");
        if (heard > turns) {
            broken++;
            System.out.println("  BROKEN  " + heard + " replies for " + turns + " turns");
        }
        System.out.printf(Locale.ROOT, "verify: %,d messages in %,d turns, %,d replies%n", rows, turns, heard);
    }

    private static void update(Connection c, String sql, String... values) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                s.setString(i + 1, values[i]);
            }
            s.executeUpdate();
        }
    }

    /** The ledgers as the temporary table {@code ledger (status, id, tenant, email)}. */
    private static void load(Connection c, List<String> ledgers) throws SQLException, IOException {
        run(c, "create temporary table ledger (status text, id uuid, tenant text, email text)");
        for (String ledger : ledgers) {
            try (InputStream in = Files.newInputStream(Path.of(ledger))) {
                c.unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn("copy ledger from stdin (delimiter ' ', null '-')", in, 1 << 20);
            }
        }
        run(c, "create index on ledger (id)");
        run(c, "analyze ledger");
        // A million rows came within a minute: without fresh statistics the planner joins them row by row.
        run(c, "analyze public.contacts, public.events, hub.payload, hub.delivery");
        run(c, "set work_mem = '256MB'");
        run(c, "set enable_nestloop = off");
    }

    private static void intake(Connection c, boolean paused, List<String> ledgers) throws SQLException, IOException {
        load(c, ledgers);
        long promised = one(c, "select count(*) from ledger where status = '201'");
        long unknown = one(c, "select count(*) from ledger where status = '?'");
        System.out.printf(
                Locale.ROOT, "verify: %,d answers 201, %,d requests without an answer%n", promised, unknown);
        if (promised == 0) {
            broken++;
            System.out.println("  BROKEN  there is no answer 201 at all");
        }
        none(c, "ids answered more than once",
                "select count(*) from (select id from ledger where status = '201' group by id having count(*) > 1) x");
        none(c, "201 without its contact (same id, tenant and address)",
                "select count(*) from ledger l where status = '201' and not exists (select from public.contacts c"
                        + " where c.id = l.id and c.tenant_rut = l.tenant and c.email = l.email)");
        none(c, "contacts that nobody was promised and nobody asked for",
                "select count(*) from public.contacts c where not exists (select from ledger l where l.id = c.id)"
                        + " and not exists (select from ledger l where l.status = '?' and l.tenant = c.tenant_rut"
                        + " and l.email = c.email)");
        none(c, "more contacts than requests",
                "select greatest(0, (select count(*) from public.contacts) - (select count(*) from ledger))");
        none(c, "contacts with fewer or more than one event contact.received of their tenant",
                "select count(*) from public.contacts c left join (select id, tenant_rut, count(*) n from public.events"
                        + " where type = 'contact.received' group by 1, 2) e on e.id = c.id and e.tenant_rut = c.tenant_rut"
                        + " where e.n is distinct from 1");
        none(c, "events contact.received without a contact",
                "select count(*) from public.events e where e.type = 'contact.received'"
                        + " and not exists (select from public.contacts c where c.id = e.id)");
        none(c, "contacts whose event has no payload with their address",
                "select count(*) from public.contacts c left join hub.payload p on p.event_id = c.id"
                        + " and p.tenant_rut = c.tenant_rut"
                        + " where convert_from(p.body, 'UTF8')::jsonb ->> 'email' is distinct from c.email");
        long subscriptions = one(c,
                "select count(*) from hub.subscription where active and hub.type_matches('contact.received', pattern)");
        if (subscriptions == 0) {
            broken++;
            System.out.println("  BROKEN  no subscription takes contact.received");
        }
        none(c, "deliveries missing (" + subscriptions + " for each contact)",
                "select count(*) from public.contacts c join hub.subscription s on s.active"
                        + " and hub.type_matches('contact.received', s.pattern)"
                        + " left join hub.delivery d on d.event_id = c.id and d.subscription = s.name"
                        + " and d.tenant_rut = c.tenant_rut where d.id is null");
        none(c, "deliveries missing of events that followed",
                "select count(*) from public.events e join hub.subscription s on s.active"
                        + " and hub.type_matches(e.type, s.pattern)"
                        + " left join hub.delivery d on d.event_id = e.id and d.subscription = s.name"
                        + " and d.tenant_rut = e.tenant_rut where e.type <> 'contact.received' and d.id is null");
        none(c, "deliveries twice or for nobody",
                "select count(*) from (select event_id, subscription from hub.delivery group by 1, 2 having count(*) > 1) x");
        none(c, "deliveries of an event that is not there",
                "select count(*) from hub.delivery d where not exists (select from public.events e where e.id = d.event_id)");
        if (paused) {
            none(c, "deliveries that are not pending though all is paused",
                    "select count(*) from hub.delivery where (state <> 'pending' or attempt <> 0) and subscription not like 'schedule-%'");
            none(c, "events of other types though all is paused",
                    "select count(*) from public.events where type <> 'contact.received' and type not like 'schedule.%'");
            none(c, "attempts though all is paused", "select count(*) from hub.attempt");
        } else {
            none(c, "dead deliveries", "select count(*) from hub.delivery where state = 'dead'");
            none(c, "unfinished deliveries of subscriptions that run", "select count(*) from hub.delivery d"
                    + " join hub.subscription s on s.name = d.subscription and not s.paused where d.state not in ('done', 'dead')");
            none(c, "attempts of deliveries that wait for a paused subscription", "select count(*) from hub.delivery d"
                    + " join hub.subscription s on s.name = d.subscription and s.paused where d.state = 'retry'");
        }
        if (broken == 0) {
            System.out.println("verify: each 201 has one contact, one event, one payload and " + subscriptions
                    + (paused ? " pending" : "") + " delivery each; nothing else is there");
        }
    }

    private static void await(Connection c, int seconds) throws SQLException, InterruptedException {
        // Asked by the partial indexes of the unfinished, which begin with the subscription: a look must not cost what it
        // measures. What waits for a paused subscription may wait.
        run(c, "set enable_seqscan = off");
        run(c, "set enable_bitmapscan = off");
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (one(c, "select exists (select from (select name from hub.subscription where not paused offset 0) s where"
                + " exists (select from hub.delivery d where d.subscription = s.name and d.state = 'pending')"
                + " or exists (select from hub.delivery d where d.subscription = s.name and d.state in ('leased', 'retry'))"
                + ")::int") != 0) {
            if (System.nanoTime() > end) {
                broken++;
                System.out.println("  BROKEN  deliveries unfinished after " + seconds + " s");
                try (Statement s = c.createStatement();
                        ResultSet rows = s.executeQuery("select state, coalesce(left(last_error, 160), ''), count(*)"
                                + " from hub.delivery group by 1, 2 order by 3 desc limit 8")) {
                    while (rows.next()) {
                        System.out.printf("          %-8s %,8d  %s%n", rows.getString(1), rows.getLong(3), rows.getString(2));
                    }
                }
                return;
            }
            Thread.sleep(300);
        }
        run(c, "reset enable_seqscan");
        run(c, "reset enable_bitmapscan");
    }

    /** The named subscriptions run, or all; the others are paused. */
    private static void only(Connection c, String names) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("select count(*) filter (where run), count(hub.set_paused(name, not run))"
                + " from (select name, ?::boolean or name = any (string_to_array(?, ',')) as run from hub.subscription"
                + " where active) x")) {
            s.setBoolean(1, names.equals("all"));
            s.setString(2, names);
            try (ResultSet row = s.executeQuery()) {
                row.next();
                int wanted = names.isEmpty() ? 0 : names.split(",").length;
                if (!names.equals("all") && row.getInt(1) != wanted) {
                    throw new IllegalArgumentException("not all of these are subscriptions: " + names);
                }
                System.out.printf("subscriptions: %d run, %d are paused%n", row.getInt(1), row.getInt(2) - row.getInt(1));
            }
        }
    }

    private static void nodes(Connection c, int wanted) throws SQLException {
        none(c, "deliveries done more than once",
                "select count(*) from (select from hub.attempt where outcome = 'done' group by delivery_id having count(*) > 1) x");
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("select node, count(*) from hub.attempt where outcome = 'done' group by 1")) {
            int nodes = 0;
            while (rows.next()) {
                nodes++;
                System.out.printf(Locale.ROOT, "  %s finished %,d deliveries%n", rows.getString(1), rows.getLong(2));
            }
            if (nodes != wanted) {
                broken++;
                System.out.println("  BROKEN  " + nodes + " hubs worked, not " + wanted);
            }
        }
    }

    private static void doneSpan(Connection c, long since) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet row = s.executeQuery("select count(*),"
                        + " coalesce(extract(epoch from max(finished_at)) * 1000 - " + since + ", 0) / 1000.0"
                        + " from hub.delivery where state = 'done'"
                        + " and finished_at >= to_timestamp(" + since + " / 1000.0)"
                        + " and subscription = 'contact-to-odoo'")) {
            row.next();
            System.out.printf(Locale.ROOT, "done=%d%ndone_s=%.2f%ndone_per_s=%.0f%n", row.getLong(1), row.getDouble(2),
                    row.getLong(1) / Math.max(0.001, row.getDouble(2)));
        }
    }

    private static void synced(Connection c, String sandbox, List<String> ledgers) throws Exception {
        load(c, ledgers);
        for (String type : new String[] {"contact.enriched", "partner.synced"}) {
            none(c, "contacts with fewer or more than one event " + type,
                    "select count(*) from public.contacts c left join (select correlation_id, tenant_rut, count(*) n"
                            + " from public.events where type = '" + type + "' group by 1, 2) e"
                            + " on e.correlation_id = c.id::text and e.tenant_rut = c.tenant_rut where e.n is distinct from 1");
        }
        none(c, "201 whose delivery to Odoo is not done",
                "select count(*) from ledger l where l.status = '201' and not exists (select from public.events e"
                        + " join hub.delivery d on d.event_id = e.id where e.correlation_id = l.id::text"
                        + " and e.type = 'contact.enriched' and d.subscription = 'contact-to-odoo' and d.state = 'done')");
        none(c, "contacts that are not enriched",
                "select count(*) from public.contacts where display_name is null or phone_e164 is null");
        none(c, "contacts without the id of their partner",
                "select count(*) from public.contacts where odoo_partner_id is null");
        none(c, "contacts without the id of their lead though their tenant wants leads",
                "select count(*) from public.contacts c join hub.tenant_settings s on s.tenant_rut = c.tenant_rut"
                        + " and s.odoo_create_lead where c.odoo_lead_id is null");
        none(c, "addresses of one tenant with more than one partner",
                "select count(*) from (select from public.contacts group by tenant_rut, lower(email)"
                        + " having count(distinct odoo_partner_id) > 1) x");
        none(c, "leads shared by contacts",
                "select count(*) from (select from public.contacts where odoo_lead_id is not null group by tenant_rut, odoo_lead_id"
                        + " having count(*) > 1) x");
        run(c, "create temporary table partner (company int, id int, email text)");
        for (String[] t : TENANTS) {
            partners(c, sandbox, t[2], Integer.parseInt(t[3]));
        }
        none(c, "(company, address) with fewer or more than one partner in Odoo, or another id than the contact says",
                "select count(*) from (select distinct t.odoo_company_id company, lower(c.email) email, c.odoo_partner_id id"
                        + " from public.contacts c join public.tenants t on t.rut = c.tenant_rut) c"
                        + " left join (select company, lower(email) email, count(*) n, min(id) id from partner group by 1, 2) p"
                        + " on p.company = c.company and p.email = c.email"
                        + " where p.n is distinct from 1 or p.id is distinct from c.id");
        none(c, "partners in Odoo that no contact asked for",
                "select count(*) from partner p where not exists (select from public.contacts c join public.tenants t"
                        + " on t.rut = c.tenant_rut where t.odoo_company_id = p.company and lower(c.email) = lower(p.email))");
        if (broken == 0) {
            System.out.printf(
                    Locale.ROOT,
                    "verify: %,d contacts, all done; %,d partners in Odoo, one for each address and company%n",
                    one(c, "select count(*) from public.contacts"),
                    one(c, "select count(*) from partner"));
        }
    }

    private static final Pattern RECORD = Pattern.compile("\\{[^{}]*\\}");
    private static final Pattern ID = Pattern.compile("\"id\"\\s*:\\s*(\\d+)");
    private static final Pattern EMAIL = Pattern.compile("\"email\"\\s*:\\s*\"([^\"]*)\"");

    /** All bench partners of one company, asked over Odoo's own JSON-RPC rather than of the hub. */
    private static void partners(Connection c, String sandbox, String user, int company) throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        String uid = call(http, sandbox, "\"common\",\"method\":\"login\",\"args\":[\"demo\",\"" + user + "\",\"demo\"]");
        Matcher number = Pattern.compile("\"result\"\\s*:\\s*(\\d+)").matcher(uid);
        if (!number.find()) {
            throw new IOException("The sandbox refused the login of " + user + ": " + uid);
        }
        int after = 0;
        try (PreparedStatement insert = c.prepareStatement("insert into partner values (?, ?, ?)")) {
            while (true) {
                String page = call(http, sandbox, "\"object\",\"method\":\"execute_kw\",\"args\":[\"demo\"," + number.group(1)
                        + ",\"demo\",\"res.partner\",\"search_read\",[[[\"id\",\">\"," + after
                        + "],[\"email\",\"like\",\"@bench.example\"],[\"company_id\",\"=\"," + company
                        + "]]],{\"fields\":[\"id\",\"email\"],\"order\":\"id\",\"limit\":20000}]");
                Matcher record = RECORD.matcher(page);
                int n = 0;
                while (record.find()) {
                    Matcher id = ID.matcher(record.group());
                    Matcher email = EMAIL.matcher(record.group());
                    if (id.find() && email.find()) {
                        after = Integer.parseInt(id.group(1));
                        insert.setInt(1, company);
                        insert.setInt(2, after);
                        insert.setString(3, email.group(1));
                        insert.addBatch();
                        n++;
                    }
                }
                if (n == 0) {
                    if (!page.contains("\"result\"")) {
                        throw new IOException("The sandbox did not list its partners: " + page);
                    }
                    break;
                }
                insert.executeBatch();
            }
        }
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

    private static void none(Connection c, String what, String sql) throws SQLException {
        long n = one(c, sql);
        if (n != 0) {
            broken++;
            System.out.printf(Locale.ROOT, "  BROKEN  %,d %s%n", n, what);
        }
    }

    private static long one(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet row = s.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void run(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(sql);
        }
    }
}
