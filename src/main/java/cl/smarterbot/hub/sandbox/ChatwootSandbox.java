package cl.smarterbot.hub.sandbox;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sandbox's Chatwoot as a test or a demo sees it from inside. Account 1 is "Ferretería Sur", 2 "Pastelería Norte";
 * tokens {@code demo-chatwoot-1} and {@code -2}, and {@code demo-chatwoot-bot-1} and {@code -2} of their bots. API inboxes
 * have the account's id, website inboxes that plus 10. Webhooks go to loopback addresses only.
 */
public final class ChatwootSandbox {
    private final ChatwootVendor vendor;

    ChatwootSandbox(ChatwootVendor vendor) {
        this.vendor = vendor;
    }

    /**
     * Registers an account webhook.
     *
     * @param secret to sign with; null for an unsigned one, as before version 4.12
     * @param subscriptions none for the usual ones
     * @return its id
     * @throws IllegalArgumentException if there is no such account, or a value is wrong
     */
    public int webhook(int account, String url, String secret, String... subscriptions) {
        return vendor.webhook(account, url, secret, List.of(subscriptions));
    }

    /**
     * Sets the callback of the account's API inbox, signed with {@code demo-chatwoot-inbox-secret-} and the account's
     * number.
     *
     * @param url null for none
     */
    public ChatwootSandbox callback(int account, String url) {
        vendor.callback(account, url);
        return this;
    }

    /**
     * Lets the account's bot answer in its API inbox: conversations begin as pending, and the bot is called at the
     * address, signed with {@code demo-chatwoot-bot-secret-} and the account's number.
     *
     * @param url null for no bot
     */
    public ChatwootSandbox bot(int account, String url) {
        vendor.bot(account, url);
        return this;
    }

    /**
     * Limits searches of an account and messages in a conversation, per minute. A real installation begins with 100 and
     * 200, this one with none.
     *
     * @param searches 0 for no limit
     * @param messages 0 for no limit
     */
    public ChatwootSandbox limits(int searches, int messages) {
        vendor.limits(searches, messages);
        return this;
    }

    /**
     * The customer says something in the account's API inbox.
     *
     * @param contact e-mail address or phone number; contact and conversation are made if there are none
     * @return ids: {@code account}, {@code contact}, {@code conversation}, {@code message}
     * @throws IllegalArgumentException if there is no such account, or no such contact can be
     */
    public Map<String, Object> say(int account, String contact, String text) {
        return vendor.say(account, null, null, contact, text);
    }

    /** The same in the inbox named. */
    public Map<String, Object> sayIn(int account, int inbox, String contact, String text) {
        return vendor.say(account, inbox, null, contact, text);
    }

    /** The same, in a conversation that exists, of whichever inbox. */
    public Map<String, Object> say(int account, int conversation, String text) {
        return vendor.say(account, null, conversation, null, text);
    }

    /** A file that the customer sends. */
    public record Upload(String name, String contentType, byte[] bytes) {}

    /**
     * The customer sends files, whose {@code data_url}s answer with a redirect to the bytes.
     *
     * @param text null for the files alone
     * @return ids: {@code account}, {@code contact}, {@code conversation}, {@code message}
     * @throws IllegalArgumentException if there is no such account, or no such contact can be
     */
    public Map<String, Object> say(int account, String contact, String text, Upload... files) {
        return vendor.say(
                account,
                null,
                null,
                contact,
                text,
                Arrays.stream(files)
                        .map(one -> new SandboxForm.File("attachments[]", one.name(), one.contentType(), one.bytes()))
                        .toList());
    }

    /**
     * Contacts as the API shows them, with {@code account_id} and {@code labels}.
     *
     * @param filter field to the text it must have, such as {@code email}; {@code account} for the account
     * @throws IllegalArgumentException if a field does not exist
     */
    public List<Map<String, Object>> contacts(Map<String, String> filter) {
        return vendor.contacts(all(filter));
    }

    /** Conversations as the API shows them, with {@code contact_id}. */
    public List<Map<String, Object>> conversations(Map<String, String> filter) {
        return vendor.conversations(all(filter));
    }

    /** Messages as the API shows them, with {@code account_id}. */
    public List<Map<String, Object>> messages(Map<String, String> filter) {
        return vendor.messages(all(filter));
    }

    private static Map<String, String> all(Map<String, String> filter) {
        Map<String, String> all = new LinkedHashMap<>(filter);
        all.putIfAbsent("limit", "0");
        return all;
    }

    /**
     * {@code contacts}, {@code conversations}, {@code messages}, {@code calls} per model and method, {@code webhooks}, and
     * what should not be: {@code duplicateContacts} by account and address, {@code duplicateMessages} by account and {@code
     * content_attributes.hub_event_id}, {@code contactsWithSeveralConversations}.
     */
    public Map<String, Object> stats() {
        return vendor.stats();
    }

    /** Back to two empty accounts without webhooks and limits. */
    public void reset() {
        vendor.reset();
    }
}
