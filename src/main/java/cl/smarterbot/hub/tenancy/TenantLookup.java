package cl.smarterbot.hub.tenancy;

import java.util.HashMap;
import java.util.Map;
import org.apache.camel.Exchange;

/** Building block {@code tenant-lookup-action}: what a route may know of its tenant, as the variable {@code tenant}. */
public final class TenantLookup {

    private final TenantRegistry registry;

    public TenantLookup(TenantRegistry registry) {
        this.registry = registry;
    }

    /**
     * Sets the variable {@code tenant}.
     *
     * @throws IllegalStateException if the exchange has no tenant, or the tenant is unknown or not active
     */
    public void look(Exchange exchange) {
        String rut = TenantScope.of(exchange)
                .orElseThrow(() -> new IllegalStateException("tenant lookup: the exchange has no tenant"));
        Tenant tenant = registry.byRut(rut)
                .filter(Tenant::active)
                .orElseThrow(() -> new IllegalStateException("tenant lookup: the tenant is not active"));
        Map<String, Object> known = new HashMap<>();
        known.put("rut", tenant.rut());
        known.put("name", tenant.businessName());
        known.put("plan", tenant.plan());
        known.put("timeZone", tenant.timeZone().getId());
        known.put("odoo", tenant.odoo() != null);
        known.put("createLead", tenant.odoo() != null && tenant.odoo().createLead());
        known.put("chatwoot", tenant.chatwoot() != null);
        known.put("mail", tenant.mail() != null);
        known.put("mailAdmin", tenant.mail() == null ? null : tenant.mail().admin());
        exchange.setVariable("tenant", known);
    }
}
