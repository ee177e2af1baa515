package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.testing.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** A real PostgreSQL with the SQL of the hub and a few events in it. */
final class OpsDatabase {

    private static TestDatabase database;
    private static DataSource superuser;
    private static DataSource ops;

    private OpsDatabase() {}

    /** Makes it once for all tests of this JVM. */
    static synchronized void start() {
        if (database == null) {
            database = TestDatabase.fresh();
            superuser = pool("postgres");
            ops = pool("hub_ops");
        }
    }

    private static DataSource pool(String role) {
        HikariDataSource pool = new HikariDataSource();
        pool.setDataSource(database.as(role));
        pool.setMaximumPoolSize(4);
        return pool;
    }

    /** Everything, for arranging and checking. */
    static JdbcTemplate superuser() {
        return new JdbcTemplate(superuser);
    }

    /** As the registry of a running hub reads it. */
    static DataSource registry() {
        return database.as("hub_registry");
    }

    static DataSource ops() {
        return ops;
    }

    static void clear() {
        superuser()
                .execute(
                        "truncate public.tenants, hub.tenant_settings, hub.tenant_origin, hub.api_key, hub.audit,"
                                + " public.events, hub.payload, hub.delivery, hub.attempt, hub.dedup, hub.subscription, hub.schedule cascade");
    }

    static void tenant(String rut) {
        superuser().update("insert into public.tenants (rut, business_name) values (?, ?)", rut, "Company " + rut);
    }

    static void subscription(String name, String pattern) {
        superuser()
                .update(
                        "insert into hub.subscription (name, pattern, updated_at) values (?, ?, now() - interval '1 hour')",
                        name,
                        pattern);
    }

    /** A schedule that a running node declares, with one tenant. */
    static void schedule(String name, String tenant) {
        superuser()
                .update(
                        "insert into hub.schedule (name, timing, per_tenant, missed, jitter_ms, overlap)"
                                + " values (?, 'cron 0 3 * * *', true, 'once', 0, false)",
                        name);
        superuser()
                .update(
                        "insert into hub.schedule_due (name, tenant_rut, time_zone, next_at)"
                                + " values (?, ?, 'America/Santiago', '2036-01-01T06:00:00Z')",
                        name,
                        tenant);
    }

    /** An event with the deliveries that the subscriptions ask for, appended as the hub does it. */
    static UUID event(String tenant, String type, String key) {
        JdbcTemplate jdbc = superuser();
        UUID id = jdbc.queryForObject(
                "select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0')"
                        + " || '7' || substr(md5(random()::text), 1, 19))::uuid",
                UUID.class);
        jdbc.query(
                "select hub.append(array[?::uuid], array[?], array[?], array['test'], array[?], array['corr'], array['{\"n\":1}'],"
                        + " array[now()], array['application/json'], array[null::text], array[convert_to('{\"secret\":\"body-canary\"}', 'UTF8')],"
                        + " array[null::text], array[null::text], array[null::text], array[null::bytea], interval '1 day')",
                rs -> {},
                id,
                tenant,
                type,
                key);
        return id;
    }

    /** The delivery of an event for a subscription, put into a state with one attempt behind it. */
    static long delivery(UUID event, String subscription, String state, String error) {
        JdbcTemplate jdbc = superuser();
        Long id = jdbc.queryForObject(
                "update hub.delivery set state = ?, attempt = 8, last_error = ?, finished_at = now()"
                        + " where event_id = ? and subscription = ? and replay_of is null returning id",
                Long.class,
                state,
                error,
                event,
                subscription);
        jdbc.update(
                "insert into hub.attempt (delivery_id, attempt, outcome, error, node, duration_ms) values (?, 8, ?, ?, 'node-1', 12)",
                id,
                state,
                error);
        return id;
    }

    static long count(String sql, Object... arguments) {
        Long count = superuser().queryForObject("select count(*) from " + sql, Long.class, arguments);
        return count == null ? 0 : count;
    }

    static List<Map<String, Object>> audit() {
        return superuser()
                .queryForList("select actor, action, tenant_rut, detail::text as detail from hub.audit order by id");
    }
}
