package cl.smarterbot.hub.sandbox;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Chatwoot's webhooks. An account's own and an API inbox's callback are tried once; an agent bot's three times in all, on
 * 429 and 500 only. Called under the vendor's lock; bodies show the records as they are at that moment.
 */
final class ChatwootEvents {
    /** What becomes of a message whose webhook failed; runs in the background. */
    interface Failures {
        /** The callback of an API inbox did not take it. */
        void callback(ChatwootMessage message);

        /** The inbox's bot did not take it. */
        void bot(ChatwootMessage message);
    }

    private final SandboxHooks hooks;
    private final Failures failures;
    private final Duration limit;
    private final SandboxHooks.Retry botRetry;

    /**
     * @param limit how long a receiver may take
     * @param botPause between the attempts for a bot
     */
    ChatwootEvents(SandboxHooks hooks, Failures failures, Duration limit, Duration botPause) {
        this.hooks = hooks;
        this.failures = failures;
        this.limit = limit;
        this.botRetry = new SandboxHooks.Retry(List.of(botPause, botPause), status -> status == 429 || status == 500);
    }

    void contact(String event, ChatwootContact contact, List<Object> changedAttributes) {
        List<ChatwootWebhook> to = contact.account.subscribed(event);
        if (to.isEmpty()) {
            return;
        }
        Map<String, Object> body = ChatwootShapes.contactEvent(contact);
        body.put("event", event);
        if (changedAttributes != null) {
            body.put("changed_attributes", changedAttributes);
        }
        to.forEach(webhook -> send(event, webhook.url(), webhook.secret(), body, SandboxHooks.Retry.NEVER, () -> {}));
    }

    void conversation(String event, ChatwootConversation conversation, List<Object> changedAttributes) {
        publish(
                event,
                conversation,
                () -> ChatwootShapes.conversationEvent(event, conversation, changedAttributes),
                () -> {});
        if (bot(conversation) == null || event.equals("conversation_created")) {
            return;
        }
        bot(event, conversation, ChatwootShapes.conversationEvent(event, conversation, changedAttributes), () -> {});
        if (event.equals("conversation_status_changed")
                && (conversation.status.equals("open") || conversation.status.equals("resolved"))) {
            String only = conversation.status.equals("open") ? "conversation_opened" : "conversation_resolved";
            bot(only, conversation, ChatwootShapes.conversationEvent(only, conversation, null), () -> {});
        }
    }

    void message(String event, ChatwootMessage message) {
        if (message.type == ChatwootMessage.Type.ACTIVITY) {
            return;
        }
        Supplier<Map<String, Object>> body = () -> ChatwootShapes.messageEvent(event, message);
        publish(event, message.conversation, body, () -> failures.callback(message));
        if (bot(message.conversation) != null) {
            bot(event, message.conversation, body.get(), () -> failures.bot(message));
        }
    }

    private void publish(
            String event, ChatwootConversation conversation, Supplier<Map<String, Object>> shape, Runnable failed) {
        ChatwootInbox inbox = conversation.inbox();
        List<ChatwootWebhook> to = conversation.account().subscribed(event);
        boolean callback = inbox.isApi() && inbox.webhookUrl != null;
        if (to.isEmpty() && !callback) {
            return;
        }
        Map<String, Object> body = shape.get();
        for (ChatwootWebhook webhook : to) {
            if (webhook.inbox() == null || webhook.inbox() == inbox) {
                send(event, webhook.url(), webhook.secret(), body, SandboxHooks.Retry.NEVER, () -> {});
            }
        }
        if (callback) {
            send(event, inbox.webhookUrl, inbox.secret, body, SandboxHooks.Retry.NEVER, failed);
        }
    }

    private static ChatwootBot bot(ChatwootConversation conversation) {
        ChatwootBot bot = conversation.botAssignee == null ? conversation.inbox().bot : conversation.botAssignee;
        return bot == null || bot.outgoingUrl == null ? null : bot;
    }

    private void bot(String event, ChatwootConversation conversation, Map<String, Object> body, Runnable failed) {
        ChatwootBot bot = bot(conversation);
        if (bot != null) {
            send(event, bot.outgoingUrl, bot.secret, body, botRetry, failed);
        }
    }

    private void send(
            String event,
            String url,
            String secret,
            Map<String, Object> body,
            SandboxHooks.Retry retry,
            Runnable failed) {
        String id = UUID.randomUUID().toString();
        hooks.send(new SandboxHooks.Job(
                event,
                id,
                url,
                () -> SandboxJson.write(body),
                (seconds, bytes) -> {
                    Map<String, String> headers = new LinkedHashMap<>();
                    headers.put("X-Chatwoot-Delivery", id);
                    if (secret != null) {
                        headers.put("X-Chatwoot-Timestamp", String.valueOf(seconds));
                        headers.put("X-Chatwoot-Signature", SandboxSigner.chatwoot(secret, seconds, bytes));
                    }
                    return headers;
                },
                limit,
                retry,
                failed));
    }
}
