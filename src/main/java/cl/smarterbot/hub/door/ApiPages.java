package cl.smarterbot.hub.door;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;

/**
 * What the hub says about itself, made once from the API description: {@code /}, {@code /openapi.json} and {@code /docs}. Anyone
 * may read it.
 */
final class ApiPages {

    private static final String FILE = "/openapi/openapi.json";

    private final Map<String, Page> pages;

    /** An answer that never changes. @param csp content security policy; null for none */
    private record Page(String contentType, byte[] body, String etag, String csp) {
        Page(String contentType, byte[] body, String csp) {
            this(contentType, body, Etags.of(body), csp);
        }
    }

    ApiPages() {
        try (InputStream in = ApiPages.class.getResourceAsStream(FILE)) {
            byte[] file = in.readAllBytes();
            ObjectMapper json = new ObjectMapper();
            JsonNode api = json.readTree(file);
            ApiDocs docs = new ApiDocs(api);
            pages = Map.of(
                    "/",
                    new Page("application/json", json.writeValueAsBytes(about(json, api)), null),
                    "/openapi.json",
                    new Page("application/json", file, null),
                    "/docs",
                    new Page("text/html; charset=utf-8", docs.html().getBytes(StandardCharsets.UTF_8), docs.policy()));
        } catch (IOException e) {
            throw new UncheckedIOException("The API description " + FILE + " cannot be read", e);
        }
    }

    private static ObjectNode about(ObjectMapper json, JsonNode api) {
        ObjectNode about = json.createObjectNode()
                .put("service", api.path("info").path("title").asText())
                .put("status", "ok")
                .put("version", api.path("info").path("version").asText());
        ObjectNode endpoints = about.putObject("endpoints");
        ApiDocs.operations(api).forEach(o -> endpoints.put(o.method() + ' ' + o.path(), o.summary()));
        return about;
    }

    Set<String> paths() {
        return pages.keySet();
    }

    boolean has(String path) {
        return pages.containsKey(path);
    }

    /** Answers a GET or HEAD. @return the status */
    int answer(HttpServerRequest request, String path) {
        Page page = pages.get(path);
        HttpServerResponse response = request.response();
        response.putHeader("ETag", page.etag())
                .putHeader("Cache-Control", "no-cache")
                .putHeader("X-Content-Type-Options", "nosniff");
        if (page.csp() != null) {
            response.putHeader("Content-Security-Policy", page.csp()).putHeader("Referrer-Policy", "no-referrer");
        }
        if (Etags.unchanged(request, page.etag())) {
            response.setStatusCode(304).end();
            return 304;
        }
        response.putHeader("Content-Type", page.contentType());
        if (request.method() == HttpMethod.HEAD) {
            response.putHeader("Content-Length", Integer.toString(page.body().length))
                    .end();
        } else {
            response.end(Buffer.buffer(page.body()));
        }
        return 200;
    }
}
