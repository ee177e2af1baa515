/**
 * The Camel component {@code botpress:}: one turn of a conversation goes to a bot, what the bot understood and answers comes
 * back in one shape for Botpress v12 (self-hosted) and Botpress Cloud. Failures are
 * {@link cl.smarterbot.hub.rest.RestException}s.
 */
package cl.smarterbot.hub.botpress;
