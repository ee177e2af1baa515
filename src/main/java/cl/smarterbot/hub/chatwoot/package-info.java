/**
 * The Camel component {@code chatwoot:}. A {@link cl.smarterbot.hub.chatwoot.ChatwootConnectionResolver} tells it which account
 * and token an exchange may use, a {@link cl.smarterbot.hub.chatwoot.SentLedger} what was sent before.
 */
package cl.smarterbot.hub.chatwoot;
