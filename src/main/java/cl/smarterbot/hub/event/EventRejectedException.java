package cl.smarterbot.hub.event;

/** The database refused this event's data. Trying again will not help. The message carries no values of the event. */
public class EventRejectedException extends RuntimeException {

    public EventRejectedException(String message) {
        super(message, null, false, false);
    }
}
