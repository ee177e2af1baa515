package cl.smarterbot.hub.database;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Tells how far a person with {@code psql} brought the schema: the migrations keep no account of themselves, so what each one
 * made is looked for. Each migration after the first has its line here.
 */
final class HandMadeSchema {

    /** By version, in order: whether what it made is there. The first makes roles and an empty schema, and may run again. */
    private static final Map<String, String> MARKS = new LinkedHashMap<>();

    static {
        MARKS.put("0002", relation("hub.tenant_settings"));
        // A table of an older shape stops the migration; then it is not there yet.
        MARKS.put("0003", column("public.contacts", "tenant_rut"));
        MARKS.put("0004", relation("hub.delivery"));
        MARKS.put("0005", column("hub.subscription", "max_attempts"));
        MARKS.put("0006", relation("hub.sent"));
        MARKS.put("0007", function("hub.rate_retire()"));
        MARKS.put("0008", text("append", "contact-status"));
        MARKS.put("0009", relation("hub.mail_admission"));
        MARKS.put("0010", relation("public.conversations"));
        MARKS.put("0011", relation("hub.schedule"));
        MARKS.put("0012", text("claim", "d.id + 0"));
        MARKS.put("0013", function("hub.record(uuid[],text[],bytea[],text[],integer[])"));
        MARKS.put("0014", relation("public.products_cache"));
        MARKS.put("0015", column("hub.product_sync", "total"));
        MARKS.put("0016", column("public.conversations", "owner_at"));
        MARKS.put("0017", function("hub.tell_attachments()"));
        MARKS.put("0018", column("public.products_cache", "words"));
        MARKS.put("0019", function("hub.retire_sent(interval)"));
        MARKS.put("0020", relation("hub.rate_bucket"));
        MARKS.put("0021", relation("hub.mail_admission_day"));
        MARKS.put("0022", function("hub.claimable(text[])"));
        MARKS.put("0023", function("hub.note_crossing(uuid)"));
        MARKS.put("0024", text("claim", "execute"));
        MARKS.put("0025", column("hub.delivery", "memo"));
        MARKS.put("0026", text("claim", "materialized"));
        MARKS.put("0027", text("claim", "d.state ||"));
        MARKS.put("0028", text("take_turn", "coalesce(taken"));
        MARKS.put("0029", setting("take_turn", "plan_cache_mode=force_generic_plan"));
    }

    private HandMadeSchema() {}

    /** A function whose text names something that it did not name before. */
    private static String text(String function, String named) {
        return "exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace"
                + " where n.nspname = 'hub' and p.proname = '" + function + "' and p.prosrc like '%" + named + "%')";
    }

    /** A function with a setting of its own. */
    private static String setting(String function, String setting) {
        return "exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace"
                + " where n.nspname = 'hub' and p.proname = '" + function + "' and '" + setting
                + "' = any (p.proconfig))";
    }

    private static String function(String signature) {
        return "to_regprocedure('" + signature + "') is not null";
    }

    private static String relation(String name) {
        return "to_regclass('" + name + "') is not null";
    }

    private static String column(String relation, String name) {
        return "exists (select from pg_catalog.pg_attribute where attrelid = to_regclass('" + relation + "')"
                + " and attname = '" + name + "' and not attisdropped)";
    }

    /** The version that the schema has without any account of it; null when there is an account, or nothing to account for. */
    static String version(Connection owner) throws SQLException {
        if (holds(owner, relation("hub.flyway_schema_history"))) {
            return null;
        }
        String version = null;
        for (Map.Entry<String, String> mark : MARKS.entrySet()) {
            if (!holds(owner, mark.getValue())) {
                break;
            }
            version = mark.getKey();
        }
        return version;
    }

    private static boolean holds(Connection owner, String condition) throws SQLException {
        try (Statement statement = owner.createStatement();
                ResultSet row = statement.executeQuery("select " + condition)) {
            return row.next() && row.getBoolean(1);
        }
    }
}
