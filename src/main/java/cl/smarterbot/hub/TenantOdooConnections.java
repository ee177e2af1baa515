package cl.smarterbot.hub;

import cl.smarterbot.hub.odoo.OdooConnection;
import cl.smarterbot.hub.odoo.OdooConnectionResolver;
import cl.smarterbot.hub.odoo.OdooException;
import cl.smarterbot.hub.odoo.OdooTransport;
import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.Exchange;

/** Gives each exchange its own tenant's Odoo: a route cannot name another one. */
final class TenantOdooConnections implements OdooConnectionResolver {

    private final TenantRegistry registry;
    private final SecretStore secrets;
    private final String defaultUrl;
    private final String defaultDb;
    private final AddressPolicy addresses;
    private final Map<String, Made> made = new ConcurrentHashMap<>();

    /** What a connection was made of, and is made anew when it changes. */
    private record Made(Tenant.OdooSettings settings, Secret secret, OdooConnection connection) {}

    /** @param addresses where tenants' own servers may be; the deployment's own may be anywhere */
    TenantOdooConnections(
            TenantRegistry registry,
            SecretStore secrets,
            String defaultUrl,
            String defaultDb,
            AddressPolicy addresses) {
        this.registry = registry;
        this.secrets = secrets;
        this.defaultUrl = defaultUrl;
        this.defaultDb = defaultDb;
        this.addresses = addresses;
    }

    @Override
    public OdooConnection resolve(Exchange exchange) {
        String rut = TenantScope.of(exchange).orElse(null);
        Tenant tenant = rut == null ? null : registry.byRut(rut).orElse(null);
        if (tenant == null || tenant.odoo() == null) {
            if (rut != null) {
                made.remove(rut);
            }
            return null;
        }
        Tenant.OdooSettings odoo = tenant.odoo();
        // At each call: what a name leads to changes. The connection that follows goes by the same look-up, which Java
        // keeps a while.
        if (odoo.url() != null && !addresses.allows(odoo.url())) {
            throw OdooException.forbidden(
                    "the address of the tenant's Odoo leads into a private network (hub.rest.allow-private)");
        }
        Secret secret = secret(tenant.rut());
        Made known = made.get(tenant.rut());
        if (known == null || !known.settings().equals(odoo) || !known.secret().equals(secret)) {
            known = new Made(odoo, secret, connection(tenant, secret));
            made.put(tenant.rut(), known);
        }
        return known.connection();
    }

    private OdooConnection connection(Tenant tenant, Secret secret) {
        Tenant.OdooSettings odoo = tenant.odoo();
        return new OdooConnection(
                odoo.url() != null ? odoo.url() : defaultUrl,
                odoo.db() != null ? odoo.db() : defaultDb,
                odoo.user(),
                secret.reveal(),
                odoo.companyId() == null ? null : odoo.companyId().longValue(),
                "hub_" + tenant.rut().replace('-', '_').toLowerCase(Locale.ROOT),
                OdooTransport.valueOf(odoo.transport().toUpperCase(Locale.ROOT)));
    }

    /** The API key if there is one: it can be revoked by itself and JSON-2 takes nothing else. */
    private Secret secret(String rut) {
        return secrets.find(rut, "odoo", "api_key")
                .or(() -> secrets.find(rut, "odoo", "password"))
                // Not a permanent failure: another node may have the secret, or an operator is about to store it.
                .orElseThrow(() -> new IllegalStateException("no Odoo secret is stored for the tenant"));
    }
}
