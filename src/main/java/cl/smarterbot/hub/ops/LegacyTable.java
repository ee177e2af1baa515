package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.event.EventAdmin;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * An older contacts table in the hub's own database, read page by page in the order of its ids and never written.
 *
 * <p>It is read as {@code hub_ops}, which gets that right by a statement that its owner runs, and loses it by another one. The
 * owner's own connection would do without, but it can do everything, and at run time nothing of the hub may use it.
 */
final class LegacyTable {

    private static final Pattern NAME =
            Pattern.compile("(?:([A-Za-z_][A-Za-z0-9_$]{0,62})\\.)?([A-Za-z_][A-Za-z0-9_$]{0,62})");
    private static final Map<String, String> ID_TYPES =
            Map.of("int2", "bigint", "int4", "bigint", "int8", "bigint", "uuid", "uuid");
    private static final List<String> NEEDED = List.of("id", "name", "email", "message");
    private static final List<String> OPTIONAL = List.of("phone", "source", "domain", "status", "created_at");
    /** The longest field of a contact has 5,000 characters: what is cut here is refused all the same. */
    private static final int LONGEST = 6_000;

    private final JdbcTemplate ops;
    private final String name;
    private final String idType;
    private final String select;

    private LegacyTable(JdbcTemplate ops, String name, String idType, String select) {
        this.ops = ops;
        this.name = name;
        this.idType = idType;
        this.select = select;
    }

    /**
     * @param ops connections of the role {@code hub_ops}
     * @param name {@code table} in schema public, or {@code schema.table}
     * @throws Input.InvalidException if the name is none, or the table lacks what an import needs
     * @throws EventAdmin.RefusedException if the hub may not read it, with the statements that let it
     */
    static LegacyTable open(JdbcTemplate ops, String name) {
        Matcher parts = NAME.matcher(name);
        if (!parts.matches()) {
            throw invalid("must be a table or schema.table");
        }
        String schema = parts.group(1) == null ? "public" : parts.group(1);
        String table = parts.group(2);
        String quoted = '"' + schema + "\".\"" + table + '"';
        List<Map<String, Object>> found = ops.queryForList(
                "select c.oid::bigint as oid, has_schema_privilege(n.oid, 'usage') as usage,"
                        + " has_table_privilege(c.oid, 'select') as readable, row_security_active(c.oid)"
                        + " and not exists (select from pg_policies p where p.schemaname = n.nspname and p.tablename = c.relname"
                        + " and p.permissive = 'PERMISSIVE' and p.cmd in ('SELECT', 'ALL') and p.qual = 'true'"
                        + " and p.roles && array['hub_ops', 'public']::name[]) as hidden"
                        + " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                        + " where n.nspname = ? and c.relname = ? and c.relkind in ('r', 'p')",
                schema,
                table);
        if (found.isEmpty()) {
            throw invalid("is not a table of the hub's database; for one elsewhere use --file");
        }
        Map<String, Object> state = found.get(0);
        List<String> missing = new ArrayList<>();
        if (!(Boolean) state.get("usage")) {
            missing.add("grant usage on schema \"" + schema + "\" to hub_ops;");
        }
        if (!(Boolean) state.get("readable")) {
            missing.add("grant select on " + quoted + " to hub_ops;");
        }
        if ((Boolean) state.get("hidden")) {
            // Without it the table would look empty, which is worse than an error.
            missing.add("create policy hub_import on " + quoted + " for select to hub_ops using (true);");
        }
        if (!missing.isEmpty()) {
            throw new EventAdmin.RefusedException("The hub may not read " + schema + "." + table
                    + ". Let the owner of the table run:\n  " + String.join("\n  ", missing));
        }
        return new LegacyTable(ops, schema + "." + table, idType(ops, state.get("oid")), select(ops, state, quoted));
    }

    private static String idType(JdbcTemplate ops, Object oid) {
        List<String> types = ops.queryForList(
                "select t.typname from pg_attribute a join pg_type t on t.oid = a.atttypid"
                        + " where a.attrelid = ?::oid and a.attname = 'id' and a.attnotnull and exists (select from pg_index i"
                        + " where i.indrelid = a.attrelid and i.indisunique and i.indisvalid and i.indpred is null"
                        + " and i.indnkeyatts = 1 and i.indkey[0] = a.attnum)",
                String.class,
                oid);
        if (types.isEmpty() || !ID_TYPES.containsKey(types.get(0))) {
            throw invalid("needs a column id of whole numbers or UUIDs that is its primary key");
        }
        return ID_TYPES.get(types.get(0));
    }

    private static String select(JdbcTemplate ops, Map<String, Object> state, String quoted) {
        Set<String> columns = ops
                .queryForList(
                        "select attname::text from pg_attribute where attrelid = ?::oid and attnum > 0 and not attisdropped",
                        String.class,
                        state.get("oid"))
                .stream()
                .collect(Collectors.toSet());
        List<String> lacking = NEEDED.stream().filter(c -> !columns.contains(c)).toList();
        if (!lacking.isEmpty()) {
            throw invalid("has no column " + String.join(", ", lacking));
        }
        Map<String, String> sources = new LinkedHashMap<>();
        NEEDED.forEach(c -> sources.put(c, c));
        OPTIONAL.forEach(c -> sources.put(c, columns.contains(c) ? c : null));
        sources.put(
                "tenant", columns.contains("tenant_rut") ? "tenant_rut" : columns.contains("tenant") ? "tenant" : null);
        return "select "
                + sources.entrySet().stream()
                        .map(e -> (e.getValue() == null
                                        ? "null::text"
                                        : "left(\"" + e.getValue() + "\"::text, " + LONGEST + ")")
                                // Names of its own, or "order by id" would mean the text.
                                + " as old_" + e.getKey())
                        .collect(Collectors.joining(", "))
                + " from " + quoted;
    }

    /** {@code schema.table}. */
    String name() {
        return name;
    }

    /**
     * The next rows.
     *
     * @param after id of the last row of the page before; null for the first page
     */
    List<LegacyRow> page(String after, int limit) {
        return ops.query(
                select + (after == null ? "" : " where \"id\" > ?::" + idType) + " order by \"id\" limit " + limit,
                (r, row) -> new LegacyRow(
                        0,
                        r.getString("old_id"),
                        r.getString("old_tenant"),
                        r.getString("old_name"),
                        r.getString("old_email"),
                        r.getString("old_message"),
                        r.getString("old_phone"),
                        r.getString("old_source"),
                        r.getString("old_domain"),
                        r.getString("old_status"),
                        r.getString("old_created_at")),
                after == null ? new Object[0] : new Object[] {after});
    }

    private static Input.InvalidException invalid(String message) {
        return new Input.InvalidException(Map.of("table", message));
    }
}
