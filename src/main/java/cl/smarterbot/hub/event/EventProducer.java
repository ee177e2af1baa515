package cl.smarterbot.hub.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.support.DefaultAsyncProducer;

/** Appends one event. Never blocks: the callback comes after the commit, or at once within a delivery. */
final class EventProducer extends DefaultAsyncProducer {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String JSON_TYPE = "application/json";

    private final EventEndpoint endpoint;

    EventProducer(EventEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        NewEvent event;
        try {
            event = event(exchange);
        } catch (Exception e) {
            exchange.setException(e);
            callback.done(true);
            return true;
        }
        DeliveryScope scope = scope(exchange);
        if (scope != null) {
            try {
                scope.emit(event);
            } catch (IllegalStateException e) {
                exchange.setException(e);
                callback.done(true);
                return true;
            }
            exchange.getMessage().setHeader(EventConstants.OUTCOME, "STAGED");
            callback.done(true);
            return true;
        }
        endpoint.getComponent().runtime().log().append(event).whenComplete((appended, failure) -> {
            if (failure != null) {
                exchange.setException(failure);
            } else if (appended.outcome() == Appended.Outcome.CONFLICT) {
                exchange.setException(new EventConflictException(appended.id()));
            } else {
                Message message = exchange.getMessage();
                message.setHeader(EventConstants.ID, appended.id().toString());
                message.setHeader(EventConstants.OUTCOME, appended.outcome().name());
            }
            callback.done(false);
        });
        return false;
    }

    /** The delivery whose outcome the event is committed with; null if it is committed by itself. */
    private DeliveryScope scope(Exchange exchange) {
        return endpoint.isAtOnce() ? null : DeliveryScope.of(exchange);
    }

    private NewEvent event(Exchange exchange) throws JsonProcessingException {
        String tenant = endpoint.getComponent().tenants().tenantOf(exchange);
        if (tenant == null) {
            throw new IllegalStateException("event:" + endpoint.getType()
                    + ": the exchange has no tenant; start the route at a door or a subscription");
        }
        Message message = exchange.getMessage();
        DeliveryScope scope = scope(exchange);
        UUID id = UuidV7.next();
        String key = message.getHeader(EventConstants.KEY, String.class);
        String correlation = null;
        if (endpoint.isAtOnce() && !(message.getHeader(EventConstants.DEDUP) instanceof NewEvent.Dedup)) {
            throw new IllegalStateException("event:" + endpoint.getType()
                    + ": atOnce needs a dedup, or every further attempt would append again");
        }
        if (scope != null) {
            key = key != null ? key : scope.delivery().key();
            correlation = scope.delivery().correlationId();
        }
        return new NewEvent(
                id,
                tenant,
                endpoint.typeToAppend(message.getHeader(EventConstants.APPEND_TYPE, String.class)),
                endpoint.getSource(),
                key != null ? key : id.toString(),
                correlation != null ? correlation : id.toString(),
                metadata(message.getHeader(EventConstants.METADATA)),
                null,
                JSON_TYPE,
                traceparent(message),
                bytes(message.getBody()),
                endpoint.getRecord(),
                message.getHeader(EventConstants.DEDUP) instanceof NewEvent.Dedup dedup ? dedup : null);
    }

    private static String traceparent(Message message) {
        Object value = message.getHeader("traceparent");
        // The form that W3C Trace Context level 1 allows, and nothing else, goes into the log.
        return value instanceof String text && text.matches("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
                ? text
                : null;
    }

    private static String metadata(Object metadata) throws JsonProcessingException {
        if (metadata == null) {
            return "{}";
        }
        return metadata instanceof String text ? text : JSON.writeValueAsString(metadata);
    }

    private static byte[] bytes(Object body) throws JsonProcessingException {
        if (body instanceof byte[] raw) {
            return raw;
        }
        if (body instanceof String text) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        return JSON.writeValueAsBytes(body == null ? Map.of() : body);
    }
}
