package cl.smarterbot.hub.sandbox;

import java.util.List;

/** A webhook of an account; {@code name}, {@code inbox} and {@code secret} may be null. */
record ChatwootWebhook(
        int id, String name, String url, List<String> subscriptions, ChatwootInbox inbox, String secret) {
    static final List<String> EVENTS = List.of(
            "conversation_status_changed",
            "conversation_updated",
            "conversation_created",
            "contact_created",
            "contact_updated",
            "message_created",
            "message_updated",
            "webwidget_triggered",
            "inbox_created",
            "inbox_updated",
            "conversation_typing_on",
            "conversation_typing_off");

    /** What a webhook gets that names no subscriptions. */
    static final List<String> USUAL = EVENTS.subList(0, 8);
}
