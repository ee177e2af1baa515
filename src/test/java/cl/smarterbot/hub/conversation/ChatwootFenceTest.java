package cl.smarterbot.hub.conversation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.tenancy.EndpointAdmin;
import cl.smarterbot.hub.tenancy.EndpointSecrets;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantDetails;
import cl.smarterbot.hub.tenancy.TenantField;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sur and Norte share account 5 of one Chatwoot, with inboxes 50 and 60; Solo has account 7 for itself. */
@DisplayName("A Chatwoot endpoint")
class ChatwootFenceTest {

    private static final String SUR = "76000012-4";
    private static final String NORTE = "77000005-K";
    private static final String SOLO = "76123403-K";

    @TempDir
    static Path folder;

    private static final CamelContext CAMEL = new DefaultCamelContext();

    private static TenantRegistry registry;
    private static ChatwootWebhook webhook;

    @BeforeAll
    static void tenants() {
        TestDatabase database = TestDatabase.fresh();
        TenantAdmin admin = new TenantAdmin(database.as("hub_ops"), RutPolicy.STRICT);
        admin.upsert("test", chatwoot(SUR, 5, 50));
        admin.upsert("test", chatwoot(NORTE, 5, 60));
        admin.upsert("test", chatwoot(SOLO, 7, 70));
        EndpointAdmin endpoints = new EndpointAdmin(
                database.as("hub_ops"),
                RutPolicy.STRICT,
                new EndpointSecrets(EncryptedFileSecretStore.open(folder.resolve("secrets")), Clock.systemUTC()));
        endpoints.seedDemo("test", SUR, "chatwoot", "sur-own-1");
        endpoints.seedDemo("test", SUR, "chatwoot", "sur-web-51");
        endpoints.seedDemo("test", SUR, "chatwoot", "sur-wrong-9");
        endpoints.seedDemo("test", NORTE, "chatwoot", "norte-own-1");
        endpoints.seedDemo("test", SOLO, "chatwoot", "solo-own-1");
        assertThat(endpoints.bind("test", "sur-web-51", null, 51)).isTrue();
        assertThat(endpoints.bind("test", "sur-wrong-9", 9, null)).isTrue();
        registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, true);
        registry.refresh();
        webhook = new ChatwootWebhook(registry);
    }

    private static TenantDetails chatwoot(String rut, int account, int inbox) {
        return TenantDetails.of(rut, "Empresa " + rut)
                .with(TenantField.CHATWOOT_ACCOUNT_ID, account)
                .with(TenantField.CHATWOOT_INBOX_ID, inbox);
    }

    /** Kind of what comes of a body at an endpoint; null is what the hub fetched itself. */
    private static Exchange read(String rut, String endpoint, String body) {
        Exchange exchange = new DefaultExchange(CAMEL);
        TenantScope.bind(exchange, rut);
        if (endpoint != null) {
            exchange.getMessage().setHeader("endpoint", endpoint);
        }
        exchange.getMessage().setBody(body.getBytes(StandardCharsets.UTF_8));
        webhook.read(exchange);
        return exchange;
    }

    private static String kind(String rut, String endpoint, String body) {
        return read(rut, endpoint, body).getMessage().getHeader(ChatwootWebhook.KIND, String.class);
    }

    private static String message(int account, int inbox) {
        return """
                {"event":"message_created","id":7,"content":"Hola","message_type":"incoming","private":false,
                 "account":{"id":%d},"inbox":{"id":%d},"conversation":{"id":3,"inbox_id":%d},"sender":{"id":1}}""".formatted(account, inbox, inbox);
    }

    @ParameterizedTest
    @DisplayName("takes messages and changes of its own account and inbox, and nothing of any other")
    @CsvSource({
        "76000012-4, sur-own-1, 5, 50, true",
        "76000012-4, sur-own-1, 5, 60, false",
        "76000012-4, sur-own-1, 5, 51, false",
        "76000012-4, sur-own-1, 7, 50, false",
        "77000005-K, norte-own-1, 5, 60, true",
        "77000005-K, norte-own-1, 5, 50, false",
        "76000012-4, sur-web-51, 5, 51, true",
        "76000012-4, sur-web-51, 5, 50, false",
        "76000012-4, sur-wrong-9, 9, 50, false",
        "76000012-4, sur-wrong-9, 5, 50, false",
        "76123403-K, solo-own-1, 7, 70, true",
        "76123403-K, solo-own-1, 7, 71, false",
        "77000005-K, sur-own-1, 5, 60, false",
        "76000012-4, no-such-endpoint, 5, 50, false",
    })
    void ownOnly(String rut, String endpoint, int account, int inbox, boolean own) {
        assertThat(kind(rut, endpoint, message(account, inbox))).isEqualTo(own ? "message" : "foreign");
        String changed = "{\"event\":\"conversation_status_changed\",\"id\":3,\"status\":\"open\",\"inbox_id\":" + inbox
                + ",\"account\":{\"id\":" + account + "}}";
        assertThat(kind(rut, endpoint, changed)).isEqualTo(own ? "conversation" : "foreign");
    }

    @Test
    @DisplayName("goes by the inbox where old versions name no account, and refuses what names neither")
    void withoutAccount() {
        String changed = "{\"event\":\"conversation_updated\",\"id\":3,\"status\":\"open\"%s}";
        assertThat(kind(SUR, "sur-own-1", changed.formatted(",\"inbox_id\":50")))
                .isEqualTo("conversation");
        assertThat(kind(SUR, "sur-own-1", changed.formatted(",\"inbox_id\":60")))
                .isEqualTo("foreign");
        assertThat(kind(SOLO, "solo-own-1", changed.formatted(""))).isEqualTo("foreign");
    }

    @ParameterizedTest
    @DisplayName("takes what names no inbox only where the account is one tenant's alone")
    @ValueSource(
            strings = {
                "{\"event\":\"contact_updated\",\"id\":4,\"account\":{\"id\":%d}}",
                "{\"event\":\"message_created\",\"id\":5,\"content\":\"Hola\",\"conversation_id\":3,\"account_id\":%d}"
            })
    void withoutInbox(String body) {
        assertThat(kind(SOLO, "solo-own-1", body.formatted(7))).isNotEqualTo("foreign");
        assertThat(kind(SUR, "sur-own-1", body.formatted(5))).isEqualTo("foreign");
        assertThat(kind(NORTE, "norte-own-1", body.formatted(5))).isEqualTo("foreign");
    }

    @Test
    @DisplayName("gives the inbox it was made for to its tenant, for messages that the hub fetches itself as well")
    void fetched() {
        assertThat(kind(SUR, null, message(5, 50))).isEqualTo("message");
        assertThat(kind(SUR, null, message(5, 51))).isEqualTo("message");
        assertThatThrownBy(() -> kind(SUR, null, message(5, 60))).hasMessageContaining("another inbox");
        assertThatThrownBy(() -> kind(NORTE, null, message(5, 51))).hasMessageContaining("another inbox");
    }

    @Test
    @DisplayName("answers the wrong inbox with a problem that says nothing of what was sent")
    void problem() {
        Exchange refused = read(SUR, "sur-own-1", message(5, 60));
        assertThat(refused.getMessage().getHeader(Exchange.CONTENT_TYPE)).isEqualTo("application/problem+json");
        assertThat(refused.getVariable("answer", String.class))
                .contains("\"status\":403", "urn:smarteros:problem:wrong-tenant")
                .doesNotContain("Hola", "60");
    }
}
