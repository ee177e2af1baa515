package cl.smarterbot.hub.sandbox;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sandbox's Resend as a test or a demo sees it from inside. Key {@code re_demo}, or {@code re_demo_sending} which may
 * only send. The newest 300,000 mails are kept, the newest 20,000 with their texts.
 */
public final class ResendSandbox {
    private final ResendVendor vendor;

    ResendSandbox(ResendVendor vendor) {
        this.vendor = vendor;
    }

    /**
     * Registers a webhook for every event.
     *
     * @param url on a loopback address; nothing is sent elsewhere
     * @param secret {@code whsec_} and base64
     * @return its id
     * @throws IllegalArgumentException if the secret is of another form
     */
    public String webhook(String url, String secret) {
        return vendor.webhook(url, secret);
    }

    /** Limits all keys together to so many requests a second; 0, as at first, for no limit. */
    public ResendSandbox rateLimit(int perSecond) {
        vendor.rateLimit(perSecond);
        return this;
    }

    /**
     * Lets the next calls that send answer an error instead.
     *
     * @param name such as {@code daily_quota_exceeded}
     * @throws IllegalArgumentException if Resend has no such error
     */
    public ResendSandbox fail(String name, int times) {
        vendor.fail(name, times);
        return this;
    }

    /** Takes mails from these domains only; without any, as at first, from all. */
    public ResendSandbox verified(String... domains) {
        vendor.verified(List.of(domains));
        return this;
    }

    /**
     * Mails newest first: {@code id}, {@code from}, {@code to}, {@code subject}, {@code html}, {@code text}, {@code
     * headers}, {@code tags}, {@code last_event}, {@code idempotency_key} and more.
     *
     * @param filter field to the text it must have; {@code to} is one of the addresses
     * @throws IllegalArgumentException if a field does not exist
     */
    public List<Map<String, Object>> mails(Map<String, String> filter) {
        Map<String, String> all = new LinkedHashMap<>(filter);
        all.putIfAbsent("limit", "0");
        return vendor.mails(all);
    }

    /**
     * {@code mails}, {@code lastEvents}, {@code calls} per model and method, {@code duplicateKeys} (mails of one
     * idempotency key with the same content), {@code duplicateMails} (mails that are equal), {@code webhooks}.
     */
    public Map<String, Object> stats() {
        return vendor.stats();
    }

    /** Back to an empty outbox without webhooks, limits or planned errors. */
    public void reset() {
        vendor.reset();
    }
}
