package cl.smarterbot.hub.resend;

import cl.smarterbot.hub.tenancy.TenantScope;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Message;

/** Reads the bodies of Resend's webhooks: {@code {type, created_at, data}}. */
public final class ResendEvents {

    /** Headers of the event component, which this package does not know. */
    private static final String APPEND_TYPE = "CamelEventAppendType";

    private static final String KEY = "CamelEventKey";
    private static final String METADATA = "CamelEventMetadata";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_-]{1,64}");
    private static final Pattern MOMENT = Pattern.compile("[0-9T:Z.+ -]{1,40}");

    /** What an event is called that this version does not know. */
    private static final String OTHER = "resend.other";

    private static final Set<String> KNOWN = Set.of(
            "email.sent",
            "email.delivered",
            "email.delivery_delayed",
            "email.bounced",
            "email.complained",
            "email.opened",
            "email.clicked",
            "email.failed",
            "email.scheduled",
            "email.suppressed",
            "email.received",
            "contact.created",
            "contact.updated",
            "contact.deleted",
            "domain.created",
            "domain.updated",
            "domain.deleted");

    private final Predicate<String> ownsAccount;

    /** @param ownsAccount whether the tenant with this RUT has a Resend account of its own */
    public ResendEvents(Predicate<String> ownsAccount) {
        this.ownsAccount = ownsAccount;
    }

    /**
     * Prepares the event: type, key (the mail's id, so that what is told of one mail stays in order), and metadata without
     * addresses. The body stays as it came. The variable {@code foreign} says whether the mail is another tenant's, which happens
     * where tenants share an account: every endpoint of an account hears of every mail. What carries no tenant's name is the
     * tenant's own only if the account is.
     */
    public void read(Exchange exchange) throws IOException {
        Message message = exchange.getMessage();
        JsonNode body = JSON.readTree(message.getBody(byte[].class));
        JsonNode data = body.path("data");
        String type = body.path("type").asText();
        String owner = tag(data.path("tags"), "tenant");
        String tenant = TenantScope.of(exchange).orElseThrow();
        exchange.setVariable("foreign", owner == null ? !ownsAccount.test(tenant) : !owner.equals(tenant));
        message.setHeader(APPEND_TYPE, KNOWN.contains(type) ? "resend." + type.replace('.', '_') : OTHER);
        String mail = word(data.path("email_id").asText());
        if (mail != null) {
            message.setHeader(KEY, mail);
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        put(metadata, "email_id", mail);
        put(metadata, "kind", word(tag(data.path("tags"), "kind")));
        put(metadata, "event", word(tag(data.path("tags"), "event")));
        put(metadata, "bounce_type", word(data.path("bounce").path("type").asText()));
        put(
                metadata,
                "bounce_sub_type",
                word(data.path("bounce").path("subType").asText()));
        String created = body.path("created_at").asText();
        put(metadata, "created_at", MOMENT.matcher(created).matches() ? created : null);
        message.setHeader(METADATA, metadata);
    }

    /** Tags come as an object by name; the API takes them as a list of names and values. */
    private static String tag(JsonNode tags, String name) {
        if (tags.isArray()) {
            for (JsonNode tag : tags) {
                if (name.equals(tag.path("name").asText())) {
                    return tag.path("value").asText();
                }
            }
            return null;
        }
        return tags.path(name).isTextual() ? tags.path(name).textValue() : null;
    }

    private static String word(String text) {
        return text != null && WORD.matcher(text).matches() ? text : null;
    }

    private static void put(Map<String, Object> metadata, String name, String value) {
        if (value != null) {
            metadata.put(name, value);
        }
    }
}
