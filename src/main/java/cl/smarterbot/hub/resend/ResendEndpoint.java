package cl.smarterbot.hub.resend;

import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.support.DefaultEndpoint;

/** Mails of one kind. */
@UriEndpoint(
        firstVersion = "0.2.0",
        scheme = "resend",
        title = "Resend",
        syntax = "resend:email",
        producerOnly = true,
        remote = true,
        category = {Category.MAIL},
        headersClass = ResendConstants.class)
public class ResendEndpoint extends DefaultEndpoint {

    @UriParam(enums = "visitor,admin", description = "Which template; visitor mails are limited by recipient")
    private String kind;

    @UriParam(description = "Recipient, a Simple expression")
    private String to;

    @UriParam(description = "Sender, a Simple expression; by default the tenant's, else the deployment's")
    private String from;

    @UriParam(description = "Where answers go to, a Simple expression; by default to the sender")
    private String replyTo;

    ResendEndpoint(String uri, ResendComponent component) {
        super(uri, component);
    }

    @Override
    public Producer createProducer() {
        if (kind == null || !MailTemplates.KINDS.contains(kind)) {
            throw new IllegalArgumentException("resend:email: the parameter kind must be visitor or admin");
        }
        if (to == null || to.isBlank()) {
            throw new IllegalArgumentException("resend:email: the parameter to is required");
        }
        return new ResendProducer(this);
    }

    /**
     * Not supported: what becomes of a mail comes in at a webhook door.
     *
     * @throws UnsupportedOperationException always
     */
    @Override
    public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException("resend endpoints only send; mails are told of at /webhooks/resend");
    }

    @Override
    public ResendComponent getComponent() {
        return (ResendComponent) super.getComponent();
    }

    public String getKind() {
        return kind;
    }

    public void setKind(String kind) {
        this.kind = kind;
    }

    public String getTo() {
        return to;
    }

    public void setTo(String to) {
        this.to = to;
    }

    public String getFrom() {
        return from;
    }

    public void setFrom(String from) {
        this.from = from;
    }

    public String getReplyTo() {
        return replyTo;
    }

    public void setReplyTo(String replyTo) {
        this.replyTo = replyTo;
    }
}
