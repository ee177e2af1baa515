package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestAnswer;
import cl.smarterbot.hub.rest.RestException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Waits for what a cloud bot says to one message. It looks from time to time; a webhook's report lets it look sooner. The turn is
 * over when something has come, nothing more for a moment, and a last look found nothing that a lost report left out.
 */
final class CloudTurn {
    private static final String LIST = "GET /{}/conversations/{}/messages";
    private static final int MOST_PAGES = 5;
    private static final long LONGEST_PAUSE = Duration.ofSeconds(2).toNanos();
    private static final long END_EARLY = Duration.ofMillis(20).toNanos();

    private record Said(Instant at, String text) {}

    private final CloudChat.Api api;
    private final Executor executor;
    private final Deadline deadline;
    private final long quiet;
    private final CompletableFuture<Map<String, Object>> result = new CompletableFuture<>();

    private final Set<String> seen = new HashSet<>();
    private final List<Said> said = new ArrayList<>();
    private JsonNode route = MissingNode.getInstance();
    private String mine;
    private Instant since;
    private long pause;
    private boolean heard;
    private long lastHeard;
    private boolean looking;
    private int looks;

    CloudTurn(CloudChat.Api api, Executor executor, TurnOptions options, Deadline deadline) {
        this.api = api;
        this.executor = executor;
        this.deadline = deadline;
        quiet = options.quiet().toNanos();
        pause = options.pollPause().toNanos();
    }

    /** Begins to wait for what follows the message that was just made. */
    CompletableFuture<Map<String, Object>> await(RestAnswer made) {
        JsonNode message = made.json().path("message");
        synchronized (this) {
            mine = message.path("id").asText("");
            since = instant(message);
            if (mine.isEmpty() || since == null) {
                return CompletableFuture.failedFuture(RestException.of(
                        BotpressConnection.SYSTEM,
                        RestException.Kind.GARBAGE,
                        "POST /{}/messages",
                        "the answer has no message with id and createdAt"));
            }
            lookLater(heard ? quiet : pause);
        }
        return result;
    }

    /** Takes a message that a webhook reported. @return whether it was new and a bot's */
    synchronized boolean reported(JsonNode message) {
        if (result.isDone() || !take(message)) {
            return false;
        }
        heardNow();
        return true;
    }

    /** Takes a routing result that came as an event of its own. @return whether it is one */
    synchronized boolean routed(JsonNode found) {
        if (result.isDone() || !found.isObject()) {
            return false;
        }
        route = found;
        heardNow();
        return true;
    }

    private void heardNow() {
        heard = true;
        lastHeard = System.nanoTime();
        if (mine != null && !looking) {
            lookLater(quiet);
        }
    }

    /** @return whether it is a bot's message that was not known */
    private boolean take(JsonNode message) {
        String id = message.path("id").asText("");
        boolean bot = message.path("isBot").isBoolean()
                ? message.path("isBot").booleanValue()
                : !message.path("userId").asText("").equals(api.id());
        if (id.isEmpty() || !bot || !seen.add(id)) {
            return false;
        }
        Instant at = instant(message);
        String text = ReplyText.of(message.path("payload"));
        JsonNode found = message.path("metadata").path("route");
        if (found.isObject()) {
            route = found;
        }
        if (!text.isEmpty()) {
            said.add(new Said(at == null ? Instant.MAX : at, text));
        }
        return !text.isEmpty() || found.isObject();
    }

    private static Instant instant(JsonNode message) {
        try {
            return Instant.parse(message.path("createdAt").asText(""));
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** The latest plan counts: an earlier one finds its number outdated. */
    private void lookLater(long nanos) {
        int number = ++looks;
        long within = Math.max(1, Math.min(nanos, deadline.nanosLeft() - END_EARLY));
        CompletableFuture.delayedExecutor(within, TimeUnit.NANOSECONDS, executor)
                .execute(() -> look(number));
    }

    private void look(int number) {
        synchronized (this) {
            if (number != looks || result.isDone()) {
                return;
            }
            if (deadline.nanosLeft() <= 2 * END_EARLY) {
                end(null);
                return;
            }
            looking = true;
        }
        page(null, 1);
    }

    private void page(String next, int number) {
        api.messages(next).whenComplete((answer, failure) -> {
            String more = null;
            synchronized (this) {
                if (failure == null) {
                    try {
                        more = number < MOST_PAGES ? read(answer) : null;
                    } catch (RestException e) {
                        looked(e);
                        return;
                    }
                }
                if (more == null) {
                    looked(failure == null ? null : V12Logins.cause(failure));
                    return;
                }
            }
            page(more, number + 1);
        });
    }

    /** @return token of a further page that may hold what follows our message; null if there is none */
    private String read(RestAnswer answer) {
        JsonNode messages = answer.json().path("messages");
        if (!messages.isArray()) {
            throw RestException.of(
                    BotpressConnection.SYSTEM, RestException.Kind.GARBAGE, LIST, "the answer has no messages");
        }
        boolean reachedMine = false;
        for (JsonNode message : messages) {
            reachedMine |= message.path("id").asText("").equals(mine);
            Instant at = instant(message);
            if (at != null && !at.isBefore(since) && take(message)) {
                heard = true;
                lastHeard = System.nanoTime();
            }
        }
        String next = answer.json().path("meta").path("nextToken").asText("");
        return reachedMine || next.isEmpty() ? null : next;
    }

    /** After a look: the end, or the next one. */
    private void looked(Throwable failure) {
        looking = false;
        if (result.isDone()) {
            return;
        }
        boolean lasting = failure != null && !(failure instanceof RestException e && e.isTransient());
        boolean complete = heard && System.nanoTime() - lastHeard >= quiet;
        if (complete || lasting || deadline.nanosLeft() <= 2 * END_EARLY) {
            end(failure);
            return;
        }
        long wait = heard ? Math.max(1, lastHeard + quiet - System.nanoTime()) : pause;
        pause = Math.min(pause + pause / 2, LONGEST_PAUSE);
        if (failure instanceof RestException e && e.retryAfter().isPresent()) {
            wait = Math.max(wait, e.retryAfter().get().toNanos());
        }
        lookLater(wait);
    }

    private void end(Throwable failure) {
        if (heard) {
            said.sort(Comparator.comparing(Said::at));
            Map<String, Object> found = Result.of(
                    route.path("intent").asText(""),
                    route.path("confidence"),
                    route.path("language").asText(""),
                    Result.slots(route.path("slots")),
                    List.of(),
                    said.stream().map(Said::text).toList(),
                    route.path("handoff").asBoolean(false),
                    "botpress-cloud");
            executor.execute(() -> result.complete(found));
        } else {
            Throwable why = failure != null ? failure : deadline.missed(LIST);
            executor.execute(() -> result.completeExceptionally(why));
        }
    }
}
