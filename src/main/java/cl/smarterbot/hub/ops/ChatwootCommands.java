package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hub tenant chatwoot}, {@code hub chatwoot reconcile} and {@code hub check}. */
final class ChatwootCommands {

    private ChatwootCommands() {}

    @Command(
            name = "chatwoot",
            description = "Says which Chatwoot account and inbox a tenant has, and stores its access token.")
    static final class Chatwoot extends HubCli.TenantVerb {
        @Option(names = "--url", paramLabel = "url", description = "Only if it is not the deployment's own Chatwoot.")
        String url;

        @Option(names = "--account", paramLabel = "id", description = "The number in the address of its dashboard.")
        Integer account;

        @Option(names = "--inbox", paramLabel = "id", description = "The inbox that web contacts go to.")
        Integer inbox;

        @Option(
                names = "--token-stdin",
                description = "Read the access token of a user of that account, not of a bot, from the first line of"
                        + " standard input.")
        boolean tokenStdin;

        Chatwoot(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    path("/chatwoot"),
                    HubCli.of(
                            "url",
                            url,
                            "account",
                            account,
                            "inbox",
                            inbox,
                            "token",
                            tokenStdin ? session.secret("--token-stdin") : null));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            HubCli.tenant(out, answer.path("tenant"));
            out.line(
                    answer.path("tokenStored").asBoolean()
                            ? "The token is stored. Try it: hub check "
                                    + answer.at("/tenant/rut").asText()
                            : "The token is as it was; --token-stdin sets it.");
        }
    }

    @Command(
            name = "chatwoot",
            description = "Chatwoot of the tenants; which one a tenant has: hub tenant chatwoot.",
            synopsisSubcommandLabel = "COMMAND",
            subcommands = {Reconcile.class})
    static final class ChatwootGroup extends HubCli.Group {}

    @Command(name = "reconcile", description = "Looks now for messages whose webhook was lost, and takes them in.")
    static final class Reconcile extends HubCli.Verb {
        @Option(names = "--tenant", required = true, paramLabel = "rut")
        String tenant;

        Reconcile(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post("/schedules/chatwoot-reconciliation/run", HubCli.of("tenant", tenant));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.line("The reconciliation of " + tenant + " begins. How it went: hub events --tenant " + tenant
                    + " --type schedule.chatwoot_reconciliation");
        }
    }

    @Command(name = "check", description = "Tries whether a tenant's systems work, and says what does not.")
    static final class Check extends HubCli.TenantVerb {
        Check(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(path("/check"), Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            checked(out, answer);
        }

        @Override
        int exitCode(JsonNode answer) {
            return exitCodeOf(answer);
        }
    }

    static void checked(Terminal out, JsonNode answer) {
        if (answer.path("items").isEmpty()) {
            out.line("The tenant has no system that can be tried.");
        }
        out.table(answer.path("items"), "system", "part", "works", "says");
    }

    static int exitCodeOf(JsonNode answer) {
        for (JsonNode line : answer.path("items")) {
            if (!line.path("works").asBoolean()) {
                return CliException.FAILED;
            }
        }
        return 0;
    }
}
