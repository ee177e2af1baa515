package cl.smarterbot.hub.schedule;

/**
 * What a route declares.
 *
 * @param name unique in the hub
 * @param perTenant true: each active tenant has its own firings; false: the house tenant alone has
 * @param missed what becomes of times at which no node was up
 * @param jitterMillis longest delay that a tenant may have; which one it has depends on schedule and tenant alone
 * @param overlap whether a firing may run while the one before of the same tenant has not ended
 */
record Schedule(String name, Timing timing, boolean perTenant, Missed missed, int jitterMillis, boolean overlap) {

    /** Longest name: a subscription's has room for 63, and "schedule-" goes before. */
    static final int LONGEST_NAME = 54;

    /** ONCE: however many were missed, one firing makes up for them. SKIP: none does. */
    enum Missed {
        ONCE,
        SKIP;

        String text() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    static String subscription(String name) {
        return "schedule-" + name;
    }

    static String eventType(String name) {
        return "schedule." + name.replace('-', '_');
    }
}
