package cl.smarterbot.hub.contact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.tenancy.TenantContext;
import cl.smarterbot.hub.testing.TestDatabase;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

@DisplayName("The first contact with an address")
class FirstContactTest {

    private static final String A = "76000012-4";
    private static final String B = "77000005-K";
    private static final String FIRST = "select hub.first_contact(?, cast(? as uuid))";

    private static TestDatabase database;
    private static UUID first;
    private static UUID second;
    private static UUID other;

    @BeforeAll
    static void contacts() {
        database = TestDatabase.fresh();
        // The later one has the smaller id: what counts is when they came.
        second = insert(A, "00000000-0000-4000-8000-000000000001", "ANA@Ejemplo.cl", "now()");
        first = insert(A, "00000000-0000-4000-8000-000000000002", "ana@ejemplo.cl", "now() - interval '1 hour'");
        other = insert(B, "00000000-0000-4000-8000-000000000003", "ana@ejemplo.cl", "now() - interval '2 hours'");
        database.superuser("insert into public.contacts (tenant_rut, id, name, email, message)" + " select '" + A
                + "', gen_random_uuid(), 'x', 'visita' || g || '@ejemplo.cl', 'x' from generate_series(1, 3000) g");
        database.superuser("analyze public.contacts");
    }

    private static UUID insert(String tenant, String id, String email, String at) {
        database.superuser("insert into public.contacts (tenant_rut, id, name, email, message, created_at) values ('"
                + tenant + "', '" + id + "', 'Ana', '" + email + "', 'Hola', " + at + ")");
        return UUID.fromString(id);
    }

    private static UUID lookUp(String tenant, String email, UUID contact) throws Exception {
        JdbcTemplate jdbc = new JdbcTemplate(new TenantBoundDataSource(database.as("hub_app")));
        return TenantContext.call(tenant, () -> jdbc.queryForObject(FIRST, UUID.class, email, contact.toString()));
    }

    @Test
    @DisplayName("is named to all later ones, in whatever letters, and not to itself")
    void first() throws Exception {
        assertThat(lookUp(A, "Ana@ejemplo.CL", second)).isEqualTo(first);
        assertThat(lookUp(A, "ana@ejemplo.cl", first)).isNull();
        assertThat(lookUp(A, "nadie@ejemplo.cl", first)).isNull();
    }

    @Test
    @DisplayName("is of the same tenant; with no tenant there is none")
    void fenced() throws Exception {
        assertThat(lookUp(B, "ana@ejemplo.cl", other)).isNull();
        assertThat(lookUp(B, "ana@ejemplo.cl", second)).isEqualTo(other);
        assertThat(lookUp(null, "ana@ejemplo.cl", second)).isNull();
        JdbcTemplate writer = new JdbcTemplate(database.as("hub_writer"));
        assertThatThrownBy(() -> writer.queryForObject(FIRST, UUID.class, "ana@ejemplo.cl", second.toString()))
                .hasStackTraceContaining("permission denied for function first_contact");
    }

    @Test
    @DisplayName("is found by the index, not by reading the tenant's contacts")
    void byIndex() throws Exception {
        try (var connection = database.as("postgres").getConnection()) {
            connection.setAutoCommit(false);
            JdbcTemplate jdbc = new JdbcTemplate(new SingleConnectionDataSource(connection, true));
            jdbc.queryForObject("select set_config('app.tenant_rut', ?, true)", String.class, A);
            assertThat(jdbc.queryForObject(FIRST, UUID.class, "ana@ejemplo.cl", second.toString()))
                    .isEqualTo(first);
            assertThat(jdbc.queryForObject(
                            "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relname = 'contacts'",
                            Long.class))
                    .isLessThanOrEqualTo(2);
            connection.rollback();
        }
    }
}
