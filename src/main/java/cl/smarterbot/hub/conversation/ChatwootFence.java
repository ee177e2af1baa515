package cl.smarterbot.hub.conversation;

import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.WebhookEndpoint;
import java.util.Objects;

/**
 * Whose a Chatwoot conversation is. A signature says who sent something; account and inbox say of whom it speaks, and several
 * tenants may have inboxes in one account: an account webhook tells each of them everything that happens there.
 */
final class ChatwootFence {

    private static final String SOURCE = "chatwoot";

    private final TenantRegistry registry;

    ChatwootFence(TenantRegistry registry) {
        this.registry = registry;
    }

    /**
     * Whether a payload is of another tenant than its endpoint's. The account must be the tenant's, since replies go there, and
     * the endpoint's where that names one. The inbox must be the endpoint's where that names one, else the tenant's.
     *
     * @param rut the tenant; null is nobody's
     * @param endpoint id of the endpoint that took it; null if the hub fetched it itself
     * @param account what the payload says; null if nothing, as conversation events before 4.0
     * @param inbox what the payload says; null if nothing, as events about contacts
     */
    boolean isForeign(String rut, String endpoint, Integer account, Integer inbox) {
        Tenant tenant = registry.byRut(rut).orElse(null);
        Tenant.ChatwootSettings own = tenant == null ? null : tenant.chatwoot();
        if (own == null) {
            return true;
        }
        WebhookEndpoint.Settings bound = endpoint == null
                ? WebhookEndpoint.Settings.DEFAULT
                : registry.byEndpoint(SOURCE, endpoint)
                        .filter(known -> known.tenant().rut().equals(rut))
                        .map(WebhookEndpoint::settings)
                        .orElse(null);
        if (bound == null) {
            // Revoked while the request was under way.
            return true;
        }
        if (account != null
                && (account != own.accountId()
                        || bound.accountId() != null && !bound.accountId().equals(account))) {
            return true;
        }
        if (inbox == null) {
            return account == null || shared(tenant);
        }
        if (endpoint == null) {
            return !takes(rut, inbox);
        }
        return inbox != (bound.inboxId() == null ? own.inboxId() : bound.inboxId());
    }

    /** Whether an inbox of the tenant's account is the tenant's: its own, or one that an endpoint of its was made for. */
    boolean takes(String rut, int inbox) {
        Tenant.ChatwootSettings own = registry.byRut(rut).map(Tenant::chatwoot).orElse(null);
        return own != null
                && (inbox == own.inboxId()
                        || registry.endpoints(SOURCE, rut).stream()
                                .anyMatch(endpoint ->
                                        Objects.equals(endpoint.settings().inboxId(), inbox)));
    }

    /** Without an inbox nothing tells apart whom an account of several tenants speaks of. */
    private boolean shared(Tenant tenant) {
        return registry.tenants().values().stream()
                .anyMatch(other -> !other.rut().equals(tenant.rut())
                        && other.chatwoot() != null
                        && other.chatwoot().accountId() == tenant.chatwoot().accountId()
                        && Objects.equals(
                                other.chatwoot().url(), tenant.chatwoot().url()));
    }
}
