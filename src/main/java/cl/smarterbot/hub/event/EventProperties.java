package cl.smarterbot.hub.event;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the log.
 *
 * @param groupRows most events in one commit
 * @param groupBytes most body bytes in one commit
 * @param queue events that may wait for the writer; more are refused with 503
 * @param dedupTtl how long an idempotency key is remembered
 * @param lease how long a claimed delivery belongs to its node without renewal
 * @param longestRun after this time a run that has not ended counts as failed, and its delivery is tried again or dead
 * @param pollInterval safety net under LISTEN/NOTIFY
 * @param batchWindow least time between two rounds of claims on a node that has deliveries in flight, so that a busy one claims
 *     many at once; an idle node
 *     waits a fifth of it at most. Outcomes gather a fifth as long
 * @param claimBatch most deliveries in one claim
 * @param workers threads that run routes, which mostly wait for other systems; 0 takes 32, or four for each processor if that is more
 * @param drainTimeout how long a stopping hub waits for deliveries in flight
 * @param paused start with all subscriptions paused (they stay so until resumed)
 * @param payloadRetention how long bodies are kept
 * @param eventRetention how long events are kept for analytics
 * @param deliveryRetention how long finished deliveries and their attempts are kept
 * @param housekeepingInterval how often partitions are made and old data retired
 * @param promptCommit appends that wait longer for their commit, in the mean, hold back new deliveries; zero never does
 */
@ConfigurationProperties("hub.event")
public record EventProperties(
        @DefaultValue("256") int groupRows,
        @DefaultValue("1048576") int groupBytes,
        @DefaultValue("1024") int queue,
        @DefaultValue("48h") Duration dedupTtl,
        @DefaultValue("30s") Duration lease,
        @DefaultValue("10m") Duration longestRun,
        @DefaultValue("1s") Duration pollInterval,
        @DefaultValue("50ms") Duration batchWindow,
        @DefaultValue("200") int claimBatch,
        @DefaultValue("0") int workers,
        @DefaultValue("20s") Duration drainTimeout,
        @DefaultValue("false") boolean paused,
        @DefaultValue("30d") Duration payloadRetention,
        @DefaultValue("400d") Duration eventRetention,
        @DefaultValue("30d") Duration deliveryRetention,
        @DefaultValue("15m") Duration housekeepingInterval,
        @DefaultValue("50ms") Duration promptCommit) {

    public int workerThreads() {
        return workers > 0 ? workers : Math.max(32, 4 * Runtime.getRuntime().availableProcessors());
    }
}
