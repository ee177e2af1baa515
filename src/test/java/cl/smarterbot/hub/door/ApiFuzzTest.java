package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import net.jqwik.api.statistics.Statistics;

/**
 * Requests made of the API description, right ones and broken ones. Whatever comes, the answer is one that the file allows, no
 * answer is a 500, and every refusal is problem JSON in Spanish that tells nothing about the inside. jqwik prints the seed of a
 * run that fails; {@code @Property(seed = ...)} repeats it.
 */
@Label("Whatever is sent")
class ApiFuzzTest {

    private static final int TRIES = 300;
    private static final String KEY = "demo-ferreteria-sur";

    /** Every title that the hub has: a new one in another language shows here. */
    private static final Set<String> TITLES = Set.of(
            "No existe lo que busca.",
            "No pudimos identificar su sitio.",
            "Esta operación no está permitida desde este sitio.",
            "El mensaje es demasiado grande.",
            "El envío tardó demasiado. Intente de nuevo.",
            "El formato del envío no es válido.",
            "Esta operación no está permitida.",
            "Este envío ya se recibió con otros datos. Recargue la página.",
            "No pudimos leer el envío.",
            "Revise los datos del formulario.",
            "Revise los datos de la consulta.",
            "Recibimos demasiados envíos. Intente de nuevo en un minuto.");

    private static final int OWN_PRODUCT = 7;
    private static final int FOREIGN_PRODUCT = 70;

    private static ApiHub hub;
    private static String own;
    private static String foreign;

    /** @param right whether it keeps everything that the file says, so that it must be accepted */
    record Call(String method, String target, Map<String, String> headers, byte[] body, boolean right) {
        @Override
        public String toString() {
            return method + " " + target + " " + headers + " "
                    + (body == null ? "" : new String(body, StandardCharsets.UTF_8)) + (right ? " (right)" : "");
        }
    }

    @BeforeContainer
    static void open() throws Exception {
        hub = new ApiHub();
        own = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z").toString();
        foreign = hub.contact(ApiHub.PASTELERIA, "Eva", "2026-03-01T10:00:00Z").toString();
        for (int i = 0; i < 5; i++) {
            hub.contact(ApiHub.FERRETERIA, "N" + i, "2026-03-02T10:00:00Z");
            hub.product(ApiHub.FERRETERIA, OWN_PRODUCT + i, "Taladro " + i, "Taladros");
        }
        hub.product(ApiHub.PASTELERIA, FOREIGN_PRODUCT, "Torta", "Tortas");
    }

    @AfterContainer
    static void close() {
        hub.close();
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
    void sendContact(@ForAll("sendContact") Call call) throws Exception {
        judge(call);
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
    void listContacts(@ForAll("listContacts") Call call) throws Exception {
        judge(call);
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
    void getContact(@ForAll("getContact") Call call) throws Exception {
        judge(call);
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
    void changeContact(@ForAll("changeContact") Call call) throws Exception {
        judge(call);
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
    void listProducts(@ForAll("listProducts") Call call) throws Exception {
        judge(call);
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
    void getProduct(@ForAll("getProduct") Call call) throws Exception {
        judge(call);
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
    void about(@ForAll("about") Call call) throws Exception {
        judge(call);
    }

    @Provide
    Arbitrary<Call> sendContact() {
        return calls(Contract.operation("sendContact"));
    }

    @Provide
    Arbitrary<Call> listContacts() {
        return calls(Contract.operation("listContacts"));
    }

    @Provide
    Arbitrary<Call> getContact() {
        return calls(Contract.operation("getContact"));
    }

    @Provide
    Arbitrary<Call> changeContact() {
        return calls(Contract.operation("changeContact"));
    }

    @Provide
    Arbitrary<Call> listProducts() {
        return calls(Contract.operation("listProducts"));
    }

    @Provide
    Arbitrary<Call> getProduct() {
        return calls(Contract.operation("getProduct"));
    }

    @Provide
    Arbitrary<Call> about() {
        return Arbitraries.of("about", "health", "description", "docs").flatMap(id -> calls(Contract.operation(id)));
    }

    private static void judge(Call call) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        StringBuilder head = new StringBuilder(call.method() + " " + call.target() + " HTTP/1.1\r\nHost: hub\r\n");
        call.headers()
                .forEach((name, value) ->
                        head.append(name).append(": ").append(value).append("\r\n"));
        if (call.body() != null) {
            head.append("Content-Length: ").append(call.body().length).append("\r\n");
        }
        head.append("Connection: close\r\n\r\n");
        out.write(head.toString().getBytes(StandardCharsets.UTF_8));
        if (call.body() != null) {
            out.write(call.body());
        }
        RawHttp.Reply reply = RawHttp.send(hub.port(), out.toByteArray());
        // How the answers spread; a run in which nearly nothing is accepted, or nearly everything, proves little.
        Statistics.label("answers").collect(reply.status()).coverage(answers -> {
            answers.checkQuery((List<?> a) -> (Integer) a.get(0) < 400).percentage(p -> p >= 20);
            answers.checkQuery((List<?> a) -> (Integer) a.get(0) >= 400).count(n -> n >= 1);
        });
        assertThat(reply.status()).as(call + "\n" + reply).isBetween(200, 499);
        String contentType = reply.headers().getOrDefault("Content-Type", "");
        Contract.check(call.method(), call.target(), reply.status(), contentType, reply.body());
        if (call.right()) {
            assertThat(reply.status()).as(call + "\n" + reply).isIn(200, 201, 304);
        }
        if (reply.status() >= 400 && !call.method().equals("HEAD")) {
            assertThat(reply.json().path("title").asText()).isIn(TITLES);
            assertThat(reply.body())
                    .doesNotContain("Exception")
                    .doesNotContain("SQL")
                    .doesNotContain("select ")
                    .doesNotContain("java.")
                    .doesNotContain("org.")
                    .doesNotContain("\tat ")
                    .doesNotContain(ApiHub.FERRETERIA)
                    .doesNotContain(ApiHub.PASTELERIA);
        }
    }

    private static Arbitrary<Call> calls(ApiDocs.Operation operation) {
        return Arbitraries.oneOf(call(operation, true), call(operation, false), call(operation, false));
    }

    private static Arbitrary<Call> call(ApiDocs.Operation operation, boolean right) {
        Arbitrary<String> method = right || !operation.method().equals("GET")
                ? Arbitraries.just(operation.method())
                : Arbitraries.frequency(Tuple.of(6, "GET"), Tuple.of(2, "HEAD"), Tuple.of(1, "DELETE"));
        return Combinators.combine(
                        method,
                        path(operation, right),
                        query(operation, right),
                        headers(operation, right),
                        body(operation, right))
                .as((m, path, query, headers, body) -> {
                    Map<String, String> all = new LinkedHashMap<>(headers);
                    if (body.length > 0) {
                        all.putIfAbsent("Content-Type", "application/json");
                    }
                    return new Call(m, path + query, all, body.length == 0 ? null : body, right);
                });
    }

    private static Arbitrary<String> path(ApiDocs.Operation operation, boolean right) {
        String parameter = operation.path().replaceFirst("^[^{]*", "");
        if (parameter.isEmpty()) {
            return Arbitraries.just(operation.path());
        }
        boolean product = parameter.equals("{odoo_id}");
        Arbitrary<String> id = right
                ? Arbitraries.just("own")
                : Arbitraries.oneOf(
                        Arbitraries.of("own", "foreign"),
                        Arbitraries.create(() -> UUID.randomUUID().toString()),
                        Arbitraries.of(
                                "", ".", "..", "%2e%2e", "%00", "-1", "0", "null", "{id}", "a%2Fb", "%", "own;x=1",
                                "own/", "%C3%A9"),
                        text().map(ApiFuzzTest::encoded));
        return id.map(i -> operation
                .path()
                .replace(
                        parameter,
                        i.replace("own", product ? "" + OWN_PRODUCT : own)
                                .replace("foreign", product ? "" + FOREIGN_PRODUCT : foreign)));
    }

    private static Arbitrary<String> query(ApiDocs.Operation operation, boolean right) {
        List<JsonNode> parameters = Contract.parameters(operation).stream()
                .filter(p -> p.path("in").asText().equals("query")
                        // A cursor is not made of a schema, and since goes alone.
                        && !Set.of("cursor", "since").contains(p.path("name").asText()))
                .toList();
        if (parameters.isEmpty()) {
            return right
                    ? Arbitraries.just("")
                    : Arbitraries.of("", "", "?", "?x=1", "?CamelSqlQuery=1", "?id=2&id=3", "?%");
        }
        List<Arbitrary<String>> one = new ArrayList<>();
        for (JsonNode p : parameters) {
            String name = p.path("name").asText();
            one.add(valid(p.path("schema")).map(v -> name + "=" + encoded(v.asText())));
        }
        Arbitrary<List<String>> rights = Arbitraries.subsetOf(List.copyOf(indices(one.size())))
                .flatMap(chosen -> Combinators.combine(
                                chosen.stream().sorted().map(one::get).toList())
                        .as(list -> list));
        if (right) {
            return rights.map(list -> list.isEmpty() ? "" : "?" + String.join("&", list));
        }
        Arbitrary<String> name = Arbitraries.oneOf(
                Arbitraries.of(
                        "limit",
                        "q",
                        "category",
                        "since",
                        "status",
                        "cursor",
                        "rows",
                        "afterTime",
                        "statusOrNull",
                        "id",
                        "CamelSqlQuery",
                        "LIMIT"),
                text().map(ApiFuzzTest::encoded));
        Arbitrary<String> value = Arbitraries.oneOf(
                text().map(ApiFuzzTest::encoded),
                Arbitraries.of(
                        "0",
                        "-1",
                        "101",
                        "1e400",
                        "9".repeat(400),
                        "%",
                        "%zz",
                        "%00",
                        "%ED%A0%80",
                        "NaN",
                        "'--",
                        "a".repeat(3_000)));
        Arbitrary<String> odd =
                Combinators.combine(name, value, Arbitraries.of("=", "", "==")).as((n, v, e) -> n + e + v);
        return odd.list().ofMinSize(1).ofMaxSize(6).map(list -> {
            String all = "?" + String.join("&", list);
            return all.length() > 3_900 ? all.substring(0, 3_900) : all;
        });
    }

    private static List<Integer> indices(int n) {
        return java.util.stream.IntStream.range(0, n).boxed().toList();
    }

    private static Arbitrary<Map<String, String>> headers(ApiDocs.Operation operation, boolean right) {
        Map<String, String> good = new LinkedHashMap<>();
        if (operation.node().path("security").path(0).has("apiKey")) {
            good.put("X-API-Key", KEY);
        }
        if (right) {
            return Arbitraries.just(good);
        }
        Arbitrary<Map.Entry<String, String>> odd = Arbitraries.of(
                Map.entry("X-API-Key", ""),
                Map.entry("X-API-Key", "wrong"),
                Map.entry("X-API-Key", "demo-pasteleria-norte"),
                Map.entry("Authorization", "Bearer x.y.z"),
                Map.entry("Authorization", "Basic eDp5"),
                Map.entry("Content-Type", "text/plain"),
                Map.entry("Content-Type", "application/json; charset=utf-16"),
                Map.entry("Content-Type", "APPLICATION/JSON;;;"),
                Map.entry("Content-Type", "application/merge-patch+json"),
                Map.entry("Content-Type", "multipart/form-data; boundary=x"),
                Map.entry("Content-Type", "\u00e9"),
                Map.entry("Content-Encoding", "gzip"),
                Map.entry("Accept", "application/xml"),
                Map.entry("Accept-Encoding", "br;q=1, *;q=0"),
                Map.entry("Idempotency-Key", "key with spaces"),
                Map.entry("Idempotency-Key", "k".repeat(300)),
                Map.entry("Idempotency-Key", "the-same"),
                Map.entry("Origin", "https://ferreteria.example"),
                Map.entry("Origin", "https://pasteleria.example"),
                Map.entry("Origin", "null"),
                Map.entry("Origin", "]["),
                Map.entry("If-None-Match", "*"),
                Map.entry("If-None-Match", "\"a\", W/\"b\", ,"),
                Map.entry("X-Forwarded-For", "1.2.3.4, x"),
                Map.entry("CamelHttpUri", "http://127.0.0.1/"),
                Map.entry("CamelSqlQuery", "select 1"),
                Map.entry("limit", "1"),
                Map.entry("id", "x"),
                Map.entry("traceparent", "00-x"),
                Map.entry("Range", "bytes=0-1"),
                Map.entry("X-HTTP-Method-Override", "DELETE"),
                Map.entry("Cookie", "a=b"));
        return odd.list().ofMaxSize(3).map(list -> {
            Map<String, String> all = new LinkedHashMap<>(good);
            list.forEach(h -> all.put(h.getKey(), h.getValue()));
            return all;
        });
    }

    /** Empty for none. */
    private static Arbitrary<byte[]> body(ApiDocs.Operation operation, boolean right) {
        JsonNode schema = Contract.requestSchema(operation);
        if (schema.isMissingNode()) {
            return right
                    ? Arbitraries.just(new byte[0])
                    : Arbitraries.of("", "", "", "{}", "x").map(b -> b.getBytes(StandardCharsets.UTF_8));
        }
        Arbitrary<byte[]> good = valid(schema).map(v -> v.toString().getBytes(StandardCharsets.UTF_8));
        if (right) {
            return good;
        }
        Arbitrary<byte[]> changed = Combinators.combine(
                        valid(schema),
                        Arbitraries.frequencyOf(
                                Tuple.of(6, Arbitraries.of(properties(schema))),
                                Tuple.of(1, Arbitraries.of("website", "id", "__proto__")),
                                Tuple.of(1, text())),
                        wrong())
                .as((value, field, instead) -> {
                    Map<String, String> fields = new LinkedHashMap<>();
                    value.fields()
                            .forEachRemaining(
                                    f -> fields.put(f.getKey(), f.getValue().toString()));
                    if (instead.isEmpty()) {
                        fields.remove(field);
                    } else {
                        fields.put(field, instead);
                    }
                    List<String> members = new ArrayList<>();
                    fields.forEach((name, json) -> members.add(ApiHub.JSON.valueToTree(name) + ":" + json));
                    return ("{" + String.join(",", members) + "}").getBytes(StandardCharsets.UTF_8);
                });
        Arbitrary<byte[]> broken = Combinators.combine(
                        good, Arbitraries.integers().between(0, 10_000), Arbitraries.bytes())
                .as((bytes, at, with) -> {
                    byte[] copy = bytes.clone();
                    copy[at % copy.length] = with;
                    return copy;
                });
        Arbitrary<byte[]> cut = Combinators.combine(good, Arbitraries.integers().between(0, 10_000))
                .as((bytes, at) -> java.util.Arrays.copyOf(bytes, at % bytes.length));
        Arbitrary<byte[]> garbage = Arbitraries.of(
                        "null",
                        "[]",
                        "1",
                        "\"x\"",
                        "{",
                        "{}",
                        "\uFEFF{}",
                        "{}{}",
                        "{\"a\":NaN}",
                        "[".repeat(5_000),
                        " ",
                        "{\"status\":\"new\",}",
                        "<a/>")
                .map(s -> s.getBytes(StandardCharsets.UTF_8));
        return Arbitraries.oneOf(changed, changed, broken, cut, garbage);
    }

    private static List<String> properties(JsonNode schema) {
        List<String> names = new ArrayList<>();
        Contract.resolve(schema).path("properties").fieldNames().forEachRemaining(names::add);
        return names;
    }

    /** A JSON text that is hardly right anywhere; empty to leave the field out. */
    private static Arbitrary<String> wrong() {
        return Arbitraries.oneOf(
                Arbitraries.of(
                        "",
                        "null",
                        "true",
                        "0",
                        "-1",
                        "1e400",
                        "-0.0",
                        "9223372036854775808",
                        "1e-400",
                        "[]",
                        "{}",
                        "[[1]]",
                        "\"\"",
                        "\"\\ud800\"",
                        "\"\\u0000\"",
                        "\"\\r\\nBcc: x\"",
                        "\"NEW\"",
                        "\"${header.id}\"",
                        "\"{{a}}\"",
                        "\"' or 1=1--\"",
                        "1" + "0".repeat(200),
                        "{\"a\":{\"a\":{}}}"),
                Arbitraries.integers().between(0, 6_000).map(n -> "\"" + "ñ".repeat(n) + "\""),
                text().map(t -> ApiHub.JSON.valueToTree(t).toString()));
    }

    /** Any text, lone surrogates left out: those cannot be sent as UTF-8. */
    private static Arbitrary<String> text() {
        return Arbitraries.strings().ofMaxLength(40).map(s -> s.codePoints()
                .filter(c -> c < 0xd800 || c > 0xdfff)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString());
    }

    /** A value that keeps the schema. */
    private static Arbitrary<JsonNode> valid(JsonNode given) {
        JsonNode schema = Contract.resolve(given);
        if (schema.has("enum")) {
            List<JsonNode> values = new ArrayList<>();
            schema.path("enum").forEach(values::add);
            return Arbitraries.of(values);
        }
        JsonNode type = schema.path("type");
        if (type.isArray()) {
            Arbitrary<JsonNode> one = typed(schema, type.path(0).asText());
            return Arbitraries.oneOf(one, one, Arbitraries.just(ApiHub.JSON.nullNode()));
        }
        return typed(schema, type.asText());
    }

    private static Arbitrary<JsonNode> typed(JsonNode schema, String type) {
        return switch (type) {
            case "integer" ->
                Arbitraries.integers()
                        .between(
                                schema.path("minimum").asInt(0),
                                schema.path("maximum").asInt(Integer.MAX_VALUE))
                        .map(n -> ApiHub.JSON.valueToTree(n));
            case "string" -> string(schema).map(s -> ApiHub.JSON.valueToTree(s));
            case "object" -> object(schema);
            default -> throw new IllegalArgumentException(schema.toString());
        };
    }

    private static Arbitrary<String> string(JsonNode schema) {
        if (schema.path("format").asText().equals("email")) {
            return Combinators.combine(
                            Arbitraries.strings()
                                    .withChars("abcxyz019.-_+")
                                    .ofMinLength(1)
                                    .ofMaxLength(20),
                            Arbitraries.strings()
                                    .withCharRange('a', 'z')
                                    .ofMinLength(1)
                                    .ofMaxLength(30))
                    .as((local, host) -> ("a" + local + "a").replaceAll("\\.+", ".") + "@" + host + ".cl");
        }
        int least = schema.path("minLength").asInt(0);
        int most = schema.path("maxLength").asInt(100);
        // Letters of many scripts and emoji; blanks inside only, since a text of blanks is none.
        return Arbitraries.oneOf(
                        Arbitraries.chars().range('a', 'z').map(String::valueOf),
                        Arbitraries.of(
                                "ñ",
                                "Á",
                                "漢",
                                "ع",
                                "😀",
                                "👩‍🔧".substring(0, 2),
                                "<",
                                "'",
                                "\"",
                                "\\",
                                "/",
                                "&",
                                "%",
                                "$"))
                .list()
                .ofMinSize(least)
                .ofMaxSize(most)
                .map(list -> String.join("", list));
    }

    private static Arbitrary<JsonNode> object(JsonNode schema) {
        List<String> required = new ArrayList<>();
        schema.path("required").forEach(r -> required.add(r.asText()));
        List<String> names = new ArrayList<>();
        List<Arbitrary<JsonNode>> values = new ArrayList<>();
        schema.path("properties").fields().forEachRemaining(p -> {
            names.add(p.getKey());
            values.add(valid(p.getValue()));
        });
        return Combinators.combine(Combinators.combine(values).as(list -> list), Arbitraries.subsetOf(names))
                .as((all, chosen) -> {
                    var object = ApiHub.JSON.createObjectNode();
                    for (int i = 0; i < names.size(); i++) {
                        if (required.contains(names.get(i)) || chosen.contains(names.get(i))) {
                            object.set(names.get(i), all.get(i));
                        }
                    }
                    return object;
                });
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("*", "%2A");
    }
}
