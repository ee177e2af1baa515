package cl.smarterbot.hub.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules that the catalogue's routes really ship with, on the days when Chile changes its clock. */
class ShippedSchedulesTest {

    private static final ZoneId CHILE = ZoneId.of("America/Santiago");

    /** The default of a route's cron setting, as product-sync.yaml has it. */
    private static Timing shipped(String setting) throws IOException {
        String yaml = Files.readString(Path.of("src", "main", "resources", "routes", "product-sync.yaml"));
        Matcher cron = Pattern.compile("cron: \"\\{\\{" + Pattern.quote(setting) + ":([^}]+)}}\"")
                .matcher(yaml);
        assertThat(cron.find()).as("product-sync.yaml names " + setting).isTrue();
        return Timing.cron(cron.group(1));
    }

    private static List<Instant> on(LocalDate day, Timing timing) {
        List<Instant> all = new ArrayList<>();
        Instant end = day.plusDays(1).atStartOfDay(CHILE).toInstant();
        Instant before = day.atStartOfDay(CHILE).toInstant().minusNanos(1);
        for (Instant t = timing.next(before, CHILE); t.isBefore(end); t = timing.next(t, CHILE)) {
            all.add(t);
        }
        return all;
    }

    @ParameterizedTest
    @CsvSource({
        // Back, so that the day has 25 hours; forward, so that the next one has 23; and an ordinary one.
        "2026-04-04, 25",
        "2026-09-06, 23",
        "2027-04-03, 25",
        "2027-09-05, 23",
        "2026-11-25, 24"
    })
    @DisplayName(
            "changes are asked for every quarter of an hour, the whole catalogue once a night, whatever the clock does")
    void catalogue(LocalDate day, int hours) throws IOException {
        List<Instant> often = on(day, shipped("hub.products.often"));
        assertThat(often).hasSize(hours * 4);
        for (int i = 1; i < often.size(); i++) {
            assertThat(Duration.between(often.get(i - 1), often.get(i))).isEqualTo(Duration.ofMinutes(15));
        }
        assertThat(on(day, shipped("hub.products.nightly"))).singleElement().satisfies(night -> assertThat(
                        night.atZone(CHILE).toLocalTime())
                .hasToString("04:30"));
    }
}
