package cl.smarterbot.hub.event;

import java.sql.SQLException;

/** What a SQLSTATE (PostgreSQL 17, appendix A) says about trying again. */
final class SqlStates {

    private SqlStates() {}

    /**
     * True if the rows themselves are at fault: the same rows will be refused again, others will not. Classes 21, 22, 23:
     * cardinality, data, constraint; 54: a value beyond what the database can hold; 42501: a fence.
     */
    static boolean isDataProblem(SQLException e) {
        String state = e.getSQLState();
        return state != null
                && (state.startsWith("21")
                        || state.startsWith("22")
                        || state.startsWith("23")
                        || state.startsWith("54")
                        || state.equals("42501"));
    }

    /** True if two transactions got in each other's way (class 40): nothing was written and the same again may well pass. */
    static boolean isCollision(SQLException e) {
        String state = e.getSQLState();
        return state != null && state.startsWith("40");
    }
}
