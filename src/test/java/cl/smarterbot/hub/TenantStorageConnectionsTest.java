package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.storage.StorageConnection;
import cl.smarterbot.hub.storage.StorageSettings;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantDetails;
import cl.smarterbot.hub.tenancy.TenantField;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

@DisplayName("Where a tenant's files are kept")
class TenantStorageConnectionsTest {

    private static final String SUR = "76000012-4";
    private static final String NORTE = "77000005-K";
    private static final String SHARED = "https://shared.example";
    private static final String OWN = "https://own.example";

    private static TestDatabase database;
    private static TenantAdmin admin;

    @TempDir
    Path folder;

    private SecretStore secrets;

    @BeforeAll
    static void tenants() {
        database = TestDatabase.fresh();
        admin = new TenantAdmin(database.as("hub_ops"), RutPolicy.STRICT);
        admin.seedDemo("test");
        admin.upsert(
                "test",
                TenantDetails.of(NORTE)
                        .with(TenantField.STORAGE_URL, OWN)
                        .with(TenantField.STORAGE_BUCKET, "norte")
                        .with(TenantField.CHATWOOT_URL, "https://chat.norte.example"));
    }

    @BeforeEach
    void noSecrets() {
        secrets = EncryptedFileSecretStore.open(folder.resolve("secrets"));
    }

    private static StorageSettings settings(String url, String key) {
        return new StorageSettings(url, key, "attachments", DataSize.ofMegabytes(1), List.of(), Duration.ofSeconds(1));
    }

    private TenantStorageConnections connections(StorageSettings settings) {
        TenantRegistry registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, true);
        registry.refresh();
        return new TenantStorageConnections(registry, secrets, settings, "https://chat.shared.example");
    }

    private static Exchange exchange(String rut) {
        Exchange exchange = new DefaultExchange(new DefaultCamelContext());
        if (rut != null) {
            TenantScope.bind(exchange, rut);
        }
        return exchange;
    }

    @Test
    @DisplayName("is nowhere, if neither the tenant nor the deployment has a project")
    void nowhere() {
        TenantStorageConnections connections = connections(settings("", ""));
        assertThat(connections.resolve(exchange(SUR))).isNull();
        assertThat(connections.resolve(exchange(null))).isNull();
    }

    @Test
    @DisplayName("is the deployment's project, if the tenant has none")
    void shared() {
        StorageConnection found = connections(settings(SHARED, "shared-key")).resolve(exchange(SUR));
        assertThat(found).isEqualTo(new StorageConnection(SUR, SHARED, "attachments", "shared-key"));
        assertThat(found.toString()).doesNotContain("shared-key");
    }

    @Test
    @DisplayName("is the tenant's own project with its own key, and never with the deployment's")
    void own() {
        TenantStorageConnections connections = connections(settings(SHARED, "shared-key"));
        assertThatIllegalStateException()
                .isThrownBy(() -> connections.resolve(exchange(NORTE)))
                .withMessageNotContaining("shared-key");
        secrets.put(NORTE, "supabase", "SERVICE_ROLE_KEY", Secret.of("own-key"));
        assertThat(connections.resolve(exchange(NORTE)))
                .isEqualTo(new StorageConnection(NORTE, OWN, "norte", "own-key"));
        admin.deactivate("test", NORTE);
        try {
            assertThat(connections(settings(SHARED, "shared-key")).resolve(exchange(NORTE)))
                    .isNull();
        } finally {
            admin.activate("test", NORTE);
        }
    }

    @Test
    @DisplayName("takes files from the tenant's own Chatwoot")
    void source() {
        TenantStorageConnections connections = connections(settings("", ""));
        assertThat(connections.source(exchange(SUR), "chatwoot")).isEqualTo("https://chat.shared.example");
        assertThat(connections.source(exchange(NORTE), "chatwoot")).isEqualTo("https://chat.norte.example");
        assertThat(connections.source(exchange(null), "chatwoot")).isNull();
        assertThatIllegalArgumentException().isThrownBy(() -> connections.source(exchange(SUR), "http://elsewhere"));
    }

    @Test
    @DisplayName("is refused at the start, if the deployment's project has no key, or a limit makes no sense")
    void refusedSettings() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings(SHARED, ""))
                .withMessageContaining("hub.storage.service-key");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StorageSettings(
                                SHARED, "k", "b", DataSize.ofBytes(0), List.of("png"), Duration.ofSeconds(1))
                        .limits())
                .withMessageContaining("hub.storage")
                .withMessageContaining("png");
    }
}
