package cl.smarterbot.hub.sandbox;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** What a mail must be like to be accepted. */
final class ResendRules {
    private static final String ADDRESS = "[^\\s@<>,;\"]+@[^\\s@<>,;\"]+\\.[^\\s@<>,;\".]+";
    private static final Pattern MAILBOX = Pattern.compile(ADDRESS + "|[^<>\\r\\n]*<\\s*" + ADDRESS + "\\s*>");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_-]{1,256}");
    private static final String FORMAT =
            "The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.";

    private ResendRules() {}

    /**
     * @throws ResendFault under the name of what is wrong
     */
    static void check(Map<?, ?> mail) {
        for (String field : List.of("from", "to", "subject")) {
            if (mail.get(field) == null || mail.get(field).equals("")) {
                throw ResendFault.of("missing_required_field", "Missing `" + field + "` field.");
            }
        }
        if (!(mail.get("from") instanceof String from) || !MAILBOX.matcher(from).matches()) {
            throw ResendFault.of("invalid_from_address", "Invalid `from` field. " + FORMAT);
        }
        if (!(mail.get("subject") instanceof String)) {
            throw ResendFault.of("validation_error", "The `subject` must be a string.");
        }
        for (String field : List.of("to", "cc", "bcc", "reply_to")) {
            if (mail.get(field) != null) {
                checkAddresses(field, mail.get(field));
            }
        }
        checkContent(mail);
        checkTags(mail.get("tags"));
        checkAttachments(mail.get("attachments"));
        if (mail.get("scheduled_at") != null) {
            time(mail.get("scheduled_at"));
        }
    }

    private static void checkAddresses(String field, Object value) {
        List<String> list = addresses(value);
        if (list == null || !list.stream().allMatch(one -> MAILBOX.matcher(one).matches())) {
            throw ResendFault.of("validation_error", "Invalid `" + field + "` field. " + FORMAT);
        }
        if (list.isEmpty()) {
            throw ResendFault.of("missing_required_field", "Missing `" + field + "` field.");
        }
        if (list.size() > 50) {
            throw ResendFault.of("validation_error", "The `" + field + "` field takes 50 addresses at most.");
        }
    }

    private static void checkContent(Map<?, ?> mail) {
        boolean template = mail.get("template") instanceof Map<?, ?> named && named.get("id") instanceof String;
        for (String field : List.of("html", "text")) {
            Object value = mail.get(field);
            if (value != null && !(value instanceof String)) {
                throw ResendFault.of("validation_error", "The `" + field + "` must be a string.");
            }
            if (value != null && template) {
                throw ResendFault.of("validation_error", "An email with a `template` has neither `html` nor `text`.");
            }
        }
        if (mail.get("html") == null && mail.get("text") == null && !template) {
            throw ResendFault.of("missing_required_field", "Missing `html` or `text` field.");
        }
        if (mail.get("headers") != null && !(mail.get("headers") instanceof Map)) {
            throw ResendFault.of("validation_error", "The `headers` must be an object.");
        }
    }

    private static void checkTags(Object tags) {
        if (tags == null) {
            return;
        }
        boolean right = tags instanceof List<?> list
                && list.stream()
                        .allMatch(tag -> tag instanceof Map<?, ?> map
                                && map.get("name") instanceof String name
                                && TAG.matcher(name).matches()
                                && (map.get("value") == null
                                        || map.get("value") instanceof String value
                                                && (value.isEmpty()
                                                        || TAG.matcher(value).matches())));
        if (!right) {
            throw ResendFault.of(
                    "validation_error",
                    "Tags should only contain ASCII letters, numbers, underscores, or dashes, 256 at most.");
        }
    }

    private static void checkAttachments(Object attachments) {
        if (attachments == null) {
            return;
        }
        if (!(attachments instanceof List<?> list)) {
            throw ResendFault.of("invalid_attachment", "The `attachments` must be an array.");
        }
        for (Object one : list) {
            if (!(one instanceof Map<?, ?> file) || file.get("content") == null && file.get("path") == null) {
                throw ResendFault.of("invalid_attachment", "Attachment must have either a `content` or `path`.");
            }
            try {
                if (file.get("content") instanceof String content) {
                    Base64.getMimeDecoder().decode(content);
                }
            } catch (IllegalArgumentException e) {
                throw ResendFault.of("invalid_attachment", "The `content` of an attachment must be base64.");
            }
        }
    }

    /**
     * @throws ResendFault if it is no time of ISO 8601
     */
    static Instant time(Object value) {
        try {
            return OffsetDateTime.parse(String.valueOf(value)).toInstant();
        } catch (DateTimeParseException e) {
            throw ResendFault.of("validation_error", "The `scheduled_at` must be a date of ISO 8601.");
        }
    }

    /** A text or a list of texts as a list; null if it is neither. */
    static List<String> addresses(Object value) {
        if (value instanceof String one) {
            return List.of(one);
        }
        if (value instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return list.stream().map(String.class::cast).toList();
        }
        return null;
    }
}
