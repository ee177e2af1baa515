package cl.smarterbot.hub.storage;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.rest.RawServer;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestException.Kind;
import cl.smarterbot.hub.rest.RestLimits;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A file that is copied to Storage")
class StorageComponentTest {

    private static final String SUR = "76000012-4";
    private static final int LIMIT = 100_000;
    private static final byte[] PICTURE = "bytes of a picture".getBytes(StandardCharsets.US_ASCII);

    private RawServer chatwoot;
    private SandboxServer vendor;
    private RestClient rest;
    private DefaultCamelContext camel;
    private String key = "demo-storage";
    private String bucket = "attachments";
    private boolean keeps = true;

    @BeforeEach
    void start() throws IOException {
        chatwoot = new RawServer(answer("image/png", PICTURE));
        vendor = SandboxServer.start(0);
        rest = new RestClient(
                AddressPolicy.allowing(List.of("127.0.0.0/8")),
                new RestLimits(Duration.ofSeconds(2), 8, 100, Duration.ofMinutes(1)));
        camel = new DefaultCamelContext();
        camel.addComponent(
                "storage",
                new StorageComponent(
                        rest,
                        new StorageConnections() {
                            @Override
                            public StorageConnection resolve(Exchange exchange) {
                                return keeps ? new StorageConnection(SUR, vendor.uri() + "/", bucket, key) : null;
                            }

                            @Override
                            public String source(Exchange exchange, String system) {
                                return chatwoot.url("/");
                            }
                        },
                        new StorageLimits(
                                LIMIT, List.of("image/png", "application/pdf", " audio/*"), Duration.ofSeconds(10))));
        camel.start();
    }

    @AfterEach
    void stop() throws IOException {
        camel.stop();
        rest.close();
        vendor.close();
        chatwoot.close();
    }

    private static RawServer.Script answer(String type, byte[] body) {
        return (request, out) -> {
            out.write(RawServer.head(200, body.length, type));
            out.write(body);
            return true;
        };
    }

    private Exchange copy(String url, String path) {
        Exchange exchange = new DefaultExchange(camel);
        exchange.getMessage().setHeader("url", url);
        exchange.getMessage().setHeader("path", path);
        try (var template = camel.createProducerTemplate()) {
            return template.send("storage:copy?from=chatwoot&url=${header.url}&path=${header.path}", exchange);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Object fate(String url) {
        Exchange done = copy(url, "conversations/7/1-foto.png");
        assertThat(done.getException()).isNull();
        return done.getMessage().getBody();
    }

    private RestException failure(String url) {
        return (RestException) copy(url, "conversations/7/1-foto.png").getException();
    }

    private String file() {
        return chatwoot.url("/file/1");
    }

    @Test
    @DisplayName("stands below the tenant's folder with its type, and again overwrites itself")
    void stored() {
        for (int i = 1; i <= 2; i++) {
            assertThat(fate(file()))
                    .isEqualTo(Map.of(
                            "stored_path",
                            SUR + "/conversations/7/1-foto.png",
                            "stored_size",
                            (long) PICTURE.length,
                            "stored_type",
                            "image/png"));
        }
        assertThat(vendor.storage().object(SUR + "/conversations/7/1-foto.png")).isEqualTo(PICTURE);
        assertThat(vendor.storage().objects(Map.of())).hasSize(1);
    }

    @Test
    @DisplayName("is asked for without any credential")
    void noCredentials() {
        fate(file());
        assertThat(chatwoot.requests())
                .singleElement()
                .asString()
                .doesNotContainIgnoringCase("authorization", "apikey", "token");
    }

    @Test
    @DisplayName("is refused when it is larger than the limit, announced or not, and nothing of it is kept")
    void tooLarge() {
        chatwoot.script(answer("image/png", new byte[LIMIT + 1]));
        assertThat(fate(file())).isEqualTo(Map.of("refused", "too_large"));
        assertThat(vendor.storage().stats()).containsEntry("calls", Map.of());
        chatwoot.script((request, out) -> {
            out.write(RawServer.head(200, -1, "image/png", "Transfer-Encoding: chunked"));
            byte[] chunk = new byte[50_000];
            Arrays.fill(chunk, (byte) 'x');
            for (int i = 0; i < 3; i++) {
                out.write("c350\r\n".getBytes(StandardCharsets.US_ASCII));
                out.write(chunk);
                out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
            }
            out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return true;
        });
        assertThat(fate(file())).isEqualTo(Map.of("refused", "too_large"));
        assertThat(vendor.storage().objects(Map.of())).isEmpty();
        chatwoot.script(answer("audio/ogg; codecs=opus", new byte[LIMIT]));
        assertThat((Map<?, ?>) fate(file()))
                .isEqualTo(Map.of(
                        "stored_path",
                        SUR + "/conversations/7/1-foto.png",
                        "stored_size",
                        (long) LIMIT,
                        "stored_type",
                        "audio/ogg"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/html", "image/svg+xml", "application/octet-stream", "image/*", "png", ""})
    @DisplayName("is refused when its type is not among those that are stored")
    void type(String type) {
        chatwoot.script(answer(type, PICTURE));
        assertThat(fate(file())).isEqualTo(Map.of("refused", "type_not_allowed"));
        assertThat(vendor.storage().stats()).containsEntry("calls", Map.of());
    }

    @Test
    @DisplayName("is refused for good when the bucket does not take its size or type")
    void bucketLimits() {
        vendor.storage().bucket("attachments", 5);
        assertThat(fate(file())).isEqualTo(Map.of("refused", "too_large"));
        vendor.storage().bucket("attachments", 0, "application/pdf");
        assertThat(fate(file())).isEqualTo(Map.of("refused", "type_not_allowed"));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "file",
                "//127.0.0.1/file",
                "file:///etc/passwd",
                "ftp://127.0.0.1/x",
                "http://169.254.169.254/latest/meta-data",
                "http://127.0.0.1:1/file",
                "http://localhost:${port}/file",
                "https://127.0.0.1:${port}/file",
                "http://user@127.0.0.1:${port}/file",
                "http://127.0.0.1:${port}@evil.example/file",
                "http://127.0.0.1:${port}.evil.example/file",
                "http://127.0.0.1:${port}/a b"
            })
    @DisplayName("comes from the tenant's own system only, whatever the message says")
    void elsewhere(String url) {
        String asked = url == null ? null : url.replace("${port}", Integer.toString(chatwoot.port()));
        assertThat(fate(asked)).isEqualTo(Map.of("refused", "source_not_allowed"));
        assertThat(chatwoot.requests()).isEmpty();
    }

    private void redirectTo(String location) {
        chatwoot.script((request, out) -> {
            boolean first = request.startsWith("GET /file/1 ");
            if (first) {
                out.write(RawServer.head(302, 0, "text/html", location == null ? "X: y" : "Location: " + location));
            } else {
                out.write(RawServer.head(200, PICTURE.length, "image/png"));
                out.write(PICTURE);
            }
            return true;
        });
    }

    @Test
    @DisplayName("may be a redirect away, at the same server or a public one")
    void redirect() {
        for (String location : List.of("/disk/1", chatwoot.url("/disk/1"), "../disk/1?x=%2F")) {
            redirectTo(location);
            assertThat((Map<?, ?>) fate(file())).as(location).hasSize(3);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://10.0.0.1/secret",
                "http://169.254.169.254/latest/meta-data",
                "http://[::1]:80/x",
                "file:///etc/passwd",
                "http://a b/",
                "http://user:word@127.0.0.1/"
            })
    @DisplayName("is refused when a redirect leads to a private address or to nonsense")
    void badRedirect(String location) {
        redirectTo(location);
        assertThat(fate(file())).isEqualTo(Map.of("refused", "source_not_allowed"));
        assertThat(vendor.storage().objects(Map.of())).isEmpty();
    }

    @Test
    @DisplayName("is refused when a redirect leads to another server on an address that only operators may name")
    void redirectToAllowedPrivate() throws IOException {
        try (RawServer inside = new RawServer(answer("image/png", PICTURE))) {
            redirectTo(inside.url("/secret"));
            assertThat(fate(file())).isEqualTo(Map.of("refused", "source_not_allowed"));
            assertThat(inside.requests()).isEmpty();
        }
    }

    @Test
    @DisplayName("is refused when one redirect leads to another, or to nowhere")
    void redirects() {
        chatwoot.script((request, out) -> {
            out.write(RawServer.head(302, 0, "text/html", "Location: /again"));
            return true;
        });
        assertThat(fate(file())).isEqualTo(Map.of("refused", "source_not_allowed"));
        assertThat(chatwoot.requests()).hasSize(2);
        redirectTo(null);
        assertThat(fate(file())).isEqualTo(Map.of("refused", "source_not_allowed"));
    }

    @ParameterizedTest
    @CsvSource({"404,not_found", "410,not_found", "403,source_refused", "400,source_refused"})
    @DisplayName("is refused for good when its server does not have it or keeps it")
    void gone(int status, String reason) {
        chatwoot.script(RawServer.json(status, "{}"));
        assertThat(fate(file())).isEqualTo(Map.of("refused", reason));
    }

    @Test
    @DisplayName("is tried again when its server or Storage is in trouble")
    void trouble() {
        chatwoot.script(RawServer.json(503, "{}"));
        assertThat(failure(file()).isTransient()).isTrue();
        chatwoot.script((request, out) -> {
            out.write(RawServer.head(200, 1000, "image/png"));
            out.write(PICTURE);
            return false;
        });
        assertThat(failure(file()).isTransient()).isTrue();
        assertThat(vendor.storage().objects(Map.of())).isEmpty();
        chatwoot.script(answer("image/png", PICTURE));
        for (SandboxTrouble.Kind kind : List.of(
                SandboxTrouble.Kind.STATUS,
                SandboxTrouble.Kind.LOST_ANSWER,
                SandboxTrouble.Kind.TRUNCATED,
                SandboxTrouble.Kind.GARBAGE,
                SandboxTrouble.Kind.HTML,
                SandboxTrouble.Kind.REFUSE_CONNECTION_LIKE_CLOSE)) {
            vendor.trouble().add(Rule.of(kind).on("objects", "upload").times(1));
            assertThat(failure(file()).isTransient()).as(kind.name()).isTrue();
        }
        assertThat((Map<?, ?>) fate(file())).hasSize(3);
    }

    @Test
    @DisplayName("fails for good, and says why without the key, when the key or the bucket is wrong")
    void misconfigured() {
        key = "another-service-key";
        RestException wrongKey = failure(file());
        assertThat(wrongKey.kind()).isEqualTo(Kind.CREDENTIALS);
        assertThat(wrongKey.getMessage()).doesNotContain(key, "foto");
        key = "demo-storage";
        bucket = "nowhere";
        assertThat(failure(file()).kind()).isEqualTo(Kind.NOT_FOUND);
    }

    @Test
    @DisplayName("would find its bucket, or a check says what is wrong, in words without the key")
    void check() {
        StorageCheck check = new StorageCheck(camel.getComponent("storage", StorageComponent.class));
        String url = vendor.uri().toString();
        assertThat(check.run(new StorageConnection(SUR, url, "attachments", key))
                        .works())
                .isTrue();
        assertThat(check.run(new StorageConnection(SUR, url, "nowhere", key)))
                .isEqualTo(new StorageCheck.Finding("bucket", false, "there is no bucket nowhere"));
        assertThat(check.run(new StorageConnection(SUR, url, "attachments", "wrong-key")))
                .satisfies(found -> assertThat(found.part()).isEqualTo("key"))
                .asString()
                .doesNotContain("wrong-key");
        assertThat(check.run(new StorageConnection(SUR, "http://10.0.0.1", "attachments", key)))
                .satisfies(found -> assertThat(found.part()).isEqualTo("url"));
        assertThat(vendor.storage().objects(Map.of())).isEmpty();
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "/a",
                "a/",
                "a//b",
                "..",
                "../77000005-K/a",
                "a/../../77000005-K/a",
                "a/./b",
                ".a",
                "a/%2e%2e/b",
                "a%2Fb",
                "a\\..\\b",
                "a/b?c",
                "a/b#c",
                "a b",
                "a/ñ",
                "a/\u0000"
            })
    @DisplayName("cannot leave the tenant's folder, and is not even fetched when its name tries")
    void leaves(String path) {
        Exchange done = copy(file(), path);
        assertThat(done.getException()).isInstanceOfSatisfying(RestException.class, e -> assertThat(e.kind())
                .isEqualTo(Kind.BAD_CALL));
        assertThat(chatwoot.requests()).isEmpty();
        assertThat(vendor.storage().objects(Map.of())).isEmpty();
    }

    @Test
    @DisplayName("is left where it is if the tenant keeps no files")
    void keepsNone() {
        keeps = false;
        assertThat(fate(file())).isNull();
        assertThat(chatwoot.requests()).isEmpty();
    }
}
