package cl.smarterbot.hub.ops;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

@DisplayName("The count of what is logged")
class LogEventsTest {

    @Test
    @DisplayName("is by level, of what is written only, and filters no question whether a level is open")
    void byLevel() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        Logger log = (Logger) LoggerFactory.getLogger("test.log-events");
        LoggerContext context = log.getLoggerContext();
        int filters = context.getTurboFilterList().size();
        log.setLevel(Level.DEBUG);
        try (LogEvents events = new LogEvents()) {
            events.bindTo(meters);
            assertThat(context.getTurboFilterList()).hasSize(filters);
            log.debug("counted");
            log.debug("counted, too");
            log.setLevel(Level.INFO);
            log.debug("not written");
            assertThat(count(meters, "debug")).isEqualTo(2);
        }
        log.setLevel(Level.DEBUG);
        log.debug("after the end");
        log.setLevel(null);
        assertThat(count(meters, "debug")).isEqualTo(2);
    }

    private static double count(SimpleMeterRegistry meters, String level) {
        return meters.counter("logback.events", "level", level).count();
    }
}
