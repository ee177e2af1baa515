package cl.smarterbot.hub.sandbox;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One mail that was accepted. Its fate and the time it is due change, and an old one loses its text. */
final class ResendMail {
    final String id;
    final long number;
    Map<?, ?> sent;
    final List<String> to;
    final String key;
    final String content;
    final Instant at;
    String lastEvent = "sent";
    String scheduledAt;

    /**
     * @param sent the request, without the bytes of attachments
     * @param key the idempotency key, or null
     * @param content a digest of the request, equal for equal mails
     */
    ResendMail(String id, long number, Map<?, ?> sent, List<String> to, String key, String content, Instant at) {
        this.id = id;
        this.number = number;
        this.sent = sent;
        this.to = to;
        this.key = key;
        this.content = content;
        this.at = at;
    }

    void forgetText() {
        Map<Object, Object> rest = new LinkedHashMap<>(sent);
        rest.keySet().removeAll(List.of("html", "text", "headers"));
        sent = rest;
    }

    /** As {@code GET /emails} lists it. */
    Map<String, Object> listed() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", id);
        row.put("to", to);
        row.put("from", sent.get("from"));
        row.put("created_at", stamp());
        row.put("subject", sent.get("subject"));
        row.put("bcc", addresses("bcc"));
        row.put("cc", addresses("cc"));
        row.put("reply_to", addresses("reply_to"));
        row.put("last_event", lastEvent);
        row.put("scheduled_at", scheduledAt);
        return row;
    }

    /** As {@code GET /emails/{id}} shows it. */
    Map<String, Object> shown() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("object", "email");
        row.putAll(listed());
        row.put("html", sent.get("html"));
        row.put("text", sent.get("text"));
        row.put("tags", sent.get("tags") == null ? List.of() : sent.get("tags"));
        return row;
    }

    /** The {@code data} of its webhooks. */
    Map<String, Object> data() {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("email_id", id);
        data.put("created_at", stamp());
        data.put("from", sent.get("from"));
        data.put("to", to);
        data.put("subject", sent.get("subject"));
        if (sent.get("tags") instanceof List<?> list && !list.isEmpty()) {
            Map<Object, Object> tags = new LinkedHashMap<>();
            for (Object tag : list) {
                tags.put(((Map<?, ?>) tag).get("name"), ((Map<?, ?>) tag).get("value"));
            }
            data.put("tags", tags);
        }
        return data;
    }

    private String stamp() {
        return ResendVendor.MICROS.format(at);
    }

    private List<String> addresses(String field) {
        List<String> list = ResendRules.addresses(sent.get(field));
        return list == null ? List.of() : list;
    }
}
