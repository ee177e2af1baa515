package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.resend.MailTemplate;
import cl.smarterbot.hub.resend.MailTemplateAdmin;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantDetails;
import cl.smarterbot.hub.tenancy.TenantField;
import com.fasterxml.jackson.databind.JsonNode;
import java.security.Principal;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** A tenant's mails as operators see them: sender, who is told, the account's key, and the words. */
@RestController
@RequestMapping("/admin/tenants/{rut}")
final class MailController {

    private static final int MAX_SECRET = 500;

    private final TenantAdmin tenants;
    private final EventAdmin events;
    private final SecretStore secrets;
    private final MailTemplateAdmin templates;
    private final Clock clock;

    MailController(
            TenantAdmin tenants, EventAdmin events, SecretStore secrets, MailTemplateAdmin templates, Clock clock) {
        this.tenants = tenants;
        this.events = events;
        this.secrets = secrets;
        this.templates = templates;
        this.clock = clock;
    }

    /** Says by whom a tenant's mails are sent and who is told, and stores the key of its own account when one is given. */
    @PostMapping("/mail")
    Map<String, Object> mail(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String from = input.text("from", 320);
        String admin = input.text("admin");
        String key = input.secret("resendKey", MAX_SECRET);
        input.check();
        String rut = known(path).rut();
        Tenant tenant = tenants.upsert(
                operator.getName(),
                TenantDetails.of(rut).with(TenantField.MAIL_FROM, from).with(TenantField.MAIL_ADMIN, admin));
        if (key != null) {
            // Written down before it is done: a secret must not change without a trace.
            events.record(operator.getName(), "secret.put", rut, Map.of("system", "resend", "field", "api_key"));
            secrets.put(rut, "resend", "api_key", Secret.of(key));
        }
        return Map.of("tenant", tenant, "keyStored", key != null);
    }

    @GetMapping("/templates/{kind}")
    Map<String, Object> show(
            @PathVariable("rut") String path,
            @PathVariable("kind") String kind,
            @RequestParam MultiValueMap<String, String> query) {
        Input.query(query, clock).check();
        return shown(known(path).rut(), AdminController.checked(kind));
    }

    /** Stores a tenant's own words in place of the hub's. */
    @PostMapping("/templates/{kind}")
    Map<String, Object> set(
            @PathVariable("rut") String path,
            @PathVariable("kind") String kind,
            @RequestBody(required = false) JsonNode body,
            Principal operator) {
        Input input = Input.body(body, clock);
        String subject = input.requiredText("subject");
        String html = input.document("html");
        String text = input.document("text");
        if (html == null) {
            input.fault("html", "is required");
        }
        input.check();
        String rut = known(path).rut();
        templates.set(operator.getName(), rut, AdminController.checked(kind), new MailTemplate(subject, html, text));
        return shown(rut, kind);
    }

    /** Back to the hub's words. */
    @DeleteMapping("/templates/{kind}")
    Map<String, Object> reset(@PathVariable("rut") String path, @PathVariable("kind") String kind, Principal operator) {
        String rut = known(path).rut();
        templates.reset(operator.getName(), rut, AdminController.checked(kind));
        return shown(rut, kind);
    }

    private Map<String, Object> shown(String rut, String kind) {
        MailTemplate own = templates.find(rut, kind).orElse(null);
        MailTemplate used = own != null ? own : templates.byDefault(kind);
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("kind", kind);
        shown.put("own", own != null);
        shown.put("subject", used.subject());
        shown.put("html", used.html());
        shown.put("text", used.text());
        return shown;
    }

    private Tenant known(String rut) {
        String canonical = Input.canonicalTenant(AdminController.checked(rut));
        return tenants.list().stream()
                .filter(tenant -> tenant.rut().equals(canonical))
                .findFirst()
                .orElseThrow(NoSuchThingException::new);
    }
}
