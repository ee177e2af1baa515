package cl.smarterbot.hub.resend;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * One queue for all who send with one Resend account, on all nodes: the account's limit is for its whole team. Slots are
 * reserved in the database, a few at a time when many wait. Nobody holds a thread while waiting; who would wait longer than a
 * minute is sent away instead.
 */
public final class MailPace implements AutoCloseable {

    private static final long LONGEST_WAIT_MS = 60_000;
    private static final int MOST_AT_ONCE = 16;

    private final JdbcTemplate jdbc;
    private final double perSecond;
    private final Executor blocking;
    private final Map<String, Line> lines = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer;

    /**
     * @param database connections that may call {@code hub.mail_slots}
     * @param perSecond mails a second until an account's answers say otherwise; 0 for no limit at all
     * @param blocking where to wait for the database, and where those continue whose turn it is
     */
    public MailPace(DataSource database, double perSecond, Executor blocking) {
        this.jdbc = new JdbcTemplate(database);
        this.perSecond = perSecond;
        this.blocking = blocking;
        ScheduledThreadPoolExecutor pool = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "hub-mail-pace");
            thread.setDaemon(true);
            return thread;
        });
        this.timer = pool;
    }

    /** What waits for one account on this node. */
    private final class Line {
        private final byte[] keyHash;
        private final Queue<CompletableFuture<Void>> waiting = new ArrayDeque<>();
        private double rate = perSecond;
        private long notBeforeNanos = System.nanoTime();
        private boolean asking;

        Line(byte[] keyHash) {
            this.keyHash = keyHash;
        }

        CompletableFuture<Void> join() {
            CompletableFuture<Void> turn = new CompletableFuture<>();
            synchronized (this) {
                waiting.add(turn);
            }
            ask();
            return turn;
        }

        synchronized void learn(double limit) {
            rate = limit;
        }

        synchronized void hold(Duration pause) {
            notBeforeNanos = Math.max(notBeforeNanos, System.nanoTime() + pause.toNanos());
        }

        private void ask() {
            int count;
            double pace;
            long notBefore;
            synchronized (this) {
                if (asking || waiting.isEmpty()) {
                    return;
                }
                asking = true;
                // What one second holds is enough to hide the database, and little enough to be fair to the other
                // nodes.
                count = Math.min(waiting.size(), Math.max(1, Math.min(MOST_AT_ONCE, (int) rate)));
                pace = rate;
                notBefore = Math.max(0, TimeUnit.NANOSECONDS.toMillis(notBeforeNanos - System.nanoTime()));
            }
            blocking.execute(() -> reserve(count, pace, notBefore));
        }

        private void reserve(int count, double pace, long notBefore) {
            long wait = 0;
            RuntimeException failure = null;
            try {
                Long answer = jdbc.queryForObject(
                        "select hub.mail_slots(?, ?, ?, ?, ?)",
                        Long.class,
                        keyHash,
                        pace,
                        count,
                        notBefore,
                        LONGEST_WAIT_MS);
                wait = answer == null ? 0 : Math.max(0, answer);
            } catch (RuntimeException e) {
                failure = e;
            }
            boolean full = failure == null && wait > LONGEST_WAIT_MS;
            List<CompletableFuture<Void>> served = new ArrayList<>();
            synchronized (this) {
                // Those who came later would wait even longer.
                int leave = full || failure != null ? waiting.size() : count;
                for (int i = 0; i < leave; i++) {
                    served.add(waiting.remove());
                }
                asking = false;
            }
            for (int i = 0; i < served.size(); i++) {
                CompletableFuture<Void> turn = served.get(i);
                if (failure != null) {
                    turn.completeExceptionally(failure);
                } else if (full) {
                    // Not all at the same moment.
                    long spread = ThreadLocalRandom.current().nextLong(LONGEST_WAIT_MS / 2);
                    turn.completeExceptionally(ResendException.notYet(Duration.ofMillis(wait + spread)));
                } else {
                    long at = wait + Math.round(i * 1_000 / pace);
                    if (at == 0) {
                        turn.complete(null);
                    } else {
                        timer.schedule(() -> blocking.execute(() -> turn.complete(null)), at, TimeUnit.MILLISECONDS);
                    }
                }
            }
            ask();
        }
    }

    /** The turn of the next mail of an account; fails with a {@link ResendException} if that is too far away. */
    CompletableFuture<Void> take(String apiKey) {
        return perSecond == 0
                ? CompletableFuture.completedFuture(null)
                : line(apiKey).join();
    }

    /** What an answer of the account said its limit is. */
    void learn(String apiKey, double limit) {
        if (perSecond > 0 && limit >= 0.1 && limit <= 1_000) {
            line(apiKey).learn(limit);
        }
    }

    /** The account wants a pause. */
    void hold(String apiKey, Duration pause) {
        if (perSecond > 0) {
            line(apiKey).hold(pause);
        }
    }

    private Line line(String apiKey) {
        byte[] hash = sha256("resend " + apiKey);
        return lines.computeIfAbsent(HexFormat.of().formatHex(hash), name -> new Line(hash));
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is in every Java", e);
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
