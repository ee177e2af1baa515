package cl.smarterbot.hub.resend;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Resend, for the whole deployment.
 *
 * @param url base URL of its API
 * @param apiKey key of the account for tenants without one of their own; blank for none
 * @param from sender for tenants without one of their own, {@code Name <address>} or the address alone; blank for none
 * @param perSecond mails a second that an account may send until its answers say otherwise; 0 for no limit
 * @param link where visitors' mails lead to; blank for nowhere
 */
@ConfigurationProperties("hub.resend")
public record ResendSettings(
        @DefaultValue("https://api.resend.com") String url,
        @DefaultValue("") String apiKey,
        @DefaultValue("") String from,
        @DefaultValue("2") double perSecond,
        @DefaultValue("") String link) {

    public ResendSettings {
        if (perSecond < 0 || perSecond > 1_000) {
            throw new IllegalArgumentException("hub.resend.per-second must be from 0 (no limit) to 1000");
        }
        url = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }

    @Override
    public String toString() {
        return "ResendSettings[" + url + "]";
    }
}
