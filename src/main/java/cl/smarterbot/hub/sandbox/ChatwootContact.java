package cl.smarterbot.hub.sandbox;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A contact of one account. Maps and lists of its attributes are replaced, never changed. */
final class ChatwootContact {
    /** A contact's address in an inbox. */
    static final class Link {
        final int id;
        final ChatwootContact contact;
        final ChatwootInbox inbox;
        final String sourceId;
        final Instant createdAt;

        Link(int id, ChatwootContact contact, ChatwootInbox inbox, String sourceId, Instant createdAt) {
            this.id = id;
            this.contact = contact;
            this.inbox = inbox;
            this.sourceId = sourceId;
            this.createdAt = createdAt;
        }
    }

    final int id;
    final ChatwootAccount account;
    final Instant createdAt;
    Instant updatedAt;
    Instant lastActivityAt;
    String name = "";
    String email;
    String phone;
    String identifier;
    boolean blocked;
    Map<String, Object> customAttributes = Map.of();
    Map<String, Object> additionalAttributes = Map.of();
    List<String> labels = List.of();
    final List<Link> links = new ArrayList<>(1);
    final List<ChatwootConversation> conversations = new ArrayList<>(1);

    ChatwootContact(int id, ChatwootAccount account, Instant createdAt) {
        this.id = id;
        this.account = account;
        this.createdAt = createdAt;
        this.updatedAt = createdAt;
    }

    /** The texts that a search looks at; any may be null. */
    String[] texts() {
        return new String[] {name, email, phone, identifier};
    }
}
