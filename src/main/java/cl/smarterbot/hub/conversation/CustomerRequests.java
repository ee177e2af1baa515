package cl.smarterbot.hub.conversation;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;

/**
 * What customers want to change or to know of the shop, as steps of {@code conversation-customer.yaml}. Who the customer is goes by
 * the address that Chatwoot has and somebody vouches for; what the customer says about themselves is never that address.
 *
 * <ul>
 *   <li>{@code change}: what to write, by Odoo's names
 *   <li>{@code partner}: id of the customer's partner in Odoo; null if it is not clear which one that is
 *   <li>{@code question}: words to look for in the catalogue
 * </ul>
 */
public final class CustomerRequests {

    private static final Pattern EMAIL =
            Pattern.compile("[^\\s@<>,;\"]{1,64}@[^\\s@<>,;\"]{1,180}\\.[^\\s@<>,;\".]{2,24}");
    private static final String UNKNOWN = "customer_unknown";
    private static final String PARTNER = "partner";
    private static final String RESULT = "result";
    private static final String EMAIL_FIELD = "email";
    private static final int LONGEST_NAME = 200;
    private static final int LONGEST_QUESTION = 300;

    /** Looks for the customer's partner, and for others that have the new address already. Sets {@code known} and {@code change}. */
    public void contactSearch(Exchange exchange) {
        String email = Conversation.vouchedEmail(exchange);
        Map<String, Object> change = change(exchange.getVariable("slots", Map.class));
        boolean known = email != null && !change.isEmpty();
        exchange.setVariable("known", known);
        exchange.setVariable("change", change);
        if (email == null) {
            Conversation.handOver(exchange, UNKNOWN);
        } else if (!known) {
            Conversation.handOver(exchange, "no_reply");
        } else {
            Object address = change.getOrDefault(EMAIL_FIELD, email);
            exchange.getMessage()
                    .setBody(List.of("|", List.of(EMAIL_FIELD, "=", email), List.of(EMAIL_FIELD, "=", address)));
        }
    }

    /** Only what is well-formed: a person reads the rest. */
    private static Map<String, Object> change(Map<?, ?> slots) {
        Map<String, Object> change = new LinkedHashMap<>();
        if (slots == null) {
            return change;
        }
        if (slots.get(EMAIL_FIELD) instanceof String email
                && EMAIL.matcher(email.strip()).matches()) {
            change.put(EMAIL_FIELD, email.strip().toLowerCase(java.util.Locale.ROOT));
        }
        if (slots.get("phone") instanceof String phone && e164(phone) != null) {
            change.put("phone", e164(phone));
        }
        if (slots.get("name") instanceof String name
                && !name.isBlank()
                && name.length() <= LONGEST_NAME
                && name.chars().noneMatch(Character::isISOControl)) {
            change.put("name", name.strip());
        }
        return change;
    }

    /** Chilean unless it says otherwise; null for what is no whole number. */
    private static String e164(String phone) {
        String digits = phone.replaceAll("[\\s().-]", "");
        if (digits.matches("\\+[1-9][0-9]{7,14}")) {
            return digits;
        }
        if (digits.matches("56[0-9]{9}")) {
            return "+" + digits;
        }
        return digits.matches("[2-9][0-9]{8}") ? "+56" + digits : null;
    }

    /**
     * Chooses the partner among the rows in the body: the one that has the customer's address, unless another has the new one, since
     * an address is what customers are known by. An attempt before may have written the new address: its choice is kept in {@code
     * result}.
     */
    public void ownPartner(Exchange exchange) {
        Map<?, ?> result = exchange.getVariable(RESULT, Map.class);
        Object partner = result.get(PARTNER);
        if (partner == null) {
            List<?> rows = exchange.getMessage().getBody(List.class);
            if (rows.size() == 1
                    && rows.get(0) instanceof Map<?, ?> row
                    && row.get("id") instanceof Number id
                    && String.valueOf(row.get(EMAIL_FIELD)).equalsIgnoreCase(Conversation.vouchedEmail(exchange))) {
                partner = id.longValue();
                Map<String, Object> kept = new LinkedHashMap<>();
                result.forEach((key, value) -> kept.put(String.valueOf(key), value));
                kept.put(PARTNER, partner);
                exchange.setVariable(RESULT, kept);
            }
        }
        exchange.setVariable(PARTNER, partner);
        if (partner == null) {
            Conversation.handOver(exchange, UNKNOWN);
        } else {
            Map<String, Object> values = new LinkedHashMap<>();
            exchange.getVariable("change", Map.class).forEach((key, value) -> values.put(String.valueOf(key), value));
            values.put("id", partner);
            exchange.setVariable("values", values);
        }
    }

    /** What the customer asks about: what the bot recognised as the product, else all that was said. */
    public void question(Exchange exchange) {
        Map<?, ?> slots = exchange.getVariable("slots", Map.class);
        Map<?, ?> turn = exchange.getVariable("turn", Map.class);
        Object product = slots == null ? null : slots.get("product");
        String words = String.valueOf(product != null ? product : turn.get("content"));
        exchange.setVariable("question", Replies.cut(words, LONGEST_QUESTION));
    }
}
