package cl.smarterbot.hub.rest;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;

/**
 * A successful answer whose body is still to come: it is handed on part by part to another call, and never whole in memory. Whoever
 * has one gives it to a call or cancels it; until then the time-out of its own call runs. Its text is another system's.
 */
public final class RestStream {

    /** Where the parts go. Called on the event loop of the call that reads. */
    interface Sink {
        /** One part; the next comes after {@link RestStream#more()}. */
        void part(Buffer part);

        void end();

        void failed(RestException why);
    }

    private final RestAnswer head;
    private final Exchange exchange;
    private final Context context;
    private final HttpClientResponse response;
    private final long length;
    private final long most;

    /** How many bytes have come; written by the reading event loop only. */
    private volatile long bytes;

    private Sink sink;
    private boolean ended;
    private RestException failure;

    RestStream(
            RestAnswer head, Exchange exchange, Context context, HttpClientResponse response, long length, long most) {
        this.head = head;
        this.exchange = exchange;
        this.context = context;
        this.response = response;
        this.length = length;
        this.most = most;
    }

    /** The HTTP status, 200 to 299. */
    public int status() {
        return head.status();
    }

    /** The first value of a header, its name in any case; null if there is none. */
    public String header(String name) {
        return head.header(name);
    }

    /** Bytes of the body as the answer announces them; -1 if it does not. */
    public long length() {
        return length;
    }

    /** Bytes of the body that have come so far; all of them once the call that it was given to has succeeded. */
    public long bytes() {
        return bytes;
    }

    /** Breaks the answer off, if it has not ended. */
    public void cancel() {
        context.runOnContext(nothing -> exchange.giveUp());
    }

    /** Begins to hand over, to the one sink there is. */
    void flow(Sink to) {
        context.runOnContext(nothing -> {
            if (sink != null) {
                to.failed(RestException.of(
                        exchange.system(), RestException.Kind.BAD_CALL, exchange.place(), "the answer was used up"));
                return;
            }
            sink = to;
            if (failure != null) {
                to.failed(failure);
            } else if (ended) {
                to.end();
            } else {
                response.fetch(1);
            }
        });
    }

    /** Asks for the next part. From any thread. */
    void more() {
        context.runOnContext(nothing -> {
            if (!ended && failure == null) {
                response.fetch(1);
            }
        });
    }

    /** Takes in what has come. On the reading event loop. */
    void came(Buffer part) {
        bytes += part.length();
        if (bytes > most) {
            exchange.tooLarge();
            return;
        }
        sink.part(part);
        if (bytes == length) {
            // The reader has all: it may have its answer before this answer's end has been looked at.
            complete();
            response.fetch(1);
        }
    }

    /** That all has come. On the reading event loop. */
    void complete() {
        if (ended) {
            return;
        }
        ended = true;
        if (sink != null) {
            sink.end();
        }
    }

    /** Whether all has come. On the reading event loop. */
    boolean ended() {
        return ended;
    }

    void fail(RestException why) {
        if (ended || failure != null) {
            return;
        }
        failure = why;
        if (sink != null) {
            sink.failed(why);
        }
    }
}
