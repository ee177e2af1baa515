package cl.smarterbot.hub.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;

@DisplayName("The SQL files")
class MigrationTest {
    private static final String SUPABASE_ROLES = """
            do $$ declare r text; begin
              foreach r in array array['anon', 'authenticated'] loop
                if not exists (select from pg_roles where rolname = r) then
                  execute format('create role %I nologin noinherit', r);
                end if;
              end loop;
              if not exists (select from pg_roles where rolname = 'hosted_owner') then
                create role hosted_owner login createrole;
              end if;
            end $$;
            """;

    private static void migrateAs(TestDatabase database, String role) throws IOException, SQLException {
        List<Path> files = new ArrayList<>(TestDatabase.migrations());
        files.add(Path.of("integrations", "supabase", "rls.sql"));
        try (Connection connection = database.as(role).getConnection();
                Statement statement = connection.createStatement()) {
            for (Path file : files) {
                statement.execute(Files.readString(file));
            }
        }
    }

    @Test
    @DisplayName("run as an owner who is no superuser, beside Supabase's roles and a tenants table of the storefront")
    void hostedDatabase() throws Exception {
        // Another database of this server may have made the roles already; a hosted owner makes them itself.
        TestDatabase.fresh();
        TestDatabase database = TestDatabase.empty();
        database.superuser(SUPABASE_ROLES);
        database.superuser("alter database " + database.name() + " owner to hosted_owner;"
                + "grant hub_log to hosted_owner with admin option;"
                + "alter default privileges for role hosted_owner in schema public"
                + " grant all on tables to anon, authenticated;"
                + "grant usage on schema public to anon, authenticated;");
        try (Connection connection = database.as("hosted_owner").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table public.tenants (
                      id uuid primary key default gen_random_uuid(), rut varchar(16) not null unique check (rut ~ '^\\d{7,8}-[\\dKk]$'),
                      business_name varchar(255) not null, contact_email varchar(255), clerk_user_id text not null,
                      owner_email text, services_enabled jsonb, chatwoot_inbox_id int, botpress_workspace_id text,
                      odoo_company_id int, n8n_project_id text, metabase_dashboard_id text,
                      active boolean default true, created_at timestamptz default now(), updated_at timestamptz default now());
                    insert into public.tenants (rut, business_name, clerk_user_id, active)
                      values ('76123403-K', 'Antes', 'user_x', null);
                    """);
        }
        migrateAs(database, "hosted_owner");
        TenantAdmin admin = new TenantAdmin(database.as("hub_ops"), RutPolicy.STRICT);
        admin.seedDemo("start");
        TenantRegistry registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, true);
        registry.refresh();
        assertThat(registry.tenants()).containsOnlyKeys("76000012-4", "77000005-K", "76123403-K");
        assertThat(admin.upsert("ana", TenantDetails.of("76123403-K").with(TenantField.PLAN, "starter"))
                        .businessName())
                .isEqualTo("Antes");

        // Row-level security may be put in place again at any time, over data.
        try (Connection connection = database.as("hosted_owner").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(Files.readString(Path.of("integrations", "supabase", "rls.sql")));
        }
        database.superuser("insert into public.contacts (tenant_rut, id, name, email, message) values"
                + " ('76000012-4', gen_random_uuid(), 'Ana', 'a@example.com', 'x'),"
                + " ('77000005-K', gen_random_uuid(), 'Eva', 'e@example.com', 'x')");
        String select = "select coalesce(string_agg(name, ','), '-') from public.contacts";
        assertThat(signedIn(database, "{\"app_metadata\": {\"tenant_rut\": \"77000005-K\"}}", select))
                .isEqualTo("Eva");
        assertThat(signedIn(database, "{\"user_metadata\": {\"tenant_rut\": \"77000005-K\"}}", select))
                .as("users can change user_metadata")
                .isEqualTo("-");
        assertThat(signedIn(database, "", select)).isEqualTo("-");
        for (String refused : List.of(
                "insert into public.contacts (tenant_rut, id, name, email, message)"
                        + " values ('77000005-K', gen_random_uuid(), 'x', 'x', 'x')",
                "select * from hub.api_key",
                "select * from hub.events_default",
                "select hub.backlog()")) {
            assertThatThrownBy(
                            () -> signedIn(database, "{\"app_metadata\": {\"tenant_rut\": \"77000005-K\"}}", refused))
                    .hasMessageContaining("permission denied");
        }
        JdbcTemplate superuser = new JdbcTemplate(database.as("postgres"));
        assertThat(superuser.queryForObject(
                        "select bool_or(has_table_privilege('anon', t, 'select, insert, update, delete, truncate'))"
                                + " from unnest(array['public.contacts', 'public.events', 'public.tenants']) t",
                        Boolean.class))
                .isFalse();
    }

    private static String signedIn(TestDatabase database, String claims, String sql) throws SQLException {
        try (Connection connection = database.as("postgres").getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("set local role authenticated");
            statement.execute("select set_config('request.jwt.claims', '" + claims + "', true)");
            try (ResultSet row = statement.executeQuery(sql)) {
                return row.next() ? row.getString(1) : null;
            } finally {
                connection.rollback();
            }
        }
    }

    @Test
    @DisplayName("stop before they touch a contacts table of an older shape, and say what to do")
    void olderContacts() {
        TestDatabase database = TestDatabase.empty();
        database.superuser("create table public.contacts (id bigserial primary key, name text)");
        database.run(TestDatabase.migrations().get(0));
        assertThatThrownBy(() -> database.run(TestDatabase.migrations().get(1)))
                .hasMessageContaining("older shape")
                .hasMessageContaining("rename");
    }
}
