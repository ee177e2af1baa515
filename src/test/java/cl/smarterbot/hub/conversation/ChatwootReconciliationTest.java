package cl.smarterbot.hub.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

@DisplayName("The reconciliation with Chatwoot")
class ChatwootReconciliationTest {

    @ParameterizedTest
    @ValueSource(strings = {"PT24H", "PT30M"})
    @DisplayName("leaves to nobody's answer what was written longer ago than the setting says")
    void staleBefore(Duration answerWithin) {
        Instant now = Instant.parse("2026-03-04T05:06:07Z");
        ChatwootReconciliation reconciliation = new ChatwootReconciliation(
                new TenantRegistry(new DriverManagerDataSource(), RutPolicy.STRICT, false),
                Clock.fixed(now, ZoneOffset.UTC),
                Duration.ofMinutes(10),
                answerWithin,
                1);
        Exchange exchange = new DefaultExchange(new DefaultCamelContext());
        reconciliation.begin(exchange);
        assertThat(exchange.getVariable(ChatwootWebhook.STALE_BEFORE, Long.class))
                .isEqualTo(now.minus(answerWithin).getEpochSecond());
    }
}
