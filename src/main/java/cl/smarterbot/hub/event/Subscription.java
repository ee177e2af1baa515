package cl.smarterbot.hub.event;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A route's durable interest on this node, and what it has in flight. */
final class Subscription {

    private static final Logger log = LoggerFactory.getLogger(Subscription.class);

    final String name;
    final String pattern;
    final RetryPolicy retry;
    final int concurrency;
    final int perTenant;
    /** Runs one delivery and reports its outcome exactly once, on any thread. */
    final BiConsumer<Delivery, java.util.function.Consumer<Outcome>> runner;

    /** When this node last asked for deliveries ({@link System#nanoTime}); only the claiming thread uses it. */
    long lastClaim = System.nanoTime();

    private final Map<String, Integer> busyByTenant = new HashMap<>();
    private int inFlight;
    private boolean stopping;

    Subscription(
            String name,
            String pattern,
            RetryPolicy retry,
            int concurrency,
            int perTenant,
            BiConsumer<Delivery, java.util.function.Consumer<Outcome>> runner) {
        this.name = name;
        this.pattern = pattern;
        this.retry = retry;
        this.concurrency = concurrency;
        this.perTenant = perTenant;
        this.runner = runner;
    }

    synchronized int capacity() {
        return stopping ? 0 : concurrency - inFlight;
    }

    synchronized Map<String, Integer> busy() {
        return new HashMap<>(busyByTenant);
    }

    synchronized void took(Delivery d) {
        inFlight++;
        busyByTenant.merge(d.tenant(), 1, Integer::sum);
    }

    synchronized void gave(Delivery d) {
        inFlight--;
        busyByTenant.computeIfPresent(d.tenant(), (t, n) -> n == 1 ? null : n - 1);
        if (inFlight < 0) {
            log.error("Subscription {} counts {} deliveries in flight", name, inFlight);
            inFlight = 0;
        }
        notifyAll();
    }

    synchronized int inFlight() {
        return inFlight;
    }

    synchronized void stopClaiming() {
        stopping = true;
    }

    synchronized void resumeClaiming() {
        stopping = false;
    }

    synchronized boolean stopping() {
        return stopping;
    }

    /** Waits until nothing is in flight; false if the time ran out. */
    synchronized boolean awaitIdle(long millis) throws InterruptedException {
        long end = System.nanoTime() + millis * 1_000_000;
        while (inFlight > 0) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }
}
