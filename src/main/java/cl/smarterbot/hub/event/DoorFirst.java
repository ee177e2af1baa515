package cl.smarterbot.hub.event;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;

/**
 * Holds back deliveries while appends wait for their commits: a sender that is not answered in time may never send again, a
 * delivery may wait. Additive increase, multiplicative decrease (AIMD) of the share of its concurrency that each subscription may
 * use.
 *
 * <p>What an append should wait is the target, or three times what it waits in calm moments if the disk is slower than that: where
 * every commit is slow, fewer deliveries would help nobody.
 */
final class DoorFirst {

    /** How often {@link #adjust()} is to be called. A delivery mostly ends in less. */
    static final Duration INTERVAL = Duration.ofMillis(250);

    private static final double LEAST = 0.03;
    private static final double DECREASE = 0.75;
    private static final double INCREASE = 0.02;
    /** The calm wait is forgotten by half in some three minutes. */
    private static final double FORGET = 1.001;

    private final long targetNanos;
    private final LongAdder appends = new LongAdder();
    private final LongAdder waited = new LongAdder();
    /** Appends that wait for their commit now. */
    private volatile IntSupplier waiting = () -> 0;

    private double calmNanos = Double.MAX_VALUE;
    private volatile double share = 1;

    /** @param target mean wait of appends that is still fine; zero never holds anything back */
    DoorFirst(Duration target) {
        this.targetNanos = target.toNanos();
    }

    /** @param appends how many wait for their commit now */
    void waiting(IntSupplier appends) {
        waiting = appends;
    }

    /** An append was committed so long after its call. */
    void committed(long nanos) {
        appends.increment();
        waited.add(nanos);
    }

    synchronized void adjust() {
        long count = appends.sumThenReset();
        long sum = waited.sumThenReset();
        if (targetNanos == 0) {
            return;
        }
        double mean = count == 0 ? 0 : (double) sum / count;
        if (count > 0) {
            calmNanos = Math.min(mean, calmNanos * FORGET);
        }
        if (count == 0 && waiting.getAsInt() == 0) {
            // Nobody is at the door: there is nothing to make room for.
            share = 1;
        } else if (mean > Math.max(targetNanos, 3 * calmNanos)) {
            share = Math.max(LEAST, share * DECREASE);
        } else {
            share = Math.min(1, share + INCREASE);
        }
    }

    /** Of its concurrency, what each subscription may use now: above 0, at most 1. */
    double share() {
        return share;
    }

    /** Deliveries that a subscription of this concurrency may have in flight now; never none. */
    int of(int concurrency) {
        double now = share;
        return now == 1 ? concurrency : Math.max(1, (int) Math.ceil(now * concurrency));
    }
}
