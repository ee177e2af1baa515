package cl.smarterbot.hub.database;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.testing.TestDatabase;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.jdbc.core.JdbcTemplate;

@DisplayName("A schema that was made by hand")
class HandMadeSchemaTest {

    private static final List<Path> FILES = TestDatabase.migrations();
    private static final Path RLS = Path.of("integrations", "supabase", "rls.sql");

    @TempDir
    private Path data;

    private void startHub(TestDatabase server) {
        try (HubDatabase database =
                new HubDatabase(new DatabaseProperties(server.url(), "postgres", "secret", false, data, 0, 2))) {
            database.start();
            assertThat(database.notReadyReason()).isNull();
            assertThat(new JdbcTemplate(database.as(HubDatabase.Role.ENGINE))
                            .queryForList("select * from hub.backlog()"))
                    .isEmpty();
        }
    }

    private static List<String> history(TestDatabase server) {
        return new JdbcTemplate(server.as("postgres"))
                .queryForList(
                        "select coalesce(version, description) from hub.flyway_schema_history"
                                + " where type <> 'SCHEMA' order by installed_rank",
                        String.class);
    }

    /** Numbers of files run by hand; those of the first alone leave an empty schema. */
    static Stream<Integer> files() {
        return IntStream.rangeClosed(1, FILES.size()).boxed();
    }

    @ParameterizedTest
    @MethodSource("files")
    @DisplayName("up to any of the files is taken over by the hub, which runs the files after it")
    void takenOver(int byHand) {
        TestDatabase server = TestDatabase.empty();
        FILES.subList(0, byHand).forEach(server::run);
        if (byHand == FILES.size()) {
            server.run(RLS);
        }
        startHub(server);
        List<String> expected = FILES.stream()
                .skip(byHand == 1 ? 0 : byHand - 1)
                .map(file -> file.getFileName().toString().substring(1, 5))
                .collect(java.util.stream.Collectors.toList());
        expected.add("rls");
        assertThat(history(server)).isEqualTo(expected);
        // And again, as any other database of the hub.
        startHub(server);
        assertThat(history(server)).isEqualTo(expected);
    }

    @Test
    @DisplayName("by somebody else for something else stops the hub, and nothing is touched")
    void foreignSchema() {
        TestDatabase server = TestDatabase.empty();
        server.superuser("create schema hub; create table hub.something (id int)");
        try (HubDatabase database =
                new HubDatabase(new DatabaseProperties(server.url(), "postgres", "secret", false, data, 0, 2))) {
            database.start();
            assertThat(database.notReadyReason()).contains("non-empty schema");
        }
        assertThat(new JdbcTemplate(server.as("postgres"))
                        .queryForObject(
                                "select count(*) from pg_class where relnamespace = 'hub'::regnamespace and relkind = 'r'",
                                Integer.class))
                .isEqualTo(1);
    }
}
