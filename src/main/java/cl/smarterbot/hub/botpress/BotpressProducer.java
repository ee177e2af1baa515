package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.support.DefaultAsyncProducer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes turns without holding the calling thread. */
class BotpressProducer extends DefaultAsyncProducer {
    private static final Logger log = LoggerFactory.getLogger(BotpressProducer.class);

    private final BotpressEndpoint endpoint;
    private Expression conversation;
    private Expression contexts;

    BotpressProducer(BotpressEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        conversation = expression(endpoint.getConversation());
        contexts = endpoint.getContexts() == null ? null : expression(endpoint.getContexts());
    }

    private Expression expression(String text) {
        Expression expression =
                endpoint.getCamelContext().resolveLanguage("simple").createExpression(text);
        expression.init(endpoint.getCamelContext());
        return expression;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        BotpressClient client;
        CompletableFuture<Map<String, Object>> turn;
        try {
            client = endpoint.getComponent().client();
            turn = client.turn(
                    connection(exchange),
                    required(conversation.evaluate(exchange, String.class), "the option conversation gives nothing"),
                    required(exchange.getMessage().getBody(String.class), "the body has no text"),
                    contexts(exchange),
                    endpoint.options());
        } catch (Exception e) {
            failed(exchange, e);
            callback.done(true);
            return true;
        }
        turn.whenCompleteAsync(
                (result, failure) -> {
                    if (failure != null) {
                        failed(exchange, typed(failure));
                    } else {
                        exchange.getMessage().setBody(result);
                    }
                    callback.done(false);
                },
                client.executor());
        return false;
    }

    private void failed(Exchange exchange, Throwable failure) {
        if (!endpoint.isFailureAsResult()) {
            exchange.setException(failure);
            return;
        }
        boolean late = failure instanceof RestException e && e.kind() == RestException.Kind.TIMEOUT;
        log.info(
                "Botpress gave no intent, a person is asked: {}",
                failure instanceof RestException
                        ? failure.getMessage()
                        : failure.getClass().getSimpleName());
        exchange.getMessage()
                .setBody(Map.of(
                        "intent",
                        "unavailable",
                        "confidence",
                        0,
                        "replies",
                        List.of(),
                        "handoff",
                        true,
                        "reason",
                        late ? "bot_timeout" : "bot_unavailable"));
    }

    private BotpressConnection connection(Exchange exchange) {
        BotpressConnections connections = endpoint.getComponent().getConnections();
        BotpressConnection connection = connections == null ? null : connections.resolve(exchange);
        if (connection == null) {
            throw bad("no Botpress connection is known for this exchange");
        }
        return connection;
    }

    private List<String> contexts(Exchange exchange) {
        String text = contexts == null ? null : contexts.evaluate(exchange, String.class);
        return text == null
                ? List.of()
                : Arrays.stream(text.split(","))
                        .map(String::strip)
                        .filter(context -> !context.isEmpty())
                        .toList();
    }

    private static String required(String text, String why) {
        if (text == null || text.isBlank()) {
            throw bad(why);
        }
        return text;
    }

    private static RestException bad(String why) {
        return RestException.of(BotpressConnection.SYSTEM, RestException.Kind.BAD_CALL, "intent", why);
    }

    private static Throwable typed(Throwable failure) {
        Throwable cause = V12Logins.cause(failure);
        return cause instanceof TimeoutException
                ? RestException.of(
                        BotpressConnection.SYSTEM, RestException.Kind.TIMEOUT, "intent", "no complete answer in time")
                : cause;
    }
}
