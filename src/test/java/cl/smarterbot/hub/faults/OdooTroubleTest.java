package cl.smarterbot.hub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.sandbox.SandboxTrouble.Kind;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("faults")
class OdooTroubleTest {

    private static final int RATE = Integer.getInteger("faults.rate", 40);
    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final Duration TROUBLE = Duration.ofMillis(1500);

    private static Map<String, Rule> troubles() {
        Map<String, Rule> rules = new LinkedHashMap<>();
        rules.put("slow", Rule.of(Kind.DELAY).delay(Duration.ofMillis(1500)));
        rules.put("500", Rule.of(Kind.STATUS).status(500));
        rules.put("503 with Retry-After", Rule.of(Kind.STATUS).status(503).retryAfter(1));
        rules.put("lost answer", Rule.of(Kind.LOST_ANSWER));
        rules.put("truncated answer", Rule.of(Kind.TRUNCATED));
        rules.put("web page", Rule.of(Kind.HTML));
        rules.put("garbage", Rule.of(Kind.GARBAGE));
        rules.put("closed connection", Rule.of(Kind.REFUSE_CONNECTION_LIKE_CLOSE));
        rules.put("every other call fails", Rule.of(Kind.FLAP).status(502));
        return rules;
    }

    @Test
    @DisplayName(
            "Whatever Odoo does, intake goes on; after the trouble each contact has one partner and each form one lead")
    void odooInTrouble() {
        try (World world = World.withoutOdoo("odoo-trouble")) {
            HubProcess hub = world.hub("");
            hub.start();
            hub.awaitReady(World.READY_BOUND);
            world.awaitTenants(hub);
            try (Driver driver = new Driver(world.name, 3, hub.uri())) {
                load("nobody answers", driver);
                world.startOdoo();
                world.awaitQuiet(BOUND);
                troubles().forEach((name, rule) -> {
                    world.odoo().trouble().add(rule);
                    load(name, driver);
                    world.odoo().trouble().clear();
                    world.awaitQuiet(BOUND);
                    if (name.equals("garbage")) {
                        // Bytes that no server of this kind sends: not tried again blindly, a person decides.
                        world.count("select hub.replay_dead(null, null, '-infinity', 100000, false)");
                        world.awaitQuiet(BOUND);
                    }
                    assertThat(world.count(
                                    "select count(*) from hub.delivery where state = 'dead' and replayed_at is null"))
                            .as("dead deliveries after trouble '%s'", name)
                            .isZero();
                });
                driver.settle(BOUND);
                assertThat(driver.wrongAnswers()).isEmpty();
                assertThat(driver.count(503)).as("refused for Odoo's sake").isZero();
                assertThat(new Checker(world, driver).differences(BOUND)).isEmpty();
                // The same trouble met the calls to Chatwoot.
                assertThat(world.odoo().chatwoot().stats())
                        .containsEntry("duplicateContacts", 0L)
                        .containsEntry("duplicateMessages", 0L)
                        .containsEntry("conversations", world.count("select count(*) from public.contacts"))
                        .containsEntry("messages", world.count("select count(*) from public.contacts"));
                // The same trouble met the mails: two for each contact, however often they were tried.
                assertThat(((Number) world.odoo().resend().stats().get("mails")).longValue())
                        .isEqualTo(2 * world.count("select count(*) from public.contacts"));
                assertThat(world.odoo().resend().stats()).containsEntry("duplicateKeys", 0L);
                assertThat(hub.log().lines().filter(l -> l.startsWith("\tat ")))
                        .as("stack traces for failures that the deliveries record")
                        .isEmpty();
            }
        }
    }

    private static void load(String name, Driver driver) {
        long start = System.nanoTime();
        driver.start(RATE);
        driver.awaitPromises(RATE, BOUND);
        LockSupport.parkNanos(TROUBLE.toNanos() - (System.nanoTime() - start));
        driver.pause();
        System.out.printf(
                "odoo-trouble: %s for %d ms; %s%n",
                name, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start), driver);
    }
}
