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
import java.util.Map;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Where a tenant's files are kept, as operators see it. */
@RestController
@RequestMapping("/admin/tenants/{rut}/storage")
final class StorageController {

    private static final int MAX_SECRET = 4_000;
    private static final String SYSTEM = "supabase";
    private static final String KEY = "service_role";

    private final TenantAdmin tenants;
    private final EventAdmin events;
    private final SecretStore secrets;
    private final AddressPolicy addresses;
    private final Clock clock;

    StorageController(
            TenantAdmin tenants, EventAdmin events, SecretStore secrets, AddressPolicy addresses, Clock clock) {
        this.tenants = tenants;
        this.events = events;
        this.secrets = secrets;
        this.addresses = addresses;
        this.clock = clock;
    }

    /** Says which project and bucket a tenant has, and stores the key of its own project when one is given. */
    @PostMapping
    Map<String, Object> storage(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String url = input.text("url");
        String bucket = input.text("bucket");
        Boolean productImages = input.flag("productImages");
        String key = input.secret("key", MAX_SECRET);
        if (url != null && !addresses.allows(url)) {
            input.fault("url", "must not lead into a private network, unless hub.rest.allow-private allows it");
        }
        input.check();
        String canonical = Input.canonicalTenant(AdminController.checked(path));
        String rut = tenants.list().stream()
                .map(Tenant::rut)
                .filter(canonical::equals)
                .findFirst()
                .orElseThrow(NoSuchThingException::new);
        Tenant tenant = tenants.upsert(
                operator.getName(),
                TenantDetails.of(rut)
                        .with(TenantField.STORAGE_URL, url)
                        .with(TenantField.STORAGE_BUCKET, bucket)
                        .with(TenantField.STORAGE_PRODUCT_IMAGES, productImages));
        if (key != null) {
            // Written down before it is done: a secret must not change without a trace.
            events.record(operator.getName(), "secret.put", rut, Map.of("system", SYSTEM, "field", KEY));
            secrets.put(rut, SYSTEM, KEY, Secret.of(key));
        }
        return Map.of("tenant", tenant, "keyStored", key != null);
    }
}
