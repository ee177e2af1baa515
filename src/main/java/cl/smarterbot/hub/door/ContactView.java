package cl.smarterbot.hub.door;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Timestamp;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Message;

/** One contact: its id from the path, and its row as the front ends see it. */
public final class ContactView {

    private static final Pattern ID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

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
        Message message = exchange.getMessage();
        List<Map<String, Object>> rows = rows(message);
        if (rows.isEmpty()) {
            throw new ProblemException(Problem.NOT_FOUND);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(512);
        try (JsonGenerator g = StrictJson.FACTORY.createGenerator(out)) {
            write(g, rows.get(0));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        finish(message, out.toByteArray());
    }

    static void finish(Message message, byte[] body) {
        message.setBody(body);
        message.setHeader("ETag", Etags.of(body));
        // A browser may keep it and ask whether it is still so; nobody in between may.
        message.setHeader("Cache-Control", "private, no-cache");
    }

    /** The rows that the SQL component left in the body. */
    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> rows(Message message) {
        return message.getBody(List.class);
    }

    /** Every column of the row, null where nothing is known. */
    static void write(JsonGenerator g, Map<String, Object> row) throws IOException {
        g.writeStartObject();
        for (Map.Entry<String, Object> column : row.entrySet()) {
            g.writeFieldName(column.getKey());
            Object value = column.getValue();
            if (value instanceof Integer number) {
                g.writeNumber(number);
            } else if (value instanceof Timestamp time) {
                g.writeString(TIME.format(time.toInstant()));
            } else {
                g.writeString(value == null ? null : value.toString());
            }
        }
        g.writeEndObject();
    }
}
