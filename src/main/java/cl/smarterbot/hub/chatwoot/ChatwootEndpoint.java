package cl.smarterbot.hub.chatwoot;

import java.util.Map;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/** One operation on the tenant's Chatwoot. */
@UriEndpoint(
        firstVersion = "0.2.0",
        scheme = "chatwoot",
        title = "Chatwoot",
        syntax = "chatwoot:operation",
        producerOnly = true,
        remote = true,
        category = {Category.SAAS})
public final class ChatwootEndpoint extends DefaultEndpoint {

    @UriPath(
            enums = "contact-upsert,conversation,message,attributes,toggle-status,labels,assign,conversations,messages")
    private final ChatwootOperation operation;

    @UriParam(prefix = "value.", multiValue = true)
    private Map<String, Object> values = Map.of();

    @UriParam
    private String key = "${header.CamelEventIdempotencyKey}";

    @UriParam
    private String marker = "${header.CamelEventId}";

    @UriParam
    private String step = "";

    @UriParam
    private String unsent = "false";

    ChatwootEndpoint(String uri, ChatwootComponent component, ChatwootOperation operation) {
        super(uri, component);
        this.operation = operation;
    }

    @Override
    public Producer createProducer() {
        return new ChatwootProducer(this);
    }

    /** @throws UnsupportedOperationException always: Chatwoot calls the hub by webhook */
    @Override
    public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException("chatwoot endpoints only send; its events come in by webhook");
    }

    @Override
    public ChatwootComponent getComponent() {
        return (ChatwootComponent) super.getComponent();
    }

    ChatwootOperation operation() {
        return operation;
    }

    /** What the operation needs by name, each a Simple expression; an empty result leaves its name out. */
    public Map<String, Object> getValues() {
        return values;
    }

    public void setValues(Map<String, Object> values) {
        this.values = values;
    }

    /** Under which the effect is remembered, a Simple expression; the delivery's idempotency key unless told otherwise. */
    public String getKey() {
        return key;
    }

    public void setKey(String key) {
        this.key = key;
    }

    /** What is written into the vendor's record as {@code hub_event_id}, a Simple expression; the event's id unless told otherwise. */
    public String getMarker() {
        return marker;
    }

    public void setMarker(String marker) {
        this.marker = marker;
    }

    /** Tells effects of one kind apart when a route has several for one event. Empty for the only one. */
    public String getStep() {
        return step;
    }

    public void setStep(String step) {
        this.step = step;
    }

    /** true, a Simple expression, if the route has seen in the same run that {@code hub.sent} does not know the effect. */
    public String getUnsent() {
        return unsent;
    }

    public void setUnsent(String unsent) {
        this.unsent = unsent;
    }
}
