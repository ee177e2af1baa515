package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hub endpoint}: who may send webhooks. */
@Command(
        name = "endpoint",
        description = "Webhook senders of tenants.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            EndpointCommands.Add.class,
            EndpointCommands.ListAll.class,
            EndpointCommands.Rotate.class,
            EndpointCommands.Bind.class,
            EndpointCommands.Unsigned.class,
            EndpointCommands.Test.class,
            EndpointCommands.Revoke.class
        })
final class EndpointCommands extends HubCli.Group {

    private static final String FROM_INPUT =
            "Read the signing secret that the vendor made from the first line of standard input.";

    private static void issued(HubCli.Session session, Terminal out, JsonNode answer) {
        out.fields(answer, "id", "url", "path", "secret", "previousUntil");
        if (answer.path("secret").isTextual()) {
            session.err().line("Keep the secret now: it cannot be shown again.");
        }
        setup(out, answer);
    }

    /** What to paste where. */
    private static void setup(Terminal out, JsonNode endpoint) {
        if (!endpoint.path("url").isTextual()) {
            out.line("The URL is the hub's public address and the path; HUB_PUBLIC_URL lets the hub show it whole.");
        }
        for (JsonNode line : endpoint.path("setup")) {
            String id = endpoint.path("id").asText();
            out.line(id.isEmpty() ? line.asText() : line.asText().replace(" ID", " " + id));
        }
    }

    @Command(name = "add", description = "Registers a sender and shows its address and secret, once.")
    static final class Add extends HubCli.TenantVerb {
        @Option(names = "--source", required = true, paramLabel = "vendor", description = "Such as resend.")
        String source;

        @Option(names = "--secret-stdin", description = FROM_INPUT)
        boolean secretStdin;

        Add(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    path("/endpoints"),
                    HubCli.of("source", source, "secret", secretStdin ? session.secret("--secret-stdin") : null));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            issued(session, out, answer);
        }
    }

    @Command(name = "list", description = "Lists senders, revoked ones included.")
    static final class ListAll extends HubCli.Verb {
        @Option(names = "--tenant", paramLabel = "rut")
        String tenant;

        ListAll(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get("/endpoints", HubCli.of("tenant", tenant));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.table(answer.path("items"), "id", "tenantRut", "source", "path", "unsigned", "createdAt", "revokedAt");
            JsonNode first = answer.at("/items/0");
            if (first.path("url").isTextual()) {
                // A whole URL is too wide for a table.
                String path = first.path("path").asText();
                out.line("A URL is " + first.path("url").asText().replace(path, "") + " and the path.");
            }
            Set<JsonNode> told = new LinkedHashSet<>();
            answer.path("items").forEach(endpoint -> told.add(endpoint.path("setup")));
            for (JsonNode setup : told) {
                out.line("");
                setup.forEach(line -> out.line(line.asText()));
            }
        }
    }

    @Command(
            name = "rotate",
            description = "Gives a sender a new secret; the one before stays good until the overlap is over.")
    static final class Rotate extends HubCli.Verb {
        @Parameters(paramLabel = "<endpoint-id>")
        String id;

        @Option(names = "--secret-stdin", description = FROM_INPUT)
        boolean secretStdin;

        @Option(names = "--overlap-hours", paramLabel = "n", description = "Default 48; 0 ends the old one at once.")
        Integer overlap;

        Rotate(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    "/endpoints/" + HubCli.segment(id) + "/rotate",
                    HubCli.of(
                            "overlapHours", overlap, "secret", secretStdin ? session.secret("--secret-stdin") : null));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            issued(session, out, answer);
        }
    }

    @Command(
            name = "bind",
            description =
                    "Says which account or inbox of a Chatwoot a sender is for; what speaks of others is refused.")
    static final class Bind extends HubCli.Verb {
        @Parameters(paramLabel = "<endpoint-id>")
        String id;

        @Option(names = "--account", paramLabel = "id", description = "Default: the tenant's.")
        Integer account;

        @Option(names = "--inbox", paramLabel = "id", description = "Default: the tenant's.")
        Integer inbox;

        Bind(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    "/endpoints/" + HubCli.segment(id) + "/bind", HubCli.of("account", account, "inbox", inbox));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.line("Endpoint " + id + " takes that account and inbox only.");
        }
    }

    @Command(
            name = "unsigned",
            description =
                    "Lets a sender that cannot sign in by its path alone (Chatwoot before 4.12, Odoo), or no longer.")
    static final class Unsigned extends HubCli.Verb {
        @Parameters(index = "0", paramLabel = "<endpoint-id>")
        String id;

        @Parameters(index = "1", paramLabel = "on|off")
        Switch on;

        enum Switch {
            on,
            off
        }

        Unsigned(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post("/endpoints/" + HubCli.segment(id) + "/unsigned", HubCli.of("on", on == Switch.on));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.line(
                    answer.path("unsigned").asBoolean()
                            ? "Endpoint " + id
                                    + " takes deliveries without a signature: its URL is all that protects it."
                            : "Endpoint " + id + " takes signed deliveries only.");
        }
    }

    @Command(
            name = "test",
            description = "Sends a delivery as the vendor would to the hub's own door, and says its answer.")
    static final class Test extends HubCli.Verb {
        @Parameters(paramLabel = "<endpoint-id>")
        String id;

        Test(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post("/endpoints/" + HubCli.segment(id) + "/test", Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            String status = answer.path("status").asInt() == 0
                    ? ""
                    : answer.path("status").asText() + ": ";
            out.line(status + answer.path("says").asText());
        }

        @Override
        int exitCode(JsonNode answer) {
            return answer.path("status").asInt() / 100 == 2 ? 0 : CliException.FAILED;
        }
    }

    @Command(name = "revoke", description = "Ends a sender at once.")
    static final class Revoke extends HubCli.Verb {
        @Parameters(paramLabel = "<endpoint-id>")
        String id;

        Revoke(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post("/endpoints/" + HubCli.segment(id) + "/revoke", Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.line("Endpoint " + id + " is revoked.");
        }
    }
}
