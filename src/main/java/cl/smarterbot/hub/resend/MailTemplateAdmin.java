package cl.smarterbot.hub.resend;

import cl.smarterbot.hub.tenancy.TenantValidationException;
import cl.smarterbot.hub.tenancy.TenantValidationException.Problem;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Changes the words of tenants' mails. Every change is one transaction together with its line in {@code hub.audit}. Methods throw
 * {@link TenantValidationException} for what cannot be and {@link org.springframework.dao.DataAccessException} when the database
 * fails.
 */
public final class MailTemplateAdmin {
    private static final int MAX_SUBJECT = 300;
    private static final int MAX_BYTES = 65_536;

    private final JdbcTemplate jdbc;
    private final TransactionTemplate transaction;

    /** @param ops connections of role {@code hub_ops} */
    public MailTemplateAdmin(DataSource ops) {
        this.jdbc = new JdbcTemplate(ops);
        this.transaction = new TransactionTemplate(new DataSourceTransactionManager(ops));
    }

    /** The hub's words for a kind of mail. */
    public MailTemplate byDefault(String kind) {
        return MailTemplates.byDefault(checked(kind));
    }

    /** A tenant's own words; empty if it uses the hub's. */
    public Optional<MailTemplate> find(String rut, String kind) {
        return jdbc
                .query(
                        "select subject, html, plain from hub.mail_template where tenant_rut = ? and kind = ?",
                        (row, n) -> new MailTemplate(
                                row.getString("subject"), row.getString("html"), row.getString("plain")),
                        rut,
                        checked(kind))
                .stream()
                .findFirst();
    }

    /** Stores a tenant's own words, if they can be used. */
    public void set(String actor, String rut, String kind, MailTemplate template) {
        List<Problem> problems = new ArrayList<>();
        check(problems, "subject", template.subject());
        check(problems, "html", template.html());
        check(problems, "text", template.text());
        if (template.subject().length() > MAX_SUBJECT) {
            problems.add(new Problem("subject", "must have at most " + MAX_SUBJECT + " characters"));
        }
        if (!MailTemplates.KINDS.contains(kind)) {
            problems.add(new Problem("kind", "must be visitor or admin"));
        }
        if (!problems.isEmpty()) {
            throw new TenantValidationException(problems);
        }
        transaction.executeWithoutResult(status -> {
            jdbc.update("""
                    insert into hub.mail_template (tenant_rut, kind, subject, html, plain) values (?, ?, ?, ?, ?)
                    on conflict (tenant_rut, kind) do update
                       set subject = excluded.subject, html = excluded.html, plain = excluded.plain, updated_at = now()
                    """, rut, kind, template.subject(), template.html(), template.text());
            audit(actor, "template.set", rut, kind);
        });
    }

    /** Goes back to the hub's words. */
    public void reset(String actor, String rut, String kind) {
        String known = checked(kind);
        transaction.executeWithoutResult(status -> {
            if (jdbc.update("delete from hub.mail_template where tenant_rut = ? and kind = ?", rut, known) > 0) {
                audit(actor, "template.reset", rut, known);
            }
        });
    }

    private static void check(List<Problem> problems, String part, String template) {
        if (template == null) {
            return;
        }
        if (template.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
            problems.add(new Problem(part, "must have at most 64 KB"));
            return;
        }
        String fault = Templates.fault(part, template);
        if (fault != null) {
            problems.add(new Problem(part, fault));
        }
    }

    private static String checked(String kind) {
        if (!MailTemplates.KINDS.contains(kind)) {
            throw new TenantValidationException("kind", "must be visitor or admin");
        }
        return kind;
    }

    private void audit(String actor, String action, String rut, String kind) {
        jdbc.update(
                "insert into hub.audit (actor, action, tenant_rut, detail) values (?, ?, ?, jsonb_build_object('kind', ?::text))",
                actor,
                action,
                rut,
                kind);
    }
}
