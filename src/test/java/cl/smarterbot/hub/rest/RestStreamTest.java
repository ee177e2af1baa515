package cl.smarterbot.hub.rest;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.rest.RestException.Kind;
import cl.smarterbot.hub.sandbox.SandboxServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("An answer that is passed on while it comes")
class RestStreamTest {

    private static final int LIMIT = 4 << 20;
    private static final byte[] MANY = new byte[64 << 10];

    static {
        Arrays.fill(MANY, (byte) 'x');
    }

    private RawServer source;
    private SandboxServer vendor;
    private RestClient client;

    @BeforeEach
    void start() throws IOException {
        source = new RawServer(RawServer.json(200, "{}"));
        vendor = SandboxServer.start(0);
        client = new RestClient(
                AddressPolicy.allowing(List.of("127.0.0.0/8")),
                new RestLimits(Duration.ofSeconds(2), 2, 3, Duration.ofMinutes(1)));
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        vendor.close();
        source.close();
    }

    private RestCall.Builder get() {
        return RestCall.builder("Source", "76000012-4", "GET", source.url("/file"))
                .timeout(Duration.ofSeconds(10))
                .maxResponseBytes(LIMIT);
    }

    private RestCall upload(RestStream stream) {
        return RestCall.builder(
                        "Storage", "76000012-4", "POST", vendor.uri() + "/storage/v1/object/attachments/file.txt")
                .header("Authorization", "Bearer demo-storage")
                .header("x-upsert", "true")
                .body(stream, "text/plain")
                .timeout(Duration.ofSeconds(10))
                .build();
    }

    private RestException failure(java.util.concurrent.CompletableFuture<?> call) {
        try {
            throw new AssertionError("succeeded: " + call.join());
        } catch (CompletionException e) {
            return (RestException) e.getCause();
        }
    }

    private static byte[] chunk(byte[] bytes) {
        byte[] head = (Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(head, head.length + bytes.length + 2);
        System.arraycopy(bytes, 0, all, head.length, bytes.length);
        all[all.length - 2] = '\r';
        all[all.length - 1] = '\n';
        return all;
    }

    private static RawServer.Script chunks(int count) {
        return (request, out) -> {
            out.write(RawServer.head(200, -1, "text/plain", "Transfer-Encoding: chunked"));
            for (int i = 0; i < count; i++) {
                out.write(chunk(MANY));
            }
            out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return true;
        };
    }

    @Test
    @DisplayName("arrives whole, whether its length is announced or not, and both connections serve again")
    void whole() {
        byte[] text = new byte[1_000_003];
        for (int i = 0; i < text.length; i++) {
            text[i] = (byte) ('a' + i % 23);
        }
        source.script((request, out) -> {
            out.write(RawServer.head(200, text.length, "text/plain; charset=utf-8"));
            out.write(text);
            return true;
        });
        RestStream announced = client.open(get().build()).join();
        assertThat(announced.status()).isEqualTo(200);
        assertThat(announced.length()).isEqualTo(text.length);
        assertThat(announced.header("Content-Type")).startsWith("text/plain");
        client.send(upload(announced)).join();
        assertThat(announced.bytes()).isEqualTo(text.length);
        assertThat(vendor.storage().object("file.txt")).isEqualTo(text);

        source.script(chunks(5));
        RestStream counted = client.open(get().build()).join();
        assertThat(counted.length()).isEqualTo(-1);
        client.send(upload(counted)).join();
        assertThat(counted.bytes()).isEqualTo(5L * MANY.length);
        assertThat(vendor.storage().object("file.txt")).hasSize(5 * MANY.length);
        assertThat(source.connections()).isEqualTo(1);
    }

    @Test
    @DisplayName("may be empty")
    void empty() {
        source.script((request, out) -> {
            out.write(RawServer.head(200, 0, "text/plain"));
            return true;
        });
        client.send(upload(client.open(get().build()).join())).join();
        assertThat(vendor.storage().object("file.txt")).isEmpty();
    }

    @Test
    @DisplayName("is broken off where it passes the limit, and nothing of it is kept")
    void limit() {
        source.script(chunks(LIMIT / MANY.length + 1));
        RestException tooLarge =
                failure(client.send(upload(client.open(get().build()).join())));
        assertThat(tooLarge.kind()).isEqualTo(Kind.TOO_LARGE);
        assertThat(tooLarge.isTransient()).isFalse();
        assertThat(tooLarge.system()).isEqualTo("Source");
        source.script((request, out) -> {
            out.write(RawServer.head(200, LIMIT + 1, "text/plain"));
            return true;
        });
        assertThat(failure(client.open(get().build())).kind()).isEqualTo(Kind.TOO_LARGE);
        assertThat(vendor.storage().objects(Map.of())).isEmpty();
    }

    @Test
    @DisplayName("is read no faster than it is taken: what is on its way does not grow with the file")
    void pressure() throws Exception {
        AtomicLong written = new AtomicLong();
        long all = 256L << 20;
        source.script((request, out) -> {
            out.write(RawServer.head(200, -1, "text/plain", "Transfer-Encoding: chunked"));
            while (written.get() < all) {
                out.write(chunk(MANY));
                written.addAndGet(MANY.length);
            }
            return true;
        });
        CountDownLatch over = new CountDownLatch(1);
        try (RawServer deaf = new RawServer((request, out) -> over.await(30, TimeUnit.SECONDS))) {
            RestStream stream = client.open(
                            get().maxResponseBytes(Integer.MAX_VALUE).build())
                    .join();
            // Of a chunked request this server reads the head alone.
            RestCall call = RestCall.builder("Sink", "76000012-4", "POST", deaf.url("/"))
                    .body(stream, "text/plain")
                    .timeout(Duration.ofSeconds(2))
                    .build();
            assertThat(failure(client.send(call)).kind()).isEqualTo(Kind.TIMEOUT);
            assertThat(written.get()).isLessThan(all / 4);
            over.countDown();
        }
    }

    @Test
    @DisplayName("that ends early fails the call that it was given to, not the health of its destination")
    void truncated() {
        source.script((request, out) -> {
            out.write(RawServer.head(200, 1000, "text/plain"));
            out.write(new byte[500]);
            return false;
        });
        for (int i = 0; i < 12; i++) {
            int lane = i;
            RestException broken = failure(
                    client.open(get().lane("lane-" + lane).build()).thenCompose(cut -> client.send(upload(cut))));
            assertThat(broken.kind()).isEqualTo(Kind.UNREACHABLE);
            assertThat(broken.system()).isEqualTo("Source");
        }
        assertThat(vendor.storage().objects(Map.of())).isEmpty();
        source.script(chunks(1));
        client.send(upload(client.open(get().lane("whole").build()).join())).join();
        assertThat(vendor.storage().objects(Map.of())).hasSize(1);
    }

    @Test
    @DisplayName("is given up when its destination refuses it, and its connection with it")
    void refused() throws Exception {
        CountDownLatch gone = new CountDownLatch(1);
        source.script((request, out) -> {
            out.write(RawServer.head(200, -1, "text/plain", "Transfer-Encoding: chunked"));
            try {
                while (true) {
                    out.write(chunk(MANY));
                    out.flush();
                }
            } catch (IOException e) {
                gone.countDown();
                throw e;
            }
        });
        try (RawServer rude = new RawServer(RawServer.json(400, "{\"message\":\"no\"}"))) {
            RestStream stream = client.open(
                            get().maxResponseBytes(Integer.MAX_VALUE).build())
                    .join();
            RestCall call = RestCall.builder("Sink", "76000012-4", "POST", rude.url("/"))
                    .body(stream, "text/plain")
                    .timeout(Duration.ofSeconds(10))
                    .build();
            assertThat(failure(client.send(call)).kind()).isEqualTo(Kind.REFUSED);
            assertThat(gone.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    @DisplayName("takes no place from the calls of another lane to the same server")
    void lanes() {
        source.script(chunks(5));
        for (int i = 0; i < 2; i++) {
            client.open(get().lane("files").build()).join();
        }
        source.script(RawServer.json(200, "{}"));
        RestException waited = failure(
                client.open(get().lane("files").timeout(Duration.ofMillis(300)).build()));
        assertThat(waited.kind()).isEqualTo(Kind.OVERLOADED);
        assertThat(client.send(get().build()).join().status()).isEqualTo(200);
    }

    @Test
    @DisplayName("is refused, redirected or missing as any other answer")
    void statuses() {
        source.script(RawServer.json(302, "", "Location: http://127.0.0.1/elsewhere"));
        RestException redirect = failure(client.open(get().build()));
        assertThat(redirect.kind()).isEqualTo(Kind.REDIRECT);
        assertThat(redirect.answer().orElseThrow().header("location")).isEqualTo("http://127.0.0.1/elsewhere");
        source.script(RawServer.json(404, "{}"));
        assertThat(failure(client.open(get().build())).kind()).isEqualTo(Kind.NOT_FOUND);
    }

    @Test
    @DisplayName("from a place that another system names comes from public addresses only")
    void publicOnly() {
        assertThat(failure(client.open(get().publicAddressesOnly().build())).kind())
                .isEqualTo(Kind.FORBIDDEN_ADDRESS);
        assertThat(source.requests()).isEmpty();
    }
}
