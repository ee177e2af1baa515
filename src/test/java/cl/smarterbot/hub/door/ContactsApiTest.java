package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.door.ApiHub.Reply;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The contacts API")
class ContactsApiTest {

    private static final String KEY = "demo-ferreteria-sur";
    private static final String OTHER_KEY = "demo-pasteleria-norte";
    private static ApiHub hub;

    @BeforeAll
    static void open() throws Exception {
        hub = new ApiHub();
    }

    @AfterAll
    static void close() {
        hub.close();
    }

    @BeforeEach
    void empty() {
        hub.emptyContacts();
    }

    private static List<String> names(JsonNode page) {
        List<String> names = new ArrayList<>();
        page.path("contacts").forEach(c -> names.add(c.path("name").asText()));
        return names;
    }

    private static Reply patch(String id, String body) {
        return hub.send("PATCH", "/contacts/" + id, KEY, body);
    }

    private static List<Map<String, Object>> events(UUID contact) {
        return hub.sql.queryForList(
                "select e.tenant_rut, e.event_key, e.correlation_id, e.metadata ->> 'from' as f, e.metadata ->> 'to' as t,"
                        + " convert_from(p.body, 'UTF8')::jsonb as body"
                        + " from public.events e join hub.payload p on p.event_id = e.id"
                        + " where e.type = 'contact.status_changed'"
                        + " and convert_from(p.body, 'UTF8')::jsonb ->> 'contact_id' = ? order by e.id",
                contact.toString());
    }

    @Test
    @DisplayName("a form that was sent in is listed with everything it said, for its tenant only")
    void listed() {
        hub.send(
                "POST",
                "/contact",
                KEY,
                "{\"name\":\"Ana Ñandú\",\"email\":\"ana@ejemplo.cl\",\"message\":\"¿Hay?\",\"phone\":\"9 8765\"}");
        JsonNode page = hub.get("/contacts", KEY).json();
        assertThat(page.path("count").asInt()).isEqualTo(1);
        assertThat(page.path("next_cursor").isNull()).isTrue();
        JsonNode contact = page.path("contacts").get(0);
        assertThat(contact.path("name").asText()).isEqualTo("Ana Ñandú");
        assertThat(contact.path("message").asText()).isEqualTo("¿Hay?");
        assertThat(contact.path("status").asText()).isEqualTo("new");
        assertThat(contact.path("created_at").asText()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z");
        assertThat(contact.has("tenant_rut")).isFalse();
        assertThat(hub.get("/contacts/" + contact.path("id").asText(), KEY).json())
                .isEqualTo(contact);
        assertThat(names(hub.get("/contacts", OTHER_KEY).json())).isEmpty();
    }

    @Test
    @DisplayName(
            "pages go from the newest to the oldest, through contacts of the same moment too, and none is missed when new"
                    + " ones arrive meanwhile")
    void paging() {
        Set<UUID> made = new HashSet<>();
        for (int i = 0; i < 7; i++) {
            made.add(hub.contact(ApiHub.FERRETERIA, "N" + i, "2026-03-01T10:00:00.123456Z"));
            made.add(hub.contact(ApiHub.FERRETERIA, "M" + i, "2026-03-0" + (i + 2) + "T10:00:00.000001Z"));
            hub.contact(ApiHub.PASTELERIA, "P" + i, "2026-03-01T10:00:00.123456Z");
        }
        List<JsonNode> seen = new ArrayList<>();
        String cursor = null;
        int pages = 0;
        do {
            JsonNode page = hub.get("/contacts?limit=3" + (cursor == null ? "" : "&cursor=" + cursor), KEY)
                    .json();
            page.path("contacts").forEach(seen::add);
            assertThat(page.path("count").asInt())
                    .isEqualTo(page.path("contacts").size());
            cursor = page.path("next_cursor").asText(null);
            hub.contact(ApiHub.FERRETERIA, "late", "2026-05-01T10:00:00Z");
            pages++;
        } while (cursor != null);
        assertThat(pages).isEqualTo(5);
        assertThat(seen).extracting(c -> UUID.fromString(c.path("id").asText())).doesNotHaveDuplicates();
        assertThat(seen)
                .extracting(c -> UUID.fromString(c.path("id").asText()))
                .containsExactlyInAnyOrderElementsOf(made);
        assertThat(seen).extracting(c -> c.path("created_at").asText()).isSortedAccordingTo((a, b) -> b.compareTo(a));
    }

    @Test
    @DisplayName("a filter by status lists those only, and its cursor is good for that list only")
    void filter() {
        for (int i = 0; i < 3; i++) {
            hub.contact(ApiHub.FERRETERIA, "A" + i, "2026-03-01T10:00:00Z");
        }
        UUID closed = hub.contact(ApiHub.FERRETERIA, "C", "2026-03-02T10:00:00Z");
        patch(closed.toString(), "{\"status\":\"closed\"}");
        assertThat(names(hub.get("/contacts?status=closed", KEY).json())).containsExactly("C");
        JsonNode first = hub.get("/contacts?status=new&limit=2", KEY).json();
        assertThat(names(first)).hasSize(2).allMatch(n -> n.startsWith("A"));
        String cursor = first.path("next_cursor").asText();
        assertThat(names(hub.get("/contacts?status=new&cursor=" + cursor, KEY).json()))
                .hasSize(1);
        assertThat(hub.get("/contacts?cursor=" + cursor, KEY).errors()).containsExactly("cursor:cursor");
        assertThat(hub.get("/contacts?status=new&cursor=" + cursor, OTHER_KEY).errors())
                .containsExactly("cursor:cursor");
        for (int i = 0; i < cursor.length(); i++) {
            String damaged = cursor.substring(0, i) + (cursor.charAt(i) == 'A' ? 'B' : 'A') + cursor.substring(i + 1);
            assertThat(hub.get("/contacts?status=new&cursor=" + damaged, KEY).status())
                    .as(damaged)
                    .isEqualTo(422);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "limit=0, limit:range",
        "limit=101, limit:range",
        "limit=-1, limit:range",
        "limit=abc, limit:range",
        "limit=, limit:range",
        "limit=1e2, limit:range",
        "limit=99999999999999999999, limit:range",
        "limit=%D9%A1, limit:range",
        "status=open, status:one-of",
        "status=NEW, status:one-of",
        "status=, status:one-of",
        "status=%27%20or%201=1--, status:one-of",
        "cursor=, cursor:cursor",
        "cursor=abc, cursor:cursor",
        "cursor=%00, cursor:characters",
        "limit=0&status=x&cursor=y, limit:range status:one-of cursor:cursor",
        "limit=1&limit=1, limit:repeated",
        "stauts=new, stauts:unknown",
        "Limit=1, Limit:unknown",
        "CamelSqlQuery=select%201, CamelSqlQuery:unknown",
        "a%0Ab=1&rows=5, a?b:unknown rows:unknown",
    })
    @DisplayName("a query that is wrong is 422 and names every parameter that is")
    void wrongQuery(String query, String errors) {
        Reply reply = hub.get("/contacts?" + query, KEY);
        assertThat(reply.status()).isEqualTo(422);
        assertThat(reply.errors()).containsExactly(errors.split(" "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"%", "%2", "%zz", "status=%FF", "status=%C3%28", "%ED%A0%80=1"})
    @DisplayName("a query that is no text is 400")
    void brokenQuery(String query) throws Exception {
        assertThat(rawStatus("GET /contacts?" + query)).isEqualTo(400);
    }

    private static int rawStatus(String line) throws Exception {
        try (java.net.Socket socket = new java.net.Socket("127.0.0.1", hub.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write((line + " HTTP/1.1\r\nHost: hub\r\nX-API-Key: " + KEY + "\r\nConnection: close\r\n\r\n")
                            .getBytes());
            return Integer.parseInt(new String(socket.getInputStream().readAllBytes()).split(" ")[1]);
        }
    }

    @Test
    @DisplayName(
            "a change of status is answered with the contact, and its event says from what to what in the contact's own row")
    void change() {
        String id = hub.send(
                        "POST", "/contact", KEY, "{\"name\":\"Ana\",\"email\":\"ana@ejemplo.cl\",\"message\":\"Hola\"}")
                .json()
                .path("id")
                .asText();
        Reply reply = patch(id, "{\"status\":\"contacted\"}");
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.json().path("status").asText()).isEqualTo("contacted");
        assertThat(reply.json().path("name").asText()).isEqualTo("Ana");
        assertThat(reply.json()).isEqualTo(hub.get("/contacts/" + id, KEY).json());
        assertThat(patch(id, "{\"status\":\"closed\"}").status()).isEqualTo(200);
        List<Map<String, Object>> events = events(UUID.fromString(id));
        assertThat(events)
                .extracting(e -> e.get("f") + ">" + e.get("t"))
                .containsExactly("new>contacted", "contacted>closed");
        Map<String, Object> received =
                hub.sql.queryForMap("select event_key, correlation_id from public.events where id = ?::uuid", id);
        assertThat(events).allSatisfy(e -> assertThat(e)
                .containsEntry("tenant_rut", ApiHub.FERRETERIA)
                .containsAllEntriesOf(received));
        assertThat(events.get(0).get("body").toString())
                .contains("\"from\": \"new\"")
                .contains("\"to\": \"contacted\"");
    }

    @Test
    @DisplayName("a status that is there already is answered like a change and is no event")
    void unchanged() {
        UUID id = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z");
        assertThat(patch(id.toString(), "{\"status\":\"new\"}")
                        .json()
                        .path("updated_at")
                        .asText())
                .isEqualTo("2026-03-01T10:00:00.000000Z");
        assertThat(events(id)).isEmpty();
    }

    @Test
    @DisplayName("many changes at once, of one contact: the events make one chain from the first status to the last")
    void concurrentChanges() throws Exception {
        UUID id = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z");
        ExecutorService many = Executors.newFixedThreadPool(8);
        try {
            List<String> wanted = List.of("contacted", "closed", "new");
            List<Future<Integer>> all = IntStream.range(0, 60)
                    .mapToObj(i -> many.submit(() -> patch(id.toString(), "{\"status\":\"" + wanted.get(i % 3) + "\"}")
                            .status()))
                    .toList();
            for (Future<Integer> one : all) {
                assertThat(one.get()).isEqualTo(200);
            }
        } finally {
            many.shutdown();
        }
        // Each event's "from" must be some other's "to": as many leave a status as reach it, but for the ends of the
        // chain.
        Map<String, Integer> balance = new java.util.TreeMap<>(Map.of("new", 0, "contacted", 0, "closed", 0));
        for (Map<String, Object> event : events(id)) {
            assertThat(event.get("f")).isNotEqualTo(event.get("t"));
            balance.merge((String) event.get("f"), -1, Integer::sum);
            balance.merge((String) event.get("t"), 1, Integer::sum);
        }
        String last = hub.get("/contacts/" + id, KEY).json().path("status").asText();
        balance.merge("new", 1, Integer::sum);
        balance.merge(last, -1, Integer::sum);
        assertThat(balance.values()).containsOnly(0);
    }

    @Test
    @DisplayName(
            "another tenant's contact, one that nobody has and what is no id are the same 404; the operator sees the first, once")
    void foreign() {
        UUID foreign = hub.contact(ApiHub.PASTELERIA, "Eva", "2026-03-01T10:00:00Z");
        Set<String> bodies = new HashSet<>();
        for (String id : List.of(
                foreign.toString(),
                UUID.randomUUID().toString(),
                "1",
                "x",
                foreign.toString().toUpperCase(java.util.Locale.ROOT),
                "..",
                "%2e%2e",
                foreign + ";a=1",
                "%00",
                "a%2fb",
                "x' or '1'='1".replace(" ", "%20"))) {
            Reply look = hub.get("/contacts/" + id, KEY);
            Reply change = patch(id, "{\"status\":\"closed\"}");
            assertThat(look.status()).as(id).isEqualTo(404);
            assertThat(change.status()).as(id).isEqualTo(404);
            bodies.add(look.body());
            bodies.add(change.body());
        }
        assertThat(bodies).hasSize(1);
        assertThat(events(foreign)).isEmpty();
        assertThat(hub.sql.queryForList(
                        "select tenant_rut || ' ' || (detail ->> 'id') from hub.audit where action = 'tenant.crossing'",
                        String.class))
                .containsExactly(ApiHub.FERRETERIA + " " + foreign);
        assertThat(hub.get("/contacts/" + foreign, OTHER_KEY)
                        .json()
                        .path("status")
                        .asText())
                .isEqualTo("new");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | status:required",
                "{\"status\":null} | status:required",
                "{\"status\":\"open\"} | status:one-of",
                "{\"status\":\"\"} | status:one-of",
                "{\"status\":7} | status:type",
                "{\"status\":[\"new\"]} | status:type",
                "{\"status\":\"new\",\"email\":\"x@y.cl\"} | email:unknown",
                "{\"estado\":\"new\",\"name\":{\"a\":1}} | estado:unknown name:unknown status:required",
            })
    @DisplayName("a change that is wrong is 422 and names every field that is")
    void wrongChange(String body, String errors) {
        UUID id = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z");
        Reply reply = patch(id.toString(), body);
        assertThat(reply.status()).isEqualTo(422);
        assertThat(reply.errors()).containsExactly(errors.split(" "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "[]", "\"new\"", "{", "{\"status\":\"new\"}x", "{\"status\":\"new\",\"status\":\"new\"}"})
    @DisplayName("a change that is no single JSON object is 400")
    void malformedChange(String body) {
        UUID id = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z");
        assertThat(patch(id.toString(), body).type()).isEqualTo("malformed");
    }

    @Test
    @DisplayName("without the scope, without a credential and with a key and a token at once it is 401")
    void credentials() {
        UUID id = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z");
        String change = "{\"status\":\"closed\"}";
        assertThat(hub.get("/contacts", "key-that-reads").status()).isEqualTo(200);
        assertThat(hub.send("PATCH", "/contacts/" + id, "key-that-reads", change)
                        .status())
                .isEqualTo(401);
        assertThat(hub.get("/contacts", null).status()).isEqualTo(401);
        assertThat(hub.get("/contacts", "wrong").status()).isEqualTo(401);
        assertThat(hub.send("GET", "/contacts", KEY, null, "Authorization", "Bearer abc")
                        .status())
                .isEqualTo(401);
        assertThat(hub.send("GET", "/contacts", null, null, "Origin", "https://ferreteria.example")
                        .status())
                .isEqualTo(401);
    }

    @Test
    @DisplayName("who has the answer already is told so, until it changes")
    void unmodified() {
        UUID id = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z");
        for (String path : List.of("/contacts", "/contacts/" + id)) {
            String etag = hub.get(path, KEY).header("ETag");
            for (String known : List.of(etag, "W/" + etag, "\"x\", " + etag, "*")) {
                Reply reply = hub.send("GET", path, KEY, null, "If-None-Match", known);
                assertThat(reply.status()).isEqualTo(304);
                assertThat(reply.body()).isEmpty();
                assertThat(reply.header("ETag")).isEqualTo(etag);
            }
            assertThat(hub.send("GET", path, KEY, null, "If-None-Match", "\"x\"")
                            .status())
                    .isEqualTo(200);
            patch(id.toString(), "{\"status\":\"contacted\"}");
            assertThat(hub.send("GET", path, KEY, null, "If-None-Match", etag).status())
                    .isEqualTo(200);
            patch(id.toString(), "{\"status\":\"new\"}");
        }
        Reply empty = hub.send("GET", "/contacts?status=closed", OTHER_KEY, null);
        assertThat(empty.header("Cache-Control")).isEqualTo("private, no-cache");
    }

    @Test
    @DisplayName("HEAD says what GET would, without the body; other methods are 405 and name all that there are")
    void methods() throws Exception {
        UUID id = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z");
        Reply get = hub.get("/contacts/" + id, KEY);
        Reply head = hub.send("HEAD", "/contacts/" + id, KEY, null);
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.header("ETag")).isEqualTo(get.header("ETag"));
        assertThat(head.header("Content-Length"))
                .isEqualTo(Integer.toString(get.body().getBytes("UTF-8").length));
        Reply deleted = hub.send("DELETE", "/contacts/" + id, KEY, null);
        assertThat(deleted.status()).isEqualTo(405);
        assertThat(deleted.header("Allow")).isEqualTo("GET, HEAD, PATCH");
        assertThat(hub.send("PUT", "/contacts", KEY, "{}").header("Allow")).isEqualTo("GET, HEAD");
    }

    @Test
    @DisplayName("a tenant's own site may change contacts: the browser's question is answered by what the path serves")
    void preflight() {
        for (String method : List.of("GET", "PATCH")) {
            Reply reply = hub.send(
                    "OPTIONS",
                    "/contacts/" + UUID.randomUUID(),
                    null,
                    null,
                    "Origin",
                    "https://ferreteria.example",
                    "Access-Control-Request-Method",
                    method,
                    "Access-Control-Request-Headers",
                    "authorization");
            assertThat(reply.status()).isEqualTo(204);
            assertThat(reply.header("Access-Control-Allow-Methods")).isEqualTo(method);
        }
        assertThat(hub.send(
                                "OPTIONS",
                                "/contacts",
                                null,
                                null,
                                "Origin",
                                "https://ferreteria.example",
                                "Access-Control-Request-Method",
                                "PATCH")
                        .status())
                .isEqualTo(403);
    }

    @Test
    @DisplayName("a page deep in the list is found by the index, as the tenant's role and whatever the parameters are")
    void deepPage() throws Exception {
        String sql = Files.readString(Path.of("src", "main", "resources", "sql", "contacts-page.sql"))
                .replaceAll("--.*", "")
                .replace(":#afterTime", "$1")
                .replace(":#afterId", "$2")
                .replace(":#statusOrNull", "$3")
                .replace(":#rows", "$4");
        StringBuilder plan = new StringBuilder();
        try (Connection connection = hub.database.as("hub_app").getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            // A test's table is so small that reading it whole is cheaper.
            statement.execute("set local enable_seqscan = off");
            statement.execute("set local enable_bitmapscan = off");
            statement.execute("set local plan_cache_mode = force_generic_plan");
            statement.execute("select set_config('app.tenant_rut', '76000012-4', true)");
            statement.execute("prepare page (text, text, text, text) as " + sql);
            try (ResultSet rows = statement.executeQuery(
                    "explain execute page ('infinity', '" + UUID.randomUUID() + "', null, '51')")) {
                while (rows.next()) {
                    plan.append(rows.getString(1)).append('\n');
                }
            }
            connection.rollback();
        }
        assertThat(plan.toString())
                .contains("contacts_tenant_created")
                .containsPattern("Index Cond: .*ROW\\(created_at, id\\) <")
                .doesNotContain("Sort");
    }
}
