/** Mails through Resend: the component {@code resend:email}, its templates, its pace, and what its webhooks say. */
package cl.smarterbot.hub.resend;
