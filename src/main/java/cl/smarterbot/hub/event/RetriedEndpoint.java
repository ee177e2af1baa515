package cl.smarterbot.hub.event;

import java.time.Duration;
import org.apache.camel.Component;
import org.apache.camel.spi.UriParam;
import org.apache.camel.support.DefaultEndpoint;

/** What every route that works on events may say: when a failed delivery is tried again, and how many run at once. */
public abstract class RetriedEndpoint extends DefaultEndpoint {

    @UriParam(label = "consumer", description = "Attempts before a delivery is dead; 8 for events, 5 for schedules")
    private int maxAttempts;

    @UriParam(label = "consumer", defaultValue = "5000", description = "Pause after the first failure, in milliseconds")
    private long initialDelay;

    @UriParam(label = "consumer", defaultValue = "5", description = "Growth of the pause")
    private double multiplier;

    @UriParam(
            label = "consumer",
            description = "Longest pause, in milliseconds; a day for events, ten minutes for schedules")
    private long maxDelay;

    @UriParam(
            label = "consumer",
            description = "Deliveries in flight on one node, 256 for events; of a schedule tenants at work, 32")
    private int concurrency;

    /** @param retry what counts, with {@code concurrency}, unless the route says otherwise */
    protected RetriedEndpoint(String uri, Component component, RetryPolicy retry, int concurrency) {
        super(uri, component);
        this.maxAttempts = retry.maxAttempts();
        this.initialDelay = retry.initialDelay().toMillis();
        this.multiplier = retry.multiplier();
        this.maxDelay = retry.maxDelay().toMillis();
        this.concurrency = concurrency;
    }

    /** Gives another endpoint what this one says. */
    protected final void handOn(RetriedEndpoint other) {
        other.maxAttempts = maxAttempts;
        other.initialDelay = initialDelay;
        other.multiplier = multiplier;
        other.maxDelay = maxDelay;
        other.concurrency = concurrency;
    }

    final RetryPolicy retryPolicy() {
        return new RetryPolicy(
                maxAttempts,
                Duration.ofMillis(initialDelay),
                multiplier,
                Duration.ofMillis(maxDelay),
                RetryPolicy.DEFAULT.jitter());
    }

    public int getMaxAttempts() {
        return maxAttempts;
    }

    public void setMaxAttempts(int maxAttempts) {
        this.maxAttempts = maxAttempts;
    }

    public long getInitialDelay() {
        return initialDelay;
    }

    public void setInitialDelay(long initialDelay) {
        this.initialDelay = initialDelay;
    }

    public double getMultiplier() {
        return multiplier;
    }

    public void setMultiplier(double multiplier) {
        this.multiplier = multiplier;
    }

    public long getMaxDelay() {
        return maxDelay;
    }

    public void setMaxDelay(long maxDelay) {
        this.maxDelay = maxDelay;
    }

    public int getConcurrency() {
        return concurrency;
    }

    public void setConcurrency(int concurrency) {
        this.concurrency = concurrency;
    }
}
