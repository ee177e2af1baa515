package cl.smarterbot.hub.door;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.sql.Timestamp;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.apache.camel.Message;

/** From the rows of a statement to the JSON that a door answers. */
public final class JsonRows {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

    private JsonRows() {}

    /** What goes into an answer. */
    @FunctionalInterface
    public interface Content {
        void write(JsonGenerator g) throws IOException;
    }

    /** The rows that the SQL component left in the body. */
    @SuppressWarnings("unchecked")
    public static List<Map<String, Object>> of(Message message) {
        return message.getBody(List.class);
    }

    /** The one row in the body; {@link ProblemException} 404 if there is none: whether it is another tenant's is not told. */
    public static Map<String, Object> one(Message message) {
        List<Map<String, Object>> rows = of(message);
        if (rows.isEmpty()) {
            throw new ProblemException(Problem.NOT_FOUND);
        }
        return rows.get(0);
    }

    /** An object with every column of the row, null where nothing is known. */
    public static void write(JsonGenerator g, Map<String, Object> row) throws IOException {
        g.writeStartObject();
        for (Map.Entry<String, Object> column : row.entrySet()) {
            g.writeFieldName(column.getKey());
            Object value = column.getValue();
            if (value instanceof Integer number) {
                g.writeNumber(number);
            } else if (value instanceof Boolean truth) {
                g.writeBoolean(truth);
            } else if (value instanceof BigDecimal number) {
                // 1990.00 and 1990 are one price, and no price is 1E+3.
                g.writeNumber(number.stripTrailingZeros().toPlainString());
            } else if (value instanceof Timestamp time) {
                g.writeString(TIME.format(time.toInstant()));
            } else {
                g.writeString(value == null ? null : value.toString());
            }
        }
        g.writeEndObject();
    }

    /** Makes the content the answer, under the tag of its bytes. */
    public static void answer(Message message, Content content) {
        byte[] body = bytes(content);
        answer(message, body, Etags.of(body));
    }

    /** Makes the content the answer, under a tag that the caller knew before. */
    public static void answer(Message message, Content content, String etag) {
        answer(message, bytes(content), etag);
    }

    /** Answers a caller that has what the tag stands for: the door makes it 304. */
    public static void unchanged(Message message, String etag) {
        answer(message, new byte[0], etag);
    }

    private static byte[] bytes(Content content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(1024);
        try (JsonGenerator g = StrictJson.FACTORY.createGenerator(out)) {
            content.write(g);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static void answer(Message message, byte[] body, String etag) {
        message.setBody(body);
        message.setHeader("ETag", etag);
        // A browser may keep it and ask whether it is still so; nobody in between may.
        message.setHeader("Cache-Control", "private, no-cache");
    }
}
