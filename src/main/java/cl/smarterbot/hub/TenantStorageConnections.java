package cl.smarterbot.hub;

import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.storage.StorageConnection;
import cl.smarterbot.hub.storage.StorageConnections;
import cl.smarterbot.hub.storage.StorageSettings;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import java.util.Optional;
import org.apache.camel.Exchange;

/**
 * Gives each exchange its own tenant's storage: its own project with its own key, or else the deployment's. A route cannot name
 * another one, and a project that a tenant names never gets the deployment's key.
 */
final class TenantStorageConnections implements StorageConnections {

    private final TenantRegistry registry;
    private final SecretStore secrets;
    private final StorageSettings settings;
    private final String chatwoot;

    /** @param chatwoot Chatwoot of tenants that name none; blank for none */
    TenantStorageConnections(TenantRegistry registry, SecretStore secrets, StorageSettings settings, String chatwoot) {
        this.registry = registry;
        this.secrets = secrets;
        this.settings = settings;
        this.chatwoot = chatwoot;
    }

    @Override
    public StorageConnection resolve(Exchange exchange) {
        return TenantScope.of(exchange).flatMap(this::of).orElse(null);
    }

    /**
     * The storage of a tenant; empty if it has none.
     *
     * @throws IllegalStateException if it has a project of its own and no key is stored
     */
    Optional<StorageConnection> of(String rut) {
        return registry.byRut(rut).filter(Tenant::active).map(this::of);
    }

    private Optional<Tenant> tenant(Exchange exchange) {
        return TenantScope.of(exchange).flatMap(registry::byRut).filter(Tenant::active);
    }

    private StorageConnection of(Tenant tenant) {
        String bucket = tenant.storage().bucket() != null ? tenant.storage().bucket() : settings.bucket();
        String own = tenant.storage().url();
        if (own != null) {
            String key = secrets.find(tenant.rut(), "supabase", "service_role")
                    .map(Secret::reveal)
                    // Not a permanent failure: another node may have it, or an operator is about to store it.
                    .orElseThrow(() -> new IllegalStateException("no Supabase service key is stored for the tenant"));
            return new StorageConnection(tenant.rut(), own, bucket, key);
        }
        return settings.url().isBlank()
                ? null
                : new StorageConnection(tenant.rut(), settings.url(), bucket, settings.serviceKey());
    }

    @Override
    public String source(Exchange exchange, String system) {
        if (!system.equals("chatwoot")) {
            throw new IllegalArgumentException("files come from chatwoot, not from " + system);
        }
        return tenant(exchange)
                .map(Tenant::chatwoot)
                .map(own -> own.url() != null ? own.url() : chatwoot)
                .filter(url -> !url.isBlank())
                .orElse(null);
    }
}
