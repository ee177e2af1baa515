package cl.smarterbot.hub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("faults")
class OneMessageTwoHubsTest {

    private static final int TIMES = 1_000;
    private static final Duration BOUND = Duration.ofSeconds(90);
    private static final String SECRET = "demo-chatwoot-secret-1";

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @Test
    @DisplayName("A message that Chatwoot tells 1,000 times at once to two hubs is one event and gets one answer")
    void oneEventOneAnswer() {
        try (World world = World.of("one-message")) {
            HubProcess one = world.hub("-one");
            HubProcess two = world.hub("-two");
            one.start();
            two.start();
            one.awaitReady(World.READY_BOUND);
            two.awaitReady(World.READY_BOUND);
            world.awaitTenants(one);
            world.awaitTenants(two);
            Map<String, Object> said = world.odoo().chatwoot().say(1, "eva@ejemplo.cl", "Hola, ¿cuál es el horario?");
            URI[] doors = {
                one.uri().resolve("/webhooks/chatwoot/demo-cw-1"), two.uri().resolve("/webhooks/chatwoot/demo-cw-1")
            };
            awaitEndpoint(doors[0]);
            awaitEndpoint(doors[1]);

            List<CompletableFuture<Integer>> answers = new ArrayList<>();
            for (int i = 0; i < TIMES; i++) {
                answers.add(http.sendAsync(
                                told(doors[i % 2], body("message_created", said)),
                                HttpResponse.BodyHandlers.discarding())
                        .thenApply(HttpResponse::statusCode));
            }
            assertThat(answers.stream().map(answer -> answer.orTimeout(60, TimeUnit.SECONDS)
                            .join()))
                    .containsOnly(200)
                    .hasSize(TIMES);

            String event = "public.events where type = 'chatwoot.message_created' and tenant_rut = '76000012-4'";
            awaitReply(world, said);
            world.awaitQuiet(BOUND);
            assertThat(world.count("select count(*) from " + event)).isEqualTo(1);
            assertThat(world.count("select count(*) from public.messages")).isEqualTo(1);
            assertThat(world.count("select message_count from public.conversations"))
                    .isEqualTo(1);
            assertThat(world.count("select count(*) from public.events where type = 'intent.resolved'"))
                    .isEqualTo(1);
            assertThat(world.count("select count(*) from hub.delivery where state <> 'done'"))
                    .isZero();
            assertThat(replies(world, said)).isEqualTo(1);
        }
    }

    private static long replies(World world, Map<String, Object> said) {
        return world
                .odoo()
                .chatwoot()
                .messages(Map.of("account_id", "1", "conversation_id", String.valueOf(said.get("conversation"))))
                .stream()
                .filter(message -> Integer.valueOf(1).equals(message.get("message_type")))
                .count();
    }

    private static void awaitReply(World world, Map<String, Object> said) {
        long end = System.nanoTime() + BOUND.toNanos();
        while (replies(world, said) == 0) {
            assertThat(System.nanoTime()).as("no reply within %s", BOUND).isLessThan(end);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    /** The demo enters the endpoints after the tenants. What the hub has no use for is taken, and unknown endpoints get 401. */
    private void awaitEndpoint(URI door) {
        long end = System.nanoTime() + BOUND.toNanos();
        String unused = "{\"event\":\"contact_updated\",\"id\":1,\"account\":{\"id\":1}}";
        while (http.sendAsync(told(door, unused), HttpResponse.BodyHandlers.discarding())
                        .join()
                        .statusCode()
                != 200) {
            assertThat(System.nanoTime()).as("endpoint %s is not known", door).isLessThan(end);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        }
    }

    private static String body(String event, Map<String, Object> said) {
        return """
                {"event":"%s","id":%s,"content":"Hola, ¿cuál es el horario?","message_type":"incoming","private":false,
                 "account":{"id":1},"inbox":{"id":1},"sender":{"id":%s,"email":"eva@ejemplo.cl"},
                 "conversation":{"id":%s,"inbox_id":1,"status":"open","channel":"Channel::Api"}}""".formatted(event, said.get("message"), said.get("contact"), said.get("conversation"));
    }

    /** Each time another delivery: the account's, the inbox's and the bot's webhook tell the same under ids of their own. */
    private static HttpRequest told(URI door, String body) {
        try {
            String timestamp = Long.toString(System.currentTimeMillis() / 1000);
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            mac.update((timestamp + ".").getBytes(StandardCharsets.UTF_8));
            return HttpRequest.newBuilder(door)
                    .header("Content-Type", "application/json")
                    .header("X-Chatwoot-Delivery", UUID.randomUUID().toString())
                    .header("X-Chatwoot-Timestamp", timestamp)
                    .header(
                            "X-Chatwoot-Signature",
                            "sha256=" + HexFormat.of().formatHex(mac.doFinal(body.getBytes(StandardCharsets.UTF_8))))
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
