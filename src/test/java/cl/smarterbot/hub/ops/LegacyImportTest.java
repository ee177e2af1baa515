package cl.smarterbot.hub.ops;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.event.EventProperties;
import cl.smarterbot.hub.event.EventRuntime;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.testing.TestDatabase;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.JdbcTemplate;

@DisplayName("The import of older contacts")
@SpringBootTest(
        classes = LegacyImportTest.App.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"camel.main.routes-include-pattern=false", "hub.admin.password=" + Http.PASSWORD})
class LegacyImportTest {

    private static final String A = "76000012-4";
    private static final String B = "77000005-K";
    private static final String CLOSED = "76000013-2";
    private static final TestDatabase DATABASE = TestDatabase.fresh();

    @SpringBootConfiguration
    @EnableAutoConfiguration(exclude = {DataSourceAutoConfiguration.class, FlywayAutoConfiguration.class})
    @Import(OpsConfiguration.class)
    static class App {
        private final HikariDataSource ops = pool("hub_ops");

        @Bean
        EventAdmin eventAdmin() {
            return new EventAdmin(ops);
        }

        @Bean
        cl.smarterbot.hub.schedule.ScheduleAdmin scheduleAdmin() {
            return new cl.smarterbot.hub.schedule.ScheduleAdmin(ops);
        }

        @Bean
        TenantAdmin tenantAdmin() {
            return new TenantAdmin(ops, RutPolicy.STRICT);
        }

        @Bean
        SecretStore secrets() {
            return new MemorySecrets();
        }

        @Bean(initMethod = "start", destroyMethod = "close")
        EventRuntime eventRuntime() {
            return new EventRuntime(
                    pool("hub_writer"),
                    pool("hub_engine"),
                    () -> DATABASE.as("hub_engine").getConnection(),
                    new Binder().bindOrCreate("hub.event", EventProperties.class),
                    new SimpleMeterRegistry());
        }

        @Bean
        LegacyContacts legacyContacts(EventRuntime runtime, EventAdmin events, TenantAdmin tenants) {
            return new LegacyContacts(
                    new TenantBoundDataSource(pool("hub_app")),
                    ops,
                    runtime.log(),
                    events,
                    tenants,
                    RutPolicy.STRICT,
                    Clock.systemUTC());
        }

        private static HikariDataSource pool(String role) {
            HikariDataSource pool = new HikariDataSource();
            pool.setDataSource(DATABASE.as(role));
            pool.setMaximumPoolSize(4);
            return pool;
        }
    }

    @LocalServerPort
    private int port;

    @TempDir
    private Path folder;

    private final JdbcTemplate db = new JdbcTemplate(DATABASE.as("postgres"));

    private record Ran(int exit, String out, String err) {}

    private Ran run(String... more) {
        List<String> args = new ArrayList<>(List.of("import", "contacts"));
        args.addAll(Arrays.asList(more));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit = HubCli.run(
                args.toArray(new String[0]),
                Map.of("HUB_MANAGEMENT_PORT", Integer.toString(port), "HUB_ADMIN_PASSWORD", Http.PASSWORD),
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Ran(exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @BeforeEach
    void fresh() {
        db.execute("drop table if exists public.contacts_legacy, public.older");
        db.execute("truncate public.tenants, public.contacts, public.events, hub.payload, hub.delivery, hub.audit,"
                + " hub.subscription cascade");
        for (String rut : List.of(A, B, CLOSED)) {
            db.update(
                    "insert into public.tenants (rut, business_name, active) values (?, 'Company', ?)",
                    rut,
                    rut != CLOSED);
        }
        db.update("insert into hub.subscription (name, pattern) values ('everything', 'contact.*')");
    }

    /** The table without a tenant, as the first service made it: with row-level security that shows nobody anything. */
    private void numbered(int rows) {
        db.execute(
                "create table public.contacts_legacy (id bigserial primary key, name text not null, email text not null,"
                        + " message text not null, phone text, source text, domain text, status text default 'new',"
                        + " created_at timestamptz default now())");
        db.execute("alter table public.contacts_legacy enable row level security");
        db.execute("create policy nobody on public.contacts_legacy using (false)");
        db.update(
                "insert into public.contacts_legacy (name, email, message, phone, source, domain, status, created_at)"
                        + " select 'Ana Ñandú 😀 ' || g, 'ana' || g || '@ejemplo.cl', E'Hola, \"quiero\"\\n\\nuna, puerta ' || g,"
                        + " case when g % 2 = 0 then '9 8765 4321' end, 'smarterbot.cl', 'api.smarterbot.cl',"
                        + " (array['new', 'Contactado', 'CLOSED', null])[g % 4 + 1],"
                        + " timestamptz '2025-10-01 12:00:00.25-03' + g * interval '1 minute' from generate_series(1, ?) g",
                rows);
    }

    private void letRead(String table) {
        db.execute("grant select on " + table + " to hub_ops");
        db.execute("create policy hub_import on " + table + " for select to hub_ops using (true)");
    }

    /** The table with a tenant, in its spellings. */
    private void named() {
        db.execute(
                "create table public.contacts_legacy (id uuid primary key default gen_random_uuid(), tenant text, name text,"
                        + " email text, message text, phone text, source text, created_at timestamp)");
        db.execute("grant select on public.contacts_legacy to hub_ops");
        for (String tenant : List.of(
                "76.000.012-4",
                "760000124",
                "rut-76000012-4",
                "TENANT_76000012_4",
                " 77.000.005-k ",
                "old-shop",
                "OLD-SHOP")) {
            db.update(
                    "insert into public.contacts_legacy (tenant, name, email, message, created_at)"
                            + " values (?, 'Eva', 'eva@ejemplo.cl', 'Hola', '2025-10-01 12:00:00')",
                    tenant);
        }
    }

    private long count(String of) {
        return db.queryForObject("select count(*) from " + of, Long.class);
    }

    private List<Map<String, Object>> events() {
        return db.queryForList("select tenant_rut, type, (metadata ->> 'imported')::int as imported,"
                + " (metadata ->> 'present')::int as present, (metadata ->> 'refused')::int as refused from public.events"
                + " order by received_at, tenant_rut");
    }

    @Test
    @DisplayName("names the statements that let the hub read the table, and reads it then; a dry run comes first")
    void rights() {
        numbered(3);
        Ran refused = run("--tenant", A);
        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.err())
                .contains(
                        "grant select on \"public\".\"contacts_legacy\" to hub_ops;",
                        "create policy hub_import on \"public\".\"contacts_legacy\" for select to hub_ops using (true);");
        refused.err().lines().filter(line -> line.endsWith(";")).forEach(db::execute);
        Ran dry = run("--tenant", A);
        assertThat(dry.exit()).as(dry.err()).isZero();
        assertThat(dry.out()).contains("3 rows read", "Dry run: nothing was imported", A);
        assertThat(count("public.contacts")).isZero();
        assertThat(count("public.events")).isZero();
    }

    @Test
    @DisplayName("keeps texts, moment and status, makes no contact.received, and leaves the old table alone")
    void numberedTable() {
        numbered(40);
        letRead("public.contacts_legacy");
        String before = db.queryForObject(
                "select md5(string_agg(l::text, '' order by id)) from public.contacts_legacy l", String.class);
        Ran ran = run("--tenant", "76.000.012-4", "--yes");
        assertThat(ran.exit()).as(ran.err()).isZero();
        assertThat(count("public.contacts c join public.contacts_legacy l on l.name = c.name and l.email = c.email"
                        + " and l.message = c.message and l.phone is not distinct from c.phone and l.source = c.source"
                        + " and l.domain = c.domain and l.created_at = c.created_at and c.tenant_rut = '" + A + "'"
                        + " and c.status = (array['new', 'contacted', 'closed', 'new'])[l.id % 4 + 1]"))
                .isEqualTo(40);
        assertThat(events()).singleElement().satisfies(event -> assertThat(event)
                .containsEntry("type", "contacts.imported")
                .containsEntry("tenant_rut", A)
                .containsEntry("imported", 40)
                .containsEntry("present", 0));
        assertThat(count("hub.delivery")).as("nothing is caused").isZero();
        assertThat(db.queryForObject(
                        "select md5(string_agg(l::text, '' order by id)) from public.contacts_legacy l", String.class))
                .isEqualTo(before);
        assertThat(db.queryForList("select action from hub.audit order by id", String.class))
                .containsExactly("contacts.import.start", "contacts.import");
    }

    @Test
    @DisplayName("run twice changes nothing, from the table or from a file of it")
    void twice() throws Exception {
        numbered(700);
        letRead("public.contacts_legacy");
        assertThat(run("--tenant", A, "--yes").exit()).isZero();
        String state = "select md5(string_agg(c::text, '' order by id)) from public.contacts c";
        String before = db.queryForObject(state, String.class);
        Path file = folder.resolve("contacts.csv");
        try (Connection c = DATABASE.as("postgres").getConnection();
                OutputStream out = Files.newOutputStream(file)) {
            c.unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyOut("copy public.contacts_legacy to stdout (format csv, header)", out);
        }
        assertThat(run("--tenant", A, "--yes").out()).contains("700 rows read");
        Ran fromFile = run("--tenant", A, "--file", file.toString(), "--yes");
        assertThat(fromFile.exit()).as(fromFile.err()).isZero();
        assertThat(fromFile.out()).containsPattern(A + " +0 +700 +0");
        assertThat(db.queryForObject(state, String.class)).isEqualTo(before);
        assertThat(events().stream().filter(e -> e.get("imported").equals(700))).hasSize(1);
    }

    @Test
    @DisplayName("knows the tenant in every spelling of its RUT, and old names by --map")
    void namedTable() {
        named();
        Ran ran = run("--map", "old-shop=77.000.005-K", "--yes");
        assertThat(ran.exit()).as(ran.out() + ran.err()).isZero();
        assertThat(db.queryForList(
                        "select tenant_rut || ' ' || count(*) from public.contacts group by tenant_rut order by 1",
                        String.class))
                .containsExactly(A + " 4", B + " 3");
        assertThat(db.queryForList(
                        "select distinct created_at = '2025-10-01 12:00:00+00' from public.contacts", Boolean.class))
                .containsExactly(true);
        assertThat(events()).extracting(e -> e.get("tenant_rut")).containsExactly(A, B);
        assertThat(count("public.contacts_legacy l join public.contacts c on c.id = l.id"))
                .as("ids are new ones")
                .isZero();
    }

    @Test
    @DisplayName("refuses each bad row by id, field and rule, never with its value, and takes the others")
    void badRows() throws IOException {
        db.execute(
                "create table public.older (id int primary key, tenant_rut text, name text, email text, message text, phone text,"
                        + " domain text, status text, created_at text)");
        db.execute("grant select on public.older to hub_ops");
        String[][] rows = {
            {"1", A, "Ana", "ana@ejemplo.cl", "Hola", null, null, null, null},
            {"2", A, null, "canary", " ", null, null, null, null},
            {"3", A, "n".repeat(201), "ana@ejemplo.cl", "m".repeat(5_001), "p".repeat(51), null, null, null},
            {"4", "76000012-5", "Ana", "ana@ejemplo.cl", "Hola", null, null, null, null},
            {"5", "canary", "Ana", "ana@ejemplo.cl", "Hola", null, null, null, null},
            {"6", CLOSED, "Ana", "ana@ejemplo.cl", "Hola", null, null, null, null},
            {"7", "76086428-5", "Ana", "ana@ejemplo.cl", "Hola", null, null, null, null},
            {"8", null, "Ana", "ana@ejemplo.cl", "Hola", null, null, null, null},
            {"9", A, "Ana", "ana@ejemplo.cl", "Hola", null, "d".repeat(254), "canary", "yesterday"},
            {"10", A, "Ana", "ana@ejemplo.cl", "Hola", null, null, "new", "2999-01-01 00:00:00+00"},
            {"11", A, "A\u0007n\na", "ana@ejemplo.cl", "Ho\u0001la\nl", null, null, "new", "infinity"},
            {"12", A, "A\u0007n\na", "ana@ejemplo.cl", "Ho\u0001la\nl", null, null, "new", "2025-10-01 12:00:00-03"},
        };
        for (String[] row : rows) {
            db.update("insert into public.older values (?::int, ?, ?, ?, ?, ?, ?, ?, ?)", (Object[]) row);
        }
        Path refused = folder.resolve("refused.csv");
        Ran ran = run("--table", "older", "--refused", refused.toString(), "--yes");
        assertThat(ran.exit()).isEqualTo(1);
        assertThat(Files.readAllLines(refused))
                .containsExactlyInAnyOrder(
                        "row,field,rule",
                        "2,name,required",
                        "2,email,format",
                        "2,message,required",
                        "3,name,max-length",
                        "3,message,max-length",
                        "3,phone,max-length",
                        "4,tenant,not-a-rut",
                        "5,tenant,not-a-rut",
                        "6,tenant,not-active",
                        "7,tenant,not-active",
                        "8,tenant,required",
                        "9,domain,max-length",
                        "9,status,unknown",
                        "9,created_at,format",
                        "10,created_at,too-far",
                        "11,created_at,format");
        assertThat(ran.out() + ran.err() + Files.readString(refused)).doesNotContain("canary");
        assertThat(ran.out()).contains("12 rows read", "10 refused").containsPattern(A + " +2 +0 +5");
        assertThat(db.queryForList("select name || message from public.contacts order by 1", String.class))
                .containsExactly("A n aHola\nl", "AnaHola");
        assertThat(run("--table", "older", "--status", "canary=closed", "--tenant", A)
                        .out())
                .as("with what was missing")
                .doesNotContain("unknown", "required  ");
    }

    @Test
    @DisplayName("that ended in the middle goes on where it was, and tells of it once")
    void endedInTheMiddle() {
        numbered(1_300);
        letRead("public.contacts_legacy");
        String first = new Http(port)
                .change()
                .post(
                        "/admin/imports/contacts/table",
                        "{\"table\":\"contacts_legacy\",\"tenant\":\"" + A + "\",\"limit\":500,\"dryRun\":false}")
                .body();
        assertThat(first).contains("\"next\":\"500\"");
        assertThat(count("public.contacts")).isEqualTo(500);
        assertThat(events()).isEmpty();
        Ran ran = run("--tenant", A, "--yes");
        assertThat(ran.out()).containsPattern(A + " +800 +500 +0");
        assertThat(run("--tenant", A, "--yes").out()).containsPattern(A + " +0 +1300 +0");
        assertThat(count("public.contacts")).isEqualTo(1_300);
        assertThat(events()).singleElement().satisfies(event -> assertThat(event)
                .containsEntry("imported", 800)
                .containsEntry("present", 500));
    }

    @Test
    @DisplayName("whose database session is killed keeps whole batches and ends well when run again")
    void killed() throws Exception {
        numbered(4_000);
        letRead("public.contacts_legacy");
        // Holds up the batch with row 2,700 in the middle of its transaction.
        try (Connection holder = DATABASE.as("postgres").getConnection()) {
            holder.setAutoCommit(false);
            try (var s = holder.prepareStatement("insert into public.contacts (tenant_rut, id, name, email, message)"
                    + " values (?, ?, 'x', 'ana2700@ejemplo.cl', 'x')")) {
                s.setString(1, A);
                s.setObject(2, LegacyContacts.newId(A, "2700"));
                s.executeUpdate();
            }
            Thread killer = new Thread(() -> Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() ->
                            count("(select pg_terminate_backend(pid) from pg_stat_activity where usename = 'hub_app'"
                                            + " and datname = current_database() and wait_event_type = 'Lock') x")
                                    > 0));
            killer.start();
            Ran ran = run("--tenant", A, "--yes");
            killer.join(30_000);
            assertThat(ran.exit()).isEqualTo(1);
            assertThat(ran.err()).doesNotContain("ejemplo.cl");
            holder.rollback();
        }
        assertThat(count("public.contacts")).isEqualTo(2_500);
        assertThat(events()).isEmpty();
        assertThat(run("--tenant", A, "--yes").out()).containsPattern(A + " +1500 +2500 +0");
        assertThat(count("public.contacts")).isEqualTo(4_000);
    }

    @Test
    @DisplayName("does not take a row of another table that counts from one for a row that is here")
    void twoTables() {
        numbered(5);
        letRead("public.contacts_legacy");
        assertThat(run("--tenant", A, "--yes").exit()).isZero();
        db.execute("create table public.older (id int primary key, name text, email text, message text)");
        db.execute("grant select on public.older to hub_ops");
        db.execute(
                "insert into public.older values (3, 'Eva', 'eva@ejemplo.cl', 'Hola'), (6, 'Eva', 'eva@ejemplo.cl', 'Hola')");
        Ran other = run("--table", "older", "--tenant", A, "--yes");
        assertThat(other.exit()).isEqualTo(1);
        assertThat(other.out()).containsPattern("3 +id +taken").containsPattern(A + " +1 +0 +1");
    }

    @Test
    @DisplayName("from a file copes with quotes, long fields and what is no row, and says where the file breaks")
    void files() throws IOException {
        Path file = folder.resolve("contacts.csv");
        Files.writeString(
                file,
                "\ufeffid,tenant_rut,name,email,message,created_at\r\n"
                        + "1," + A
                        + ",\"Ana, \"\"la\"\" Soto\",ana@ejemplo.cl,\"Hola\n\n\"\"quiero\"\"\",2025-10-01 12:00:00.123-03\r\n"
                        + "canary," + A + ",Eva,eva@ejemplo.cl,Hola,\n"
                        + "2," + A + ",Eva,eva@ejemplo.cl,\"" + "😀".repeat(20_000) + "\",2025-10-01\n"
                        + "3," + A + ",Eva,eva@ejemplo.cl,,2025-10-01 12:00:00\n"
                        + "00000000-0000-4000-8000-00000000000A," + B + ",Eva,eva@ejemplo.cl,Hola,");
        Ran ran = run("--file", file.toString(), "--yes");
        assertThat(ran.exit()).as(ran.err()).isEqualTo(1);
        assertThat(ran.out())
                .containsPattern("line 5 +id +format")
                .containsPattern("2 +message +max-length")
                .containsPattern("2 +created_at +format")
                .containsPattern("3 +message +required")
                .contains("5 rows read from contacts.csv, 3 refused")
                .doesNotContain("canary");
        assertThat(db.queryForList("select name || message from public.contacts where tenant_rut = ?", String.class, A))
                .containsExactly("Ana, \"la\" SotoHola\n\n\"quiero\"");
        assertThat(count("public.contacts where tenant_rut = '" + B + "'")).isEqualTo(1);

        for (String broken :
                List.of("1,Ana\n", "1,Ana,a@b.cl,\"Hola\n", "1,\"Ana\"x,a@b.cl,Hola\n", "1,A\u00ffna,a@b.cl,Hola\n")) {
            Files.write(file, ("id,name,email,message\n" + broken).getBytes(StandardCharsets.ISO_8859_1));
            Ran stopped = run("--file", file.toString(), "--tenant", A);
            assertThat(stopped.exit()).isEqualTo(1);
            assertThat(stopped.err()).containsPattern("ine [12]").doesNotContain("Unexpected");
        }
        Files.writeString(file, "id,nombre\n");
        assertThat(run("--file", file.toString(), "--tenant", A).err()).contains("no column name, email, message");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "none",
                "public.none",
                "pg_catalog.pg_class",
                "x y",
                "a.b.c",
                "\"; drop table public.contacts; --",
                "hub.api_key"
            })
    @DisplayName("reads nothing but a table of contacts")
    void otherTables(String table) {
        Ran ran = run("--table", table, "--tenant", A, "--yes");
        assertThat(ran.exit()).isEqualTo(1);
        assertThat(ran.err()).doesNotContain("Unexpected");
    }

    @Test
    @DisplayName("refuses tenants that are not there and usage that is not clear, all at once")
    void usage() {
        numbered(1);
        letRead("public.contacts_legacy");
        Ran ran = run("--tenant", "76000012-9", "--map", "shop=" + CLOSED, "--status", "x=y");
        assertThat(ran.exit()).isEqualTo(1);
        assertThat(ran.err())
                .contains(
                        "tenant is not the RUT of a company",
                        "map names no active tenant",
                        "status must be new, contacted");
        assertThat(run("--table", "a", "--file", "b").exit()).isEqualTo(2);
        assertThat(run("--file", folder.resolve("none.csv").toString()).err()).contains("cannot be read");
        assertThat(run("--tenant", A, "--json").out()).satisfies(json -> assertThat(
                        new ObjectMapper().readTree(json).path("read").asInt())
                .isEqualTo(1));
        db.execute("create table public.older (id int, name text, email text, message text)");
        db.execute("grant select on public.older to hub_ops");
        assertThat(run("--table", "older", "--tenant", A).err()).contains("primary key");
    }
}
