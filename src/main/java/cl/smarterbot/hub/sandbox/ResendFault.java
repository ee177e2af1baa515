package cl.smarterbot.hub.sandbox;

import java.util.LinkedHashMap;
import java.util.Map;

/** An error as Resend words it; a client branches on its name. */
final class ResendFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Names that have but one status. */
    static final Map<String, Integer> STATUS = Map.ofEntries(
            Map.entry("invalid_idempotency_key", 400),
            Map.entry("missing_api_key", 401),
            Map.entry("restricted_api_key", 401),
            Map.entry("invalid_api_key", 403),
            Map.entry("not_found", 404),
            Map.entry("method_not_allowed", 405),
            Map.entry("invalid_idempotent_request", 409),
            Map.entry("concurrent_idempotent_requests", 409),
            Map.entry("missing_required_field", 422),
            Map.entry("invalid_attachment", 422),
            Map.entry("invalid_from_address", 422),
            Map.entry("invalid_access", 422),
            Map.entry("invalid_parameter", 422),
            Map.entry("validation_error", 422),
            Map.entry("rate_limit_exceeded", 429),
            Map.entry("daily_quota_exceeded", 429),
            Map.entry("monthly_quota_exceeded", 429),
            Map.entry("security_error", 451),
            Map.entry("application_error", 500),
            Map.entry("internal_server_error", 500));

    private final int status;
    private final String name;

    private ResendFault(int status, String name, String message) {
        super(message, null, false, false);
        this.status = status;
        this.name = name;
    }

    static ResendFault of(String name, String message) {
        return new ResendFault(STATUS.get(name), name, message);
    }

    static ResendFault of(int status, String name, String message) {
        return new ResendFault(status, name, message);
    }

    SandboxAnswer answer() {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("statusCode", status);
        body.put("name", name);
        body.put("message", getMessage());
        SandboxAnswer answer = SandboxAnswer.json(status, body);
        return name.equals("rate_limit_exceeded") ? answer.with("retry-after", "1") : answer;
    }
}
