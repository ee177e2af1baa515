package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.event.EventConflictException;
import cl.smarterbot.hub.event.EventConstants;
import cl.smarterbot.hub.event.EventLogUnavailableException;
import cl.smarterbot.hub.event.EventRejectedException;
import cl.smarterbot.hub.event.NewEvent;
import cl.smarterbot.hub.tenancy.Quotas;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The public port, spoken to byte by byte. */
class DoorTest {

    private static final String GOOD = "{\"name\":\"Ana\",\"email\":\"ana@example.org\",\"message\":\"Hola\"}";
    private static final String KEY = "X-API-Key: key-of-ferreteria\r\n";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final SimpleMeterRegistry METERS = new SimpleMeterRegistry();
    private static final DefaultCamelContext CAMEL = new DefaultCamelContext();
    private static final Map<String, Object> SEEN = new ConcurrentHashMap<>();
    private static final AtomicInteger RUNS = new AtomicInteger();
    private static final AtomicReference<CountDownLatch> HOLD = new AtomicReference<>(new CountDownLatch(0));
    private static final Duration REQUEST_TIMEOUT = Duration.ofMillis(1_500);
    private static DoorServer server;
    private static Quotas quotas;

    record Reply(int status, Map<String, String> headers, String body) {
        JsonNode json() throws IOException {
            return JSON.readTree(body);
        }

        /** {@code field:rule} of every broken rule. */
        List<String> errors() throws IOException {
            return json().path("errors").findValuesAsText("field").isEmpty()
                    ? List.of()
                    : java.util.stream.StreamSupport.stream(
                                    json().path("errors").spliterator(), false)
                            .map(e -> e.path("field").asText() + ":"
                                    + e.path("rule").asText())
                            .toList();
        }
    }

    @BeforeAll
    static void open() throws Exception {
        TestDatabase database = TestDatabase.fresh();
        database.superuser("insert into public.tenants (rut, business_name) values"
                + " ('76000012-4', 'Ferreteria Sur'), ('77000005-K', 'Pasteleria Norte'), ('78000009-0', 'Casa')");
        database.superuser("insert into hub.tenant_settings (tenant_rut, slug, plan, house) values"
                + " ('76000012-4', 'f', 'unlimited', false), ('77000005-K', 'p', 'unlimited', false),"
                + " ('78000009-0', 'c', 'unlimited', true)");
        database.superuser(
                "insert into hub.tenant_origin (host, tenant_rut) values ('pasteleria.example', '77000005-K')");
        database.superuser("insert into hub.api_key (tenant_rut, name, key_hash, scopes) values"
                + " ('76000012-4', 'a', sha256('key-of-ferreteria'), '{contacts:write}'),"
                + " ('76000012-4', 'b', sha256('key-that-reads'), '{contacts:read}')");
        TenantRegistry registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        registry.refresh();
        quotas = new Quotas(database.as("hub_registry"), Duration.ofSeconds(30), 1_000, METERS);
        server = new DoorServer(
                new DoorProperties(
                        "127.0.0.1",
                        0,
                        REQUEST_TIMEOUT,
                        Duration.ofSeconds(3),
                        Duration.ofSeconds(2),
                        1,
                        Duration.ofSeconds(2)),
                registry,
                new DoorGuards(
                        new GuardProperties(List.of(), "X-Forwarded-For", 1_000, "", Duration.ZERO), registry, quotas),
                null,
                METERS,
                () -> true);
        CAMEL.addComponent("door", new DoorComponent(server));
        ContactForm form = new ContactForm();
        CAMEL.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from("door:/contact?httpMethodRestrict=POST&consumes=application/json&maxBody=64KB")
                        .process(form::read)
                        .process(e -> {
                            RUNS.incrementAndGet();
                            SEEN.clear();
                            e.getMessage().getHeaders().forEach((k, v) -> {
                                if (v != null) {
                                    SEEN.put(k, v);
                                }
                            });
                            SEEN.put("tenant", TenantScope.of(e).orElse("none"));
                            SEEN.put("body", new String(e.getMessage().getBody(byte[].class), StandardCharsets.UTF_8));
                            String name = JSON.readTree(e.getMessage().getBody(byte[].class))
                                    .path("name")
                                    .asText();
                            switch (name) {
                                case "away" -> throw new EventLogUnavailableException("away", null);
                                case "conflict" -> throw new EventConflictException(UUID.randomUUID());
                                case "rejected" -> throw new EventRejectedException("22P02");
                                case "bug" -> throw new IllegalStateException("secret inside");
                                case "line break" -> e.getMessage().setHeader("Location", "/a\r\nSet-Cookie: x=1");
                                default -> {}
                            }
                        })
                        .setBody(constant("{\"ok\":true}"))
                        .setHeader(Exchange.HTTP_RESPONSE_CODE, constant(201));
                // Work that waits must not wait on the connection's own thread.
                from("door:/slow?httpMethodRestrict=POST&consumes=application/json")
                        .threads(2)
                        .process(e -> HOLD.get().await(10, TimeUnit.SECONDS))
                        .setBody(constant("{}"));
                from("door:/small?httpMethodRestrict=POST&consumes=application/json&maxBody=100B")
                        .setBody(constant("{}"));
                from("door:/open?httpMethodRestrict=GET&credential=NONE").setBody(constant("{}"));
            }
        });
        CAMEL.start();
        server.start();
    }

    @AfterAll
    static void close() {
        CAMEL.stop();
        server.close();
        quotas.close();
    }

    @BeforeEach
    void reset() {
        SEEN.clear();
        RUNS.set(0);
        HOLD.set(new CountDownLatch(0));
    }

    private static Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static Reply raw(byte[] request) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(request);
            socket.getOutputStream().flush();
            return read(socket);
        }
    }

    private static Reply read(Socket socket) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int b;
        while ((b = socket.getInputStream().read()) >= 0) {
            head.write(b);
            if (b == '\n' && head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
                break;
            }
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        if (text.isEmpty()) {
            return new Reply(-1, Map.of(), "");
        }
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        String[] lines = text.split("\r\n");
        Arrays.stream(lines)
                .skip(1)
                .forEach(l -> headers.put(
                        l.substring(0, l.indexOf(':')),
                        l.substring(l.indexOf(':') + 1).trim()));
        int length = Integer.parseInt(headers.getOrDefault("Content-Length", "0"));
        byte[] body = socket.getInputStream().readNBytes(length);
        return new Reply(Integer.parseInt(lines[0].split(" ")[1]), headers, new String(body, StandardCharsets.UTF_8));
    }

    private static byte[] request(String line, String headers, byte[] body) {
        byte[] head = (line + " HTTP/1.1\r\nHost: hub\r\n" + headers + "Content-Length: " + body.length + "\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = Arrays.copyOf(head, head.length + body.length);
        System.arraycopy(body, 0, all, head.length, body.length);
        return all;
    }

    private static Reply post(String headers, byte[] body) throws IOException {
        return raw(request("POST /contact", "Content-Type: application/json\r\n" + headers, body));
    }

    private static Reply post(String headers, String body) throws IOException {
        return post(headers, body.getBytes(StandardCharsets.UTF_8));
    }

    private static String form(String name, String email, String message) {
        return JSON.createObjectNode()
                .put("name", name)
                .put("email", email)
                .put("message", message)
                .toString();
    }

    private static void problem(Reply reply, int status, String type) throws IOException {
        assertThat(reply.status()).as(reply.body()).isEqualTo(status);
        assertThat(reply.headers())
                .containsEntry("Content-Type", "application/problem+json")
                .containsEntry("X-Content-Type-Options", "nosniff");
        assertThat(reply.json().path("type").asText()).isEqualTo("urn:smarteros:problem:" + type);
        assertThat(reply.json().path("status").asInt()).isEqualTo(status);
        assertThat(reply.json().path("title").asText()).isNotBlank();
    }

    @Test
    @DisplayName("a good form is accepted, and the route gets the clean contact and the tenant of the key")
    void good() throws IOException {
        Reply reply = post(KEY, GOOD);
        assertThat(reply.status()).isEqualTo(201);
        assertThat(SEEN).containsEntry("tenant", "76000012-4");
        assertThat(JSON.readTree((String) SEEN.get("body"))).isEqualTo(JSON.readTree(GOOD));
        assertThat((String) SEEN.get(EventConstants.KEY)).startsWith("contact-").doesNotContain("ana");
        assertThat((String) SEEN.get(EventConstants.METADATA))
                .doesNotContain("Ana")
                .doesNotContain("example.org");
    }

    @Test
    @DisplayName("the caller is known by its key, else by its Origin, else it is the house's")
    void credentials() throws IOException {
        post(KEY, GOOD);
        assertThat(SEEN).containsEntry("tenant", "76000012-4");
        post("Origin: https://PASTELERIA.example:8443\r\n", GOOD);
        assertThat(SEEN).containsEntry("tenant", "77000005-K");
        for (String origin : List.of("", "Origin: https://unknown.example\r\n", "Origin: null\r\n", "Origin: ][\r\n")) {
            SEEN.clear();
            assertThat(post(origin, GOOD).status()).isEqualTo(201);
            assertThat(SEEN).as(origin).containsEntry("tenant", "78000009-0");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X-API-Key: wrong",
                "X-API-Key: ",
                "x-api-key: KEY-OF-FERRETERIA",
                "X-API-Key: key-of-ferreteria\r\nX-API-Key: key-of-ferreteria",
                "X-API-Key: key-of-ferreteria\r\nX-API-Key: wrong",
                "X-API-Key: key-of-ferreteria, key-of-ferreteria",
                "X-API-Key: key-that-reads",
                "X-API-Key: key-of-ferreteri\u00e0",
            })
    @DisplayName("a key that is wrong, doubled or without the scope is 401 and never falls back to Origin or house")
    void wrongKey(String header) throws IOException {
        problem(post(header + "\r\nOrigin: https://pasteleria.example\r\n", GOOD), 401, "unauthenticated");
        assertThat(RUNS).hasValue(0);
    }

    @Test
    @DisplayName("an unknown path is 404, whatever is tried with its spelling")
    void notFound() throws IOException {
        for (String path : List.of(
                "/nothing",
                "/contact/",
                "//contact",
                "/Contact",
                "/contact;jsessionid=1",
                "/%63ontact",
                "/x/../contact",
                "/contact%00",
                "/contact%2f",
                "/actuator/health",
                "/contact/..%2f")) {
            Reply reply = raw(request("POST " + path, KEY + "Content-Type: application/json\r\n", GOOD.getBytes()));
            assertThat(reply.status()).as(path).isEqualTo(404);
        }
        assertThat(RUNS).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "PUT", "DELETE", "PATCH", "TRACE", "CONTACT", "post"})
    @DisplayName("another method is 405 and names the right one")
    void method(String method) throws IOException {
        Reply reply = raw(request(method + " /contact", KEY + "Content-Type: application/json\r\n", GOOD.getBytes()));
        problem(reply, 405, "method-not-allowed");
        assertThat(reply.headers()).containsEntry("Allow", "POST");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Content-Type: text/plain\r\n",
                "Content-Type: application/x-www-form-urlencoded\r\n",
                "Content-Type: application/jsonp\r\n",
                "Content-Type: application/x-java-serialized-object\r\n",
                "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
                "Content-Type: application/json\r\nContent-Encoding: br\r\n",
            })
    @DisplayName("a media type or an encoding that the door does not take is 415")
    void unsupported(String headers) throws IOException {
        problem(raw(request("POST /contact", KEY + headers, GOOD.getBytes())), 415, "unsupported-media-type");
        assertThat(RUNS).hasValue(0);
    }

    @Test
    @DisplayName("JSON with a charset, in any letter case, and the identity encoding are taken")
    void supported() throws IOException {
        assertThat(raw(request(
                                "POST /contact",
                                KEY
                                        + "Content-Type: Application/JSON ; charset=UTF-8\r\nContent-Encoding: identity\r\n",
                                GOOD.getBytes()))
                        .status())
                .isEqualTo(201);
    }

    private static byte[] padded(int size) {
        String start = "{\"name\":\"Ana\",\"email\":\"ana@example.org\",\"message\":\"Hola\",\"pad\":\"";
        byte[] body = new byte[size];
        Arrays.fill(body, (byte) ' ');
        System.arraycopy(start.getBytes(), 0, body, 0, start.length());
        Arrays.fill(body, start.length(), Math.min(size - 2, start.length() + 60_000), (byte) 'x');
        body[Math.min(size - 2, start.length() + 60_000)] = '"';
        body[size - 1] = '}';
        return body;
    }

    private static byte[] chunked(byte[] body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(("POST /contact HTTP/1.1\r\nHost: hub\r\n" + KEY
                        + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                .getBytes());
        for (int at = 0; at < body.length; at += 5_000) {
            int n = Math.min(5_000, body.length - at);
            out.writeBytes((Integer.toHexString(n) + "\r\n").getBytes());
            out.write(body, at, n);
            out.writeBytes("\r\n".getBytes());
        }
        out.writeBytes("0\r\n\r\n".getBytes());
        return out.toByteArray();
    }

    @Test
    @DisplayName("a body of exactly the limit is taken, one byte more is 413, declared or streamed")
    void bodyLimit() throws IOException {
        int limit = 64 * 1024;
        assertThat(post(KEY, padded(limit)).status()).isEqualTo(201);
        assertThat(raw(chunked(padded(limit))).status()).isEqualTo(201);
        problem(post(KEY, padded(limit + 1)), 413, "too-large");
        problem(raw(chunked(padded(limit + 1))), 413, "too-large");
        assertThat(RUNS).hasValue(2);
    }

    @Test
    @DisplayName(
            "a declared length beyond the limit is refused before a byte of the body, however large it claims to be")
    void declaredTooLarge() throws IOException {
        for (String length : List.of("65537", "1000000000", "9223372036854775807")) {
            Reply reply = raw(("POST /contact HTTP/1.1\r\nHost: hub\r\n" + KEY
                            + "Content-Type: application/json\r\nContent-Length: " + length + "\r\n\r\n")
                    .getBytes());
            assertThat(reply.status()).as(length).isEqualTo(413);
            assertThat(reply.headers()).containsEntry("Connection", "close");
        }
    }

    @Test
    @DisplayName("a body that stops half-way is 408 in time, and the connection ends")
    void halfBody() throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream()
                    .write(("POST /contact HTTP/1.1\r\nHost: hub\r\n" + KEY
                                    + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"name\"")
                            .getBytes());
            Reply reply = read(socket);
            problem(reply, 408, "timeout");
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(RUNS).hasValue(0);
    }

    @Test
    @DisplayName("a head that comes byte by byte is cut in time: each byte does not buy more")
    void slowHead() throws IOException {
        long start = System.nanoTime();
        try (Socket socket = connect()) {
            socket.getOutputStream().write("POST /contact HTTP/1.1\r\nHost: hub\r\nX-Slow: ".getBytes());
            await().pollInterval(Duration.ofMillis(100))
                    .atMost(Duration.ofSeconds(6))
                    .until(() -> {
                        try {
                            socket.getOutputStream().write('x');
                            return false;
                        } catch (IOException closed) {
                            return true;
                        }
                    });
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    @DisplayName("a connection is kept for the next request and closed when none comes")
    void keepAlive() throws IOException {
        try (Socket socket = connect()) {
            for (int i = 0; i < 3; i++) {
                socket.getOutputStream()
                        .write(request("POST /contact", KEY + "Content-Type: application/json\r\n", GOOD.getBytes()));
                assertThat(read(socket).status()).isEqualTo(201);
            }
            assertThat(socket.getInputStream().read()).as("closed when idle").isEqualTo(-1);
        }
    }

    @Test
    @DisplayName("a caller that asks first whether it may send is told to go on, or refused before it sends")
    void expectContinue() throws IOException {
        String head =
                "POST /contact HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n";
        try (Socket socket = connect()) {
            socket.getOutputStream().write((head + KEY + "Content-Length: " + GOOD.length() + "\r\n\r\n").getBytes());
            assertThat(read(socket).status()).isEqualTo(100);
            socket.getOutputStream().write(GOOD.getBytes());
            assertThat(read(socket).status()).isEqualTo(201);
        }
        Reply refused = raw((head + "X-API-Key: wrong\r\nContent-Length: 10\r\n\r\n").getBytes());
        assertThat(refused.status()).isEqualTo(401);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 5\r\nContent-Length: 6\r\n",
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                "Content-Length: -1\r\n",
                "Content-Length: abc\r\n",
                "Content-Length: +5\r\n",
                "Content-Length : 5\r\n",
            })
    @DisplayName("framing that two parsers could read in two ways is 400 and the connection ends")
    void smuggling(String headers) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream()
                    .write(("POST /contact HTTP/1.1\r\nHost: hub\r\n" + KEY + "Content-Type: application/json\r\n"
                                    + headers + "\r\n0\r\n\r\nPOST /contact HTTP/1.1\r\nHost: hub\r\n\r\n")
                            .getBytes());
            Reply reply = read(socket);
            assertThat(reply.status()).as(reply.body()).isEqualTo(400);
            assertThat(socket.getInputStream().read()).as("closed").isEqualTo(-1);
        }
        assertThat(RUNS).hasValue(0);
    }

    @Test
    @DisplayName("a head of 100 kB and a request line of 10 kB are refused")
    void longHead() throws IOException {
        assertThat(post("X-Long: " + "x".repeat(100_000) + "\r\n", GOOD).status())
                .isBetween(400, 431);
        assertThat(raw(request("POST /contact?" + "x".repeat(10_000), KEY, GOOD.getBytes()))
                        .status())
                .isBetween(400, 431);
        assertThat(RUNS).hasValue(0);
    }

    @Test
    @DisplayName(
            "no header or query parameter named like one of Camel's or the hub's reaches a route, in any letter case")
    void camelHeaders() throws IOException {
        StringBuilder headers = new StringBuilder(KEY);
        for (String name : List.of(
                "CamelHttpUri",
                "CamelHttpResponseCode",
                "camelhttppath",
                "CAMELBEANMETHODNAME",
                "CamelExecCommandExecutable",
                "CamelSqlQuery",
                "CamelEventTenant",
                "CamelEventKey",
                "CamelEventDedup",
                "CamelEventMetadata",
                "camelEventKey",
                "org.apache.camel.foo",
                "breadcrumbId",
                "X-Tenant",
                "Authorization",
                "Cookie",
                "tenant",
                "Location",
                "ETag")) {
            headers.append(name).append(": evil\r\n");
        }
        Reply reply = raw(request(
                "POST /contact?CamelHttpUri=evil&CamelEventTenant=evil&camelsqlquery=evil&tenant=evil",
                headers + "Content-Type: application/json\r\n",
                GOOD.getBytes()));
        assertThat(reply.status()).isEqualTo(201);
        assertThat(SEEN.values()).noneMatch(v -> v.toString().contains("evil"));
        assertThat(SEEN.keySet()).allMatch(k -> List.of(
                        "tenant",
                        "body",
                        "Content-Type",
                        Exchange.HTTP_METHOD,
                        Exchange.HTTP_PATH,
                        EventConstants.KEY,
                        EventConstants.METADATA)
                .contains(k));
        assertThat(reply.headers().values()).noneMatch(v -> v.contains("evil"));
    }

    @Test
    @DisplayName("nothing that the caller sent comes back in a header")
    void nothingEchoed() throws IOException {
        Reply reply = raw(request(
                "POST /contact",
                "Content-Type: application/json; x=evil\r\nUser-Agent: evil\r\nIdempotency-Key: evil\r\n"
                        + "Origin: https://evil.example\r\nIf-None-Match: evil\r\nX-Request-Id: evil\r\n",
                GOOD.getBytes()));
        assertThat(reply.status()).isEqualTo(201);
        assertThat(reply.headers().toString()).doesNotContain("evil");
        assertThat(reply.headers().keySet())
                .allMatch(k -> List.of("content-type", "content-length", "x-content-type-options", "vary")
                        .contains(k.toLowerCase(Locale.ROOT)));
        assertThat(reply.headers()).containsEntry("Content-Type", "application/json");
    }

    @Test
    @DisplayName("every broken field is told at once, in words for the visitor")
    void allFields() throws IOException {
        Reply reply = post(
                KEY,
                "{\"name\":\"\",\"email\":\"no\",\"message\":7,\"phone\":[],\"source\":\"" + "s".repeat(101) + "\"}");
        problem(reply, 422, "invalid-fields");
        assertThat(reply.errors())
                .containsExactlyInAnyOrder(
                        "name:required", "email:format", "message:type", "phone:type", "source:max-length");
        assertThat(post(KEY, "{}").errors())
                .containsExactlyInAnyOrder("name:required", "email:required", "message:required");
        assertThat(post(KEY, "{\"name\":null,\"email\":null,\"message\":null}").errors())
                .hasSize(3);
    }

    static List<String> malformedJson() {
        return List.of(
                "",
                " ",
                "null",
                "[]",
                "\"text\"",
                "7",
                "{",
                GOOD + "x",
                GOOD + "{}",
                GOOD.replace("}", ",}"),
                GOOD.replace("\"name\"", "\"name\":\"Eva\",\"name\""),
                GOOD.replace("\"message\"", "\"x\":{\"a\":1,\"a\":2},\"message\""),
                GOOD.replace("}", ",\"x\":NaN}"),
                GOOD.replace("}", ",\"x\":" + "1".repeat(200) + "}"),
                GOOD.replace("}", ",\"x\":" + "[".repeat(30_000) + "]".repeat(30_000) + "}"),
                "[".repeat(60_000),
                GOOD.replace("Ana", "An\na"),
                GOOD.replace("Ana", "An\u0000a"),
                GOOD.replace('"', '\''),
                GOOD.replace("}", ",/* x */\"y\":1}"));
    }

    @ParameterizedTest
    @MethodSource("malformedJson")
    @DisplayName("what is no single JSON object with unique names is 400")
    void malformed(String body) throws IOException {
        problem(post(KEY, body), 400, "malformed");
        assertThat(RUNS).hasValue(0);
    }

    @Test
    @DisplayName("a 100,000-fold nested array is refused by its size, and costs nothing")
    void deeplyNested() throws IOException {
        problem(post(KEY, "[".repeat(100_000)), 413, "too-large");
    }

    @Test
    @DisplayName("bytes that are no UTF-8 are 400")
    void invalidUtf8() throws IOException {
        for (int[] bytes : new int[][] {{0xff}, {0xc3, 0x28}, {0xe2, 0x82}, {0xf8, 0x88, 0x80, 0x80, 0x80}}) {
            byte[] body = GOOD.replace("Ana", "?".repeat(bytes.length)).getBytes(StandardCharsets.ISO_8859_1);
            for (int i = 0; i < bytes.length; i++) {
                body[9 + i] = (byte) bytes[i];
            }
            assertThat(post(KEY, body).status()).as(Arrays.toString(bytes)).isEqualTo(400);
        }
        assertThat(RUNS).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\\ud800", "\\udc00", "\\ud83dx", "\\udc00\\ud83d"})
    @DisplayName("a surrogate without its other half is told as an invalid field")
    void loneSurrogate(String escape) throws IOException {
        Reply reply = post(KEY, GOOD.replace("Ana", escape));
        problem(reply, 422, "invalid-fields");
        assertThat(reply.errors()).containsExactly("name:characters");
        assertThat(post(KEY, GOOD.replace("Hola", escape)).errors()).containsExactly("message:characters");
    }

    @Test
    @DisplayName("a number of any size where none belongs is ignored in unknown fields and told in known ones")
    void hugeNumber() throws IOException {
        assertThat(post(KEY, GOOD.replace("}", ",\"x\":1e400}")).status()).isEqualTo(201);
        assertThat(post(KEY, GOOD.replace("\"Ana\"", "1e400")).errors()).containsExactly("name:type");
    }

    @Test
    @DisplayName(
            "line breaks, NUL and other control characters in a name or address become spaces: nothing is smuggled on")
    void controlCharacters() throws IOException {
        assertThat(post(KEY, GOOD.replace("Ana", "\\r\\nAna\\u0000\\u0007\\r\\nBcc: x@y.z\\u2028fin\\u0085"))
                        .status())
                .isEqualTo(201);
        assertThat(JSON.readTree((String) SEEN.get("body")).path("name").asText())
                .isEqualTo("Ana Bcc: x@y.z fin");
        post(KEY, GOOD.replace("Hola", " uno\\r\\n\\tdos\\u0000\\u001b[31m "));
        assertThat(JSON.readTree((String) SEEN.get("body")).path("message").asText())
                .isEqualTo("uno\n\tdos[31m");
        assertThat(post(KEY, GOOD.replace("Ana", "\\r\\n\\u0000 ")).errors()).containsExactly("name:required");
        assertThat(post(KEY, GOOD.replace("Hola", "\\u0000\\r\\n ")).errors()).containsExactly("message:required");
    }

    @Test
    @DisplayName("lengths count characters as people do: 200 emoji are a name, 201 are too long")
    void codePoints() throws IOException {
        assertThat(post(KEY, form("\ud83d\ude00".repeat(200), "a@b.cl", "x")).status())
                .isEqualTo(201);
        assertThat(JSON.readTree((String) SEEN.get("body")).path("name").asText())
                .isEqualTo("\ud83d\ude00".repeat(200));
        assertThat(post(KEY, form("\ud83d\ude00".repeat(201), "a@b.cl", "x")).errors())
                .containsExactly("name:max-length");
        assertThat(post(KEY, form("n", "a@b.cl", "m".repeat(5_000))).status()).isEqualTo(201);
        assertThat(post(KEY, form("n", "a@b.cl", "m".repeat(5_001))).errors()).containsExactly("message:max-length");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no",
                "@b.cl",
                "a@",
                "a@b",
                "a b@c.cl",
                "a@b..cl",
                "a@-b.cl",
                "a@b.cl,c@d.cl",
                "<a@b.cl>",
                "a@b.cl\\nBcc:x@y.cl",
                "a@@b.cl",
                "a\\\"@b.cl",
                "a@b.c"
            })
    @DisplayName("what is no single mail address is told as one")
    void wrongEmail(String email) throws IOException {
        assertThat(post(KEY, GOOD.replace("ana@example.org", email)).errors()).containsExactly("email:format");
    }

    @Test
    @DisplayName("an address that would take a naive pattern minutes is judged at once")
    void emailBacktracking() throws IOException {
        long start = System.nanoTime();
        String nasty = "a@" + "a-".repeat(120);
        assertThat(post(KEY, GOOD.replace("ana@example.org", nasty)).status()).isEqualTo(422);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    @DisplayName("an idempotency key is handed on with the hash of the raw body; a different byte is a different hash")
    void idempotencyKey() throws IOException {
        post(KEY + "Idempotency-Key: abc-123\r\n", GOOD);
        NewEvent.Dedup first = (NewEvent.Dedup) SEEN.get(EventConstants.DEDUP);
        assertThat(first.key()).isEqualTo("abc-123");
        assertThat(first.scope()).isEqualTo("contact");
        post(KEY + "Idempotency-Key: abc-123\r\n", GOOD);
        assertThat(((NewEvent.Dedup) SEEN.get(EventConstants.DEDUP)).hash()).isEqualTo(first.hash());
        post(KEY + "Idempotency-Key: abc-123\r\n", GOOD + " ");
        assertThat(((NewEvent.Dedup) SEEN.get(EventConstants.DEDUP)).hash()).isNotEqualTo(first.hash());
        post(KEY, GOOD);
        assertThat(SEEN).doesNotContainKey(EventConstants.DEDUP);
        assertThat(post(KEY + "Idempotency-Key: " + "k".repeat(255) + "\r\n", GOOD)
                        .status())
                .isEqualTo(201);
    }

    @Test
    @DisplayName("an idempotency key that is empty, too long or not plain visible ASCII is 400 and names the header")
    void wrongIdempotencyKey() throws IOException {
        for (String key : List.of("", "k".repeat(256), "a b", "\u00e9", "a\tb")) {
            Reply reply = post(KEY + "Idempotency-Key: " + key + "\r\n", GOOD);
            problem(reply, 400, "malformed");
            assertThat(reply.errors()).as(key).containsExactly("Idempotency-Key:pattern");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "away, 503, unavailable",
        "conflict, 409, idempotency-conflict",
        "rejected, 400, malformed",
        "bug, 500, internal"
    })
    @DisplayName("what happens behind the door is told by status and type, never with its details")
    void failures(String name, int status, String type) throws IOException {
        Reply reply = post(KEY, GOOD.replace("Ana", name));
        problem(reply, status, type);
        assertThat(reply.body())
                .doesNotContain("secret")
                .doesNotContain("22P02")
                .doesNotContain("Exception");
        assertThat(reply.headers().get("Retry-After")).isEqualTo(status == 503 ? "2" : null);
    }

    @Test
    @DisplayName("a route that makes an impossible header does not hang the caller, split the answer or leak a request")
    void lineBreakInAnswer() throws IOException {
        Reply reply = post(KEY, GOOD.replace("Ana", "line break"));
        assertThat(reply.status()).isEqualTo(500);
        assertThat(reply.headers()).doesNotContainKeys("Set-Cookie", "Location");
        await().until(() -> inFlight() == 0);
    }

    private static double inFlight() {
        return METERS.get("hub.door.in.flight").gauge().value();
    }

    private static byte[] slow() {
        return request("POST /slow", KEY + "Content-Type: application/json\r\n", "{}".getBytes());
    }

    @Test
    @DisplayName("callers that go away half-way, in the body or while they wait, leave nothing behind")
    void clientGone() throws IOException {
        HOLD.set(new CountDownLatch(1));
        for (int i = 0; i < 5; i++) {
            try (Socket socket = connect()) {
                socket.getOutputStream()
                        .write(("POST /contact HTTP/1.1\r\nHost: hub\r\n" + KEY
                                        + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
                                .getBytes());
            }
        }
        try (Socket socket = connect()) {
            socket.getOutputStream().write(slow());
            await().until(() -> inFlight() == 1);
        }
        HOLD.get().countDown();
        await().until(() -> inFlight() == 0);
        assertThat(post(KEY, GOOD).status()).isEqualTo(201);
    }

    @Test
    @DisplayName("a route that takes too long is answered for with 503, once, and its late answer is dropped")
    void answerTimeout() throws IOException {
        HOLD.set(new CountDownLatch(1));
        try (Socket socket = connect()) {
            socket.getOutputStream().write(slow());
            problem(read(socket), 503, "unavailable");
            HOLD.get().countDown();
            await().until(() -> inFlight() == 0);
            socket.getOutputStream()
                    .write(request("POST /contact", KEY + "Content-Type: application/json\r\n", GOOD.getBytes()));
            assertThat(read(socket).status()).isEqualTo(201);
        }
    }

    @Test
    @DisplayName("a door without credential needs none and takes no body")
    void openDoor() throws IOException {
        assertThat(raw("GET /open HTTP/1.1\r\nHost: hub\r\n\r\n".getBytes()).status())
                .isEqualTo(200);
    }

    @Test
    @DisplayName("health tells up or down and nothing more")
    void health() throws IOException {
        Reply reply = raw("GET /health HTTP/1.1\r\nHost: hub\r\n\r\n".getBytes());
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body()).isEqualTo("{\"status\":\"up\"}");
    }

    @Test
    @DisplayName("each door has its own limit")
    void ownLimit() throws IOException {
        assertThat(raw(request("POST /small", KEY + "Content-Type: application/json\r\n", new byte[100]))
                        .status())
                .isEqualTo(200);
        assertThat(raw(request("POST /small", KEY + "Content-Type: application/json\r\n", new byte[101]))
                        .status())
                .isEqualTo(413);
    }
}
