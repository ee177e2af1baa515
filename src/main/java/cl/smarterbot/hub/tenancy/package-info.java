/**
 * Who a call belongs to: the RUT, the registry of tenants, callers and keys, and the data source which the database itself
 * fences to one tenant.
 */
package cl.smarterbot.hub.tenancy;
