package cl.smarterbot.hub.event;

import java.util.UUID;

/** The idempotency key was used before with another body. The first event stays; this one was not written. */
public class EventConflictException extends RuntimeException {

    private final UUID firstId;

    public EventConflictException(UUID firstId) {
        super("The idempotency key was used before with another body", null, false, false);
        this.firstId = firstId;
    }

    public UUID firstId() {
        return firstId;
    }
}
