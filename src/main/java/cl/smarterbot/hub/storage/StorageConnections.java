package cl.smarterbot.hub.storage;

import org.apache.camel.Exchange;

/** Finds what an exchange may use: the place of the tenants' fence. */
public interface StorageConnections {

    /** Where this exchange's tenant keeps files; null if it keeps none. */
    StorageConnection resolve(Exchange exchange);

    /**
     * Base URL of a system of this exchange's tenant that files may come from.
     *
     * @param system such as {@code chatwoot}
     * @return null if the tenant has no such system
     */
    String source(Exchange exchange, String system);
}
