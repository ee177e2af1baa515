package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import cl.smarterbot.hub.ChatwootWorld.Delivery;
import cl.smarterbot.hub.event.FailureClassifier;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestException.Kind;
import cl.smarterbot.hub.sandbox.ChatwootSandbox;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Over HTTP against the sandbox, with a real database behind the ledger. */
@DisplayName("The component chatwoot:")
class ChatwootComponentTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir
    static Path folder;

    private static SandboxServer server;

    private final String email = "ana-" + UUID.randomUUID() + "@ejemplo.cl";
    private final String event = UUID.randomUUID().toString();
    private final Delivery delivery = Delivery.first(ChatwootWorld.SUR, event);
    private ChatwootWorld world;

    @BeforeAll
    static void startServer() {
        server = SandboxServer.start(0);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void start() {
        server.reset();
        world = new ChatwootWorld(folder, server.uri().toString(), null);
    }

    @AfterEach
    void stop() {
        world.close();
    }

    private static ChatwootSandbox chatwoot() {
        return server.chatwoot();
    }

    private static long calls(String method) {
        Object count = ((Map<?, ?>) chatwoot().stats().get("calls")).get(method);
        return count == null ? 0 : ((Number) count).longValue();
    }

    private static JsonNode api(String method, String path, String body) throws Exception {
        return JSON.readTree(HTTP.send(
                        HttpRequest.newBuilder(URI.create(server.uri() + "/api/v1/accounts/1/" + path))
                                .header("api_access_token", "demo-chatwoot-1")
                                .header("Content-Type", "application/json")
                                .method(
                                        method,
                                        body == null
                                                ? HttpRequest.BodyPublishers.noBody()
                                                : HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body());
    }

    private static JsonNode contact(long id) throws Exception {
        return api("GET", "contacts/" + id, null).path("payload");
    }

    private long person(Object... more) {
        Object[] values = new Object[more.length + 2];
        values[0] = "email";
        values[1] = email;
        System.arraycopy(more, 0, values, 2, more.length);
        return world.contact(delivery, values);
    }

    private static Map<String, String> account(String... more) {
        Map<String, String> filter = new java.util.HashMap<>(Map.of("account", "1"));
        for (int i = 0; i < more.length; i += 2) {
            filter.put(more[i], more[i + 1]);
        }
        return filter;
    }

    private static RestException failure(Runnable work) {
        RestException failure = catchThrowableOfType(RestException.class, work::run);
        assertThat(failure).as("a failure").isNotNull();
        return failure;
    }

    // Contacts

    @Test
    @DisplayName("creates a contact with its attributes and its place in the tenant's inbox")
    void createsContact() throws Exception {
        Map<?, ?> made = (Map<?, ?>) world.run(
                delivery,
                "contact-upsert",
                "name",
                "Ana Ñandú",
                "email",
                email,
                "phone",
                "+56987654321",
                "defaults.rut",
                "76000013-2",
                "attributes.odoo_partner_id",
                12);
        JsonNode contact = contact(((Number) made.get("id")).longValue());
        assertThat(contact.path("name").asText()).isEqualTo("Ana Ñandú");
        assertThat(contact.path("phone_number").asText()).isEqualTo("+56987654321");
        assertThat(contact.path("custom_attributes"))
                .isEqualTo(JSON.readTree(
                        "{\"rut\":\"76000013-2\",\"odoo_partner_id\":12,\"tenant_inbox\":\"tenant-76000012-4\"}"));
        assertThat(contact.at("/contact_inboxes/0/inbox/id").asInt()).isEqualTo(1);
        assertThat(contact.at("/contact_inboxes/0/source_id").asText()).isEqualTo(made.get("source_id"));
    }

    @Test
    @DisplayName("finds it again whatever the letter case, and writes only when something would change")
    void findsContactAgain() throws Exception {
        long first = person("name", "Ana", "phone", "+56987654321");
        world.close();
        world = new ChatwootWorld(folder, server.uri().toString(), null);
        assertThat(world.contact(delivery, "name", "Ana", "email", email.toUpperCase(), "phone", "+56987654321"))
                .isEqualTo(first);
        assertThat(calls("contacts.update")).isZero();
        assertThat(person("attributes.odoo_partner_id", 7)).isEqualTo(first);
        assertThat(calls("contacts.update")).isEqualTo(1);
        assertThat(person("attributes.odoo_partner_id", "7")).isEqualTo(first);
        assertThat(calls("contacts.update")).isEqualTo(1);
        assertThat(contact(first).at("/contact_inboxes").size()).isEqualTo(1);
    }

    @Test
    @DisplayName("leaves what a person wrote and fills the gaps")
    void keepsWhatPeopleWrote() throws Exception {
        long id = api(
                        "POST",
                        "contacts",
                        "{\"name\":\"Doña Ana (VIP)\",\"email\":\"" + email
                                + "\",\"custom_attributes\":{\"vip\":true,\"rut\":\"1-9\"}}")
                .at("/payload/contact/id")
                .asLong();
        assertThat(person("name", "ana", "phone", "+56987654321", "defaults.rut", "76000013-2"))
                .isEqualTo(id);
        JsonNode contact = contact(id);
        assertThat(contact.path("name").asText()).isEqualTo("Doña Ana (VIP)");
        assertThat(contact.path("phone_number").asText()).isEqualTo("+56987654321");
        assertThat(contact.at("/custom_attributes/vip").asBoolean()).isTrue();
        assertThat(contact.at("/custom_attributes/rut").asText()).isEqualTo("1-9");
        assertThat(contact.at("/contact_inboxes/0/inbox/id").asInt())
                .as("its place in the inbox is made")
                .isEqualTo(1);
    }

    @Test
    @DisplayName("ends with name and partner whichever of the two flows comes first")
    void bothOrders() throws Exception {
        long first = person("attributes.odoo_partner_id", 7);
        assertThat(person("name", "Ana", "phone", "+56987654321")).isEqualTo(first);
        String other = "otra-" + email;
        long second = world.contact(delivery, "email", other, "name", "Eva");
        assertThat(world.contact(delivery, "email", other, "attributes.odoo_partner_id", 8))
                .isEqualTo(second);
        assertThat(contact(first).path("name").asText()).isEqualTo("Ana");
        assertThat(contact(first).at("/custom_attributes/odoo_partner_id").asInt())
                .isEqualTo(7);
        assertThat(contact(second).path("name").asText()).isEqualTo("Eva");
        assertThat(contact(second).at("/custom_attributes/odoo_partner_id").asInt())
                .isEqualTo(8);
    }

    @Test
    @DisplayName("finds a contact without an address by its phone, and one with neither by its identifier")
    void findsByPhoneAndIdentifier() throws Exception {
        long byPhone = api("POST", "contacts", "{\"name\":\"Ana\",\"phone_number\":\"+56911112222\"}")
                .at("/payload/contact/id")
                .asLong();
        long byIdentifier = api("POST", "contacts", "{\"identifier\":\"cliente-9\"}")
                .at("/payload/contact/id")
                .asLong();
        assertThat(person("phone", "+56911112222")).isEqualTo(byPhone);
        assertThat(contact(byPhone).path("email").asText()).isEqualTo(email);
        assertThat(world.contact(delivery, "identifier", "cliente-9", "name", "Eva"))
                .isEqualTo(byIdentifier);
    }

    @Test
    @DisplayName("takes nobody for another because of a shared phone, and leaves a refused phone out")
    void refusedPhoneIsLeftOut() throws Exception {
        long first = person("phone", "+56987654321");
        long other = world.contact(delivery, "email", "otra-" + email, "phone", "+56987654321");
        long malformed = world.contact(delivery, "email", "mala-" + email, "phone", "123");
        assertThat(List.of(first, other, malformed)).doesNotHaveDuplicates();
        assertThat(contact(other).path("phone_number").isNull()).isTrue();
        assertThat(contact(malformed).path("phone_number").isNull()).isTrue();
    }

    @Test
    @DisplayName("finds the exact address among more than a page of longer ones")
    void exactAmongMany() throws Exception {
        for (int i = 0; i < 16; i++) {
            api("POST", "contacts", "{\"email\":\"" + (char) ('a' + i) + email + "\"}");
        }
        long id = api("POST", "contacts", "{\"email\":\"" + email + "\"}")
                .at("/payload/contact/id")
                .asLong();
        assertThat(person("name", "Ana")).isEqualTo(id);
    }

    @Test
    @DisplayName("searches once for a contact that comes again and again, and says so when it may not search")
    void searchesSeldom() {
        chatwoot().limits(2, 0);
        long id = person("name", "Ana");
        long searches = calls("contacts.search");
        for (int i = 0; i < 5; i++) {
            assertThat(person("name", "Ana")).isEqualTo(id);
        }
        assertThat(calls("contacts.search")).isEqualTo(searches);
        RestException failure = failure(() -> {
            for (int i = 0; i < 3; i++) {
                world.contact(delivery, "email", i + email);
            }
        });
        assertThat(failure.kind()).isEqualTo(Kind.THROTTLED);
        assertThat(failure.isTransient()).isTrue();
    }

    @Test
    @DisplayName("notices that a contact it knew was deleted or has another address now")
    void cacheIsNotBelieved() throws Exception {
        long first = person("name", "Ana");
        api("DELETE", "contacts/" + first, null);
        long second = person("name", "Ana");
        assertThat(second).isNotEqualTo(first);
        api("PATCH", "contacts/" + second, "{\"email\":\"nueva-" + email + "\"}");
        assertThat(person("name", "Ana")).isNotEqualTo(second);
    }

    @Test
    @DisplayName("wants something to know a contact by")
    void contactNeedsAnAddress() {
        RestException failure = failure(() -> world.contact(delivery, "name", "Ana", "email", " "));
        assertThat(failure.isTransient()).isFalse();
        assertThat(failure).hasMessageContaining("an email, a phone or an identifier");
    }

    // Conversations and messages

    private long conversation(ChatwootWorld in, Delivery of, long contact) {
        return (Long) in.run(of, "conversation", "contact_id", contact, "attributes.source", "ferreteria.cl");
    }

    private long message(ChatwootWorld in, Delivery of, long conversation) {
        return (Long) in.run(
                of,
                "message",
                "conversation_id",
                conversation,
                "content",
                "Hola\n¿Tienen taladros?",
                "from",
                "ferreteria.cl");
    }

    @Test
    @DisplayName("opens one conversation and writes one message for each delivery, in every attempt and replay")
    void onceForEachDelivery() {
        long contact = person();
        long conversation = conversation(world, delivery, contact);
        long message = message(world, delivery, conversation);
        for (Delivery later : List.of(delivery, delivery.again(), delivery.replayed())) {
            assertThat(conversation(world, later, contact)).isEqualTo(conversation);
            assertThat(message(world, later, conversation)).isEqualTo(message);
        }
        Delivery next = Delivery.first(ChatwootWorld.SUR, UUID.randomUUID().toString());
        assertThat(conversation(world, next, contact)).isNotEqualTo(conversation);
        assertThat(chatwoot().conversations(account())).hasSize(2);
        assertThat(chatwoot().messages(account())).singleElement().satisfies(one -> assertThat(one)
                .containsEntry("message_type", 0)
                .containsEntry("content", "Hola\n¿Tienen taladros?")
                .containsEntry("content_attributes", Map.of("hub_event_id", event)));
        assertThat(chatwoot().conversations(account("id", String.valueOf(conversation))))
                .singleElement()
                .satisfies(one -> assertThat(one)
                        .containsEntry("custom_attributes", Map.of("source", "ferreteria.cl", "hub_event_id", event)));
    }

    @Test
    @DisplayName("leaves a visitor's words as a private note where Chatwoot takes no incoming messages")
    void noteInOtherInboxes() {
        try (ChatwootWorld site = new ChatwootWorld(folder, server.uri().toString(), 11)) {
            long contact = site.contact(delivery, "email", email);
            message(site, delivery, conversation(site, delivery, contact));
        }
        assertThat(chatwoot().messages(account())).singleElement().satisfies(one -> assertThat(one)
                .containsEntry("message_type", 1)
                .containsEntry("private", true)
                .containsEntry(
                        "content", "Mensaje del formulario web (ferreteria.cl):\n\n> Hola\n> ¿Tienen taladros?"));
    }

    @Test
    @DisplayName("writes replies that go out and notes that do not")
    void repliesAndNotes() {
        long conversation = conversation(world, delivery, person());
        for (String as : List.of("reply", "note")) {
            Delivery own = Delivery.first(ChatwootWorld.SUR, event + as);
            world.run(own, "message", "conversation_id", conversation, "content", as, "as", as);
            assertThat(chatwoot().messages(account("content", as)))
                    .singleElement()
                    .satisfies(one -> assertThat(one)
                            .containsEntry("message_type", 1)
                            .containsEntry("private", as.equals("note")));
        }
        assertThat(failure(() -> world.run(
                                delivery, "message", "conversation_id", conversation, "content", "x", "as", "shout"))
                        .isTransient())
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "contacts,LOST_ANSWER",
        "conversations,LOST_ANSWER",
        "messages,LOST_ANSWER",
        "contacts,TRUNCATED",
        "conversations,TRUNCATED",
        "messages,TRUNCATED"
    })
    @DisplayName("after a lost or broken answer to a create there is one contact, one conversation, one message")
    void lostAnswers(String model, SandboxTrouble.Kind kind) {
        server.trouble().add(Rule.of(kind).on(model, "create").times(1));
        Delivery attempt = delivery;
        int failures = 0;
        for (boolean done = false; !done; ) {
            Delivery now = attempt;
            try {
                message(world, now, conversation(world, now, world.contact(now, "email", email)));
                done = true;
            } catch (RestException e) {
                assertThat(e.isTransient()).isTrue();
                assertThat(++failures).isLessThan(3);
                attempt = attempt.again();
            }
        }
        assertThat(failures).isEqualTo(1);
        assertThat(chatwoot().contacts(account())).hasSize(1);
        assertThat(chatwoot().conversations(account())).hasSize(1);
        assertThat(chatwoot().messages(account())).hasSize(1);
    }

    @Test
    @DisplayName("a replay finds what got through though nobody heard of it, also below many later messages")
    void replayFindsWhatGotThrough() throws Exception {
        long conversation = conversation(world, delivery, person());
        server.trouble()
                .add(Rule.of(SandboxTrouble.Kind.LOST_ANSWER)
                        .on("messages", "create")
                        .times(1));
        failure(() -> message(world, delivery, conversation));
        for (int i = 0; i < 45; i++) {
            api("POST", "conversations/" + conversation + "/messages", "{\"content\":\"" + i + "\"}");
        }
        message(world, delivery.replayed(), conversation);
        assertThat(chatwoot().messages(account())).hasSize(46);
    }

    // Merging

    @Test
    @DisplayName("merges attributes and labels into what the conversation has")
    void merges() throws Exception {
        long conversation = conversation(world, delivery, person());
        world.run(
                delivery,
                "attributes",
                "conversation_id",
                conversation,
                "attributes.intent",
                "cotizacion",
                "attributes.confidence",
                0.9);
        world.run(delivery, "labels", "conversation_id", conversation, "labels", "web, ventas");
        world.run(delivery, "labels", "conversation_id", conversation, "labels", List.of("ventas", "urgente"));
        JsonNode now = api("GET", "conversations/" + conversation, null);
        assertThat(now.path("custom_attributes").toString())
                .contains("\"hub_event_id\":\"" + event, "\"source\":\"ferreteria.cl\"", "\"intent\":\"cotizacion\"");
        assertThat(api("GET", "conversations/" + conversation + "/labels", null).path("payload"))
                .isEqualTo(JSON.readTree("[\"web\",\"ventas\",\"urgente\"]"));
        long writes = calls("conversations.custom_attributes") + calls("conversations.set_labels");
        world.run(delivery, "attributes", "conversation_id", conversation, "attributes.intent", "cotizacion");
        world.run(delivery, "labels", "conversation_id", conversation, "labels", "web");
        assertThat(calls("conversations.custom_attributes") + calls("conversations.set_labels"))
                .as("nothing new, nothing written")
                .isEqualTo(writes);
    }

    @Test
    @DisplayName("sets the status and the assignee")
    void statusAndAssignee() throws Exception {
        long conversation = conversation(world, delivery, person());
        world.run(delivery, "toggle-status", "conversation_id", conversation, "status", "resolved");
        world.run(delivery, "assign", "conversation_id", conversation, "assignee_id", 11);
        JsonNode now = api("GET", "conversations/" + conversation, null);
        assertThat(now.path("status").asText()).isEqualTo("resolved");
        assertThat(now.at("/meta/assignee/id").asInt()).isEqualTo(11);
        assertThat(failure(() -> world.run(
                                delivery, "toggle-status", "conversation_id", conversation, "status", "asleep"))
                        .kind())
                .isEqualTo(Kind.REFUSED);
    }

    // Trouble

    @ParameterizedTest
    @EnumSource(
            value = SandboxTrouble.Kind.class,
            names = {"DELAY", "FLAP"},
            mode = EnumSource.Mode.EXCLUDE)
    @DisplayName("whatever trouble a call meets, it is worth another try")
    void troubleIsTransient(SandboxTrouble.Kind kind) {
        server.trouble().add(Rule.of(kind).retryAfter(7).times(1));
        RestException failure = failure(this::person);
        assertThat(failure.isTransient()).isTrue();
        assertThat(failure.retryAfter().isPresent()).isEqualTo(kind == SandboxTrouble.Kind.STATUS);
        person();
        assertThat(chatwoot().contacts(account())).hasSize(1);
    }

    @Test
    @DisplayName("tells the event log to give up at once on a refusal, and to wait as long as asked")
    void logKnowsWhatToDo() {
        FailureClassifier.Failure refused = HubConfiguration.classify(failure(() -> message(world, delivery, 999)));
        assertThat(refused.permanent()).isTrue();
        assertThat(refused.reason()).startsWith("Chatwoot: NOT_FOUND: POST ");
        server.trouble()
                .add(Rule.of(SandboxTrouble.Kind.STATUS)
                        .status(429)
                        .retryAfter(17)
                        .times(1));
        FailureClassifier.Failure later = HubConfiguration.classify(failure(this::person));
        assertThat(later.permanent()).isFalse();
        assertThat(later.retryAfter()).isEqualTo(Duration.ofSeconds(17));
    }

    @Test
    @DisplayName("a conversation that is not there is not tried again")
    void missingIsPermanent() {
        RestException failure = failure(() -> message(world, delivery, 999));
        assertThat(failure.kind()).isEqualTo(Kind.NOT_FOUND);
        assertThat(failure.isTransient()).isFalse();
        assertThat(failure)
                .hasMessage(
                        "POST /api/v1/accounts/{}/conversations/{}/messages: the server answered HTTP 404: Resource could not be found");
    }

    // Tenants

    @Test
    @DisplayName("each tenant works in its own account, with its own token and its own ledger")
    void tenantsStayApart() {
        long sur = conversation(world, delivery, person());
        Delivery other = Delivery.first(ChatwootWorld.NORTE, event);
        world.contact(other, "email", email);
        assertThat(chatwoot().contacts(Map.of("account", "2"))).hasSize(1);
        assertThat(failure(() -> message(world, other, sur + 1_000)).kind()).isEqualTo(Kind.NOT_FOUND);
        String key = ChatwootWorld.SUR + ":" + event + ":test:conversation";
        assertThat(world.ledger.find(ChatwootWorld.SUR, key)).contains(String.valueOf(sur));
        assertThat(world.ledger.find(ChatwootWorld.NORTE, key)).isEmpty();
        world.ledger.record(ChatwootWorld.SUR, key, "666");
        assertThat(world.ledger.find(ChatwootWorld.SUR, key))
                .as("what is noted stays")
                .contains(String.valueOf(sur));
    }

    @Test
    @DisplayName("an exchange without a tenant reaches nothing")
    void noTenantNoCall() {
        RestException failure = failure(() -> world.contact(Delivery.first(null, event), "email", email));
        assertThat(failure.isTransient()).isFalse();
        assertThat(chatwoot().contacts(Map.of())).isEmpty();
    }

    @Test
    @DisplayName("a name that is no operation is refused when the route is made")
    void unknownOperation() {
        assertThatThrownBy(() -> world.run(delivery, "delete-everything"))
                .hasStackTraceContaining("chatwoot:delete-everything is none of [contact-upsert");
    }
}
