package cl.smarterbot.hub.resend;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.tenancy.TenantContext;
import cl.smarterbot.hub.testing.TestDatabase;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.jdbc.core.JdbcTemplate;

@DisplayName("The suppression list")
class MailSuppressionTest {

    private static final String SUR = "76000012-4";

    private static JdbcTemplate superuser;
    private static MailSuppression suppression;

    @BeforeAll
    static void open() {
        TestDatabase database = TestDatabase.fresh();
        superuser = new JdbcTemplate(database.as("postgres"));
        suppression = new MailSuppression(new TenantBoundDataSource(database.as("hub_app")));
    }

    @BeforeEach
    void empty() {
        superuser.execute("truncate hub.mail_suppression");
    }

    private static void note(String type, String data) throws Exception {
        Exchange exchange = new DefaultExchange(new DefaultCamelContext());
        exchange.getMessage().setHeader("CamelEventType", type);
        exchange.getMessage().setBody(new ObjectMapper().readValue("{\"data\":" + data + "}", Map.class));
        TenantContext.run(SUR, () -> suppression.note(exchange));
    }

    private static List<Map<String, Object>> rows() {
        return superuser.queryForList(
                "select tenant_rut, reason, address_hash = sha256('ana@ejemplo.cl') as ana from hub.mail_suppression");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "resend.email_bounced | {\"to\":[\"Ana@Ejemplo.cl\"],\"bounce\":{\"type\":\"Permanent\"}} | bounced",
                "resend.email_complained | {\"to\":[\"Ana Soto <ana@ejemplo.cl>\"]} | complained",
                "resend.email_suppressed | {\"to\":[\"ana@ejemplo.cl\"]} | suppressed"
            })
    @DisplayName("takes an address that bounced for good or complained, as a hash, once")
    void takes(String type, String data, String reason) throws Exception {
        note(type, data);
        note(type, data);
        assertThat(rows()).containsExactly(Map.of("tenant_rut", SUR, "reason", reason, "ana", true));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "resend.email_bounced | {\"to\":[\"ana@ejemplo.cl\"],\"bounce\":{\"type\":\"Transient\"}}",
                "resend.email_bounced | {\"to\":[\"ana@ejemplo.cl\"],\"bounce\":{\"type\":\"Undetermined\"}}",
                "resend.email_bounced | {\"to\":[\"ana@ejemplo.cl\"]}",
                "resend.email_bounced | {\"to\":[\"a@b.cl\",\"c@d.cl\"],\"bounce\":{\"type\":\"Permanent\"}}",
                "resend.email_bounced | {\"to\":[\"nobody\"],\"bounce\":{\"type\":\"Permanent\"}}",
                "resend.email_bounced | {\"bounce\":{\"type\":\"Permanent\"}}",
                "resend.email_delivered | {\"to\":[\"ana@ejemplo.cl\"]}",
                "resend.other | {\"to\":[\"ana@ejemplo.cl\"]}"
            })
    @DisplayName("leaves alone what may pass, whose fault is not clear, or is no failure")
    void leaves(String type, String data) throws Exception {
        note(type, data);
        assertThat(rows()).isEmpty();
    }
}
