package cl.smarterbot.hub.chatwoot;

import java.util.Arrays;
import java.util.Optional;

/** What a {@code chatwoot:} endpoint does: the path of its URI. */
enum ChatwootOperation {
    /** Finds or makes a contact and its place in the tenant's inbox. */
    CONTACT_UPSERT("contact-upsert"),
    /** Opens a conversation, once for each delivery. */
    CONVERSATION("conversation"),
    /** Writes a message, once for each delivery. */
    MESSAGE("message"),
    /** Merges custom attributes into a conversation's. */
    ATTRIBUTES("attributes"),
    /** Sets a conversation's status. */
    TOGGLE_STATUS("toggle-status"),
    /** Adds labels to a conversation's. */
    LABELS("labels"),
    /** Assigns a conversation to a person, a bot or a team. */
    ASSIGN("assign"),
    /** One page of the account's conversations, the most recently active first. */
    CONVERSATIONS("conversations"),
    /** What was said in a conversation since a moment, oldest first. */
    MESSAGES("messages");

    private final String path;

    ChatwootOperation(String path) {
        this.path = path;
    }

    String path() {
        return path;
    }

    static Optional<ChatwootOperation> of(String path) {
        return Arrays.stream(values())
                .filter(operation -> operation.path.equals(path))
                .findFirst();
    }
}
