package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantDetails;
import cl.smarterbot.hub.tenancy.TenantField;
import com.fasterxml.jackson.databind.JsonNode;
import java.security.Principal;
import java.time.Clock;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** A tenant's bot, and when it gives way to people, as operators see it. */
@RestController
@RequestMapping("/admin/tenants/{rut}/botpress")
final class BotpressController {

    private static final int MAX_SECRET = 500;
    private static final String BOTPRESS = "botpress";

    private final TenantAdmin tenants;
    private final EventAdmin events;
    private final SecretStore secrets;
    private final AddressPolicy addresses;
    private final Clock clock;

    BotpressController(
            TenantAdmin tenants, EventAdmin events, SecretStore secrets, AddressPolicy addresses, Clock clock) {
        this.tenants = tenants;
        this.events = events;
        this.secrets = secrets;
        this.addresses = addresses;
        this.clock = clock;
    }

    /** Changes what is given; secrets go in and never come out. */
    @PostMapping
    Map<String, Object> botpress(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String rut = Input.canonicalTenant(AdminController.checked(path));
        String url = input.text("url");
        Map<TenantField, Object> fields = new EnumMap<>(TenantField.class);
        put(fields, input, TenantField.BOTPRESS_MODE, "mode", input.text("mode"));
        put(fields, input, TenantField.BOTPRESS_URL, "url", url);
        put(fields, input, TenantField.BOTPRESS_BOT_ID, "bot", input.text("bot"));
        put(fields, input, TenantField.BOTPRESS_USER, "user", input.text("user"));
        put(fields, input, TenantField.INTENT_THRESHOLD, "threshold", input.share("threshold"));
        put(fields, input, TenantField.TURN_PAUSE_MS, "pauseMs", input.whole("pauseMs", 0, 60_000));
        put(fields, input, TenantField.HANDOFF_TEAM_ID, "team", input.whole("team", 1, Integer.MAX_VALUE));
        put(fields, input, TenantField.HANDOFF_LABEL, "label", input.text("label"));
        put(fields, input, TenantField.BOT_RETURNS, "returns", input.text("returns"));
        put(fields, input, TenantField.BOT_ANSWERS, "answers", input.text("answers"));
        Map<String, String> given = new LinkedHashMap<>();
        given.put("webhook_id", input.secret("webhookId", MAX_SECRET));
        given.put("password", input.secret("password", MAX_SECRET));
        given.put("encryption_key", input.secret("encryptionKey", MAX_SECRET));
        if (url != null && !addresses.allows(url)) {
            input.fault("url", "must not lead into a private network, unless hub.rest.allow-private allows it");
        }
        input.check();
        if (tenants.list().stream().map(Tenant::rut).noneMatch(rut::equals)) {
            throw new NoSuchThingException();
        }
        TenantDetails details = TenantDetails.of(rut);
        for (Map.Entry<TenantField, Object> field : fields.entrySet()) {
            details = details.with(field.getKey(), field.getValue());
        }
        Tenant tenant = tenants.upsert(operator.getName(), details);
        given.values().removeIf(Objects::isNull);
        given.forEach((field, secret) -> {
            // Written down before it is done: a secret must not change without a trace.
            events.record(operator.getName(), "secret.put", tenant.rut(), Map.of("system", BOTPRESS, "field", field));
            secrets.put(tenant.rut(), BOTPRESS, field, Secret.of(secret));
        });
        return Map.of("tenant", tenant, "stored", List.copyOf(given.keySet()));
    }

    /** The fields' names here are not those of the registry: their rules are looked at here, so that all problems come at once. */
    private static void put(
            Map<TenantField, Object> fields, Input input, TenantField field, String name, Object value) {
        String broken = value == null ? null : field.brokenRule(value);
        if (broken != null) {
            input.fault(name, broken);
        } else if (value != null) {
            fields.put(field, value);
        }
    }
}
