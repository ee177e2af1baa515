package cl.smarterbot.hub.sandbox;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * One vendor's webhooks: sent in the background, to loopback addresses only, so that nothing a demo does leaves the
 * computer. Thread-safe; calls never wait.
 */
final class SandboxHooks implements AutoCloseable {
    private static final int MOST_AT_ONCE = 64;
    private static final int MOST_WAITING = 20_000;
    private static final int REMEMBERED = 200;
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|\\[::1]");

    /**
     * When to try again.
     *
     * @param pauses before the second attempt, the third and so on
     * @param on HTTP statuses that are tried again; 0 stands for no answer
     */
    record Retry(List<Duration> pauses, IntPredicate on) {
        static final Retry NEVER = new Retry(List.of(), status -> false);
    }

    /**
     * One webhook to send.
     *
     * @param event the vendor's word for it, to be shown
     * @param id the vendor's delivery id, the same over all attempts
     * @param body made in the background; the same bytes over all attempts
     * @param headers for an attempt at a time in Unix seconds, given the body
     * @param limit how long to wait for an answer
     * @param failed run once when the last attempt has failed
     */
    record Job(
            String event,
            String id,
            String url,
            Supplier<byte[]> body,
            Headers headers,
            Duration limit,
            Retry retry,
            Runnable failed) {}

    interface Headers {
        Map<String, String> at(long seconds, byte[] body);
    }

    private record Attempt(Job job, byte[] body, int number, long era) {}

    private final Clock clock;
    private final String agent;
    private final Deque<Attempt> waiting = new ArrayDeque<>();
    private final Deque<Map<String, Object>> outcomes = new ArrayDeque<>();
    private ScheduledExecutorService workers;
    private Vertx vertx;
    private HttpClient http;
    private int atOnce;
    private long era;
    private long done;
    private long lost;
    private boolean closed;

    SandboxHooks(Clock clock, String agent) {
        this.clock = clock;
        this.agent = agent;
    }

    /** Whether a webhook may go there. */
    static boolean loopback(String url) {
        try {
            URI uri = URI.create(url);
            return uri.getHost() != null
                    && LOOPBACK.matcher(uri.getHost()).matches()
                    && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    synchronized void send(Job job) {
        if (closed) {
            return;
        }
        if (!loopback(job.url())) {
            lost++;
            remember(job, 0, "not sent: only this computer's own addresses are");
        } else if (waiting.size() >= MOST_WAITING) {
            lost++;
            remember(job, 0, "not sent: too many are waiting");
        } else {
            waiting.add(new Attempt(job, null, 1, era));
            pump();
        }
    }

    private synchronized void pump() {
        while (!closed && atOnce < MOST_AT_ONCE && !waiting.isEmpty()) {
            if (workers == null) {
                workers = Executors.newScheduledThreadPool(2, task -> {
                    Thread thread = new Thread(task, "sandbox-webhooks");
                    thread.setDaemon(true);
                    return thread;
                });
                vertx = SandboxLoop.start();
                http = vertx.createHttpClient(
                        new HttpClientOptions()
                                .setProtocolVersion(HttpVersion.HTTP_1_1)
                                .setConnectTimeout(5_000)
                                .setKeepAliveTimeout(15),
                        new PoolOptions().setHttp1MaxSize(MOST_AT_ONCE));
            }
            atOnce++;
            Attempt next = waiting.poll();
            workers.execute(() -> attempt(next));
        }
    }

    private void attempt(Attempt attempt) {
        Job job = attempt.job();
        byte[] body = attempt.body();
        try {
            if (body == null) {
                body = job.body().get();
            }
            RequestOptions request = new RequestOptions()
                    .setAbsoluteURI(job.url())
                    .setMethod(HttpMethod.POST)
                    .setTimeout(job.limit().toMillis())
                    .addHeader("Content-Type", "application/json")
                    .addHeader("User-Agent", agent);
            job.headers().at(clock.instant().getEpochSecond(), body).forEach(request::addHeader);
            byte[] sent = body;
            http.request(request)
                    .compose(made -> made.send(Buffer.buffer(sent)))
                    .compose(answer -> answer.end().map(answer))
                    .map(HttpClientResponse::statusCode)
                    .onComplete(made -> finish(attempt, sent, made.succeeded() ? made.result() : 0, made.cause()));
        } catch (RuntimeException e) {
            finish(attempt, body, 0, e);
        }
    }

    private void finish(Attempt attempt, byte[] body, int status, Throwable error) {
        Job job = attempt.job();
        boolean right = status >= 200 && status < 300;
        boolean again = false;
        boolean current;
        synchronized (this) {
            atOnce--;
            current = attempt.era() == era && !closed;
            if (current) {
                again = !right
                        && attempt.number() <= job.retry().pauses().size()
                        && job.retry().on().test(status);
                if (again) {
                    Attempt next = new Attempt(job, body, attempt.number() + 1, era);
                    long pause = job.retry().pauses().get(attempt.number() - 1).toMillis();
                    workers.schedule(() -> later(next), pause, TimeUnit.MILLISECONDS);
                } else {
                    done += right ? 1 : 0;
                    lost += right ? 0 : 1;
                    remember(
                            job,
                            attempt.number(),
                            status != 0
                                    ? "answered " + status
                                    : "no answer: " + error.getClass().getSimpleName());
                }
            }
            pump();
        }
        if (current && !right && !again) {
            job.failed().run();
        }
    }

    private synchronized void later(Attempt attempt) {
        if (attempt.era() == era) {
            waiting.add(attempt);
            pump();
        }
    }

    private void remember(Job job, int attempts, String outcome) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", job.id());
        row.put("event", job.event());
        row.put("url", job.url());
        row.put("attempts", attempts);
        row.put("outcome", outcome);
        row.put("at", Instant.now(clock).toString());
        outcomes.add(row);
        if (outcomes.size() > REMEMBERED) {
            outcomes.remove();
        }
    }

    /** The last outcomes, oldest first. */
    synchronized List<Map<String, Object>> outcomes() {
        return new ArrayList<>(outcomes);
    }

    /** How many arrived, how many did not, how many are still under way. */
    synchronized Map<String, Object> stats() {
        Map<String, Object> stats = new LinkedHashMap<>();
        stats.put("delivered", done);
        stats.put("failed", lost);
        stats.put("waiting", waiting.size() + atOnce);
        return stats;
    }

    /** Forgets what waits and what was. */
    synchronized void clear() {
        era++;
        waiting.clear();
        outcomes.clear();
        done = 0;
        lost = 0;
    }

    @Override
    public synchronized void close() {
        closed = true;
        waiting.clear();
        if (workers != null) {
            workers.shutdownNow();
            vertx.close();
        }
    }
}
