package cl.smarterbot.hub.schedule;

import cl.smarterbot.hub.event.EventEndpoint;
import cl.smarterbot.hub.event.RetriedEndpoint;
import cl.smarterbot.hub.event.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;

/**
 * Runs a route for each tenant at its times. The body of a firing is a map: {@code schedule} (name), {@code due} (ISO 8601, UTC)
 * and {@code byHand}. An idempotency key, attempts and the tenant are there as with every event.
 */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "schedule",
        title = "Schedule",
        syntax = "schedule:name",
        consumerOnly = true,
        category = {Category.SCHEDULING})
public class ScheduleEndpoint extends RetriedEndpoint {

    /** Five tries within minutes: the next firing comes anyway. */
    private static final RetryPolicy RETRY =
            new RetryPolicy(5, Duration.ofSeconds(5), 5, Duration.ofMinutes(10), RetryPolicy.DEFAULT.jitter());

    private static final long LONGEST_JITTER = Duration.ofDays(1).toMillis();

    @UriPath(description = "Name of the schedule, lower-case words joined by dashes; unique in the hub")
    private final String name;

    @UriParam(description = "Five fields, or six with seconds first, in the time zone of each tenant")
    private String cron;

    @UriParam(description = "Milliseconds between firings, counted from 1970 UTC, instead of cron")
    private long every;

    @UriParam(defaultValue = "true", description = "Fires for each active tenant; otherwise for the house tenant alone")
    private boolean perTenant = true;

    @UriParam(
            defaultValue = "once",
            enums = "once,skip",
            description = "What becomes of times at which no hub was up: one firing for all of them, or none")
    private String missed = "once";

    @UriParam(
            defaultValue = "0",
            description = "Milliseconds over which the tenants are spread; each has its fixed place")
    private long jitter;

    @UriParam(
            defaultValue = "false",
            description = "Whether a firing may run before the one before it of the same tenant has ended; otherwise"
                    + " such a firing is left out")
    private boolean overlap;

    public ScheduleEndpoint(String uri, ScheduleComponent component, String name) {
        super(uri, component, RETRY, 32);
        this.name = name;
    }

    @Override
    public Producer createProducer() {
        throw new IllegalArgumentException("schedule:" + name + ": a schedule begins a route; it cannot be sent to");
    }

    /** @throws IllegalArgumentException naming everything that is wrong with the parameters */
    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        Schedule schedule = schedule();
        // An endpoint of its own, whatever else the routes do with these events.
        EventEndpoint events = getCamelContext()
                .getEndpoint(
                        "event:" + Schedule.eventType(name) + "?subscription=" + Schedule.subscription(name),
                        EventEndpoint.class);
        handOn(events);
        events.setPerTenant(getConcurrency());
        ScheduleConsumer consumer = new ScheduleConsumer(this, processor, schedule, events.createConsumer(processor));
        configureConsumer(consumer);
        return consumer;
    }

    private Schedule schedule() {
        List<String> problems = new ArrayList<>();
        if (!name.matches("[a-z][a-z0-9]*(-[a-z0-9]+)*") || name.length() > Schedule.LONGEST_NAME) {
            problems.add("the name must be lower-case words joined by dashes, " + Schedule.LONGEST_NAME
                    + " characters at most");
        }
        Timing timing = null;
        if ((cron == null) == (every == 0)) {
            problems.add("either cron or every must be there");
        } else {
            timing = checked(problems, () -> cron != null ? Timing.cron(cron) : Timing.every(Duration.ofMillis(every)));
        }
        Schedule.Missed policy = null;
        if (missed.equals("once") || missed.equals("skip")) {
            policy = Schedule.Missed.valueOf(missed.toUpperCase(Locale.ROOT));
        } else {
            problems.add("missed must be once or skip");
        }
        if (jitter < 0 || jitter > LONGEST_JITTER) {
            problems.add("jitter must be 0 to " + LONGEST_JITTER + " milliseconds");
        }
        if (getConcurrency() < 1) {
            problems.add("concurrency must be 1 or more");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("schedule:" + name + ": " + String.join("; ", problems));
        }
        return new Schedule(name, timing, perTenant, policy, (int) jitter, overlap);
    }

    private static Timing checked(List<String> problems, Supplier<Timing> timing) {
        try {
            return timing.get();
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
            return null;
        }
    }

    @Override
    public ScheduleComponent getComponent() {
        return (ScheduleComponent) super.getComponent();
    }

    public String getName() {
        return name;
    }

    public String getCron() {
        return cron;
    }

    public void setCron(String cron) {
        this.cron = cron;
    }

    public long getEvery() {
        return every;
    }

    public void setEvery(long every) {
        this.every = every;
    }

    public boolean isPerTenant() {
        return perTenant;
    }

    public void setPerTenant(boolean perTenant) {
        this.perTenant = perTenant;
    }

    public String getMissed() {
        return missed;
    }

    public void setMissed(String missed) {
        this.missed = missed;
    }

    public long getJitter() {
        return jitter;
    }

    public void setJitter(long jitter) {
        this.jitter = jitter;
    }

    public boolean isOverlap() {
        return overlap;
    }

    public void setOverlap(boolean overlap) {
        this.overlap = overlap;
    }
}
