package cl.smarterbot.hub.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Takes webhooks: answers 200, or the statuses it was told to, in their order. */
final class HookReceiver implements AutoCloseable {
    record Hook(Headers headers, byte[] body, Map<?, ?> json) {
        String header(String name) {
            return headers.getFirst(name);
        }
    }

    private final HttpServer http;
    private final BlockingQueue<Hook> received = new LinkedBlockingQueue<>();
    private final Queue<Integer> statuses = new ConcurrentLinkedQueue<>();
    private volatile CompletableFuture<Void> held = CompletableFuture.completedFuture(null);

    HookReceiver() throws IOException {
        http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        http.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            received.add(new Hook(exchange.getRequestHeaders(), body, new ObjectMapper().readValue(body, Map.class)));
            held.join();
            Integer status = statuses.poll();
            exchange.sendResponseHeaders(status == null ? 200 : status, -1);
            exchange.close();
        });
        http.start();
    }

    /** Answers nothing until released. */
    HookReceiver hold() {
        held = new CompletableFuture<>();
        return this;
    }

    void release() {
        held.complete(null);
    }

    HookReceiver answer(int... inTurn) {
        for (int status : inTurn) {
            statuses.add(status);
        }
        return this;
    }

    String url() {
        return "http://127.0.0.1:" + http.getAddress().getPort() + "/hook";
    }

    Hook next() {
        try {
            Hook hook = received.poll(20, TimeUnit.SECONDS);
            assertThat(hook).as("a webhook").isNotNull();
            return hook;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The next one of that name, whatever comes before it. */
    Hook next(String event) {
        Hook hook = next();
        while (!event.equals(hook.json().get("event"))
                && !event.equals(hook.json().get("type"))) {
            hook = next();
        }
        return hook;
    }

    @Override
    public void close() {
        release();
        http.stop(0);
    }
}
