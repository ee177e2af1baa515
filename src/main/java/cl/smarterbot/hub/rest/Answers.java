package cl.smarterbot.hub.rest;

import cl.smarterbot.hub.rest.RestException.Kind;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** What an answer means: a value or a typed failure. */
final class Answers {
    private static final int LONGEST_TEXT = 200;

    private Answers() {}

    /** The failure that an answer is; null if it is none. */
    static RestException failure(RestCall call, RestAnswer answer) {
        int status = answer.status();
        if (status >= 200 && status < 300) {
            return success(call, answer);
        }
        Kind kind = kind(status);
        String why = "the server answered HTTP " + status;
        if (kind == Kind.REDIRECT) {
            why += ": redirects are not followed, set the url to the final address";
        } else if (kind == Kind.CREDENTIALS) {
            why = "credentials refused (HTTP " + status + ")";
        }
        String said = said(call, answer);
        return RestException.answered(
                call.system(),
                kind,
                call.place(),
                said.isEmpty() ? why : why + ": " + said,
                retryAfter(answer.header("Retry-After"), Instant.now()),
                answer);
    }

    private static RestException success(RestCall call, RestAnswer answer) {
        if (!call.wantsJson() || answer.status() == 204) {
            return null;
        }
        String type = answer.header("Content-Type");
        if (type == null || !type.toLowerCase(Locale.ROOT).contains("json")) {
            return RestException.of(
                    call.system(),
                    Kind.GARBAGE,
                    call.place(),
                    answer.isEmpty()
                            ? "the answer is empty where JSON was expected"
                            : "the answer's content type is not JSON");
        }
        try {
            answer.json();
            return null;
        } catch (RestException e) {
            return e;
        }
    }

    private static Kind kind(int status) {
        if (status >= 300 && status < 400) {
            return Kind.REDIRECT;
        }
        return switch (status) {
            case 401, 403 -> Kind.CREDENTIALS;
            case 404, 410 -> Kind.NOT_FOUND;
            case 408, 425 -> Kind.UNAVAILABLE;
            case 409 -> Kind.CONFLICT;
            case 429 -> Kind.THROTTLED;
            default -> status >= 400 && status < 500 ? Kind.REFUSED : Kind.UNAVAILABLE;
        };
    }

    /** One line of the other side's own error text, without what looks like a customer's or a secret. */
    private static String said(RestCall call, RestAnswer answer) {
        String type = answer.header("Content-Type");
        if (type == null || !type.contains("json") || answer.isEmpty()) {
            return "";
        }
        String text;
        try {
            JsonNode body = answer.json();
            JsonNode said = body.path("message").isTextual() ? body.path("message") : body.path("error");
            text = said.isTextual() ? said.textValue() : "";
        } catch (RestException e) {
            return "";
        }
        for (String header : call.headers().values()) {
            for (String part : header.split(" ")) {
                if (part.length() > 2) {
                    text = text.replace(part, "***");
                }
            }
        }
        text = text.replaceAll("[\\p{Cntrl}\\s]+", " ")
                .replaceAll("\\S+@\\S+", "***")
                .replaceAll("\\+?\\d[\\d .-]{5,}\\d", "***")
                .strip();
        return text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) : text;
    }

    /** Retry-After as seconds or HTTP date; null when absent or not understood. */
    static Duration retryAfter(String header, Instant now) {
        if (header == null || header.isBlank()) {
            return null;
        }
        String value = header.trim();
        if (value.matches("\\d{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(value));
        }
        try {
            Duration pause = Duration.between(
                    now,
                    ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                            .toInstant());
            return pause.isNegative() ? Duration.ZERO : pause;
        } catch (DateTimeException e) {
            return null;
        }
    }
}
