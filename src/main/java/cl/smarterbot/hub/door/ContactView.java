package cl.smarterbot.hub.door;

import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;

/** One contact: its id from the path, and its row as the front ends see it. */
public final class ContactView {

    private static final Pattern ID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    /**
     * Checks the path parameter {@code id}.
     *
     * @throws ProblemException 404 if no contact can have it
     */
    public void read(Exchange exchange) {
        id(exchange);
    }

    /** The id in the path in canonical form; 404 otherwise: such a contact does not exist. */
    static UUID id(Exchange exchange) {
        String id = exchange.getMessage().getHeader("id", String.class);
        if (id == null || !ID.matcher(id).matches()) {
            throw new ProblemException(Problem.NOT_FOUND);
        }
        return UUID.fromString(id);
    }

    /**
     * Makes the answer of the one row in the body.
     *
     * @throws ProblemException 404 if there is none: whether it is another tenant's is not told
     */
    public void answer(Exchange exchange) {
        Map<String, Object> row = JsonRows.one(exchange.getMessage());
        JsonRows.answer(exchange.getMessage(), g -> JsonRows.write(g, row));
    }
}
