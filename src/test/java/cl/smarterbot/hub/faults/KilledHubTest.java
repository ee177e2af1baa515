package cl.smarterbot.hub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("faults")
class KilledHubTest {

    private static final int ROUNDS = Integer.getInteger("faults.rounds", 2);
    private static final int RATE = Integer.getInteger("faults.rate", 120);
    private static final Duration QUIET_BOUND = Duration.ofSeconds(120);

    @Test
    @DisplayName("kill -9 at random moments under load loses no promise and doubles no effect")
    void killedUnderLoad() {
        try (World world = World.of("killed")) {
            killAndRestart(world, ROUNDS);
        }
    }

    @Test
    @DisplayName("A killed hub finds its embedded database again, running or not, with everything in it")
    void killedWithEmbeddedDatabase() {
        try (World world = World.embedded("killed-embedded")) {
            killAndRestart(world, Math.max(1, ROUNDS / 2));
        }
    }

    private static void killAndRestart(World world, int rounds) {
        long seed = Long.getLong("faults.seed", System.nanoTime());
        System.out.printf("%s: -Dfaults.seed=%d%n", world.name, seed);
        Random random = new Random(seed);
        HubProcess hub = world.hub("");
        hub.start();
        List<Long> readyMillis = new ArrayList<>();
        readyMillis.add(hub.awaitReady(World.READY_BOUND).toMillis());
        world.awaitTenants(hub);
        try (Driver driver = new Driver(world.name, seed, hub.uri())) {
            driver.start(RATE);
            for (int round = 0; round < rounds; round++) {
                driver.awaitPromises(20, World.READY_BOUND);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(3_000)));
                hub.kill();
                hub.start();
                readyMillis.add(hub.awaitReady(World.READY_BOUND).toMillis());
            }
            driver.settle(Duration.ofSeconds(60));
            System.out.printf("%s: ready after %s ms%n", world.name, readyMillis);
            assertThat(driver.silences()).as("requests cut by the kill").isPositive();
            assertThat(driver.wrongAnswers()).isEmpty();
            assertThat(new Checker(world, driver).differences(QUIET_BOUND)).isEmpty();
        }
    }
}
