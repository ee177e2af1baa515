package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.tenancy.EndpointAdmin;
import cl.smarterbot.hub.tenancy.EndpointInfo;
import cl.smarterbot.hub.tenancy.EndpointSecrets;
import cl.smarterbot.hub.tenancy.IssuedEndpoint;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantValidationException;
import cl.smarterbot.hub.testing.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.JdbcTemplate;

/** Senders that cannot sign, at the place where signatures are checked. */
@DisplayName("A webhook without a signature")
class UnsignedWebhookTest {

    private static final String A = "76000012-4";
    private static final String B = "77000005-K";
    private static final Instant NOW = Instant.parse("2026-09-01T12:00:00Z");
    private static final byte[] BODY = "{\"a\":1}".getBytes(StandardCharsets.UTF_8);

    @TempDir
    static Path folder;

    private static JdbcTemplate superuser;
    private static EndpointAdmin endpoints;
    private static EndpointSecrets secrets;
    private static TenantRegistry registry;

    @BeforeAll
    static void open() {
        TestDatabase database = TestDatabase.fresh();
        superuser = new JdbcTemplate(database.as("postgres"));
        superuser.update("insert into public.tenants (rut, business_name) values (?, 'Sur'), (?, 'Norte')", A, B);
        secrets = new EndpointSecrets(EncryptedFileSecretStore.open(folder.resolve("secrets.enc")), at(NOW));
        endpoints = new EndpointAdmin(database.as("hub_ops"), RutPolicy.STRICT, secrets);
        registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
    }

    private static Clock at(Instant time) {
        return Clock.fixed(time, ZoneOffset.UTC);
    }

    private static WebhookVerifier.Verified verify(
            Signatures scheme, String source, String id, Instant time, byte[] body, Map<String, String> headers) {
        registry.refresh();
        Map<String, String> sent = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        sent.putAll(headers);
        return new WebhookVerifier(secrets, at(time), Duration.ofSeconds(300), new SimpleMeterRegistry())
                .verify(
                        source,
                        registry.byEndpoint(source, id).orElse(null),
                        scheme,
                        name -> sent.containsKey(name) ? List.of(sent.get(name)) : List.of(),
                        body);
    }

    private static void assertRefused(Signatures scheme, String source, String id, Map<String, String> headers) {
        assertThatThrownBy(() -> verify(scheme, source, id, NOW, BODY, headers))
                .isInstanceOfSatisfying(
                        ProblemException.class, e -> assertThat(e.problem()).isEqualTo(Problem.UNAUTHENTICATED));
    }

    private static Map<String, String> signed(String secret, byte[] body) {
        String timestamp = Long.toString(NOW.getEpochSecond());
        byte[] signature = Signatures.CHATWOOT.sign(
                Signatures.CHATWOOT.key(secret), new SignatureScheme.Signed("d-1", timestamp, List.of()), body);
        return Map.of(
                "X-Chatwoot-Delivery",
                "d-1",
                "X-Chatwoot-Timestamp",
                timestamp,
                "X-Chatwoot-Signature",
                "sha256=" + HexFormat.of().formatHex(signature));
    }

    private static boolean listedAsUnsigned(String id) {
        return endpoints.list(A).stream()
                .filter(endpoint -> endpoint.id().equals(id))
                .map(EndpointInfo::unsigned)
                .findFirst()
                .orElseThrow();
    }

    @Test
    @DisplayName("is refused from Chatwoot until the endpoint's switch is on, and again once it is off")
    void chatwootSwitch() {
        IssuedEndpoint endpoint = endpoints.add("test", A, "chatwoot", null);
        assertRefused(Signatures.CHATWOOT, "chatwoot", endpoint.id(), Map.of());
        assertThat(listedAsUnsigned(endpoint.id())).isFalse();

        endpoints.unsigned("ana", endpoint.id(), true).orElseThrow();
        WebhookVerifier.Verified taken = verify(Signatures.CHATWOOT, "chatwoot", endpoint.id(), NOW, BODY, Map.of());
        assertThat(taken.endpoint().tenant().rut()).isEqualTo(A);
        assertThat(listedAsUnsigned(endpoint.id())).isTrue();
        assertThat(registry.unsignedEndpoints())
                .contains(A + " chatwoot " + endpoint.id().substring(0, 8));

        endpoints.unsigned("ana", endpoint.id(), false).orElseThrow();
        assertRefused(Signatures.CHATWOOT, "chatwoot", endpoint.id(), Map.of());
        assertThat(superuser.queryForList(
                        "select actor || ' ' || action from hub.audit where detail ->> 'id' = ? order by id",
                        String.class,
                        endpoint.id()))
                .containsExactly("test endpoint.add", "ana endpoint.unsigned.on", "ana endpoint.unsigned.off");
    }

    @Test
    @DisplayName("is one thing, a wrong signature another: what is signed must be right although the switch is on")
    void signedMustBeRight() {
        IssuedEndpoint endpoint = endpoints.add("test", A, "chatwoot", null);
        endpoints.unsigned("test", endpoint.id(), true);
        verify(Signatures.CHATWOOT, "chatwoot", endpoint.id(), NOW, BODY, signed(endpoint.secret(), BODY));
        assertRefused(Signatures.CHATWOOT, "chatwoot", endpoint.id(), signed("another-secret-of-somebody", BODY));
        assertRefused(Signatures.CHATWOOT, "chatwoot", endpoint.id(), Map.of("X-Chatwoot-Signature", ""));
    }

    @Test
    @DisplayName("needs a path that cannot be guessed, whatever the row says, and a sender that cannot sign")
    void onlyByOpaquePath() {
        superuser.update(
                "insert into hub.endpoint (id, tenant_rut, source, settings) values ('chatwoot-sur', ?, 'chatwoot',"
                        + " '{\"unsigned\":true}')",
                A);
        assertRefused(Signatures.CHATWOOT, "chatwoot", "chatwoot-sur", Map.of());
        assertThat(registry.unsignedEndpoints()).doesNotContain(A + " chatwoot chatwoot");
        assertThatThrownBy(() -> endpoints.unsigned("test", "chatwoot-sur", true))
                .isInstanceOf(TenantValidationException.class)
                .hasMessageContaining("guessed");
        IssuedEndpoint resend = endpoints.add("test", A, "resend", null);
        assertThatThrownBy(() -> endpoints.unsigned("test", resend.id(), true))
                .isInstanceOf(TenantValidationException.class);
        superuser.update("update hub.endpoint set settings = '{\"unsigned\":true}' where id = ?", resend.id());
        assertRefused(Signatures.SVIX, "resend", resend.id(), Map.of());
    }

    @Test
    @DisplayName(
            "is what Odoo sends: taken at a new endpoint, one delivery if it comes twice at once, another if it comes later")
    void odoo() {
        IssuedEndpoint endpoint = endpoints.add("test", A, "odoo", null);
        assertThat(endpoint.unsigned()).isTrue();
        assertThat(endpoint.secret()).isNull();
        String first = verify(Signatures.ODOO, "odoo", endpoint.id(), NOW, BODY, Map.of())
                .dedup()
                .key();
        assertThat(verify(Signatures.ODOO, "odoo", endpoint.id(), NOW.plusSeconds(1), BODY, Map.of())
                        .dedup()
                        .key())
                .isEqualTo(first);
        assertThat(verify(Signatures.ODOO, "odoo", endpoint.id(), NOW.plusSeconds(2), BODY, Map.of())
                        .dedup()
                        .key())
                .isNotEqualTo(first);
        byte[] other = "{\"a\":2}".getBytes(StandardCharsets.UTF_8);
        assertThat(verify(Signatures.ODOO, "odoo", endpoint.id(), NOW, other, Map.of())
                        .dedup()
                        .key())
                .isNotEqualTo(first);
    }

    @Test
    @DisplayName("is no longer taken from an Odoo whose endpoint got a secret and was switched over")
    void odooWithSecret() {
        IssuedEndpoint endpoint = endpoints.add("test", A, "odoo", null);
        String secret = endpoints
                .rotate("test", endpoint.id(), null, Duration.ZERO)
                .orElseThrow()
                .secret();
        endpoints.unsigned("test", endpoint.id(), false);
        verify(Signatures.ODOO, "odoo", endpoint.id(), NOW, BODY, Map.of("X-Webhook-Secret", secret));
        assertRefused(Signatures.ODOO, "odoo", endpoint.id(), Map.of());
        assertRefused(Signatures.ODOO, "odoo", endpoint.id(), Map.of("X-Webhook-Secret", secret + "x"));
        assertRefused(Signatures.ODOO, "odoo", endpoint.id(), Map.of("X-Webhook-Secret", ""));
        IssuedEndpoint elsewhere = endpoints.add("test", B, "odoo", "a-secret-of-another-tenant");
        assertRefused(Signatures.ODOO, "odoo", elsewhere.id(), Map.of("X-Webhook-Secret", secret));
        assertRefused(Signatures.ODOO, "odoo", "0".repeat(32), Map.of("X-Webhook-Secret", secret));
    }
}
