package cl.smarterbot.hub.event;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.Route;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.DefaultConsumer;

/** Runs a route once for each delivery of its subscription. */
final class EventConsumer extends DefaultConsumer {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LONGEST_REASON = 500;

    private final EventEndpoint endpoint;
    private final Subscription subscription;
    private String version;

    EventConsumer(EventEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
        this.endpoint = endpoint;
        this.subscription = new Subscription(
                endpoint.getSubscription(),
                endpoint.getType(),
                endpoint.retryPolicy(),
                endpoint.getConcurrency(),
                endpoint.getPerTenant(),
                this::run);
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        version = version(getRoute());
        subscription.resumeClaiming();
        endpoint.getComponent().runtime().engine().add(subscription);
    }

    @Override
    protected void doSuspend() throws Exception {
        endpoint.getComponent().runtime().engine().stopSubscription(subscription);
        super.doSuspend();
    }

    @Override
    protected void doResume() throws Exception {
        super.doResume();
        subscription.resumeClaiming();
        endpoint.getComponent().runtime().engine().add(subscription);
    }

    @Override
    protected void doStop() throws Exception {
        endpoint.getComponent().runtime().engine().stopSubscription(subscription);
        super.doStop();
    }

    private void run(Delivery delivery, Consumer<Outcome> report) {
        long start = System.nanoTime();
        if (delivery.body() == null) {
            report.accept(new Outcome(
                    delivery, "dead", "the payload is past its retention", 0, 0, version, List.of(), List.of(), null));
            return;
        }
        DeliveryScope scope = new DeliveryScope(delivery);
        Exchange exchange = createExchange(false);
        scope.attach(exchange);
        endpoint.getComponent().tenants().bind(exchange, delivery.tenant());
        fill(exchange.getMessage(), delivery);
        getAsyncProcessor().process(exchange, doneSync -> {
            int millis = (int) ((System.nanoTime() - start) / 1_000_000);
            Outcome outcome = outcome(scope, exchange.getException(), millis);
            releaseExchange(exchange, false);
            report.accept(outcome);
        });
    }

    private void fill(Message message, Delivery d) {
        message.setHeader(EventConstants.ID, d.eventId().toString());
        message.setHeader(EventConstants.TYPE, d.type());
        message.setHeader(EventConstants.TENANT, d.tenant());
        message.setHeader(EventConstants.KEY, d.key());
        message.setHeader(EventConstants.CORRELATION_ID, d.correlationId());
        message.setHeader(EventConstants.ATTEMPT, d.attempt());
        message.setHeader(EventConstants.REPLAY, d.replayOf() != null);
        message.setHeader(EventConstants.IDEMPOTENCY_KEY, d.tenant() + ":" + d.eventId() + ":" + subscription.name);
        message.setHeader(EventConstants.OCCURRED_AT, d.occurredAt().toString());
        if (d.traceparent() != null) {
            message.setHeader("traceparent", d.traceparent());
        }
        if (d.memo() != null) {
            message.setHeader(EventConstants.MEMO, d.memo());
        }
        Object body = d.body();
        if (d.contentType().startsWith("application/json")) {
            try {
                body = JSON.readValue(d.body(), Object.class);
            } catch (IOException e) {
                // Not JSON after all: the route gets the bytes as they came.
                body = d.body();
            }
        }
        message.setBody(body);
    }

    private Outcome outcome(DeliveryScope scope, Throwable failure, int millis) {
        Delivery d = scope.delivery();
        scope.end();
        List<Outcome.Sent> sent = scope.sent();
        String memo = scope.memo();
        if (failure == null) {
            return new Outcome(d, "done", null, 0, millis, version, scope.emitted(), sent, null);
        }
        EventPostponedException postponed = postponed(failure);
        if (postponed != null) {
            return new Outcome(
                    d, "postponed", null, postponed.pause().toMillis(), millis, version, List.of(), sent, memo);
        }
        FailureClassifier.Failure known = classify(failure);
        if (known != null && known.waits()) {
            return new Outcome(
                    d, "postponed", null, known.retryAfter().toMillis(), millis, version, List.of(), sent, memo);
        }
        boolean dead = known != null && known.permanent() || subscription.retry.exhausted(d.attempt());
        long delay = subscription
                .retry
                .delayAfter(d.attempt(), known == null ? null : known.retryAfter())
                .toMillis();
        String reason = oneLine(known != null ? known.reason() : describe(failure));
        return new Outcome(d, dead ? "dead" : "retry", reason, delay, millis, version, List.of(), sent, memo);
    }

    private static EventPostponedException postponed(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < 10; depth++, cause = cause.getCause()) {
            if (cause instanceof EventPostponedException postponed) {
                return postponed;
            }
        }
        return null;
    }

    private FailureClassifier.Failure classify(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < 10; depth++, cause = cause.getCause()) {
            FailureClassifier.Failure known = endpoint.getComponent().failures().classify(cause);
            if (known != null) {
                return known;
            }
        }
        return null;
    }

    /** The class alone: the text of an unknown exception may carry a body. */
    private static String describe(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        return root.getClass().getSimpleName();
    }

    private static String oneLine(String text) {
        String line = String.valueOf(text).replaceAll("\\p{Cntrl}+", " ").trim();
        return line.length() > LONGEST_REASON ? line.substring(0, LONGEST_REASON) : line;
    }

    /** Hash of the route's file, so that every delivery says which version ran. */
    private static String version(Route route) {
        Resource resource = route == null ? null : route.getSourceResource();
        if (resource == null || !resource.exists()) {
            return null;
        }
        try (InputStream in = resource.getInputStream()) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(in.readAllBytes());
            return HexFormat.of().formatHex(digest, 0, 6);
        } catch (IOException | NoSuchAlgorithmException e) {
            return null;
        }
    }
}
