package cl.smarterbot.hub.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When a schedule comes due. In Chile the clock is put back on a Saturday in April at 24:00, and forward in September at 24:00. */
class TimingTest {

    private static final ZoneId CHILE = ZoneId.of("America/Santiago");
    private static final ZoneId LORD_HOWE = ZoneId.of("Australia/Lord_Howe");

    private static List<String> between(Timing timing, ZoneId zone, String from, String to) {
        List<String> all = new ArrayList<>();
        Instant end = Instant.parse(to);
        for (Instant t = timing.next(Instant.parse(from).minusNanos(1), zone);
                t.isBefore(end);
                t = timing.next(t, zone)) {
            all.add(t.atZone(zone).toOffsetDateTime().toString());
        }
        return all;
    }

    @ParameterizedTest
    @CsvSource({
        // 2026: back on 4 April, forward on 5 September; 2027: 3 April and 4 September.
        "2026-09-05T12:00:00Z, 2026-09-07T12:00:00Z, 2026-09-06T01:00-03:00, 2026-09-07T00:00-03:00",
        "2027-09-04T12:00:00Z, 2027-09-06T12:00:00Z, 2027-09-05T01:00-03:00, 2027-09-06T00:00-03:00"
    })
    @DisplayName("a midnight that a day does not have is the first instant after the gap, once")
    void gap(String from, String to, String first, String second) {
        assertThat(between(Timing.cron("0 0 * * *"), CHILE, from, to)).containsExactly(first, second);
        assertThat(between(Timing.cron("30 0 * * *"), CHILE, from, to))
                .hasSize(2)
                .first()
                .isEqualTo(first);
    }

    @Test
    @DisplayName("several times within a gap and the first one after it are one firing")
    void gapOfMany() {
        assertThat(between(Timing.cron("0,15,30 0,1 * * *"), CHILE, "2026-09-05T12:00:00Z", "2026-09-06T12:00:00Z"))
                .containsExactly("2026-09-06T01:00-03:00", "2026-09-06T01:15-03:00", "2026-09-06T01:30-03:00");
    }

    @ParameterizedTest
    @CsvSource({
        "2026-04-04T12:00:00Z, 2026-04-06T12:00:00Z, 2026-04-04T23:30-03:00, 2026-04-05T23:30-04:00",
        "2027-04-03T12:00:00Z, 2027-04-05T12:00:00Z, 2027-04-03T23:30-03:00, 2027-04-04T23:30-04:00"
    })
    @DisplayName("a time that a day has twice is its first one, once")
    void twice(String from, String to, String first, String second) {
        assertThat(between(Timing.cron("30 23 * * *"), CHILE, from, to)).containsExactly(first, second);
    }

    @Test
    @DisplayName("asked between the two of them, a time that a day has twice is over")
    void betweenTheTwo() {
        Instant between = Instant.parse("2026-04-05T03:10:00Z");
        assertThat(between.atZone(CHILE).toOffsetDateTime()).hasToString("2026-04-04T23:10-04:00");
        assertThat(Timing.cron("30 23 * * *").next(between, CHILE)).isEqualTo("2026-04-06T03:30:00Z");
    }

    @ParameterizedTest
    @CsvSource({
        "*/1 * * * *, 2026-04-05T01:00:00Z, 2026-04-05T06:00:00Z, 300",
        "0 */1 * * * *, 2026-04-05T01:00:00Z, 2026-04-05T06:00:00Z, 300",
        "*/1 * * * *, 2026-09-06T01:00:00Z, 2026-09-06T06:00:00Z, 300",
        "30 * * * *, 2026-04-05T01:00:00Z, 2026-04-05T06:00:00Z, 5",
        "30 * * * *, 2026-09-06T01:00:00Z, 2026-09-06T06:00:00Z, 5"
    })
    @DisplayName("a rule for every hour goes on while the clock is changed: no hour without, none doubled")
    void everyHour(String cron, String from, String to, int firings) {
        assertThat(between(Timing.cron(cron), CHILE, from, to)).hasSize(firings).doesNotHaveDuplicates();
    }

    @Test
    @DisplayName("a clock that is changed by half an hour is no different")
    void halfAnHour() {
        // Back from 02:00 to 01:30 on 5 April 2026, forward from 02:00 to 02:30 on 4 October 2026.
        assertThat(between(Timing.cron("45 1 * * *"), LORD_HOWE, "2026-04-04T00:00:00Z", "2026-04-05T12:00:00Z"))
                .containsExactly("2026-04-05T01:45+11:00");
        assertThat(between(Timing.cron("15 2 * * *"), LORD_HOWE, "2026-10-03T00:00:00Z", "2026-10-04T12:00:00Z"))
                .containsExactly("2026-10-04T02:30+11:00");
        assertThat(between(Timing.cron("*/30 * * * *"), LORD_HOWE, "2026-04-04T13:00:00Z", "2026-04-04T17:00:00Z"))
                .hasSize(8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0 3 * * *", "*/1 * * * *", "30 23 * * *", "0 0 * * *", "0 4 1 * *", "15,45 2-5 * * SUN"})
    @DisplayName("the last instant before a moment is the one that stepping through all of them finds")
    void latest(String cron) {
        Timing timing = Timing.cron(cron);
        for (String until : List.of("2026-04-05T03:10:00Z", "2026-09-06T04:00:00Z", "2026-09-06T03:59:59.999Z")) {
            Instant end = Instant.parse(until);
            Instant known = timing.next(end.minus(Duration.ofDays(40)), CHILE);
            Instant expected = known;
            for (Instant t = known; !t.isAfter(end); t = timing.next(t, CHILE)) {
                expected = t;
            }
            assertThat(timing.latest(known, end, CHILE)).isEqualTo(expected);
        }
    }

    @Test
    @DisplayName("an interval counts from 1970 and does not drift")
    void every() {
        Timing timing = Timing.every(Duration.ofMinutes(10));
        assertThat(timing.next(Instant.parse("2026-05-01T10:03:07Z"), CHILE)).isEqualTo("2026-05-01T10:10:00Z");
        assertThat(timing.next(Instant.parse("2026-05-01T10:10:00Z"), CHILE)).isEqualTo("2026-05-01T10:20:00Z");
        Instant known = Instant.parse("2026-05-01T10:10:00Z");
        assertThat(timing.latest(known, Instant.parse("2026-05-01T11:59:59Z"), CHILE))
                .isEqualTo("2026-05-01T11:50:00Z");
        assertThat(timing.latest(known, known, CHILE)).isEqualTo(known);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cron 0 3 * * *", "cron 0 0 3 * * MON-FRI", "every 60000"})
    @DisplayName("what is written down is read again as the same")
    void text(String text) {
        assertThat(Timing.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "* * * *", "* * * * * * *", "61 * * * *", "0 0 30 2 *", "@daily", "x y z a b"})
    @DisplayName("what is no cron expression, or never comes true, is refused")
    void refused(String cron) {
        assertThatThrownBy(() -> Timing.cron(cron)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    @DisplayName("the 29th of February is a day that some years have")
    void leapDay() {
        assertThat(Timing.cron("0 12 29 2 *").next(Instant.parse("2026-01-01T00:00:00Z"), ZoneId.of("UTC")))
                .isEqualTo("2028-02-29T12:00:00Z");
    }
}
