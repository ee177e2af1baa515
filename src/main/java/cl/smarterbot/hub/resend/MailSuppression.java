package cl.smarterbot.hub.resend;

import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.camel.Exchange;
import org.springframework.jdbc.core.JdbcTemplate;

/** Takes addresses that bounced for good, complained, or that Resend itself no longer sends to, off every later mail. */
public final class MailSuppression {

    private static final String PREFIX = "resend.email_";

    private final JdbcTemplate jdbc;

    /** @param tenantBound connections of the thread's tenant */
    public MailSuppression(DataSource tenantBound) {
        this.jdbc = new JdbcTemplate(tenantBound);
    }

    /**
     * Looks at what Resend told of a mail, and suppresses its recipient if that is the end of it. A mail to several does not say
     * whose fault it was, and suppresses nobody. Writing the same address again changes nothing.
     */
    public void note(Exchange exchange) {
        String reason = reason(exchange.getMessage().getHeader("CamelEventType", String.class), data(exchange));
        if (reason == null || !(data(exchange).get("to") instanceof List<?> to) || to.size() != 1) {
            return;
        }
        String address = Addresses.inside(String.valueOf(to.get(0)));
        if (Addresses.isPlain(address)) {
            jdbc.update(
                    "insert into hub.mail_suppression (tenant_rut, address_hash, reason)"
                            + " values (hub.app_tenant(), ?, ?) on conflict do nothing",
                    Addresses.hash(address),
                    reason);
        }
    }

    private static Map<?, ?> data(Exchange exchange) {
        return exchange.getMessage().getBody() instanceof Map<?, ?> body && body.get("data") instanceof Map<?, ?> data
                ? data
                : Map.of();
    }

    private static String reason(String type, Map<?, ?> data) {
        return switch (type.startsWith(PREFIX) ? type.substring(PREFIX.length()) : "") {
            case "bounced" ->
                data.get("bounce") instanceof Map<?, ?> bounce && "Permanent".equals(bounce.get("type"))
                        ? "bounced"
                        : null;
            case "complained" -> "complained";
            case "suppressed" -> "suppressed";
            default -> null;
        };
    }
}
