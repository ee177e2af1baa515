package cl.smarterbot.hub.door;

import cl.smarterbot.hub.event.EventConstants;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.camel.Exchange;
import org.apache.camel.Message;

/** {@code PATCH /contacts/{id}}: the status is all that a front end may change. */
public final class ContactChange {

    private static final int MOST_TOLD = 20;

    /**
     * Reads the change and leaves {@code contact_id} and {@code status} as the body of the event.
     *
     * @throws ProblemException 404 if no contact can have the id, 400 if the JSON is malformed, 422 with all fields that are wrong;
     *     one that cannot be changed is among those, or the sender would take it for changed
     */
    public void read(Exchange exchange) {
        UUID id = ContactView.id(exchange);
        Message message = exchange.getMessage();
        String status = parse(message.getBody(byte[].class));
        message.setBody(Map.of("contact_id", id.toString(), "status", status));
        message.setHeader(EventConstants.KEY, "contact-" + id);
    }

    private static String parse(byte[] raw) {
        List<Problem.Invalid> invalid = new ArrayList<>();
        String status = null;
        boolean given = false;
        try (JsonParser p = StrictJson.FACTORY.createParser(raw)) {
            if (p.nextToken() != JsonToken.START_OBJECT) {
                throw new ProblemException(Problem.malformed());
            }
            while (p.nextToken() == JsonToken.FIELD_NAME) {
                String name = p.currentName();
                JsonToken token = p.nextToken();
                if (!name.equals("status")) {
                    invalid.add(new Problem.Invalid(DoorQuery.told(name), "unknown", "Este dato no se puede cambiar."));
                } else if (token == JsonToken.VALUE_STRING) {
                    given = true;
                    status = p.getText();
                } else if (token != JsonToken.VALUE_NULL) {
                    given = true;
                    invalid.add(new Problem.Invalid("status", "type", "Debe ser un texto."));
                }
                p.skipChildren();
            }
            if (p.nextToken() != null) {
                throw new ProblemException(Problem.malformed());
            }
        } catch (IOException e) {
            throw new ProblemException(Problem.malformed());
        }
        if (!given) {
            invalid.add(new Problem.Invalid("status", "required", "Falta el estado."));
        } else if (status != null && !ContactStatus.isOne(status)) {
            invalid.add(ContactStatus.invalid());
        }
        if (!invalid.isEmpty()) {
            throw new ProblemException(Problem.invalidFields(
                    invalid.stream().distinct().limit(MOST_TOLD).toList()));
        }
        return status;
    }
}
