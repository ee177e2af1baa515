package cl.smarterbot.hub.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantDetails;
import cl.smarterbot.hub.tenancy.TenantField;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** What becomes of Chatwoot's webhooks in the row of a conversation: payload, reader and SQL are the real ones. */
@DisplayName("Whose a conversation is")
class ConversationOwnerTest {

    private static final String SUR = "76000012-4";
    private static final long BASE = 1_790_000_000L;

    private static final CamelContext CAMEL = new DefaultCamelContext();

    private static TestDatabase database;
    private static JdbcTemplate jdbc;
    private static ChatwootWebhook webhook;
    private static int conversations = 1_000;
    private static int messages = 1_000;

    @BeforeAll
    static void tenant() {
        database = TestDatabase.fresh();
        new TenantAdmin(database.as("hub_ops"), RutPolicy.STRICT)
                .upsert(
                        "test",
                        TenantDetails.of(SUR, "Ferretería Sur")
                                .with(TenantField.CHATWOOT_ACCOUNT_ID, 1)
                                .with(TenantField.CHATWOOT_INBOX_ID, 1)
                                .with(TenantField.BOTPRESS_BOT_ID, "bot"));
        TenantRegistry registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        registry.refresh();
        webhook = new ChatwootWebhook(registry);
        jdbc = new JdbcTemplate(database.as("postgres"));
    }

    /** A webhook with places for conversation and message; {@code at} is Chatwoot's time, in seconds after some moment. */
    private record Told(double at, String payload) {}

    private static Told said(double at, String type, String senderType) {
        String sender = senderType == null ? "{\"id\":1}" : "{\"id\":9,\"type\":\"" + senderType + "\"}";
        return new Told(at, """
                {"event":"message_created","id":MESSAGE,"content":"x","message_type":"%s","private":false,"created_at":"%s",
                 "account":{"id":1},"sender":%s,"conversation":{"id":CONVERSATION,"inbox_id":1,"status":"pending","updated_at":%s,
                 "meta":{"assignee":null}}}""".formatted(type, instant(at), sender, seconds(at)));
    }

    private static Told customer(double at) {
        return said(at, "incoming", null);
    }

    private static Told agent(double at) {
        return said(at, "outgoing", "user");
    }

    private static Told changed(double at, String from, String to) {
        return new Told(at, """
                {"event":"conversation_status_changed","id":CONVERSATION,"inbox_id":1,"status":"%s","updated_at":%s,"account":{"id":1},
                 "meta":{"assignee":null},"changed_attributes":[{"status":{"previous_value":"%s","current_value":"%s"}}]}""".formatted(to, seconds(at), from, to));
    }

    private static Told assigned(double at, String type) {
        return new Told(at, """
                {"event":"conversation_updated","id":CONVERSATION,"inbox_id":1,"status":"open","updated_at":%s,"account":{"id":1},
                 "meta":{"assignee":{"id":9},"assignee_type":"%s"},
                 "changed_attributes":[{"assignee_id":{"previous_value":null,"current_value":9}}]}""".formatted(seconds(at), type));
    }

    private static String seconds(double at) {
        return String.format(java.util.Locale.ROOT, "%.3f", BASE + at);
    }

    private static Instant instant(double at) {
        return Instant.ofEpochMilli(Math.round((BASE + at) * 1000));
    }

    private static void tell(int conversation, Told told) {
        Exchange exchange = new DefaultExchange(CAMEL);
        TenantScope.bind(exchange, SUR);
        String payload = told.payload()
                .replace("CONVERSATION", Integer.toString(conversation))
                .replace("MESSAGE", Integer.toString(++messages));
        exchange.getMessage().setBody(payload.getBytes(StandardCharsets.UTF_8));
        webhook.read(exchange);
        boolean message = "message".equals(exchange.getMessage().getHeader(ChatwootWebhook.KIND));
        record(
                message ? "messages" : "conversation-update",
                exchange.getMessage().getBody(byte[].class));
    }

    private static void record(String kind, byte[] body) {
        jdbc.query(
                "select hub.record(array[?::uuid], array[?], array[?::bytea], array[?], '{}')",
                row -> {},
                UUID.randomUUID(),
                SUR,
                body,
                kind);
    }

    private static Map<String, Object> row(int conversation) {
        return jdbc.queryForMap(
                "select owner, status, assignee, handoff_reason from public.conversations where chatwoot_conversation_id = ?",
                conversation);
    }

    private static <T> List<List<T>> orders(List<T> all) {
        if (all.size() <= 1) {
            return List.of(all);
        }
        List<List<T>> orders = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            List<T> rest = new ArrayList<>(all);
            T first = rest.remove(i);
            for (List<T> order : orders(rest)) {
                List<T> whole = new ArrayList<>(List.of(first));
                whole.addAll(order);
                orders.add(whole);
            }
        }
        return orders;
    }

    private static void everyOrder(List<Told> story, String owner, String status) {
        for (List<Told> order : orders(story)) {
            int conversation = ++conversations;
            order.forEach(told -> tell(conversation, told));
            assertThat(row(conversation))
                    .as("told in the order %s", order.stream().map(Told::at).toList())
                    .containsEntry("owner", owner)
                    .containsEntry("status", status);
        }
    }

    @Test
    @DisplayName("is what was decided last in Chatwoot, in whichever order its webhooks come")
    void anyOrder() {
        everyOrder(
                List.of(
                        customer(1),
                        changed(2, "pending", "open"),
                        customer(3),
                        changed(4, "open", "pending"),
                        customer(5)),
                "bot",
                "pending");
        everyOrder(List.of(customer(1), agent(2), changed(3, "open", "pending"), agent(4)), "human", "pending");
        everyOrder(
                List.of(customer(1), changed(2, "pending", "open"), changed(3, "open", "resolved"), customer(4)),
                "bot",
                "pending");
        everyOrder(
                List.of(customer(1), assigned(2, "User"), assigned(3, "AgentBot"), assigned(4, "User")),
                "human",
                "open");
        everyOrder(List.of(customer(1), agent(2), assigned(3, "AgentBot")), "bot", "open");
    }

    @Test
    @DisplayName("changes by what is told late, although a newer message came before")
    void notHidden() {
        int conversation = ++conversations;
        tell(conversation, customer(1));
        tell(conversation, customer(9));
        tell(conversation, changed(5, "pending", "open"));
        assertThat(row(conversation))
                .containsEntry("owner", "human")
                .containsEntry("handoff_reason", "opened")
                // The message is newer, and says so.
                .containsEntry("status", "pending");
    }

    @Test
    @DisplayName("is the bot's after it was given back, although a person's reply from before is told late")
    void lateReply() {
        int conversation = ++conversations;
        tell(conversation, customer(1));
        tell(conversation, changed(5, "open", "pending"));
        tell(conversation, agent(3));
        assertThat(row(conversation)).containsEntry("owner", "bot");
        tell(conversation, agent(6));
        assertThat(row(conversation)).containsEntry("owner", "human").containsEntry("handoff_reason", "agent_replied");
    }

    @Test
    @DisplayName(
            "is people's after the hub's own handoff, whatever is told late; and the bot's when it is given back afterwards")
    void ownHandoff() {
        int conversation = ++conversations;
        tell(conversation, customer(4));
        record(
                "conversation-update",
                ("{\"account_id\":1,\"conversation_id\":" + conversation
                                + ",\"owner\":\"human\",\"status\":\"open\",\"handoff_reason\":\"bot_timeout\"}")
                        .getBytes(StandardCharsets.UTF_8));
        tell(conversation, changed(2, "open", "pending"));
        assertThat(row(conversation)).containsEntry("owner", "human").containsEntry("handoff_reason", "bot_timeout");
        tell(conversation, changed(6, "open", "pending"));
        assertThat(row(conversation)).containsEntry("owner", "bot");
    }

    @Test
    @DisplayName("and what status it has stay as they are when a message says nothing of them")
    void silentMessage() {
        int conversation = ++conversations;
        tell(conversation, customer(1));
        tell(
                conversation,
                new Told(
                        2,
                        "{\"event\":\"message_created\",\"id\":MESSAGE,\"content\":\"x\",\"message_type\":\"incoming\","
                                + "\"account\":{\"id\":1},\"inbox_id\":1,\"conversation_id\":CONVERSATION,\"sender\":{\"id\":1}}"));
        assertThat(row(conversation)).containsEntry("owner", "bot").containsEntry("status", "pending");
    }

    @ParameterizedTest
    @DisplayName("and of which kind decide whether the bot answers it, as the tenant says")
    @CsvSource({
        // status, assigned to, owner, the tenant's botAnswers, verdict
        "pending, nobody, bot, pending, turn",
        "pending, nobody, bot, open, turn",
        "pending, person, bot, pending, turn",
        "open, nobody, bot, pending, human",
        "open, nobody, bot, open, turn",
        "open, bot, bot, pending, turn",
        "snoozed, nobody, bot, pending, human",
        "resolved, nobody, bot, pending, human",
        "pending, nobody, human, open, human",
        "open, bot, human, open, human",
    })
    void answers(String status, String assignee, String owner, String answers, String verdict) {
        int conversation = ++conversations;
        tell(conversation, customer(1));
        int message = messages;
        jdbc.update(
                "update public.conversations set status = ?, assignee = ?, owner = ? where chatwoot_conversation_id = ?",
                status,
                assignee,
                owner,
                conversation);
        assertThat(jdbc.queryForObject(
                        "select verdict from hub.take_turn(?, ?, ?, 0, ?)",
                        String.class,
                        conversation,
                        message,
                        UUID.randomUUID(),
                        answers))
                .isEqualTo(verdict);
        // Answered or not, it is no part of a later turn.
        assertThat(jdbc.queryForObject(
                        "select turn_id is not null from public.messages where chatwoot_message_id = ?",
                        Boolean.class,
                        message))
                .isTrue();
    }

    @Test
    @DisplayName(
            "and short messages become one turn, gathered back to the last that was taken, however much was said before")
    void turnFromItsEnd() throws Exception {
        int conversation = ++conversations;
        for (int i = 0; i < 500; i++) {
            tell(conversation, customer(i));
        }
        jdbc.update("update public.messages set turn_id = event_id where chatwoot_conversation_id = ?", conversation);
        for (int i = 0; i < 3; i++) {
            tell(conversation, customer(600 + i));
        }
        try (Connection c = database.as("hub_app").getConnection();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("select set_config('app.tenant_rut', '" + SUR + "', true)");
            // A test's table is so small that reading it whole is cheaper.
            s.execute("set local enable_seqscan = off");
            s.execute("set local enable_bitmapscan = off");
            // In the order of their events; the first of them takes the others with it.
            assertThat(turn(s, conversation, messages - 2, 60_000)).isEqualTo("wait 0");
            assertThat(turn(s, conversation, messages - 2, 1)).isEqualTo("turn 3");
            assertThat(turn(s, conversation, messages - 1, 1)).isEqualTo("taken 0");
            try (var rows = s.executeQuery("select idx_tup_fetch + seq_tup_read from pg_stat_xact_all_tables"
                    + " where relid = 'public.messages'::regclass")) {
                rows.next();
                assertThat(rows.getLong(1)).as("messages read").isLessThan(50);
            }
            c.rollback();
        }
    }

    @Test
    @DisplayName("and what came late, before a message that was taken, is a turn of its own")
    void lateMessage() throws Exception {
        int conversation = ++conversations;
        for (int i = 0; i < 3; i++) {
            tell(conversation, customer(i));
        }
        jdbc.update("update public.messages set turn_id = event_id where chatwoot_message_id = ?", messages - 1);
        try (Connection c = database.as("hub_app").getConnection();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("select set_config('app.tenant_rut', '" + SUR + "', true)");
            assertThat(turn(s, conversation, messages, 0)).isEqualTo("turn 1");
            assertThat(turn(s, conversation, messages - 2, 0)).isEqualTo("turn 1");
            c.rollback();
        }
    }

    @Test
    @DisplayName("and messages without an id of their own, which are in no order, become one turn as well")
    void messagesWithoutId() throws Exception {
        int conversation = ++conversations;
        int[] ids = {-70, -40, -30, -80, -60};
        for (int id : ids) {
            tell(conversation, customer(1));
            jdbc.update(
                    "update public.messages set chatwoot_message_id = ?, turn_id = case when ? in (-70, -40) then event_id end"
                            + " where chatwoot_message_id = ?",
                    id,
                    id,
                    messages);
        }
        try (Connection c = database.as("hub_app").getConnection();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("select set_config('app.tenant_rut', '" + SUR + "', true)");
            assertThat(turn(s, conversation, -30, 1)).isEqualTo("turn 3");
            c.rollback();
        }
    }

    private static String turn(Statement s, int conversation, int message, int pauseMillis) throws SQLException {
        try (var rows = s.executeQuery("select verdict || ' ' || messages from hub.take_turn(" + conversation + ", "
                + message + ", gen_random_uuid(), " + pauseMillis + ", 'open')")) {
            rows.next();
            return rows.getString(1);
        }
    }
}
