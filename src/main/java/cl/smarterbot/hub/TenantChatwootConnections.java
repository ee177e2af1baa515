package cl.smarterbot.hub;

import cl.smarterbot.hub.chatwoot.ChatwootConnection;
import cl.smarterbot.hub.chatwoot.ChatwootConnectionResolver;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import java.util.Optional;
import org.apache.camel.Exchange;

/** Gives each exchange its own tenant's Chatwoot account: a route cannot name another one. */
final class TenantChatwootConnections implements ChatwootConnectionResolver {

    private final TenantRegistry registry;
    private final SecretStore secrets;
    private final String defaultUrl;

    TenantChatwootConnections(TenantRegistry registry, SecretStore secrets, String defaultUrl) {
        this.registry = registry;
        this.secrets = secrets;
        this.defaultUrl = defaultUrl;
    }

    @Override
    public ChatwootConnection resolve(Exchange exchange) {
        return TenantScope.of(exchange).flatMap(this::of).orElse(null);
    }

    /** The account of a tenant; empty if it has none. */
    Optional<ChatwootConnection> of(String rut) {
        return registry.byRut(rut).filter(tenant -> tenant.chatwoot() != null).map(this::connection);
    }

    private ChatwootConnection connection(Tenant tenant) {
        Tenant.ChatwootSettings chatwoot = tenant.chatwoot();
        return new ChatwootConnection(
                tenant.rut(),
                chatwoot.url() != null ? chatwoot.url() : defaultUrl,
                chatwoot.accountId(),
                chatwoot.inboxId(),
                secrets.find(tenant.rut(), "chatwoot", "api_token")
                        .map(Secret::reveal)
                        // Not a permanent failure: another node may have it, or an operator is about to store it.
                        .orElseThrow(
                                () -> new IllegalStateException("no Chatwoot access token is stored for the tenant")));
    }
}
