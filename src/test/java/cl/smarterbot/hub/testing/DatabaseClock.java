package cl.smarterbot.hub.testing;

import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;

/** Lets a test set the time that the shared counters of {@code hub.rate} and the schedules see. It stands still until it is set again. */
public final class DatabaseClock {

    private static final List<String> FUNCTIONS = List.of(
            "hub.rate_take(text[], int[], int[], int[])",
            "hub.rate_retire()",
            "hub.schedule_enrol(text[])",
            "hub.schedules_due(text[], int)",
            "hub.schedule_fired(text[], text[], timestamptz[], timestamptz[], timestamptz[])");

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
                + FUNCTIONS.stream()
                        .map(f -> "alter function " + f + " set search_path = test_clock, pg_catalog")
                        .collect(Collectors.joining(";")));
        return new DatabaseClock(database);
    }

    public void set(Instant time) {
        database.superuser("update test_clock.time set at = '" + time + "'");
    }

    /** @param time of one day, such as {@code 12:00:59.9} */
    public void set(String time) {
        database.superuser("update test_clock.time set at = '2026-01-01 " + time + "Z'");
    }
}
