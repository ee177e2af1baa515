package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.door.RawHttp.Reply;
import cl.smarterbot.hub.testing.TestDatabase;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("HTTP that no honest client sends")
class HostileHttpTest {

    private static final String GOOD = "{\"name\":\"Ana\",\"email\":\"ana@example.org\",\"message\":\"Hola\"}";
    private static final String TYPE = "Content-Type: application/json\r\n";
    private static final String LENGTH = "Content-Length: " + GOOD.length() + "\r\n";
    private static IntakeHub hub;

    @BeforeAll
    static void open() throws Exception {
        TestDatabase database = TestDatabase.fresh();
        database.superuser("insert into public.tenants (rut, business_name) values ('78000009-0', 'Casa')");
        database.superuser("insert into hub.tenant_settings (tenant_rut, slug, plan, house) values"
                + " ('78000009-0', 'c', 'unlimited', true)");
        hub = new IntakeHub(database, IntakeHub.PLAIN);
    }

    @AfterAll
    static void close() {
        hub.close();
    }

    @AfterEach
    void honestOnesAreServed() throws IOException {
        assertThat(RawHttp.post(hub.port(), "", GOOD).status()).isEqualTo(201);
    }

    /** What must never be there: the same request smuggled in behind the first. */
    private static final String SMUGGLED = "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + LENGTH + "\r\n" + GOOD;

    static List<String> unsound() {
        String chunked = "5\r\nxxxxx\r\n0\r\n\r\n";
        return List.of(
                "POST /contact HTTP/1.1\r\nHost: hub\r\nHost: evil\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\nHost: hub\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST http://hub/contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST http://evil.example/contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST * HTTP/1.1\r\nHost: hub\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "OPTIONS * HTTP/1.1\r\nHost: hub\r\n\r\n",
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + LENGTH + "Transfer-Encoding: chunked\r\n\r\n"
                        + chunked,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + LENGTH + "Transfer-Encoding: identity\r\n\r\n"
                        + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + LENGTH + "Transfer-Encoding: xchunked\r\n\r\n"
                        + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + "Transfer-Encoding: xchunked\r\n\r\n" + chunked,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + "Transfer-Encoding: chunked, identity\r\n\r\n"
                        + chunked,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE
                        + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + "Transfer-Encoding : chunked\r\n\r\n" + chunked,
                "POST /contact HTTP/1.0\r\nHost: hub\r\n" + TYPE + "Transfer-Encoding: chunked\r\n\r\n" + chunked,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + LENGTH + LENGTH.replace(": ", ": 1") + "\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + "Content-Length: 0x10\r\n\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + "Content-Length: 1, 2\r\n\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + "Content-Length:\r\n\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE
                        + "Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n",
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE
                        + "Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE
                        + "Transfer-Encoding: chunked\r\n\r\nffffffffff\r\nx\r\n0\r\n\r\n",
                "POST /contact HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding:\r\n chunked\r\n" + TYPE + "\r\n" + chunked,
                "POST /contact HTTP/1.1\r\nHost: hub\r\nX-A: a\rb\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\nX-A: a\u0000b\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\nX A: b\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\nno-colon\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n: no name\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST /contact\r\n\r\n",
                "GET /contact\r\n\r\n",
                "POST /contact HTTP/0.9\r\nHost: hub\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST /contact HTTP/3.0\r\nHost: hub\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "POST /contact HTTX/1.1\r\nHost: hub\r\n" + TYPE + LENGTH + "\r\n" + GOOD,
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n",
                "POST /contact HTTP/1.1\r\nHost: hub\r\nX-Long: " + "x".repeat(100_000) + "\r\n" + TYPE + LENGTH
                        + "\r\n" + GOOD,
                "POST /contact HTTP/1.1\r\nHost: hub\r\n" + "X: y\r\n".repeat(20_000) + TYPE + LENGTH + "\r\n" + GOOD);
    }

    @ParameterizedTest
    @MethodSource("unsound")
    @DisplayName("is refused, the connection ends, and nothing behind it is read as a request")
    void refused(String request) throws IOException {
        long before = hub.count("public.contacts");
        try (Socket socket = RawHttp.connect(hub.port())) {
            try {
                socket.getOutputStream().write((request + SMUGGLED).getBytes(StandardCharsets.ISO_8859_1));
            } catch (SocketException closedEarly) {
                // What it had to say may be there all the same.
            }
            Reply reply = RawHttp.read(socket);
            assertThat(reply.status()).as(reply.body()).isIn(-1, 400, 413, 414, 431, 501, 505);
            assertThat(RawHttp.read(socket).status()).as("a second answer").isEqualTo(-1);
        }
        assertThat(hub.count("public.contacts")).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X-A: a\r\n Content-Length: 5\r\n",
                "X-A: a\r\n\tX-API-Key: x\r\n",
                "X-API-Key:\r\n wrong\r\n",
                "Idempotency-Key: a\r\n b\r\n",
                "X-A: a\n b\r\n",
                "X-A: a\r\n \r\n",
                " X-A: a\r\n"
            })
    @DisplayName("as a header line folded over two lines gets 400, the connection ends, and nothing behind it is read")
    void folded(String lines) throws IOException {
        long before = hub.count("public.contacts");
        String request = "POST /contact HTTP/1.1\r\nHost: hub\r\n" + lines + TYPE + LENGTH + "\r\n" + GOOD;
        for (int piece : new int[] {request.length() + SMUGGLED.length(), 7, 1}) {
            try (Socket socket = RawHttp.connect(hub.port())) {
                socket.setTcpNoDelay(true);
                try {
                    byte[] all = (request + SMUGGLED).getBytes(StandardCharsets.ISO_8859_1);
                    for (int i = 0; i < all.length; i += piece) {
                        socket.getOutputStream().write(all, i, Math.min(piece, all.length - i));
                    }
                } catch (SocketException closedEarly) {
                    // What it had to say may be there all the same.
                }
                assertThat(RawHttp.read(socket).status()).isIn(400, -1);
                assertThat(RawHttp.read(socket).status()).as("a second answer").isEqualTo(-1);
            }
        }
        assertThat(RawHttp.send(hub.port(), request).status()).isEqualTo(400);
        assertThat(hub.count("public.contacts")).isEqualTo(before);
    }

    @Test
    @DisplayName(
            "does not harm the honest requests before it on its connection, whose bodies may look like folded lines")
    void foldedBehindHonest() throws IOException {
        String body = GOOD.replace(",", ",\r\n \r\n\t");
        String honest = "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + "Content-Length: " + body.length()
                + "\r\n\r\n" + body;
        String chunked = "POST /contact HTTP/1.1\r\nHost: hub\r\n" + TYPE + "Transfer-Encoding: chunked\r\n\r\n"
                + Integer.toHexString(body.length()) + "\r\n" + body + "\r\n0\r\n\r\n";
        String folded = "GET /health HTTP/1.1\r\nHost: hub\r\nX-A: a\r\n b\r\n\r\n";
        try (Socket socket = RawHttp.connect(hub.port())) {
            socket.getOutputStream()
                    .write((honest + "\r\n" + chunked + honest + folded + honest)
                            .getBytes(StandardCharsets.ISO_8859_1));
            assertThat(RawHttp.read(socket).status()).isEqualTo(201);
            assertThat(RawHttp.read(socket).status()).isEqualTo(201);
            assertThat(RawHttp.read(socket).status()).isEqualTo(201);
            assertThat(RawHttp.read(socket).status()).isEqualTo(400);
            assertThat(RawHttp.read(socket).status()).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/..",
                "/../contact",
                "/./contact",
                "/x/../contact",
                "/contact/../contact",
                "/contact/.",
                "/contact/..",
                "/%2e%2e/contact",
                "/%2e/contact",
                "/%252e%252e/contact",
                "/..%2fcontact",
                "/..%5ccontact",
                "/..\\contact",
                "/\\contact",
                "//contact",
                "///contact",
                "/contact//",
                "/contact%00",
                "/%00contact",
                "/contact%20",
                "/contact%0d%0a",
                "/contact;x",
                "/contact;jsessionid=1",
                "/;x/contact",
                "/contact%3bx",
                "/contact%3f",
                "/contact%",
                "/contact%zz",
                "/contact%c0%ae",
                "/%c0%ae%c0%ae/contact",
                "/c%6fntact",
                "/CONTACT",
                "/contac\u00fe",
                "/c\u00f3ntact",
                "/contact.json",
                "/contact~",
                "/contact:",
                "/contact@evil",
                "/health/..",
                "/health/../contact",
                "/etc/passwd",
                "/../../../../etc/passwd",
                "/WEB-INF/web.xml",
                "/.git/config",
                "/actuator/env",
            })
    @DisplayName("as another spelling of a path is 404: only the exact path is one")
    void pathTricks(String path) throws IOException {
        long before = hub.count("public.contacts");
        Reply reply = RawHttp.send(hub.port(), "POST " + path + " HTTP/1.1\r\nHost: hub\r\n" + TYPE, GOOD.getBytes());
        assertThat(reply.status()).isIn(400, 404);
        assertThat(hub.count("public.contacts")).isEqualTo(before);
    }

    @Test
    @DisplayName("as JSON with a million keys, or as many as fit, is refused or read in passing")
    void manyKeys() throws IOException {
        StringBuilder keys = new StringBuilder("{");
        for (int i = 0; i < 1_000_000; i++) {
            keys.append("\"k").append(i).append("\":0,");
        }
        assertThat(RawHttp.post(hub.port(), "", keys.append("\"z\":0}").toString())
                        .status())
                .isEqualTo(413);
        StringBuilder fit = new StringBuilder(GOOD.substring(0, GOOD.length() - 1));
        for (int i = 0; fit.length() < 65_000; i++) {
            fit.append(",\"k").append(i).append("\":0");
        }
        assertThat(RawHttp.post(hub.port(), "", fit.append('}').toString()).status())
                .isEqualTo(201);
    }

    @Test
    @DisplayName("as JSON whose names collide in their hashes is read in passing")
    void collidingKeys() throws IOException {
        // "Aa" and "BB" have the same hash; so have all words made of n of them.
        StringBuilder body = new StringBuilder(GOOD.substring(0, GOOD.length() - 1));
        for (int i = 0; i < 1 << 11; i++) {
            body.append(",\"");
            for (int bit = 0; bit < 11; bit++) {
                body.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            body.append("\":0");
        }
        assertThat(RawHttp.post(hub.port(), "", body.append('}').toString()).status())
                .isEqualTo(201);
    }

    @Test
    @DisplayName("as JSON in another encoding than UTF-8 is 400, so that nobody reads it in two ways")
    void otherEncodings() throws IOException {
        for (java.nio.charset.Charset charset : List.of(
                StandardCharsets.UTF_16LE,
                StandardCharsets.UTF_16BE,
                StandardCharsets.UTF_16,
                java.nio.charset.Charset.forName("UTF-32LE"),
                java.nio.charset.Charset.forName("UTF-32BE"))) {
            Reply reply = RawHttp.post(hub.port(), "", GOOD.getBytes(charset));
            assertThat(reply.status()).as(charset.name()).isEqualTo(400);
        }
    }
}
