package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.ApiKeyInfo;
import cl.smarterbot.hub.tenancy.IssuedKey;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantDetails;
import cl.smarterbot.hub.tenancy.TenantField;
import cl.smarterbot.hub.tenancy.TenantValidationException;
import com.fasterxml.jackson.databind.JsonNode;
import java.security.Principal;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * The registry as operators see it, on the management port: tenants, the hosts of their sites, their API keys, their Odoo.
 * {@link TenantAdmin} audits each change. Secrets go in and never come out.
 */
@RestController
@RequestMapping("/admin/tenants")
final class TenantController {

    private static final Set<String> KEY_SCOPES = Set.of("contacts:write", "products:read");
    private static final Set<TenantField> URLS = EnumSet.of(
            TenantField.ODOO_URL, TenantField.CHATWOOT_URL, TenantField.BOTPRESS_URL, TenantField.STORAGE_URL);
    private static final String PRIVATE =
            "must not lead into a private network, unless hub.rest.allow-private allows it";
    private static final int MAX_SECRET = 1_000;
    private static final String ODOO = "odoo";

    private final TenantAdmin tenants;
    private final EventAdmin events;
    private final SecretStore secrets;
    private final AddressPolicy addresses;
    private final Clock clock;

    TenantController(
            TenantAdmin tenants, EventAdmin events, SecretStore secrets, AddressPolicy addresses, Clock clock) {
        this.tenants = tenants;
        this.events = events;
        this.secrets = secrets;
        this.addresses = addresses;
        this.clock = clock;
    }

    @GetMapping
    Map<String, List<Tenant>> list(@RequestParam MultiValueMap<String, String> query) {
        Input.query(query, clock).check();
        return Map.of("items", tenants.list());
    }

    /** Creates a tenant, or changes of an existing one what is given. */
    @PostMapping
    Tenant upsert(@RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String rut = input.requiredText("rut");
        TenantDetails details = details(input, rut);
        List<TenantValidationException.Problem> addressed = addressProblems(input);
        input.check();
        return tenants.upsert(operator.getName(), details, addressed);
    }

    @GetMapping("/{rut}")
    Map<String, Object> show(@PathVariable("rut") String path, @RequestParam MultiValueMap<String, String> query) {
        Input.query(query, clock).check();
        Tenant tenant = known(path);
        String rut = tenant.rut();
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("tenant", tenant);
        shown.put("origins", tenants.origins(rut));
        shown.put("keys", tenants.listKeys(rut));
        return shown;
    }

    @PostMapping("/{rut}")
    Tenant update(@PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String rut = known(path).rut();
        TenantDetails details = details(input, rut);
        List<TenantValidationException.Problem> addressed = addressProblems(input);
        input.check();
        return tenants.upsert(operator.getName(), details, addressed);
    }

    @PostMapping("/{rut}/deactivate")
    Tenant deactivate(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input.body(body, clock).check();
        String rut = known(path).rut();
        return tenants.deactivate(operator.getName(), rut);
    }

    @PostMapping("/{rut}/activate")
    Tenant activate(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input.body(body, clock).check();
        String rut = known(path).rut();
        return tenants.activate(operator.getName(), rut);
    }

    /** Makes the tenant the one that gets what names nobody. */
    @PostMapping("/{rut}/house")
    Tenant house(@PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input.body(body, clock).check();
        String rut = known(path).rut();
        return tenants.setHouse(operator.getName(), rut);
    }

    @GetMapping("/{rut}/origins")
    Map<String, List<String>> origins(
            @PathVariable("rut") String path, @RequestParam MultiValueMap<String, String> query) {
        Input.query(query, clock).check();
        String rut = known(path).rut();
        return Map.of("items", tenants.origins(rut));
    }

    @PostMapping("/{rut}/origins")
    Map<String, List<String>> addOrigin(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String host = input.requiredText("host");
        input.check();
        String rut = known(path).rut();
        tenants.addOrigin(operator.getName(), rut, host);
        return Map.of("items", tenants.origins(rut));
    }

    @DeleteMapping("/{rut}/origins/{host}")
    Map<String, List<String>> removeOrigin(
            @PathVariable("rut") String path, @PathVariable("host") String host, Principal operator) {
        String rut = known(path).rut();
        if (!tenants.removeOrigin(operator.getName(), rut, AdminController.checked(host))) {
            throw new NoSuchThingException();
        }
        return Map.of("items", tenants.origins(rut));
    }

    @GetMapping("/{rut}/keys")
    Map<String, List<ApiKeyInfo>> keys(
            @PathVariable("rut") String path, @RequestParam MultiValueMap<String, String> query) {
        Input.query(query, clock).check();
        String rut = known(path).rut();
        return Map.of("items", tenants.listKeys(rut));
    }

    /** Issues a key; this answer is the only one that ever holds it. */
    @PostMapping("/{rut}/keys")
    Map<String, Object> issueKey(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String name = input.requiredText("name");
        List<String> scopes = input.texts("scopes");
        Instant expiresAt = input.moment("expiresAt");
        input.check();
        String rut = known(path).rut();
        IssuedKey issued = tenants.issueKey(
                operator.getName(), rut, name, scopes == null ? KEY_SCOPES : Set.copyOf(scopes), expiresAt);
        return Map.of("id", issued.id(), "key", issued.key());
    }

    @PostMapping("/{rut}/keys/{id}/revoke")
    Map<String, Object> revokeKey(
            @PathVariable("rut") String path,
            @PathVariable("id") String id,
            @RequestBody(required = false) JsonNode body,
            Principal operator) {
        Input.body(body, clock).check();
        String rut = known(path).rut();
        UUID key = AdminController.pathId(id, AdminController::uuid);
        // The id alone would do; that it is this tenant's guards against a slip.
        if (tenants.listKeys(rut).stream().noneMatch(info -> info.id().equals(key))) {
            throw new NoSuchThingException();
        }
        boolean revoked = tenants.revokeKey(operator.getName(), key);
        return Map.of("id", key, "revokedNow", revoked);
    }

    /** Says which Odoo a tenant has, and stores the password or the API key when one is given. */
    @PostMapping("/{rut}/odoo")
    Map<String, Object> odoo(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String url = input.text("url");
        String db = input.text("db");
        String user = input.text("user");
        Integer company = input.whole("company", 1, Integer.MAX_VALUE);
        String transport = input.text("transport");
        Boolean createLead = input.flag("createLead");
        String password = input.secret("password", MAX_SECRET);
        String apiKey = input.secret("apiKey", MAX_SECRET);
        if (url != null && !addresses.allows(url)) {
            input.fault("url", PRIVATE);
        }
        input.check();
        String rut = known(path).rut();
        Tenant tenant = tenants.upsert(
                operator.getName(),
                TenantDetails.of(rut)
                        .with(TenantField.ODOO_URL, url)
                        .with(TenantField.ODOO_DB, db)
                        .with(TenantField.ODOO_USER, user)
                        .with(TenantField.ODOO_COMPANY_ID, company)
                        .with(TenantField.ODOO_TRANSPORT, transport)
                        .with(TenantField.ODOO_CREATE_LEAD, createLead));
        store(operator, rut, "password", password);
        store(operator, rut, "api_key", apiKey);
        return Map.of("tenant", tenant, "passwordStored", password != null, "apiKeyStored", apiKey != null);
    }

    private void store(Principal operator, String rut, String field, String secret) {
        if (secret != null) {
            // Written down before it is done: a secret must not change without a trace.
            events.record(operator.getName(), "secret.put", rut, Map.of("system", ODOO, "field", field));
            secrets.put(rut, ODOO, field, Secret.of(secret));
        }
    }

    private Tenant known(String rut) {
        String canonical = Input.canonicalTenant(AdminController.checked(rut));
        return tenants.list().stream()
                .filter(tenant -> tenant.rut().equals(canonical))
                .findFirst()
                .orElseThrow(NoSuchThingException::new);
    }

    private List<TenantValidationException.Problem> addressProblems(Input input) {
        List<TenantValidationException.Problem> problems = new ArrayList<>();
        for (TenantField field : URLS) {
            String url = input.text(field.label());
            if (url != null && !addresses.allows(url)) {
                problems.add(new TenantValidationException.Problem(field.label(), PRIVATE));
            }
        }
        return problems;
    }

    private static TenantDetails details(Input input, String rut) {
        TenantDetails details = TenantDetails.of(rut);
        for (TenantField field : TenantField.values()) {
            Object value =
                    switch (field.type()) {
                        case TEXT -> input.text(field.label());
                        case WHOLE -> input.whole(field.label(), 1, Integer.MAX_VALUE);
                        case MILLISECONDS -> input.whole(field.label(), 0, 60_000);
                        case SHARE -> input.share(field.label());
                        case FLAG -> input.flag(field.label());
                    };
            details = details.with(field, value);
        }
        return details;
    }
}
