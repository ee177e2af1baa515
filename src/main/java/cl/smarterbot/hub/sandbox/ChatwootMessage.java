package cl.smarterbot.hub.sandbox;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A message; the sender is a {@link ChatwootContact}, {@link ChatwootUser}, {@link ChatwootBot} or null. */
final class ChatwootMessage {
    enum Type {
        INCOMING,
        OUTGOING,
        ACTIVITY,
        TEMPLATE;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A file; {@code url} answers with a redirect to its bytes. */
    record Attachment(int id, String fileType, String extension, String contentType, int size, String url) {}

    final int id;
    final ChatwootConversation conversation;
    final Type type;
    final String content;
    final String contentType;
    final boolean hidden;
    final Object sender;
    final Instant createdAt;
    Instant updatedAt;
    String status = "sent";
    String sourceId;
    String echoId;
    Map<String, Object> contentAttributes;
    Map<String, Object> additionalAttributes = Map.of();
    List<Attachment> attachments = List.of();

    ChatwootMessage(
            int id,
            ChatwootConversation conversation,
            Type type,
            String content,
            String contentType,
            boolean hidden,
            Object sender,
            Map<String, Object> contentAttributes,
            Instant createdAt) {
        this.id = id;
        this.conversation = conversation;
        this.type = type;
        this.content = content;
        this.contentType = contentType;
        this.hidden = hidden;
        this.sender = sender;
        this.contentAttributes = contentAttributes;
        this.createdAt = createdAt;
        this.updatedAt = createdAt;
    }
}
