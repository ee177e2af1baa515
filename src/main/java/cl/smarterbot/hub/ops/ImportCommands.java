package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hub import}: takes over what older services left. */
@Command(
        name = "import",
        description = "Takes over what older services left.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = ImportCommands.Contacts.class)
final class ImportCommands {

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Explain this command.")
    boolean help;

    @Command(
            name = "contacts",
            description = "Imports an older contacts table, or a file of it; only counts unless --yes is there.",
            footer = {
                "",
                "Again is safe: rows that are here already stay as they are. No mails are sent, nothing goes to Odoo.",
                "Exit code 1 when a row was refused. See docs/legacy-import.md."
            })
    static final class Contacts implements Callable<Integer> {
        private static final ObjectMapper JSON = new ObjectMapper();
        private static final int ROWS_A_CALL = 500;
        /** A character can take six bytes in JSON: a call stays below the megabyte that the hub takes. */
        private static final int CHARACTERS_A_CALL = 40_000;

        private static final int SHOWN = 100;
        private static final int SAY_EVERY = 10_000;

        private final HubCli.Session session;

        @Option(
                names = "--table",
                paramLabel = "name",
                description = "Table in the hub's database (public.contacts_legacy).")
        String table;

        @Option(
                names = "--file",
                paramLabel = "contacts.csv",
                description = "As psql's \\copy ... csv header writes it.")
        Path file;

        @Option(names = "--tenant", paramLabel = "rut", description = "Tenant of the rows that name none.")
        String tenant;

        @Option(
                names = "--map",
                paramLabel = "value=rut",
                description = "Tenant of the rows whose tenant, domain or source is that value. Repeatable.")
        Map<String, String> map = new LinkedHashMap<>();

        @Option(
                names = "--status",
                paramLabel = "value=new|contacted|closed",
                description = "What an old status means, beyond the usual ones. Repeatable.")
        Map<String, String> status = new LinkedHashMap<>();

        @Option(
                names = "--refused",
                paramLabel = "refused.csv",
                description =
                        "Write all refused rows there: id, field, rule. The terminal shows the first " + SHOWN + ".")
        Path refusedFile;

        @Option(names = "--yes", description = "Do it.")
        boolean yes;

        @Option(names = "--json", description = "Print JSON for tools.")
        boolean json;

        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Explain this command.")
        boolean help;

        private final Map<String, long[]> tenants = new TreeMap<>();
        private final List<JsonNode> shown = new ArrayList<>();
        private BufferedWriter refused;
        private long read;
        private long refusedRows;
        private long refusals;

        Contacts(HubCli.Session session) {
            this.session = session;
        }

        @Override
        public Integer call() {
            if (file != null && table != null) {
                throw new CliException(CliException.USAGE, "Say either --table or --file.");
            }
            if (yes) {
                session.hub().post("/imports/contacts/start", Map.of("source", source()));
            }
            String source;
            try (BufferedWriter writer = refusedFile == null ? null : Files.newBufferedWriter(refusedFile)) {
                refused = writer;
                if (writer != null) {
                    writer.write("row,field,rule\n");
                }
                source = file != null ? file() : table();
            } catch (IOException e) {
                throw new CliException(
                        CliException.FAILED, "The file for refused rows cannot be written: " + refusedFile);
            }
            int events = yes ? finish(source) : 0;
            show(source, events);
            return refusedRows == 0 ? 0 : CliException.FAILED;
        }

        private String source() {
            return file != null ? file.getFileName().toString() : table != null ? table : "public.contacts_legacy";
        }

        private String table() throws IOException {
            String after = null;
            String source = null;
            do {
                Map<String, Object> call = rules();
                call.put("table", source());
                call.put("after", after);
                JsonNode answer = session.hub().post("/imports/contacts/table", call);
                add(answer);
                source = answer.path("source").asText();
                after = answer.path("next").asText(null);
            } while (after != null);
            return source;
        }

        private String file() throws IOException {
            try (LegacyFile rows = LegacyFile.open(file)) {
                List<Map<String, Object>> waiting = new ArrayList<>();
                int characters = 0;
                for (LegacyRow row = rows.read(); row != null; row = rows.read()) {
                    Map<String, Object> fields = new LinkedHashMap<>();
                    fields.put("line", row.line());
                    characters += put(fields, "id", row.id());
                    characters += put(fields, "tenant", row.tenant());
                    characters += put(fields, "name", row.name());
                    characters += put(fields, "email", row.email());
                    characters += put(fields, "message", row.message());
                    characters += put(fields, "phone", row.phone());
                    characters += put(fields, "source", row.source());
                    characters += put(fields, "domain", row.domain());
                    characters += put(fields, "status", row.status());
                    characters += put(fields, "createdAt", row.createdAt());
                    waiting.add(fields);
                    if (waiting.size() == ROWS_A_CALL || characters > CHARACTERS_A_CALL) {
                        send(waiting);
                        characters = 0;
                    }
                }
                send(waiting);
            }
            return source();
        }

        private static int put(Map<String, Object> fields, String name, String value) {
            if (value == null) {
                return 0;
            }
            fields.put(name, value);
            return value.length();
        }

        private void send(List<Map<String, Object>> rows) throws IOException {
            if (!rows.isEmpty()) {
                Map<String, Object> call = rules();
                call.put("rows", rows);
                add(session.hub().post("/imports/contacts/rows", call));
                rows.clear();
            }
        }

        private Map<String, Object> rules() {
            Map<String, Object> call = new LinkedHashMap<>();
            call.put("tenant", tenant);
            call.put("map", map);
            call.put("status", status);
            call.put("dryRun", !yes);
            return call;
        }

        private void add(JsonNode answer) throws IOException {
            long before = read;
            read += answer.path("read").asLong();
            refusedRows += answer.path("refusedRows").asLong();
            answer.path("tenants").fields().forEachRemaining(entry -> {
                long[] counts = tenants.computeIfAbsent(entry.getKey(), t -> new long[3]);
                counts[0] += entry.getValue().path("imported").asLong();
                counts[1] += entry.getValue().path("present").asLong();
                counts[2] += entry.getValue().path("refused").asLong();
            });
            for (JsonNode refusal : answer.path("refused")) {
                refusals++;
                if (shown.size() < SHOWN) {
                    shown.add(refusal);
                }
                if (refused != null) {
                    refused.write(refusal.path("row").asText() + ","
                            + refusal.path("field").asText() + ","
                            + refusal.path("rule").asText() + "\n");
                }
            }
            if (read / SAY_EVERY != before / SAY_EVERY) {
                session.err().line(read + " rows read");
            }
        }

        private int finish(String source) {
            Map<String, Object> counted = new LinkedHashMap<>();
            tenants.forEach((rut, counts) ->
                    counted.put(rut, Map.of("imported", counts[0], "present", counts[1], "refused", counts[2])));
            return session.hub()
                    .post("/imports/contacts/finish", Map.of("source", source, "tenants", counted))
                    .path("events")
                    .asInt();
        }

        private void show(String source, int events) {
            ObjectNode answer = JSON.createObjectNode();
            answer.put("source", source).put("dryRun", !yes).put("read", read).put("refusedRows", refusedRows);
            answer.put("events", events);
            tenants.forEach((rut, counts) -> answer.withArray("tenants")
                    .addObject()
                    .put("tenant", rut)
                    .put("imported", counts[0])
                    .put("present", counts[1])
                    .put("refused", counts[2]));
            answer.withArray("refused").addAll(shown);
            Terminal out = session.out();
            if (json) {
                out.json(answer);
                return;
            }
            if (!shown.isEmpty()) {
                out.table(answer.path("refused"), "row", "field", "rule");
                if (refusals > SHOWN) {
                    out.line("and " + (refusals - SHOWN) + " more"
                            + (refusedFile == null
                                    ? "; --refused FILE writes all of them."
                                    : ", all in " + refusedFile + "."));
                }
                out.line("");
            }
            out.table(answer.withArray("tenants"), "tenant", "imported", "present", "refused");
            out.line("");
            out.line(read + " rows read from " + source + ", " + refusedRows + " refused.");
            if (!yes) {
                out.line("Dry run: nothing was imported. Add --yes to do it.");
            }
        }
    }
}
