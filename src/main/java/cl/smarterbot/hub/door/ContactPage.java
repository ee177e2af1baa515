package cl.smarterbot.hub.door;

import cl.smarterbot.hub.tenancy.TenantScope;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.camel.Exchange;
import org.apache.camel.Message;

/** {@code GET /contacts}: from the query to the values of {@code sql/contacts-page.sql}, and from its rows to the answer. */
public final class ContactPage {

    private static final String LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";

    /** What a page was asked for, kept from the query to the answer. */
    private record Wanted(int limit, String list) {}

    /**
     * Reads {@code limit}, {@code status} and {@code cursor}.
     *
     * @throws ProblemException 422 with all of them that are wrong
     */
    public void read(Exchange exchange) {
        Message message = exchange.getMessage();
        List<Problem.Invalid> invalid = new ArrayList<>();
        int limit = PageLimit.read(message.getHeader("limit", String.class), invalid);
        String status = message.getHeader("status", String.class);
        if (status != null && !ContactStatus.isOne(status)) {
            invalid.add(ContactStatus.invalid());
        }
        String list = "contacts\n" + TenantScope.of(exchange).orElseThrow() + '\n' + (status == null ? "" : status);
        String given = message.getHeader("cursor", String.class);
        ContactCursor cursor =
                given == null ? null : ContactCursor.parse(given, list).orElse(null);
        if (given != null && cursor == null) {
            invalid.add(PageCursor.invalid());
        }
        if (!invalid.isEmpty()) {
            throw new ProblemException(Problem.invalidParameters(invalid));
        }
        message.setHeader("rows", limit + 1);
        message.setHeader("statusOrNull", status);
        // Without a cursor from behind the end of time: the statement has one shape, which the index serves.
        message.setHeader(
                "afterTime", cursor == null ? "infinity" : cursor.createdAt().toString());
        message.setHeader("afterId", cursor == null ? LAST_ID : cursor.id().toString());
        exchange.setProperty(Wanted.class.getName(), new Wanted(limit, list));
    }

    /** Makes the answer of the rows in the body. */
    public void answer(Exchange exchange) {
        Message message = exchange.getMessage();
        Wanted wanted = exchange.getProperty(Wanted.class.getName(), Wanted.class);
        List<Map<String, Object>> rows = JsonRows.of(message);
        boolean more = rows.size() > wanted.limit();
        List<Map<String, Object>> page = more ? rows.subList(0, wanted.limit()) : rows;
        JsonRows.answer(message, g -> {
            g.writeStartObject();
            g.writeArrayFieldStart("contacts");
            for (Map<String, Object> row : page) {
                JsonRows.write(g, row);
            }
            g.writeEndArray();
            g.writeNumberField("count", page.size());
            g.writeStringField(
                    "next_cursor", more ? after(page.get(page.size() - 1)).text(wanted.list()) : null);
            g.writeEndObject();
        });
    }

    private static ContactCursor after(Map<String, Object> row) {
        Instant createdAt = ((Timestamp) row.get("created_at")).toInstant();
        return new ContactCursor(createdAt, (UUID) row.get("id"));
    }
}
