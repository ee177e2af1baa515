package cl.smarterbot.hub.door;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The API description as one page that needs nothing else: no scripts, no images, one style sheet inside. */
final class ApiDocs {

    private static final Set<String> METHODS = Set.of("get", "post", "patch", "put", "delete");
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private static final String STYLE = """
            :root{--ink:#1b2430;--soft:#5b6675;--line:#dde3ea;--back:#fff;--pane:#f5f7fa;--accent:#0b6e4f;--code:#101a26}
            @media(prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#9aa7b6;--line:#2b3643;--back:#131a22;--pane:#1b242f;--accent:#58c79e;--code:#0c1218}}
            *{box-sizing:border-box}
            html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
            body{margin:0;background:var(--back);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
            main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 4rem}
            h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0}
            h1 small{font-size:.9rem;font-weight:400;color:var(--soft)}
            h2{font-size:1.25rem;margin:2.5rem 0 .75rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
            h3{font-size:1rem;margin:1.2rem 0 .4rem}
            p{margin:.5rem 0}
            a{color:var(--accent)}
            code{font:.9em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
            pre{background:var(--code);color:#dfe8f1;border-radius:.5rem;padding:.8rem 1rem;margin:.5rem 0;overflow-x:auto}
            pre code{font-size:.82rem;white-space:pre-wrap}
            nav ul,ul.plain{list-style:none;margin:0;padding:0}
            nav li{border-bottom:1px solid var(--line)}
            nav a{display:flex;gap:0 .7rem;align-items:baseline;padding:.5rem 0;text-decoration:none;color:inherit;flex-wrap:wrap}
            nav a span{color:var(--soft)}
            section.op{border:1px solid var(--line);border-radius:.7rem;padding:1rem;margin:1rem 0;scroll-margin-top:1rem}
            .line{display:flex;gap:.7rem;align-items:center;flex-wrap:wrap;margin:0;font-size:1.05rem}
            .m{display:inline-block;min-width:3.9rem;text-align:center;font:700 .75rem/1.7 ui-monospace,Menlo,Consolas,monospace;border-radius:.35rem;padding:0 .5rem;color:#fff;background:#5b6675}
            .get{background:#1d6fb8}.post{background:#0b7a55}.patch{background:#9a5b00}.delete{background:#b3261e}
            dl{margin:.3rem 0}
            dt{margin-top:.6rem;display:flex;gap:0 .5rem;flex-wrap:wrap;align-items:baseline}
            dt code{font-weight:600}
            dt span{color:var(--soft);font-size:.85rem}
            dt b{font-size:.75rem;color:#b3261e;font-weight:600}
            @media(prefers-color-scheme:dark){dt b{color:#ff9d94}}
            dd{margin:0;color:var(--soft);overflow-wrap:anywhere}
            details{border-top:1px solid var(--line);padding:.45rem 0}
            summary{cursor:pointer;overflow-wrap:anywhere}
            summary code:first-child{font-weight:700;margin-right:.4rem}
            .ok{color:var(--accent)}
            .note{background:var(--pane);border-radius:.5rem;padding:.7rem 1rem}
            @media(min-width:44rem){main{padding:2.5rem 2rem 5rem}section.op{padding:1.3rem 1.5rem}}
            """;

    private final JsonNode api;
    private final StringBuilder out = new StringBuilder(64 * 1024);

    /** One method of one path. */
    record Operation(String path, String method, JsonNode node, JsonNode place) {
        String summary() {
            return node.path("summary").asText();
        }

        String id() {
            return node.path("operationId").asText();
        }
    }

    ApiDocs(JsonNode api) {
        this.api = api;
        page();
    }

    String html() {
        return out.toString();
    }

    /** The page may show itself and do nothing else. */
    String policy() {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(STYLE.getBytes(StandardCharsets.UTF_8));
            return "default-src 'none'; style-src 'sha256-"
                    + Base64.getEncoder().encodeToString(hash)
                    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** All operations in the order of the file. */
    static List<Operation> operations(JsonNode api) {
        List<Operation> all = new ArrayList<>();
        for (Iterator<Map.Entry<String, JsonNode>> paths = api.path("paths").fields(); paths.hasNext(); ) {
            Map.Entry<String, JsonNode> path = paths.next();
            path.getValue().fields().forEachRemaining(method -> {
                if (METHODS.contains(method.getKey())) {
                    all.add(new Operation(
                            path.getKey(),
                            method.getKey().toUpperCase(Locale.ROOT),
                            method.getValue(),
                            path.getValue()));
                }
            });
        }
        return all;
    }

    private void page() {
        JsonNode info = api.path("info");
        String title = escape(info.path("title").asText());
        out.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
                .append("<title>")
                .append(title)
                .append(" API</title><style>")
                .append(STYLE)
                .append("</style></head><body><main><h1>")
                .append(title)
                .append(" API <small>")
                .append(escape(info.path("version").asText()))
                .append("</small></h1>");
        paragraph(info.path("description").asText());
        out.append("<p><a href=\"/openapi.json\">OpenAPI file</a> · <a href=\"#who\">Who may call</a></p>");
        List<Operation> all = operations(api);
        out.append("<nav aria-label=\"Operations\"><ul>");
        for (Operation o : all) {
            out.append("<li><a href=\"#").append(escape(o.id())).append("\">");
            method(o);
            out.append("<span>").append(escape(o.summary())).append("</span></a></li>");
        }
        out.append("</ul></nav><h2 id=\"who\">Who may call</h2><dl>");
        api.path("components").path("securitySchemes").fields().forEachRemaining(scheme -> {
            boolean bearer = scheme.getValue().path("scheme").asText().equals("bearer");
            term(
                    bearer
                            ? "Authorization: Bearer"
                            : scheme.getValue().path("name").asText(),
                    bearer ? "token of a signed-in user" : scheme.getKey().equals("apiKey") ? "API key" : "webhooks",
                    false);
            definition(scheme.getValue().path("description").asText());
        });
        out.append("</dl>");
        for (JsonNode tag : api.path("tags")) {
            out.append("<h2>").append(escape(tag.path("name").asText())).append("</h2>");
            paragraph(tag.path("description").asText());
            all.stream()
                    .filter(o -> o.node().path("tags").path(0).equals(tag.path("name")))
                    .forEach(this::operation);
        }
        out.append("</main></body></html>\n");
    }

    private void method(Operation o) {
        out.append("<span class=\"m ")
                .append(o.method().toLowerCase(Locale.ROOT))
                .append("\">")
                .append(o.method())
                .append("</span><code>")
                .append(escape(o.path()))
                .append("</code>");
    }

    private void operation(Operation o) {
        out.append("<section class=\"op\" id=\"").append(escape(o.id())).append("\"><h3 class=\"line\">");
        method(o);
        out.append("</h3><p><strong>")
                .append(escape(o.summary()))
                .append(".</strong> ")
                .append(text(o.node().path("description").asText()))
                .append("</p>");
        List<JsonNode> parameters = new ArrayList<>();
        o.place().path("parameters").forEach(p -> parameters.add(resolve(p)));
        o.node().path("parameters").forEach(p -> parameters.add(resolve(p)));
        if (!parameters.isEmpty()) {
            out.append("<h3>Parameters</h3><dl>");
            for (JsonNode p : parameters) {
                term(
                        p.path("name").asText(),
                        p.path("in").asText() + ", " + rules(p.path("schema")),
                        p.path("required").asBoolean());
                definition(p.path("description").asText());
            }
            out.append("</dl>");
        }
        JsonNode body = o.node().path("requestBody");
        JsonNode content = first(body.path("content"));
        if (!content.isMissingNode()) {
            out.append("<h3>Body</h3>");
            List<String> types = new ArrayList<>();
            body.path("content").fieldNames().forEachRemaining(types::add);
            paragraph("`" + String.join("`, `", types) + "`. "
                    + body.path("description").asText());
            fields(content.path("schema"));
        }
        out.append("<h3>Example</h3><pre><code>")
                .append(escape(curl(o, content)))
                .append("</code></pre>");
        out.append("<h3>Answers</h3>");
        o.node().path("responses").fields().forEachRemaining(r -> answer(r.getKey(), resolve(r.getValue())));
        out.append("</section>\n");
    }

    private void fields(JsonNode schema) {
        JsonNode object = resolve(schema);
        if (object.path("properties").isEmpty()) {
            return;
        }
        List<String> required = new ArrayList<>();
        object.path("required").forEach(r -> required.add(r.asText()));
        out.append("<dl>");
        object.path("properties").fields().forEachRemaining(p -> {
            term(p.getKey(), rules(p.getValue()), required.contains(p.getKey()));
            definition(resolve(p.getValue()).path("description").asText());
        });
        out.append("</dl>");
    }

    private void answer(String status, JsonNode response) {
        JsonNode content = first(response.path("content"));
        boolean good = status.startsWith("2") || status.startsWith("3");
        out.append("<details><summary><code")
                .append(good ? " class=\"ok\"" : "")
                .append(">")
                .append(escape(status))
                .append("</code>")
                .append(text(response.path("description").asText()))
                .append("</summary>");
        response.path("headers")
                .fields()
                .forEachRemaining(h -> paragraph("`" + h.getKey() + "`: "
                        + h.getValue().path("description").asText()));
        if (content.has("example")) {
            out.append("<pre><code>")
                    .append(escape(pretty(content.path("example"))))
                    .append("</code></pre>");
        }
        if (good) {
            fields(content.path("schema"));
        }
        out.append("</details>");
    }

    /** A call that works on the demo. */
    private String curl(Operation o, JsonNode content) {
        String path = o.path();
        List<String> query = new ArrayList<>();
        StringBuilder headers = new StringBuilder();
        for (JsonNode where : List.of(o.place(), o.node())) {
            for (JsonNode parameter : where.path("parameters")) {
                JsonNode p = resolve(parameter);
                String example = p.path("example").asText();
                if (p.path("in").asText().equals("path")) {
                    path = path.replace("{" + p.path("name").asText() + "}", example);
                } else if (!example.isEmpty() && p.path("in").asText().equals("query")) {
                    query.add(p.path("name").asText() + "=" + example);
                } else if (!example.isEmpty()) {
                    headers.append(" \\\n  -H '")
                            .append(p.path("name").asText())
                            .append(": ")
                            .append(example)
                            .append("'");
                }
            }
        }
        String url = api.path("servers").path(0).path("url").asText()
                + path
                + (query.isEmpty() ? "" : "?" + String.join("&", query));
        StringBuilder curl = new StringBuilder("curl -i");
        if (!o.method().equals("GET") && !o.method().equals("POST")) {
            curl.append(" -X ").append(o.method());
        }
        curl.append(" '").append(url).append("'");
        if (o.node().path("security").path(0).has("apiKey")) {
            curl.append(" \\\n  -H 'X-API-Key: demo-ferreteria-sur'");
        }
        curl.append(headers);
        JsonNode example =
                content.has("examples") ? first(content.path("examples")).path("value") : content.path("example");
        if (!example.isMissingNode()) {
            curl.append(" \\\n  -H 'Content-Type: application/json' \\\n  -d '")
                    .append(example.toString().replace("'", "'\\''"))
                    .append("'");
        }
        return curl.toString();
    }

    private String rules(JsonNode given) {
        JsonNode schema = resolve(given);
        List<String> rules = new ArrayList<>();
        JsonNode type = schema.path("type");
        if (type.isArray()) {
            List<String> types = new ArrayList<>();
            type.forEach(t -> types.add(t.asText()));
            rules.add(String.join(" or ", types));
        } else if (!type.isMissingNode()) {
            rules.add(type.asText());
        }
        if (schema.has("format")) {
            rules.add(schema.path("format").asText());
        }
        if (schema.has("enum")) {
            List<String> values = new ArrayList<>();
            schema.path("enum").forEach(v -> values.add(v.asText()));
            rules.add(String.join(" | ", values));
        }
        if (schema.has("const")) {
            rules.add(schema.path("const").toString());
        }
        if (schema.has("minimum") && schema.has("maximum")) {
            rules.add(schema.path("minimum").asText() + " to "
                    + schema.path("maximum").asText());
        }
        if (schema.has("maxLength")) {
            rules.add((schema.has("minLength") ? schema.path("minLength").asText() + " to " : "at most ")
                    + schema.path("maxLength").asText() + " characters");
        }
        if (schema.has("items")) {
            String ref = schema.path("items").path("$ref").asText();
            rules.add("of " + ref.substring(ref.lastIndexOf('/') + 1));
        }
        return String.join(", ", rules);
    }

    private JsonNode resolve(JsonNode node) {
        String ref = node.path("$ref").asText();
        return ref.isEmpty() ? node : api.at(ref.substring(1));
    }

    private static JsonNode first(JsonNode object) {
        return object.elements().hasNext() ? object.elements().next() : object.path("nothing");
    }

    private void term(String name, String rules, boolean required) {
        out.append("<dt><code>")
                .append(escape(name))
                .append("</code><span>")
                .append(escape(rules))
                .append("</span>");
        if (required) {
            out.append("<b>required</b>");
        }
        out.append("</dt>");
    }

    private void definition(String description) {
        if (!description.isEmpty()) {
            out.append("<dd>").append(text(description)).append("</dd>");
        }
    }

    private void paragraph(String description) {
        out.append("<p>").append(text(description)).append("</p>");
    }

    /** Plain text in which `this` is code. */
    private static String text(String description) {
        return escape(description).replaceAll("`([^`]*)`", "<code>$1</code>");
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    private static String pretty(JsonNode example) {
        try {
            return JSON.writeValueAsString(example);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
