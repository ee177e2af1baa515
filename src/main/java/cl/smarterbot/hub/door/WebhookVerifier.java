package cl.smarterbot.hub.door;

import cl.smarterbot.hub.event.NewEvent;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.tenancy.EndpointSecrets;
import cl.smarterbot.hub.tenancy.WebhookEndpoint;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides whether a webhook is what its registered sender signed, or, for senders that cannot sign, whether it shows the secret; an
 * endpoint may be switched to take what old senders send without either. A proof that is sent must be right. Everything that can be wrong with an endpoint, a signature or
 * a timestamp has one answer, and an unknown endpoint costs the same work as a wrong signature: nobody learns from outside which
 * endpoints there are.
 */
public final class WebhookVerifier {

    private static final Logger log = LoggerFactory.getLogger(WebhookVerifier.class);

    /** What an unknown endpoint's signature is checked against. It is no secret: nothing is ever accepted by it. */
    private static final Secret NOBODY = Secret.of("whsec_bm9ib2R5LW5vYm9keS1ub2JvZHktbm9ib2R5LW5vYm8=");

    /** Odoo tells of one change twice when a record is written twice in one go; what is told later is another change. */
    private static final int SAME_WITHIN_SECONDS = 2;

    private static final Pattern ID = Pattern.compile("[\\x21-\\x7e]{1,255}");
    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,12}");

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(64)
                    .maxStringLength(512 * 1024)
                    .maxNumberLength(100)
                    .maxNameLength(1024)
                    .maxTokenCount(200_000)
                    .build())
            .build();

    private final EndpointSecrets secrets;
    private final Clock clock;
    private final Duration tolerance;
    private final MeterRegistry meters;

    /** @param tolerance how far a timestamp may be from now, both ways, unless the endpoint's settings say otherwise */
    public WebhookVerifier(EndpointSecrets secrets, Clock clock, Duration tolerance, MeterRegistry meters) {
        this.secrets = secrets;
        this.clock = clock;
        this.tolerance = tolerance;
        this.meters = meters;
    }

    /** Whether a small delivery may be verified on an event loop. */
    boolean atHand() {
        return secrets.atHand();
    }

    /** A delivery that is what it says, and the key under which it is appended once. */
    record Verified(WebhookEndpoint endpoint, NewEvent.Dedup dedup) {}

    /**
     * Verifies one delivery. Reads the secret store, so not for an event loop unless that is {@link #atHand}.
     *
     * @param source the door's vendor, for the metrics
     * @param endpoint null if the path names none
     * @param scheme how the vendor signs
     * @param headers all values of a header, by its name in any letter case
     * @param body the bytes as they came
     * @throws ProblemException 401 without a reason, or 400 for a signed body that is no JSON object
     * @throws cl.smarterbot.hub.secrets.SecretStoreException if the secrets cannot be read: the sender has to try again
     */
    Verified verify(
            String source,
            WebhookEndpoint endpoint,
            SignatureScheme scheme,
            Function<String, List<String>> headers,
            byte[] body) {
        String proof = scheme.headers().get(scheme.headers().size() - 1);
        if (scheme.mayBeUnsigned()
                && endpoint != null
                && endpoint.takesUnsigned()
                && headers.apply(proof).isEmpty()) {
            count("hub.webhook.unsigned", source, "endpoint", endpoint.id());
            return accepted(source, endpoint, repeated(body), body);
        }
        Map<String, String> given = new HashMap<>();
        boolean complete = true;
        for (String name : scheme.headers()) {
            List<String> values = headers.apply(name);
            complete &= values.size() == 1;
            given.put(name, values.size() == 1 ? values.get(0) : "");
        }
        if (scheme.isToken()) {
            if (!complete) {
                throw refused(source, "header-missing");
            }
            String token = given.get(proof);
            check(
                    source,
                    endpoint,
                    secret -> hasSecret(secret, endpoint) && Signatures.isSecret(secret.reveal(), token));
            return accepted(source, endpoint, repeated(body), body);
        }
        SignatureScheme.Signed signed = complete ? scheme.read(given) : null;
        if (signed == null || !ID.matcher(signed.id()).matches()) {
            throw refused(source, complete ? "malformed" : "header-missing");
        }
        if (!inTime(signed.timestamp(), endpoint)) {
            throw refused(source, "timestamp");
        }
        check(source, endpoint, secret -> matches(scheme, secret, signed, body, endpoint));
        Verified verified = accepted(source, endpoint, signed.id(), body);
        meters.timer("hub.webhook.lag", "source", source)
                .record(Duration.ofSeconds(Math.max(0, secondsSince(signed.timestamp()))));
        return verified;
    }

    /** Tries the secrets that count; an unknown endpoint costs the same work. */
    private void check(String source, WebhookEndpoint endpoint, Predicate<Secret> matches) {
        EndpointSecrets.Active active = endpoint == null ? null : secrets.active(endpoint);
        boolean byCurrent = matches.test(active == null ? NOBODY : active.current());
        boolean byPrevious = active != null && active.previous() != null && matches.test(active.previous());
        if (active == null || !byCurrent && !byPrevious) {
            throw refused(source, active == null ? "endpoint" : "signature");
        }
        if (!byCurrent) {
            count("hub.webhook.matched.previous", source, "endpoint", endpoint.id());
        }
    }

    private Verified accepted(String source, WebhookEndpoint endpoint, String delivery, byte[] body) {
        if (!isJsonObject(body)) {
            count("hub.webhook.rejected", source, "reason", "json");
            throw new ProblemException(Problem.malformed());
        }
        count("hub.webhook.verified", source, "tenant", endpoint.tenant().rut());
        return new Verified(endpoint, new NewEvent.Dedup("webhook-" + endpoint.id(), delivery, sha256(body)));
    }

    /** For senders that name no delivery: the same body within a moment is the same delivery. */
    private String repeated(byte[] body) {
        return HexFormat.of().formatHex(sha256(body)) + '/' + clock.instant().getEpochSecond() / SAME_WITHIN_SECONDS;
    }

    /** Says in the log that a sender used one delivery id for two bodies. The first one counts. */
    static void tellOtherBody(Verified delivery) {
        log.warn(
                "Webhook endpoint {} of {}: delivery {} came again with another body (SHA-256 {}); the first one counts",
                delivery.endpoint().id(),
                delivery.endpoint().tenant().rut(),
                delivery.dedup().key(),
                HexFormat.of().formatHex(delivery.dedup().hash()));
    }

    private boolean inTime(String timestamp, WebhookEndpoint endpoint) {
        if (!DIGITS.matcher(timestamp).matches()) {
            return false;
        }
        Duration allowed = endpoint != null && endpoint.settings().tolerance() != null
                ? endpoint.settings().tolerance()
                : tolerance;
        return Math.abs(secondsSince(timestamp)) <= allowed.toSeconds();
    }

    private long secondsSince(String timestamp) {
        return clock.instant().getEpochSecond() - Long.parseLong(timestamp);
    }

    /** Counts a delivery that had come before. */
    void countDuplicate(Verified delivery) {
        count(
                "hub.webhook.duplicate",
                delivery.endpoint().source(),
                "endpoint",
                delivery.endpoint().id());
    }

    private static boolean matches(
            SignatureScheme scheme,
            Secret secret,
            SignatureScheme.Signed signed,
            byte[] body,
            WebhookEndpoint endpoint) {
        if (!hasSecret(secret, endpoint)) {
            return false;
        }
        byte[] key;
        try {
            key = scheme.key(secret.reveal());
        } catch (IllegalArgumentException e) {
            log.warn("Webhook endpoint {}: {}", endpoint == null ? "" : endpoint.id(), e.getMessage());
            return false;
        }
        return Signatures.matches(scheme, key, signed, body);
    }

    private static boolean hasSecret(Secret secret, WebhookEndpoint endpoint) {
        if (secret == null) {
            log.warn("Webhook endpoint {} has no secret: what should show one is refused", endpoint.id());
        }
        return secret != null;
    }

    private static boolean isJsonObject(byte[] body) {
        // As text: from bytes the parser would take UTF-16 as well.
        try (JsonParser parser = JSON.createParser(StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(body))
                .toString())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            parser.skipChildren();
            return parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null;
        } catch (IOException e) {
            return false;
        }
    }

    private ProblemException refused(String source, String reason) {
        count("hub.webhook.rejected", source, "reason", reason);
        return new ProblemException(Problem.UNAUTHENTICATED);
    }

    private void count(String name, String source, String tag, String value) {
        meters.counter(name, "source", source, tag, value).increment();
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is in every Java", e);
        }
    }
}
