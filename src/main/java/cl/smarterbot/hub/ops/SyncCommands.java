package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hub sync}: what is read from Odoo by the clock, and now. */
@Command(
        name = "sync",
        description = "Reads from Odoo now, and tells how the last reading went.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {SyncCommands.Products.class, SyncCommands.Show.class})
final class SyncCommands extends HubCli.Group {

    private static final long POLL_MILLIS = 300;

    @Command(
            name = "products",
            description = "Begins to read a tenant's catalogue now; after a run that is at work, once more.")
    static final class Products extends HubCli.Verb {
        @Option(names = "--tenant", required = true, paramLabel = "rut")
        String tenant;

        @Option(
                names = "--full",
                description = "Everything, not only what changed: also finds what Odoo no longer has.")
        boolean full;

        @Option(
                names = "--allow-deactivation",
                description = "Takes out of the catalogue what Odoo no longer has, however much it is.")
        boolean allow;

        @Option(names = "--wait", description = "Shows how far it is until it ends; exit code 1 if it fails.")
        boolean wait;

        Products(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            JsonNode request = hub.post(
                    "/tenants/" + HubCli.segment(tenant) + "/products/sync",
                    HubCli.of("full", full, "allowDeactivation", allow));
            return wait ? follow(hub, request) : request;
        }

        private JsonNode follow(AdminClient hub, JsonNode request) {
            Instant asked = Instant.parse(request.path("askedAt").asText());
            String rut = request.path("tenant").asText();
            Terminal.Progress progress = session.err().progress();
            try {
                while (true) {
                    JsonNode status = one(hub, rut);
                    boolean ours = isOurs(status, asked);
                    if (ours
                            && (status.path("finishedAt").isTextual()
                                    || status.path("dead").asBoolean())) {
                        return status;
                    }
                    progress.show(
                            ours
                                    ? far(status)
                                    : status.path("run").isTextual() ? "waits for the run before it" : "begins");
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
                }
            } finally {
                progress.end();
            }
        }

        private static JsonNode one(AdminClient hub, String rut) {
            JsonNode found = hub.get("/products/sync", HubCli.of("tenant", rut)).at("/items/0");
            return found.isMissingNode() ? JsonNodeFactory.instance.objectNode() : found;
        }

        /** Another run that began after ours was asked for, and reads as much, is as good. */
        private boolean isOurs(JsonNode status, Instant asked) {
            return status.path("startedAt").isTextual()
                    && !Instant.parse(status.path("startedAt").asText()).isBefore(asked)
                    && (!full || status.path("mode").asText().equals("full"))
                    && (!allow || status.path("allowDeactivation").asBoolean());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            if (wait) {
                out.line(ended(answer));
            } else {
                out.line("The run of " + tenant + " begins. How it goes: hub sync status --tenant " + tenant);
            }
        }

        @Override
        int exitCode(JsonNode answer) {
            return !wait || answer.path("outcome").asText().equals("completed") ? 0 : CliException.FAILED;
        }
    }

    @Command(
            name = "status",
            description = "Tells how the tenants' catalogues stand: the run under way, or the last one.")
    static final class Show extends HubCli.Verb {
        @Option(names = "--tenant", paramLabel = "rut")
        String tenant;

        Show(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get("/products/sync", HubCli.of("tenant", tenant));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            JsonNode items = answer.path("items");
            if (items.isEmpty()) {
                out.line("No catalogue was read yet.");
            } else if (tenant == null) {
                out.table(
                        items,
                        "tenant",
                        "mode",
                        "phase",
                        "seen",
                        "total",
                        "changed",
                        "deactivated",
                        "startedAt",
                        "outcome",
                        "lagSeconds");
            } else {
                JsonNode one = items.get(0);
                out.fields(
                        one,
                        "tenant",
                        "run",
                        "mode",
                        "phase",
                        "cursor",
                        "total",
                        "pages",
                        "seen",
                        "changed",
                        "deactivated",
                        "missing",
                        "waiting",
                        "startedAt",
                        "stepAt",
                        "finishedAt",
                        "outcome",
                        "syncedThrough",
                        "lagSeconds",
                        "runLagMillis");
                out.line(one.path("finishedAt").isTextual() || one.path("dead").asBoolean() ? ended(one) : far(one));
            }
            for (JsonNode item : items) {
                if (item.path("trouble").isTextual()) {
                    out.line(item.path("tenant").asText()
                            + (item.path("dead").asBoolean() ? " stopped: " : " tries again: ")
                            + item.path("trouble").asText());
                }
            }
        }
    }

    /** Such as {@code products 1500/10000 (15 %), 812 rows/s, 10 s to go}. */
    private static String far(JsonNode status) {
        int seen = status.path("seen").asInt();
        int total = status.path("total").asInt();
        Duration since = Duration.between(
                Instant.parse(status.path("startedAt").asText()),
                Instant.parse(status.path("now").asText()));
        double rate = seen / Math.max(0.001, since.toMillis() / 1000.0);
        StringBuilder line =
                new StringBuilder(status.path("phase").asText()).append(' ').append(seen);
        if (total > 0) {
            line.append(String.format(Locale.ROOT, "/%d (%d %%)", total, Math.min(100, 100L * seen / total)));
        }
        line.append(String.format(
                Locale.ROOT,
                ", %.0f rows/s, %d changed",
                rate,
                status.path("changed").asInt()));
        if (total > seen && rate > 0) {
            line.append(String.format(Locale.ROOT, ", %.0f s to go", Math.ceil((total - seen) / rate)));
        }
        if (status.path("trouble").isTextual()) {
            line.append("; tries again: ").append(status.path("trouble").asText());
        }
        return line.toString();
    }

    private static String ended(JsonNode status) {
        if (status.path("dead").asBoolean()) {
            return "The run stopped: " + status.path("trouble").asText()
                    + ". Mend what it names, then ask again, or: hub dead --subscription product-sync-page";
        }
        double seconds = Duration.between(
                                Instant.parse(status.path("startedAt").asText()),
                                Instant.parse(status.path("finishedAt").asText()))
                        .toMillis()
                / 1000.0;
        String counts = String.format(
                Locale.ROOT,
                "%d products read, %d changed, %d deactivated, in %.1f s",
                status.path("seen").asInt(),
                status.path("changed").asInt(),
                status.path("deactivated").asInt(),
                seconds);
        return switch (status.path("outcome").asText()) {
            case "completed" -> "Completed: " + counts + ".";
            case "would_deactivate" ->
                "Failed: " + status.path("missing").asInt()
                        + " products of the catalogue are missing in Odoo, and that is too"
                        + " large a share to take away unasked (" + counts
                        + "). If it is right: add --full --allow-deactivation.";
            default -> "Failed: " + status.path("outcome").asText() + " (" + counts + ").";
        };
    }
}
