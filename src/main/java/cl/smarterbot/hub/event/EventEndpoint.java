package cl.smarterbot.hub.event;

import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.SynchronousDelegateProducer;

/** One event type of the log, or a pattern of types for a subscription. */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "event",
        title = "Event",
        syntax = "event:type",
        category = {Category.MESSAGING},
        headersClass = EventConstants.class)
public class EventEndpoint extends RetriedEndpoint {

    @UriPath(
            description =
                    "Dotted event type; a consumer may use * for any number of characters, and so may a producer that gets"
                            + " the type of each event in the header CamelEventAppendType")
    private final String type;

    private static final String TYPE = "[a-z][a-z0-9_]*(\\.[a-z0-9_]+)*";
    private static final String PATTERN = "[a-z][a-z0-9_]*(\\.[a-z0-9_*]+)*|\\*";

    /** What hub.append can do with a body besides keeping it. */
    private static final java.util.Set<String> RECORDS =
            java.util.Set.of("contacts", "contact-update", "contact-status", "messages", "conversation-update");

    @UriParam(label = "consumer", description = "Name of the durable subscription; unique in the hub")
    private String subscription;

    @UriParam(
            label = "consumer",
            description =
                    "Deliveries in flight for one tenant on one node; three quarters of the concurrency by default")
    private int perTenant;

    @UriParam(
            label = "producer",
            description =
                    "What becomes of the body in the same commit: contacts (a new row), contact-update (changes to the"
                            + " row that its contact_id names) or contact-status (its status; recorded only if it"
                            + " changes); nothing by default")
    private String record;

    @UriParam(label = "producer", defaultValue = "hub", description = "What the event says produced it")
    private String source = "hub";

    @UriParam(
            label = "producer",
            defaultValue = "false",
            description =
                    "Whether the step waits for the commit on the route's own thread, so that the next step runs there"
                            + " too; for routes that may wait")
    private boolean synchronous;

    @UriParam(
            label = "producer",
            defaultValue = "false",
            description =
                    "Whether the event is committed by itself and with its dedup also within a delivery, instead of with"
                            + " the delivery's outcome; for what may come by another way too, and with a dedup only")
    private boolean atOnce;

    public EventEndpoint(String uri, EventComponent component, String type) {
        super(uri, component, RetryPolicy.DEFAULT, 256);
        this.type = type;
        if (!type.matches(PATTERN)) {
            throw new IllegalArgumentException(
                    "event:" + type + ": a type is dotted lower-case words, such as event:contact.received");
        }
    }

    @Override
    public Producer createProducer() {
        if (type.equals("*")) {
            throw new IllegalArgumentException("event:*: a producer's pattern needs a first word, such as resend.*");
        }
        if (record != null && !RECORDS.contains(record)) {
            throw new IllegalArgumentException("event:" + type + ": record=" + record
                    + " is not known; contacts and messages (a new row), contact-update, contact-status and"
                    + " conversation-update (changes to one) are");
        }
        EventProducer producer = new EventProducer(this);
        return synchronous ? new SynchronousDelegateProducer(producer) : producer;
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        if (subscription == null || !subscription.matches("[a-z][a-z0-9-]{0,62}")) {
            throw new IllegalArgumentException("event:" + type
                    + ": a consumer needs the parameter 'subscription', lower-case letters, digits and dashes");
        }
        if (getConcurrency() < 1) {
            throw new IllegalArgumentException("event:" + type + ": concurrency must be 1 or more");
        }
        EventConsumer consumer = new EventConsumer(this, processor);
        configureConsumer(consumer);
        return consumer;
    }

    @Override
    public EventComponent getComponent() {
        return (EventComponent) super.getComponent();
    }

    /**
     * The type of an event to append.
     *
     * @param named what the message says; only looked at if this endpoint is a pattern
     */
    String typeToAppend(String named) {
        if (!type.contains("*")) {
            return type;
        }
        String pattern = type.replace(".", "\\.").replace("*", "[a-z0-9_.]+");
        if (named == null || !named.matches(pattern) || !named.matches(TYPE)) {
            throw new IllegalArgumentException("event:" + type + ": the header " + EventConstants.APPEND_TYPE
                    + " must name a type that matches the pattern");
        }
        return named;
    }

    public String getType() {
        return type;
    }

    public String getSubscription() {
        return subscription;
    }

    public void setSubscription(String subscription) {
        this.subscription = subscription;
    }

    public int getPerTenant() {
        return perTenant > 0 ? perTenant : Math.max(1, getConcurrency() * 3 / 4);
    }

    public void setPerTenant(int perTenant) {
        this.perTenant = perTenant;
    }

    public String getRecord() {
        return record;
    }

    public void setRecord(String record) {
        this.record = record;
    }

    public String getSource() {
        return source;
    }

    public void setSource(String source) {
        this.source = source;
    }

    public boolean isSynchronous() {
        return synchronous;
    }

    public void setSynchronous(boolean synchronous) {
        this.synchronous = synchronous;
    }

    public boolean isAtOnce() {
        return atOnce;
    }

    public void setAtOnce(boolean atOnce) {
        this.atOnce = atOnce;
    }
}
