package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import cl.smarterbot.hub.botpress.BotpressConnection;
import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.errorhandler.NoErrorHandlerDefinition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.jdbc.core.JdbcTemplate;

@Timeout(60)
@DisplayName("The building block botpress-intent-action")
class BotpressIntentActionTest {
    private static final String SUR = "76000012-4";
    private static final String NORTE = "77000005-K";
    private static final SecretStore NOTHING = new SecretStore() {
        @Override
        public Optional<Secret> find(String tenantRut, String system, String field) {
            return Optional.empty();
        }

        @Override
        public void put(String tenantRut, String system, String field, Secret value) {
            throw new UnsupportedOperationException();
        }
    };

    private SandboxServer sandbox;
    private RestClient rest;
    private TenantRegistry registry;
    private DefaultCamelContext camel;

    @BeforeEach
    void start() throws Exception {
        TestDatabase database = TestDatabase.fresh();
        new TenantAdmin(database.as("hub_ops"), RutPolicy.STRICT).seedDemo("test");
        // What the registry does not say stands with the secrets.
        new JdbcTemplate(database.as("postgres"))
                .update("update hub.tenant_settings set botpress_bot_id = null, botpress_user = null");
        registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, true);
        registry.refresh();
        sandbox = SandboxServer.start(0);
        rest = new RestClient(AddressPolicy.allowing(List.of("127.0.0.0/8")));
        camel = new DefaultCamelContext();
        camel.getRegistry().bind("rest", rest);
        camel.getRegistry()
                .bind(
                        "connections",
                        connections(Map.of(
                                SUR + "/botpress/bot_id", "demo-bot-1",
                                SUR + "/botpress/user", "bot@demo.example",
                                SUR + "/botpress/password", "demo",
                                NORTE + "/botpress/bot_id", "demo-bot-2",
                                NORTE + "/botpress/user", "bot@demo.example",
                                NORTE + "/botpress/password", "demo")));
        camel.getCamelContextExtension().setErrorHandlerFactory(new NoErrorHandlerDefinition());
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:turn").to("kamelet:botpress-intent-action?conversation=${header.conversation}");
                from("direct:patient")
                        .to("kamelet:botpress-intent-action?conversation=${header.conversation}&turnTimeout=300ms");
            }
        });
        camel.start();
    }

    @AfterEach
    void stop() {
        camel.stop();
        rest.close();
        sandbox.close();
    }

    private TenantBotpressConnections connections(Map<String, String> values) {
        return new TenantBotpressConnections(
                registry, NOTHING.overlay(values), sandbox.uri().toString());
    }

    private Exchange send(String route, String tenant, String text) {
        return camel.createProducerTemplate().request(route, exchange -> {
            if (tenant != null) {
                TenantScope.bind(exchange, tenant);
            }
            exchange.getMessage().setHeader("conversation", "1-42-7");
            exchange.getMessage().setBody(text);
        });
    }

    @Test
    @DisplayName("talks to the bot of the exchange's tenant and to no other")
    void tenantsOwnBot() {
        Map<?, ?> sur = send("direct:turn", SUR, "horario").getMessage().getBody(Map.class);
        Map<?, ?> norte = send("direct:turn", NORTE, "horario").getMessage().getBody(Map.class);
        assertThat(sur.get("intent")).isEqualTo("faq_hours");
        assertThat(norte.get("replies")).isEqualTo(List.of("Atendemos de martes a domingo de 10:00 a 20:00."));
        assertThat(sandbox.botpress().turns(Map.of()))
                .extracting(turn -> turn.get("bot"))
                .containsExactly("demo-bot-2", "demo-bot-1");
        assertThat(sandbox.botpress().turns(Map.of()).stream()
                        .map(turn -> turn.get("user"))
                        .distinct())
                .hasSize(2);
        assertThat(send("direct:turn", null, "horario").getException()).isInstanceOf(RestException.class);
    }

    @Test
    @DisplayName("keeps the time that it was given")
    void timeout() {
        send("direct:turn", SUR, "horario");
        sandbox.botpress().think(Duration.ofSeconds(2));
        assertThat(send("direct:patient", SUR, "horario").getException())
                .isInstanceOfSatisfying(RestException.class, failure -> assertThat(failure.kind())
                        .isEqualTo(RestException.Kind.TIMEOUT));
    }

    @Test
    @DisplayName("finds the product and its settings with the tenant's secrets")
    void settings() {
        BotpressConnection cloud = connections(Map.of(
                        SUR + "/botpress/webhook_id", "wh",
                        SUR + "/botpress/encryption_key", "key"))
                .of(SUR);
        assertThat(cloud.mode()).isEqualTo(BotpressConnection.Mode.CLOUD);
        assertThat(cloud.url()).isEqualTo("https://chat.botpress.cloud");
        assertThat(connections(Map.of()).of(SUR)).isNull();
        assertThat(catchThrowable(
                        () -> connections(Map.of(SUR + "/botpress/bot_id", "no/path", SUR + "/botpress/password", "p"))
                                .of(SUR)))
                .isInstanceOfSatisfying(RestException.class, failure -> assertThat(failure.kind())
                        .isEqualTo(RestException.Kind.BAD_CALL))
                .hasMessageContainingAll("bot_id must be letters", "user is missing");
    }
}
