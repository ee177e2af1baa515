package cl.smarterbot.hub.chatwoot;

import org.apache.camel.Exchange;

/** Finds the account that an exchange may use: the place of the tenants' fence. */
@FunctionalInterface
public interface ChatwootConnectionResolver {

    /** The connection for this exchange; null if its tenant has no Chatwoot, which fails the exchange for good. */
    ChatwootConnection resolve(Exchange exchange);
}
