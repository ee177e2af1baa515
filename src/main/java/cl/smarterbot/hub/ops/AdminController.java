package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.event.EventAdmin;
import com.fasterxml.jackson.databind.JsonNode;
import java.security.Principal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The event log as operators see it, on the management port. Bulk acts are dry runs unless told otherwise. */
@RestController
@RequestMapping("/admin")
final class AdminController {

    private static final int PAGE = 50;
    private static final int BULK = 1_000;
    private static final Duration BALANCE = Duration.ofDays(1);

    private final EventAdmin events;
    private final Clock clock;

    AdminController(EventAdmin events, Clock clock) {
        this.events = events;
        this.clock = clock;
    }

    @GetMapping("/subscriptions")
    Map<String, List<EventAdmin.Subscription>> subscriptions(@RequestParam MultiValueMap<String, String> query) {
        Input.query(query, clock).check();
        return Map.of("items", events.subscriptions());
    }

    @PostMapping("/subscriptions/{name}/pause")
    Map<String, Object> pause(
            @PathVariable("name") String name, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input.body(body, clock).check();
        events.pause(operator.getName(), checked(name));
        return Map.of("subscription", name, "paused", true);
    }

    @PostMapping("/subscriptions/{name}/resume")
    Map<String, Object> resume(
            @PathVariable("name") String name, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input.body(body, clock).check();
        events.resume(operator.getName(), checked(name));
        return Map.of("subscription", name, "paused", false);
    }

    @PostMapping("/subscriptions/{name}/backfill")
    EventAdmin.Bulk backfill(
            @PathVariable("name") String name, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String tenant = input.tenant("tenant");
        Instant since = input.requiredMoment("since");
        int limit = input.whole("limit", BULK, 1, EventAdmin.MAX_BULK);
        boolean dryRun = input.flag("dryRun", true);
        input.check();
        return events.backfill(operator.getName(), checked(name), tenant, since, limit, dryRun);
    }

    @PostMapping("/subscriptions/{name}/retire")
    EventAdmin.Retired retire(
            @PathVariable("name") String name, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        int limit = input.whole("limit", EventAdmin.MAX_BULK, 1, EventAdmin.MAX_BULK);
        boolean dryRun = input.flag("dryRun", true);
        input.check();
        return events.retire(operator.getName(), checked(name), limit, dryRun);
    }

    @GetMapping("/events")
    EventAdmin.Page<EventAdmin.Event> events(@RequestParam MultiValueMap<String, String> query) {
        Input input = Input.query(query, clock);
        EventAdmin.EventFilter filter =
                new EventAdmin.EventFilter(input.tenant("tenant"), input.text("type"), input.moment("since"));
        int limit = input.whole("limit", PAGE, 1, EventAdmin.MAX_PAGE);
        UUID cursor = input.parsed("cursor", AdminController::uuid);
        input.check();
        return events.events(filter, limit, cursor == null ? null : cursor.toString());
    }

    @GetMapping("/events/{id}")
    EventAdmin.EventDetail event(@PathVariable("id") String id, @RequestParam MultiValueMap<String, String> query) {
        Input.query(query, clock).check();
        return events.event(pathId(id, AdminController::uuid));
    }

    @GetMapping("/dead")
    EventAdmin.Page<EventAdmin.Dead> dead(@RequestParam MultiValueMap<String, String> query) {
        Input input = Input.query(query, clock);
        EventAdmin.DeadFilter filter =
                new EventAdmin.DeadFilter(input.text("subscription"), input.tenant("tenant"), input.moment("since"));
        int limit = input.whole("limit", PAGE, 1, EventAdmin.MAX_PAGE);
        Long cursor = input.parsed("cursor", AdminController::number);
        input.check();
        return events.dead(filter, limit, cursor == null ? null : cursor.toString());
    }

    @PostMapping("/dead/replay")
    EventAdmin.Bulk replayDead(@RequestBody(required = false) JsonNode body, Principal operator) {
        Input input = Input.body(body, clock);
        String subscription = input.text("subscription");
        String tenant = input.tenant("tenant");
        Instant since = input.requiredMoment("since");
        int limit = input.whole("limit", BULK, 1, EventAdmin.MAX_BULK);
        boolean dryRun = input.flag("dryRun", true);
        input.check();
        return events.replayDead(operator.getName(), subscription, tenant, since, limit, dryRun);
    }

    @PostMapping("/deliveries/{id}/replay")
    EventAdmin.Replay replay(
            @PathVariable("id") String id, @RequestBody(required = false) JsonNode body, Principal operator) {
        Input.body(body, clock).check();
        return events.replay(operator.getName(), pathId(id, AdminController::number));
    }

    @GetMapping("/balance")
    EventAdmin.Balance balance(@RequestParam MultiValueMap<String, String> query) {
        Input input = Input.query(query, clock);
        String tenant = input.tenant("tenant");
        Instant since = input.moment("since");
        input.check();
        return events.balance(tenant, since == null ? clock.instant().minus(BALANCE) : since);
    }

    @GetMapping("/audit")
    EventAdmin.Page<EventAdmin.Audit> audit(@RequestParam MultiValueMap<String, String> query) {
        Input input = Input.query(query, clock);
        String tenant = input.tenant("tenant");
        int limit = input.whole("limit", PAGE, 1, EventAdmin.MAX_PAGE);
        Long cursor = input.parsed("cursor", AdminController::number);
        input.check();
        return events.audit(tenant, limit, cursor == null ? null : cursor.toString());
    }

    /** A name in a path can hold anything percent-encoded. */
    static String checked(String name) {
        if (name.length() > 200 || name.chars().anyMatch(Character::isISOControl)) {
            throw new NoSuchThingException();
        }
        return name;
    }

    static <T> T pathId(String text, java.util.function.Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw new NoSuchThingException();
        }
    }

    /** {@link UUID#fromString} alone takes shortened forms as well. */
    static UUID uuid(String text) {
        if (text.length() != 36) {
            throw new IllegalArgumentException("is not an event id");
        }
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("is not an event id", e);
        }
    }

    private static Long number(String text) {
        if (!text.matches("[0-9]{1,18}")) {
            throw new IllegalArgumentException("is not a number");
        }
        return Long.valueOf(text);
    }
}
