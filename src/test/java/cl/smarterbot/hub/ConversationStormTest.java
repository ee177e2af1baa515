package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Kind;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantDetails;
import cl.smarterbot.hub.tenancy.TenantField;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
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

/** Many conversations at once while every vendor is slow and fails now and then. {@code -Dstorm.seed} says the same things again. */
@SpringBootTest(classes = HubApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ActiveProfiles("demo")
@DirtiesContext
@DisplayName("Whatever trouble Botpress, Odoo and Chatwoot have")
class ConversationStormTest {

    private static final int CONVERSATIONS = 50;
    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final String LOOP = "conversation-loop";

    /** What customers say: each leads elsewhere. The last two are for people, the one before only when it comes twice in a row. */
    private static final List<String> WORDS = List.of(
            "Hola, ¿cuál es el horario?",
            "¿Dónde están ubicados?",
            "¿Cómo va mi pedido S00001?",
            "Quisiera la factura 7",
            "Necesito cotizar 20 sacos",
            "¿A qué hora cierran?",
            "¿Cuál es la dirección?",
            "Necesito un presupuesto",
            "asdf qwer",
            "Tengo un reclamo");

    @TempDir
    static Path data;

    @Autowired
    private HubDatabase database;

    @Autowired
    private SandboxServer vendors;

    @Autowired
    private TenantAdmin tenants;

    @Autowired
    private TenantRegistry registry;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry properties) throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        properties.add("hub.sandbox.port", () -> port);
        for (String vendor : List.of("chatwoot", "odoo", "resend", "botpress")) {
            properties.add("hub." + vendor + ".url", () -> "http://127.0.0.1:" + port);
        }
        properties.add("hub.retry.initial-delay", () -> 50);
        properties.add("hub.retry.max-delay", () -> 3_000);
        properties.add("hub.door.port", () -> 0);
        properties.add("hub.database.data-dir", () -> data.toString());
        properties.add("hub.admin.data-dir", () -> data.toString());
        properties.add("hub.admin.password", () -> "a-password-for-tests");
        properties.add("hub.secrets.file", () -> data.resolve("secrets.enc").toString());
    }

    private JdbcTemplate jdbc() {
        return new JdbcTemplate(new DriverManagerDataSource(
                "jdbc:postgresql://127.0.0.1:" + database.embeddedPort() + "/postgres", "postgres", ""));
    }

    private int count(String sql) {
        return jdbc().queryForObject("select count(*) from " + sql, Integer.class);
    }

    private void trouble() {
        String chatwoot = "/api/v1/accounts";
        String botpress = "/api/v1/bots";
        vendors.trouble()
                .add(
                        Rule.of(Kind.DELAY).delay(Duration.ofMillis(120)).probability(0.3),
                        Rule.of(Kind.DELAY).delay(Duration.ofMillis(400)).probability(0.05),
                        Rule.of(Kind.STATUS).path(botpress).probability(0.01),
                        Rule.of(Kind.LOST_ANSWER).path(botpress).probability(0.01),
                        Rule.of(Kind.STATUS).path(chatwoot).probability(0.03),
                        Rule.of(Kind.LOST_ANSWER).path(chatwoot).probability(0.04),
                        Rule.of(Kind.REFUSE_CONNECTION_LIKE_CLOSE)
                                .path(chatwoot)
                                .probability(0.01),
                        Rule.of(Kind.STATUS).path("/xmlrpc").probability(0.04),
                        Rule.of(Kind.LOST_ANSWER).path("/xmlrpc").probability(0.04),
                        Rule.of(Kind.STATUS).path("/json").probability(0.04),
                        Rule.of(Kind.LOST_ANSWER).path("/json").probability(0.04));
    }

    /** One customer, who writes again after a random pause, whatever was answered meanwhile. */
    private final class Customer {
        final int account;
        final String email;
        final Random random;
        final List<String> words = new ArrayList<>();
        final CompletableFuture<Integer> done = new CompletableFuture<>();
        int said;

        Customer(int number, long seed) {
            account = 1 + number % 2;
            email = "storm-" + number + "@ejemplo.cl";
            random = new Random(seed * 1_000 + number);
            int turns = 3 + random.nextInt(4);
            for (int i = 0; i < turns; i++) {
                // Complaints end the bot's part: few of them.
                int word = random.nextInt(WORDS.size() * 3);
                words.add(WORDS.get(word < WORDS.size() ? word : word % (WORDS.size() - 2)));
            }
        }

        void speak(ScheduledExecutorService clock) {
            try {
                Map<String, Object> message = vendors.chatwoot().say(account, email, words.get(said));
                said++;
                if (said == words.size()) {
                    done.complete((Integer) message.get("conversation"));
                } else {
                    clock.schedule(() -> speak(clock), 5L + random.nextInt(250), TimeUnit.MILLISECONDS);
                }
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        }
    }

    @Test
    @DisplayName(
            "each message is part of one turn, each turn has one reply, in the order of the turns, and nothing is left over")
    void eachTurnOnce() {
        long seed = Long.getLong("storm.seed", System.nanoTime() % 1_000_000);
        System.out.println("Storm of conversations: -Dstorm.seed=" + seed);
        // One tenant's bot waits for its customers to finish, the other's does not.
        tenants.upsert("test", TenantDetails.of("76000012-4").with(TenantField.TURN_PAUSE_MS, 100));
        await().atMost(BOUND)
                .until(() -> registry.byRut("76000012-4").orElseThrow().bot().turnPauseMillis() == 100);
        trouble();
        List<Customer> customers = new ArrayList<>();
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(2);
        try {
            for (int i = 0; i < CONVERSATIONS; i++) {
                Customer customer = new Customer(i, seed);
                customers.add(customer);
                clock.schedule(() -> customer.speak(clock), customer.random.nextInt(500), TimeUnit.MILLISECONDS);
            }
            customers.forEach(
                    customer -> customer.done.orTimeout(60, TimeUnit.SECONDS).join());
        } finally {
            clock.shutdownNow();
        }
        int said =
                customers.stream().mapToInt(customer -> customer.words.size()).sum();
        await().atMost(BOUND).until(() -> count("public.messages where message_type = 'incoming'") == said);
        await().atMost(BOUND).until(() -> count("hub.delivery where state not in ('done', 'dead')") == 0);
        vendors.trouble().clear();

        assertThat(count("hub.delivery where state = 'dead'"))
                .as("given up, seed %d", seed)
                .isZero();
        assertThat(count("hub.attempt where outcome = 'retry'"))
                .as("trouble was felt, seed %d", seed)
                .isPositive();
        assertThat(vendors.chatwoot().stats()).as("seed %d", seed).containsEntry("duplicateMessages", 0L);
        assertThat(count("public.messages where message_type = 'incoming' and turn_id is null"))
                .as("messages of no turn, seed %d", seed)
                .isZero();
        for (Customer customer : customers) {
            verify(customer, seed);
        }
        long leads = vendors.odoo().records("crm.lead", Map.of()).stream()
                .filter(lead -> String.valueOf(lead.get("name")).startsWith("Conversación "))
                .count();
        int quotes = count("public.events where type = 'intent.resolved' and metadata ->> 'action' = 'lead'");
        assertThat(leads).as("leads of %d quotes, seed %d", quotes, seed).isEqualTo(quotes);
        assertThat(quotes).isPositive();
    }

    private void verify(Customer customer, long seed) {
        String rut = customer.account == 1 ? "76000012-4" : "77000005-K";
        int conversation = customer.done.join();
        String which = "conversation " + conversation + " of " + rut + ", seed " + seed;
        // Turns in the order in which the loop took them, with what became of each.
        List<Map<String, Object>> turns = jdbc().queryForList("""
                        select m.turn_id::text as turn, min(d.id) as place, bool_or(m.event_id = m.turn_id) as own,
                               (select string_agg(e.type, ',') from public.events e where e.correlation_id = m.turn_id::text
                                   and e.type in ('intent.resolved', 'conversation.handoff')) as became
                          from public.messages m
                          left join hub.delivery d on d.event_id = m.turn_id and d.subscription = ?
                         where m.tenant_rut = ? and m.chatwoot_conversation_id = ? and m.message_type = 'incoming'
                         group by m.turn_id order by 2
                        """, LOOP, rut, conversation);
        List<String> expected = new ArrayList<>();
        boolean people = false;
        for (Map<String, Object> turn : turns) {
            assertThat(turn.get("own"))
                    .as("a turn is its own event's message at least, %s", which)
                    .isEqualTo(true);
            if (people) {
                assertThat(turn.get("became"))
                        .as("after the handoff, %s", which)
                        .isNull();
                continue;
            }
            assertThat(turn.get("became"))
                    .as("each turn ends once, %s", which)
                    .isIn("intent.resolved", "conversation.handoff");
            people = "conversation.handoff".equals(turn.get("became"));
            if (!people) {
                expected.add(turn.get("turn") + "/reply");
            }
        }
        if (people) {
            String handoff = jdbc().queryForObject(
                            "select id::text from public.events where tenant_rut = ? and event_key = ? and type ="
                                    + " 'conversation.handoff'",
                            String.class,
                            rut,
                            "conversation-" + conversation);
            expected.add(handoff + "/handoff");
        }
        List<String> replies = vendors
                .chatwoot()
                .messages(Map.of(
                        "account_id",
                        Integer.toString(customer.account),
                        "conversation_id",
                        Integer.toString(conversation)))
                .stream()
                .filter(m -> Integer.valueOf(1).equals(m.get("message_type")) && Boolean.FALSE.equals(m.get("private")))
                .sorted(java.util.Comparator.comparing(m -> (Integer) m.get("id")))
                .map(m -> String.valueOf(((Map<?, ?>) m.get("content_attributes")).get("hub_event_id")))
                .toList();
        assertThat(replies)
                .as("one reply for each turn, in their order, %s", which)
                .isEqualTo(expected);
    }
}
