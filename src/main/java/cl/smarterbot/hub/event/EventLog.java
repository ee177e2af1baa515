package cl.smarterbot.hub.event;

import java.util.concurrent.CompletableFuture;

/** The durable log's entrance. Knows nothing of SQL, so that another engine can stand behind it. */
public interface EventLog {

    /**
     * Appends one event with its business row and its deliveries in one commit.
     *
     * @return completes after the commit; fails with {@link EventLogUnavailableException} or {@link EventRejectedException}. May
     *     complete on the log's own writer thread: continue elsewhere if there is much to do.
     */
    CompletableFuture<Appended> append(NewEvent event);

    /** False while the log cannot take events. */
    boolean available();
}
