package cl.smarterbot.hub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("faults")
class TwoHubsTest {

    private static final int RATE = Integer.getInteger("faults.rate", 120);
    private static final Duration BOUND = Duration.ofSeconds(90);

    @Test
    @DisplayName("A hub frozen past its lease is taken over from, and its late outcomes are refused")
    void frozenPastItsLease() {
        try (World world = World.of("two-hubs")) {
            HubProcess frozen = world.hub("-frozen");
            HubProcess other = world.hub("-other");
            frozen.start();
            // Both at once: each migrates, or waits for the other to have migrated.
            other.start();
            frozen.awaitReady(World.READY_BOUND);
            other.awaitReady(World.READY_BOUND);
            world.awaitTenants(frozen);
            world.awaitTenants(other);
            String held = "select count(*) from hub.delivery where state = 'leased' and lease_owner like '"
                    + frozen.pid() + "-%'";
            try (Driver driver = new Driver(world.name, 4, frozen.uri(), other.uri())) {
                // Slow enough that deliveries are under way whenever the hub is frozen.
                world.odoo().trouble().latency(Duration.ofMillis(700));
                driver.start(RATE);
                driver.awaitPromises(200, BOUND);
                long end = System.nanoTime() + BOUND.toNanos();
                while (world.count(held) < 5 && System.nanoTime() < end) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                }
                frozen.freeze();
                assertThat(world.count(held)).as("deliveries of the frozen hub").isPositive();
                world.odoo().trouble().clear();
                driver.awaitPromises(20, BOUND);
                world.awaitZero("deliveries still held by the frozen hub", held, BOUND);
                driver.pause();
                // All of its work ends elsewhere while it stands still.
                world.awaitQuiet(BOUND);
                assertThat(frozen.log()).doesNotContain("the lease had passed to another node");

                frozen.thaw();
                driver.start(RATE);
                driver.awaitPromises(50, BOUND);
                driver.settle(BOUND);
                assertThat(driver.wrongAnswers()).isEmpty();
                assertThat(new Checker(world, driver).differences(BOUND)).isEmpty();
                assertThat(frozen.log()).contains("the lease had passed to another node");
                assertThat(other.log()).doesNotContain("the lease had passed to another node");
            }
        }
    }
}
