package cl.smarterbot.hub.resend;

import java.util.Map;
import java.util.Objects;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/** {@code resend:email?kind=visitor&to=...}: one mail to one person, in the words of the exchange's tenant. */
public class ResendComponent extends DefaultComponent {

    private final ResendMailer mailer;

    public ResendComponent(ResendMailer mailer) {
        this.mailer = Objects.requireNonNull(mailer, "mailer");
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        if (!"email".equals(remaining)) {
            throw new IllegalArgumentException("resend:" + remaining + ": there is resend:email only");
        }
        ResendEndpoint endpoint = new ResendEndpoint(uri, this);
        setProperties(endpoint, parameters);
        return endpoint;
    }

    ResendMailer mailer() {
        return mailer;
    }
}
