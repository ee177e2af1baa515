package cl.smarterbot.hub.tenancy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * What a tenant's plan allows at the public port. Null means without limit.
 *
 * @param ipPerMinute requests a minute from one client address that shows no key
 * @param keyPerMinute requests a minute with one API key, or as one signed-in user
 * @param tenantPerMinute requests a minute for the tenant as a whole
 * @param mailsPerRecipientPerDay mails a day that forms may cause to one address
 * @param mailsPerDay mails a day that forms may cause altogether: tenants may share one account with the mail service
 */
public record TenantLimits(
        Integer ipPerMinute,
        Integer keyPerMinute,
        Integer tenantPerMinute,
        Integer mailsPerRecipientPerDay,
        Integer mailsPerDay) {

    public static final TenantLimits NONE = new TenantLimits(null, null, null, null, null);

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Signed webhooks a minute for the tenant as a whole, counted apart from its other requests; null means without limit. Generous:
     * some vendors send a webhook once and never again.
     */
    public Integer webhooksPerMinute() {
        return tenantPerMinute == null ? null : (int) Math.min(Integer.MAX_VALUE, 10L * tenantPerMinute);
    }

    /** Whether requests need no counting at all. */
    public boolean unlimited() {
        return ipPerMinute == null && keyPerMinute == null && tenantPerMinute == null;
    }

    /** Reads {@code hub.plan.limits}; keys it does not know are left alone. A limit that is not a whole number is none. */
    static TenantLimits parse(String json) {
        try {
            JsonNode limits = JSON.readTree(json);
            return new TenantLimits(
                    limit(limits, "ip_per_minute"),
                    limit(limits, "key_per_minute"),
                    limit(limits, "tenant_per_minute"),
                    limit(limits, "mails_per_recipient_per_day"),
                    limit(limits, "mails_per_day"));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("limits are not JSON", e);
        }
    }

    private static Integer limit(JsonNode limits, String name) {
        JsonNode value = limits.get(name);
        return value != null && value.isIntegralNumber() ? value.intValue() : null;
    }
}
