package cl.smarterbot.hub.door;

import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.tenancy.EndpointSecrets;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.WebhookEndpoint;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Sends a delivery as an endpoint's vendor would, through the hub's own public port, and tells what the door answers. */
public final class WebhookTrial {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final DoorServer server;
    private final TenantRegistry registry;
    private final EndpointSecrets secrets;
    private final Clock clock;

    public WebhookTrial(DoorServer server, TenantRegistry registry, EndpointSecrets secrets, Clock clock) {
        this.server = server;
        this.registry = registry;
        this.secrets = secrets;
        this.clock = clock;
    }

    /**
     * What became of it.
     *
     * @param status HTTP status of the answer; 0 if there was none, or nothing was sent
     * @param says for an operator, in plain words
     */
    public record Outcome(int status, String says) {}

    /**
     * Sends one delivery that means nothing to any flow. Blocks for seconds at most.
     *
     * @param source the endpoint's vendor
     * @param id the endpoint
     */
    public Outcome send(String source, String id) {
        WebhookEndpoint endpoint = registry.byEndpoint(source, id).orElse(null);
        if (endpoint == null) {
            return new Outcome(
                    0,
                    "this hub does not know it: it is revoked, its tenant is not active, or it was made a moment ago");
        }
        Signatures scheme = server.signatureOf(source).orElse(null);
        if (scheme == null) {
            return new Outcome(0, "no route takes webhooks of " + source);
        }
        byte[] body = body(endpoint).getBytes(StandardCharsets.UTF_8);
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create(server.ownAddress() + "/webhooks/" + source + "/" + id))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        Secret secret = secrets.active(endpoint).current();
        if (secret != null) {
            try {
                proof(scheme, secret.reveal(), body).forEach(request::header);
            } catch (IllegalArgumentException e) {
                return new Outcome(0, "the stored secret is of no use: " + e.getMessage());
            }
        } else if (!endpoint.takesUnsigned()) {
            return new Outcome(0, "no secret is stored: hub endpoint rotate " + id);
        }
        try {
            int status = client().send(request.build(), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
            return new Outcome(status, says(status));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Outcome(0, "it was interrupted");
        } catch (IOException e) {
            return new Outcome(
                    0, "the public port does not answer: " + e.getClass().getSimpleName());
        }
    }

    /** For one delivery: an operator asks for it once in a while. */
    private static HttpClient client() {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(PATIENCE)
                .build();
    }

    private Map<String, String> proof(Signatures scheme, String secret, byte[] body) {
        List<String> names = scheme.headers();
        if (scheme.isToken()) {
            return Map.of(names.get(0), secret);
        }
        SignatureScheme.Signed signed = new SignatureScheme.Signed(
                "hub-test-" + UUID.randomUUID(), Long.toString(clock.instant().getEpochSecond()), List.of());
        byte[] signature = scheme.sign(scheme.key(secret), signed, body);
        return Map.of(
                names.get(0), signed.id(), names.get(1), signed.timestamp(), names.get(2), scheme.write(signature));
    }

    private String body(WebhookEndpoint endpoint) {
        return switch (endpoint.source()) {
            case "chatwoot" -> {
                Tenant.ChatwootSettings own = endpoint.tenant().chatwoot();
                WebhookEndpoint.Settings bound = endpoint.settings();
                int account = bound.accountId() != null ? bound.accountId() : own == null ? 0 : own.accountId();
                int inbox = bound.inboxId() != null ? bound.inboxId() : own == null ? 0 : own.inboxId();
                yield "{\"event\":\"hub_test\",\"account\":{\"id\":" + account + "},\"inbox\":{\"id\":" + inbox
                        + "},\"id\":\"" + HexFormat.of().toHexDigits(clock.millis()) + "\"}";
            }
            case "odoo" -> "{\"_model\":\"hub.test\",\"_id\":1,\"_action\":\"hub.test\"}";
            default -> "{\"type\":\"hub.test\",\"data\":{}}";
        };
    }

    private static String says(int status) {
        return switch (status) {
            case 200, 202 -> "taken";
            case 401 -> "refused: the secret or the hub's clock is not right";
            case 403 -> "refused: account or inbox is not the tenant's, see hub tenant show";
            case 404 -> "no route takes it";
            case 429 -> "too many deliveries of this tenant, or too many wrong ones, within a minute";
            case 503 -> "the hub cannot take it now; its log says why";
            default -> "refused";
        };
    }
}
