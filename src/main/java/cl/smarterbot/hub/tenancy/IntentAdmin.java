package cl.smarterbot.hub.tenancy;

import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * A tenant's intent table: what each intent of its bot leads to. Every change leaves its line in {@code hub.audit}; replicas hear of
 * it through the database.
 *
 * <p>All methods throw {@link TenantValidationException}, with all problems at once, for what cannot be, and
 * {@link org.springframework.dao.DataAccessException} when the database fails. {@code actor} is who asked for the change.
 */
public final class IntentAdmin {
    private static final Pattern INTENT = Pattern.compile("\\*|[A-Za-z0-9_.:-]{1,100}");
    private static final Pattern ACTION = Pattern.compile("[a-z][a-z0-9-]{0,40}");
    private static final int LONGEST_REPLY = 4_000;
    private static final int LONGEST_STAGE = 100;

    private final JdbcTemplate jdbc;
    private final TransactionTemplate transaction;
    private final RutPolicy ruts;

    /**
     * @param ops connections of role {@code hub_ops}
     * @param ruts which legacy ids may be tenants although their check digit is wrong
     */
    public IntentAdmin(DataSource ops, RutPolicy ruts) {
        this.jdbc = new JdbcTemplate(ops);
        this.transaction = new TransactionTemplate(new DataSourceTransactionManager(ops));
        this.ruts = Objects.requireNonNull(ruts, "ruts");
    }

    /**
     * A row of the table.
     *
     * @param intent name that the bot gives it; {@code *} for all others
     * @param rule what it leads to
     * @param own whether it is the tenant's own, and not the hub's for tenants that have said nothing
     */
    public record Row(String intent, IntentRule rule, boolean own) {}

    /** The table as it counts for a tenant, by intent: its own rows, and the hub's where it has none. */
    public List<Row> list(String rut) {
        String tenant = tenant(rut, new ArrayList<>());
        return tenant == null ? List.of() : jdbc.query("""
                        select intent, action, threshold, sensitive, reply, lead_stage, true as own from hub.intent
                         where tenant_rut = ?
                        union all
                        select d.intent, d.action, d.threshold, d.sensitive, d.reply, d.lead_stage, false
                          from hub.intent_default d
                         where not exists (select from hub.intent i where i.tenant_rut = ? and i.intent = d.intent)
                         order by own desc, intent
                        """, (row, n) -> read(row), tenant, tenant);
    }

    /** Sets a row of a tenant's own table as a whole: what the rule leaves out is the default afterwards. */
    public Row set(String actor, String rut, String intent, IntentRule rule) {
        List<TenantValidationException.Problem> problems = new ArrayList<>();
        String tenant = tenant(rut, problems);
        checkIntent(intent, problems);
        if (rule.action() == null || !ACTION.matcher(rule.action()).matches()) {
            problems.add(new TenantValidationException.Problem(
                    "action", "must be a word of lower-case letters, digits and dashes, such as order-status"));
        }
        BigDecimal threshold = rule.threshold() == null ? null : BigDecimal.valueOf(rule.threshold());
        if (threshold != null
                && (threshold.signum() < 0 || threshold.compareTo(BigDecimal.ONE) > 0 || threshold.scale() > 2)) {
            problems.add(new TenantValidationException.Problem(
                    "threshold", "must be a number from 0 to 1 with at most two decimals"));
        }
        tooLong("reply", rule.reply(), LONGEST_REPLY, problems);
        tooLong("leadStage", rule.leadStage(), LONGEST_STAGE, problems);
        if (tenant != null && !exists(tenant)) {
            problems.add(new TenantValidationException.Problem("rut", "names no tenant of this hub"));
        }
        if (!problems.isEmpty()) {
            throw new TenantValidationException(problems);
        }
        transaction.executeWithoutResult(status -> {
            int changed = jdbc.update(
                    """
                    insert into hub.intent as i (tenant_rut, intent, action, threshold, sensitive, reply, lead_stage)
                    values (?, ?, ?, ?, ?, ?, ?)
                    on conflict (tenant_rut, intent) do update
                      set action = excluded.action, threshold = excluded.threshold, sensitive = excluded.sensitive,
                          reply = excluded.reply, lead_stage = excluded.lead_stage
                      where (i.action, i.threshold, i.sensitive, i.reply, i.lead_stage)
                        is distinct from (excluded.action, excluded.threshold, excluded.sensitive, excluded.reply,
                                          excluded.lead_stage)
                    """, tenant, intent, rule.action(), threshold, rule.sensitive(), rule.reply(), rule.leadStage());
            if (changed > 0) {
                jdbc.update(
                        """
                        insert into hub.audit (actor, action, tenant_rut, detail)
                        values (?, 'intent.set', ?, jsonb_strip_nulls(jsonb_build_object('intent', ?::text, 'action', ?::text,
                          'threshold', ?::numeric, 'sensitive', ?::boolean, 'reply', ?::text, 'leadStage', ?::text)))
                        """,
                        actor,
                        tenant,
                        intent,
                        rule.action(),
                        threshold,
                        rule.sensitive(),
                        rule.reply(),
                        rule.leadStage());
            }
        });
        return new Row(intent, rule, true);
    }

    /** Takes a row out of a tenant's own table: the hub's counts again. @return false if there is none */
    public boolean remove(String actor, String rut, String intent) {
        List<TenantValidationException.Problem> problems = new ArrayList<>();
        String tenant = tenant(rut, problems);
        checkIntent(intent, problems);
        if (!problems.isEmpty()) {
            throw new TenantValidationException(problems);
        }
        return Boolean.TRUE.equals(transaction.execute(status -> {
            boolean removed =
                    jdbc.update("delete from hub.intent where tenant_rut = ? and intent = ?", tenant, intent) > 0;
            if (removed) {
                jdbc.update(
                        "insert into hub.audit (actor, action, tenant_rut, detail)"
                                + " values (?, 'intent.remove', ?, jsonb_build_object('intent', ?::text))",
                        actor,
                        tenant,
                        intent);
            }
            return removed;
        }));
    }

    private String tenant(String rut, List<TenantValidationException.Problem> problems) {
        try {
            return Rut.parseTenant(rut, ruts).value();
        } catch (InvalidRutException e) {
            problems.add(new TenantValidationException.Problem("rut", e.getMessage()));
            return null;
        }
    }

    private boolean exists(String rut) {
        return !jdbc.queryForList("select 1 from public.tenants where rut = ?", rut)
                .isEmpty();
    }

    private static void checkIntent(String intent, List<TenantValidationException.Problem> problems) {
        if (intent == null || !INTENT.matcher(intent).matches()) {
            problems.add(new TenantValidationException.Problem(
                    "intent",
                    "must be the bot's name for it (letters, digits, _ . : -, at most 100), or * for all others"));
        }
    }

    private static void tooLong(
            String field, String text, int longest, List<TenantValidationException.Problem> problems) {
        if (text != null && text.length() > longest) {
            problems.add(new TenantValidationException.Problem(field, "must have at most " + longest + " characters"));
        }
    }

    private static Row read(ResultSet row) throws SQLException {
        BigDecimal threshold = row.getBigDecimal("threshold");
        return new Row(
                row.getString("intent"),
                new IntentRule(
                        row.getString("action"),
                        threshold == null ? null : threshold.doubleValue(),
                        row.getBoolean("sensitive"),
                        row.getString("reply"),
                        row.getString("lead_stage")),
                row.getBoolean("own"));
    }
}
