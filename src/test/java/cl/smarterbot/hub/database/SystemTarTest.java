package cl.smarterbot.hub.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The embedded server's programs are unpacked by the machine's own tar, or by the library")
class SystemTarTest {

    private static final String SYSTEM = "Linux";
    private static final String HARDWARE = "x86_64";

    @TempDir
    private Path folder;

    @Test
    @DisplayName(
            "Where tar and xz are there, the library finds all of it done, and nothing unfinished of an earlier start")
    void whole() throws IOException {
        assumeTrue(runs("tar", "--version") && runs("xz", "--version"), "no tar with xz on this machine");
        Files.createDirectories(folder.resolve("unfinished/bin"));
        Files.createDirectories(folder.resolve("PG-of-another-version"));

        assertThat(archive(new SystemTar(folder))).isEqualTo(shipped());

        Path home;
        try (Stream<Path> found = Files.find(folder, 2, (path, what) -> path.endsWith(".exists"))) {
            home = found.toList().get(0).getParent();
        }
        assertThat(home.getFileName().toString()).matches("PG-[0-9a-f]{32}");
        assertThat(home.resolve("bin/postgres")).isExecutable();
        assertThat(home.resolve("share")).isDirectory();
        assertThat(folder.resolve("unfinished")).doesNotExist();

        Files.delete(home.resolve("bin/postgres"));
        assertThat(archive(new SystemTar(folder))).isEqualTo(shipped());
        assertThat(home.resolve("bin/postgres"))
                .as("what is there is not unpacked again")
                .doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"no-such-program", "false", "cat /dev/null; exit 2 #", "head -c 100 >/dev/null; exit 0 #"})
    @DisplayName("Without them, or when they fail, the library gets the whole archive and an untouched folder")
    void left(String program) throws IOException {
        List<String> command = program.contains(" ") ? List.of("sh", "-c", program) : List.of(program);
        assertThat(archive(new SystemTar(folder, command))).isEqualTo(shipped());
        assertThat(folder).isEmptyDirectory();
    }

    private static byte[] archive(SystemTar tar) throws IOException {
        try (InputStream stream = tar.getPgBinary(SYSTEM, HARDWARE)) {
            return stream.readAllBytes();
        }
    }

    private static byte[] shipped() throws IOException {
        try (InputStream stream = DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(SYSTEM, HARDWARE)) {
            return stream.readAllBytes();
        }
    }

    private static boolean runs(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
