package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestLimits;
import cl.smarterbot.hub.secrets.Secret;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.impl.DefaultCamelContext;

/** A Camel context with the component, for taking turns with one bot. */
final class Turns implements AutoCloseable {
    static final String TENANT = "76000012-4";

    final BotpressReplies replies = new BotpressReplies();
    private final CamelContext camel = new DefaultCamelContext();
    private final ProducerTemplate producer;
    private final RestClient rest = new RestClient(
            AddressPolicy.allowing(List.of("127.0.0.0/8")),
            new RestLimits(Duration.ofSeconds(3), 8, 2_000, Duration.ofMinutes(1)));
    private volatile BotpressConnection connection;

    Turns(BotpressConnection first) {
        connection = first;
        camel.getRegistry().bind("rest", rest);
        camel.getRegistry().bind("replies", replies);
        camel.getRegistry().bind("connections", (BotpressConnections) exchange -> connection);
        camel.start();
        producer = camel.createProducerTemplate();
    }

    static BotpressConnection v12(String url, String bot, String password) {
        return BotpressConnection.v12(TENANT, url, bot, "bot@demo.example", Secret.of(password));
    }

    void use(BotpressConnection next) {
        connection = next;
    }

    CamelContext camel() {
        return camel;
    }

    CompletableFuture<Exchange> begin(String options, String conversation, String text) {
        return producer.asyncSend("botpress:intent?conversation=${header.conversation}" + options, exchange -> {
            exchange.getMessage().setHeader("conversation", conversation);
            exchange.getMessage().setBody(text);
        });
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> result(Exchange exchange) {
        if (exchange.getException() != null) {
            throw new AssertionError(exchange.getException());
        }
        return exchange.getMessage().getBody(Map.class);
    }

    Map<String, Object> say(String text) {
        return result(begin("", "1-42-7", text).join());
    }

    RestException failure(String options, String text) {
        Exception failure = begin(options, "1-42-7", text).join().getException();
        if (failure instanceof RestException e) {
            return e;
        }
        throw new AssertionError("not a typed failure", failure);
    }

    @Override
    public void close() {
        camel.stop();
        rest.close();
    }
}
