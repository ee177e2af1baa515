package cl.smarterbot.hub.resend;

import cl.smarterbot.hub.tenancy.TenantContext;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** Decides whether a mail may be sent at all: a form lets anybody name anybody's address. */
public final class MailGate {

    /** {@link #YES}, or why not. */
    enum Verdict {
        YES,
        /** The address bounced for good or its owner complained. */
        SUPPRESSED,
        /** It got as many mails today as forms may cause. */
        RECIPIENT_LIMIT,
        /** The tenant's forms caused as many mails today as its plan allows. */
        DAILY_LIMIT,
        /** This very mail was sent, so long ago that Resend forgot. */
        SENT;

        /** As it stands in events. */
        String reason() {
            return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        }
    }

    private final JdbcTemplate jdbc;

    /** @param tenantBound connections of the thread's tenant */
    public MailGate(DataSource tenantBound) {
        this.jdbc = new JdbcTemplate(tenantBound);
    }

    /**
     * Asks for one mail. The same mail may ask again: it is counted once. Waits for the database.
     *
     * @param rut the tenant that sends it
     * @param mail idempotency key of the mail
     * @param address recipient
     * @param limit mails a day to one recipient; null for any number
     * @param limitOfAll mails a day of the tenant; null for any number
     * @param event the event that causes it
     * @param kind {@code visitor} or {@code admin}
     */
    Verdict admit(String rut, String mail, String address, Integer limit, Integer limitOfAll, UUID event, String kind)
            throws Exception {
        String answer = TenantContext.call(
                rut,
                () -> jdbc.queryForObject(
                        "select hub.mail_admit(?, ?, ?, ?, ?, ?)",
                        String.class,
                        mail,
                        Addresses.hash(address),
                        limit,
                        limitOfAll,
                        event,
                        kind));
        return switch (answer) {
            case "yes" -> Verdict.YES;
            case "suppressed" -> Verdict.SUPPRESSED;
            case "recipient-limit" -> Verdict.RECIPIENT_LIMIT;
            case "daily-limit" -> Verdict.DAILY_LIMIT;
            case "sent" -> Verdict.SENT;
            default -> throw new IllegalStateException("hub.mail_admit is of another version");
        };
    }
}
