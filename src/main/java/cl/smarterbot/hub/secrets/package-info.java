/** The secrets of tenants: where they are kept, how they are named, and how they stay out of sight. */
package cl.smarterbot.hub.secrets;
