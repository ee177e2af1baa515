package cl.smarterbot.hub.chatwoot;

import org.apache.camel.Exchange;

/**
 * Something that must happen once at a vendor who does not deduplicate.
 *
 * @param key what it is remembered under; null if it need not be remembered
 * @param marker what the vendor's record carries, so that it can be found again; null for none
 * @param repeated whether it may have been tried before
 * @param unsent whether the ledger was asked a moment ago and did not know it
 * @param exchange what it is a part of
 */
record Effect(String key, String marker, boolean repeated, boolean unsent, Exchange exchange) {}
