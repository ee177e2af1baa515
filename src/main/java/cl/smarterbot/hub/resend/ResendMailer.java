package cl.smarterbot.hub.resend;

import cl.smarterbot.hub.rest.RestAnswer;
import cl.smarterbot.hub.rest.RestCall;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestLimits;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantContext;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.regex.Pattern;

/**
 * Sends a tenant's mails through Resend's {@code POST /emails}. The same event and kind is the same mail: a retry carries the
 * same {@code Idempotency-Key} and, since all of it comes from the event, the same body.
 */
public final class ResendMailer {

    private static final Duration QUOTA_PAUSE = Duration.ofHours(1);
    private static final Duration CONCURRENT_PAUSE = Duration.ofSeconds(5);
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");
    private static final Pattern NAME = Pattern.compile("[a-z_]{1,64}");

    /** Values of a contact that templates may use; the message alone keeps its line breaks. */
    private static final List<String> VALUES = List.of("name", "email", "phone", "source", "domain", "company", "rut");

    private final TenantRegistry registry;
    private final SecretStore secrets;
    private final MailTemplates templates;
    private final MailGate gate;
    private final MailPace pace;
    private final RestClient rest;
    private final ResendSettings settings;

    public ResendMailer(
            TenantRegistry registry,
            SecretStore secrets,
            MailTemplates templates,
            MailGate gate,
            MailPace pace,
            RestClient rest,
            ResendSettings settings) {
        this.registry = registry;
        this.secrets = secrets;
        this.templates = templates;
        this.gate = gate;
        this.pace = pace;
        this.rest = rest;
        this.settings = settings;
    }

    /**
     * One mail.
     *
     * @param rut the tenant that sends it
     * @param kind which template
     * @param event the event that causes it
     * @param eventType that event's type
     * @param to recipient
     * @param from sender; null for the tenant's, else the deployment's
     * @param replyTo where answers go to; null for the sender
     * @param contact what the template is filled with
     */
    record Request(
            String rut,
            String kind,
            UUID event,
            String eventType,
            String to,
            String from,
            String replyTo,
            Map<String, String> contact) {

        /** At most 256 ASCII characters: a RUT, a type, an id and a word. */
        String key() {
            return rut + '/' + eventType + '/' + event + '/' + kind;
        }
    }

    /**
     * What became of it.
     *
     * @param id Resend's id; null if it was not sent
     * @param reason why it was not sent; null if it was
     */
    record Result(String id, String reason) {}

    /**
     * Sends a mail, or decides that it must not be sent. Waits for the database, then for nothing.
     *
     * @return fails with {@link ResendException} or {@link RestException}
     */
    CompletableFuture<Result> send(Request mail) throws Exception {
        Tenant tenant = registry.byRut(mail.rut())
                .filter(Tenant::active)
                .orElseThrow(() -> ResendException.never("the tenant is not active"));
        if (!Addresses.isPlain(mail.to())) {
            throw ResendException.never("the recipient is no e-mail address");
        }
        Integer limit = mail.kind().equals("visitor") ? tenant.limits().mailsPerRecipientPerDay() : null;
        String key = mail.key();
        MailGate.Verdict verdict =
                gate.admit(mail.rut(), key, mail.to(), limit, tenant.limits().mailsPerDay(), mail.event(), mail.kind());
        if (verdict != MailGate.Verdict.YES) {
            return CompletableFuture.completedFuture(new Result(null, verdict.reason()));
        }
        String apiKey = apiKey(mail.rut());
        RestCall call = RestCall.builder("Resend", mail.rut(), "POST", settings.url() + "/emails")
                .header("Authorization", "Bearer " + apiKey)
                .header("Idempotency-Key", key)
                .header("User-Agent", "smarteros-hub")
                .json(body(tenant, mail))
                .build();
        return pace.take(apiKey)
                .thenCompose(turn -> rest.send(call))
                .thenApply(answer -> taken(apiKey, answer))
                .exceptionally(failure -> refused(apiKey, failure));
    }

    private String apiKey(String rut) {
        return secrets.find(rut, "resend", "api_key")
                .map(Secret::reveal)
                .or(() -> settings.apiKey().isBlank()
                        ? java.util.Optional.empty()
                        : java.util.Optional.of(settings.apiKey()))
                // Another node may have it, or an operator is about to store it.
                .orElseThrow(() -> ResendException.later(null, "no Resend key is stored for the tenant"));
    }

    private Map<String, Object> body(Tenant tenant, Request mail) throws Exception {
        String from = mail.from();
        if (from == null && tenant.mail() != null) {
            from = tenant.mail().from();
        }
        if (from == null && !settings.from().isBlank()) {
            from = settings.from();
        }
        if (from == null) {
            throw ResendException.later(null, "no sender is set for the tenant or the deployment");
        }
        Map<String, String> values = values(tenant, mail);
        Templates.Mail words =
                TenantContext.call(tenant.rut(), () -> templates.fill(tenant.rut(), mail.kind(), values));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("from", Templates.oneLine(from));
        body.put("to", List.of(mail.to()));
        body.put("subject", words.subject());
        body.put("html", words.html());
        if (words.text() != null) {
            body.put("text", words.text());
        }
        if (Addresses.isPlain(mail.replyTo())) {
            body.put("reply_to", mail.replyTo());
        }
        // They come back with the webhooks: whose mail it was, and for what.
        body.put("tags", List.of(tag("tenant", tenant.rut()), tag("kind", mail.kind()), tag("event", mail.event())));
        return body;
    }

    private Map<String, String> values(Tenant tenant, Request mail) {
        Map<String, String> values = new HashMap<>();
        for (String name : VALUES) {
            String value = mail.contact().get(name);
            if (value != null) {
                values.put(name, Templates.oneLine(value));
            }
        }
        String message = mail.contact().get("message");
        if (message != null) {
            values.put("message", message.replaceAll("[\\p{Cntrl}\\u0080-\\u009f&&[^\\n\\t]]", ""));
        }
        values.put("tenant", Templates.oneLine(tenant.businessName()));
        values.put("link", settings.link());
        return values;
    }

    private static Map<String, Object> tag(String name, Object value) {
        Map<String, Object> tag = new LinkedHashMap<>();
        tag.put("name", name);
        tag.put("value", value.toString());
        return tag;
    }

    private Result taken(String apiKey, RestAnswer answer) {
        learn(apiKey, answer);
        String id = answer.json().path("id").asText();
        if (!ID.matcher(id).matches()) {
            // Taken all the same: the next try gets the answer again, or an id.
            throw ResendException.later(null, "the answer has no id");
        }
        return new Result(id, null);
    }

    private Result refused(String apiKey, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        RestAnswer answer = cause instanceof RestException e ? e.answer().orElse(null) : null;
        if (cause instanceof RestException e && e.kind() == RestException.Kind.CIRCUIT_OPEN) {
            // Tries while nothing is tried would use up the mail's own.
            throw ResendException.later(RestLimits.DEFAULT.breakerOpenTime(), e.getMessage());
        }
        if (answer == null) {
            throw cause instanceof RuntimeException known ? known : new CompletionException(cause);
        }
        learn(apiKey, answer);
        RestException refusal = (RestException) cause;
        String name = name(answer);
        String why = answer.status() + " " + name;
        switch (name) {
            case "invalid_idempotent_request" -> {
                // The key stands for this very mail: it was taken before, in words that have changed since.
                return new Result(null, MailGate.Verdict.SENT.reason());
            }
            case "concurrent_idempotent_requests" ->
                throw ResendException.later(refusal.retryAfter().orElse(CONCURRENT_PAUSE), why);
            case "daily_quota_exceeded", "monthly_quota_exceeded" -> throw ResendException.later(QUOTA_PAUSE, why);
            default -> {
                if (answer.status() == 429) {
                    Duration pause = refusal.retryAfter().orElse(Duration.ofSeconds(1));
                    pace.hold(apiKey, pause);
                    throw ResendException.later(pause, why);
                }
                throw refusal.isTransient()
                        ? ResendException.later(refusal.retryAfter().orElse(null), why)
                        : ResendException.never(why);
            }
        }
    }

    private void learn(String apiKey, RestAnswer answer) {
        String limit = answer.header("ratelimit-limit");
        if (limit != null && limit.matches("[0-9]{1,4}")) {
            pace.learn(apiKey, Integer.parseInt(limit));
        }
    }

    /** Resend's name for what is wrong, and nothing else of its answer. */
    private static String name(RestAnswer answer) {
        try {
            JsonNode name = answer.json().path("name");
            return name.isTextual() && NAME.matcher(name.textValue()).matches() ? name.textValue() : "unnamed";
        } catch (RestException e) {
            return "unnamed";
        }
    }
}
