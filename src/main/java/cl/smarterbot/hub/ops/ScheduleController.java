package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.schedule.ScheduleAdmin;
import com.fasterxml.jackson.databind.JsonNode;
import java.security.Principal;
import java.time.Clock;
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

/** Schedules as operators see them, on the management port. */
@RestController
@RequestMapping("/admin/schedules")
final class ScheduleController {

    private static final int PAGE = 50;

    private final ScheduleAdmin schedules;
    private final Clock clock;

    ScheduleController(ScheduleAdmin schedules, Clock clock) {
        this.schedules = schedules;
        this.clock = clock;
    }

    @GetMapping
    Map<String, List<ScheduleAdmin.Schedule>> schedules(@RequestParam MultiValueMap<String, String> query) {
        Input.query(query, clock).check();
        return Map.of("items", schedules.schedules());
    }

    @GetMapping("/{name}")
    Map<String, List<ScheduleAdmin.Turn>> turns(
            @PathVariable("name") String name, @RequestParam MultiValueMap<String, String> query) {
        Input input = Input.query(query, clock);
        String tenant = input.tenant("tenant");
        int limit = input.whole("limit", PAGE, 1, ScheduleAdmin.MAX_PAGE);
        input.check();
        return Map.of("items", schedules.turns(AdminController.checked(name), tenant, limit));
    }

    @PostMapping("/{name}/run")
    ScheduleAdmin.Run run(
            @PathVariable("name") String name, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String tenant = input.tenant("tenant");
        input.check();
        return schedules.run(operator.getName(), AdminController.checked(name), tenant);
    }
}
