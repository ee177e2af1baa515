package cl.smarterbot.hub.odoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class MisbehavingServerTest {
    private static final Duration TIMEOUT = Duration.ofMillis(700);
    private static final OdooCall COUNT =
            new OdooCall("res.partner", "search_count", null, List.of(), Map.of(), Map.of());

    private final OdooClient client = new OdooClient();
    private final FakeOdoo odoo = new FakeOdoo();

    @AfterEach
    void stop() {
        client.close();
        odoo.close();
    }

    private static CallLimits limits(Duration breakerOpenTime) {
        return new CallLimits(Duration.ofMillis(500), TIMEOUT, 64 * 1024, 8, 4, breakerOpenTime);
    }

    private static final CallLimits LIMITS = limits(Duration.ofMinutes(1));

    private OdooException failure(OdooConnection connection) {
        return failure(client.call(connection, COUNT, LIMITS));
    }

    private static OdooException failure(CompletableFuture<?> call) {
        Throwable failure = Failures.unwrap(catchThrowable(() -> call.get(20, TimeUnit.SECONDS)));
        assertThat(failure).isInstanceOf(OdooException.class);
        return (OdooException) failure;
    }

    private static OdooConnection to(String url) {
        return new OdooConnection(url, "d", "u", "s", 1L, "hub", OdooTransport.XMLRPC);
    }

    /** What a raw server does with one connection after it has read the request. */
    private interface Behaviour {
        void answer(Socket socket, OutputStream out) throws IOException;
    }

    private static final class RawServer implements AutoCloseable {
        private final ServerSocket socket;
        private final List<Socket> open = new CopyOnWriteArrayList<>();
        private final AtomicBoolean cut = new AtomicBoolean();
        private final AtomicLong sent = new AtomicLong();

        RawServer(Behaviour behaviour) throws IOException {
            socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            daemon(() -> {
                while (!socket.isClosed()) {
                    Socket client = socket.accept();
                    open.add(client);
                    daemon(() -> {
                        try (client) {
                            readRequest(client);
                            behaviour.answer(client, new Counting(client.getOutputStream()));
                        } catch (IOException e) {
                            cut.set(true);
                        }
                    });
                }
            });
        }

        private interface Work {
            void run() throws IOException;
        }

        private static void daemon(Work work) {
            Thread thread = new Thread(() -> {
                try {
                    work.run();
                } catch (IOException e) {
                    // The test is over.
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        private static void readRequest(Socket client) throws IOException {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1));
            int length = 0;
            for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
                    length = Integer.parseInt(line.substring(15).trim());
                }
            }
            for (int i = 0; i < length; i++) {
                in.read();
            }
        }

        private final class Counting extends OutputStream {
            private final OutputStream out;

            Counting(OutputStream out) {
                this.out = out;
            }

            @Override
            public void write(int b) throws IOException {
                out.write(b);
                sent.incrementAndGet();
            }

            @Override
            public void write(byte[] b, int from, int length) throws IOException {
                out.write(b, from, length);
                sent.addAndGet(length);
            }

            @Override
            public void flush() throws IOException {
                out.flush();
            }
        }

        OdooConnection connection() {
            return to("http://127.0.0.1:" + socket.getLocalPort());
        }

        @Override
        public void close() throws IOException {
            socket.close();
            for (Socket client : open) {
                client.close();
            }
        }
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    @Test
    @DisplayName("Refused connection: transient")
    void refused() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        OdooException failure = failure(to("http://127.0.0.1:" + port));
        assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
        assertThat(failure.isTransient()).isTrue();
    }

    @Test
    @DisplayName("Accepts and never answers: cut at the total time-out, connection given back")
    void silent() throws IOException {
        CountDownLatch end = new CountDownLatch(1);
        try (RawServer server = new RawServer((socket, out) -> {
            if (socket.getInputStream().read() < 0) {
                end.countDown();
            }
        })) {
            long start = System.nanoTime();
            OdooException failure = failure(server.connection());
            assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(failure.isTransient()).isTrue();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(TIMEOUT, TIMEOUT.plusSeconds(3));
            Awaitility.await().until(() -> end.getCount() == 0);
        }
    }

    @Test
    @DisplayName("Drips bytes for ever: cut at the total time-out, connection given back")
    void drips() throws IOException {
        CountDownLatch pause = new CountDownLatch(1);
        try (RawServer server = new RawServer((socket, out) -> {
            write(out, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 60000\r\n\r\n");
            while (true) {
                write(out, " ");
                try {
                    pause.await(50, TimeUnit.MILLISECONDS);
                } catch (InterruptedException e) {
                    return;
                }
            }
        })) {
            long start = System.nanoTime();
            OdooException failure = failure(server.connection());
            assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(TIMEOUT, TIMEOUT.plusSeconds(3));
            Awaitility.await().untilTrue(server.cut);
        }
    }

    @Test
    @DisplayName("Drips header bytes for ever: cut at the total time-out")
    void dripsHeaders() throws IOException {
        CountDownLatch pause = new CountDownLatch(1);
        try (RawServer server = new RawServer((socket, out) -> {
            write(out, "HTTP/1.1 200 OK\r\nX-A: ");
            while (true) {
                write(out, "a");
                try {
                    pause.await(50, TimeUnit.MILLISECONDS);
                } catch (InterruptedException e) {
                    return;
                }
            }
        })) {
            assertThat(failure(server.connection()).kind()).isEqualTo(Kind.UNAVAILABLE);
            Awaitility.await().untilTrue(server.cut);
        }
    }

    @Test
    @DisplayName("Closes in the middle of the body: transient, with and without a length")
    void closesMidBody() throws IOException {
        for (String head : List.of("Content-Length: 500\r\n", "Transfer-Encoding: chunked\r\n", "")) {
            try (RawServer server = new RawServer((socket, out) -> write(
                    out,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n" + head + "\r\n"
                            + (head.startsWith("T") ? "50\r\n" : "") + "<?xml version='1.0'?><methodResponse>"))) {
                OdooException failure = failure(server.connection());
                assertThat(failure.kind()).isIn(Kind.UNAVAILABLE, Kind.PROTOCOL);
                assertThat(failure.isTransient()).isTrue();
            }
        }
    }

    @Test
    @DisplayName("Closes without a byte: transient")
    void closesAtOnce() throws IOException {
        try (RawServer server = new RawServer((socket, out) -> {})) {
            OdooException failure = failure(server.connection());
            assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(failure.isTransient()).isTrue();
        }
    }

    @Test
    @DisplayName("Sends 100 MB: reading stops near the limit, announced or not")
    void hugeAnswer() throws IOException {
        byte[] block = new byte[64 * 1024];
        for (String head : List.of("Content-Length: 104857600\r\n", "")) {
            try (RawServer server = new RawServer((socket, out) -> {
                write(out, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n" + head + "\r\n");
                for (int i = 0; i < 1600; i++) {
                    out.write(block, 0, block.length);
                }
            })) {
                OdooException failure = failure(server.connection());
                assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
                assertThat(failure.isTransient()).isFalse();
                assertThat(failure.getMessage()).contains("65536");
                Awaitility.await().untilTrue(server.cut);
                assertThat(server.sent.get()).isLessThan(20L * 1024 * 1024);
            }
        }
    }

    @Test
    @DisplayName("Answers that are not HTTP are transient")
    void noHttp() throws IOException {
        try (RawServer server = new RawServer((socket, out) -> write(out, "SSH-2.0-OpenSSH_9.2\r\n"))) {
            assertThat(failure(server.connection()).isTransient()).isTrue();
        }
    }

    @Test
    @DisplayName("A certificate that nobody vouches for is refused, and the message says that TLS failed")
    void selfSigned(@TempDir Path directory) throws Exception {
        Path store = directory.resolve("self.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "a",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        "changeit",
                        "-keystore",
                        store.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(keytool.waitFor()).isZero();
        KeyStore keys = KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "changeit".toCharArray());
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(managers.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        AtomicBoolean reached = new AtomicBoolean();
        server.createContext("/", exchange -> reached.set(true));
        server.start();
        try {
            CallLimits patient =
                    new CallLimits(Duration.ofSeconds(5), Duration.ofSeconds(10), 65536, 8, 4, Duration.ofMinutes(1));
            OdooException failure = failure(
                    client.call(to("https://localhost:" + server.getAddress().getPort()), COUNT, patient));
            assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(failure.getMessage()).contains("TLS failed");
            assertThat(reached).isFalse();
        } finally {
            server.stop(0);
        }
    }

    private OdooException answering(FakeOdoo.Http answer) {
        odoo.onRequest = path -> answer;
        return failure(odoo.connection(OdooTransport.XMLRPC));
    }

    @Test
    @DisplayName("500 and 503 with Retry-After are transient and carry the pause")
    void serverErrors() {
        assertThat(answering(new FakeOdoo.Http(500, "text/html", "<html>x</html>", Map.of()))
                        .isTransient())
                .isTrue();
        OdooException busy = answering(new FakeOdoo.Http(503, "text/plain", "busy", Map.of("Retry-After", "7200")));
        assertThat(busy.kind()).isEqualTo(Kind.UNAVAILABLE);
        assertThat(busy.retryAfter()).contains(Duration.ofHours(1));
    }

    @Test
    @DisplayName("A redirect is not followed and is permanent")
    void redirect() {
        try (FakeOdoo trap = new FakeOdoo()) {
            for (int status : new int[] {301, 302, 307}) {
                OdooException failure = answering(new FakeOdoo.Http(
                        status, "text/plain", "", Map.of("Location", trap.url() + "/xmlrpc/2/common")));
                assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
                assertThat(failure.isTransient()).isFalse();
            }
            assertThat(trap.paths).isEmpty();
        }
    }

    @Test
    @DisplayName("A web page with status 200 and an empty body are transient protocol errors on both transports")
    void pageAndEmpty() {
        for (OdooTransport transport : List.of(OdooTransport.XMLRPC, OdooTransport.JSON2)) {
            for (String body : List.of("<!DOCTYPE html><html>maintenance</html>", "")) {
                odoo.onRequest = path -> new FakeOdoo.Http(200, "text/html", body, Map.of());
                OdooException failure = failure(odoo.connection(transport));
                assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
                assertThat(failure.isTransient()).isTrue();
            }
        }
    }

    @Test
    @DisplayName("Truncated JSON and nonsense instead of JSON are worth another try")
    void badJson() {
        odoo.onRequest = path -> new FakeOdoo.Http(200, "application/json", "[{\"id\": 1, ", Map.of());
        assertThat(failure(odoo.connection(OdooTransport.JSON2)).isTransient()).isTrue();
        odoo.onRequest = path -> new FakeOdoo.Http(200, "application/json", "nonsense", Map.of());
        assertThat(failure(odoo.connection(OdooTransport.JSON2)).isTransient()).isTrue();
        odoo.onRequest = path -> new FakeOdoo.Http(200, "application/json", "[".repeat(20_000), Map.of());
        assertThat(failure(odoo.connection(OdooTransport.JSON2)).kind()).isEqualTo(Kind.PROTOCOL);
    }

    @Test
    @DisplayName("A DOCTYPE in an answer is a permanent protocol error")
    void doctype() {
        OdooException failure = answering(new FakeOdoo.Http(
                200, "text/xml", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><methodResponse/>", Map.of()));
        assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
        assertThat(failure.isTransient()).isFalse();
    }

    @Test
    @DisplayName("The breaker opens after repeated silence, spares the server, and closes again by itself")
    void breaker() {
        CallLimits limits = limits(Duration.ofMillis(300));
        OdooConnection connection = odoo.connection(OdooTransport.XMLRPC);
        odoo.onRequest = path -> new FakeOdoo.Http(503, "text/plain", "", Map.of());
        for (int i = 0; i < 10; i++) {
            assertThat(failure(client.call(connection, COUNT, limits)).kind()).isEqualTo(Kind.UNAVAILABLE);
        }
        int asked = odoo.paths.size();
        OdooException open = failure(client.call(connection, COUNT, limits));
        assertThat(open.kind()).isEqualTo(Kind.CIRCUIT_OPEN);
        assertThat(open.isTransient()).isTrue();
        assertThat(odoo.paths).hasSize(asked);
        odoo.onRequest = path -> null;
        odoo.onCall = call -> 4L;
        Awaitility.await().ignoreExceptions().untilAsserted(() -> assertThat(
                        client.call(connection, COUNT, limits).get())
                .isEqualTo(4L));
    }

    @Test
    @DisplayName("Refusals by a healthy server never open the breaker")
    void refusalsAreHealthy() {
        odoo.onCall = call -> new FakeOdoo.Fault(2, "not valid");
        OdooConnection connection = odoo.connection(OdooTransport.XMLRPC);
        for (int i = 0; i < 30; i++) {
            assertThat(failure(client.call(connection, COUNT, LIMITS)).kind()).isEqualTo(Kind.VALIDATION);
        }
    }

    @Test
    @DisplayName("A breaker that is open for one company leaves the other company of the server alone")
    void breakerPerCompany() {
        OdooConnection sick = odoo.connection(OdooTransport.XMLRPC);
        OdooConnection well = new OdooConnection(
                sick.url(), sick.db(), sick.user(), sick.secret(), 2L, "hub_t2", OdooTransport.XMLRPC);
        odoo.onRequest = path -> new FakeOdoo.Http(503, "text/plain", "", Map.of());
        IntStream.range(0, 10).forEach(i -> failure(sick));
        assertThat(failure(sick).kind()).isEqualTo(Kind.CIRCUIT_OPEN);
        odoo.onRequest = path -> null;
        odoo.onCall = call -> 1L;
        assertThat(client.call(well, COUNT, LIMITS).join()).isEqualTo(1L);
    }

    @Test
    @DisplayName("A breaker that is open for one tenant leaves another tenant without a company of its own alone")
    void breakerPerTenant() {
        OdooConnection sick = new OdooConnection(
                odoo.url(), FakeOdoo.DB, FakeOdoo.USER, FakeOdoo.SECRET, null, "hub_t1", OdooTransport.XMLRPC);
        OdooConnection well = new OdooConnection(
                odoo.url(), FakeOdoo.DB, FakeOdoo.USER, FakeOdoo.SECRET, null, "hub_t2", OdooTransport.XMLRPC);
        odoo.onRequest = path -> new FakeOdoo.Http(503, "text/plain", "", Map.of());
        IntStream.range(0, 10).forEach(i -> failure(sick));
        assertThat(failure(sick).kind()).isEqualTo(Kind.CIRCUIT_OPEN);
        odoo.onRequest = path -> null;
        odoo.onCall = call -> call.model().equals("res.users") ? List.of(Map.of("id", 7L, "company_id", 1L)) : 1L;
        assertThat(client.call(well, COUNT, LIMITS).join()).isEqualTo(1L);
    }

    @Test
    @DisplayName(
            "A connection without a company asks once for the user's own and names it in every call, on both transports")
    void ownCompany() {
        odoo.onCall = call -> switch (call.method()) {
            case "context_get" -> Map.of("uid", 7L);
            case "read" -> List.of(Map.of("id", 7L, "company_id", List.of(3L, "Sucursal")));
            default -> 1L;
        };
        odoo.version = "19.0";
        odoo.apiKey = FakeOdoo.SECRET;
        for (OdooTransport transport : List.of(OdooTransport.XMLRPC, OdooTransport.JSON2)) {
            odoo.calls.clear();
            OdooConnection connection = new OdooConnection(
                    odoo.url(), FakeOdoo.DB, FakeOdoo.USER, FakeOdoo.SECRET, null, "hub_t1", transport);
            IntStream.range(0, 20)
                    .mapToObj(i -> client.call(connection, COUNT, LIMITS))
                    .toList()
                    .forEach(CompletableFuture::join);
            assertThat(odoo.calls.stream().filter(call -> call.method().equals("read")))
                    .singleElement()
                    .satisfies(call -> assertThat(transport == OdooTransport.XMLRPC ? call.positional() : call.named())
                            .isEqualTo(
                                    transport == OdooTransport.XMLRPC
                                            ? List.of(List.of(7L), List.of("company_id"))
                                            : Map.of(
                                                    "ids",
                                                    List.of(7L),
                                                    "fields",
                                                    List.of("company_id"),
                                                    "context",
                                                    Map.of())));
            assertThat(odoo.calls.stream().filter(call -> call.method().equals("search_count")))
                    .hasSize(20)
                    .allSatisfy(call -> assertThat(((Map<?, ?>) call.named().get("context"))
                                    .get("allowed_company_ids")
                                    .toString())
                            .isEqualTo("[3]"));
        }
    }

    @Test
    @DisplayName("A user whose company cannot be found out sends nothing: the next call asks again")
    void companyUnknown() {
        AtomicBoolean refused = new AtomicBoolean(true);
        odoo.onCall = call -> !call.model().equals("res.users")
                ? (Object) 1L
                : refused.get() ? new FakeOdoo.Fault(4, "no") : List.of(Map.of("id", 7L, "company_id", 3L));
        OdooConnection connection = new OdooConnection(
                odoo.url(), FakeOdoo.DB, FakeOdoo.USER, FakeOdoo.SECRET, null, "hub_t1", OdooTransport.XMLRPC);
        assertThat(failure(connection).kind()).isEqualTo(Kind.ACCESS);
        assertThat(odoo.count("search_count")).isZero();
        refused.set(false);
        assertThat(client.call(connection, COUNT, LIMITS).join()).isEqualTo(1L);
    }

    @Test
    @DisplayName("One tenant's slow calls take at most its own share; another tenant passes meanwhile")
    void fairness() throws Exception {
        CountDownLatch slow = new CountDownLatch(1);
        odoo.onCall = call -> {
            if (((Map<?, ?>) call.named().get("context"))
                    .get("allowed_company_ids")
                    .equals(List.of(1L))) {
                OdooComponentTest.await(slow);
            }
            return 1L;
        };
        CallLimits patient =
                new CallLimits(Duration.ofSeconds(1), Duration.ofSeconds(30), 65536, 8, 4, Duration.ofMinutes(1));
        OdooConnection first = odoo.connection(OdooTransport.XMLRPC);
        OdooConnection second = new OdooConnection(
                first.url(), first.db(), first.user(), first.secret(), 2L, "hub_t2", OdooTransport.XMLRPC);
        List<CompletableFuture<Object>> stuck = IntStream.range(0, 40)
                .mapToObj(i -> client.call(first, COUNT, patient))
                .toList();
        Awaitility.await().until(() -> odoo.count("search_count") == 4);
        assertThat(client.call(second, COUNT, patient).get(5, TimeUnit.SECONDS)).isEqualTo(1L);
        assertThat(odoo.mostInside.get()).isLessThanOrEqualTo(5);
        slow.countDown();
        stuck.forEach(CompletableFuture::join);
    }

    @Test
    @DisplayName("The limit per server holds over all its tenants")
    void serverLimit() {
        CallLimits two =
                new CallLimits(Duration.ofSeconds(1), Duration.ofSeconds(30), 65536, 2, 4, Duration.ofMinutes(1));
        odoo.onCall = call -> 1L;
        List<CompletableFuture<Object>> calls = IntStream.range(0, 60)
                .mapToObj(i -> client.call(
                        new OdooConnection(
                                odoo.url(),
                                FakeOdoo.DB,
                                FakeOdoo.USER,
                                FakeOdoo.SECRET,
                                1L + i % 6,
                                null,
                                OdooTransport.XMLRPC),
                        COUNT,
                        two))
                .toList();
        calls.forEach(CompletableFuture::join);
        assertThat(odoo.mostInside.get()).isLessThanOrEqualTo(2);
    }
}
