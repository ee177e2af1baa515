package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.tenancy.IntentAdmin;
import cl.smarterbot.hub.tenancy.IntentRule;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.security.Principal;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What the intents of a tenant's bot lead to, as operators see it. */
@RestController
@RequestMapping("/admin/tenants/{rut}/intents")
final class IntentController {

    /** Those that the hub's own flows dispatch by; a flow of one's own may know more. */
    private static final Set<String> SHIPPED =
            Set.of("answer", "order-status", "invoice-status", "product", "lead", "contact-update", "handoff");

    private static final int LONGEST_REPLY = 4_000;

    private final TenantAdmin tenants;
    private final ObjectProvider<IntentAdmin> intents;
    private final Clock clock;

    IntentController(TenantAdmin tenants, ObjectProvider<IntentAdmin> intents, Clock clock) {
        this.tenants = tenants;
        this.intents = intents;
        this.clock = clock;
    }

    @GetMapping
    Map<String, List<Map<String, Object>>> list(
            @PathVariable("rut") String path, @RequestParam MultiValueMap<String, String> query) {
        Input.query(query, clock).check();
        return Map.of(
                "items",
                intents.getObject().list(known(path)).stream()
                        .map(IntentController::shown)
                        .toList());
    }

    /** Sets one row as a whole. */
    @PostMapping
    Map<String, Object> set(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String intent = input.requiredText("intent");
        String action = input.requiredText("action");
        BigDecimal threshold = input.share("threshold");
        boolean sensitive = input.flag("sensitive", false);
        String reply = input.document("reply");
        String stage = input.text("leadStage", 100);
        if (reply != null && reply.length() > LONGEST_REPLY) {
            input.fault("reply", "must have at most " + LONGEST_REPLY + " characters");
        }
        input.check();
        return shown(intents.getObject()
                .set(
                        operator.getName(),
                        known(path),
                        intent,
                        new IntentRule(
                                action, threshold == null ? null : threshold.doubleValue(), sensitive, reply, stage)));
    }

    @DeleteMapping("/{intent}")
    Map<String, Object> remove(
            @PathVariable("rut") String path, @PathVariable("intent") String intent, Principal operator) {
        if (!intents.getObject().remove(operator.getName(), known(path), AdminController.checked(intent))) {
            throw new NoSuchThingException();
        }
        return Map.of("intent", intent, "removed", true);
    }

    private static Map<String, Object> shown(IntentAdmin.Row row) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("intent", row.intent());
        shown.put("action", row.rule().action());
        shown.put("threshold", row.rule().threshold());
        shown.put("sensitive", row.rule().sensitive());
        shown.put("reply", row.rule().reply());
        shown.put("leadStage", row.rule().leadStage());
        shown.put("own", row.own());
        shown.put("shippedAction", SHIPPED.contains(row.rule().action()));
        return shown;
    }

    private String known(String path) {
        String canonical = Input.canonicalTenant(AdminController.checked(path));
        return tenants.list().stream()
                .map(cl.smarterbot.hub.tenancy.Tenant::rut)
                .filter(canonical::equals)
                .findFirst()
                .orElseThrow(NoSuchThingException::new);
    }
}
