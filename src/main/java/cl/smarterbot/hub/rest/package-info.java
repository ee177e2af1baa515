/**
 * Calls to other systems' REST APIs, for the connectors. Nothing blocks; every wait and every size has a bound; a call reaches
 * only addresses that {@link cl.smarterbot.hub.rest.AddressPolicy} allows; every failure is a
 * {@link cl.smarterbot.hub.rest.RestException} that says whether trying again can help.
 */
package cl.smarterbot.hub.rest;
