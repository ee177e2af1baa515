package cl.smarterbot.hub.sandbox;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A conversation. Maps and lists of its attributes are replaced, never changed. */
final class ChatwootConversation {
    static final Set<String> STATUSES = Set.of("open", "resolved", "pending", "snoozed");

    /** Display id: unique in the account only. */
    final int id;

    final String uuid;
    final ChatwootContact.Link link;
    final Instant createdAt;
    Instant updatedAt;
    Instant lastActivityAt;
    Instant firstReplyCreatedAt;
    Instant waitingSince;
    Instant agentLastSeenAt;
    Instant snoozedUntil;
    String status;
    String priority;
    ChatwootUser assignee;
    ChatwootBot botAssignee;
    Integer team;
    int unread;
    Map<String, Object> customAttributes = Map.of();
    Map<String, Object> additionalAttributes = Map.of();
    List<String> labels = List.of();
    final List<ChatwootMessage> messages = new ArrayList<>(2);

    /** Place in the account's order by activity. */
    long activity;

    ChatwootConversation(int id, String uuid, ChatwootContact.Link link, String status, Instant createdAt) {
        this.id = id;
        this.uuid = uuid;
        this.link = link;
        this.status = status;
        this.createdAt = createdAt;
        this.updatedAt = createdAt;
        this.lastActivityAt = createdAt;
    }

    ChatwootAccount account() {
        return link.inbox.account;
    }

    ChatwootInbox inbox() {
        return link.inbox;
    }

    ChatwootContact contact() {
        return link.contact;
    }

    ChatwootMessage last() {
        return messages.isEmpty() ? null : messages.get(messages.size() - 1);
    }

    /** The last message that is neither private nor an activity, or null. */
    ChatwootMessage lastPublic() {
        for (int i = messages.size() - 1; i >= 0; i--) {
            ChatwootMessage message = messages.get(i);
            if (!message.hidden && message.type != ChatwootMessage.Type.ACTIVITY) {
                return message;
            }
        }
        return null;
    }
}
