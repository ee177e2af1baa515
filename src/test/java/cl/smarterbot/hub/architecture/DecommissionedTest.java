package cl.smarterbot.hub.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class DecommissionedTest {

    private static final List<String> WORDS = List.of("shop" + "ify", "whats" + "app");
    private static final List<String> TREES =
            List.of("src", "integrations", "docs", "bench", "bin", "pom.xml", "Makefile");

    @Test
    @DisplayName("decommissioned systems are named in the README's note and nowhere else")
    void decommissionedSystemsAppearNowhere() throws IOException {
        List<String> found = new ArrayList<>();
        for (String tree : TREES) {
            Path root = Path.of(tree);
            if (!Files.exists(root)) {
                continue;
            }
            try (Stream<Path> files = Files.walk(root)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    String text = (file.toString() + '\n' + read(file)).toLowerCase(Locale.ROOT);
                    if (WORDS.stream().anyMatch(text::contains)) {
                        found.add(file.toString());
                    }
                }
            }
        }
        assertThat(found).isEmpty();
    }

    private static String read(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (MalformedInputException e) {
            return "";
        }
    }
}
