package cl.smarterbot.hub.event;

/** The log cannot take the event now: the database is away or too much is waiting. Nothing was written; try again later. */
public class EventLogUnavailableException extends RuntimeException {

    public EventLogUnavailableException(String message, Throwable cause) {
        super(message, cause, false, false);
    }
}
