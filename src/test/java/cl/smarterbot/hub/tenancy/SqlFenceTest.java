package cl.smarterbot.hub.tenancy;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("SQL text on a tenant's connection")
class SqlFenceTest {
    private final SqlFence fence = new SqlFence();

    @ParameterizedTest
    @DisplayName("is refused if it could leave the fence or keep state in the session")
    @ValueSource(
            strings = {
                "select set_config('app.tenant_rut', '77000005-K', true)",
                "SELECT Set_Config('app.tenant_rut', 'x', false)",
                "select pg_catalog.set_config('a.b', 'x', true)",
                "select \"set_config\"('a.b', 'x', true)",
                "select pg_catalog . \"set_config\" ('a.b', 'x', true)",
                "select set_config/* */('a.b', 'x', true)",
                "select/**/set_config('a.b', 'x', true)",
                "select * from set_config('a.b', 'x', true)",
                "select U&\"\\0073et_config\"('a.b', 'x', true)",
                "select u&\"!0073et_config\" uescape '!' ('a.b', 'x', true)",
                "select {fn set_config('a.b', 'x', true)}",
                "{call set_config('a.b', 'x', true)}",
                "{? = call set_config('a.b', 'x', true)}",
                "set role postgres",
                "SET LOCAL app.tenant_rut = '77000005-K'",
                "set session authorization postgres",
                "set search_path = pg_temp",
                "-- a comment\nset role postgres",
                "/* a /* nested */ comment */ reset all",
                "reset role",
                "do $$ begin perform 1; end $$",
                "copy contacts to stdout",
                "copy contacts from program 'id'",
                "listen hub_delivery",
                "notify hub_delivery",
                "unlisten *",
                "prepare p as select 1",
                "execute p",
                "deallocate all",
                "discard all",
                "begin",
                "start transaction",
                "commit",
                "rollback",
                "end",
                "savepoint s",
                "create temporary table contacts (id int)",
                "select * into temp contacts from public.contacts",
                "select 1 as insert into contacts2",
                "lock table contacts",
                "truncate contacts",
                "alter table contacts disable row level security",
                "drop table contacts",
                "call p()",
                "explain analyze select 1",
                "declare c cursor with hold for select 1",
                "fetch all from c",
                "show all",
                "vacuum",
                "select 1; select 2",
                "select 1;;set role postgres",
                "select 1; -- x\n set role postgres",
                "select ';'; set role postgres",
                "select 'a''b'; set role postgres",
                "with i as (insert into contacts (name) values ('a') returning 1) select 1 as insert into temp x",
                "select (1) insert into temp contacts",
                "select 1 merge into temp contacts",
                "(select 1) union select 2 into temp x",
                "select 1) into x",
                "select e'\\\\'; set role postgres",
                "select '\\'; set role postgres; --'",
                "select E'a'\n'\\'' ; set role postgres --'",
                "select E'a' -- x\n '\\'' ; set role postgres --'",
                "select $$a$$; set role postgres",
                "select $a$ $$ $a$; set role postgres",
                "select \"a\"\";\"; set role postgres",
                "select 1 /* ; */; set role postgres",
                "select 1 -- x\r; set role postgres",
                "select 1E'\\'; set role postgres --'",
                "select 1$a$ ; set role postgres; $a$",
                "select 1set_config('a.b','x',true)",
                "select 1from pg_stat_activity",
                "select $1from pg_stat_activity",
                "select 'unterminated",
                "select \"unterminated",
                "select $$unterminated",
                "select 1 /* unterminated",
                "select query_to_xml('select set_config(''a.b'',''x'',true)', true, true, '')",
                "select * from ts_stat('select 1')",
                "select dblink_exec('', 'x')",
                "select lo_from_bytea(0, 'x')",
                "select * from pg_stat_activity",
                "select query from pg_catalog.pg_stat_activity",
                "update pg_settings set setting = 'x' where name = 'search_path'",
                "select pg_terminate_backend(1)",
                "select pg_advisory_lock(1)",
                "select pg_sleep(10)",
                "select pg_notify('hub_delivery', '')",
                "insert into pg_temp.x values (1)",
                "with x as (select set_config('a.b', 'x', true)) select 1 from x",
                "",
                "  -- nothing",
                ";",
                "'select'",
                "\"select\" 1",
                "\uFEFFselect 1; set role postgres"
            })
    void refused(String sql) {
        for (int time = 0; time < 2; time++) {
            assertThatExceptionOfType(SQLException.class)
                    .isThrownBy(() -> fence.check(sql))
                    .withMessageStartingWith("refused on a tenant's connection: ")
                    .satisfies(e -> org.assertj.core.api.Assertions.assertThat(e.getSQLState())
                            .isEqualTo("42501"));
        }
    }

    @ParameterizedTest
    @DisplayName("that reads or writes rows is let through, whatever words its literals, comments and names hold")
    @ValueSource(
            strings = {
                "select 1",
                "SELECT * FROM contacts;",
                "select 1 ; -- that was all",
                "select 1;;  ",
                "  /* set role x; */ select 1",
                "-- set role x\nselect 1",
                "(select 1) union (select 2)",
                "values (1), (2)",
                "table contacts",
                "with x as (select 1) insert into contacts (name) select 'a' from x returning id",
                "insert into contacts (tenant_rut, id, name) values (?, ?, ?) on conflict do nothing",
                "merge into contacts c using (values (1)) v (n) on false when matched then do nothing",
                "update contacts set name = ?, message = 'set_config(''app.tenant_rut'')' where id = ?",
                "delete from contacts where name = 'begin; commit'",
                "select 'set role postgres; do $$ $$'",
                "select E'it\\'s; set role postgres'",
                "select E'a''b; set role x'",
                "select E'a', 'b'",
                "select E'a\\'; set role postgres --'",
                "select 'C:\\'",
                "with x as (select 1), y as (insert into contacts (name) select 'a' returning id) insert into contacts (name) select 'b'",
                "select $$ set_config; copy $$",
                "select $body$ $$ ; set_config $body$",
                "select U&'\\0073et_config;'",
                "select B'01', X'1F', N'a;b', date '2025-11-22', date'2025-11-22'",
                "select \"a;b\", \"execute\" from contacts as \"listen\"",
                "select a.set, a.role, copy, prepare from (select 1 as set) a",
                "select reset_at, begin_at from contacts",
                "select '{\"a\": 1}'::jsonb -> 'a', metadata ?? 'x', a::text from events",
                "select 1.5, .5, 1., 1e10, 1.5e-3, 1E+5, 0x1F, 1_000, $1, $2::text",
                "select data->>'x' from events where id = any (?)",
                "select contraseña, ñandú from contacts",
                "select pg_typeof(1), pg_catalog.now()",
                "select pgp, lo_gic, set_configuration from contacts",
                "select 1 for update skip locked",
                "select 1 - -1, 4 / 2, 4 */* x */ 2"
            })
    void passes(String sql) {
        assertThatCode(() -> fence.check(sql)).doesNotThrowAnyException();
    }

    @Test
    @DisplayName("is refused by reason, without quoting literals")
    void reasonQuotesNoLiteral() {
        assertThatThrownBy(() -> fence.check("select set_config('app.tenant_rut', 'the-value', true)"))
                .hasMessageContaining("set_config")
                .message()
                .doesNotContain("the-value");
        assertThatThrownBy(() -> fence.check("set role postgres")).hasMessageContaining("not SET");
        assertThatThrownBy(() -> fence.check(null)).isInstanceOf(SQLException.class);
    }

    @Test
    @DisplayName("has plain names for the columns of generated keys")
    void generatedKeyColumns() {
        assertThatCode(() -> SqlFence.checkColumnNames(new String[] {"id", "created_at"}))
                .doesNotThrowAnyException();
        for (String name : new String[] {"id; set role x", "\"id\"", "", null, "set_config('a.b','x',true)"}) {
            assertThatThrownBy(() -> SqlFence.checkColumnNames(new String[] {"id", name}))
                    .isInstanceOf(SQLException.class);
        }
    }
}
