package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The API description as a judge: does this answer, does this request keep what the file says? */
final class Contract {

    static final Path FILE = Path.of("src", "main", "resources", "openapi", "openapi.json");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNode API = read();
    private static final JsonSchemaFactory SCHEMAS = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
    private static final SchemaValidatorsConfig CONFIG =
            SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();
    private static final Map<JsonNode, JsonSchema> KNOWN = new ConcurrentHashMap<>();

    private Contract() {}

    private static JsonNode read() {
        try {
            return JSON.readTree(Files.readString(FILE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode api() {
        return API;
    }

    static List<ApiDocs.Operation> operations() {
        return ApiDocs.operations(API);
    }

    static ApiDocs.Operation operation(String id) {
        return operations().stream()
                .filter(o -> o.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(id));
    }

    static JsonNode resolve(JsonNode node) {
        String ref = node.path("$ref").asText();
        return ref.isEmpty() ? node : API.at(ref.substring(1));
    }

    /** All parameters of an operation, those of its path included. */
    static List<JsonNode> parameters(ApiDocs.Operation operation) {
        List<JsonNode> all = new ArrayList<>();
        operation.place().path("parameters").forEach(p -> all.add(resolve(p)));
        operation.node().path("parameters").forEach(p -> all.add(resolve(p)));
        return all;
    }

    /** The operation that serves a path, whatever the method; literal paths first. */
    private static List<ApiDocs.Operation> at(String path) {
        List<ApiDocs.Operation> literal =
                operations().stream().filter(o -> o.path().equals(path)).toList();
        return !literal.isEmpty()
                ? literal
                : operations().stream()
                        .filter(o -> path.matches(o.path().replaceAll("\\{[^}]*}", "[^/]+")))
                        .toList();
    }

    /** What is wrong with a value; empty if nothing is. */
    static Set<ValidationMessage> problems(JsonNode schema, JsonNode value) {
        return KNOWN.computeIfAbsent(schema, s -> {
                    ObjectNode whole = s.deepCopy();
                    whole.set("components", API.path("components"));
                    return SCHEMAS.getSchema(whole, CONFIG);
                })
                .validate(value);
    }

    static JsonNode requestSchema(ApiDocs.Operation operation) {
        return operation
                .node()
                .path("requestBody")
                .path("content")
                .path("application/json")
                .path("schema");
    }

    /** Fails if the file does not allow that answer to that request. */
    static void check(String method, String target, int status, String contentType, String body) {
        String path = target.replaceAll("\\?.*", "");
        List<ApiDocs.Operation> here = at(path);
        ApiDocs.Operation operation = here.stream()
                .filter(o -> o.method().equals(method.equals("HEAD") ? "GET" : method))
                .findFirst()
                .orElse(null);
        String what = method + " " + target + " -> " + status + " " + body;
        if (operation == null && method.equals("OPTIONS") && status == 204) {
            // A browser's question before the request proper.
            return;
        }
        if (operation == null) {
            assertThat(status).as(what).isIn(400, 403, 404, 405);
            problem(what, status, contentType, method, body);
            return;
        }
        JsonNode responses = operation.node().path("responses");
        String key = Integer.toString(status);
        assertThat(responses.has(key) || status >= 400)
                .as("the file knows the status of: " + what)
                .isTrue();
        if (status >= 400 && !path.equals("/health")) {
            problem(what, status, contentType, method, body);
            return;
        }
        JsonNode response = resolve(responses.path(key));
        JsonNode content = response.path("content");
        if (content.isMissingNode() || method.equals("HEAD")) {
            assertThat(body).as(what).isEmpty();
            return;
        }
        assertThat(content.has(contentType)).as(contentType + " of " + what).isTrue();
        if (contentType.equals("application/json")) {
            assertThat(problems(content.path(contentType).path("schema"), json(body)))
                    .as(what)
                    .isEmpty();
        }
    }

    private static void problem(String what, int status, String contentType, String method, String body) {
        assertThat(contentType).as(what).isEqualTo("application/problem+json");
        if (!method.equals("HEAD")) {
            JsonNode problem = json(body);
            assertThat(problems(API.at("/components/schemas/Problem"), problem))
                    .as(what)
                    .isEmpty();
            assertThat(problem.path("status").asInt()).as(what).isEqualTo(status);
        }
    }

    private static JsonNode json(String body) {
        try {
            return JSON.readTree(body);
        } catch (IOException e) {
            throw new UncheckedIOException(body, e);
        }
    }
}
