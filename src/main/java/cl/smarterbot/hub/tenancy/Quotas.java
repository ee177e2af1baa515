package cl.smarterbot.hub.tenancy;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests a minute, by token buckets that all nodes share. A node takes tokens from the shared buckets in chunks and spends them
 * by itself; what it knows to be empty it refuses without asking. One thread asks for everybody, all buckets that wait in one
 * round trip. Tokens flow in database time; a node's own clock only measures how long an empty bucket stays so.
 *
 * <p>The database alone grants. What this node forgets, by eviction or restart, it asks for again and is told the truth: no flood
 * of other buckets makes one full. While the database is away nothing is counted and everything is let through.
 */
public final class Quotas implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Quotas.class);

    private static final String TAKE = "select bucket, granted, remaining, ms_wait from hub.rate_take(?, ?, ?, ?)";
    private static final int BUCKETS_A_ROUND = 500;
    private static final int LARGEST_SHARE = 10;
    private static final int SHARE_OF_REST = 4;
    private static final long REST_AFTER_FAILURE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final Duration RETIRE_EVERY = Duration.ofMinutes(1);
    /** A bucket that nobody takes from is full after a minute, and is dropped soon after. */
    private static final long FULL_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(70);

    private static final long LAPSE_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** A flood asks the database this often for each bucket and no oftener, however fast tokens flow. */
    private static final long LEAST_REFUSAL_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private static final long GROWTH_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int SMALL_LIMIT = 100;
    private static final int BURST_SHARE = 12;
    private static final int RETIRED_AT_ONCE = 10_000;
    private static final Duration FORGET = Duration.ofMinutes(2);

    /** What a bucket counts. */
    public enum Kind {
        /** A tenant as a whole. */
        TENANT("t:"),
        /** An API key. */
        KEY("k:"),
        /** A signed-in user of a tenant. */
        USER("u:"),
        /** A client address at one tenant. */
        ADDRESS("a:"),
        /** A client address that shows wrong credentials. */
        BAD_CREDENTIALS("b:");

        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }
    }

    /**
     * One request more in one bucket.
     *
     * @param kind what is counted
     * @param name which one; at most 150 characters
     * @param limit requests a minute, of all nodes together; 0 or less refuses all. As many may come at once up to 100, and of
     *     a larger limit what flows in five seconds
     */
    public record Ask(Kind kind, String name, int limit) {
        public Ask {
            Objects.requireNonNull(kind, "kind");
            Objects.requireNonNull(name, "name");
            limit = Math.max(0, limit);
        }

        private int burst() {
            return Math.max(Math.min(limit, SMALL_LIMIT), limit / BURST_SHARE);
        }
    }

    /**
     * Whether a request may go on, with the figures of the tightest of its buckets.
     *
     * @param allowed false if a bucket is used up
     * @param counted false if nothing could be counted; the figures then say nothing
     * @param limit requests a minute
     * @param remaining how many may come at once now, as far as this node knows; never negative
     * @param resetSeconds at least 1: of an allowed request the seconds until its bucket is full again, of a refused one those
     *     until it is worth another try
     */
    public record Verdict(boolean allowed, boolean counted, int limit, int remaining, int resetSeconds) {
        /** Let through without having been counted. */
        public static final Verdict UNCOUNTED = new Verdict(true, false, 0, 0, 0);
    }

    private static final class Bucket {
        private boolean known;
        private int limit;
        private int burst;
        /** Tokens that this node holds. */
        private int left;
        /** Tokens that the database held when it was asked, at {@code asked} of {@link System#nanoTime()}. */
        private int shared;

        private long asked;
        private boolean empty;
        /** Until when an empty bucket is not asked again. */
        private long closedUntil;

        private int chunk = 1;

        /** Whether what is known still counts: nobody is held to another limit than today's, and tokens do not keep for ever. */
        boolean current(long now, int wantedLimit) {
            return known && limit == wantedLimit && now - asked < LAPSE_NANOS;
        }

        boolean closed(long now) {
            return left == 0 && empty && closedUntil - now > 0;
        }

        int remaining() {
            return shared + left;
        }

        /** Tokens that the database holds by now if no other node took any. */
        int estimate(long now) {
            return (int) Math.min(burst, shared + (now - asked) * (double) limit / TimeUnit.MINUTES.toNanos(1));
        }

        int secondsUntilFull() {
            return seconds((long) ((double) Math.max(0, burst - remaining()) / limit * TimeUnit.MINUTES.toNanos(1)));
        }
    }

    private static final class Waiting {
        private final List<Ask> asks;
        /** Held here, because the cache may forget a new bucket before its first answer comes. */
        private final Bucket[] buckets;

        private final CompletableFuture<Verdict> verdict = new CompletableFuture<>();

        Waiting(List<Ask> asks, Bucket[] buckets) {
            this.asks = asks;
            this.buckets = buckets;
        }
    }

    /** Allowances to ask for. */
    private static final class Wanted {
        private final Ask ask;
        private final Bucket bucket;
        private int count;

        Wanted(Ask ask, Bucket bucket) {
            this.ask = ask;
            this.bucket = bucket;
        }
    }

    private final DataSource registry;
    private final Duration patience;
    private final long retireEveryNanos;
    private final Counter rounds;
    private final Counter uncounted;
    private final Counter refused;
    /** Tenants, keys, users: as many as the registry knows. Addresses, which anyone can have many of, cannot push them out. */
    private final Cache<String, Bucket> own;

    private final Cache<String, Bucket> addresses;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private final Thread taker = new Thread(this::run, "hub-quotas");
    private boolean running = true;
    private boolean away;
    private long awayUntil;
    private boolean asking;
    private long askingSince;
    private long retiredAt = System.nanoTime();
    private long askedAt = retiredAt;
    private boolean dirty;

    /**
     * @param registry connections of role {@code hub_registry}
     * @param patience longest wait for the database before a request is let through uncounted
     * @param remembered most client addresses to remember
     */
    public Quotas(DataSource registry, Duration patience, int remembered, MeterRegistry meters) {
        this(registry, patience, remembered, RETIRE_EVERY, meters);
    }

    Quotas(DataSource registry, Duration patience, int remembered, Duration retireEvery, MeterRegistry meters) {
        this.retireEveryNanos = retireEvery.toNanos();
        this.registry = Objects.requireNonNull(registry, "registry");
        this.patience = patience;
        this.own = cache(remembered);
        this.addresses = cache(remembered);
        this.rounds = Counter.builder("hub.quota.rounds")
                .description("Round trips to the shared counters")
                .register(meters);
        this.uncounted = Counter.builder("hub.quota.uncounted")
                .description("Requests let through uncounted because the database did not answer")
                .register(meters);
        this.refused = Counter.builder("hub.quota.refused")
                .description("Requests refused because a limit was used up")
                .register(meters);
        taker.setDaemon(true);
        taker.start();
    }

    private static Cache<String, Bucket> cache(int size) {
        return Caffeine.newBuilder()
                .maximumSize(size)
                .expireAfterAccess(FORGET)
                .executor(Runnable::run)
                .build();
    }

    /**
     * Counts one request in all buckets, or in none if one of them is used up. Never blocks and never fails: the stage is complete
     * at once unless the database has to be asked, and then after the constructor's patience at the latest.
     */
    public CompletionStage<Verdict> take(List<Ask> asks) {
        Waiting mine;
        synchronized (this) {
            Bucket[] buckets = new Bucket[asks.size()];
            for (int i = 0; i < buckets.length; i++) {
                buckets[i] = bucket(asks.get(i));
            }
            Verdict verdict = judge(asks, buckets, System.nanoTime());
            if (verdict != null) {
                return CompletableFuture.completedFuture(verdict);
            }
            if (!running || unavailable()) {
                uncounted.increment();
                return CompletableFuture.completedFuture(Verdict.UNCOUNTED);
            }
            mine = new Waiting(asks, buckets);
            waiting.add(mine);
            notifyAll();
        }
        mine.verdict.completeOnTimeout(Verdict.UNCOUNTED, patience.toNanos(), TimeUnit.NANOSECONDS);
        return mine.verdict;
    }

    /** While a failure is fresh or a round hangs, nobody waits for the next one. */
    private boolean unavailable() {
        long now = System.nanoTime();
        return away && awayUntil - now > 0 || asking && now - askingSince > patience.toNanos();
    }

    /** A verdict from what this node knows, or null if the database must be asked. */
    private Verdict judge(List<Ask> asks, Bucket[] buckets, long now) {
        boolean all = true;
        for (int i = 0; i < buckets.length; i++) {
            Bucket bucket = buckets[i];
            int limit = asks.get(i).limit();
            if (limit == 0 || bucket.current(now, limit) && bucket.closed(now)) {
                refused.increment();
                return new Verdict(false, true, limit, 0, limit == 0 ? 60 : seconds(bucket.closedUntil - now));
            }
            all &= bucket.current(now, limit) && bucket.left > 0;
        }
        if (!all) {
            return null;
        }
        Bucket tightest = null;
        for (Bucket bucket : buckets) {
            bucket.left--;
            if (tightest == null || bucket.remaining() < tightest.remaining()) {
                tightest = bucket;
            }
        }
        return tightest == null
                ? Verdict.UNCOUNTED
                : new Verdict(true, true, tightest.limit, tightest.remaining(), tightest.secondsUntilFull());
    }

    private static int seconds(long nanos) {
        return (int) Math.max(1, (nanos + 999_999_999L) / 1_000_000_000L);
    }

    private static String key(Ask ask) {
        return ask.kind().prefix + ask.name();
    }

    private Bucket bucket(Ask ask) {
        boolean address = ask.kind() == Kind.ADDRESS || ask.kind() == Kind.BAD_CREDENTIALS;
        return (address ? addresses : own).get(key(ask), k -> new Bucket());
    }

    private void run() {
        List<Waiting> group = new ArrayList<>();
        while (true) {
            Map<String, Wanted> wanted;
            boolean retire;
            synchronized (this) {
                asking = false;
                if (!awaitWork()) {
                    break;
                }
                wanted = gather(group);
                retire = dirty && System.nanoTime() - retiredAt > retireEveryNanos;
                askingSince = System.nanoTime();
                asking = retire || !wanted.isEmpty();
            }
            try {
                if (!wanted.isEmpty()) {
                    ask(wanted);
                }
                resolve(group);
                if (retire) {
                    retire();
                }
            } catch (Exception | Error e) {
                // Whatever it is, this thread goes on: without it every request to an unknown bucket would wait in
                // vain.
                fail(group, e);
            }
            group.clear();
        }
        fail(List.of(), null);
    }

    /** Waits until somebody waits; wakes for housekeeping as well. False at the end. */
    private boolean awaitWork() {
        try {
            while (running && waiting.isEmpty()) {
                if (dirty && System.nanoTime() - retiredAt > retireEveryNanos) {
                    return true;
                }
                wait(Math.max(1, TimeUnit.NANOSECONDS.toMillis(retireEveryNanos) / 30));
            }
        } catch (InterruptedException e) {
            running = false;
        }
        return running;
    }

    /** Takes over those who wait, and says how many allowances of each bucket to ask for. */
    private Map<String, Wanted> gather(List<Waiting> group) {
        long now = System.nanoTime();
        Map<String, Wanted> wanted = new LinkedHashMap<>();
        while (!waiting.isEmpty() && wanted.size() < BUCKETS_A_ROUND) {
            Waiting next = waiting.poll();
            group.add(next);
            if (next.verdict.isDone()) {
                continue;
            }
            for (int i = 0; i < next.buckets.length; i++) {
                Ask ask = next.asks.get(i);
                Bucket held = next.buckets[i];
                Wanted known = wanted.get(key(ask));
                if (known != null) {
                    next.buckets[i] = known.bucket;
                    known.count++;
                } else if (!held.current(now, ask.limit()) || held.left == 0 && !held.closed(now)) {
                    wanted.put(key(ask), new Wanted(ask, held));
                    wanted.get(key(ask)).count = 1;
                }
            }
        }
        wanted.values().forEach(w -> w.count = size(w, now));
        return wanted;
    }

    /** As many as wait, or a chunk if that is more; yet never more than a part of the rest, for the other nodes want some too. */
    private static int size(Wanted wanted, long now) {
        int limit = wanted.ask.limit();
        int rest = wanted.bucket.current(now, limit) ? wanted.bucket.estimate(now) : wanted.ask.burst();
        int share = Math.max(1, (rest + SHARE_OF_REST - 1) / SHARE_OF_REST);
        int most = Math.max(wanted.count, Math.min(wanted.bucket.chunk, largestChunk(wanted.ask)));
        return Math.min(share, most);
    }

    private static int largestChunk(Ask ask) {
        return Math.max(1, ask.burst() / LARGEST_SHARE);
    }

    private void ask(Map<String, Wanted> wanted) throws SQLException {
        String[] buckets = wanted.keySet().toArray(String[]::new);
        Integer[] counts = new Integer[buckets.length];
        Integer[] limits = new Integer[buckets.length];
        Integer[] bursts = new Integer[buckets.length];
        for (int i = 0; i < buckets.length; i++) {
            counts[i] = wanted.get(buckets[i]).count;
            limits[i] = wanted.get(buckets[i]).ask.limit();
            bursts[i] = wanted.get(buckets[i]).ask.burst();
        }
        try (Connection connection = registry.getConnection();
                PreparedStatement statement = connection.prepareStatement(TAKE)) {
            statement.setArray(1, connection.createArrayOf("text", buckets));
            statement.setArray(2, connection.createArrayOf("int4", counts));
            statement.setArray(3, connection.createArrayOf("int4", limits));
            statement.setArray(4, connection.createArrayOf("int4", bursts));
            // The database reads its clock after this: an empty bucket is asked again a moment early rather than late.
            long before = System.nanoTime();
            try (ResultSet rows = statement.executeQuery()) {
                rounds.increment();
                synchronized (this) {
                    away = false;
                    dirty = true;
                    askedAt = System.nanoTime();
                    while (rows.next()) {
                        granted(
                                wanted.get(rows.getString(1)),
                                rows.getInt(2),
                                rows.getInt(3),
                                before,
                                TimeUnit.MILLISECONDS.toNanos(rows.getInt(4)));
                    }
                }
            }
        }
    }

    private static void granted(Wanted wanted, int granted, int shared, long asked, long wait) {
        Bucket bucket = wanted.bucket;
        boolean current = bucket.current(asked, wanted.ask.limit());
        boolean busy = current && asked - bucket.asked < GROWTH_NANOS;
        bucket.known = true;
        bucket.limit = wanted.ask.limit();
        bucket.burst = wanted.ask.burst();
        bucket.left = granted + (current ? bucket.left : 0);
        bucket.shared = shared;
        bucket.asked = asked;
        bucket.empty = shared == 0;
        bucket.closedUntil = asked + Math.max(wait, LEAST_REFUSAL_NANOS);
        bucket.chunk = Math.min(largestChunk(wanted.ask), busy ? bucket.chunk * 2 : Math.max(2, bucket.chunk / 2));
    }

    private void resolve(List<Waiting> group) {
        List<Runnable> answers = new ArrayList<>(group.size());
        synchronized (this) {
            long now = System.nanoTime();
            for (Waiting w : group) {
                if (w.verdict.isDone()) {
                    uncounted.increment();
                    continue;
                }
                Verdict verdict = judge(w.asks, w.buckets, now);
                if (verdict == null) {
                    // Granted to those before it: asked again in the next round.
                    waiting.add(w);
                } else {
                    answers.add(() -> w.verdict.complete(verdict));
                }
            }
        }
        answers.forEach(Runnable::run);
    }

    private void fail(List<Waiting> group, Throwable e) {
        List<Waiting> open = new ArrayList<>(group);
        synchronized (this) {
            if (e != null && !away) {
                LOG.warn(
                        "Requests are let through uncounted until the shared counters answer again ({})",
                        e.getClass().getSimpleName());
                LOG.debug("Shared counters", e);
            }
            away = true;
            awayUntil = System.nanoTime() + REST_AFTER_FAILURE_NANOS;
            open.addAll(waiting);
            waiting.clear();
        }
        for (Waiting w : open) {
            uncounted.increment();
            w.verdict.complete(Verdict.UNCOUNTED);
        }
    }

    private void retire() throws SQLException {
        synchronized (this) {
            retiredAt = System.nanoTime();
        }
        try (Connection connection = registry.getConnection();
                PreparedStatement statement = connection.prepareStatement("select hub.rate_retire()");
                ResultSet row = statement.executeQuery()) {
            row.next();
            synchronized (this) {
                long now = System.nanoTime();
                if (row.getInt(1) >= RETIRED_AT_ONCE) {
                    // The rest goes soon, but those who wait for a counter come in between.
                    retiredAt = now - retireEveryNanos + TimeUnit.SECONDS.toNanos(1);
                }
                // What was taken from last must be full again before there is nothing left to do.
                dirty = row.getInt(1) > 0 || now - askedAt < 2 * FULL_AGAIN_NANOS;
            }
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            running = false;
            notifyAll();
        }
        taker.interrupt();
        try {
            taker.join(TimeUnit.SECONDS.toMillis(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
