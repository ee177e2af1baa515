package cl.smarterbot.hub;

import cl.smarterbot.hub.chatwoot.ChatwootComponent;
import cl.smarterbot.hub.chatwoot.ChatwootConnection;
import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestLimits;
import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;

/** The component {@code chatwoot:} as the hub wires it: registry, secrets, ledger and REST client are the real ones. */
final class ChatwootWorld implements AutoCloseable {
    static final String SUR = "76000012-4";
    static final String NORTE = "77000005-K";

    private static TestDatabase database;

    private final RestClient rest = new RestClient(
            AddressPolicy.allowing(List.of("127.0.0.0/8")),
            new RestLimits(Duration.ofSeconds(2), 8, 100, Duration.ofMillis(1)));
    private final DefaultCamelContext camel = new DefaultCamelContext();
    final TenantSentLedger ledger;

    /** @param inbox the inbox for all tenants instead of their own; null for their own */
    ChatwootWorld(Path folder, String url, Integer inbox) {
        TenantRegistry registry = new TenantRegistry(database().as("hub_registry"), RutPolicy.STRICT, true);
        registry.refresh();
        TenantChatwootConnections connections = new TenantChatwootConnections(
                registry,
                EncryptedFileSecretStore.open(folder.resolve("secrets")).overlay(Demo.SECRETS),
                url);
        ledger = new TenantSentLedger(new TenantBoundDataSource(database().as("hub_app")));
        camel.addComponent(
                "chatwoot",
                new ChatwootComponent(
                        rest,
                        exchange -> {
                            ChatwootConnection own = connections.resolve(exchange);
                            return own == null || inbox == null
                                    ? own
                                    : new ChatwootConnection(
                                            own.tenant(), own.url(), own.accountId(), inbox, own.token());
                        },
                        ledger));
        camel.start();
    }

    private static synchronized TestDatabase database() {
        if (database == null) {
            database = TestDatabase.fresh();
            new TenantAdmin(database.as("hub_ops"), RutPolicy.STRICT).seedDemo("test");
        }
        return database;
    }

    /** What an exchange of a delivery of one event is. */
    record Delivery(String tenant, String event, int attempt, boolean replay) {
        static Delivery first(String tenant, String event) {
            return new Delivery(tenant, event, 1, false);
        }

        Delivery again() {
            return new Delivery(tenant, event, attempt + 1, false);
        }

        Delivery replayed() {
            return new Delivery(tenant, event, 1, true);
        }
    }

    /**
     * Runs one operation and gives its result.
     *
     * @param values by name, what the route would give
     */
    Object run(Delivery delivery, String operation, Object... values) {
        StringBuilder uri = new StringBuilder("chatwoot:" + operation);
        Map<String, Object> body = new LinkedHashMap<>();
        for (int i = 0; i < values.length; i += 2) {
            uri.append(i == 0 ? '?' : '&')
                    .append("value.")
                    .append(values[i])
                    .append("=RAW(${body[")
                    .append(values[i])
                    .append("]})");
            body.put((String) values[i], values[i + 1]);
        }
        Exchange exchange = new DefaultExchange(camel);
        if (delivery.tenant() != null) {
            TenantScope.bind(exchange, delivery.tenant());
        }
        exchange.getMessage().setHeader("CamelEventId", delivery.event());
        exchange.getMessage()
                .setHeader("CamelEventIdempotencyKey", delivery.tenant() + ":" + delivery.event() + ":test");
        exchange.getMessage().setHeader("CamelEventAttempt", delivery.attempt());
        exchange.getMessage().setHeader("CamelEventReplay", delivery.replay());
        exchange.getMessage().setBody(body);
        try (var template = camel.createProducerTemplate()) {
            template.send(uri.toString(), exchange);
            Exception failure = exchange.getException();
            if (failure instanceof RestException known) {
                throw known;
            }
            if (failure != null) {
                throw new IllegalStateException(failure);
            }
            return exchange.getMessage().getBody();
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    long contact(Delivery delivery, Object... values) {
        return ((Number) ((Map<?, ?>) run(delivery, "contact-upsert", values)).get("id")).longValue();
    }

    @Override
    public void close() {
        camel.stop();
        rest.close();
    }
}
