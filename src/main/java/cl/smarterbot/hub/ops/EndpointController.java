package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.door.WebhookTrial;
import cl.smarterbot.hub.tenancy.EndpointAdmin;
import cl.smarterbot.hub.tenancy.EndpointInfo;
import cl.smarterbot.hub.tenancy.IssuedEndpoint;
import com.fasterxml.jackson.databind.JsonNode;
import java.security.Principal;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Webhook senders as operators see them. A secret that the hub makes is in the one answer that makes it. */
@RestController
@RequestMapping("/admin")
final class EndpointController {

    private static final int MAX_SECRET = 500;
    private static final int MAX_OVERLAP_HOURS = 30 * 24;

    private final EndpointAdmin endpoints;
    private final String publicUrl;
    private final ObjectProvider<WebhookTrial> trial;
    private final Clock clock;

    /**
     * @param publicUrl where the outside reaches the public port; blank if nobody said
     * @param trial what sends test deliveries; looked for at each call only
     */
    EndpointController(EndpointAdmin endpoints, String publicUrl, ObjectProvider<WebhookTrial> trial, Clock clock) {
        this.endpoints = endpoints;
        this.trial = trial;
        this.publicUrl = publicUrl.endsWith("/") ? publicUrl.substring(0, publicUrl.length() - 1) : publicUrl;
        this.clock = clock;
    }

    @GetMapping("/endpoints")
    Map<String, List<Map<String, Object>>> list(@RequestParam MultiValueMap<String, String> query) {
        Input input = Input.query(query, clock);
        String tenant = input.tenant("tenant");
        input.check();
        return Map.of("items", endpoints.list(tenant).stream().map(this::shown).toList());
    }

    @PostMapping("/tenants/{rut}/endpoints")
    Map<String, Object> add(
            @PathVariable("rut") String rut, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String source = input.requiredText("source");
        String secret = input.secret("secret", MAX_SECRET);
        input.check();
        return shown(endpoints.add(operator.getName(), AdminController.checked(rut), source, secret));
    }

    /** Gives an endpoint a new secret; the one before stays good for a while. */
    @PostMapping("/endpoints/{id}/rotate")
    Map<String, Object> rotate(
            @PathVariable("id") String id, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        Integer hours = input.whole("overlapHours", 0, MAX_OVERLAP_HOURS);
        String secret = input.secret("secret", MAX_SECRET);
        input.check();
        return endpoints
                .rotate(
                        operator.getName(),
                        AdminController.checked(id),
                        secret,
                        hours == null ? EndpointAdmin.OVERLAP : Duration.ofHours(hours))
                .map(this::shown)
                .orElseThrow(NoSuchThingException::new);
    }

    /** Says which of the vendor's accounts and inboxes an endpoint is for. */
    @PostMapping("/endpoints/{id}/bind")
    Map<String, Object> bind(
            @PathVariable("id") String id, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        Integer account = input.whole("account", 1, Integer.MAX_VALUE);
        Integer inbox = input.whole("inbox", 1, Integer.MAX_VALUE);
        input.check();
        if (!endpoints.bind(operator.getName(), AdminController.checked(id), account, inbox)) {
            throw new NoSuchThingException();
        }
        return Map.of("id", id, "bound", true);
    }

    @PostMapping("/endpoints/{id}/revoke")
    Map<String, Object> revoke(
            @PathVariable("id") String id, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input.body(body, clock).check();
        if (!endpoints.revoke(operator.getName(), AdminController.checked(id))) {
            throw new NoSuchThingException();
        }
        return Map.of("id", id, "revoked", true);
    }

    /** Says whether an endpoint takes deliveries without a signature. */
    @PostMapping("/endpoints/{id}/unsigned")
    Map<String, Object> unsigned(
            @PathVariable("id") String id, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        Boolean on = input.flag("on");
        if (on == null) {
            input.fault("on", "must be true or false");
        }
        input.check();
        return endpoints
                .unsigned(operator.getName(), AdminController.checked(id), on)
                .map(this::shown)
                .orElseThrow(NoSuchThingException::new);
    }

    /** Sends a test delivery to the hub's own door. */
    @PostMapping("/endpoints/{id}/test")
    WebhookTrial.Outcome test(@PathVariable("id") String id, @RequestBody(required = false) JsonNode body) {
        Input.body(body, clock).check();
        EndpointInfo endpoint = endpoints.find(AdminController.checked(id)).orElseThrow(NoSuchThingException::new);
        return trial.getObject().send(endpoint.source(), endpoint.id());
    }

    private Map<String, Object> shown(EndpointInfo endpoint) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("id", endpoint.id());
        shown.put("tenantRut", endpoint.tenantRut());
        shown.put("source", endpoint.source());
        shown.put("path", endpoint.path());
        shown.put("url", publicUrl.isBlank() ? null : publicUrl + endpoint.path());
        shown.put("unsigned", endpoint.unsigned());
        shown.put("demo", endpoint.demo());
        shown.put("createdAt", endpoint.createdAt());
        shown.put("revokedAt", endpoint.revokedAt());
        shown.put("setup", setup(endpoint.source(), endpoint.unsigned()));
        return shown;
    }

    /** What an operator does at the vendor, a line each. */
    private static List<String> setup(String source, boolean unsigned) {
        return switch (source) {
            case "chatwoot" ->
                List.of(
                        "Chatwoot: Settings > Integrations > Webhooks > Add new webhook. Paste the URL and choose Conversation"
                                + " Created, Conversation Status Changed and Message Created.",
                        unsigned
                                ? "Nothing is signed: Chatwoot before 4.12. After an upgrade set the secret, then: hub endpoint"
                                        + " unsigned ID off"
                                : "Chatwoot makes the secret: field secret of GET /api/v1/accounts/<account>/webhooks. Give it to"
                                        + " the hub: hub endpoint rotate ID --secret-stdin --overlap-hours 0");
            case "botpress" ->
                List.of(
                        "Botpress Cloud: in the bot's integration Chat set Webhook URL to the URL and Webhook Secret to the"
                                + " secret.");
            case "odoo" ->
                List.of(
                        "Odoo: Settings > Technical > Automation Rules > New, on Product (and Quant for stock), On save. Add the"
                                + " action Send Webhook Notification and paste the URL; no field has to be chosen.",
                        unsigned
                                ? "Odoo can send no secret: who knows the URL can report changes. With a proxy that adds the"
                                        + " header X-Webhook-Secret: hub endpoint rotate ID, then hub endpoint unsigned ID off"
                                : "A proxy between must add the header X-Webhook-Secret with the secret.");
            case "resend" ->
                List.of(
                        "Resend: Webhooks > Add Webhook. Paste the URL and choose all email events.",
                        "Resend makes the secret. Give it to the hub: hub endpoint rotate ID --secret-stdin"
                                + " --overlap-hours 0");
            default -> List.of();
        };
    }

    private Map<String, Object> shown(IssuedEndpoint issued) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("id", issued.id());
        shown.put("tenant", issued.tenantRut());
        shown.put("source", issued.source());
        shown.put("path", issued.path());
        if (!publicUrl.isBlank()) {
            shown.put("url", publicUrl + issued.path());
        }
        shown.put("secret", issued.secret());
        shown.put("previousUntil", issued.previousUntil());
        shown.put("unsigned", issued.unsigned());
        shown.put("setup", setup(issued.source(), issued.unsigned()));
        return shown;
    }
}
