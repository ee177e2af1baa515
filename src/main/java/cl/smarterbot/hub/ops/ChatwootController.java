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
import java.util.List;
import java.util.Map;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** A tenant's Chatwoot as operators see it, and whether its systems work. */
@RestController
@RequestMapping("/admin/tenants/{rut}")
final class ChatwootController {

    private static final int MAX_SECRET = 500;
    private static final String CHATWOOT = "chatwoot";
    private static final String TOKEN = "api_token";

    private final TenantAdmin tenants;
    private final EventAdmin events;
    private final SecretStore secrets;
    private final List<TenantCheck> checks;
    private final AddressPolicy addresses;
    private final Clock clock;

    ChatwootController(
            TenantAdmin tenants,
            EventAdmin events,
            SecretStore secrets,
            List<TenantCheck> checks,
            AddressPolicy addresses,
            Clock clock) {
        this.tenants = tenants;
        this.events = events;
        this.secrets = secrets;
        this.checks = checks;
        this.addresses = addresses;
        this.clock = clock;
    }

    /** Says which Chatwoot account and inbox a tenant has, and stores the access token when one is given. */
    @PostMapping("/chatwoot")
    Map<String, Object> chatwoot(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String url = input.text("url");
        Integer account = input.whole("account", 1, Integer.MAX_VALUE);
        Integer inbox = input.whole("inbox", 1, Integer.MAX_VALUE);
        String token = input.secret("token", MAX_SECRET);
        if (url != null && !addresses.allows(url)) {
            input.fault("url", "must not lead into a private network, unless hub.rest.allow-private allows it");
        }
        input.check();
        String rut = known(path);
        Tenant tenant = tenants.upsert(
                operator.getName(),
                TenantDetails.of(rut)
                        .with(TenantField.CHATWOOT_URL, url)
                        .with(TenantField.CHATWOOT_ACCOUNT_ID, account)
                        .with(TenantField.CHATWOOT_INBOX_ID, inbox));
        if (token != null) {
            // Written down before it is done: a secret must not change without a trace.
            events.record(operator.getName(), "secret.put", rut, Map.of("system", CHATWOOT, "field", TOKEN));
            secrets.put(rut, CHATWOOT, TOKEN, Secret.of(token));
        }
        return Map.of("tenant", tenant, "tokenStored", token != null);
    }

    /** Tries the tenant's systems, or the one that is named, and says what works. */
    @PostMapping("/check")
    Map<String, List<TenantCheck.Line>> check(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body) {
        Input input = Input.body(body, clock);
        String system = input.text("system");
        input.check();
        String rut = known(path);
        return Map.of(
                "items",
                checks.stream()
                        .filter(check -> system == null || system.equalsIgnoreCase(check.system()))
                        .flatMap(check -> check.check(rut).stream())
                        .toList());
    }

    private String known(String path) {
        String canonical = Input.canonicalTenant(AdminController.checked(path));
        return tenants.list().stream()
                .map(Tenant::rut)
                .filter(canonical::equals)
                .findFirst()
                .orElseThrow(NoSuchThingException::new);
    }
}
