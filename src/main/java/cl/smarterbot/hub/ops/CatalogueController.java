package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.product.CatalogueRuns;
import com.fasterxml.jackson.databind.JsonNode;
import java.security.Principal;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Runs of the tenants' catalogues as operators see them. */
@RestController
@RequestMapping("/admin")
final class CatalogueController {

    private final Supplier<CatalogueRuns> runs;
    private final Clock clock;

    CatalogueController(Supplier<CatalogueRuns> runs, Clock clock) {
        this.runs = runs;
        this.clock = clock;
    }

    @GetMapping("/products/sync")
    Map<String, List<CatalogueRuns.Status>> status(@RequestParam MultiValueMap<String, String> query) {
        Input input = Input.query(query, clock);
        String tenant = input.tenant("tenant");
        input.check();
        return Map.of("items", runs.get().status(tenant));
    }

    /** Asks for a run; it begins as soon as the log delivers the request, after one that is at work. */
    @PostMapping("/tenants/{rut}/products/sync")
    CatalogueRuns.Request request(
            @PathVariable("rut") String path, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        boolean full = input.flag("full", false);
        boolean allow = input.flag("allowDeactivation", false);
        input.check();
        String rut = Input.canonicalTenant(AdminController.checked(path));
        return runs.get().request(operator.getName(), rut, full, allow).orElseThrow(NoSuchThingException::new);
    }
}
