package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.door.DoorServer;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import cl.smarterbot.hub.schedule.ScheduleAdmin;
import cl.smarterbot.hub.tenancy.TenantScope;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** What Chatwoot's webhooks did not tell is found in Chatwoot itself, over real HTTP. */
@SpringBootTest(classes = HubApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ActiveProfiles("demo")
@DirtiesContext
@DisplayName("Messages whose webhook was lost")
class ReconciliationTest {

    private static final String SUR = "76000012-4";
    private static final Duration BOUND = Duration.ofSeconds(30);

    @TempDir
    static Path data;

    @Autowired
    private HubDatabase database;

    @Autowired
    private SandboxServer vendors;

    @Autowired
    private ScheduleAdmin schedules;

    @Autowired
    private DoorServer door;

    @Autowired
    private CamelContext camel;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        registry.add("hub.sandbox.port", () -> port);
        for (String vendor : List.of("chatwoot", "odoo", "resend", "botpress")) {
            registry.add("hub." + vendor + ".url", () -> "http://127.0.0.1:" + port);
        }
        registry.add("hub.demo.webhooks", () -> false);
        registry.add("hub.retry.initial-delay", () -> 50);
        registry.add("hub.door.port", () -> 0);
        registry.add("hub.database.data-dir", () -> data.toString());
        registry.add("hub.admin.data-dir", () -> data.toString());
        registry.add("hub.admin.password", () -> "a-password-for-tests");
        registry.add("hub.secrets.file", () -> data.resolve("secrets.enc").toString());
    }

    @BeforeEach
    void scheduleKnown() {
        await().atMost(BOUND).until(() -> schedules.schedules().stream()
                .anyMatch(schedule -> schedule.name().equals("chatwoot-reconciliation") && schedule.tenants() > 0));
    }

    @AfterEach
    void healthy() {
        vendors.trouble().clear();
        settled();
    }

    private JdbcTemplate jdbc() {
        return new JdbcTemplate(new DriverManagerDataSource(
                "jdbc:postgresql://127.0.0.1:" + database.embeddedPort() + "/postgres", "postgres", ""));
    }

    private int count(String sql, Object... values) {
        return jdbc().queryForObject("select count(*) from " + sql, Integer.class, values);
    }

    private void settled() {
        await().atMost(BOUND).until(() -> count("hub.delivery where state not in ('done', 'dead')") == 0);
    }

    private void reconcile() {
        schedules.run("test", "chatwoot-reconciliation", SUR);
        settled();
        assertThat(count("hub.delivery where state = 'dead'")).isZero();
    }

    private Map<String, Object> say(String text) {
        return vendors.chatwoot().say(1, "eva-" + UUID.randomUUID() + "@ejemplo.cl", text);
    }

    private int say(int conversation, String text) {
        return (Integer) vendors.chatwoot().say(1, conversation, text).get("message");
    }

    private int events(int message) {
        return count(
                "public.events e join public.messages m on m.event_id = e.id where m.chatwoot_message_id = ?", message);
    }

    private int heard(int conversation) {
        return count(
                "public.events where type = 'chatwoot.message_created' and event_key = ? and metadata ->> 'message_type'"
                        + " = 'incoming'",
                "conversation-" + conversation);
    }

    private long replies(int conversation) {
        return vendors
                .chatwoot()
                .messages(Map.of("account_id", "1", "conversation_id", Integer.toString(conversation)))
                .stream()
                .filter(m -> Integer.valueOf(1).equals(m.get("message_type")))
                .filter(m -> Boolean.FALSE.equals(m.get("private")))
                .count();
    }

    @Test
    @DisplayName("are taken in and answered, each once, however often one looks")
    void takenIn() {
        Map<String, Object> said = say("Hola, ¿cuál es el horario?");
        int conversation = (Integer) said.get("conversation");
        reconcile();
        assertThat(events((Integer) said.get("message"))).isEqualTo(1);
        assertThat(replies(conversation)).isEqualTo(1);
        int second = say(conversation, "¿Dónde están ubicados?");
        reconcile();
        // The dedup is forgotten after two days; the message is not.
        jdbc().update("delete from hub.dedup");
        reconcile();
        assertThat(events(second)).isEqualTo(1);
        assertThat(heard(conversation)).isEqualTo(2);
        assertThat(replies(conversation)).isEqualTo(2);
    }

    @Test
    @DisplayName("in another inbox of the account are somebody else's: neither taken in nor answered")
    void otherInbox() {
        int own = (Integer) say("Hola, ¿cuál es el horario?").get("conversation");
        int foreign = (Integer) vendors.chatwoot()
                .sayIn(1, 11, "eva-" + UUID.randomUUID() + "@ejemplo.cl", "Hola, ¿cuál es el horario?")
                .get("conversation");
        reconcile();
        assertThat(replies(own)).isEqualTo(1);
        assertThat(heard(foreign)).isZero();
        assertThat(count("public.conversations where chatwoot_conversation_id = ?", foreign))
                .isZero();
        assertThat(replies(foreign)).isZero();
    }

    @Test
    @DisplayName("are found among many conversations and many messages, beyond the first page of both")
    void pages() {
        List<Integer> conversations = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            conversations.add((Integer) say("Hola, ¿cuál es el horario?").get("conversation"));
        }
        int long1 = conversations.get(0);
        for (int i = 0; i < 45; i++) {
            say(long1, "Mensaje " + i);
        }
        reconcile();
        assertThat(heard(long1)).isEqualTo(46);
        assertThat(conversations.subList(1, 30)).allSatisfy(one -> {
            assertThat(heard(one)).isEqualTo(1);
            assertThat(replies(one)).isEqualTo(1);
        });
    }

    @Test
    @DisplayName("are taken in by the next attempt if Chatwoot fails in the middle of a page, and none twice")
    void resumes() {
        List<Integer> conversations = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            conversations.add((Integer) say("Hola, ¿cuál es el horario?").get("conversation"));
        }
        String middle = "/api/v1/accounts/1/conversations/" + conversations.get(3) + "/messages";
        vendors.trouble()
                .add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.STATUS)
                        .path(middle)
                        .on("messages", "list")
                        .times(1));
        reconcile();
        assertThat(count("hub.attempt a join hub.delivery d on d.id = a.delivery_id where a.outcome = 'retry' and"
                        + " d.subscription = 'schedule-chatwoot-reconciliation'"))
                .isPositive();
        assertThat(conversations).allSatisfy(one -> {
            assertThat(heard(one)).isEqualTo(1);
            assertThat(replies(one)).isEqualTo(1);
        });
    }

    @Test
    @DisplayName("and those whose webhook comes at the same time after all are one event each")
    void besideWebhooks() {
        String url = "http://127.0.0.1:" + door.port() + "/webhooks/chatwoot/demo-cw-1";
        vendors.chatwoot().webhook(1, url, "demo-chatwoot-secret-1", "message_created");
        List<Integer> conversations = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            conversations.add((Integer) say("Hola, ¿cuál es el horario?").get("conversation"));
            if (i % 10 == 0) {
                schedules.run("test", "chatwoot-reconciliation", SUR);
            }
        }
        await().atMost(BOUND).until(() -> conversations.stream().allMatch(one -> replies(one) > 0));
        reconcile();
        assertThat(conversations).allSatisfy(one -> {
            assertThat(heard(one)).isEqualTo(1);
            assertThat(replies(one)).isEqualTo(1);
        });
    }

    @Test
    @DisplayName("and that are too old are recorded, but neither answered nor part of a later turn")
    void tooOld() {
        Map<String, Object> said = say("Tengo un reclamo");
        int conversation = (Integer) said.get("conversation");
        Exchange exchange = new DefaultExchange(camel);
        TenantScope.bind(exchange, SUR);
        long now = System.currentTimeMillis() / 1000;
        exchange.setVariable("watermarkName", "test");
        exchange.setVariable("since", now - 60);
        exchange.setVariable("begun", now);
        exchange.setVariable("page", 1);
        exchange.setVariable("pagesLeft", 1);
        exchange.setVariable("staleBefore", now + 60);
        try (var template = camel.createProducerTemplate()) {
            template.send("direct:chatwoot-reconciliation.page", exchange);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        assertThat(exchange.getException()).isNull();
        settled();
        assertThat(events((Integer) said.get("message"))).isEqualTo(1);
        assertThat(replies(conversation)).isZero();
        say(conversation, "Hola, ¿cuál es el horario?");
        reconcile();
        assertThat(replies(conversation)).isEqualTo(1);
        assertThat(jdbc().queryForObject(
                                "select intent from public.conversations where tenant_rut = ? and chatwoot_conversation_id = ?",
                                String.class,
                                SUR,
                                conversation))
                .isEqualTo("faq_hours");
    }
}
