package cl.smarterbot.hub.door;

import java.sql.SQLException;
import java.sql.SQLTransientException;

/** Tells a database that is away or busy, which passes, from a statement that is wrong, which does not. */
final class DatabaseTrouble {

    private DatabaseTrouble() {}

    static boolean isAway(Throwable failure) {
        if (!(failure instanceof SQLException e)) {
            return false;
        }
        String state = e.getSQLState();
        return e instanceof SQLTransientException
                || state != null
                        // Connection; resources; operator intervention, a statement that took too long among them;
                        // serialization; locks; read-only while another server takes over.
                        && (state.startsWith("08")
                                || state.startsWith("53")
                                || state.startsWith("57")
                                || state.startsWith("40")
                                || state.startsWith("55")
                                || state.equals("25006"));
    }
}
