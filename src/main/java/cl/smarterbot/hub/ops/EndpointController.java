package cl.smarterbot.hub.ops;

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
    private final Clock clock;

    /** @param publicUrl where the outside reaches the public port; blank if nobody said */
    EndpointController(EndpointAdmin endpoints, String publicUrl, Clock clock) {
        this.endpoints = endpoints;
        this.publicUrl = publicUrl.endsWith("/") ? publicUrl.substring(0, publicUrl.length() - 1) : publicUrl;
        this.clock = clock;
    }

    @GetMapping("/endpoints")
    Map<String, List<EndpointInfo>> list(@RequestParam MultiValueMap<String, String> query) {
        Input input = Input.query(query, clock);
        String tenant = input.tenant("tenant");
        input.check();
        return Map.of("items", endpoints.list(tenant));
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
        return shown;
    }
}
