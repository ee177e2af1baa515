package cl.smarterbot.hub.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.sandbox.SandboxTrouble.Kind;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The sandbox's Chatwoot")
class ChatwootSandboxTest {
    private static final String USER = "demo-chatwoot-1";
    private static final String BOT = "demo-chatwoot-bot-1";

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

    private HttpResponse<byte[]> as(String token, String method, String path, Object body) throws IOException {
        return client.send(
                method,
                "/api/v1/accounts/" + path,
                body == null ? null : new ObjectMapper().writeValueAsBytes(body),
                "Content-Type",
                "application/json",
                "api_access_token",
                token);
    }

    private HttpResponse<byte[]> call(String method, String path, Object body) throws IOException {
        return as(USER, method, "1/" + path, body);
    }

    private Map<?, ?> right(String method, String path, Object body) throws IOException {
        HttpResponse<byte[]> answer = call(method, path, body);
        assertThat(answer.statusCode())
                .as(new String(answer.body(), StandardCharsets.UTF_8))
                .isEqualTo(200);
        return (Map<?, ?>) SandboxClient.parse(answer);
    }

    private static void assertError(HttpResponse<byte[]> answer, int status) throws IOException {
        assertThat(answer.statusCode()).isEqualTo(status);
        Map<?, ?> body = (Map<?, ?>) SandboxClient.parse(answer);
        assertThat(body).hasSize(1);
        assertThat((String) body.get("error")).isNotBlank();
    }

    private static Object at(Object from, Object... path) {
        Object value = from;
        for (Object step : path) {
            value = step instanceof Integer index ? ((List<?>) value).get(index) : ((Map<?, ?>) value).get(step);
        }
        return value;
    }

    private static List<?> list(Object from, Object... path) {
        return (List<?>) at(from, path);
    }

    private int contact(Object... values) throws IOException {
        return (Integer) at(right("POST", "contacts", map(values)), "payload", "contact", "id");
    }

    private int conversation(int contact, Object... values) throws IOException {
        Map<String, Object> body = map(values);
        body.putIfAbsent("inbox_id", 1);
        body.put("contact_id", contact);
        return (Integer) right("POST", "conversations", body).get("id");
    }

    private static Map<String, Object> map(Object... values) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < values.length; i += 2) {
            map.put((String) values[i], values[i + 1]);
        }
        return map;
    }

    private List<?> found(String part) throws IOException {
        return list(
                right("GET", "contacts/search?q=" + URLEncoder.encode(part, StandardCharsets.UTF_8), null), "payload");
    }

    // Who may call

    @Test
    @DisplayName("A token opens its own account only")
    void authentication() throws IOException {
        assertError(as("nope", "GET", "1/contacts", null), 401);
        assertError(client.json("GET", "/api/v1/accounts/1/contacts", null), 401);
        assertError(as(USER, "GET", "2/contacts", null), 401);
        assertError(as(BOT, "GET", "2/conversations/1", null), 401);
        assertError(as(USER, "GET", "3/contacts", null), 404);
        assertError(as(USER, "GET", "1/nope", null), 404);
        assertThat(as("demo-chatwoot-2", "GET", "2/contacts", null).statusCode())
                .isEqualTo(200);
        HttpResponse<byte[]> profile = client.send("GET", "/api/v1/profile", null, "api_access_token", USER);
        assertThat(at(SandboxClient.parse(profile), "accounts", 0, "id")).isEqualTo(1);
    }

    @Test
    @DisplayName("A bot's token does what bots may, and nothing else")
    void bots() throws IOException {
        int id = conversation(contact("email", "ana@x.cl"));
        String base = "1/conversations/" + id;
        for (String path : List.of(
                "/toggle_status",
                "/toggle_priority",
                "/toggle_typing_status",
                "/custom_attributes",
                "/messages",
                "/assignments",
                "/labels")) {
            assertThat(as(BOT, "POST", base + path, Map.of("content", "x")).statusCode())
                    .as(path)
                    .isEqualTo(200);
        }
        assertThat(as(BOT, "GET", base, null).statusCode()).isEqualTo(200);
        assertThat(as(BOT, "GET", base + "/labels", null).statusCode()).isEqualTo(200);
        for (String path : List.of(
                "1/contacts",
                "1/contacts/search?q=a",
                "1/conversations",
                base + "/messages",
                "1/inboxes",
                "1/webhooks")) {
            assertError(as(BOT, "GET", path, null), 401);
        }
        assertError(as(BOT, "POST", "1/contacts", Map.of("name", "x")), 401);
    }

    // Contacts

    @Test
    @DisplayName("A contact is made with its place in the inbox")
    void createContact() throws IOException {
        Map<?, ?> answer = right(
                "POST",
                "contacts",
                map(
                        "name", "Ana Soto",
                        "email", "Ana@X.cl",
                        "phone_number", "+56987654321",
                        "identifier", "hub-1",
                        "inbox_id", 1,
                        "source_id", "lead-1",
                        "custom_attributes", Map.of("rut", "76000012-4"),
                        "additional_attributes", Map.of("city", "Santiago")));
        Map<?, ?> contact = (Map<?, ?>) at(answer, "payload", "contact");
        assertThat(contact.get("email")).isEqualTo("ana@x.cl");
        assertThat(contact.get("phone_number")).isEqualTo("+56987654321");
        assertThat(contact.get("identifier")).isEqualTo("hub-1");
        assertThat(contact.get("custom_attributes")).isEqualTo(Map.of("rut", "76000012-4"));
        assertThat(contact.get("additional_attributes")).isEqualTo(Map.of("city", "Santiago"));
        assertThat(contact.get("created_at")).isInstanceOf(Integer.class);
        assertThat(at(contact, "contact_inboxes", 0, "source_id")).isEqualTo("lead-1");
        assertThat(at(contact, "contact_inboxes", 0, "inbox", "id")).isEqualTo(1);
        assertThat(at(answer, "payload", "contact_inbox", "source_id")).isEqualTo("lead-1");
        assertThat(at(answer, "payload", "contact_inbox", "inbox", "id")).isEqualTo(1);
        assertThat(at(right("GET", "contacts/" + contact.get("id"), null), "payload"))
                .isEqualTo(contact);

        Map<?, ?> bare = right("POST", "contacts", Map.of("name", "Sin inbox"));
        assertThat(at(bare, "payload", "contact_inbox")).isEqualTo(map("inbox", null, "source_id", null));
        assertError(call("POST", "contacts", map("name", "x", "inbox_id", 2)), 404);
        assertError(call("POST", "contacts", map("name", "x", "inbox_id", 1, "source_id", "lead-1")), 422);
        assertThat(server.chatwoot().contacts(Map.of("account", "1"))).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({
        "email, ANA@x.cl, Email has already been taken",
        "phone_number, +56987654321, Phone number has already been taken",
        "identifier, hub-1, Identifier has already been taken",
        "email, nobody, Email Invalid email",
        "phone_number, 987654321, Phone number should be in e164 format"
    })
    @DisplayName("What is taken in the account or wrong is refused by field")
    void invalidContact(String field, String value, String message) throws IOException {
        contact("name", "Ana", "email", "ana@x.cl", "phone_number", "+56987654321", "identifier", "hub-1");
        HttpResponse<byte[]> answer = call("POST", "contacts", map("name", "Otra", field, value));
        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(SandboxClient.parse(answer)).isEqualTo(map("message", message, "attributes", List.of(field)));
        int other = contact("name", "Otra");
        assertThat(call("PATCH", "contacts/" + other, Map.of(field, value)).statusCode())
                .isEqualTo(422);
        if (!message.contains("taken")) {
            return;
        }
        assertThat(as("demo-chatwoot-2", "POST", "2/contacts", Map.of(field, value))
                        .statusCode())
                .as("the other account")
                .isEqualTo(200);
    }

    @Test
    @DisplayName("All wrong fields of a contact are named at once, and a name ends at 255 characters")
    void severalErrors() throws IOException {
        HttpResponse<byte[]> answer =
                call("POST", "contacts", map("name", "x".repeat(256), "email", "x", "phone_number", "x"));
        assertThat(at(SandboxClient.parse(answer), "attributes")).isEqualTo(List.of("email", "phone_number", "name"));
    }

    @Test
    @DisplayName("An update merges attributes; only their removal removes them")
    void updateContact() throws IOException {
        int id = contact("email", "ana@x.cl", "custom_attributes", Map.of("a", 1, "b", 2));
        Map<?, ?> updated =
                right("PUT", "contacts/" + id, map("name", "Ana", "custom_attributes", map("b", 3, "c", true)));
        assertThat(at(updated, "payload", "custom_attributes")).isEqualTo(map("a", 1, "b", 3, "c", true));
        assertThat(at(updated, "payload", "email")).isEqualTo("ana@x.cl");
        right("PATCH", "contacts/" + id, map("email", "ana@y.cl"));
        assertThat(found("ana@x.cl")).isEmpty();
        assertThat(found("ana@y.cl")).extracting("id").isEqualTo(List.of(id));
        assertThat(contact("email", "ana@x.cl")).isNotEqualTo(id);
        Map<?, ?> removed = right(
                "POST",
                "contacts/" + id + "/destroy_custom_attributes",
                Map.of("custom_attributes", List.of("a", "c")));
        assertThat(at(removed, "payload", "custom_attributes")).isEqualTo(Map.of("b", 3));
        assertError(call("PUT", "contacts/4711", Map.of("name", "x")), 404);
        assertThat(call("DELETE", "contacts/" + id, null).statusCode()).isEqualTo(200);
        assertError(call("GET", "contacts/" + id, null), 404);
    }

    @Test
    @DisplayName("A search finds parts of names, addresses, numbers and identifiers")
    void search() throws IOException {
        int ana = contact("name", "Ana Soto", "email", "ana@x.cl", "phone_number", "+56987654321");
        int diana = contact("name", "Diana", "email", "diana@x.cl.example", "identifier", "Lead-ana@x.cl");
        int mail = contact("name", "ana@x.cl");
        assertThat(found("ana@x.cl")).extracting("id").isEqualTo(List.of(ana, diana, mail));
        assertThat(found("ANA@X.CL")).extracting("id").isEqualTo(List.of(ana, diana, mail));
        assertThat(found("@x.cl.e")).extracting("id").isEqualTo(List.of(diana));
        assertThat(found("lead-ana@x")).as("identifiers are exact").isEmpty();
        assertThat(found("Lead-ana@x")).extracting("id").isEqualTo(List.of(diana));
        assertThat(found("+569876")).extracting("id").isEqualTo(List.of(ana));
        assertThat(found("7654321")).extracting("id").isEqualTo(List.of(ana));
        assertThat(found("soto")).extracting("id").isEqualTo(List.of(ana));
        assertThat(found("nadie@x.cl")).isEmpty();
        assertThat(as("demo-chatwoot-2", "GET", "2/contacts/search?q=ana", null).body())
                .asString(StandardCharsets.UTF_8)
                .contains("\"payload\":[]");
        assertError(call("GET", "contacts/search?q=", null), 422);
    }

    @Test
    @DisplayName("In a search _ and % stand for anything, so that a match is not yet the one meant")
    void wildcards() throws IOException {
        int exact = contact("email", "ana_soto@x.cl");
        int other = contact("email", "anaxsoto@x.cl");
        assertThat(found("ana_soto@x.cl")).extracting("id").isEqualTo(List.of(exact, other));
        assertThat(found("an%@x.cl")).hasSize(2);
        assertThat(found("ana.soto@x.cl")).isEmpty();
    }

    @Test
    @DisplayName("A plus that is not encoded is a space, which finds the number all the same")
    void plus() throws IOException {
        contact("phone_number", "+56987654321");
        assertThat(list(right("GET", "contacts/search?q=+56987654321", null), "payload"))
                .hasSize(1);
    }

    @Test
    @DisplayName("Search has 15 a page and tells whether there are more, not how many")
    void pages() throws IOException {
        for (int i = 0; i < 17; i++) {
            contact("email", "n" + i + "@x.cl");
        }
        Map<?, ?> first = right("GET", "contacts/search?q=%40x.cl", null);
        assertThat(at(first, "meta")).isEqualTo(map("count", 15, "current_page", 1, "has_more", true));
        assertThat(list(first, "payload")).hasSize(15);
        Map<?, ?> second = right("GET", "contacts/search?q=%40x.cl&page=2", null);
        assertThat(at(second, "meta")).isEqualTo(map("count", 2, "current_page", "2", "has_more", false));
        assertThat(list(second, "payload")).hasSize(2);
        Map<?, ?> all = right("GET", "contacts?page=2", null);
        assertThat(at(all, "meta", "count")).isEqualTo(17);
        assertThat(list(all, "payload")).hasSize(2);
        assertThat(list(right("GET", "contacts?sort=-email", null), "payload"))
                .first()
                .extracting("email")
                .isEqualTo("n9@x.cl");
    }

    @Test
    @DisplayName("A filter with equal_to finds the very contact")
    void filter() throws IOException {
        int ana = contact("email", "ana@x.cl", "phone_number", "+56987654321", "name", "Ana");
        contact("email", "diana@x.cl", "identifier", "d");
        right(
                "POST",
                "custom_attribute_definitions",
                map(
                        "attribute_display_name",
                        "RUT",
                        "attribute_key",
                        "rut",
                        "attribute_model",
                        "contact_attribute",
                        "attribute_display_type",
                        "text"));
        right("PATCH", "contacts/" + ana, Map.of("custom_attributes", Map.of("rut", "76000012-4")));
        for (List<String> pair : List.of(
                List.of("email", "ana@x.cl"),
                List.of("phone_number", "+56987654321"),
                List.of("name", "ana"),
                List.of("rut", "76000012-4"))) {
            Map<?, ?> answer = right(
                    "POST",
                    "contacts/filter",
                    Map.of("payload", List.of(condition(pair.get(0), "equal_to", null, pair.get(1)))));
            assertThat(at(answer, "meta")).isEqualTo(map("count", 1, "current_page", 1));
            assertThat(list(answer, "payload")).as(pair.get(0)).extracting("id").isEqualTo(List.of(ana));
        }
        assertThat(list(
                        right(
                                "POST",
                                "contacts/filter",
                                Map.of(
                                        "payload",
                                        List.of(
                                                condition("email", "contains", "AND", "x.cl"),
                                                condition("phone_number", "is_not_present", "OR"),
                                                condition("name", "equal_to", null, "ana")))),
                        "payload"))
                .hasSize(2);
        assertError(
                call("POST", "contacts/filter", Map.of("payload", List.of(condition("nope", "equal_to", null, "x")))),
                422);
        assertError(
                call("POST", "contacts/filter", Map.of("payload", List.of(condition("email", "nope", null, "x")))),
                422);
        assertError(
                call("POST", "contacts/filter", Map.of("payload", List.of(condition("email", "equal_to", null)))), 422);
        assertError(call("POST", "contacts/filter", Map.of()), 422);
    }

    private static Map<String, Object> condition(String key, String operator, String next, String... values) {
        return map(
                "attribute_key", key, "filter_operator", operator, "values", List.of(values), "query_operator", next);
    }

    @Test
    @DisplayName("A contact is linked to inboxes, has labels and conversations")
    void contactParts() throws IOException {
        int id = contact("email", "ana@x.cl");
        Map<?, ?> link = right("POST", "contacts/" + id + "/contact_inboxes", map("inbox_id", 1, "source_id", "s1"));
        assertThat(link.get("source_id")).isEqualTo("s1");
        assertThat(at(link, "inbox", "channel_type")).isEqualTo("Channel::Api");
        assertThat(right("POST", "contacts/" + id + "/contact_inboxes", map("inbox_id", 1, "source_id", "s1")))
                .isEqualTo(link);
        assertError(
                call(
                        "POST",
                        "contacts/" + contact("name", "x") + "/contact_inboxes",
                        map("inbox_id", 1, "source_id", "s1")),
                422);
        assertThat(right("POST", "contacts/" + id + "/labels", Map.of("labels", List.of("vip", "web"))))
                .isEqualTo(Map.of("payload", List.of("vip", "web")));
        right("POST", "contacts/" + id + "/labels", Map.of("labels", List.of("web")));
        assertThat(right("GET", "contacts/" + id + "/labels", null)).isEqualTo(Map.of("payload", List.of("web")));
        int first = conversation(id);
        int second = conversation(id);
        assertThat(list(right("GET", "contacts/" + id + "/conversations", null), "payload"))
                .extracting("id")
                .isEqualTo(List.of(second, first));
    }

    @Test
    @DisplayName("The search is throttled only when told to, for each account apart, with a plain text")
    void throttle() throws IOException {
        client.json("POST", "/sandbox/chatwoot/limits", Map.of("searchesPerMinute", 1));
        HttpResponse<byte[]> answer = call("GET", "contacts/search?q=a", null);
        // A minute may end between two calls, but not twice in a row.
        for (int i = 0; i < 3 && answer.statusCode() == 200; i++) {
            answer = call("GET", "contacts/search?q=a", null);
        }
        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(answer.headers().firstValue("content-type")).contains("text/plain");
        assertThat(new String(answer.body(), StandardCharsets.UTF_8)).isEqualTo("Retry later\n");
        assertThat(call("GET", "contacts", null).statusCode()).isEqualTo(200);
        assertThat(as("demo-chatwoot-2", "GET", "2/contacts/search?q=a", null).statusCode())
                .isEqualTo(200);
        server.chatwoot().limits(0, 0);
        right("GET", "contacts/search?q=a", null);
    }

    // Conversations

    @Test
    @DisplayName("A conversation is made with its first message, and its number is the account's own")
    void createConversation() throws IOException {
        int id = contact("email", "ana@x.cl", "inbox_id", 1, "source_id", "lead-1");
        Map<?, ?> made = right(
                "POST",
                "conversations",
                map(
                        "inbox_id",
                        1,
                        "contact_id",
                        id,
                        "source_id",
                        "lead-1",
                        "status",
                        "pending",
                        "custom_attributes",
                        Map.of("canal", "web"),
                        "additional_attributes",
                        Map.of("source", "sitio"),
                        "message",
                        map("content", "Hola", "message_type", "incoming")));
        assertThat(made.get("id")).isEqualTo(1);
        assertThat(made.get("account_id")).isEqualTo(1);
        assertThat(made.get("inbox_id")).isEqualTo(1);
        assertThat(made.get("status")).isEqualTo("pending");
        assertThat(made.get("custom_attributes")).isEqualTo(Map.of("canal", "web"));
        assertThat(made.get("additional_attributes")).isEqualTo(Map.of("source", "sitio"));
        assertThat(made.get("labels")).isEqualTo(List.of());
        assertThat(made.get("unread_count")).isEqualTo(1);
        assertThat(made.get("created_at")).isInstanceOf(Integer.class);
        assertThat(made.get("updated_at")).isInstanceOf(Double.class);
        assertThat(at(made, "meta", "sender", "id")).isEqualTo(id);
        assertThat(at(made, "meta", "channel")).isEqualTo("Channel::Api");
        assertThat(at(made, "messages", 0, "message_type")).isEqualTo(0);
        assertThat(at(made, "messages", 0, "content")).isEqualTo("Hola");
        assertThat(right("GET", "conversations/1", null)).isEqualTo(made);
        Map<?, ?> other =
                (Map<?, ?>) SandboxClient.parse(as("demo-chatwoot-2", "POST", "2/contacts", Map.of("name", "B")));
        Map<?, ?> second = (Map<?, ?>) SandboxClient.parse(as(
                "demo-chatwoot-2",
                "POST",
                "2/conversations",
                map("inbox_id", 2, "contact_id", at(other, "payload", "contact", "id"))));
        assertThat(second.get("id")).isEqualTo(1);
        assertThat(right("POST", "conversations", map("source_id", "lead-1")).get("id"))
                .isEqualTo(2);
    }

    @Test
    @DisplayName("A conversation with a stranger's contact, inbox or source is not found, and nothing is made")
    void strangers() throws IOException {
        int id = contact("email", "ana@x.cl", "inbox_id", 1, "source_id", "lead-1");
        Map<?, ?> other = (Map<?, ?>) SandboxClient.parse(
                as("demo-chatwoot-2", "POST", "2/contacts", map("name", "B", "inbox_id", 2, "source_id", "lead-2")));
        Object stranger = at(other, "payload", "contact", "id");
        assertError(call("POST", "conversations", map("inbox_id", 1, "contact_id", stranger)), 404);
        assertError(call("POST", "conversations", map("inbox_id", 2, "contact_id", id)), 404);
        assertError(call("POST", "conversations", map("source_id", "nope")), 404);
        assertError(call("POST", "conversations", map("source_id", "lead-2")), 401);
        assertError(
                call(
                        "POST",
                        "conversations",
                        map("inbox_id", 1, "contact_id", contact("name", "C"), "source_id", "lead-1")),
                422);
        assertError(call("POST", "conversations", map("inbox_id", 1, "contact_id", id, "status", "closed")), 422);
        assertError(
                call(
                        "POST",
                        "conversations",
                        map(
                                "inbox_id",
                                11,
                                "contact_id",
                                id,
                                "message",
                                map("content", "x", "message_type", "incoming"))),
                422);
        assertThat(server.chatwoot().conversations(Map.of())).isEmpty();
        assertThat(server.chatwoot().messages(Map.of())).isEmpty();
    }

    @Test
    @DisplayName("An inbox locked to a single conversation gives the last one again")
    void singleConversation() throws IOException {
        int id = contact("email", "ana@x.cl", "inbox_id", 1, "source_id", "lead-1");
        assertThat(right("PATCH", "inboxes/1", Map.of("lock_to_single_conversation", true))
                        .get("lock_to_single_conversation"))
                .isEqualTo(true);
        Map<String, Object> body =
                map("inbox_id", 1, "contact_id", id, "source_id", "lead-1", "message", Map.of("content", "Hola"));
        assertThat(right("POST", "conversations", body).get("id")).isEqualTo(1);
        assertThat(right("POST", "conversations", body).get("id")).isEqualTo(1);
        assertThat(server.chatwoot().messages(Map.of("conversation_id", "1"))).hasSize(2);
    }

    @Test
    @DisplayName("The list has what is open, newest activity first, 25 a page")
    void listConversations() throws IOException {
        int id = contact("email", "ana@x.cl");
        for (int i = 0; i < 27; i++) {
            conversation(id);
        }
        right("POST", "conversations/1/messages", Map.of("content", "x"));
        right("POST", "conversations/2/toggle_status", Map.of("status", "resolved"));
        Map<?, ?> open = right("GET", "conversations", null);
        assertThat(at(open, "data", "meta"))
                .isEqualTo(map("mine_count", 0, "assigned_count", 0, "unassigned_count", 26, "all_count", 26));
        assertThat(list(open, "data", "payload"))
                .hasSize(25)
                .first()
                .extracting("id")
                .isEqualTo(1);
        assertThat(list(right("GET", "conversations?page=2", null), "data", "payload"))
                .hasSize(1);
        assertThat(list(right("GET", "conversations?status=resolved", null), "data", "payload"))
                .extracting("id")
                .isEqualTo(List.of(2));
        assertThat(list(right("GET", "conversations?status=all&updated_within=3600", null), "data", "payload"))
                .hasSize(27);
        assertThat(list(right("GET", "conversations?status=all&inbox_id=11", null), "data", "payload"))
                .isEmpty();
    }

    @Test
    @DisplayName("A status is set or toggled, noted in the conversation and answered")
    void toggleStatus() throws IOException {
        int id = conversation(contact("email", "ana@x.cl"));
        Map<?, ?> answer = right("POST", "conversations/" + id + "/toggle_status", Map.of("status", "pending"));
        assertThat(at(answer, "payload"))
                .isEqualTo(map(
                        "success", true, "conversation_id", id, "current_status", "pending", "snoozed_until", null));
        assertThat(at(right("POST", "conversations/" + id + "/toggle_status", null), "payload", "current_status"))
                .isEqualTo("open");
        assertThat(at(right("POST", "conversations/" + id + "/toggle_status", null), "payload", "current_status"))
                .isEqualTo("resolved");
        assertError(call("POST", "conversations/" + id + "/toggle_status", Map.of("status", "closed")), 422);
        assertThat(server.chatwoot().messages(Map.of()))
                .extracting("message_type")
                .containsOnly(2);
        right("POST", "conversations/" + id + "/messages", map("content", "Sigo aquí", "message_type", "incoming"));
        assertThat(right("GET", "conversations/" + id, null).get("status"))
                .as("reopened")
                .isEqualTo("open");
    }

    @Test
    @DisplayName("Attributes and labels of a conversation are replaced as a whole")
    void replaced() throws IOException {
        int id = conversation(contact("email", "ana@x.cl"), "custom_attributes", Map.of("a", 1));
        assertThat(right(
                        "POST",
                        "conversations/" + id + "/custom_attributes",
                        Map.of("custom_attributes", Map.of("b", 2))))
                .isEqualTo(Map.of("custom_attributes", Map.of("b", 2)));
        assertThat(right("GET", "conversations/" + id, null).get("custom_attributes"))
                .isEqualTo(Map.of("b", 2));
        right("POST", "conversations/" + id + "/labels", Map.of("labels", List.of("a", "b")));
        assertThat(right("POST", "conversations/" + id + "/labels", Map.of("labels", List.of("c"))))
                .isEqualTo(Map.of("payload", List.of("c")));
        assertThat(right("GET", "conversations/" + id + "/labels", null)).isEqualTo(Map.of("payload", List.of("c")));
    }

    @Test
    @DisplayName("A conversation is assigned to a person, a bot or a team")
    void assignments() throws IOException {
        String path = "conversations/" + conversation(contact("email", "ana@x.cl")) + "/assignments";
        assertThat(right("POST", path, Map.of("assignee_id", 11)).get("name")).isEqualTo("Elena Rojas");
        String show = path.replace("/assignments", "");
        assertThat(at(right("GET", show, null), "meta", "assignee", "id")).isEqualTo(11);
        assertThat(right("POST", path, map("assignee_id", 1, "assignee_type", "AgentBot"))
                        .get("id"))
                .isEqualTo(1);
        assertThat(at(right("GET", show, null), "meta", "assignee_type")).isEqualTo("AgentBot");
        assertThat(right("POST", path, Map.of("team_id", 11)).get("name")).isEqualTo("soporte");
        HttpResponse<byte[]> nobody = call("POST", path, Map.of("assignee_id", 999));
        assertThat(new String(nobody.body(), StandardCharsets.UTF_8)).isEqualTo("null");
        assertThat(at(right("GET", show, null), "meta", "assignee")).isNull();
    }

    // Messages

    @Test
    @DisplayName("A message is answered with its id, its kind as a number and its attributes")
    void createMessage() throws IOException {
        int id = conversation(contact("email", "ana@x.cl"));
        Map<?, ?> made = right(
                "POST",
                "conversations/" + id + "/messages",
                map("content", "¡Hola!", "content_attributes", map("hub_event_id", "e1", "automated", true)));
        assertThat(made.get("id")).isInstanceOf(Integer.class);
        assertThat(made.get("message_type")).isEqualTo(1);
        assertThat(made.get("private")).isEqualTo(false);
        assertThat(made.get("conversation_id")).isEqualTo(id);
        assertThat(made.get("content")).isEqualTo("¡Hola!");
        assertThat(made.get("content_type")).isEqualTo("text");
        assertThat(made.get("content_attributes")).isEqualTo(map("hub_event_id", "e1", "automated", true));
        assertThat(made.get("created_at")).isInstanceOf(Integer.class);
        assertThat(at(made, "sender", "type")).isEqualTo("user");
        assertThat(made.containsKey("attachments")).isFalse();
        Map<?, ?> note = right("POST", "conversations/" + id + "/messages", map("content", "Nota", "private", true));
        assertThat(note.get("private")).isEqualTo(true);
        Map<?, ?> incoming =
                right("POST", "conversations/" + id + "/messages", map("content", "Hola", "message_type", "incoming"));
        assertThat(at(incoming, "sender", "type")).isEqualTo("contact");
        assertThat(at(incoming, "sender", "email")).isEqualTo("ana@x.cl");
        Object bot = SandboxClient.parse(
                as(BOT, "POST", "1/conversations/" + id + "/messages", Map.of("content", "Soy un bot")));
        assertThat(at(bot, "sender", "type")).isEqualTo("agent_bot");
    }

    @Test
    @DisplayName(
            "A message that is wrong is refused: incoming in a website inbox, too long, of no kind, in no conversation")
    void invalidMessage() throws IOException {
        int contact = contact("email", "ana@x.cl");
        String api = "conversations/" + conversation(contact) + "/messages";
        String site = "conversations/" + conversation(contact, "inbox_id", 11) + "/messages";
        assertError(call("POST", site, map("content", "x", "message_type", "incoming")), 422);
        assertThat(call("POST", site, map("content", "x")).statusCode()).isEqualTo(200);
        assertThat(call("POST", api, map("content", "ñ".repeat(150_000))).statusCode())
                .isEqualTo(200);
        assertError(call("POST", api, map("content", "ñ".repeat(150_001))), 422);
        assertError(call("POST", api, map("content", "x", "message_type", "nope")), 422);
        assertError(call("POST", api, map("content", "x", "content_type", "nope")), 422);
        assertError(call("POST", "conversations/99/messages", map("content", "x")), 404);
        assertError(as("demo-chatwoot-2", "POST", "2/" + api, map("content", "x")), 404);
        HttpResponse<byte[]> broken = client.send(
                "POST",
                "/api/v1/accounts/1/" + api,
                "{".getBytes(StandardCharsets.UTF_8),
                "Content-Type",
                "application/json",
                "api_access_token",
                USER);
        assertError(broken, 400);
    }

    @Test
    @DisplayName("Messages are listed oldest first, 20 at once, back from an id or on from one")
    void listMessages() throws IOException {
        int id = conversation(contact("email", "ana@x.cl"));
        List<Object> ids = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            ids.add(right("POST", "conversations/" + id + "/messages", Map.of("content", "n" + i))
                    .get("id"));
        }
        Map<?, ?> latest = right("GET", "conversations/" + id + "/messages", null);
        assertThat(list(latest, "payload")).extracting("id").isEqualTo(ids.subList(5, 25));
        assertThat(at(latest, "payload", 0, "message_type")).isEqualTo(1);
        assertThat(at(latest, "meta", "contact", "email")).isEqualTo("ana@x.cl");
        assertThat(list(right("GET", "conversations/" + id + "/messages?before=" + ids.get(5), null), "payload"))
                .extracting("id")
                .isEqualTo(ids.subList(0, 5));
        assertThat(list(right("GET", "conversations/" + id + "/messages?after=" + ids.get(22), null), "payload"))
                .extracting("id")
                .isEqualTo(ids.subList(23, 25));
    }

    @Test
    @DisplayName("Files come as a form, and their addresses redirect to their bytes")
    void attachments() throws IOException {
        int id = conversation(contact("email", "ana@x.cl"));
        String form = "--b\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\nMi factura\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"message_type\"\r\n\r\nincoming\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"content_attributes\"\r\n\r\n{\"hub_event_id\":\"e1\"}\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"attachments[]\"; filename=\"fac tura.PNG\"\r\n"
                + "Content-Type: image/png\r\n\r\nPNG\r\nbytes\r\n--b--\r\n";
        HttpResponse<byte[]> answer = client.send(
                "POST",
                "/api/v1/accounts/1/conversations/" + id + "/messages",
                form.getBytes(StandardCharsets.UTF_8),
                "Content-Type",
                "multipart/form-data; boundary=b",
                "api_access_token",
                USER);
        assertThat(answer.statusCode()).isEqualTo(200);
        Object message = SandboxClient.parse(answer);
        assertThat(at(message, "content")).isEqualTo("Mi factura");
        assertThat(at(message, "content_attributes", "hub_event_id")).isEqualTo("e1");
        Map<?, ?> file = (Map<?, ?>) at(message, "attachments", 0);
        assertThat(file.get("file_type")).isEqualTo("image");
        assertThat(file.get("extension")).isEqualTo("png");
        assertThat(file.get("file_size")).isEqualTo(10);
        assertThat(file.get("message_id")).isEqualTo(at(message, "id"));
        HttpResponse<byte[]> redirect =
                client.send("GET", URI.create((String) file.get("data_url")).getPath(), null);
        assertThat(redirect.statusCode()).isEqualTo(302);
        HttpResponse<byte[]> bytes =
                client.send("GET", redirect.headers().firstValue("location").orElseThrow(), null);
        assertThat(new String(bytes.body(), StandardCharsets.UTF_8)).isEqualTo("PNG\r\nbytes");
        assertThat(bytes.headers().firstValue("content-disposition")).contains("attachment");
    }

    @Test
    @DisplayName("A message's fate can be set in an API inbox only")
    void messageStatus() throws IOException {
        int contact = contact("email", "ana@x.cl");
        String api = "conversations/" + conversation(contact) + "/messages";
        String site = "conversations/" + conversation(contact, "inbox_id", 11) + "/messages";
        Object id = right("POST", api, Map.of("content", "x")).get("id");
        Map<?, ?> failed = right("PATCH", api + "/" + id, map("status", "failed", "external_error", "no route"));
        assertThat(failed.get("status")).isEqualTo("failed");
        assertThat(at(failed, "content_attributes", "external_error")).isEqualTo("no route");
        Object other = right("POST", site, Map.of("content", "x")).get("id");
        assertError(call("PATCH", site + "/" + other, Map.of("status", "read")), 403);
    }

    @Test
    @DisplayName("A conversation's messages a minute are limited only when told to")
    void messageLimit() throws IOException {
        String path = "conversations/" + conversation(contact("email", "ana@x.cl")) + "/messages";
        server.chatwoot().limits(0, 2);
        right("POST", path, Map.of("content", "1"));
        right("POST", path, Map.of("content", "2"));
        assertError(call("POST", path, Map.of("content", "3")), 422);
    }

    @Test
    @DisplayName("There is no idempotency: a repeat is a second message, which the stats tell")
    void duplicates() throws IOException {
        String path = "conversations/" + conversation(contact("email", "ana@x.cl")) + "/messages";
        Map<String, Object> body = map("content", "x", "content_attributes", Map.of("hub_event_id", "e1"));
        right("POST", path, body);
        assertThat(server.chatwoot().stats()).containsEntry("duplicateMessages", 0L);
        server.trouble()
                .add(Rule.of(Kind.LOST_ANSWER)
                        .on("messages", "create")
                        .company(1)
                        .times(1));
        assertThatThrownBy(() -> call("POST", path, body)).isInstanceOf(IOException.class);
        assertThat(server.chatwoot().stats())
                .containsEntry("messages", 2L)
                .containsEntry("duplicateMessages", 1L)
                .containsEntry("duplicateContacts", 0L);
    }

    // Settings

    @Test
    @DisplayName("Inboxes of both kinds are listed; only API inboxes have a secret and a callback")
    void inboxes() throws IOException {
        List<?> inboxes = list(right("GET", "inboxes", null), "payload");
        assertThat(inboxes).extracting("id").isEqualTo(List.of(1, 11));
        assertThat(inboxes).extracting("channel_type").isEqualTo(List.of("Channel::Api", "Channel::WebWidget"));
        Map<?, ?> api = right("PATCH", "inboxes/1", Map.of("channel", Map.of("webhook_url", "http://127.0.0.1:1/x")));
        assertThat(api.get("webhook_url")).isEqualTo("http://127.0.0.1:1/x");
        assertThat(right("GET", "inboxes/1", null).get("secret")).isEqualTo("demo-chatwoot-inbox-secret-1");
        assertThat(right("GET", "inboxes/11", null).containsKey("secret")).isFalse();
        assertError(call("GET", "inboxes/2", null), 404);
    }

    @Test
    @DisplayName("Webhooks have a secret and known subscriptions, and one address once in an account")
    void webhookMethods() throws IOException {
        Map<?, ?> made = (Map<?, ?>) at(
                right(
                        "POST",
                        "webhooks",
                        map("url", "http://127.0.0.1:1/x", "subscriptions", List.of("message_created"))),
                "payload",
                "webhook");
        assertThat((String) made.get("secret")).hasSizeGreaterThan(20);
        assertThat(made.get("account_id")).isEqualTo(1);
        assertThat(made.get("subscriptions")).isEqualTo(List.of("message_created"));
        assertThat(list(right("GET", "webhooks", null), "payload", "webhooks")).isEqualTo(List.of(made));
        for (Map<String, Object> wrong : List.of(
                map("url", "http://127.0.0.1:1/x", "subscriptions", List.of("message_created")),
                map("url", "http://127.0.0.1:1/y", "subscriptions", List.of("conversation_resolved")),
                map("url", "http://127.0.0.1:1/y", "subscriptions", List.of()),
                map("url", "ftp://x", "subscriptions", List.of("message_created")))) {
            HttpResponse<byte[]> answer = call("POST", "webhooks", wrong);
            assertThat(answer.statusCode()).isEqualTo(422);
            assertThat(((Map<?, ?>) SandboxClient.parse(answer)).keySet()).hasToString("[message, attributes]");
        }
        Map<?, ?> changed =
                right("PATCH", "webhooks/" + made.get("id"), Map.of("subscriptions", List.of("contact_created")));
        assertThat(at(changed, "payload", "webhook", "secret")).isEqualTo(made.get("secret"));
        assertThat(at(changed, "payload", "webhook", "url")).isEqualTo(made.get("url"));
        assertThat(call("DELETE", "webhooks/" + made.get("id"), null).statusCode())
                .isEqualTo(200);
        assertError(call("PATCH", "webhooks/" + made.get("id"), Map.of()), 404);
    }

    @Test
    @DisplayName("A bot is attached to an inbox, whose conversations then begin as pending")
    void agentBots() throws IOException {
        List<?> bots = (List<?>) SandboxClient.parse(call("GET", "agent_bots", null));
        assertThat(bots).first().extracting("id", "access_token").containsExactly(1, BOT);
        Map<?, ?> own = right("POST", "agent_bots", map("name", "Hub", "outgoing_url", "http://127.0.0.1:1/x"));
        assertThat(call("POST", "inboxes/1/set_agent_bot", Map.of("agent_bot", own.get("id")))
                        .statusCode())
                .isEqualTo(200);
        assertThat(at(right("GET", "inboxes/1/agent_bot", null), "agent_bot", "name"))
                .isEqualTo("Hub");
        int contact = contact("email", "ana@x.cl");
        int id = conversation(contact);
        assertThat(right("GET", "conversations/" + id, null).get("status")).isEqualTo("pending");
        assertThat(as(
                                (String) own.get("access_token"),
                                "POST",
                                "1/conversations/" + id + "/messages",
                                Map.of("content", "x"))
                        .statusCode())
                .isEqualTo(200);
        Object before = own.get("secret");
        assertThat(right("POST", "agent_bots/" + own.get("id") + "/reset_secret", null)
                        .get("secret"))
                .isNotEqualTo(before);
        call("POST", "inboxes/1/set_agent_bot", map("agent_bot", null));
        assertThat(right("GET", "inboxes/1/agent_bot", null)).isEqualTo(Map.of("agent_bot", Map.of()));
        assertThat(right("GET", "conversations/" + conversation(contact), null).get("status"))
                .isEqualTo("open");
        assertError(call("POST", "inboxes/1/set_agent_bot", Map.of("agent_bot", 2)), 404);
    }

    @Test
    @DisplayName("Definitions of attributes are kept by model and key")
    void definitions() throws IOException {
        Map<String, Object> body = map(
                "attribute_display_name",
                "RUT",
                "attribute_key",
                "rut",
                "attribute_model",
                1,
                "attribute_display_type",
                0);
        Map<?, ?> made = right("POST", "custom_attribute_definitions", body);
        assertThat(made.get("attribute_model")).isEqualTo("contact_attribute");
        assertThat(made.get("attribute_display_type")).isEqualTo("text");
        assertThat(call("POST", "custom_attribute_definitions", body).statusCode())
                .isEqualTo(422);
        String list = "custom_attribute_definitions?attribute_model=";
        assertThat((List<?>) SandboxClient.parse(call("GET", list + "contact_attribute", null)))
                .isEqualTo(List.of(made));
        assertThat((List<?>) SandboxClient.parse(call("GET", list + "0", null))).isEmpty();
        assertThat(call("DELETE", "custom_attribute_definitions/" + made.get("id"), null)
                        .statusCode())
                .isEqualTo(200);
        assertError(call("GET", "custom_attribute_definitions/" + made.get("id"), null), 404);
    }

    // Webhooks

    private static void assertSigned(HookReceiver.Hook hook, String secret) {
        assertThat(hook.header("X-Chatwoot-Signature"))
                .isEqualTo(SandboxSigner.chatwoot(
                        secret, Long.parseLong(hook.header("X-Chatwoot-Timestamp")), hook.body()));
        assertThat(hook.header("X-Chatwoot-Delivery")).hasSize(36);
    }

    @Test
    @DisplayName("What the customer says comes as a flat, signed message_created")
    void messageCreated() throws IOException {
        try (HookReceiver receiver = new HookReceiver()) {
            server.chatwoot().webhook(1, receiver.url(), "s3cret", "message_created");
            Map<String, Object> said = server.chatwoot().say(1, "ana@x.cl", "Hola");
            HookReceiver.Hook hook = receiver.next();
            assertSigned(hook, "s3cret");
            Map<?, ?> json = hook.json();
            assertThat(json.get("event")).isEqualTo("message_created");
            assertThat(json.get("id")).isEqualTo(said.get("message"));
            assertThat(json.get("content")).isEqualTo("Hola");
            assertThat(json.get("content_type")).isEqualTo("text");
            assertThat(json.get("content_attributes")).isEqualTo(Map.of());
            assertThat(json.get("message_type")).isEqualTo("incoming");
            assertThat(json.get("private")).isEqualTo(false);
            assertThat((String) json.get("created_at")).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
            assertThat(json.get("account")).isEqualTo(map("id", 1, "name", "Ferretería Sur"));
            assertThat(at(json, "inbox", "id")).isEqualTo(1);
            assertThat(json.containsKey("attachments")).isFalse();
            Map<?, ?> sender = (Map<?, ?>) json.get("sender");
            assertThat(sender.get("id")).isEqualTo(said.get("contact"));
            assertThat(sender.get("email")).isEqualTo("ana@x.cl");
            assertThat(sender.get("blocked")).isEqualTo(false);
            assertThat(sender.containsKey("type")).isFalse();
            Map<?, ?> conversation = (Map<?, ?>) json.get("conversation");
            assertThat(conversation.get("id")).isEqualTo(said.get("conversation"));
            assertThat(conversation.get("status")).isEqualTo("open");
            assertThat(conversation.get("channel")).isEqualTo("Channel::Api");
            assertThat(conversation.get("created_at")).isInstanceOf(Integer.class);
            assertThat(at(conversation, "meta", "sender", "type")).isEqualTo("contact");
            assertThat(at(conversation, "contact_inbox", "contact_id")).isEqualTo(said.get("contact"));
            assertThat(at(conversation, "messages", 0, "message_type")).isEqualTo(0);
            assertThat(at(conversation, "messages", 0, "created_at")).isInstanceOf(Integer.class);
        }
    }

    @Test
    @DisplayName("Answers come as outgoing with their author, notes too, and what is noted by itself does not")
    void outgoing() throws IOException {
        try (HookReceiver receiver = new HookReceiver()) {
            server.chatwoot().webhook(1, receiver.url(), "s", "message_created");
            int id = conversation(contact("email", "ana@x.cl"));
            right("POST", "conversations/" + id + "/toggle_status", Map.of("status", "pending"));
            right("POST", "conversations/" + id + "/messages", map("content", "Nota", "private", true));
            HookReceiver.Hook note = receiver.next();
            assertThat(note.json().get("private")).isEqualTo(true);
            assertThat(note.json().get("message_type")).isEqualTo("outgoing");
            assertThat(note.json().get("sender"))
                    .isEqualTo(map("id", 1, "name", "Integración", "email", "hub@empresa1.example", "type", "user"));
            as(BOT, "POST", "1/conversations/" + id + "/messages", map("content", "Soy un bot"));
            assertThat(at(receiver.next().json(), "sender", "type")).isEqualTo("agent_bot");
        }
    }

    @Test
    @DisplayName("Conversations and contacts tell of their beginning and their changes")
    void otherEvents() throws IOException {
        try (HookReceiver receiver = new HookReceiver()) {
            client.json("POST", "/sandbox/chatwoot/webhooks", map("account", 1, "url", receiver.url(), "secret", "s"));
            int contact = contact("email", "ana@x.cl");
            assertThat(receiver.next("contact_created").json().get("email")).isEqualTo("ana@x.cl");
            right("PATCH", "contacts/" + contact, Map.of("name", "Ana"));
            assertThat(at(receiver.next("contact_updated").json(), "changed_attributes", 0, "name"))
                    .isEqualTo(map("current_value", "Ana", "previous_value", ""));
            int id = conversation(contact);
            HookReceiver.Hook created = receiver.next("conversation_created");
            assertThat(created.json().get("id")).isEqualTo(id);
            assertThat(created.json().containsKey("changed_attributes")).isFalse();
            right("POST", "conversations/" + id + "/toggle_status", Map.of("status", "resolved"));
            HookReceiver.Hook changed = receiver.next("conversation_status_changed");
            assertSigned(changed, "s");
            assertThat(changed.json().get("status")).isEqualTo("resolved");
            assertThat(at(changed.json(), "changed_attributes", 0, "status"))
                    .isEqualTo(map("current_value", "resolved", "previous_value", "open"));
            right("POST", "conversations/" + id + "/labels", Map.of("labels", List.of("vip")));
            assertThat(receiver.next("conversation_updated").json().get("labels"))
                    .isEqualTo(List.of("vip"));
        }
    }

    @Test
    @DisplayName("One message reaches webhook, callback and bot, each with its own secret and delivery id")
    void threeSources() throws IOException {
        try (HookReceiver account = new HookReceiver();
                HookReceiver inbox = new HookReceiver();
                HookReceiver bot = new HookReceiver()) {
            server.chatwoot().webhook(1, account.url(), "s", "message_created");
            server.chatwoot().callback(1, inbox.url());
            server.chatwoot().bot(1, bot.url());
            Map<String, Object> said = server.chatwoot().say(1, "ana@x.cl", "Hola");
            HookReceiver.Hook one = account.next("message_created");
            HookReceiver.Hook two = inbox.next("message_created");
            HookReceiver.Hook three = bot.next("message_created");
            assertSigned(one, "s");
            assertSigned(two, "demo-chatwoot-inbox-secret-1");
            assertSigned(three, "demo-chatwoot-bot-secret-1");
            assertThat(List.of(
                            one.header("X-Chatwoot-Delivery"),
                            two.header("X-Chatwoot-Delivery"),
                            three.header("X-Chatwoot-Delivery")))
                    .doesNotHaveDuplicates();
            assertThat(at(three.json(), "conversation", "status")).isEqualTo("pending");
            right("POST", "conversations/" + said.get("conversation") + "/toggle_status", Map.of("status", "open"));
            bot.next("conversation_opened");
        }
    }

    @Test
    @DisplayName("A webhook without secret comes unsigned")
    void unsigned() throws IOException {
        try (HookReceiver receiver = new HookReceiver()) {
            server.chatwoot().webhook(1, receiver.url(), null);
            server.chatwoot().say(1, "ana@x.cl", "Hola");
            HookReceiver.Hook hook = receiver.next("message_created");
            assertThat(hook.header("X-Chatwoot-Signature")).isNull();
            assertThat(hook.header("X-Chatwoot-Timestamp")).isNull();
            assertThat(hook.header("X-Chatwoot-Delivery")).isNotNull();
        }
    }

    @Test
    @DisplayName("An account's webhook is tried once, and a callback that fails makes its message failed")
    void oneAttempt() throws IOException {
        try (HookReceiver account = new HookReceiver().answer(500, 200);
                HookReceiver inbox = new HookReceiver().answer(500, 500)) {
            server.chatwoot().webhook(1, account.url(), "s", "message_created", "message_updated");
            server.chatwoot().callback(1, inbox.url());
            int id = conversation(contact("email", "ana@x.cl"));
            right("POST", "conversations/" + id + "/messages", Map.of("content", "x"));
            // The failed callback changes the message, which is told as well; the two may overtake each other.
            assertThat(List.of(
                            account.next().json().get("event"),
                            account.next().json().get("event")))
                    .containsExactlyInAnyOrder("message_created", "message_updated");
            assertThat(server.chatwoot().messages(Map.of()))
                    .extracting("status")
                    .containsExactly("failed");
        }
    }

    @Test
    @DisplayName("A bot that does not take a message of a pending conversation loses it to people")
    void botFails() throws IOException {
        try (HookReceiver account = new HookReceiver();
                HookReceiver bot = new HookReceiver().answer(404)) {
            server.chatwoot().webhook(1, account.url(), "s", "conversation_status_changed");
            server.chatwoot().bot(1, bot.url());
            Map<String, Object> said = server.chatwoot().say(1, "ana@x.cl", "Hola");
            assertThat(account.next().json().get("status")).isEqualTo("open");
            assertThat(server.chatwoot()
                            .messages(Map.of(
                                    "conversation_id", said.get("conversation").toString())))
                    .extracting("message_type")
                    .containsExactly(0, 2);
        }
    }

    @Test
    @DisplayName("A bot is tried three times on 500 and 429, under one delivery id")
    void botRetries() throws IOException {
        ChatwootVendor vendor = new ChatwootVendor(Clock.systemUTC(), Duration.ofSeconds(5), Duration.ofMillis(20));
        try (HookReceiver account = new HookReceiver();
                HookReceiver bot = new HookReceiver().answer(500, 429, 500)) {
            vendor.webhook(1, account.url(), "s", List.of("conversation_status_changed"));
            vendor.bot(1, bot.url());
            vendor.say(1, null, null, "ana@x.cl", "Hola");
            HookReceiver.Hook first = bot.next();
            HookReceiver.Hook second = bot.next();
            HookReceiver.Hook third = bot.next();
            assertThat(List.of(second.header("X-Chatwoot-Delivery"), third.header("X-Chatwoot-Delivery")))
                    .containsOnly(first.header("X-Chatwoot-Delivery"));
            assertSigned(third, "demo-chatwoot-bot-secret-1");
            assertThat(account.next().json().get("status")).isEqualTo("open");
        } finally {
            vendor.close();
        }
    }

    @Test
    @DisplayName("A receiver that takes too long has not taken it")
    void tooSlow() throws IOException {
        ChatwootVendor vendor = new ChatwootVendor(Clock.systemUTC(), Duration.ofMillis(200), Duration.ofSeconds(3));
        try (HookReceiver account = new HookReceiver();
                HookReceiver inbox = new HookReceiver().hold()) {
            vendor.webhook(1, account.url(), "s", List.of("message_updated"));
            vendor.callback(1, inbox.url());
            vendor.say(1, null, null, "ana@x.cl", "Hola");
            account.next("message_updated");
            assertThat(vendor.messages(Map.of())).extracting("status").containsExactly("failed");
        } finally {
            vendor.close();
        }
    }

    @Test
    @DisplayName("A caller does not wait for the webhooks of what it does")
    void background() throws IOException {
        try (HookReceiver receiver = new HookReceiver().hold()) {
            server.chatwoot().webhook(1, receiver.url(), "s", "message_created");
            String path = "conversations/" + conversation(contact("email", "ana@x.cl")) + "/messages";
            right("POST", path, Map.of("content", "uno"));
            receiver.next();
            right("POST", path, Map.of("content", "dos"));
            assertThat(at(server.chatwoot().stats(), "webhooks", "delivered")).isEqualTo(0L);
            receiver.release();
            receiver.next();
        }
    }

    @Test
    @DisplayName("Webhooks never go to other computers")
    void loopbackOnly() throws IOException {
        server.chatwoot().webhook(1, "https://hub.example/x", "s", "message_created");
        server.chatwoot().say(1, "ana@x.cl", "Hola");
        List<?> deliveries = (List<?>) SandboxClient.parse(client.json("GET", "/sandbox/chatwoot/deliveries", null));
        assertThat(deliveries).hasSize(1).first().extracting("attempts").isEqualTo(0);
        assertThat(at(server.chatwoot().stats(), "webhooks", "failed")).isEqualTo(1L);
    }

    // Steering and looking

    @Test
    @DisplayName("A person speaks as the customer with one call")
    void say() throws IOException {
        HttpResponse<byte[]> first =
                client.json("POST", "/sandbox/chatwoot/say", map("account", 1, "contact", "Ana@x.cl", "text", "Hola"));
        assertThat(first.statusCode()).isEqualTo(200);
        Map<?, ?> said = (Map<?, ?>) SandboxClient.parse(first);
        Object conversation = said.get("conversation");
        Map<?, ?> again = (Map<?, ?>) SandboxClient.parse(client.json(
                "POST", "/sandbox/chatwoot/say", map("account", 1, "contact", "ana@x.cl", "text", "¿Hay alguien?")));
        assertThat(again.get("conversation")).isEqualTo(conversation);
        client.json("POST", "/sandbox/chatwoot/say", map("account", 1, "conversation", conversation, "text", "Chao"));
        assertThat(server.chatwoot().messages(Map.of("conversation_id", conversation.toString())))
                .extracting("content")
                .containsExactly("Hola", "¿Hay alguien?", "Chao");
        Map<?, ?> onSite = (Map<?, ?>) SandboxClient.parse(client.json(
                "POST",
                "/sandbox/chatwoot/say",
                map("account", 1, "inbox", 11, "contact", "ana@x.cl", "text", "Desde el sitio")));
        server.chatwoot().say(1, (Integer) onSite.get("conversation"), "Otra vez");
        assertThat(server.chatwoot().messages(Map.of("inbox_id", "11"))).hasSize(2);
        assertThat(server.chatwoot().say(2, "+56911112222", "Hola")).containsEntry("account", 2);
        assertThat(server.chatwoot().contacts(Map.of("phone_number", "+56911112222")))
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"account\":3,\"contact\":\"a@x.cl\",\"text\":\"x\"}",
                "{\"account\":1,\"contact\":\"nobody\",\"text\":\"x\"}",
                "{\"account\":1,\"conversation\":9,\"text\":\"x\"}",
                "{\"account\":1,\"text\":\"x\"}",
                "{\"account\":1,\"inbox\":2,\"contact\":\"a@x.cl\",\"text\":\"x\"}",
                "{\"account\":1,\"conversation\":\"1\",\"text\":\"x\"}",
                "{\"account\":1,\"contact\":\"a@x.cl\"}",
                "{",
                "[]"
            })
    @DisplayName("A person is told what is wrong with the call")
    void sayWrong(String body) throws IOException {
        HttpResponse<byte[]> answer =
                client.send("POST", "/sandbox/chatwoot/say", body.getBytes(StandardCharsets.UTF_8));
        assertError(answer, 400);
        assertThat(server.chatwoot().contacts(Map.of())).isEmpty();
    }

    @Test
    @DisplayName("Records can be looked at by account and field, and are gone after a reset; message ids go on")
    void look() throws IOException {
        server.chatwoot().say(1, "ana@x.cl", "Hola");
        int last = (Integer) server.chatwoot().say(2, "bea@x.cl", "Hola").get("message");
        assertThat((List<?>) SandboxClient.parse(client.json("GET", "/sandbox/chatwoot/contacts?account=2", null)))
                .extracting("email")
                .isEqualTo(List.of("bea@x.cl"));
        assertThat((List<?>) SandboxClient.parse(
                        client.json("GET", "/sandbox/chatwoot/messages?account=1&conversation_id=1", null)))
                .hasSize(1);
        assertThat((List<?>) SandboxClient.parse(
                        client.json("GET", "/sandbox/chatwoot/conversations?status=open&limit=1", null)))
                .hasSize(1);
        assertThat(client.json("GET", "/sandbox/chatwoot/contacts?nope=1", null).statusCode())
                .isEqualTo(400);
        assertThat(client.json("GET", "/sandbox/chatwoot/nope", null).statusCode())
                .isEqualTo(404);
        assertThat(client.json("POST", "/sandbox/chatwoot/nope", Map.of()).statusCode())
                .isEqualTo(404);
        contact("name", "x");
        Map<?, ?> stats = (Map<?, ?>) SandboxClient.parse(client.json("GET", "/sandbox/chatwoot/stats", null));
        assertThat(stats.get("contacts")).isEqualTo(3);
        assertThat(stats.get("calls")).isEqualTo(Map.of("contacts.create", 1));
        server.reset();
        assertThat(server.chatwoot().contacts(Map.of())).isEmpty();
        assertThat((Integer) server.chatwoot().say(1, "ana@x.cl", "Hola").get("message"))
                .isGreaterThan(last);
    }

    @Test
    @DisplayName("The page shows conversations and escapes them")
    void page() throws IOException {
        server.chatwoot().say(1, "ana@x.cl", "<script>alert(\"x\")</script>");
        String html = new String(client.send("GET", "/", null).body(), StandardCharsets.UTF_8);
        assertThat(html)
                .contains("Ferretería Sur", "ana@x.cl", "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;")
                .doesNotContain("<script");
    }

    @Test
    @DisplayName("Trouble strikes its method and account alone")
    void trouble() throws IOException {
        server.trouble()
                .add(Rule.of(Kind.STATUS)
                        .on("contacts", "create")
                        .company(2)
                        .status(429)
                        .retryAfter(1));
        assertThat(as("demo-chatwoot-2", "POST", "2/contacts", Map.of("name", "x"))
                        .statusCode())
                .isEqualTo(429);
        assertThat(as("demo-chatwoot-2", "GET", "2/contacts/search?q=x", null).statusCode())
                .isEqualTo(200);
        contact("name", "x");
        assertThat(server.chatwoot().contacts(Map.of()))
                .extracting("account_id")
                .containsExactly(1);
    }

    @Test
    @DisplayName("Of many equal contacts at once one is made")
    void race() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Integer>> calls = IntStream.range(0, 24)
                    .<Callable<Integer>>mapToObj(i -> () -> call("POST", "contacts", Map.of("email", "ana@x.cl"))
                            .statusCode())
                    .toList();
            Map<Integer, Integer> statuses = new HashMap<>();
            for (Future<Integer> status : pool.invokeAll(calls)) {
                statuses.merge(status.get(), 1, Integer::sum);
            }
            assertThat(statuses).isEqualTo(Map.of(200, 1, 422, 23));
            assertThat(server.chatwoot().contacts(Map.of())).hasSize(1);
        } finally {
            pool.shutdownNow();
        }
    }
}
