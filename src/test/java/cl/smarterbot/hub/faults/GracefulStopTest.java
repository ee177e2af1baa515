package cl.smarterbot.hub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("faults")
class GracefulStopTest {

    private static final int RATE = Integer.getInteger("faults.rate", 120);
    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final Duration STOP_BOUND = Duration.ofSeconds(30);

    @Test
    @DisplayName("A hub told to stop under load ends or gives back its work within 30 s; the next start does the rest")
    void stopUnderLoad() {
        try (World world = World.of("graceful-stop")) {
            HubProcess hub = world.hub("");
            hub.start();
            hub.awaitReady(World.READY_BOUND);
            world.awaitTenants(hub);
            try (Driver driver = new Driver(world.name, 5, hub.uri())) {
                world.odoo().trouble().latency(Duration.ofMillis(300));
                driver.start(RATE);
                driver.awaitPromises(150, BOUND);

                Duration took = hub.stop(STOP_BOUND);
                System.out.printf("graceful-stop: %d ms; %s%n", took.toMillis(), driver);
                assertThat(world.count("select count(*) from hub.delivery where state = 'leased'"))
                        .as("deliveries neither ended nor given back")
                        .isZero();
                assertThat(driver.wrongAnswers()).isEmpty();

                world.odoo().trouble().clear();
                hub.start();
                hub.awaitReady(World.READY_BOUND);
                driver.awaitPromises(50, BOUND);
                driver.settle(BOUND);
                assertThat(driver.wrongAnswers()).isEmpty();
                assertThat(new Checker(world, driver).differences(BOUND)).isEmpty();
            }
        }
    }
}
