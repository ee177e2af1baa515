package cl.smarterbot.hub.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.event.EventConstants;
import cl.smarterbot.hub.event.NewEvent;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantDetails;
import cl.smarterbot.hub.tenancy.TenantField;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every shape in which Chatwoot and older integrations tell something, and whether the bot may act on it. */
@DisplayName("A Chatwoot payload")
class ChatwootPayloadsTest {

    private static final String SUR = "76000012-4";
    private static final CamelContext CAMEL = new DefaultCamelContext();
    private static final ObjectMapper JSON = new ObjectMapper();

    private static ChatwootWebhook webhook;
    private static Conversation conversation;

    @BeforeAll
    static void tenant() {
        TestDatabase database = TestDatabase.fresh();
        new TenantAdmin(database.as("hub_ops"), RutPolicy.STRICT)
                .upsert(
                        "test",
                        TenantDetails.of(SUR, "Ferretería Sur")
                                .with(TenantField.CHATWOOT_ACCOUNT_ID, 1)
                                .with(TenantField.CHATWOOT_INBOX_ID, 7)
                                .with(TenantField.BOTPRESS_BOT_ID, "bot"));
        TenantRegistry registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        registry.refresh();
        webhook = new ChatwootWebhook(registry);
        conversation = new Conversation(registry);
    }

    private static Exchange read(String payload) {
        Exchange exchange = new DefaultExchange(CAMEL);
        TenantScope.bind(exchange, SUR);
        exchange.getMessage().setBody(payload.getBytes(StandardCharsets.UTF_8));
        webhook.read(exchange);
        return exchange;
    }

    private static Map<?, ?> body(Exchange exchange) throws JsonProcessingException {
        return JSON.readValue(exchange.getMessage().getBody(String.class), Map.class);
    }

    private static String happening(Exchange exchange) {
        return exchange.getMessage()
                .getHeader(EventConstants.DEDUP, NewEvent.Dedup.class)
                .key();
    }

    /** @param rest of the message, after its own fields */
    private static String message(String type, String rest) {
        return "{\"event\":\"message_created\",\"id\":42,\"content\":\"Hola\",\"message_type\":" + type
                + ",\"account\":{\"id\":1},\"inbox\":{\"id\":7},\"created_at\":\"2026-03-01T10:00:00.500Z\","
                + "\"conversation\":{\"id\":12,\"inbox_id\":7,\"status\":\"pending\",\"channel\":\"Channel::Api\","
                + "\"updated_at\":1772359200.5}," + rest
                + "}";
    }

    private static Stream<Arguments> messages() {
        String contact = "\"sender\":{\"id\":5,\"name\":\"Eva\",\"email\":\"eva@ejemplo.cl\"}";
        return Stream.of(
                Arguments.of("a customer's words", message("\"incoming\"", contact), "customer", true),
                Arguments.of("the same with a number for the type", message("0", contact), "customer", true),
                Arguments.of(
                        "a customer whom the team has blocked",
                        message("\"incoming\"", "\"sender\":{\"id\":5,\"blocked\":true}"),
                        "customer",
                        false),
                Arguments.of(
                        "a person of the team",
                        message("\"outgoing\"", "\"sender\":{\"id\":9,\"type\":\"user\"}"),
                        "agent",
                        false),
                Arguments.of(
                        "a bot of Chatwoot's",
                        message("\"outgoing\"", "\"sender\":{\"id\":3,\"type\":\"agent_bot\"}"),
                        "bot",
                        false),
                Arguments.of(
                        "the hub's own reply, written with a person's token",
                        message(
                                "\"outgoing\"",
                                "\"sender\":{\"id\":9,\"type\":\"user\"},\"content_attributes\":{\"hub_event_id\":\"x/reply\"}"),
                        "bot",
                        false),
                Arguments.of(
                        "a form's words, which the hub itself wrote for the customer",
                        message("\"incoming\"", contact + ",\"content_attributes\":{\"hub_event_id\":\"x\"}"),
                        "customer",
                        false),
                Arguments.of(
                        "a private note",
                        message("\"outgoing\"", "\"private\":true,\"sender\":{\"id\":9,\"type\":\"user\"}"),
                        "agent",
                        false),
                Arguments.of(
                        "a private note that looks like a customer's",
                        message("\"incoming\"", "\"private\":true," + contact),
                        "customer",
                        false),
                Arguments.of("an activity", message("\"activity\"", "\"sender\":null"), "system", false),
                Arguments.of("a template", message("\"template\"", "\"sender\":null"), "system", false));
    }

    @ParameterizedTest(name = "{0}")
    @DisplayName("says who spoke, and only customers' own words are the bot's matter")
    @MethodSource("messages")
    void whoSpoke(String what, String payload, String sender, boolean mine) throws JsonProcessingException {
        Exchange exchange = read(payload);
        assertThat(exchange.getMessage().getHeader(ChatwootWebhook.KIND)).isEqualTo("message");
        Map<?, ?> body = body(exchange);
        assertThat(body.get("sender_type")).isEqualTo(sender);
        assertThat(body.get("message_id")).isEqualTo(42);
        assertThat(body.get("conversation_id")).isEqualTo(12);
        assertThat(body.get("said_at")).isEqualTo(1_772_359_200.5);
        assertThat(happening(exchange)).isEqualTo("message_created/42");
        Exchange delivery = new DefaultExchange(CAMEL);
        TenantScope.bind(delivery, SUR);
        delivery.getMessage().setBody(body);
        conversation.guard(delivery);
        assertThat(delivery.getVariable("mine", Boolean.class)).isEqualTo(mine);
    }

    @Test
    @DisplayName("with a picture keeps where it is, and one without words has none")
    void picture() throws JsonProcessingException {
        Map<?, ?> body = body(read("""
                {"event":"message_created","id":43,"content":null,"message_type":"incoming","account":{"id":1},
                 "conversation":{"id":12,"inbox_id":7},"sender":{"id":5},
                 "attachments":[{"id":8,"file_type":"image","data_url":"https://chat.example/factura.jpg","file_size":9}]}"""));
        assertThat(body.containsKey("content")).isFalse();
        assertThat(String.valueOf(body.get("attachments"))).contains("image", "factura.jpg");
    }

    @Test
    @DisplayName(
            "of an older integration is the same message: nested, with numbers and epoch seconds, or without an id")
    void olderShapes() throws JsonProcessingException {
        Map<?, ?> nested = body(read("""
                {"event":"message_created","id":98765,"account":{"id":1},"conversation":{"id":12,"inbox_id":7,"status":"open"},
                 "message":{"id":42,"content":"Hola","message_type":0,"created_at":1772359200,
                 "sender":{"id":5,"email":"eva@ejemplo.cl","type":"contact"}}}"""));
        assertThat(nested.get("message_id")).isEqualTo(42);
        assertThat(nested.get("sender_type")).isEqualTo("customer");
        assertThat(nested.get("contact_email")).isEqualTo("eva@ejemplo.cl");
        assertThat(nested.get("said_at")).isEqualTo(1_772_359_200.999);
        String flat = "{\"event\":\"message_created\",\"content\":\"Hola\",\"account_id\":1,\"inbox_id\":7,"
                + "\"conversation_id\":12,\"sender\":{\"id\":5}}";
        Map<?, ?> without = body(read(flat));
        assertThat(without.get("conversation_id")).isEqualTo(12);
        assertThat((Long) without.get("message_id")).isNegative();
        assertThat(happening(read(flat))).isEqualTo(happening(read(flat)));
        assertThat(happening(read(flat))).isNotEqualTo(happening(read(flat.replace("Hola", "Hola!"))));
    }

    @Test
    @DisplayName("about a conversation says what changed, and is one happening whichever webhook tells it")
    void conversations() throws JsonProcessingException {
        String created =
                "{\"event\":\"conversation_created\",\"id\":12,\"inbox_id\":7,\"status\":\"pending\",\"updated_at\":5.5}";
        assertThat(read(created).getMessage().getHeader(ChatwootWebhook.KIND)).isEqualTo("conversation");
        assertThat(happening(read(created))).isEqualTo("conversation_created/12/pending/5.5");
        Map<?, ?> resolved = body(read("""
                {"event":"conversation_status_changed","id":12,"inbox_id":7,"account":{"id":1},"status":"resolved","updated_at":6.5,
                 "changed_attributes":[{"status":{"previous_value":"open","current_value":"resolved"}}]}"""));
        assertThat(resolved.get("resolved")).isEqualTo(true);
        assertThat(resolved.get("source_at")).isEqualTo(6.5);
        Map<?, ?> labels = body(read("""
                {"event":"conversation_updated","id":12,"inbox_id":7,"account":{"id":1},"status":"open","labels":["vip"],
                 "meta":{"assignee":{"id":9},"assignee_type":"User"},
                 "changed_attributes":[{"label_list":{"previous_value":[],"current_value":["vip"]}}]}"""));
        assertThat(labels.containsKey("owner")).as("labels take nothing over").isFalse();
        assertThat(labels.get("assignee")).isEqualTo("person");
    }

    @Test
    @DisplayName("of an event that the hub does not know is kept as such, and means nothing")
    void unknown() {
        Exchange exchange = read("{\"event\":\"something_new\",\"account\":{\"id\":1},\"inbox\":{\"id\":7}}");
        assertThat(exchange.getMessage().getHeader(ChatwootWebhook.KIND)).isEqualTo("other");
    }
}
