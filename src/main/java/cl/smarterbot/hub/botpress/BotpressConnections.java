package cl.smarterbot.hub.botpress;

import org.apache.camel.Exchange;

/** Finds the bot that an exchange may talk to: the place of the fence between tenants. */
@FunctionalInterface
public interface BotpressConnections {
    /**
     * The connection for this exchange.
     *
     * @param exchange the exchange about to call Botpress; never null
     * @return the connection; null fails the exchange for good
     */
    BotpressConnection resolve(Exchange exchange);
}
