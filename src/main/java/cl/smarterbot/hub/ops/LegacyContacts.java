package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.door.ContactForm;
import cl.smarterbot.hub.event.Appended;
import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.event.EventLog;
import cl.smarterbot.hub.event.NewEvent;
import cl.smarterbot.hub.event.UuidV7;
import cl.smarterbot.hub.tenancy.InvalidRutException;
import cl.smarterbot.hub.tenancy.Rut;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantContext;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.SQLExceptionSubclassTranslator;

/**
 * Takes rows of an older contacts table over into {@code public.contacts}, some at a time. A row's new id follows from its tenant
 * and its old id, so a row that is there already stays as it is: the same rows again change nothing, wherever an earlier run ended.
 *
 * <p>Rows are written tenant by tenant through the tenant-bound data source, one transaction for each tenant of a batch: an
 * import can do no more than a tenant's own routes can. No {@code contact.received} is made, or old leads would get mails today.
 * Thread-safe.
 */
public final class LegacyContacts {

    /** Rows of one batch at most. */
    static final int MAX_ROWS = 1_000;

    static final String EVENT = "contacts.imported";

    private static final int LONGEST_DOMAIN = 253;
    private static final Duration APPEND_BOUND = Duration.ofSeconds(10);
    private static final Duration CLOCKS_APART = Duration.ofDays(1);
    private static final Pattern NUMBER = Pattern.compile("0*([0-9]{1,18})");
    private static final Pattern UUID_TEXT =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");
    /** {@code rut-76832940-3} and {@code tenant_76832940_3}; without a mark before the check digit it could be another company. */
    private static final Pattern PREFIXED =
            Pattern.compile("(?i)(?:tenant|rut|tenant[_-]rut)[_-]?([0-9.]{7,10}[_-][0-9k])");

    private static final Map<String, String> STATUSES = new HashMap<>();

    static {
        for (String open : List.of("new", "nuevo", "open", "pending", "unread", "received", "pendiente", "abierto")) {
            STATUSES.put(open, "new");
        }
        for (String known :
                List.of("contacted", "contactado", "replied", "in_progress", "qualified", "respondido", "read")) {
            STATUSES.put(known, "contacted");
        }
        for (String over :
                List.of("closed", "cerrado", "done", "resolved", "converted", "won", "lost", "archived", "spam")) {
            STATUSES.put(over, "closed");
        }
    }

    private static final DateTimeFormatter TIMESTAMP = new DateTimeFormatterBuilder()
            .append(DateTimeFormatter.ISO_LOCAL_DATE)
            .appendPattern("['T'][' ']")
            .append(DateTimeFormatter.ISO_LOCAL_TIME)
            .optionalStart()
            .appendOffset("+HH:mm:ss", "Z")
            .optionalEnd()
            .optionalStart()
            .appendOffset("+HH:mm", "Z")
            .optionalEnd()
            .optionalStart()
            .appendOffset("+HH", "Z")
            .optionalEnd()
            .toFormatter(Locale.ROOT);

    private final DataSource tenantBound;
    private final JdbcTemplate ops;
    private final EventLog log;
    private final EventAdmin audit;
    private final TenantAdmin tenants;
    private final RutPolicy ruts;
    private final Clock clock;
    private final ObjectMapper json = new ObjectMapper();

    /**
     * @param tenantBound what routes use
     * @param ops connections of the role {@code hub_ops}
     */
    public LegacyContacts(
            DataSource tenantBound,
            DataSource ops,
            EventLog log,
            EventAdmin audit,
            TenantAdmin tenants,
            RutPolicy ruts,
            Clock clock) {
        this.tenantBound = tenantBound;
        this.ops = new JdbcTemplate(ops);
        this.log = log;
        this.audit = audit;
        this.tenants = tenants;
        this.ruts = ruts;
        this.clock = clock;
    }

    /**
     * How the old names are to be read. Names count without regard to case.
     *
     * @param tenant canonical RUT for rows that name none; null if there is none
     * @param map canonical RUT by old tenant, domain or source
     * @param status new status by old one
     */
    record Rules(String tenant, Map<String, String> map, Map<String, String> status) {}

    /** One rule that a row breaks. The row is its old id, or its line in the file; the value is not told. */
    record Refusal(String row, String field, String rule) {}

    /** Rows by what became of them; a refused row counts with its tenant only if that is known. */
    static final class Counts {
        public long imported;
        public long present;
        public long refused;
    }

    /** @param refusedRows a row may break several rules */
    record Batch(int read, int refusedRows, Map<String, Counts> tenants, List<Refusal> refused) {}

    /**
     * Checks how the operator wants names to be read.
     *
     * @throws Input.InvalidException naming every field that is at fault
     */
    Rules rules(String tenant, Map<String, String> map, Map<String, String> status) {
        Map<String, String> errors = new LinkedHashMap<>();
        Set<String> active = active();
        String checkedTenant = tenant == null ? null : known(tenant, "tenant", active, errors);
        Map<String, String> checkedMap = new HashMap<>();
        if (map != null) {
            map.forEach((old, rut) -> checkedMap.put(fold(old), known(rut, "map", active, errors)));
        }
        Map<String, String> checkedStatus = new HashMap<>();
        if (status != null) {
            status.forEach((old, now) -> {
                if (now == null || !Set.of("new", "contacted", "closed").contains(now)) {
                    errors.put("status", "must be new, contacted or closed");
                }
                checkedStatus.put(fold(old), now);
            });
        }
        if (!errors.isEmpty()) {
            throw new Input.InvalidException(errors);
        }
        return new Rules(checkedTenant, checkedMap, checkedStatus);
    }

    private String known(String rut, String field, Set<String> active, Map<String, String> errors) {
        String canonical = rut(rut);
        if (canonical == null) {
            errors.put(field, "is not the RUT of a company");
        } else if (!active.contains(canonical)) {
            errors.put(field, "names no active tenant of this hub");
        }
        return canonical;
    }

    private Set<String> active() {
        Set<String> active = new HashSet<>();
        for (Tenant tenant : tenants.list()) {
            if (tenant.active()) {
                active.add(tenant.rut());
            }
        }
        return active;
    }

    /** See {@link LegacyTable#open}. */
    LegacyTable table(String name) {
        return LegacyTable.open(ops, name);
    }

    private record Clean(
            LegacyRow row, UUID id, ContactForm.Checked contact, String domain, String status, Instant at) {}

    /**
     * Takes a batch over, or tells what would become of it.
     *
     * @throws DataAccessException when the database cannot be reached or refuses; some tenants' rows may be in by then
     */
    Batch take(List<LegacyRow> rows, Rules rules, boolean dryRun) {
        Set<String> active = active();
        Map<String, Counts> counts = new TreeMap<>();
        Map<String, Map<UUID, Clean>> byTenant = new TreeMap<>();
        List<Refusal> refused = new ArrayList<>();
        int refusedRows = 0;
        for (LegacyRow row : rows) {
            Map<String, String> broken = new LinkedHashMap<>();
            String tenant = tenant(row, rules, active, broken);
            Clean clean = clean(row, tenant, rules, broken);
            Counts of = tenant == null ? new Counts() : counts.computeIfAbsent(tenant, t -> new Counts());
            if (!broken.isEmpty()) {
                of.refused++;
                refusedRows++;
                broken.forEach((field, rule) -> refused.add(new Refusal(name(row), field, rule)));
                continue;
            }
            Clean twin =
                    byTenant.computeIfAbsent(tenant, t -> new LinkedHashMap<>()).putIfAbsent(clean.id(), clean);
            if (twin == null) {
                continue;
            }
            if (sameEmail(twin.contact().email(), clean.contact().email())) {
                of.present++;
            } else {
                of.refused++;
                refusedRows++;
                refused.add(new Refusal(name(row), "id", "taken"));
            }
        }
        for (Map.Entry<String, Map<UUID, Clean>> entry : byTenant.entrySet()) {
            refusedRows += write(entry.getKey(), entry.getValue(), counts.get(entry.getKey()), refused, dryRun);
        }
        return new Batch(rows.size(), refusedRows, counts, refused);
    }

    private int write(String tenant, Map<UUID, Clean> rows, Counts counts, List<Refusal> refused, boolean dryRun) {
        Map<UUID, String> stored;
        Set<UUID> inserted;
        try {
            inserted = dryRun ? Set.of() : TenantContext.call(tenant, () -> insert(tenant, rows));
            stored = TenantContext.call(tenant, () -> stored(rows.keySet()));
        } catch (SQLException e) {
            DataAccessException told = new SQLExceptionSubclassTranslator().translate("import", null, e);
            throw told != null ? told : new IllegalStateException("SQLSTATE " + e.getSQLState());
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        int taken = 0;
        for (Clean row : rows.values()) {
            String email = stored.get(row.id());
            if (inserted.contains(row.id()) || dryRun && email == null) {
                counts.imported++;
            } else if (sameEmail(email, row.contact().email())) {
                counts.present++;
            } else {
                // Two old tables count from 1: their rows must not stand in for each other.
                counts.refused++;
                taken++;
                refused.add(new Refusal(name(row.row()), "id", "taken"));
            }
        }
        return taken;
    }

    private static boolean sameEmail(String a, String b) {
        return a != null && a.equalsIgnoreCase(b);
    }

    private Set<UUID> insert(String tenant, Map<UUID, Clean> rows) throws SQLException {
        Set<UUID> inserted = new HashSet<>();
        try (Connection c = tenantBound.getConnection();
                PreparedStatement s = c.prepareStatement("insert into public.contacts"
                        + " (tenant_rut, id, name, email, message, phone, source, domain, status, created_at)"
                        + " select ?, u.id, u.name, u.email, u.message, u.phone, u.source, u.domain, u.status, u.at"
                        + " from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],"
                        + " ?::timestamptz[]) as u (id, name, email, message, phone, source, domain, status, at)"
                        + " on conflict (tenant_rut, id) do nothing returning id")) {
            s.setString(1, tenant);
            s.setArray(2, column(c, rows, Clean::id, "uuid"));
            s.setArray(3, column(c, rows, r -> r.contact().name(), "text"));
            s.setArray(4, column(c, rows, r -> r.contact().email(), "text"));
            s.setArray(5, column(c, rows, r -> r.contact().message(), "text"));
            s.setArray(6, column(c, rows, r -> r.contact().phone(), "text"));
            s.setArray(7, column(c, rows, r -> r.contact().source(), "text"));
            s.setArray(8, column(c, rows, Clean::domain, "text"));
            s.setArray(9, column(c, rows, Clean::status, "text"));
            s.setArray(10, column(c, rows, r -> r.at().toString(), "text"));
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    inserted.add(r.getObject(1, UUID.class));
                }
            }
        }
        return inserted;
    }

    private static Array column(Connection c, Map<UUID, Clean> rows, Function<Clean, Object> value, String type)
            throws SQLException {
        return c.createArrayOf(type, rows.values().stream().map(value).toArray());
    }

    private Map<UUID, String> stored(Set<UUID> ids) throws SQLException {
        Map<UUID, String> emails = new HashMap<>();
        try (Connection c = tenantBound.getConnection();
                PreparedStatement s =
                        c.prepareStatement("select id, email from public.contacts where id = any (?::uuid[])")) {
            s.setArray(1, c.createArrayOf("uuid", ids.toArray()));
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    emails.put(r.getObject(1, UUID.class), r.getString(2));
                }
            }
        }
        return emails;
    }

    private String tenant(LegacyRow row, Rules rules, Set<String> active, Map<String, String> broken) {
        String tenant = null;
        for (String name : new String[] {row.tenant(), row.domain(), row.source()}) {
            if (tenant == null && name != null) {
                tenant = rules.map().get(fold(name));
            }
        }
        if (tenant == null && row.tenant() != null && !row.tenant().isBlank()) {
            tenant = rut(row.tenant());
            if (tenant == null) {
                broken.put("tenant", "not-a-rut");
                return null;
            }
        }
        if (tenant == null) {
            tenant = rules.tenant();
        }
        if (tenant == null) {
            broken.put("tenant", "required");
        } else if (!active.contains(tenant)) {
            broken.put("tenant", "not-active");
            return null;
        }
        return tenant;
    }

    /** Canonical RUT of a company in whatever spelling, or null. */
    private String rut(String text) {
        String rut = text.strip();
        Matcher prefixed = PREFIXED.matcher(rut);
        if (prefixed.matches()) {
            rut = prefixed.group(1).replace('_', '-');
        }
        try {
            return Rut.parseTenant(rut, ruts).value();
        } catch (InvalidRutException e) {
            return null;
        }
    }

    private Clean clean(LegacyRow row, String tenant, Rules rules, Map<String, String> broken) {
        String id = id(row.id());
        if (id == null) {
            broken.put("id", row.id() == null || row.id().isBlank() ? "required" : "format");
        }
        ContactForm.Checked contact =
                ContactForm.check(row.name(), row.email(), row.message(), row.phone(), row.source());
        broken.putAll(contact.broken());
        String domain = row.domain() == null || row.domain().isBlank()
                ? null
                : row.domain().strip();
        if (domain != null && domain.length() > LONGEST_DOMAIN) {
            broken.put("domain", "max-length");
        } else if (domain != null
                && domain.codePoints().anyMatch(c -> Character.isISOControl(c) || c >= 0xd800 && c <= 0xdfff)) {
            broken.put("domain", "characters");
        }
        String status = row.status() == null || row.status().isBlank() ? "new" : status(fold(row.status()), rules);
        if (status == null) {
            broken.put("status", "unknown");
        }
        Instant now = clock.instant();
        Instant at = row.createdAt() == null || row.createdAt().isBlank()
                ? now
                : instant(row.createdAt().strip());
        if (at == null) {
            broken.put("created_at", "format");
        } else if (at.isBefore(Instant.EPOCH) || at.isAfter(now.plus(CLOCKS_APART))) {
            broken.put("created_at", "too-far");
        }
        return broken.isEmpty() ? new Clean(row, newId(tenant, id), contact, domain, status, at) : null;
    }

    private static String status(String old, Rules rules) {
        String mapped = rules.status().get(old);
        return mapped != null ? mapped : STATUSES.get(old);
    }

    private static Instant instant(String text) {
        try {
            return TIMESTAMP.parseBest(text, OffsetDateTime::from, LocalDateTime::from) instanceof OffsetDateTime at
                    ? at.toInstant()
                    : TIMESTAMP.parse(text, LocalDateTime::from).toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** The same id whether it was read from the table or from a file of it; null if it is none. */
    private static String id(String text) {
        if (text == null) {
            return null;
        }
        String id = text.strip();
        Matcher number = NUMBER.matcher(id);
        if (number.matches()) {
            return number.group(1);
        }
        return UUID_TEXT.matcher(id).matches() ? id.toLowerCase(Locale.ROOT) : null;
    }

    /** How a refused row is named: by its old id if that is one, for anything else would be a value. */
    private static String name(LegacyRow row) {
        String id = id(row.id());
        return id != null ? id : row.line() > 0 ? "line " + row.line() : "?";
    }

    /** A UUID of version 8 (RFC 9562) out of tenant and old id: always the same one. */
    static UUID newId(String tenant, String id) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(("smarteros contact\n" + tenant + "\n" + id).getBytes(StandardCharsets.UTF_8));
            ByteBuffer bytes = ByteBuffer.wrap(hash);
            long high = bytes.getLong() & ~0xf000L | 0x8000L;
            long low = bytes.getLong() & 0x3fff_ffff_ffff_ffffL | 0x8000_0000_0000_0000L;
            return new UUID(high, low);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String fold(String name) {
        return name == null ? "" : name.strip().toLowerCase(Locale.ROOT);
    }

    /** Writes into the audit trail that an import begins. */
    void start(String actor, String source) {
        audit.record(actor, "contacts.import.start", null, Map.of("source", source));
    }

    /**
     * Ends an import: one event for each tenant, with the counts, and a line in the audit trail. If the tenant's last such event
     * already says that so many rows of this source are here, there is no news and no event.
     *
     * @param source name of the table or file
     * @return how many events were made
     */
    int finish(String actor, String source, Map<String, Counts> tenants) {
        int made = 0;
        for (Map.Entry<String, Counts> entry : new TreeMap<>(tenants).entrySet()) {
            String tenant = entry.getKey();
            Counts counts = entry.getValue();
            long total = counts.imported + counts.present;
            Map<String, Object> detail = new LinkedHashMap<>();
            detail.put("source", source);
            detail.put("imported", counts.imported);
            detail.put("present", counts.present);
            detail.put("refused", counts.refused);
            audit.record(actor, "contacts.import", tenant, detail);
            List<Long> last = ops.queryForList(
                    "select (metadata ->> 'imported')::bigint + (metadata ->> 'present')::bigint from public.events"
                            + " where tenant_rut = ? and type = ? and metadata ->> 'source' = ?"
                            + " order by received_at desc, id desc limit 1",
                    Long.class,
                    tenant,
                    EVENT,
                    source);
            if (total > 0 && !last.contains(total)) {
                append(tenant, detail);
                made++;
            }
        }
        return made;
    }

    private void append(String tenant, Map<String, Object> detail) {
        UUID id = UuidV7.next();
        try {
            String text = json.writeValueAsString(detail);
            Appended appended = log.append(new NewEvent(
                            id,
                            tenant,
                            EVENT,
                            "import",
                            "import",
                            id.toString(),
                            text,
                            null,
                            "application/json",
                            null,
                            text.getBytes(StandardCharsets.UTF_8),
                            null,
                            null))
                    .get(APPEND_BOUND.toSeconds(), TimeUnit.SECONDS);
            if (appended.outcome() != Appended.Outcome.ACCEPTED) {
                throw new IllegalStateException("the event was not appended");
            }
        } catch (ExecutionException | TimeoutException | JsonProcessingException e) {
            throw new IllegalStateException("the event log does not take " + EVENT, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
