package cl.smarterbot.hub.product;

import cl.smarterbot.hub.door.Etags;
import cl.smarterbot.hub.door.JsonRows;
import cl.smarterbot.hub.door.PageCursor;
import cl.smarterbot.hub.door.PageLimit;
import cl.smarterbot.hub.door.Problem;
import cl.smarterbot.hub.door.ProblemException;
import cl.smarterbot.hub.tenancy.TenantScope;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Message;

/**
 * {@code GET /products}: from the query to the values of one of the statements {@code sql/products-*.sql}, and from its rows to
 * the answer. What a list says follows from the query and from how far the catalogue got ({@code seq}): so its tag is known
 * before a row of it is read, and a caller that has it already costs no more than that.
 */
public final class ProductList {

    private static final int LONGEST_WORDS = 100;
    private static final int LONGEST_CATEGORY = 300;
    private static final Pattern POINT = Pattern.compile("[0-9]{1,16}");

    /** What a page was asked for, kept from the query to the answer. */
    private record Wanted(int limit, String list, Long since, String etag) {}

    /**
     * Reads the query; in the body is the last row of the catalogue, as {@code sql/products-state.sql} gives it. Sets the
     * variable {@code list} to the statement that has the page: {@code page}, {@code category}, {@code search} or
     * {@code since}; to {@code known} if the caller has the page.
     *
     * @throws ProblemException 422 with everything that is wrong
     */
    public void read(Exchange exchange) {
        Message message = exchange.getMessage();
        List<Problem.Invalid> invalid = new ArrayList<>();
        String words = text(message, "q", LONGEST_WORDS, invalid);
        String category = text(message, "category", LONGEST_CATEGORY, invalid);
        int limit = PageLimit.read(message.getHeader("limit", String.class), invalid);
        String point = message.getHeader("since", String.class);
        if (point != null && !POINT.matcher(point).matches()) {
            invalid.add(new Problem.Invalid("since", "point", "Debe ser 0 o el next_since de una respuesta."));
        }
        String given = message.getHeader("cursor", String.class);
        if (point != null) {
            // What left a search or a category would be missing there: a mirror is of the whole catalogue.
            for (String other : List.of("q", "category", "cursor")) {
                if (message.getHeader(other) != null) {
                    invalid.add(new Problem.Invalid(other, "combination", "No se combina con since."));
                }
            }
        }
        String list = "products\n" + TenantScope.of(exchange).orElseThrow() + '\n' + part(words) + part(category);
        ByteBuffer cursor = given == null || point != null
                ? null
                : PageCursor.parse(given, list, Integer.BYTES).orElse(null);
        if (given != null && point == null && cursor == null) {
            invalid.add(PageCursor.invalid());
        }
        if (!invalid.isEmpty()) {
            throw new ProblemException(Problem.invalidParameters(invalid));
        }
        Long since = point == null ? null : Long.valueOf(point);
        int after = cursor == null ? 0 : cursor.getInt();
        String etag = Etags.of((list + '\n' + limit + ' ' + after + ' ' + since + ' ' + JsonRows.of(message))
                .getBytes(StandardCharsets.UTF_8));
        message.setHeader("rows", limit + 1);
        message.setHeader("after", after);
        message.setHeader("since", since);
        message.setHeader("category", category);
        boolean known = Etags.known(message.getHeader("If-None-Match", String.class), etag);
        exchange.setVariable("list", known ? "known" : list(words, category, since));
        exchange.setProperty(Wanted.class.getName(), new Wanted(limit, list, since, etag));
    }

    private static String list(String words, String category, Long since) {
        if (since != null) {
            return "since";
        }
        return words != null ? "search" : category != null ? "category" : "page";
    }

    private static String text(Message message, String name, int longest, List<Problem.Invalid> invalid) {
        String text = message.getHeader(name, String.class);
        if (text != null && (text.isBlank() || text.codePointCount(0, text.length()) > longest)) {
            invalid.add(new Problem.Invalid(name, "length", "Debe tener de 1 a " + longest + " caracteres."));
        }
        return text;
    }

    /** So that no two filters look alike: the text with its length. */
    private static String part(String text) {
        return text == null ? "-\n" : text.length() + ":" + text + '\n';
    }

    /** Makes the answer of the rows in the body. */
    public void answer(Exchange exchange) {
        Message message = exchange.getMessage();
        Wanted wanted = exchange.getProperty(Wanted.class.getName(), Wanted.class);
        if ("known".equals(exchange.getVariable("list", String.class))) {
            JsonRows.unchanged(message, wanted.etag());
            return;
        }
        List<Map<String, Object>> rows = JsonRows.of(message);
        boolean more = rows.size() > wanted.limit();
        List<Map<String, Object>> page = more ? rows.subList(0, wanted.limit()) : rows;
        Map<String, Object> last = page.isEmpty() ? null : page.get(page.size() - 1);
        JsonRows.answer(
                message,
                g -> {
                    g.writeStartObject();
                    g.writeArrayFieldStart("products");
                    for (Map<String, Object> row : page) {
                        Map<String, Object> shown = new LinkedHashMap<>(row);
                        shown.remove("seq");
                        JsonRows.write(g, shown);
                    }
                    g.writeEndArray();
                    g.writeNumberField("count", page.size());
                    if (wanted.since() == null) {
                        g.writeStringField("next_cursor", more ? cursor(last, wanted.list()) : null);
                    } else {
                        g.writeNumberField("next_since", last == null ? wanted.since() : (Long) last.get("seq"));
                        g.writeBooleanField("more", more);
                    }
                    g.writeEndObject();
                },
                wanted.etag());
    }

    private static String cursor(Map<String, Object> row, String list) {
        byte[] place = ByteBuffer.allocate(Integer.BYTES)
                .putInt((Integer) row.get("odoo_id"))
                .array();
        return PageCursor.text(place, list);
    }
}
