package cl.smarterbot.hub.tenancy;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Changes the registry. Every change is one transaction together with its line in {@code hub.audit}; what changes nothing
 * writes nothing. Replicas hear of a change through the database.
 *
 * <p>All methods throw {@link TenantValidationException} for what cannot be, and
 * {@link org.springframework.dao.DataAccessException} when the database fails. {@code actor} is who asked for the change.
 */
public final class TenantAdmin {
    private static final Pattern SCOPE = Pattern.compile("[a-z][a-z0-9-]{0,30}:[a-z][a-z0-9-]{0,30}");
    private static final Set<String> DEMO_SCOPES =
            Set.of("contacts:write", "contacts:read", "contacts:manage", "products:read", "events:write");
    private static final String SELECT_TENANTS =
            "select t.contact_email, t.botpress_workspace_id, " + TenantRows.COLUMNS + TenantRows.FROM;

    private final JdbcTemplate jdbc;
    private final TransactionTemplate transaction;
    private final RutPolicy ruts;

    /**
     * @param ops connections of role {@code hub_ops}
     * @param ruts which legacy ids may be tenants although their check digit is wrong
     */
    public TenantAdmin(DataSource ops, RutPolicy ruts) {
        this.jdbc = new JdbcTemplate(ops);
        this.transaction = new TransactionTemplate(new DataSourceTransactionManager(ops));
        this.ruts = Objects.requireNonNull(ruts, "ruts");
    }

    /**
     * Creates the tenant, or changes what {@code details} says about it. Running it again changes nothing, and what is not given
     * is never overwritten.
     */
    public Tenant upsert(String actor, TenantDetails details) {
        return upsert(actor, details, List.of());
    }

    /**
     * The same.
     *
     * @param found problems that the caller found: they are told together with those that are found here
     */
    public Tenant upsert(String actor, TenantDetails details, List<TenantValidationException.Problem> found) {
        List<TenantValidationException.Problem> problems = new ArrayList<>();
        String rut = rut(details.rut(), problems);
        Map<String, Object> given = validated(details, problems);
        problems.addAll(found);
        return inTransaction(actor, () -> {
            boolean known = rut != null && exists(rut);
            if (!known && rut != null && !given.containsKey("business_name")) {
                problem(problems, "businessName", "is required for a new tenant");
            }
            if (!problems.isEmpty()) {
                throw new TenantValidationException(problems);
            }
            boolean created = jdbc.update(
                            "insert into public.tenants (rut, business_name) values (?, ?) on conflict (rut) do nothing",
                            rut,
                            given.getOrDefault("business_name", rut))
                    == 1;
            jdbc.queryForList("select 1 from public.tenants where rut = ? for update", rut);
            jdbc.update("insert into hub.tenant_settings (tenant_rut) values (?) on conflict do nothing", rut);
            Map<String, Object> before = jdbc.queryForMap(SELECT_TENANTS + " where t.rut = ?", rut);
            Map<String, Object> changes = new TreeMap<>(given);
            changes.entrySet().removeIf(change -> change.getValue().equals(before.get(change.getKey())));
            details.values().forEach((field, value) -> {
                if (changes.containsKey(field.column())) {
                    jdbc.update(field.updateSql(), value, rut);
                }
            });
            if (created) {
                audit(actor, "tenant.create", rut, given);
            } else if (!changes.isEmpty()) {
                audit(actor, "tenant.update", rut, changes);
            }
            return tenant(rut);
        });
    }

    /** All tenants by RUT, inactive ones included. */
    public List<Tenant> list() {
        return jdbc.query(SELECT_TENANTS + " order by t.rut", (row, n) -> read(row));
    }

    /** Stops everything for a tenant; its rows stay. */
    public Tenant deactivate(String actor, String rut) {
        return setActive(actor, rut, false);
    }

    /** Takes a tenant up again. */
    public Tenant activate(String actor, String rut) {
        return setActive(actor, rut, true);
    }

    /** Makes a tenant the one that gets what names nobody; the one before it is no longer. */
    public Tenant setHouse(String actor, String rut) {
        String known = required(rut);
        return inTransaction(actor, () -> {
            checkExists(known);
            // One house at a time is a constraint: two that set it at once wait for each other here.
            jdbc.execute("select pg_advisory_xact_lock(hashtextextended('hub.house', 0))");
            jdbc.update("insert into hub.tenant_settings (tenant_rut) values (?) on conflict do nothing", known);
            jdbc.update(
                    "update hub.tenant_settings set house = false, updated_at = now() where house and tenant_rut <> ?",
                    known);
            int changed = jdbc.update(
                    "update hub.tenant_settings set house = true, updated_at = now() where not house and tenant_rut = ?",
                    known);
            if (changed > 0) {
                audit(actor, "tenant.house", known, Map.of());
            }
            return tenant(known);
        });
    }

    /** Maps the host of a web site to a tenant. */
    public void addOrigin(String actor, String rut, String host) {
        List<TenantValidationException.Problem> problems = new ArrayList<>();
        String known = rut(rut, problems);
        String name = host == null ? "" : OriginHosts.normalise(host);
        if (!OriginHosts.isHostName(name)) {
            problem(problems, "host", "must be a host name, without scheme, port or path");
        }
        if (!problems.isEmpty()) {
            throw new TenantValidationException(problems);
        }
        inTransaction(actor, () -> {
            checkExists(known);
            int added = jdbc.update(
                    "insert into hub.tenant_origin (host, tenant_rut) values (?, ?) on conflict do nothing",
                    name,
                    known);
            if (added > 0) {
                audit(actor, "origin.add", known, Map.of("host", name));
            } else if (!known.equals(jdbc.queryForObject(
                    "select tenant_rut from hub.tenant_origin where host = ?", String.class, name))) {
                throw new TenantValidationException("host", "belongs to another tenant");
            }
            return null;
        });
    }

    /** Takes a host from a tenant. @return whether it had it */
    public boolean removeOrigin(String actor, String rut, String host) {
        String known = required(rut);
        String name = host == null ? "" : OriginHosts.normalise(host);
        return inTransaction(actor, () -> {
            boolean removed =
                    jdbc.update("delete from hub.tenant_origin where host = ? and tenant_rut = ?", name, known) > 0;
            if (removed) {
                audit(actor, "origin.remove", known, Map.of("host", name));
            }
            return removed;
        });
    }

    /** The hosts of a tenant, in order. */
    public List<String> origins(String rut) {
        return jdbc.queryForList(
                "select host from hub.tenant_origin where tenant_rut = ? order by host", String.class, required(rut));
    }

    /**
     * Makes an API key of 256 random bits. Only its hash is kept: the answer is the one chance to see it.
     *
     * @param name what it is for
     * @param scopes what it allows, such as {@code contacts:write}
     * @param expiresAt null for never
     */
    public IssuedKey issueKey(String actor, String rut, String name, Set<String> scopes, Instant expiresAt) {
        List<TenantValidationException.Problem> problems = new ArrayList<>();
        String known = rut(rut, problems);
        if (name == null || name.isBlank() || name.length() > 100) {
            problem(problems, "name", "must have 1 to 100 characters");
        }
        if (scopes == null
                || scopes.isEmpty()
                || !scopes.stream().allMatch(s -> SCOPE.matcher(s).matches())) {
            problem(problems, "scopes", "must be one or more of the form thing:action");
        }
        if (expiresAt != null && !expiresAt.isAfter(databaseTime())) {
            problem(problems, "expiresAt", "must be in the future");
        }
        if (!problems.isEmpty()) {
            throw new TenantValidationException(problems);
        }
        return inTransaction(actor, () -> {
            checkExists(known);
            String key = ApiKeys.random();
            UUID id = insertKey(known, name.trim(), key, scopes, false, expiresAt);
            Map<String, Object> detail =
                    new TreeMap<>(Map.of("id", id, "name", name.trim(), "scopes", new TreeSet<>(scopes)));
            if (expiresAt != null) {
                detail.put("expires_at", expiresAt);
            }
            audit(actor, "key.issue", known, detail);
            return new IssuedKey(id, key);
        });
    }

    /** Ends an API key. @return false if there is none with that id or it was revoked before */
    public boolean revokeKey(String actor, UUID id) {
        return inTransaction(actor, () -> {
            List<String> owner = jdbc.queryForList(
                    "update hub.api_key set revoked_at = now() where id = ? and revoked_at is null returning tenant_rut",
                    String.class,
                    id);
            owner.forEach(rut -> audit(actor, "key.revoke", rut, Map.of("id", id)));
            return !owner.isEmpty();
        });
    }

    /** The API keys of a tenant, newest first, revoked ones included. Never the keys themselves. */
    public List<ApiKeyInfo> listKeys(String rut) {
        return jdbc.query(
                """
                select id, tenant_rut, name, scopes, demo, created_at, expires_at, revoked_at, last_used_at
                  from hub.api_key where tenant_rut = ? order by created_at desc, id
                """,
                (row, n) -> new ApiKeyInfo(
                        row.getObject("id", UUID.class),
                        row.getString("tenant_rut"),
                        row.getString("name"),
                        Set.copyOf(List.of((String[]) row.getArray("scopes").getArray())),
                        row.getBoolean("demo"),
                        instant(row, "created_at"),
                        instant(row, "expires_at"),
                        instant(row, "revoked_at"),
                        instant(row, "last_used_at")),
                required(rut));
    }

    /** Writes the two tenants of the demo, with published keys that only the demo honours. Running it again changes nothing. */
    public void seedDemo(String actor) {
        seed(actor, "76000012-4", "Ferretería Sur", "ferreteria-sur", 1, true);
        seed(actor, "77000005-K", "Pastelería Norte", "pasteleria-norte", 2, false);
    }

    private void seed(String actor, String rut, String name, String slug, int company, boolean createLead) {
        upsert(
                actor,
                TenantDetails.of(rut, name)
                        .with(TenantField.SLUG, slug)
                        .with(TenantField.PLAN, "unlimited")
                        .with(TenantField.ODOO_DB, "demo")
                        .with(TenantField.ODOO_USER, slug)
                        .with(TenantField.ODOO_COMPANY_ID, company)
                        .with(TenantField.ODOO_CREATE_LEAD, createLead)
                        .with(TenantField.CHATWOOT_ACCOUNT_ID, company)
                        .with(TenantField.CHATWOOT_INBOX_ID, company)
                        .with(TenantField.BOTPRESS_BOT_ID, "demo-bot-" + company)
                        .with(TenantField.BOTPRESS_USER, "bot@demo.example")
                        .with(TenantField.TURN_PAUSE_MS, 0)
                        // The sandbox's inboxes have no bot of Chatwoot's attached: conversations begin as open.
                        .with(TenantField.BOT_ANSWERS, "open")
                        .with(TenantField.MAIL_FROM, name + " <no-responder@" + slug + ".example>")
                        .with(TenantField.MAIL_ADMIN, "ventas@" + slug + ".example"));
        addOrigin(actor, rut, slug + ".localhost");
        inTransaction(actor, () -> {
            UUID id = insertKey(rut, "demo", "demo-" + slug, DEMO_SCOPES, true, null);
            if (id != null) {
                audit(actor, "key.issue", rut, Map.of("id", id, "name", "demo", "demo", true));
            }
            return null;
        });
    }

    private UUID insertKey(String rut, String name, String key, Set<String> scopes, boolean demo, Instant expiresAt) {
        List<UUID> ids = jdbc.query(
                """
                insert into hub.api_key (tenant_rut, name, key_hash, scopes, demo, expires_at)
                values (?, ?, ?, ?, ?, ?)
                on conflict (key_hash) do update set scopes = excluded.scopes
                  where api_key.demo and excluded.demo and api_key.scopes is distinct from excluded.scopes
                returning id
                """,
                statement -> {
                    statement.setString(1, rut);
                    statement.setString(2, name);
                    statement.setBytes(3, ApiKeys.hash(key));
                    statement.setArray(
                            4, statement.getConnection().createArrayOf("text", new TreeSet<>(scopes).toArray()));
                    statement.setBoolean(5, demo);
                    statement.setTimestamp(6, expiresAt == null ? null : Timestamp.from(expiresAt));
                },
                (row, n) -> row.getObject("id", UUID.class));
        return ids.isEmpty() ? null : ids.get(0);
    }

    private Tenant setActive(String actor, String rut, boolean active) {
        String known = required(rut);
        return inTransaction(actor, () -> {
            checkExists(known);
            int changed = jdbc.update(
                    "update public.tenants set active = ?, updated_at = now() where rut = ? and active is distinct from ?",
                    active,
                    known,
                    active);
            if (changed > 0) {
                audit(actor, active ? "tenant.activate" : "tenant.deactivate", known, Map.of());
            }
            return tenant(known);
        });
    }

    private static Map<String, Object> validated(
            TenantDetails details, List<TenantValidationException.Problem> problems) {
        Map<String, Object> given = new TreeMap<>();
        details.values().forEach((field, value) -> {
            String broken = field.brokenRule(value);
            if (broken != null) {
                problem(problems, field.label(), broken);
            } else {
                given.put(field.column(), value);
            }
        });
        return given;
    }

    private static void problem(List<TenantValidationException.Problem> problems, String field, String rule) {
        problems.add(new TenantValidationException.Problem(field, rule));
    }

    private String rut(String text, List<TenantValidationException.Problem> problems) {
        try {
            return Rut.parseTenant(text, ruts).value();
        } catch (InvalidRutException e) {
            problem(problems, "rut", e.getMessage());
            return null;
        }
    }

    private String required(String text) {
        List<TenantValidationException.Problem> problems = new ArrayList<>();
        String rut = rut(text, problems);
        if (rut == null) {
            throw new TenantValidationException(problems);
        }
        return rut;
    }

    private boolean exists(String rut) {
        return !jdbc.queryForList("select 1 from public.tenants where rut = ?", rut)
                .isEmpty();
    }

    private void checkExists(String rut) {
        if (!exists(rut)) {
            throw new TenantValidationException("rut", "names no tenant of this hub");
        }
    }

    private Tenant tenant(String rut) {
        return jdbc.queryForObject(SELECT_TENANTS + " where t.rut = ?", (row, n) -> read(row), rut);
    }

    private static Tenant read(ResultSet row) throws SQLException {
        return TenantRows.tenant(row, TenantRows.zone(row.getString("rut"), row.getString("time_zone")));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        Timestamp value = row.getTimestamp(column);
        return value == null ? null : value.toInstant();
    }

    private Instant databaseTime() {
        return Objects.requireNonNull(jdbc.queryForObject("select now()", Timestamp.class), "database time")
                .toInstant();
    }

    private <T> T inTransaction(String actor, Supplier<T> work) {
        if (actor == null || actor.isBlank()) {
            throw new TenantValidationException("actor", "is required");
        }
        try {
            return transaction.execute(status -> work.get());
        } catch (DuplicateKeyException e) {
            if (String.valueOf(e.getMessage()).contains("tenant_settings_slug_key")) {
                throw new TenantValidationException("slug", "belongs to another tenant");
            }
            throw e;
        }
    }

    private void audit(String actor, String action, String rut, Map<String, ?> detail) {
        String[] pairs = detail.entrySet().stream()
                .flatMap(entry -> List.of(entry.getKey(), entry.getValue().toString()).stream())
                .toArray(String[]::new);
        jdbc.update(
                "insert into hub.audit (actor, action, tenant_rut, detail) values (?, ?, ?, jsonb_object(?::text[]))",
                statement -> {
                    statement.setString(1, actor);
                    statement.setString(2, action);
                    statement.setString(3, rut);
                    statement.setArray(4, statement.getConnection().createArrayOf("text", pairs));
                });
    }
}
