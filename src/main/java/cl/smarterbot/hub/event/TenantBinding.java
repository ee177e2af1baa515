package cl.smarterbot.hub.event;

import org.apache.camel.Exchange;

/** How the log learns and sets the tenant of an exchange, without knowing who keeps it. */
public interface TenantBinding {

    /** The tenant that the entrance authenticated; null if there is none. */
    String tenantOf(Exchange exchange);

    /** Fences the exchange into a tenant. */
    void bind(Exchange exchange, String tenant);
}
