package cl.smarterbot.hub.resend;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.tenancy.TenantScope;
import java.nio.charset.StandardCharsets;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("What Resend tells of a mail")
class ResendEventsTest {

    private static final String TENANT = "76000012-4";

    @ParameterizedTest(name = "tag {0}, own account {1}: foreign {2}")
    @DisplayName("is the tenant's that the mail names; without a name it is only of who has the account alone")
    @CsvSource({
        "76000012-4, true, false",
        "76000012-4, false, false",
        "77000005-K, true, true",
        "77000005-K, false, true",
        ", true, false",
        ", false, true",
    })
    void whose(String tag, boolean own, boolean foreign) throws Exception {
        Exchange exchange = new DefaultExchange(new DefaultCamelContext());
        TenantScope.bind(exchange, TENANT);
        String tags = tag == null ? "" : ",\"tags\":{\"tenant\":\"" + tag + "\"}";
        exchange.getMessage()
                .setBody(("{\"type\":\"email.delivered\",\"data\":{\"email_id\":\"a\"" + tags + "}}")
                        .getBytes(StandardCharsets.UTF_8));

        new ResendEvents(rut -> {
                    assertThat(rut).isEqualTo(TENANT);
                    return own;
                })
                .read(exchange);

        assertThat(exchange.getVariable("foreign", Boolean.class)).isEqualTo(foreign);
    }
}
