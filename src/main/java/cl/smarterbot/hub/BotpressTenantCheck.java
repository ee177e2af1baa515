package cl.smarterbot.hub;

import cl.smarterbot.hub.ops.TenantCheck;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.tenancy.TenantScope;
import java.util.List;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;

/** Whether a tenant's bot answers: says a word to it, in a conversation of its own. */
final class BotpressTenantCheck implements TenantCheck {

    private static final String SYSTEM = "Botpress";
    private static final String ASK = "botpress:intent?conversation=hub-check&timeout=10s";

    private final TenantBotpressConnections connections;
    private final CamelContext camel;

    BotpressTenantCheck(TenantBotpressConnections connections, CamelContext camel) {
        this.connections = connections;
        this.camel = camel;
    }

    @Override
    public String system() {
        return SYSTEM;
    }

    @Override
    public List<Line> check(String rut) {
        try {
            if (connections.of(rut) == null) {
                return List.of();
            }
        } catch (RestException | IllegalStateException e) {
            return List.of(line("settings", false, e.getMessage() + ": hub tenant botpress"));
        }
        try (ProducerTemplate template = camel.createProducerTemplate()) {
            Exchange asked = template.request(ASK, exchange -> {
                TenantScope.bind(exchange, rut);
                exchange.getMessage().setBody("Hola");
            });
            if (asked.getException() instanceof RestException e) {
                return List.of(line("turn", false, e.kind() + ": " + e.getMessage()));
            }
            if (asked.getException() != null) {
                return List.of(
                        line("turn", false, asked.getException().getClass().getSimpleName()));
            }
            Map<?, ?> result = asked.getMessage().getBody(Map.class);
            return List.of(line(
                    "turn",
                    true,
                    "said Hola; intent " + result.get("intent") + ", confidence " + result.get("confidence")
                            + ", replies " + ((List<?>) result.get("replies")).size()));
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Line line(String part, boolean works, String says) {
        return new Line(SYSTEM, part, works, says);
    }
}
