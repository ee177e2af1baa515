package cl.smarterbot.hub.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.sandbox.SandboxTrouble.Kind;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The sandbox's Supabase Storage")
class StorageSandboxTest {
    private static final String OBJECT = "/storage/v1/object/attachments/76000012-4/a/foto.png";
    private static final byte[] BYTES = "bytes of a picture".getBytes(StandardCharsets.UTF_8);

    private SandboxServer server;
    private SandboxClient client;

    @BeforeEach
    void start() {
        server = SandboxServer.start(0);
        client = new SandboxClient(server);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private HttpResponse<byte[]> call(String method, String path, byte[] body, String... headers) throws IOException {
        List<String> all = new ArrayList<>(List.of("Authorization", "Bearer demo-storage"));
        all.addAll(List.of(headers));
        return client.send(method, path, body, all.toArray(String[]::new));
    }

    private HttpResponse<byte[]> upload(String path, String... headers) throws IOException {
        List<String> all = new ArrayList<>(List.of("Content-Type", "image/png"));
        all.addAll(List.of(headers));
        return call("POST", path, BYTES, all.toArray(String[]::new));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    private static void assertFault(HttpResponse<byte[]> answer, int status, String code) throws IOException {
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(map(SandboxClient.parse(answer)))
                .containsOnlyKeys("statusCode", "code", "error", "message")
                .hasEntrySatisfying("statusCode", said -> assertThat(said).isEqualTo(Integer.toString(status)))
                .hasEntrySatisfying("code", said -> assertThat(said).isEqualTo(code));
    }

    @Test
    @DisplayName("keeps an object, gives it back with its type, and lists and deletes it")
    void keeps() throws IOException {
        HttpResponse<byte[]> made = upload(OBJECT);
        assertThat(made.statusCode()).isEqualTo(200);
        assertThat(map(SandboxClient.parse(made)))
                .containsOnlyKeys("Id", "Key")
                .hasEntrySatisfying("Key", key -> assertThat(key).isEqualTo("attachments/76000012-4/a/foto.png"));
        for (String access : List.of("", "authenticated/")) {
            HttpResponse<byte[]> read = call("GET", OBJECT.replace("/object/", "/object/" + access), null);
            assertThat(read.statusCode()).isEqualTo(200);
            assertThat(read.body()).isEqualTo(BYTES);
            assertThat(read.headers().firstValue("Content-Type")).hasValue("image/png");
        }
        assertThat(server.storage().object("76000012-4/a/foto.png")).isEqualTo(BYTES);
        String list = "/storage/v1/object/list/attachments";
        List<?> folders = (List<?>) SandboxClient.parse(call("POST", list, "{\"prefix\":\"76000012-4\"}".getBytes()));
        assertThat(folders).singleElement().satisfies(row -> assertThat(map(row))
                .containsEntry("name", "a")
                .containsEntry("id", null));
        List<?> files = (List<?>) SandboxClient.parse(call("POST", list, "{\"prefix\":\"76000012-4/a/\"}".getBytes()));
        assertThat(files).singleElement().satisfies(row -> assertThat(map(map(row).get("metadata")))
                .containsEntry("size", BYTES.length)
                .containsEntry("mimetype", "image/png"));
        assertThat(call("DELETE", OBJECT, null).statusCode()).isEqualTo(200);
        assertFault(call("GET", OBJECT, null), 404, "NoSuchKey");
    }

    @Test
    @DisplayName("overwrites with x-upsert or PUT only")
    void upsert() throws IOException {
        assertFault(call("PUT", OBJECT, BYTES), 404, "NoSuchKey");
        upload(OBJECT);
        assertFault(upload(OBJECT), 409, "KeyAlreadyExists");
        assertThat(upload(OBJECT, "x-upsert", "true").statusCode()).isEqualTo(200);
        assertThat(call("PUT", OBJECT, "new".getBytes(), "Content-Type", "image/png")
                        .statusCode())
                .isEqualTo(200);
        assertThat(server.storage().objects(Map.of()))
                .singleElement()
                .satisfies(row -> assertThat(row).containsEntry("versions", 3).containsEntry("size", 3));
    }

    @Test
    @DisplayName("refuses as the real one does: no key, a wrong key, no bucket, a bucket's limits")
    void refuses() throws IOException {
        assertFault(client.send("POST", OBJECT, BYTES, "Content-Type", "image/png"), 400, "InvalidRequest");
        assertFault(
                client.send("POST", OBJECT, BYTES, "Content-Type", "image/png", "Authorization", "Bearer no"),
                403,
                "AccessDenied");
        assertFault(upload("/storage/v1/object/nothing/a.png"), 404, "NoSuchBucket");
        server.storage().bucket("attachments", 5);
        assertFault(upload(OBJECT), 413, "EntityTooLarge");
        server.storage().bucket("attachments", 0, "application/pdf");
        assertFault(upload(OBJECT), 415, "InvalidMimeType");
        assertThat(server.storage().stats()).containsEntry("objects", 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"76000012-4/%2e%2e/x", "a/%2E%2E%2Fb", "a%2F%2Fb", "a/%23b", "a/%5Cb"})
    @DisplayName("takes no name that leads out of its folder")
    void names(String name) throws IOException {
        assertFault(upload("/storage/v1/object/attachments/" + name), 400, "InvalidKey");
    }

    @Test
    @DisplayName("has trouble on request, and forgets all on reset")
    void trouble() throws IOException {
        server.trouble().add(Rule.of(Kind.STATUS).on("objects", "upload").times(1));
        server.trouble().add(Rule.of(Kind.LOST_ANSWER).on("objects", "update").times(1));
        assertThat(upload(OBJECT).statusCode()).isEqualTo(503);
        assertThat(upload(OBJECT).statusCode()).isEqualTo(200);
        assertThat(server.storage().stats()).containsEntry("calls", Map.of("objects.upload", 1L));
        server.reset();
        assertThat(server.storage().objects(Map.of())).isEmpty();
    }

    @Test
    @DisplayName("stands on the page for people, escaped")
    void page() throws IOException {
        upload("/storage/v1/object/attachments/a/R%26S.png");
        assertThat(new String(client.send("GET", "/", null).body(), StandardCharsets.UTF_8))
                .contains("attachments/a/R&amp;S.png");
    }

    @Test
    @DisplayName("is fed by a Chatwoot whose customers send files")
    void files() throws IOException {
        assertThat(client.json(
                                "POST",
                                "/sandbox/chatwoot/say",
                                Map.of(
                                        "account",
                                        1,
                                        "contact",
                                        "ana@x.cl",
                                        "file",
                                        Map.of(
                                                "name",
                                                "boleta.pdf",
                                                "type",
                                                "application/pdf",
                                                "base64",
                                                Base64.getEncoder().encodeToString(BYTES))))
                        .statusCode())
                .isEqualTo(200);
        server.chatwoot().say(1, "ana@x.cl", "y esta", new ChatwootSandbox.Upload("foto.png", "image/png", BYTES));
        List<Map<String, Object>> messages = server.chatwoot().messages(Map.of("account_id", "1"));
        assertThat(messages).hasSize(2).allSatisfy(message -> {
            Map<?, ?> file = (Map<?, ?>) ((List<?>) message.get("attachments")).get(0);
            String url = (String) file.get("data_url");
            assertThat(url).startsWith(server.uri() + "/rails/active_storage/blobs/redirect/");
            HttpResponse<byte[]> redirect =
                    client.send("GET", url.substring(server.uri().toString().length()), null);
            assertThat(redirect.statusCode()).isEqualTo(302);
            assertThat(client.send(
                                    "GET",
                                    redirect.headers().firstValue("Location").orElseThrow(),
                                    null)
                            .body())
                    .isEqualTo(BYTES);
        });
        assertThat(client.json(
                                "POST",
                                "/sandbox/chatwoot/say",
                                Map.of("account", 1, "contact", "ana@x.cl", "file", Map.of("name", "x")))
                        .statusCode())
                .isEqualTo(400);
    }
}
