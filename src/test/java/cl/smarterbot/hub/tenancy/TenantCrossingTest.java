package cl.smarterbot.hub.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.testing.TestDatabase;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Tries to cross from one tenant to another in the database, by every way known to us. */
@DisplayName("One tenant")
class TenantCrossingTest {
    private static final String A = "76000012-4";
    private static final String B = "77000005-K";
    private static final String ROW_A = "00000000-0000-7000-8000-00000000000a";
    private static final String ROW_B = "00000000-0000-7000-8000-00000000000b";
    private static final String INSERT =
            "insert into public.contacts (tenant_rut, id, name, email, message) values (?, ?::uuid, ?, ?, ?)";

    private static TestDatabase database;
    private static HikariDataSource pool;
    private static TenantBoundDataSource fenced;
    private static JdbcTemplate jdbc;

    @BeforeAll
    static void start() {
        database = TestDatabase.fresh();
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.as("hub_app"));
        // One connection, so that every test reuses the one that another tenant just gave back.
        config.setMaximumPoolSize(1);
        config.setConnectionTimeout(2_000);
        pool = new HikariDataSource(config);
        fenced = new TenantBoundDataSource(pool);
        jdbc = new JdbcTemplate(fenced);
    }

    @AfterAll
    static void stop() {
        pool.close();
    }

    @BeforeEach
    void seed() {
        database.superuser("""
                delete from public.contacts; delete from public.events; delete from hub.payload; delete from public.tenants;
                insert into public.tenants (rut, business_name) values ('76000012-4', 'Sur'), ('77000005-K', 'Norte');
                insert into public.contacts (tenant_rut, id, name, email, message) values
                  ('76000012-4', '00000000-0000-7000-8000-00000000000a', 'Ana', 'ana@sur.example', 'hola'),
                  ('77000005-K', '00000000-0000-7000-8000-00000000000b', 'canary-b', 'b@norte.example', 'canary-b');
                insert into public.events (id, tenant_rut, type, source, event_key, correlation_id, occurred_at) values
                  ('00000000-0000-7000-8000-00000000000a', '76000012-4', 't', 's', 'k', 'c', now()),
                  ('00000000-0000-7000-8000-00000000000b', '77000005-K', 't', 's', 'canary-b', 'canary-b', now());
                insert into hub.payload (event_id, tenant_rut, content_type, body) values
                  ('00000000-0000-7000-8000-00000000000b', '77000005-K', 'text/plain', 'canary-b');
                """);
    }

    private static List<String> names(String sql, Object... args) {
        return jdbc.queryForList(sql, String.class, args);
    }

    private static <T> T as(String tenant, java.util.concurrent.Callable<T> work) {
        try {
            return TenantContext.call(tenant, work);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @DisplayName("that is not named sees no row of any table, and writes none")
    @ValueSource(strings = {"public.contacts", "public.events", "public.tenants"})
    void nobody(String table) {
        assertThat(names("select count(*) from " + table)).containsExactly("0");
        assertThatThrownBy(() -> jdbc.update(INSERT, A, ROW_B, "x", "x@example.com", "x"))
                .hasStackTraceContaining("row-level security");
        assertThat(jdbc.update("update public.contacts set name = 'x'")).isZero();
    }

    @Test
    @DisplayName("sees its own rows and nobody else's, with any filter")
    void ownRowsOnly() {
        assertThat(as(A, () -> names("select name from public.contacts"))).containsExactly("Ana");
        assertThat(as(B, () -> names("select name from public.contacts"))).containsExactly("canary-b");
        assertThat(as(A, () -> names("select name from public.contacts where tenant_rut = ?", B)))
                .isEmpty();
        assertThat(as(A, () -> names("select name from public.contacts where id = ?::uuid", ROW_B)))
                .isEmpty();
        assertThat(as(A, () -> names("select correlation_id from public.events")))
                .containsExactly("c");
        assertThat(as(A, () -> names("select rut from public.tenants"))).containsExactly(A);
        assertThat(as("76123403-K", () -> names("select name from public.contacts")))
                .isEmpty();
    }

    @Test
    @DisplayName("cannot insert, change, move or delete another's rows")
    void writes() {
        assertThatThrownBy(() -> as(A, () -> jdbc.update(INSERT, B, UUID.randomUUID(), "x", "x@example.com", "x")))
                .hasStackTraceContaining("row-level security");
        assertThatThrownBy(() -> as(A, () -> jdbc.update("update public.contacts set tenant_rut = ?", B)))
                .hasStackTraceContaining("row-level security");
        assertThat(as(A, () -> jdbc.update("update public.contacts set name = 'x' where tenant_rut = ?", B)))
                .isZero();
        assertThatThrownBy(() -> as(A, () -> jdbc.update("delete from public.contacts")))
                .hasStackTraceContaining("permission denied");
        assertThatThrownBy(() -> as(
                        A,
                        () -> jdbc.update(
                                INSERT + " on conflict (tenant_rut, id) do update set name = 'x'",
                                B,
                                ROW_B,
                                "x",
                                "x@example.com",
                                "x")))
                .hasStackTraceContaining("row-level security");
        assertThat(as(B, () -> names("select name from public.contacts"))).containsExactly("canary-b");
    }

    @Test
    @DisplayName("leaves nothing behind on a pooled connection")
    void pooledConnection() throws Exception {
        for (int round = 0; round < 20; round++) {
            assertThat(as(A, () -> names("select name from public.contacts"))).containsExactly("Ana");
            assertThat(names("select name from public.contacts")).isEmpty();
            assertThat(as(B, () -> names("select name from public.contacts"))).containsExactly("canary-b");
        }
        try (Connection connection = as(A, fenced::getConnection)) {
            connection.setAutoCommit(false);
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            try (Statement statement = connection.createStatement()) {
                statement.executeQuery("select 1").close();
            }
        }
        try (Connection raw = pool.getConnection();
                Statement statement = raw.createStatement()) {
            assertThat(raw.getAutoCommit()).isTrue();
            assertThat(raw.isReadOnly()).isFalse();
            assertThat(raw.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
            try (ResultSet row = statement.executeQuery(
                    "select coalesce(current_setting('app.tenant_rut', true), ''), count(*) from public.contacts")) {
                row.next();
                assertThat(row.getString(1)).isEmpty();
                assertThat(row.getInt(2)).isZero();
            }
        }
    }

    @Test
    @DisplayName("set for a whole session by mistake is still not seen by nobody, and not by another")
    void sessionSettingLeftBehind() throws SQLException {
        try (Connection raw = pool.getConnection();
                Statement statement = raw.createStatement()) {
            statement.execute("set app.tenant_rut = '" + B + "'");
        }
        try {
            assertThat(names("select name from public.contacts")).isEmpty();
            assertThat(as(A, () -> names("select name from public.contacts"))).containsExactly("Ana");
        } finally {
            try (Connection raw = pool.getConnection();
                    Statement statement = raw.createStatement()) {
                statement.execute("reset app.tenant_rut");
            }
        }
    }

    @Test
    @DisplayName("does not follow work to a thread that serves someone else")
    void threads() throws Exception {
        ExecutorService one = Executors.newSingleThreadExecutor();
        try {
            Future<List<String>> first =
                    one.submit(() -> TenantContext.call(A, () -> names("select name from public.contacts")));
            Future<List<String>> nobody = one.submit(() -> names("select name from public.contacts"));
            assertThat(first.get()).containsExactly("Ana");
            assertThat(nobody.get()).isEmpty();
            Future<List<String>> handedOver = as(B, () -> one.submit(() -> names("select name from public.contacts")));
            assertThat(handedOver.get()).as("the context is not inherited").isEmpty();
        } finally {
            one.shutdown();
        }
    }

    @Test
    @DisplayName("keeps its connection: the context may change, the connection does not")
    @SuppressWarnings("try")
    void capturedAtGetConnection() throws Exception {
        try (Connection connection = as(A, fenced::getConnection);
                PreparedStatement statement = connection.prepareStatement("select name from public.contacts")) {
            try (ResultSet rows = statement.executeQuery()) {
                assertThat(rows.next()).isTrue();
                assertThat(rows.getString(1)).isEqualTo("Ana");
                assertThat(rows.next()).isFalse();
            }
            try (TenantContext.Scope scope = TenantContext.open(B)) {
                assertThatThrownBy(statement::executeQuery).hasMessageContaining("belongs to another tenant");
            }
        }
        try (Connection connection = fenced.getConnection();
                Statement statement = connection.createStatement();
                TenantContext.Scope scope = TenantContext.open(B)) {
            assertThatThrownBy(() -> statement.executeQuery("select 1"))
                    .hasMessageContaining("before the tenant was known");
        }
    }

    @Test
    @DisplayName("cannot take over the connection that a transaction of another keeps on the thread")
    void springTransaction() {
        TransactionTemplate transaction = new TransactionTemplate(new DataSourceTransactionManager(fenced));
        as(
                A,
                () -> transaction.execute(status -> {
                    assertThat(names("select name from public.contacts")).containsExactly("Ana");
                    assertThatThrownBy(() -> as(B, () -> names("select name from public.contacts")))
                            .hasRootCauseMessage("the connection belongs to another tenant");
                    return jdbc.update("update public.contacts set name = 'Eva'");
                }));
        assertThat(as(A, () -> names("select name from public.contacts"))).containsExactly("Eva");
        as(
                A,
                () -> transaction.execute(status -> {
                    status.setRollbackOnly();
                    return jdbc.update("update public.contacts set name = 'gone'");
                }));
        assertThat(as(A, () -> names("select name from public.contacts"))).containsExactly("Eva");
    }

    @Test
    @DisplayName("is named anew in each transaction, and after a savepoint was rolled back")
    void everyTransaction() throws Exception {
        try (Connection connection = as(A, fenced::getConnection);
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            java.sql.Savepoint savepoint = connection.setSavepoint();
            assertThat(count(statement)).isEqualTo(1);
            connection.rollback(savepoint);
            assertThat(count(statement)).isEqualTo(1);
            connection.commit();
            assertThat(count(statement)).isEqualTo(1);
            connection.rollback();
            assertThat(count(statement)).isEqualTo(1);
            assertThatThrownBy(() -> statement.execute("select 1 / 0")).hasMessageContaining("division by zero");
            connection.rollback();
            assertThat(count(statement)).isEqualTo(1);
            connection.setAutoCommit(true);
            assertThat(count(statement)).isEqualTo(1);
            assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
        }
    }

    private static int count(Statement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery("select count(*) from public.contacts")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    @Test
    @DisplayName("stays itself when a value tries to be SQL")
    void injectionByValue() {
        for (String hostile : List.of(
                "'; select set_config('app.tenant_rut', '77000005-K', true); --",
                "x' or '1'='1",
                "\\'; reset role; --",
                "$$; commit; $$",
                "${jndi:x}")) {
            assertThat(as(A, () -> names("select name from public.contacts where name = ?", hostile)))
                    .isEmpty();
            as(A, () -> jdbc.update(INSERT, A, UUID.randomUUID(), hostile, "x@example.com", hostile));
            assertThat(as(A, () -> names("select message from public.contacts where name = ?", hostile)))
                    .containsExactly(hostile);
        }
        assertThat(as(B, () -> names("select name from public.contacts"))).containsExactly("canary-b");
    }

    @ParameterizedTest
    @DisplayName("cannot send SQL text that leaves the fence, by any method")
    @ValueSource(
            strings = {
                "select set_config('app.tenant_rut', '77000005-K', true)",
                "select name from public.contacts where 'x' = set_config('app.tenant_rut', '77000005-K', true)",
                "set local app.tenant_rut = '77000005-K'",
                "set role hub_log",
                "reset session authorization",
                "do $$ begin perform set_config('app.tenant_rut', '77000005-K', false); end $$",
                "copy public.contacts to stdout",
                "select 1; set app.tenant_rut = '77000005-K'",
                "create temp table contacts as select * from public.contacts",
                "select query_to_xml('select set_config(''app.tenant_rut'', ''77000005-K'', true)', true, true, '')"
            })
    void textRefused(String sql) throws Exception {
        try (Connection connection = as(A, fenced::getConnection);
                Statement statement = connection.createStatement()) {
            assertRefused(() -> statement.execute(sql));
            assertRefused(() -> statement.executeQuery(sql));
            assertRefused(() -> statement.executeUpdate(sql));
            assertRefused(() -> statement.executeLargeUpdate(sql));
            assertRefused(() -> statement.execute(sql, Statement.RETURN_GENERATED_KEYS));
            assertRefused(() -> statement.addBatch(sql));
            assertRefused(() -> connection.prepareStatement(sql));
            assertRefused(() -> connection.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS));
            assertRefused(() -> connection.prepareStatement("select 1", new String[] {"id; " + sql}));
            assertThatThrownBy(() -> connection.prepareCall(sql)).isInstanceOf(SQLException.class);
            assertThat(count(statement)).isEqualTo(1);
        }
    }

    private static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatExceptionOfType(SQLException.class)
                .isThrownBy(call)
                .withMessageStartingWith("refused on a tenant's connection");
    }

    @Test
    @DisplayName("gets no way round to the connection behind")
    void noLeak() throws Exception {
        try (Connection connection = as(A, fenced::getConnection);
                PreparedStatement statement =
                        connection.prepareStatement("select array[1, 2], name from public.contacts");
                ResultSet rows = statement.executeQuery()) {
            rows.next();
            assertThat(statement.getConnection()).isSameAs(connection);
            assertThat(rows.getStatement()).isSameAs(statement);
            assertThat(connection.getMetaData().getConnection()).isSameAs(connection);
            try (ResultSet tables = connection.getMetaData().getTables(null, "public", "contacts", null)) {
                assertThat(tables.next()).isTrue();
                assertThat(tables.getStatement()).isNull();
            }
            try (ResultSet elements = rows.getArray(1).getResultSet()) {
                assertThat(elements.getStatement()).isNull();
            }
            try (ResultSet elements = ((java.sql.Array) rows.getObject(1)).getResultSet()) {
                assertThat(elements.getStatement()).isNull();
            }
            for (java.sql.Wrapper wrapper : List.of(connection, statement, rows, connection.getMetaData())) {
                assertThat(wrapper.isWrapperFor(org.postgresql.PGConnection.class))
                        .isFalse();
                assertThatThrownBy(() -> wrapper.unwrap(org.postgresql.PGConnection.class))
                        .isInstanceOf(SQLException.class);
                assertThatThrownBy(() -> wrapper.unwrap(org.postgresql.jdbc.PgConnection.class))
                        .isInstanceOf(SQLException.class);
            }
            assertThat(connection.unwrap(Connection.class)).isSameAs(connection);
            assertThatThrownBy(() -> connection.setSchema("pg_temp")).isInstanceOf(SQLException.class);
            assertThatThrownBy(() -> connection.setClientInfo("ApplicationName", "x"))
                    .isInstanceOf(SQLException.class);
            assertThatThrownBy(
                            () -> connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE))
                    .isInstanceOf(SQLException.class);
        }
        assertThatThrownBy(() -> fenced.getConnection("postgres", "")).isInstanceOf(SQLException.class);
        assertThatThrownBy(() -> fenced.unwrap(HikariDataSource.class)).isInstanceOf(SQLException.class);
        assertThat(fenced.isWrapperFor(HikariDataSource.class)).isFalse();
    }

    @Test
    @DisplayName("cannot use a connection it has given back")
    void useAfterClose() throws Exception {
        Connection connection = as(A, fenced::getConnection);
        Statement statement = connection.createStatement();
        connection.close();
        connection.close();
        assertThat(connection.isClosed()).isTrue();
        assertThat(connection.isValid(1)).isFalse();
        assertThatThrownBy(connection::createStatement).hasMessageContaining("closed");
        assertThatThrownBy(() -> statement.execute("select 1")).hasMessageContaining("closed");
        assertThat(as(B, () -> names("select name from public.contacts"))).containsExactly("canary-b");
    }

    @Test
    @DisplayName("hears of a commit that fails, from the very call, and its open work is undone at close")
    void commitFailure() throws Exception {
        database.superuser("""
                create or replace function public.late_no() returns trigger language plpgsql as $$
                begin raise exception 'late no'; end $$;
                create constraint trigger late_no after update on public.contacts
                  deferrable initially deferred for each row when (new.name = 'late') execute function public.late_no();
                """);
        try {
            assertThatThrownBy(() -> as(A, () -> jdbc.update("update public.contacts set name = 'late'")))
                    .hasStackTraceContaining("late no");
            assertThat(as(A, () -> names("select name from public.contacts"))).containsExactly("Ana");
            try (Connection connection = as(A, fenced::getConnection);
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.executeUpdate("update public.contacts set name = 'open'");
            }
            assertThat(as(A, () -> names("select name from public.contacts"))).containsExactly("Ana");
        } finally {
            database.superuser("drop trigger late_no on public.contacts; drop function public.late_no()");
        }
    }

    @Test
    @DisplayName("reads its rows after each statement's own commit, by batch, keys and fetch size as usual")
    void plainJdbc() throws Exception {
        try (Connection connection = as(A, fenced::getConnection)) {
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(2);
                try (ResultSet rows = statement.executeQuery("select * from generate_series(1, 10)")) {
                    int seen = 0;
                    while (rows.next()) {
                        seen++;
                    }
                    assertThat(seen).isEqualTo(10);
                }
                assertThat(statement.getFetchSize()).isEqualTo(2);
                connection.setAutoCommit(false);
                try (ResultSet rows = statement.executeQuery("select * from generate_series(1, 10)")) {
                    int seen = 0;
                    while (rows.next()) {
                        seen++;
                    }
                    assertThat(seen).isEqualTo(10);
                }
                connection.setAutoCommit(true);
            }
            try (PreparedStatement insert = connection.prepareStatement(INSERT, new String[] {"id", "name"})) {
                for (String name : List.of("uno", "dos")) {
                    insert.setString(1, A);
                    insert.setString(2, UUID.randomUUID().toString());
                    insert.setString(3, name);
                    insert.setString(4, "x@example.com");
                    insert.setString(5, "x");
                    insert.addBatch();
                }
                assertThat(insert.executeBatch()).containsExactly(1, 1);
                try (ResultSet keys = insert.getGeneratedKeys()) {
                    assertThat(keys.next()).isTrue();
                    assertThat(keys.getString("name")).isEqualTo("uno");
                }
            }
            try (PreparedStatement statement =
                    connection.prepareStatement("select count(*) from public.contacts where name = any (?)")) {
                assertThat(statement.getParameterMetaData().getParameterCount()).isEqualTo(1);
                statement.setArray(1, connection.createArrayOf("text", new Object[] {"uno", "dos", "canary-b"}));
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    assertThat(row.getInt(1)).isEqualTo(2);
                }
            }
        }
    }

    @Test
    @DisplayName(
            "has each statement committed by itself, however its text ends, again after an error, and not within a transaction")
    void wholeStatements() throws SQLException {
        as(A, () -> {
            try (Connection c = fenced.getConnection()) {
                for (String end : List.of("", ";", " ; ", " -- a comment", "\n-- a comment\n")) {
                    try (PreparedStatement s =
                            c.prepareStatement("update public.contacts set message = ? where id = ?::uuid" + end)) {
                        s.setString(1, "said" + end);
                        s.setString(2, ROW_A);
                        assertThat(s.executeUpdate()).isEqualTo(1);
                        s.setString(2, ROW_B);
                        assertThat(s.executeUpdate()).isZero();
                    }
                    assertThat(message()).isEqualTo("said" + end);
                }
                try (PreparedStatement s = c.prepareStatement(
                        "update public.contacts set message = message || 1 / cast(? as int) where id = ?::uuid")) {
                    s.setInt(1, 0);
                    s.setString(2, ROW_A);
                    assertThatThrownBy(s::executeUpdate).hasMessageContaining("division by zero");
                    s.setInt(1, 1);
                    assertThat(s.execute()).isFalse();
                    assertThat(s.getUpdateCount()).isEqualTo(1);
                    s.clearParameters();
                    assertThatThrownBy(s::executeUpdate).isInstanceOf(SQLException.class);
                    // Prepared to be a transaction of its own, used in a longer one.
                    c.setAutoCommit(false);
                    s.setInt(1, 1);
                    s.setString(2, ROW_A);
                    String before = message();
                    assertThat(s.executeUpdate()).isEqualTo(1);
                    assertThat(message()).isEqualTo(before);
                    c.rollback();
                    assertThat(message()).isEqualTo(before);
                    assertThat(s.executeUpdate()).isEqualTo(1);
                    c.commit();
                    assertThat(message()).isNotEqualTo(before);
                }
            }
            return null;
        });
    }

    @Test
    @DisplayName("writes nothing by a call that asks for rows and gets none, or for none and gets some")
    void unexpectedResults() {
        as(A, () -> {
            String update = "update public.contacts set message = 'changed' where id = '" + ROW_A + "'";
            try (Connection c = fenced.getConnection();
                    PreparedStatement plain = c.prepareStatement(update);
                    PreparedStatement returning = c.prepareStatement(update + " returning id")) {
                assertThatThrownBy(plain::executeQuery).isInstanceOf(SQLException.class);
                assertThatThrownBy(returning::executeUpdate).isInstanceOf(SQLException.class);
                assertThat(message()).isEqualTo("hola");
                try (ResultSet rows = returning.executeQuery()) {
                    assertThat(rows.next()).isTrue();
                }
                assertThat(message()).isEqualTo("changed");
            }
            return null;
        });
    }

    private static String message() {
        return new JdbcTemplate(database.as("postgres"))
                .queryForObject("select message from public.contacts where id = ?::uuid", String.class, ROW_A);
    }

    @Test
    @DisplayName("learns nothing of another's values from errors, statistics or catalogues")
    void sideChannels() throws Exception {
        database.superuser("analyze public.contacts");
        assertThatThrownBy(() -> as(A, () -> jdbc.update(INSERT, A, ROW_A, "x", "x@example.com", "x")))
                .hasStackTraceContaining("duplicate key")
                .rootCause()
                .message()
                .doesNotContain(ROW_A)
                .doesNotContain(A);
        // The same id under another tenant is no conflict: its existence does not show.
        assertThat(as(A, () -> jdbc.update(INSERT, A, ROW_B, "x", "x@example.com", "x")))
                .isEqualTo(1);
        // Without our check of the text, as the role alone:
        assertThat(raw("select count(*) from pg_stats where schemaname = 'public' and tablename = 'contacts'"))
                .isEqualTo("0");
        assertThatThrownBy(() -> raw("select count(*) from pg_statistic")).hasStackTraceContaining("permission denied");
        assertThatThrownBy(() -> raw("select 1 / (length(message) - length(message)) from public.contacts "
                        + "where message = 'canary-b' union all select 1 / 0"))
                .message()
                .doesNotContain("canary-b");
        assertThat(
                        raw(
                                "select count(*) from public.contacts where query_to_xml('select 1', true, true, '') is not null"))
                .isEqualTo("0");
        assertThat(raw("select coalesce(string_agg(table_name, ','), '-') from information_schema.views "
                        + "where table_schema in ('public', 'hub')"))
                .isEqualTo("products");
        // The view asks as its caller, so that the fence of its table holds.
        new JdbcTemplate(database.as("postgres"))
                .update("insert into public.products_cache (tenant_rut, odoo_id, name, content_hash)"
                        + " values ('77000005-K', 1, 'canary-b', '')");
        assertThat(raw("select count(*) from public.products")).isEqualTo("0");
    }

    @Test
    @DisplayName("cannot reach the log's tables, partitions and functions, nor make objects or change role")
    void outOfReach() throws Exception {
        List<String> partitions = new JdbcTemplate(database.as("postgres"))
                .queryForList(
                        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                                + " where n.nspname = 'hub' and c.relkind in ('r', 'p') order by 1",
                        String.class);
        assertThat(partitions).contains("events_default", "payload_default", "payload", "delivery", "dedup", "api_key");
        // Tables of schema hub that routes use too: one tenant's rows each.
        List<String> fenced = List.of("sent", "mail_template", "mail_suppression", "watermark", "product_sync");
        new JdbcTemplate(database.as("postgres")).update("insert into hub.sent values ('77000005-K', 'other', 'x')");
        new JdbcTemplate(database.as("postgres"))
                .update("insert into hub.watermark values ('77000005-K', 'other', '1')");
        new JdbcTemplate(database.as("postgres"))
                .update("insert into hub.product_sync (tenant_rut) values ('77000005-K')");
        for (String table : fenced) {
            assertThat(raw("select count(*) from hub." + table)).as(table).isEqualTo("0");
            assertThatThrownBy(() -> raw("delete from hub." + table))
                    .as(table)
                    .hasStackTraceContaining("permission denied");
        }
        partitions.removeAll(fenced);
        for (String table : partitions) {
            assertThatThrownBy(() -> raw("select count(*) from hub." + table))
                    .as(table)
                    .hasStackTraceContaining("permission denied");
            assertThatThrownBy(() -> raw("copy hub." + table + " to stdout"))
                    .as(table)
                    .isInstanceOf(SQLException.class);
        }
        for (String sql : List.of(
                "select hub.backlog()",
                "select hub.claim('x', 'x', 1, 1, '{}', '{}', interval '1 s')",
                "select hub.replay(1)",
                "select hub.ensure_partitions()",
                "select hub.schedule_enrol('{}')",
                "select hub.schedules_due('{}', 1)",
                "select hub.schedule_fired('{}', '{}', '{}', '{}', '{}')",
                "select hub.schedule_append('{}', '{}', '{}', '{}', true)",
                "select hub.schedule_run('x', null)",
                "create table public.x (id int)",
                "create function public.f() returns int language sql as 'select 1'",
                "create view hub.v as select 1",
                "alter table public.contacts disable row level security",
                "alter table public.contacts no force row level security",
                "drop policy tenant_select on public.contacts",
                "truncate public.contacts",
                "set role hub_log",
                "set role hub_ops",
                "set session authorization postgres",
                "alter role hub_app bypassrls",
                "copy public.contacts from program 'id'",
                "copy public.contacts to '/nonexistent'",
                "select pg_read_file('postgresql.conf')",
                "create trigger t after insert on public.contacts execute function hub.registry_changed()")) {
            assertThatThrownBy(() -> raw(sql)).as(sql).isInstanceOf(SQLException.class);
        }
        assertThatThrownBy(() -> raw("set row_security = off; select count(*) from public.contacts"))
                .hasStackTraceContaining("row-level security");
    }

    private static String raw(String sql) throws SQLException {
        try (Connection connection = database.as("hub_app").getConnection();
                Statement statement = connection.createStatement()) {
            boolean rows = statement.execute(sql);
            while (!rows && statement.getUpdateCount() != -1) {
                rows = statement.getMoreResults();
            }
            if (!rows) {
                return null;
            }
            try (ResultSet result = statement.getResultSet()) {
                return result.next() ? result.getString(1) : null;
            }
        }
    }

    @Test
    @DisplayName("is fenced by every table: row-level security is on and binds even the owner")
    void forcedEverywhere() {
        // Run again, as the hub does when the file changed.
        database.run(Path.of("integrations", "supabase", "rls.sql"));
        JdbcTemplate admin = new JdbcTemplate(database.as("postgres"));
        assertThat(admin.queryForList("""
                        select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                         where c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
                           and (n.nspname = 'hub' and c.relname <> 'flyway_schema_history' or n.nspname = 'public')
                        """, String.class)).isEmpty();
        assertThat(admin.queryForList(
                        "select relname from pg_class where relname in ('tenants', 'contacts', 'events') and relforcerowsecurity",
                        String.class))
                .containsExactlyInAnyOrder("tenants", "contacts", "events");
    }

    @ParameterizedTest
    @DisplayName("is served by roles that own nothing, are in no other role, and stand under row-level security")
    @ValueSource(strings = {"hub_app", "hub_registry", "hub_ops", "hub_writer", "hub_engine"})
    void roles(String role) {
        JdbcTemplate admin = new JdbcTemplate(database.as("postgres"));
        assertThat(admin.queryForObject(
                        "select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication from pg_roles"
                                + " where rolname = ?",
                        Boolean.class,
                        role))
                .isFalse();
        assertThat(admin.queryForList("select relname from pg_class where relowner = ?::regrole", String.class, role))
                .isEmpty();
        assertThat(admin.queryForList("select proname from pg_proc where proowner = ?::regrole", String.class, role))
                .isEmpty();
        assertThat(admin.queryForList(
                        "select roleid::regrole::text from pg_auth_members where member = ?::regrole",
                        String.class,
                        role))
                .isEmpty();
    }

    @Test
    @DisplayName("is written for by a role that may append events and do nothing else")
    void writerAppendsOnly() {
        JdbcTemplate admin = new JdbcTemplate(database.as("postgres"));
        assertThat(admin.queryForList("""
                        select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                         where n.nspname = 'hub' and has_function_privilege('hub_writer', p.oid, 'execute')
                           and p.proname not in ('app_tenant', 'jwt_tenant')
                        """, String.class)).containsExactly("append");
        assertThat(admin.queryForList("""
                        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
                         where n.nspname in ('hub', 'public') and c.relkind in ('r', 'p', 'v', 'm', 'f')
                           and has_table_privilege('hub_writer', c.oid, 'select, insert, update, delete, truncate')
                        """, String.class)).isEmpty();
        JdbcTemplate writer = new JdbcTemplate(database.as("hub_writer"));
        assertThatThrownBy(() -> writer.queryForList("select * from public.contacts"))
                .hasStackTraceContaining("permission denied");
        assertThatThrownBy(() -> writer.queryForList("select hub.backlog()"))
                .hasStackTraceContaining("permission denied");
    }

    @Test
    @DisplayName("can read a row in well under a millisecond")
    void overhead() throws Exception {
        long plain = perCall(pool);
        long bound = perCall(fenced);
        // Two more round trips on loopback; the bound is wide because machines differ.
        assertThat(bound - plain).as("nanoseconds more than %s", plain).isLessThan(5_000_000);
    }

    private static long perCall(DataSource source) throws Exception {
        int rounds = 300;
        long started = 0;
        try (Connection connection = as(A, source::getConnection);
                PreparedStatement statement = connection.prepareStatement("select 1")) {
            for (int round = 0; round < 2 * rounds; round++) {
                if (round == rounds) {
                    started = System.nanoTime();
                }
                statement.executeQuery().close();
            }
        }
        return (System.nanoTime() - started) / rounds;
    }
}
