package cl.smarterbot.hub.testing;

/** Lets a test set the time that the shared counters of {@code hub.rate} see. It stands still until it is set again. */
public final class DatabaseClock {

    private final TestDatabase database;

    private DatabaseClock(TestDatabase database) {
        this.database = database;
    }

    /** Takes over from the real clock, at the start of a minute. */
    public static DatabaseClock in(TestDatabase database) {
        database.superuser("create schema test_clock;"
                + "create table test_clock.time (at timestamptz not null);"
                + "insert into test_clock.time values ('2026-01-01 12:00:00Z');"
                + "create function test_clock.clock_timestamp() returns timestamptz language sql stable security definer"
                + " as 'select at from test_clock.time';"
                + "grant usage on schema test_clock to hub_log;"
                + "alter function hub.rate_take(text[], int[], int[]) set search_path = test_clock, pg_catalog;"
                + "alter function hub.rate_retire() set search_path = test_clock, pg_catalog");
        return new DatabaseClock(database);
    }

    /** @param time of one day, such as {@code 12:00:59.9} */
    public void set(String time) {
        database.superuser("update test_clock.time set at = '2026-01-01 " + time + "Z'");
    }
}
