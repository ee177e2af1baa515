package cl.smarterbot.hub.tenancy;

import cl.smarterbot.hub.secrets.Secret;
import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Registers webhook senders. Every change leaves its line in {@code hub.audit}; replicas hear of it through the database.
 *
 * <p>All methods throw {@link TenantValidationException} for what cannot be,
 * {@link cl.smarterbot.hub.secrets.SecretStoreException} when the secret store fails, and
 * {@link org.springframework.dao.DataAccessException} when the database does. {@code actor} is who asked for the change.
 */
public final class EndpointAdmin {
    /** How long the secret before stays good when nothing else is said: longer than the senders' own retries. */
    public static final Duration OVERLAP = Duration.ofHours(48);

    private static final Duration LONGEST_OVERLAP = Duration.ofDays(30);
    private static final Pattern SOURCE = Pattern.compile("[a-z][a-z0-9-]{1,31}");
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{6,64}");
    private static final String ODOO = "odoo";
    private static final Set<String> MAY_BE_UNSIGNED = Set.of("chatwoot", ODOO);
    private static final String UNSIGNED = "{\"unsigned\":true}";
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String SELECT =
            "select id, tenant_rut, source, settings @> '{\"unsigned\":true}' as unsigned, demo, created_at, revoked_at"
                    + " from hub.endpoint";

    private final JdbcTemplate jdbc;
    private final TransactionTemplate transaction;
    private final RutPolicy ruts;
    private final EndpointSecrets secrets;

    /**
     * @param ops connections of role {@code hub_ops}
     * @param ruts which legacy ids may be tenants although their check digit is wrong
     */
    public EndpointAdmin(DataSource ops, RutPolicy ruts, EndpointSecrets secrets) {
        this.jdbc = new JdbcTemplate(ops);
        this.transaction = new TransactionTemplate(new DataSourceTransactionManager(ops));
        this.ruts = Objects.requireNonNull(ruts, "ruts");
        this.secrets = Objects.requireNonNull(secrets, "secrets");
    }

    /**
     * Registers a sender under a new id of 128 random bits.
     *
     * @param source which vendor, such as {@code resend}
     * @param given the secret, if the vendor made it; null to make one of 256 random bits. An Odoo without one gets none, since its
     *     automation rules can send none: it is made to take unsigned deliveries
     */
    public IssuedEndpoint add(String actor, String rut, String source, String given) {
        List<TenantValidationException.Problem> problems = new ArrayList<>();
        String known = null;
        try {
            known = Rut.parseTenant(rut, ruts).value();
        } catch (InvalidRutException e) {
            problems.add(new TenantValidationException.Problem("rut", e.getMessage()));
        }
        if (source == null || !SOURCE.matcher(source).matches()) {
            problems.add(new TenantValidationException.Problem(
                    "source", "must be the name of a vendor: lower-case letters, digits and dashes"));
        }
        check(given, problems);
        if (!problems.isEmpty()) {
            throw new TenantValidationException(problems);
        }
        String tenant = known;
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        // One letter case and no dashes: the secret store does not tell them apart.
        String id = HexFormat.of().formatHex(random);
        boolean unsigned = given == null && source.equals(ODOO);
        Secret secret = unsigned ? null : Secret.of(given == null ? generated() : given);
        if (jdbc.queryForList("select 1 from public.tenants where rut = ?", tenant)
                .isEmpty()) {
            throw new TenantValidationException("rut", "names no tenant of this hub");
        }
        // First the secret: an endpoint without one would refuse its sender.
        if (secret != null) {
            secrets.put(tenant, source, id, secret, Duration.ZERO);
        }
        transaction.executeWithoutResult(status -> {
            jdbc.update(
                    "insert into hub.endpoint (id, tenant_rut, source, settings) values (?, ?, ?, ?::jsonb)",
                    id,
                    tenant,
                    source,
                    unsigned ? UNSIGNED : "{}");
            audit(actor, "endpoint.add", tenant, id, source);
        });
        return new IssuedEndpoint(
                id,
                tenant,
                source,
                path(source, id),
                given == null && secret != null ? secret.reveal() : null,
                null,
                unsigned);
    }

    /** All endpoints by tenant and time, revoked ones included. @param rut canonical RUT; null for all tenants */
    public List<EndpointInfo> list(String rut) {
        return jdbc.query(
                SELECT + " where ?::text is null or tenant_rut = ? order by tenant_rut, created_at, id",
                (row, n) -> read(row),
                rut,
                rut);
    }

    /**
     * Gives an endpoint a new secret; the one before stays good for {@code overlap}.
     *
     * @param given the new secret, if the vendor made it; null to make one
     * @return empty if there is no endpoint with that id that is not revoked
     */
    public Optional<IssuedEndpoint> rotate(String actor, String id, String given, Duration overlap) {
        List<TenantValidationException.Problem> problems = new ArrayList<>();
        check(given, problems);
        if (overlap.isNegative() || overlap.compareTo(LONGEST_OVERLAP) > 0) {
            problems.add(new TenantValidationException.Problem("overlap", "must be between nothing and 30 days"));
        }
        if (!problems.isEmpty()) {
            throw new TenantValidationException(problems);
        }
        return find(id).filter(endpoint -> endpoint.revokedAt() == null).map(endpoint -> {
            Secret secret = Secret.of(given == null ? generated() : given);
            // Written down before it is done: a secret must not change without a trace.
            audit(actor, "endpoint.rotate", endpoint.tenantRut(), id, endpoint.source());
            Instant until = secrets.put(endpoint.tenantRut(), endpoint.source(), id, secret, overlap)
                    .orElse(null);
            return new IssuedEndpoint(
                    id,
                    endpoint.tenantRut(),
                    endpoint.source(),
                    endpoint.path(),
                    given == null ? secret.reveal() : null,
                    until,
                    endpoint.unsigned());
        });
    }

    /**
     * Says which account and inbox at the vendor an endpoint is for: what speaks of others is refused.
     *
     * @param account null leaves it as it is
     * @param inbox null leaves it as it is
     * @return false if there is no endpoint with that id that is not revoked
     */
    public boolean bind(String actor, String id, Integer account, Integer inbox) {
        if (account == null && inbox == null) {
            throw new TenantValidationException("inbox", "or account is required");
        }
        return Boolean.TRUE.equals(transaction.execute(status -> {
            List<EndpointInfo> bound = jdbc.query(
                    "update hub.endpoint set settings = settings || jsonb_strip_nulls(jsonb_build_object('account_id',"
                            + " ?::int, 'inbox_id', ?::int)) where id = ? and revoked_at is null returning id, tenant_rut,"
                            + " source, false as unsigned, demo, created_at, revoked_at",
                    (row, n) -> read(row),
                    account,
                    inbox,
                    id);
            bound.forEach(endpoint -> audit(actor, "endpoint.bind", endpoint.tenantRut(), id, endpoint.source()));
            return !bound.isEmpty();
        }));
    }

    /** Ends an endpoint: its path answers as if it had never been. @return false if there is none or it was ended before */
    public boolean revoke(String actor, String id) {
        return Boolean.TRUE.equals(transaction.execute(status -> {
            List<EndpointInfo> ended = jdbc.query(
                    "update hub.endpoint set revoked_at = now() where id = ? and revoked_at is null returning id,"
                            + " tenant_rut, source, false as unsigned, demo, created_at, revoked_at",
                    (row, n) -> read(row),
                    id);
            ended.forEach(endpoint -> audit(actor, "endpoint.revoke", endpoint.tenantRut(), id, endpoint.source()));
            return !ended.isEmpty();
        }));
    }

    /**
     * Says whether an endpoint takes deliveries without a signature.
     *
     * @return empty if there is no endpoint with that id that is not revoked
     */
    public Optional<EndpointInfo> unsigned(String actor, String id, boolean on) {
        return find(id).filter(endpoint -> endpoint.revokedAt() == null).map(endpoint -> {
            List<TenantValidationException.Problem> problems = new ArrayList<>();
            if (on && !MAY_BE_UNSIGNED.contains(endpoint.source())) {
                problems.add(new TenantValidationException.Problem(
                        "unsigned", "is for senders that cannot sign: chatwoot before 4.12, and odoo"));
            }
            if (on && !endpoint.demo() && !WebhookEndpoint.isOpaque(id)) {
                problems.add(new TenantValidationException.Problem(
                        "id", "can be guessed; unsigned deliveries need an id that the hub made"));
            }
            if (!problems.isEmpty()) {
                throw new TenantValidationException(problems);
            }
            transaction.executeWithoutResult(status -> {
                jdbc.update(
                        "update hub.endpoint set settings = settings || jsonb_build_object('unsigned', ?::boolean)"
                                + " where id = ?",
                        on,
                        id);
                audit(
                        actor,
                        on ? "endpoint.unsigned.on" : "endpoint.unsigned.off",
                        endpoint.tenantRut(),
                        id,
                        endpoint.source());
            });
            return find(id).orElseThrow();
        });
    }

    /** Writes an endpoint of the demo, whose secret is published and honoured there only. Running it again changes nothing. */
    public void seedDemo(String actor, String rut, String source, String id) {
        transaction.executeWithoutResult(status -> {
            int added = jdbc.update(
                    "insert into hub.endpoint (id, tenant_rut, source, settings, demo) values (?, ?, ?, ?::jsonb, true)"
                            + " on conflict do nothing",
                    id,
                    rut,
                    source,
                    source.equals(ODOO) ? UNSIGNED : "{}");
            if (added > 0) {
                audit(actor, "endpoint.add", rut, id, source);
            }
        });
    }

    /** One endpoint, revoked or not; empty if there is none with that id. */
    public Optional<EndpointInfo> find(String id) {
        return id == null || !ID.matcher(id).matches()
                ? Optional.empty()
                : jdbc.query(SELECT + " where id = ?", (row, n) -> read(row), id).stream()
                        .findFirst();
    }

    private static void check(String given, List<TenantValidationException.Problem> problems) {
        if (given != null && (given.length() < 16 || !given.chars().allMatch(c -> c > ' ' && c < 127))) {
            problems.add(new TenantValidationException.Problem(
                    "secret", "must have 16 or more visible ASCII characters and no spaces"));
        }
    }

    /** In the form of Standard Webhooks; vendors that take any text take this as well. */
    private static String generated() {
        byte[] random = new byte[32];
        RANDOM.nextBytes(random);
        return "whsec_" + Base64.getEncoder().encodeToString(random);
    }

    private static String path(String source, String id) {
        return "/webhooks/" + source + "/" + id;
    }

    private static EndpointInfo read(ResultSet row) throws SQLException {
        Timestamp revoked = row.getTimestamp("revoked_at");
        return new EndpointInfo(
                row.getString("id"),
                row.getString("tenant_rut"),
                row.getString("source"),
                path(row.getString("source"), row.getString("id")),
                row.getBoolean("unsigned"),
                row.getBoolean("demo"),
                row.getTimestamp("created_at").toInstant(),
                revoked == null ? null : revoked.toInstant());
    }

    private void audit(String actor, String action, String rut, String id, String source) {
        jdbc.update(
                "insert into hub.audit (actor, action, tenant_rut, detail)"
                        + " values (?, ?, ?, jsonb_build_object('id', ?::text, 'source', ?::text))",
                actor,
                action,
                rut,
                id,
                source);
    }
}
