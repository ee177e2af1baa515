package cl.smarterbot.hub.conversation;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the customer reads, in Spanish: short, and only of what is the customer's own. */
final class Replies {

    private static final Pattern FIELD = Pattern.compile("\\{\\{\\s*([A-Za-z0-9_]{1,64})\\s*}}");
    private static final int MOST_ROWS = 5;

    private static final Map<String, String> ORDER_STATES = Map.of(
            "draft", "en cotización",
            "sent", "cotización enviada",
            "sale", "confirmado",
            "done", "completado",
            "cancel", "anulado");

    private static final Map<String, String> PAYMENT_STATES = Map.of(
            "not_paid", "pendiente de pago",
            "in_payment", "en proceso de pago",
            "paid", "pagada",
            "partial", "pagada en parte",
            "reversed", "revertida");

    private static final Map<String, String> REASONS = Map.of(
            "low_confidence", "el bot no entendió dos veces seguidas",
            "bot_timeout", "el bot no respondió a tiempo",
            "bot_unavailable", "el bot no está disponible",
            "bot_asked", "el bot pidió una persona",
            "attachment", "el cliente envió un archivo sin texto",
            "customer_unknown", "no sabemos quién es el cliente",
            "no_reply", "el bot no tiene respuesta");

    private Replies() {}

    /** Fills {@code {{name}}} fields once; a value is never read as a template, an unknown field is empty. */
    static String fill(String template, Map<String, Object> facts) {
        Matcher field = FIELD.matcher(template);
        StringBuilder filled = new StringBuilder();
        while (field.find()) {
            Object value = facts.get(field.group(1));
            field.appendReplacement(filled, Matcher.quoteReplacement(value == null ? "" : value.toString()));
        }
        return cut(field.appendTail(filled).toString().strip(), 4_000);
    }

    static String orders(List<Map<String, Object>> rows) {
        if (rows.isEmpty()) {
            return "No encontramos un pedido con esos datos. ¿Nos puede dar el número, por ejemplo S00012?";
        }
        StringBuilder words = new StringBuilder();
        for (Map<String, Object> row : rows.subList(0, Math.min(MOST_ROWS, rows.size()))) {
            words.append(words.isEmpty() ? "" : "\n")
                    .append("Su pedido ")
                    .append(row.get("name"))
                    .append(" está ")
                    .append(ORDER_STATES.getOrDefault(String.valueOf(row.get("state")), "en proceso"))
                    .append(", total ")
                    .append(pesos(row.get("amount_total")))
                    .append('.');
        }
        return words.toString();
    }

    static String invoices(List<Map<String, Object>> rows) {
        if (rows.isEmpty()) {
            return "No encontramos una factura con esos datos. ¿Nos puede dar el número?";
        }
        StringBuilder words = new StringBuilder();
        for (Map<String, Object> row : rows.subList(0, Math.min(MOST_ROWS, rows.size()))) {
            words.append(words.isEmpty() ? "" : "\n")
                    .append("La factura ")
                    .append(row.get("name"))
                    .append(" está ")
                    .append(PAYMENT_STATES.getOrDefault(String.valueOf(row.get("payment_state")), "en proceso"));
            if (number(row.get("amount_residual")).signum() > 0) {
                words.append(", saldo ").append(pesos(row.get("amount_residual")));
                if (row.get("invoice_date_due") instanceof String due && !due.isBlank()) {
                    words.append(", vence el ").append(due);
                }
            }
            words.append('.');
        }
        return words.toString();
    }

    static String products(List<Map<String, Object>> rows) {
        if (rows.isEmpty()) {
            return "No encontramos ese producto en nuestro catálogo. ¿Lo puede describir de otra forma?";
        }
        StringBuilder words = new StringBuilder();
        for (Map<String, Object> row : rows.subList(0, Math.min(MOST_ROWS, rows.size()))) {
            boolean there = number(row.get("stock")).signum() > 0;
            words.append(words.isEmpty() ? "" : "\n")
                    .append(row.get("name"))
                    .append(": ")
                    .append(pesos(row.get("price")))
                    .append(there ? ", disponible." : ", sin stock por ahora.");
        }
        return words.toString();
    }

    static String reason(Object code) {
        String word = String.valueOf(code);
        return REASONS.getOrDefault(word, word.endsWith("_sensitive") ? "tema delicado (" + word + ")" : word);
    }

    /** Chilean pesos have no decimals and a point every three digits. */
    static String pesos(Object amount) {
        DecimalFormatSymbols symbols = new DecimalFormatSymbols(Locale.ROOT);
        symbols.setGroupingSeparator('.');
        return "$" + new DecimalFormat("#,##0", symbols).format(number(amount).setScale(0, RoundingMode.HALF_UP));
    }

    private static BigDecimal number(Object value) {
        if (value instanceof Number || value instanceof String) {
            try {
                return new BigDecimal(value.toString());
            } catch (NumberFormatException e) {
                return BigDecimal.ZERO;
            }
        }
        return BigDecimal.ZERO;
    }

    static String cut(String text, int longest) {
        if (text.length() <= longest) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(longest - 2)) ? longest - 2 : longest - 1;
        return text.substring(0, end) + "…";
    }
}
