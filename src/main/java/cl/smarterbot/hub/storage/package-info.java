/**
 * The Camel component {@code storage:}: files into Supabase Storage, each below the folder of its tenant. A {@link
 * cl.smarterbot.hub.storage.StorageConnections} tells it where an exchange's tenant keeps files and where it may take them from.
 */
package cl.smarterbot.hub.storage;
