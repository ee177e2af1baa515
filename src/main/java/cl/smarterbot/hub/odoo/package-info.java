/**
 * The Camel component {@code odoo:}. It knows nothing of the hub: a {@link cl.smarterbot.hub.odoo.OdooConnectionResolver}
 * tells it which server, user and company an exchange may use.
 */
package cl.smarterbot.hub.odoo;
