package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.door.ApiHub.Reply;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The API description")
class ApiDescriptionTest {

    private static ApiHub hub;

    @BeforeAll
    static void open() throws Exception {
        hub = new ApiHub();
    }

    @AfterAll
    static void close() {
        hub.close();
    }

    @Test
    @DisplayName("has an operation for every door, and there is a door for every operation")
    void complete() {
        Map<String, Set<String>> described = new TreeMap<>();
        Contract.operations().forEach(o -> described
                .computeIfAbsent(o.path(), p -> new TreeSet<>())
                .add(o.method()));
        described.values().forEach(methods -> {
            if (methods.contains("GET")) {
                methods.add("HEAD");
            }
        });
        Map<String, Set<String>> open = new TreeMap<>();
        hub.server.paths().forEach((path, methods) -> {
            // Each vendor has a door of its own; to a caller they are one operation.
            String name = path.replaceFirst("^/webhooks/[^/]+/\\{[^}]+}$", "/webhooks/{source}/{endpoint}");
            open.computeIfAbsent(name, p -> new TreeSet<>()).addAll(methods);
        });
        open.putIfAbsent("/webhooks/{source}/{endpoint}", Set.of("POST"));
        assertThat(open).isEqualTo(described);
    }

    static Stream<ApiDocs.Operation> all() {
        return Contract.operations().stream();
    }

    @ParameterizedTest
    @MethodSource("all")
    @DisplayName("gives examples that keep its own rules, in requests and in answers")
    void examples(ApiDocs.Operation operation) {
        Contract.parameters(operation).stream().filter(p -> p.has("example")).forEach(p -> assertThat(
                        Contract.problems(p.path("schema"), p.path("example")))
                .as(p.toString())
                .isEmpty());
        operation.node().path("requestBody").path("content").forEach(ApiDescriptionTest::checkExamples);
        operation.node().path("responses").forEach(r -> Contract.resolve(r)
                .path("content")
                .forEach(ApiDescriptionTest::checkExamples));
    }

    private static void checkExamples(JsonNode content) {
        if (content.has("example")) {
            assertThat(Contract.problems(content.path("schema"), content.path("example")))
                    .as(content.path("example").toString())
                    .isEmpty();
        }
        content.path("examples").forEach(e -> assertThat(Contract.problems(content.path("schema"), e.path("value")))
                .isEmpty());
    }

    @Test
    @DisplayName(
            "says for every door which errors it may give, and every error that there is, is in the list of problems")
    void errors() throws Exception {
        String list = Files.readString(java.nio.file.Path.of("docs", "problems.md"));
        for (JsonNode response : Contract.api().at("/components/responses")) {
            String type = response.at("/content/application~1problem+json/example/type")
                    .asText();
            assertThat(list).contains('`' + type.replace("urn:smarteros:problem:", "") + '`');
        }
        all().forEach(o ->
                assertThat(o.node().path("responses").has("default")).as(o.id()).isTrue());
    }

    static Stream<ApiDocs.Operation> withId() {
        return Contract.operations().stream().filter(o -> Contract.parameters(o).stream()
                .anyMatch(p -> p.path("in").asText().equals("path")
                        && p.path("name").asText().equals("id")));
    }

    @ParameterizedTest
    @MethodSource("withId")
    @DisplayName("names operations by id: with another tenant's key each is 404, as for an id that nobody has")
    void crossTenant(ApiDocs.Operation operation) {
        UUID id = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z");
        JsonNode example = operation
                .node()
                .path("requestBody")
                .path("content")
                .path("application/json")
                .path("example");
        String body = example.isMissingNode() ? null : example.toString();
        Reply foreign = hub.send(
                operation.method(), operation.path().replace("{id}", id.toString()), "demo-pasteleria-norte", body);
        Reply nobody = hub.send(
                operation.method(),
                operation.path().replace("{id}", UUID.randomUUID().toString()),
                "demo-pasteleria-norte",
                body);
        assertThat(foreign.status()).isEqualTo(404);
        assertThat(foreign.body()).isEqualTo(nobody.body());
        assertThat(hub.send(
                                operation.method(),
                                operation.path().replace("{id}", id.toString()),
                                "demo-ferreteria-sur",
                                body)
                        .status())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/openapi.json", "/docs", "/health"})
    @DisplayName("and what the hub says about itself can be read by anyone, and only read")
    void pages(String path) {
        Reply reply = hub.get(path, null);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.header("Content-Security-Policy") != null).isEqualTo(path.equals("/docs"));
        Reply head = hub.send("HEAD", path, null, null);
        assertThat(head.header("Content-Length"))
                .isEqualTo(Integer.toString(reply.body().getBytes(java.nio.charset.StandardCharsets.UTF_8).length));
        if (!path.equals("/health")) {
            assertThat(hub.send("GET", path, null, null, "If-None-Match", reply.header("ETag"))
                            .status())
                    .isEqualTo(304);
        }
        for (String method : List.of("POST", "PUT", "DELETE", "OPTIONS")) {
            Reply refused = hub.send(method, path, null, null);
            assertThat(refused.status()).isEqualTo(405);
            assertThat(refused.header("Allow")).isEqualTo("GET, HEAD");
        }
    }

    @Test
    @DisplayName(
            "is served as it stands in the file, and its page shows every operation without a script or anything from elsewhere")
    void docs() throws Exception {
        assertThat(hub.get("/openapi.json", null).body()).isEqualTo(Files.readString(Contract.FILE));
        Reply docs = hub.get("/docs", null);
        assertThat(docs.header("Content-Security-Policy")).startsWith("default-src 'none'; style-src 'sha256-");
        assertThat(docs.body())
                .doesNotContain("<script")
                .doesNotContain("<img")
                .doesNotContain("<link")
                .doesNotContain(" style=")
                .doesNotContain("javascript:");
        all().forEach(o -> assertThat(docs.body())
                .contains("id=\"" + o.id() + '"')
                .contains(o.path())
                .contains("curl -i"));
        assertThat(hub.get("/", null)
                        .json()
                        .path("endpoints")
                        .path("POST /contact")
                        .asText())
                .isEqualTo("Send in a contact form");
    }
}
