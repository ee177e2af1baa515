package cl.smarterbot.hub.tenancy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * One registered webhook sender. Its secrets are with the tenant's secrets, see {@link EndpointSecrets}.
 *
 * @param id the unguessable last part of its path
 * @param tenant the tenant that everything it sends belongs to
 * @param source which vendor, such as {@code resend}
 * @param settings what differs from the vendor's default
 * @param demo published: honoured in the demo profile only
 */
public record WebhookEndpoint(String id, Tenant tenant, String source, Settings settings, boolean demo) {

    /** An id of 128 random bits, as {@link EndpointAdmin#add} makes them. */
    private static final Pattern OPAQUE = Pattern.compile("[0-9a-f]{32}");

    public WebhookEndpoint {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(tenant, "tenant");
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(settings, "settings");
    }

    /** Whether a delivery without a signature may come in: only if somebody said so, and only by a path that cannot be guessed. */
    public boolean takesUnsigned() {
        return settings.unsigned() && (demo || isOpaque(id));
    }

    static boolean isOpaque(String id) {
        return OPAQUE.matcher(id).matches();
    }

    /**
     * Settings of one endpoint; keys of {@code hub.endpoint.settings} that are not known are left alone.
     *
     * @param unsigned whether deliveries without a signature are taken
     * @param accountId account that the sender must say it is; null for the tenant's
     * @param inboxId inbox that the sender must say it is; null for the tenant's
     * @param tolerance how far the sender's timestamp may be from now; null for the door's default
     */
    public record Settings(boolean unsigned, Integer accountId, Integer inboxId, Duration tolerance) {

        public static final Settings DEFAULT = new Settings(false, null, null, null);

        private static final ObjectMapper JSON = new ObjectMapper();
        private static final int LONGEST_TOLERANCE = 3_600;

        /** Reads {@code hub.endpoint.settings}. A value of another type counts as absent: never as less strict. */
        static Settings parse(String json) {
            try {
                JsonNode settings = JSON.readTree(json);
                Integer tolerance = whole(settings, "tolerance_seconds");
                return new Settings(
                        settings.path("unsigned").isBoolean()
                                && settings.path("unsigned").booleanValue(),
                        whole(settings, "account_id"),
                        whole(settings, "inbox_id"),
                        tolerance == null || tolerance < 1 || tolerance > LONGEST_TOLERANCE
                                ? null
                                : Duration.ofSeconds(tolerance));
            } catch (JsonProcessingException e) {
                throw new IllegalArgumentException("settings are not JSON", e);
            }
        }

        private static Integer whole(JsonNode settings, String name) {
            JsonNode value = settings.get(name);
            return value != null && value.isInt() ? value.intValue() : null;
        }
    }
}
