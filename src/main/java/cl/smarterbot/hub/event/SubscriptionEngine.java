package cl.smarterbot.hub.event;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings deliveries to routes: claims in batches, runs those of one key one after the other, writes outcomes in batches. Holds no
 * state that matters: a killed node's leases run out and another node goes on.
 */
final class SubscriptionEngine implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SubscriptionEngine.class);
    private static final int OUTCOMES_PER_COMMIT = 256;
    private static final int OUTCOMES_WORTH_A_COMMIT = 32;
    private static final long LONGEST_ALARM_MS = 60_000;

    private final DeliveryStore store;
    private final EventProperties properties;
    private final DeliveryMetrics metrics;
    private final DoorFirst doorFirst;
    private final Callable<Connection> listenConnection;
    private final Map<String, Runnable> listeners = new ConcurrentHashMap<>();
    private final Map<String, Subscription> subscriptions = new ConcurrentHashMap<>();
    private final Map<Long, Delivery> inFlight = new ConcurrentHashMap<>();
    /** Until when a lease surely holds, by this node's monotonic clock, counted from before the database was asked. */
    private final Map<Long, Long> leasedUntil = new ConcurrentHashMap<>();

    private final BlockingQueue<Finished> outcomes = new LinkedBlockingQueue<>();
    private final Semaphore wake = new Semaphore(0);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread claimer = daemon("hub-event-claimer", this::claimLoop);
    private final Thread finisher = daemon("hub-event-finisher", this::finishLoop);
    private final Thread listener = daemon("hub-event-listener", this::listenLoop);
    private final FairWorkers workers;
    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(4, threads("hub-event-clock"));
    private volatile boolean claiming;
    /** When patience with deliveries in flight ends ({@link System#nanoTime}); 0 while nobody stops. */
    private volatile long drainUntil;

    private volatile boolean running;
    private volatile boolean declared;
    private Runnable onDeclared;
    private final Set<String> everDeclared = new HashSet<>();
    private volatile Connection listening;

    /** @param next deliveries of the same key that start once this is committed; null if none waits for that */
    private record Finished(Subscription subscription, Outcome outcome, Deque<Delivery> next) {
        Finished(Subscription subscription, Outcome outcome) {
            this(subscription, outcome, null);
        }
    }

    /** A delivery that a route is at work on, and those of its key that wait for it. */
    private static final class Run {
        final Subscription subscription;
        final Delivery delivery;
        final Deque<Delivery> next;
        final long since = System.nanoTime();
        final AtomicBoolean ended = new AtomicBoolean();
        volatile boolean overdue;

        Run(Subscription subscription, Delivery delivery, Deque<Delivery> next) {
            this.subscription = subscription;
            this.delivery = delivery;
            this.next = next;
        }

        int millis() {
            return (int) ((System.nanoTime() - since) / 1_000_000);
        }
    }

    /** By delivery; the same one may be at work again while an overdue run of it still hangs, which is then not here. */
    private final Map<Long, Run> runs = new ConcurrentHashMap<>();

    SubscriptionEngine(
            DeliveryStore store,
            EventProperties properties,
            DeliveryMetrics metrics,
            DoorFirst doorFirst,
            Callable<Connection> listenConnection) {
        this.store = store;
        this.properties = properties;
        this.metrics = metrics;
        this.doorFirst = doorFirst;
        this.listenConnection = listenConnection;
        this.workers = new FairWorkers(properties.workerThreads(), threads("hub-event-worker"));
    }

    /** Runs the callback when the database notifies the channel, and once at each (re)connection: nothing is missed. */
    void onNotify(String channel, Runnable callback) {
        if (!channel.matches("[a-z_]+")) {
            throw new IllegalArgumentException("channel: lower-case letters and _ only");
        }
        listeners.put(channel, callback);
    }

    /** @param onDeclared runs once, when the subscriptions known so far are in the database */
    void start(Runnable onDeclared) {
        this.onDeclared = onDeclared;
        running = true;
        claiming = true;
        try {
            declare();
        } catch (SQLException e) {
            log.warn("Subscriptions are declared when the event log is back ({})", e.getSQLState());
        }
        onNotify("hub_delivery", this::wakeUp);
        finisher.start();
        claimer.start();
        listener.start();
        long third = Math.max(200, properties.lease().toMillis() / 3);
        clock.scheduleWithFixedDelay(guarded(this::renew), third, third, TimeUnit.MILLISECONDS);
        long adjust = DoorFirst.INTERVAL.toMillis();
        clock.scheduleAtFixedRate(guarded(doorFirst::adjust), adjust, adjust, TimeUnit.MILLISECONDS);
        long reap = Math.min(5_000, third);
        clock.scheduleWithFixedDelay(guarded(this::reap), reap, reap, TimeUnit.MILLISECONDS);
        clock.scheduleWithFixedDelay(guarded(this::showAndTell), 1, 10, TimeUnit.SECONDS);
        long house = properties.housekeepingInterval().toMillis();
        clock.scheduleWithFixedDelay(guarded(this::keepHouse), Math.min(house, 60_000), house, TimeUnit.MILLISECONDS);
    }

    void add(Subscription subscription) {
        if (subscriptions.putIfAbsent(subscription.name, subscription) != null) {
            throw new IllegalStateException(
                    "Two routes declare the subscription '" + subscription.name + "'; names are unique");
        }
        declared = false;
        if (running) {
            try {
                // Before the route is reported as started: from then on its events must find it.
                declare();
            } catch (SQLException e) {
                log.warn("Subscription {} is declared when the event log is back", subscription.name);
            }
        }
        wakeUp();
    }

    void remove(Subscription subscription) {
        subscription.stopClaiming();
        subscriptions.remove(subscription.name, subscription);
    }

    boolean claiming() {
        return claiming;
    }

    void wakeUp() {
        // One permit is enough: a claim round looks at every subscription.
        if (wake.availablePermits() == 0) {
            wake.release();
        }
    }

    private void claimLoop() {
        long lastRound = System.nanoTime() - properties.batchWindow().toNanos();
        boolean full = false;
        while (claiming) {
            try {
                wake.tryAcquire(properties.pollInterval().toMillis(), TimeUnit.MILLISECONDS);
                long window = properties.batchWindow().toNanos() / (inFlight.isEmpty() ? 5 : 1);
                long early = window - (System.nanoTime() - lastRound);
                if (early > 0 && !full) {
                    // A claim costs the database the same for one delivery as for a hundred: while some run, others
                    // gather.
                    closing.await(early, TimeUnit.NANOSECONDS);
                }
                wake.drainPermits();
                lastRound = System.nanoTime();
                if (!declared) {
                    declare();
                }
                boolean more = false;
                SQLException failure = null;
                for (Subscription subscription : claimable()) {
                    try {
                        more |= claim(subscription);
                    } catch (SQLException e) {
                        // One subscription's trouble is not the others'.
                        failure = e;
                    }
                }
                if (failure != null) {
                    throw failure;
                }
                full = more;
                if (more) {
                    wakeUp();
                }
            } catch (InterruptedException e) {
                return;
            } catch (SQLException e) {
                log.warn("Deliveries wait: the event log is away ({})", e.getSQLState());
                if (pauseAfterFailure()) {
                    return;
                }
            } catch (Exception | Error e) {
                log.error("The claimer met an unexpected failure and goes on", e);
                if (pauseAfterFailure()) {
                    return;
                }
            }
        }
    }

    private boolean pauseAfterFailure() {
        try {
            // The semaphore is the pause: a notification may end it early.
            return wake.tryAcquire(1, TimeUnit.SECONDS) && !claiming;
        } catch (InterruptedException e) {
            return true;
        }
    }

    /** Whether the database knows every subscription of this node: until then an event could miss one. */
    boolean declared() {
        return declared;
    }

    private synchronized void declare() throws SQLException {
        if (declared) {
            return;
        }
        // First, so that a subscription added meanwhile asks for another round.
        declared = true;
        try {
            List<Subscription> fresh = new ArrayList<>();
            List<Subscription> known = new ArrayList<>();
            subscriptions.values().forEach(s -> (everDeclared.contains(s.name) ? known : fresh).add(s));
            if (!fresh.isEmpty()) {
                store.subscribe(fresh, properties.paused());
            }
            if (!known.isEmpty()) {
                // One that was resumed by hand since the start stays so.
                store.subscribe(known, false);
            }
            fresh.forEach(s -> everDeclared.add(s.name));
        } catch (SQLException | RuntimeException e) {
            declared = false;
            throw e;
        }
        if (onDeclared != null) {
            onDeclared.run();
            onDeclared = null;
        }
    }

    /** Subscriptions that have room here and work there: one round trip, where a claim of each would be one for each. */
    private List<Subscription> claimable() throws SQLException {
        List<Subscription> roomy = new ArrayList<>();
        for (Subscription subscription : subscriptions.values()) {
            if (hasRoom(subscription)) {
                roomy.add(subscription);
            }
        }
        if (roomy.isEmpty()) {
            return roomy;
        }
        Set<String> waiting = store.claimable(roomy.stream().map(s -> s.name).toList());
        roomy.removeIf(s -> !waiting.contains(s.name));
        return roomy;
    }

    private int room(Subscription subscription) {
        int heldBack = subscription.concurrency - doorFirst.of(subscription.concurrency);
        return Math.min(subscription.capacity() - heldBack, properties.claimBatch());
    }

    /**
     * Small refills would cost a transaction each: wait until a quarter of the room is free, but not longer than a poll, or
     * deliveries that hang would keep the others waiting.
     */
    private boolean hasRoom(Subscription subscription) {
        int room = room(subscription);
        boolean small = room < doorFirst.of(subscription.concurrency) / 4 && room < properties.claimBatch();
        return room > 0
                && (!small
                        || System.nanoTime() - subscription.lastClaim
                                >= properties.pollInterval().toNanos());
    }

    /** True if there may be more to claim at once. */
    private boolean claim(Subscription subscription) throws SQLException {
        int room = room(subscription);
        if (room <= 0) {
            return false;
        }
        long now = System.nanoTime();
        subscription.lastClaim = now;
        List<Delivery> claimed =
                store.claim(subscription.name, room, subscription.perTenant, subscription.busy(), properties.lease());
        if (claimed.isEmpty()) {
            return false;
        }
        Map<String, Deque<Delivery>> byKey = new LinkedHashMap<>();
        for (Delivery d : claimed) {
            subscription.took(d);
            inFlight.put(d.id(), d);
            leasedUntil.put(d.id(), now + properties.lease().toNanos());
            byKey.computeIfAbsent(d.tenant() + '\n' + d.key(), k -> new ArrayDeque<>())
                    .add(d);
        }
        byKey.values().forEach(chain -> workers.execute(chain.peek().tenant(), () -> runNext(subscription, chain)));
        return claimed.size() == room;
    }

    /** Runs the head of a chain; its successor starts when it ended well or died, and is given back if it must be retried. */
    private void runNext(Subscription subscription, Deque<Delivery> chain) {
        Delivery head = chain.poll();
        if (head == null) {
            return;
        }
        if (!running || subscription.stopping() || !stillLeased(head)) {
            // After a long pause of this process another node may be at work on this key: what has not begun must not
            // begin.
            release(subscription, head, chain);
            return;
        }
        Run run = new Run(subscription, head, chain);
        runs.put(head.id(), run);
        try {
            subscription.runner.accept(head, outcome -> end(run, outcome));
        } catch (Exception | Error e) {
            // Also an Error: a delivery without an outcome would hold its key for ever.
            log.error("{} could not be started", head, e);
            end(run, failed(run, "the route could not be started"));
        }
    }

    /** The first outcome of a run counts. */
    private void end(Run run, Outcome outcome) {
        if (run.ended.compareAndSet(false, true)) {
            runs.remove(run.delivery.id(), run);
            ended(run.subscription, outcome, run.next);
        } else if (run.overdue) {
            log.warn(
                    "{}: outcome '{}' refused after {} ms, it came too late",
                    run.delivery,
                    outcome.state(),
                    run.millis());
        }
    }

    /** Gives up runs that hang: renewed for ever, they would hold their key and their place for ever. */
    private void endOverdue() {
        for (Run run : runs.values()) {
            if (run.millis() > properties.longestRun().toMillis()) {
                log.warn("{} has run for {} ms and is given up; its route may hang", run.delivery, run.millis());
                run.overdue = true;
                end(
                        run,
                        failed(run, "ran longer than " + properties.longestRun().toSeconds() + " s"));
            }
        }
    }

    private boolean stillLeased(Delivery d) {
        Long until = leasedUntil.get(d.id());
        return until != null && until - System.nanoTime() > 0;
    }

    private static Outcome failed(Run run, String reason) {
        Subscription s = run.subscription;
        Delivery d = run.delivery;
        boolean dead = s.retry.exhausted(d.attempt());
        return new Outcome(
                d,
                dead ? "dead" : "retry",
                reason,
                s.retry.delayAfter(d.attempt(), null).toMillis(),
                run.millis(),
                null,
                List.of(),
                List.of(),
                null);
    }

    private void ended(Subscription subscription, Outcome outcome, Deque<Delivery> chain) {
        if (!chain.isEmpty() && !outcome.comesAgain() && !outcome.emitted().isEmpty()) {
            // What it records is part of its end: the next of its key must find it there, such as who owns a
            // conversation.
            outcomes.add(new Finished(subscription, outcome, chain));
            return;
        }
        outcomes.add(new Finished(subscription, outcome));
        if (chain.isEmpty()) {
            return;
        }
        if (outcome.comesAgain()) {
            release(subscription, chain.poll(), chain);
        } else {
            workers.execute(outcome.delivery().tenant(), () -> runNext(subscription, chain));
        }
    }

    private void release(Subscription subscription, Delivery first, Deque<Delivery> rest) {
        outcomes.add(new Finished(subscription, Outcome.released(first)));
        for (Delivery d = rest.poll(); d != null; d = rest.poll()) {
            outcomes.add(new Finished(subscription, Outcome.released(d)));
        }
    }

    private void finishLoop() {
        List<Finished> batch = new ArrayList<>(OUTCOMES_PER_COMMIT);
        while (running || !outcomes.isEmpty()) {
            try {
                Finished first = outcomes.poll(200, TimeUnit.MILLISECONDS);
                if (first == null) {
                    continue;
                }
                batch.clear();
                batch.add(first);
                outcomes.drainTo(batch, OUTCOMES_PER_COMMIT - 1);
                if (running && batch.size() < OUTCOMES_WORTH_A_COMMIT) {
                    closing.await(properties.batchWindow().toNanos() / 5, TimeUnit.NANOSECONDS);
                    outcomes.drainTo(batch, OUTCOMES_PER_COMMIT - batch.size());
                }
                write(batch);
            } catch (InterruptedException e) {
                return;
            } catch (Exception | Error e) {
                log.error("The finisher met an unexpected failure and goes on", e);
                // Let go of what was in hand: its leases run out and it runs again, here or elsewhere.
                batch.stream()
                        .filter(f -> inFlight.containsKey(f.outcome().delivery().id()))
                        .forEach(f -> settle(f, false));
            }
        }
    }

    private void write(List<Finished> batch) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                Set<Long> accepted =
                        store.finish(batch.stream().map(Finished::outcome).toList());
                for (Finished f : batch) {
                    settle(f, accepted.contains(f.outcome().delivery().id()));
                }
                wakeUp();
                return;
            } catch (SQLException e) {
                String state = e.getSQLState();
                if (SqlStates.isDataProblem(e)) {
                    isolate(batch, state);
                    return;
                }
                // The effect is done but its mark is not: keep it until the lease is surely gone, then let go.
                if (attempt * 250L > properties.lease().toMillis() * 2 || !running && attempt > 20) {
                    log.warn("{} outcomes could not be written and will run again", batch.size());
                    batch.forEach(f -> settle(f, false));
                    return;
                }
                synchronized (outcomes) {
                    outcomes.wait(250);
                }
            }
        }
    }

    /** One event that the database refuses must not take other outcomes with it: it kills its own delivery. */
    private void isolate(List<Finished> batch, String sqlState) throws InterruptedException {
        if (batch.size() > 1) {
            write(new ArrayList<>(batch.subList(0, batch.size() / 2)));
            write(new ArrayList<>(batch.subList(batch.size() / 2, batch.size())));
            return;
        }
        Outcome o = batch.get(0).outcome();
        log.warn(
                "{}: an event that its route emitted was refused by the database, SQLSTATE {}", o.delivery(), sqlState);
        if (o.emitted().isEmpty()) {
            settle(batch.get(0), false);
            return;
        }
        write(List.of(new Finished(
                batch.get(0).subscription(),
                new Outcome(
                        o.delivery(),
                        "dead",
                        "an emitted event was refused by the database (" + sqlState + ")",
                        0,
                        o.durationMillis(),
                        o.version(),
                        List.of(),
                        o.sent(),
                        null),
                batch.get(0).next())));
    }

    private void settle(Finished f, boolean accepted) {
        Outcome o = f.outcome();
        inFlight.remove(o.delivery().id());
        leasedUntil.remove(o.delivery().id());
        f.subscription().gave(o.delivery());
        metrics.outcome(f.subscription().name, o, accepted);
        if (o.comesAgain() && o.delayMillis() < LONGEST_ALARM_MS && running) {
            // On time, not up to a poll later. Another node, or this one after a restart, finds it by its poll.
            clock.schedule(this::wakeUp, o.delayMillis() + 1, TimeUnit.MILLISECONDS);
        }
        if (!accepted) {
            log.warn("{}: outcome '{}' refused, the lease had passed to another node", o.delivery(), o.state());
        } else if (o.state().equals("dead")) {
            // The reason may quote a vendor who quotes a customer: it is kept with the delivery, not in the log.
            log.error(
                    "{} of {} is dead after {} attempts; 'hub dead' tells why",
                    o.delivery(),
                    f.subscription().name,
                    o.delivery().attempt());
        }
        if (f.next() != null && accepted) {
            workers.execute(o.delivery().tenant(), () -> runNext(f.subscription(), f.next()));
        } else if (f.next() != null) {
            release(f.subscription(), f.next().poll(), f.next());
        }
    }

    private void renew() throws SQLException {
        endOverdue();
        Collection<Delivery> held = inFlight.values();
        if (held.isEmpty()) {
            return;
        }
        long until = System.nanoTime() + properties.lease().toNanos();
        Set<Long> ours = store.renew(held, properties.lease());
        for (Long id : inFlight.keySet()) {
            if (ours.contains(id)) {
                leasedUntil.computeIfPresent(id, (k, old) -> until);
            }
        }
    }

    private void reap() throws SQLException {
        // A delivery that outlives its node again and again is given up like one that fails again and again.
        int n = store.reap(RetryPolicy.DEFAULT.maxAttempts());
        if (n > 0) {
            log.warn("{} deliveries taken back from nodes that stood still", n);
            wakeUp();
        }
    }

    /** Tells the database which subscriptions run here, and the meters how they stand. */
    private void showAndTell() throws SQLException {
        List<String> names = List.copyOf(subscriptions.keySet());
        if (declared && !names.isEmpty() && !store.stillDeclared(names).containsAll(names)) {
            log.warn(
                    "A subscription that runs here was retired while the event log was out of reach; it is declared again");
            declared = false;
            wakeUp();
        }
        metrics.backlog(store.backlog());
    }

    private void keepHouse() throws SQLException {
        store.keepHouse(properties.payloadRetention(), properties.eventRetention(), properties.deliveryRetention());
    }

    private void listenLoop() {
        while (claiming) {
            try (Connection c = listenConnection.call()) {
                listening = c;
                try (Statement s = c.createStatement()) {
                    for (String channel : listeners.keySet()) {
                        s.execute("listen " + channel);
                    }
                }
                listeners.values().forEach(Runnable::run);
                PGConnection pg = c.unwrap(PGConnection.class);
                while (claiming) {
                    PGNotification[] notes = pg.getNotifications(10_000);
                    if (notes != null && notes.length > 0) {
                        for (PGNotification note : notes) {
                            Runnable callback = listeners.get(note.getName());
                            if (callback != null) {
                                callback.run();
                            }
                        }
                    } else if (!c.isValid(2)) {
                        break;
                    }
                }
            } catch (Exception e) {
                if (claiming) {
                    log.debug("Not listening for notifications, polling goes on: {}", e.getMessage());
                    synchronized (listeners) {
                        try {
                            listeners.wait(1_000);
                        } catch (InterruptedException stop) {
                            return;
                        }
                    }
                }
            }
        }
    }

    private interface Chore {
        void run() throws SQLException;
    }

    private Runnable guarded(Chore chore) {
        return () -> {
            try {
                chore.run();
            } catch (SQLException e) {
                log.debug("Chore of the event log put off: {}", e.getSQLState());
            } catch (Exception | Error e) {
                // A chore that throws would never run again.
                log.warn("Chore of the event log failed", e);
            }
        };
    }

    /**
     * Begins the stop: nothing is claimed any more, what has not begun is given back, and from now on all subscriptions share one
     * drain timeout. They end side by side; one after the other, each would wait for the slow ones before it.
     */
    void quiesce() {
        if (drainUntil == 0) {
            drainUntil = System.nanoTime() + properties.drainTimeout().toNanos();
        }
        claiming = false;
        closing.countDown();
        wake.release();
        subscriptions.values().forEach(Subscription::stopClaiming);
    }

    /** Stops claiming, lets what is in flight end, gives the rest back. */
    void stopSubscription(Subscription subscription) {
        subscription.stopClaiming();
        long patience = drainUntil == 0
                ? properties.drainTimeout().toMillis()
                : Math.max(1, (drainUntil - System.nanoTime()) / 1_000_000);
        try {
            if (!subscription.awaitIdle(patience)) {
                log.warn(
                        "Subscription {} stopped with {} deliveries in flight; their leases will run out",
                        subscription.name,
                        subscription.inFlight());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        remove(subscription);
    }

    @Override
    public void close() {
        quiesce();
        try {
            // First, so that nothing is claimed after the last release.
            claimer.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (Subscription s : List.copyOf(subscriptions.values())) {
            stopSubscription(s);
        }
        running = false;
        synchronized (listeners) {
            listeners.notifyAll();
        }
        Connection c = listening;
        if (c != null) {
            try {
                c.abort(Runnable::run);
            } catch (SQLException e) {
                log.debug("Listening connection was already gone");
            }
        }
        clock.shutdownNow();
        try {
            finisher.join(10_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        workers.shutdown();
    }

    private static Thread daemon(String name, Runnable body) {
        Thread t = new Thread(body, name);
        t.setDaemon(true);
        return t;
    }

    private static ThreadFactory threads(String prefix) {
        AtomicInteger n = new AtomicInteger();
        return r -> daemon(prefix + "-" + n.incrementAndGet(), r);
    }
}
