package cl.smarterbot.hub.conversation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.apache.camel.Exchange;

/**
 * Steps of the route {@code conversation-attachments}, which talk through variables:
 *
 * <ul>
 *   <li>{@code file}: the row of the file at hand (position, id, url, extension, file_type, conversation, message)
 *   <li>{@code path}: what it is named below the tenant's folder
 *   <li>{@code fate}: what became of it, as JSON text
 * </ul>
 */
public final class Attachments {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LONGEST_NAME = 80;
    private static final int LONGEST_EXTENSION = 12;

    /** Names the file in the body. */
    public void name(Exchange exchange) {
        Map<?, ?> file = exchange.getMessage().getBody(Map.class);
        Object id = file.get("id");
        exchange.setVariable("file", file);
        exchange.setVariable(
                "path",
                "conversations/" + file.get("conversation") + "/" + file.get("message") + "/"
                        // Chatwoot gives each file a number; where an older one does not, its place in the message
                        // tells it apart.
                        + (id == null ? "n" + file.get("position") : id) + "-"
                        + safeName(
                                Objects.toString(file.get("url"), ""),
                                Objects.toString(file.get("file_type"), "file"),
                                Objects.toString(file.get("extension"), "")));
    }

    /** The map in the body as JSON text in the variable {@code fate}. */
    public void fate(Exchange exchange) {
        try {
            exchange.setVariable(
                    "fate", JSON.writeValueAsString(exchange.getMessage().getBody(Map.class)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * The last part of an address as a name of letters, digits, hyphens, {@code _} and dots that begins with none of the last, with
     * the accents taken off; or the kind of the file, if nothing is left.
     */
    static String safeName(String url, String kind, String extension) {
        String path = url.replaceFirst("[?#].*", "");
        String last;
        try {
            last = URLDecoder.decode(
                    path.substring(path.lastIndexOf('/') + 1).replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // A broken escape.
            last = path.substring(path.lastIndexOf('/') + 1);
        }
        String plain = plain(last);
        if (plain.isEmpty()) {
            String word = plain(kind);
            String end = plain(extension.toLowerCase(Locale.ROOT));
            plain = (word.isEmpty() ? "file" : word) + (end.isEmpty() ? "" : "." + end);
        }
        if (plain.length() <= LONGEST_NAME) {
            return plain;
        }
        int dot = plain.lastIndexOf('.');
        String end = dot > 0 && plain.length() - dot <= LONGEST_EXTENSION ? plain.substring(dot) : "";
        return plain.substring(0, LONGEST_NAME - end.length()) + end;
    }

    private static String plain(String text) {
        return Normalizer.normalize(text, Normalizer.Form.NFD)
                .replaceAll("\\p{M}+", "")
                .replaceAll("[^A-Za-z0-9._-]+", "_")
                .replaceAll("\\.{2,}", ".")
                .replaceAll("^[._-]+|[._-]+$", "");
    }
}
