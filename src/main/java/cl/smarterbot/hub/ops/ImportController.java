package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.security.Principal;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Imports older contacts, on the management port, a batch with each call: the caller goes on from {@code next}, or sends the next
 * rows of its file, and tells the end. So no call takes long, and one that is lost is simply made again.
 */
@RestController
@RequestMapping("/admin/imports/contacts")
final class ImportController {

    private static final int BATCH = 500;
    private static final int LONGEST_NAME = 200;

    private final Supplier<LegacyContacts> contacts;

    ImportController(Supplier<LegacyContacts> contacts) {
        this.contacts = contacts;
    }

    record TableCall(
            String table,
            String after,
            Integer limit,
            String tenant,
            Map<String, String> map,
            Map<String, String> status,
            Boolean dryRun) {}

    record RowsCall(
            List<LegacyRow> rows, String tenant, Map<String, String> map, Map<String, String> status, Boolean dryRun) {}

    record StartCall(String source) {}

    record FinishCall(String source, Map<String, LegacyContacts.Counts> tenants) {}

    /** @param next id to go on after; absent at the end */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Answer(
            int read,
            int refusedRows,
            Map<String, LegacyContacts.Counts> tenants,
            List<LegacyContacts.Refusal> refused,
            String source,
            String next) {}

    /** Writes down that an import begins, and whose it is. */
    @PostMapping("/start")
    Map<String, Object> start(@RequestBody StartCall call, Principal operator) {
        contacts.get().start(operator.getName(), source(call.source()));
        return Map.of("source", call.source());
    }

    /** Takes over the rows of a table that follow an id. */
    @PostMapping("/table")
    Answer table(@RequestBody TableCall call) {
        int limit = call.limit() == null ? BATCH : call.limit();
        if (call.table() == null || limit < 1 || limit > LegacyContacts.MAX_ROWS) {
            throw new Input.InvalidException(Map.of(
                    call.table() == null ? "table" : "limit", "is required, limit at most " + LegacyContacts.MAX_ROWS));
        }
        if (call.after() != null && !call.after().matches("[0-9a-fA-F-]{1,36}")) {
            throw new Input.InvalidException(Map.of("after", "is not an id"));
        }
        LegacyTable table = contacts.get().table(call.table());
        LegacyContacts.Rules rules = contacts.get().rules(call.tenant(), call.map(), call.status());
        List<LegacyRow> rows = table.page(call.after(), limit);
        String next = rows.size() < limit ? null : rows.get(rows.size() - 1).id();
        return answer(contacts.get().take(rows, rules, dry(call.dryRun())), table.name(), next);
    }

    /** Takes over rows that the caller read from a file. */
    @PostMapping("/rows")
    Answer rows(@RequestBody RowsCall call) {
        List<LegacyRow> rows = call.rows();
        if (rows == null || rows.size() > LegacyContacts.MAX_ROWS || rows.contains(null)) {
            throw new Input.InvalidException(Map.of("rows", "are required, at most " + LegacyContacts.MAX_ROWS));
        }
        LegacyContacts.Rules rules = contacts.get().rules(call.tenant(), call.map(), call.status());
        return answer(contacts.get().take(rows, rules, dry(call.dryRun())), null, null);
    }

    /** Ends an import: an event and a line in the audit trail for each tenant. */
    @PostMapping("/finish")
    Map<String, Object> finish(@RequestBody FinishCall call, Principal operator) {
        source(call.source());
        if (call.tenants() == null || call.tenants().containsValue(null)) {
            throw new Input.InvalidException(Map.of("tenants", "are required"));
        }
        LegacyContacts.Rules known = contacts.get().rules(null, identity(call.tenants()), null);
        if (!known.map().values().containsAll(call.tenants().keySet())) {
            throw new Input.InvalidException(Map.of("tenants", "are named by their canonical RUT"));
        }
        return Map.of("events", contacts.get().finish(operator.getName(), call.source(), call.tenants()));
    }

    private static String source(String name) {
        if (name == null
                || name.isBlank()
                || name.length() > LONGEST_NAME
                || name.chars().anyMatch(Character::isISOControl)) {
            throw new Input.InvalidException(
                    Map.of("source", "is required, at most " + LONGEST_NAME + " characters, no control characters"));
        }
        return name;
    }

    private static Map<String, String> identity(Map<String, ?> tenants) {
        return tenants.keySet().stream().collect(Collectors.toMap(t -> t, t -> t));
    }

    private static boolean dry(Boolean dryRun) {
        return dryRun == null || dryRun;
    }

    private static Answer answer(LegacyContacts.Batch batch, String source, String next) {
        return new Answer(batch.read(), batch.refusedRows(), batch.tenants(), batch.refused(), source, next);
    }
}
