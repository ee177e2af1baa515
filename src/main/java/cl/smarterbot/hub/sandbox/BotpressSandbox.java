package cl.smarterbot.hub.sandbox;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sandbox's Botpress v12 as a test or a demo sees it from inside. Bots {@code demo-bot-1} of "Ferretería Sur" and {@code
 * demo-bot-2} of "Pastelería Norte"; login {@code bot@demo.example} with {@code demo}. A text with {@code confianza 0.41} is
 * understood with that confidence, one with {@code intención <name>} as that intent.
 */
public final class BotpressSandbox {
    private final BotpressVendor vendor;

    BotpressSandbox(BotpressVendor vendor) {
        this.vendor = vendor;
    }

    /** Lets callers without a token converse, which is off at first. */
    public BotpressSandbox openConverse(boolean on) {
        vendor.openConverse(on);
        return this;
    }

    /**
     * How long tokens of later logins live; at first an hour.
     *
     * @throws IllegalArgumentException if it is not positive or more than a year
     */
    public BotpressSandbox tokenLife(Duration life) {
        vendor.tokenLife(life);
        return this;
    }

    /** Lets no token that was given out be good any more. */
    public BotpressSandbox revokeTokens() {
        vendor.revokeTokens();
        return this;
    }

    /**
     * How long each bot takes for a reply, during which another call for the same user gets into its way; at first no time.
     *
     * @throws IllegalArgumentException if it is negative or more than a minute
     */
    public BotpressSandbox think(Duration time) {
        vendor.think(time);
        return this;
    }

    /** Lets the next calls of Converse end with the server's own time-out. */
    public BotpressSandbox timeOuts(int count) {
        vendor.timeOuts(count);
        return this;
    }

    /**
     * Turns newest first: {@code bot}, {@code user}, {@code text}, {@code intent}, {@code confidence}, {@code contexts},
     * {@code replies}, {@code at}. The newest 20,000 are kept.
     *
     * @param filter field to the text it must have
     * @throws IllegalArgumentException if a field does not exist
     */
    public List<Map<String, Object>> turns(Map<String, String> filter) {
        Map<String, String> all = new LinkedHashMap<>(filter);
        all.putIfAbsent("limit", "0");
        return vendor.turns(all);
    }

    /**
     * {@code turns}, {@code logins}, {@code calls} per method, {@code intents}, {@code overlaps} (calls that began while another
     * of the same user was under way) and the settings.
     */
    public Map<String, Object> stats() {
        return vendor.stats();
    }

    /** Back to no tokens, no turns and the usual settings. */
    public void reset() {
        vendor.reset();
    }
}
