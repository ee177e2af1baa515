package cl.smarterbot.hub.resend;

import cl.smarterbot.hub.tenancy.TenantScope;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.Message;
import org.apache.camel.support.DefaultAsyncProducer;

/** Sends one mail for the event of the delivery that runs, without holding the thread for the network or for its turn. */
final class ResendProducer extends DefaultAsyncProducer {

    /** Headers of the event component, which this package does not know. */
    private static final String EVENT_ID = "CamelEventId";

    private static final String EVENT_TYPE = "CamelEventType";

    private final ResendEndpoint endpoint;
    private Expression to;
    private Expression from;
    private Expression replyTo;

    ResendProducer(ResendEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        to = simple(endpoint.getTo());
        from = simple(endpoint.getFrom());
        replyTo = simple(endpoint.getReplyTo());
    }

    private Expression simple(String text) {
        if (text == null || text.isBlank()) {
            return null;
        }
        Expression expression =
                endpoint.getCamelContext().resolveLanguage("simple").createExpression(text);
        expression.init(endpoint.getCamelContext());
        return expression;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        CompletableFuture<ResendMailer.Result> work;
        try {
            work = endpoint.getComponent().mailer().send(mail(exchange));
        } catch (Exception e) {
            exchange.setException(e);
            callback.done(true);
            return true;
        }
        boolean now = work.isDone();
        work.whenComplete((result, failure) -> {
            if (failure != null) {
                exchange.setException(
                        failure instanceof CompletionException && failure.getCause() != null
                                ? failure.getCause()
                                : failure);
            } else {
                Message message = exchange.getMessage();
                message.setHeader(ResendConstants.KIND, endpoint.getKind());
                message.setHeader(ResendConstants.OUTCOME, result.id() != null ? "sent" : "skipped");
                message.setHeader(ResendConstants.ID, result.id());
                message.setHeader(ResendConstants.REASON, result.reason());
            }
            callback.done(now);
        });
        return now;
    }

    private ResendMailer.Request mail(Exchange exchange) {
        Message message = exchange.getMessage();
        String event = message.getHeader(EVENT_ID, String.class);
        String type = message.getHeader(EVENT_TYPE, String.class);
        if (event == null || type == null) {
            throw new IllegalStateException("resend:email runs in a delivery: the event names the mail");
        }
        Map<String, String> contact = new HashMap<>();
        if (message.getBody() instanceof Map<?, ?> body) {
            body.forEach((name, value) -> {
                if (name instanceof String && (value instanceof String || value instanceof Number)) {
                    contact.put((String) name, value.toString());
                }
            });
        }
        return new ResendMailer.Request(
                TenantScope.of(exchange)
                        .orElseThrow(() -> new IllegalStateException("resend:email: the exchange has no tenant")),
                endpoint.getKind(),
                UUID.fromString(event),
                type,
                text(to, exchange),
                text(from, exchange),
                text(replyTo, exchange),
                contact);
    }

    private static String text(Expression expression, Exchange exchange) {
        String text = expression == null ? null : expression.evaluate(exchange, String.class);
        return text == null || text.isBlank() ? null : text.trim();
    }
}
