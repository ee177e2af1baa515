package cl.smarterbot.hub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("faults")
class DatabaseAwayTest {

    private static final int RATE = Integer.getInteger("faults.rate", 120);
    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final Duration QUIET_BOUND = Duration.ofSeconds(120);
    private static final long HEAP_GROWTH_BOUND = 32L * 1024 * 1024;

    private final PostgresProcess postgres = PostgresProcess.shared();

    @AfterEach
    void theOthersFindTheServerRunning() {
        postgres.start();
    }

    @Test
    @DisplayName(
            "While the database is stopped, killed or cut off, senders get 503; then all goes on without a restart")
    void databaseAwayUnderLoad() {
        try (World world = World.of("database-away")) {
            HubProcess hub = world.hub("");
            hub.start();
            hub.awaitReady(World.READY_BOUND);
            world.awaitTenants(hub);
            try (Driver driver = new Driver(world.name, 1, hub.uri())) {
                driver.start(RATE);
                driver.awaitPromises(100, BOUND);
                long heap = hub.liveHeap();

                postgres.stopFast();
                assertRefusedMeanwhile(hub, driver, heap);
                postgres.start();
                driver.awaitPromises(100, BOUND);

                postgres.kill();
                assertRefusedMeanwhile(hub, driver, heap);
                postgres.start();
                driver.awaitPromises(100, BOUND);

                for (int i = 0; i < 3; i++) {
                    postgres.terminateConnections(world.database);
                    driver.awaitPromises(50, BOUND);
                }

                driver.settle(BOUND);
                assertThat(hub.isAlive()).isTrue();
                assertThat(driver.wrongAnswers()).isEmpty();
                assertThat(new Checker(world, driver).differences(QUIET_BOUND)).isEmpty();
            }
        }
    }

    private static void assertRefusedMeanwhile(HubProcess hub, Driver driver, long heapBefore) {
        // Answers to requests from before may still come in; then nothing may be promised.
        driver.awaitAnswers(503, 50, BOUND);
        int promises = driver.promises();
        driver.awaitAnswers(503, 200, BOUND);
        assertThat(driver.promises()).as("promises without a database").isEqualTo(promises);
        assertThat(hub.health()).isEqualTo(503);
        long heap = hub.liveHeap();
        System.out.printf("live heap %d KB, while the database is away %d KB%n", heapBefore / 1024, heap / 1024);
        assertThat(heap - heapBefore).as("growth of the heap").isLessThan(HEAP_GROWTH_BOUND);
    }

    @Test
    @DisplayName("A hub that starts before its database is up, says 503, and becomes ready by itself")
    void hubBeforeDatabase() throws IOException, InterruptedException {
        try (World world = World.of("database-late")) {
            postgres.stopFast();
            HubProcess hub = world.hub("");
            hub.start();
            long end = System.nanoTime() + World.READY_BOUND.toNanos();
            while (hub.health() == 0 && System.nanoTime() < end) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            }
            assertThat(hub.health()).isEqualTo(503);
            HttpResponse<String> refused = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(hub.uri() + "/contact"))
                                    .header("Content-Type", "application/json")
                                    .header("X-API-Key", Tenant.FERRETERIA.apiKey())
                                    .POST(HttpRequest.BodyPublishers.ofString("{}"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.headers().firstValue("Retry-After")).isPresent();

            postgres.start();
            hub.awaitReady(World.READY_BOUND);
            try (Driver driver = new Driver(world.name, 2, hub.uri())) {
                driver.start(RATE);
                driver.awaitPromises(50, BOUND);
                driver.settle(BOUND);
                assertThat(driver.wrongAnswers()).isEmpty();
                assertThat(new Checker(world, driver).differences(QUIET_BOUND)).isEmpty();
            }
        }
    }
}
