package cl.smarterbot.hub.tenancy;

import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Who is a tenant and who may call on its behalf: an immutable copy of the registry's tables. Look-ups never block and never do
 * I/O; {@link #refresh()} fetches a new copy, and when that fails the old one stays in use.
 *
 * <p>Database time decides what has expired: the database's clock is read with the copy and carried on by the node's monotonic
 * clock, so setting the node's wall clock changes nothing.
 */
public final class TenantRegistry {
    private static final Logger LOG = LoggerFactory.getLogger(TenantRegistry.class);
    private static final long FLUSH_EVERY_NANOS = Duration.ofMinutes(1).toNanos();
    private static final int LONGEST_KEY = 512;
    private static final int SHOWN_OF_ID = 8;

    private final JdbcTemplate jdbc;
    private final TransactionTemplate snapshotRead;
    private final RutPolicy ruts;
    private final boolean demoKeysAllowed;
    private final Map<UUID, Instant> used = new ConcurrentHashMap<>();
    private final Map<UUID, Long> flushedAt = new ConcurrentHashMap<>();
    private volatile Snapshot snapshot;

    /**
     * @param registry connections of role {@code hub_registry}
     * @param ruts which legacy ids are tenants although their check digit is wrong
     * @param demoKeysAllowed whether the published keys of the demo are honoured
     */
    public TenantRegistry(DataSource registry, RutPolicy ruts, boolean demoKeysAllowed) {
        this.jdbc = new JdbcTemplate(registry);
        this.snapshotRead = new TransactionTemplate(new DataSourceTransactionManager(registry));
        this.snapshotRead.setReadOnly(true);
        this.snapshotRead.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
        this.ruts = Objects.requireNonNull(ruts, "ruts");
        this.demoKeysAllowed = demoKeysAllowed;
    }

    /** A tenant by its canonical RUT, inactive ones included: see {@link Tenant#active()}. */
    public Optional<Tenant> byRut(String rut) {
        Snapshot now = snapshot;
        return now == null || rut == null ? Optional.empty() : Optional.ofNullable(now.tenants.get(rut));
    }

    /**
     * The caller that holds an API key; empty if the key is unknown, expired, revoked, of an inactive tenant, or a demo key where
     * those are not allowed. Only the SHA-256 of the key is compared, by a hash look-up, so the time taken tells nothing about
     * stored keys.
     */
    public Optional<Caller> byApiKey(String key) {
        Snapshot now = snapshot;
        if (now == null || key == null || key.isEmpty() || key.length() > LONGEST_KEY) {
            return Optional.empty();
        }
        KeyEntry entry = now.keys.get(ApiKeys.hex(ApiKeys.hash(key)));
        if (entry == null) {
            return Optional.empty();
        }
        Instant dbNow = now.databaseTime();
        if (entry.expiresAt != null && !dbNow.isBefore(entry.expiresAt)) {
            return Optional.empty();
        }
        used.put(entry.caller.keyId(), dbNow);
        return Optional.of(entry.caller);
    }

    /** The active tenant whose web site has the given host name (of the {@code Origin} header; without a port). */
    public Optional<Caller> byOriginHost(String host) {
        Snapshot now = snapshot;
        return now == null || host == null
                ? Optional.empty()
                : Optional.ofNullable(now.origins.get(OriginHosts.normalise(host)));
    }

    /**
     * A webhook sender by the two parts of its path; empty if it is unknown, revoked, of an inactive tenant, or of the demo where
     * that is not allowed.
     */
    public Optional<WebhookEndpoint> byEndpoint(String source, String id) {
        Snapshot now = snapshot;
        return now == null || source == null || id == null
                ? Optional.empty()
                : Optional.ofNullable(now.endpoints.get(source + '/' + id));
    }

    /** The webhook senders of one vendor that a tenant has, as {@link #byEndpoint} knows them. */
    public List<WebhookEndpoint> endpoints(String source, String rut) {
        Snapshot now = snapshot;
        return now == null
                ? List.of()
                : now.endpoints.values().stream()
                        .filter(endpoint -> endpoint.source().equals(source)
                                && endpoint.tenant().rut().equals(rut))
                        .toList();
    }

    /** The endpoints that take deliveries without a signature: tenant, source and the beginning of the id, which is all they prove. */
    public List<String> unsignedEndpoints() {
        Snapshot now = snapshot;
        return now == null
                ? List.of()
                : now.endpoints.values().stream()
                        .filter(WebhookEndpoint::takesUnsigned)
                        .map(e -> e.tenant().rut() + " " + e.source() + " "
                                + e.id().substring(0, Math.min(SHOWN_OF_ID, e.id().length())))
                        .sorted()
                        .toList();
    }

    /** The tenant that gets what names nobody; empty if there is none or it is inactive. */
    public Optional<Caller> house() {
        Snapshot now = snapshot;
        return now == null ? Optional.empty() : Optional.ofNullable(now.house);
    }

    /**
     * What an intent leads to for a tenant: its own row for it, else the hub's, else its own row for {@code *}, else the hub's.
     *
     * @param rut canonical RUT
     */
    public IntentRule intent(String rut, String intent) {
        Snapshot now = snapshot;
        Map<String, IntentRule> own = now == null ? Map.of() : now.intents.getOrDefault(rut, Map.of());
        Map<String, IntentRule> common = now == null ? Map.of() : now.intents.getOrDefault("", Map.of());
        IntentRule rule = own.get(intent);
        rule = rule != null ? rule : common.get(intent);
        rule = rule != null ? rule : own.get("*");
        rule = rule != null ? rule : common.get("*");
        return rule != null ? rule : new IntentRule("handoff", null, false, null, null);
    }

    /** All tenants by RUT, inactive ones included; empty before the first load. */
    public Map<String, Tenant> tenants() {
        Snapshot now = snapshot;
        return now == null ? Map.of() : now.tenants;
    }

    /** The time by the database's clock; empty before the first load. */
    public Optional<Instant> databaseTime() {
        Snapshot now = snapshot;
        return now == null ? Optional.empty() : Optional.of(now.databaseTime());
    }

    /** Whether a copy was ever loaded. */
    public boolean loaded() {
        return snapshot != null;
    }

    /** How old the copy in use is; empty before the first load. */
    public Optional<Duration> age() {
        Snapshot now = snapshot;
        return now == null ? Optional.empty() : Optional.of(Duration.ofNanos(System.nanoTime() - now.loadedNanos));
    }

    /**
     * Fetches a new copy. Blocks for the database.
     *
     * @throws org.springframework.dao.DataAccessException if the database cannot be read; the old copy stays
     * @throws org.springframework.transaction.TransactionException likewise
     */
    public synchronized void refresh() {
        snapshot = snapshotRead.execute(status -> load());
    }

    private Snapshot load() {
        long before = System.nanoTime();
        Instant dbNow = Objects.requireNonNull(
                        jdbc.queryForObject("select clock_timestamp()", Timestamp.class), "database time")
                .toInstant();
        // The clock was read somewhere between asking and answer: taking the start makes keys expire early rather than
        // late.
        long anchor = before;
        Map<String, Tenant> tenants = new HashMap<>();
        jdbc.query("select " + TenantRows.COLUMNS + TenantRows.FROM, row -> {
            String rut = row.getString("rut");
            if (!isUsable(rut)) {
                return;
            }
            tenants.put(rut, TenantRows.tenant(row, TenantRows.zone(rut, row.getString("time_zone"))));
        });
        Map<String, KeyEntry> keys = new HashMap<>();
        jdbc.query(
                """
                select id, tenant_rut, key_hash, scopes, expires_at from hub.api_key
                 where revoked_at is null and (expires_at is null or expires_at > clock_timestamp()) and (? or not demo)
                """,
                row -> {
                    Tenant tenant = tenants.get(row.getString("tenant_rut"));
                    if (tenant == null || !tenant.active()) {
                        return;
                    }
                    Set<String> scopes =
                            Set.copyOf(List.of((String[]) row.getArray("scopes").getArray()));
                    Timestamp expires = row.getTimestamp("expires_at");
                    Caller caller = new Caller(tenant, row.getObject("id", UUID.class), scopes, Caller.How.API_KEY);
                    keys.put(
                            ApiKeys.hex(row.getBytes("key_hash")),
                            new KeyEntry(caller, expires == null ? null : expires.toInstant()));
                },
                demoKeysAllowed);
        Map<String, Caller> origins = new HashMap<>();
        jdbc.query("select host, tenant_rut from hub.tenant_origin", row -> {
            Tenant tenant = tenants.get(row.getString("tenant_rut"));
            if (tenant != null && tenant.active()) {
                origins.put(row.getString("host"), new Caller(tenant, null, Caller.PUBLIC_SCOPES, Caller.How.ORIGIN));
            }
        });
        Map<String, WebhookEndpoint> endpoints = new HashMap<>();
        jdbc.query(
                "select id, tenant_rut, source, settings::text as settings, demo from hub.endpoint"
                        + " where revoked_at is null and (? or not demo)",
                row -> {
                    Tenant tenant = tenants.get(row.getString("tenant_rut"));
                    if (tenant != null && tenant.active()) {
                        WebhookEndpoint endpoint = new WebhookEndpoint(
                                row.getString("id"),
                                tenant,
                                row.getString("source"),
                                WebhookEndpoint.Settings.parse(row.getString("settings")),
                                row.getBoolean("demo"));
                        endpoints.put(endpoint.source() + '/' + endpoint.id(), endpoint);
                    }
                },
                demoKeysAllowed);
        Caller house = tenants.values().stream()
                .filter(tenant -> tenant.house() && tenant.active())
                .findFirst()
                .map(tenant -> new Caller(tenant, null, Caller.PUBLIC_SCOPES, Caller.How.HOUSE))
                .orElse(null);
        Map<String, Map<String, IntentRule>> intents = new HashMap<>();
        jdbc.query("""
                select tenant_rut, intent, action, threshold, sensitive, reply, lead_stage from hub.intent
                union all
                select '', intent, action, threshold, sensitive, reply, lead_stage from hub.intent_default
                """, row -> {
            java.math.BigDecimal threshold = row.getBigDecimal("threshold");
            intents.computeIfAbsent(row.getString("tenant_rut"), r -> new HashMap<>())
                    .put(
                            row.getString("intent"),
                            new IntentRule(
                                    row.getString("action"),
                                    threshold == null ? null : threshold.doubleValue(),
                                    row.getBoolean("sensitive"),
                                    row.getString("reply"),
                                    row.getString("lead_stage")));
        });
        return new Snapshot(
                Map.copyOf(tenants),
                Map.copyOf(keys),
                Map.copyOf(origins),
                Map.copyOf(endpoints),
                intents,
                house,
                dbNow,
                anchor);
    }

    private boolean isUsable(String rut) {
        try {
            if (Rut.parseTenant(rut, ruts).value().equals(rut)) {
                return true;
            }
            LOG.warn("Tenant {} is ignored: its RUT is not in canonical form", printable(rut));
        } catch (InvalidRutException e) {
            LOG.warn("Tenant {} is ignored: {}", printable(rut), e.getMessage());
        }
        return false;
    }

    private static String printable(String rut) {
        return rut.replaceAll("[^0-9A-Za-z.-]", "?");
    }

    /**
     * Writes down when the keys used since the last call were last used, each key at most once a minute. Blocks for the database;
     * when it fails, nothing is lost but the write is due again.
     *
     * @return number of keys written
     * @throws org.springframework.dao.DataAccessException if the database cannot be written
     */
    public synchronized int flushUsage() {
        long nanos = System.nanoTime();
        Map<UUID, Instant> due = new HashMap<>();
        used.forEach((id, at) -> {
            Long last = flushedAt.get(id);
            if (last == null || nanos - last >= FLUSH_EVERY_NANOS) {
                due.put(id, at);
            }
        });
        if (due.isEmpty()) {
            return 0;
        }
        UUID[] ids = due.keySet().toArray(UUID[]::new);
        String[] times = Arrays.stream(ids).map(id -> due.get(id).toString()).toArray(String[]::new);
        jdbc.update("""
                update hub.api_key k set last_used_at = u.at
                  from unnest(?::uuid[], ?::timestamptz[]) as u (id, at)
                 where k.id = u.id and (k.last_used_at is null or k.last_used_at < u.at)
                """, statement -> {
            statement.setArray(1, statement.getConnection().createArrayOf("uuid", ids));
            statement.setArray(2, statement.getConnection().createArrayOf("timestamptz", times));
        });
        due.forEach((id, at) -> {
            flushedAt.put(id, nanos);
            // A use that came in meanwhile stays for the next time.
            used.remove(id, at);
        });
        flushedAt.values().removeIf(last -> nanos - last >= FLUSH_EVERY_NANOS);
        return due.size();
    }

    private record KeyEntry(Caller caller, Instant expiresAt) {}

    private record Snapshot(
            Map<String, Tenant> tenants,
            Map<String, KeyEntry> keys,
            Map<String, Caller> origins,
            Map<String, WebhookEndpoint> endpoints,
            Map<String, Map<String, IntentRule>> intents,
            Caller house,
            Instant databaseTimeAtLoad,
            long loadedNanos) {
        Instant databaseTime() {
            return databaseTimeAtLoad.plusNanos(System.nanoTime() - loadedNanos);
        }
    }
}
