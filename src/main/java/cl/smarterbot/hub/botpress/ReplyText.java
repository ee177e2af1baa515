package cl.smarterbot.hub.botpress;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a bot's reply says, for a channel that shows text: cards become lines, choices become numbered lines, pictures become
 * their addresses. Reads the payloads of v12 and of the cloud, which name the same things differently.
 */
final class ReplyText {
    private static final int DEEPEST = 4;

    private ReplyText() {}

    /** The text; empty for what is none, such as {@code typing}. */
    static String of(JsonNode payload) {
        return text(payload, 0).strip();
    }

    private static String text(JsonNode payload, int depth) {
        if (depth > DEEPEST) {
            return "";
        }
        String type = payload.path("type").asText("").toLowerCase(Locale.ROOT);
        return switch (type) {
            case "typing", "session_reset", "visit", "login_prompt" -> "";
            case "location" -> location(payload);
            case "card" -> card(payload);
            case "carousel" -> each(first(payload, "items", "cards", "elements"), "\n\n", depth);
            case "bloc" -> each(payload.path("items"), "\n", depth);
            case "image", "audio", "video", "file" -> media(payload);
            default -> choices(payload, depth);
        };
    }

    /** A text, with the choices that belong to it. */
    private static String choices(JsonNode payload, int depth) {
        List<String> lines = new ArrayList<>();
        add(lines, said(payload, "text", "markdown", "message"));
        if (lines.isEmpty() && payload.path("wrapped").isObject()) {
            add(lines, text(payload.path("wrapped"), depth + 1));
        }
        int number = 0;
        for (JsonNode option : first(payload, "choices", "options", "quick_replies")) {
            String label = option.isTextual() ? option.textValue() : said(option, "title", "label", "text", "value");
            if (!label.isEmpty()) {
                lines.add(++number + ". " + label);
            }
        }
        return String.join("\n", lines);
    }

    private static String card(JsonNode card) {
        List<String> lines = new ArrayList<>();
        add(lines, said(card, "title"));
        add(lines, said(card, "subtitle"));
        add(lines, said(card, "image", "imageUrl"));
        for (JsonNode action : first(card, "actions", "buttons")) {
            String label = said(action, "title", "label", "text");
            String address = said(action, "url");
            if (address.isEmpty() && action.path("action").asText("").equalsIgnoreCase("url")) {
                address = said(action, "value");
            }
            add(lines, label.isEmpty() || address.isEmpty() ? label + address : label + ": " + address);
        }
        return String.join("\n", lines);
    }

    private static String media(JsonNode payload) {
        List<String> lines = new ArrayList<>();
        add(lines, said(payload, "title", "caption"));
        add(
                lines,
                said(payload, "image", "imageUrl", "audio", "audioUrl", "video", "videoUrl", "file", "fileUrl", "url"));
        return String.join("\n", lines);
    }

    private static String location(JsonNode payload) {
        List<String> lines = new ArrayList<>();
        add(lines, said(payload, "title"));
        add(lines, said(payload, "address"));
        JsonNode latitude = payload.path("latitude");
        JsonNode longitude = payload.path("longitude");
        if (latitude.isNumber() && longitude.isNumber()) {
            lines.add(latitude.asText() + ", " + longitude.asText());
        }
        return String.join("\n", lines);
    }

    private static String each(JsonNode items, String between, int depth) {
        List<String> texts = new ArrayList<>();
        for (JsonNode item : items) {
            // The items of a carousel are cards and do not say so.
            add(texts, item.path("type").isTextual() ? text(item, depth + 1) : card(item));
        }
        return String.join(between, texts);
    }

    private static void add(List<String> lines, String line) {
        if (!line.isBlank()) {
            lines.add(line.strip());
        }
    }

    private static JsonNode first(JsonNode node, String... names) {
        for (String name : names) {
            if (node.path(name).isArray()) {
                return node.path(name);
            }
        }
        return node.path(names[0]);
    }

    private static String said(JsonNode node, String... names) {
        for (String name : names) {
            if (node.path(name).isTextual() && !node.path(name).textValue().isBlank()) {
                return node.path(name).textValue().strip();
            }
        }
        return "";
    }
}
