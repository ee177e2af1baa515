package cl.smarterbot.hub.event;

import java.util.UUID;

/**
 * What became of an append.
 *
 * @param id the event's id; for a duplicate or a conflict, the id of the event that came first
 * @param outcome accepted and committed, or why not
 */
public record Appended(UUID id, Outcome outcome) {

    /**
     * ACCEPTED: committed now. DUPLICATE: committed earlier, same body. CONFLICT: the key was used with another body. UNCHANGED:
     * nothing was recorded, because the row that the event was to change says so already or is not there.
     */
    public enum Outcome {
        ACCEPTED,
        DUPLICATE,
        CONFLICT,
        UNCHANGED
    }
}
