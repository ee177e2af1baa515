package cl.smarterbot.hub.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("A hub on an existing database")
class ExistingDatabaseTest {

    @TempDir
    private Path data;

    private DatabaseProperties properties(String url, String password, boolean allowNoPassword) {
        return new DatabaseProperties(url, "postgres", password, allowNoPassword, data, 0, 2);
    }

    @ParameterizedTest
    @CsvSource({
        "jdbc:postgresql://db.example.cl/hub, false",
        "jdbc:postgresql://db.example.cl/hub, true",
        "jdbc:postgresql://127.0.0.1:5432/hub, false",
        "'jdbc:postgresql://127.0.0.1:5432,db.example.cl:5432/hub', true",
        "jdbc:postgresql://db.example.cl/hub?password=&user=postgres, false"
    })
    @DisplayName("refuses to start without a password, and names both settings")
    void noPassword(String url, boolean allowed) {
        assertThatThrownBy(() -> new HubDatabase(properties(url, " ", allowed)).close())
                .isInstanceOf(StartRefusedException.class)
                .hasMessageContaining("HUB_DATABASE_URL")
                .hasMessageContaining("HUB_DATABASE_PASSWORD");
    }

    @ParameterizedTest
    @CsvSource({
        "localhost",
        "127.0.0.1:5432",
        "[::1]:5432",
    })
    @DisplayName("may go without a password on loopback if it is told so")
    void loopback(String host) {
        String url = "jdbc:postgresql://" + host + "/hub";
        assertThat(OwnerLogin.existing(properties(url, "", true)).url()).isEqualTo(url);
    }

    @Test
    @DisplayName("takes user and password out of the URL, so that no pool logs in as the owner")
    void passwordInTheUrl() throws SQLException {
        TestDatabase server = TestDatabase.empty();
        String url = server.url() + "?user=postgres&password=s%26cret&ssl=false";
        OwnerLogin login = OwnerLogin.existing(properties(url, "", false));
        assertThat(login).isEqualTo(new OwnerLogin(server.url() + "?ssl=false", "postgres", "s&cret"));
        assertThat(login.toString()).doesNotContain("cret");

        try (HubDatabase database = new HubDatabase(properties(url, "", false))) {
            database.start();
            assertThat(database.notReadyReason()).isNull();
            for (HubDatabase.Role role : HubDatabase.Role.values()) {
                try (Connection connection = database.as(role).getConnection();
                        Statement statement = connection.createStatement();
                        ResultSet row = statement.executeQuery("select current_user")) {
                    row.next();
                    assertThat(row.getString(1)).isNotEqualTo("postgres").startsWith("hub_");
                }
            }
        }
    }

    @Test
    @DisplayName("does not repeat a malformed URL, which may hold a password")
    void malformedUrl() {
        assertThatThrownBy(() -> OwnerLogin.existing(properties("postgres://u:s3cret@db/hub", "x", false)))
                .isInstanceOf(StartRefusedException.class)
                .hasMessageContaining("HUB_DATABASE_URL")
                .hasMessageNotContaining("s3cret");
    }
}
