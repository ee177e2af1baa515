package cl.smarterbot.hub.odoo;

import org.apache.camel.Exchange;

/** Finds the connection that an exchange may use: the place where a multi-tenant application puts its fence. */
@FunctionalInterface
public interface OdooConnectionResolver {
    /**
     * The connection for this exchange.
     *
     * @param exchange the exchange about to call Odoo; never null
     * @return the connection; null fails the exchange with {@link OdooException.Kind#BAD_REQUEST}
     */
    OdooConnection resolve(Exchange exchange);
}
