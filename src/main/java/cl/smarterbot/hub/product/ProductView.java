package cl.smarterbot.hub.product;

import cl.smarterbot.hub.door.JsonRows;
import cl.smarterbot.hub.door.Problem;
import cl.smarterbot.hub.door.ProblemException;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;

/** {@code GET /products/{odoo_id}}: the id from the path, and the row as a storefront sees it. */
public final class ProductView {

    /** Odoo's ids, in their one spelling. */
    private static final Pattern ID = Pattern.compile("[1-9][0-9]{0,9}");

    /**
     * Checks the path parameter {@code odoo_id}.
     *
     * @throws ProblemException 404 if no product can have it
     */
    public void read(Exchange exchange) {
        String id = exchange.getMessage().getHeader("odoo_id", String.class);
        if (id == null || !ID.matcher(id).matches() || Long.parseLong(id) > Integer.MAX_VALUE) {
            throw new ProblemException(Problem.NOT_FOUND);
        }
    }

    /**
     * Makes the answer of the one row in the body.
     *
     * @throws ProblemException 404 if there is none
     */
    public void answer(Exchange exchange) {
        Map<String, Object> row = JsonRows.one(exchange.getMessage());
        JsonRows.answer(exchange.getMessage(), g -> JsonRows.write(g, row));
    }
}
