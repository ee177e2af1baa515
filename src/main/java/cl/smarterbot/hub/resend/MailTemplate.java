package cl.smarterbot.hub.resend;

/**
 * The words of a mail, as Mustache templates.
 *
 * @param subject one line
 * @param html values in it are escaped
 * @param text for readers without HTML; null for none
 */
public record MailTemplate(String subject, String html, String text) {}
