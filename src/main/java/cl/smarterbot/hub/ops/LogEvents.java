package cl.smarterbot.hub.ops;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.ILoggerFactory;
import org.slf4j.LoggerFactory;

/**
 * Counts what is logged, as {@code logback.events} by {@code level}. Micrometer's own binder of that name filters every question
 * whether a level is open, of which Camel asks dozens for each message; this one sees only what is written.
 */
final class LogEvents implements MeterBinder, AutoCloseable {

    private final List<Counting> appenders = new ArrayList<>();

    @Override
    public synchronized void bindTo(MeterRegistry registry) {
        ILoggerFactory factory = LoggerFactory.getILoggerFactory();
        if (!(factory instanceof LoggerContext context)) {
            return;
        }
        Map<Level, Counter> counters = new HashMap<>();
        for (Level level : new Level[] {Level.ERROR, Level.WARN, Level.INFO, Level.DEBUG, Level.TRACE}) {
            counters.put(
                    level,
                    Counter.builder("logback.events")
                            .description("Log entries written")
                            .baseUnit("events")
                            .tag("level", level.toString().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        Counting appender = new Counting(counters);
        appender.setContext(context);
        appender.setName("hub-log-events");
        appender.start();
        context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(appender);
        appenders.add(appender);
    }

    @Override
    public synchronized void close() {
        for (Counting appender : appenders) {
            ((LoggerContext) appender.getContext())
                    .getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)
                    .detachAppender(appender);
            appender.stop();
        }
        appenders.clear();
    }

    private static final class Counting extends UnsynchronizedAppenderBase<ILoggingEvent> {
        private final Map<Level, Counter> counters;

        Counting(Map<Level, Counter> counters) {
            this.counters = counters;
        }

        @Override
        protected void append(ILoggingEvent event) {
            Counter counter = counters.get(event.getLevel());
            if (counter != null) {
                counter.increment();
            }
        }
    }
}
