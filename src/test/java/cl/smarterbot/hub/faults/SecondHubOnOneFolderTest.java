package cl.smarterbot.hub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("faults")
class SecondHubOnOneFolderTest {

    private static final Duration BOUND = Duration.ofSeconds(60);

    @Test
    @DisplayName(
            "A second hub on one data folder ends with one clear sentence and leaves the first and its database alone")
    void secondHub() throws Exception {
        try (World world = World.embedded("second-hub")) {
            HubProcess first = world.hub("");
            first.start();
            first.awaitReady(World.READY_BOUND);
            Path pidFile = world.dataFolder("").resolve("postgres/postmaster.pid");
            String postmaster = Files.readAllLines(pidFile).get(0);

            HubProcess second = world.hub("-intruder")
                    .with("HUB_DATA_DIR", world.dataFolder("").toString());
            second.start();
            assertThat(second.awaitEnd(BOUND)).as("exit code").isEqualTo(1);

            assertThat(second.log())
                    .contains("Another hub runs on the data folder "
                            + world.dataFolder("").toRealPath())
                    .contains("HUB_DATA_DIR")
                    .as("no stack trace")
                    .doesNotContain("\tat ");
            assertThat(first.health()).isEqualTo(200);
            assertThat(world.count("select count(*) from hub.subscription")).isPositive();

            // The lock of a killed hub is gone with it; the database that it leaves behind is taken over.
            first.kill();
            second.start();
            second.awaitReady(World.READY_BOUND);
            assertThat(Files.readAllLines(pidFile).get(0)).isEqualTo(postmaster);
        }
    }
}
