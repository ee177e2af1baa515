package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hub intent}, {@code hub tenant botpress} and {@code hub botpress check}. */
final class BotCommands {

    private BotCommands() {}

    @Command(
            name = "intent",
            description = "What the intents of a tenant's bot lead to.",
            synopsisSubcommandLabel = "COMMAND",
            subcommands = {IntentList.class, IntentSet.class, IntentRemove.class})
    static final class IntentGroup extends HubCli.Group {}

    /** A command about one tenant that is named by an option. */
    abstract static class OfTenant extends HubCli.Verb {
        @Option(names = "--tenant", required = true, paramLabel = "rut")
        String tenant;

        OfTenant(HubCli.Session session) {
            super(session);
        }

        String path(String rest) {
            return "/tenants/" + HubCli.segment(tenant) + rest;
        }
    }

    private static final String[] COLUMNS = {"intent", "action", "threshold", "sensitive", "leadStage", "own", "reply"};

    @Command(name = "list", description = "Lists the table as it counts: the tenant's own rows, then the hub's.")
    static final class IntentList extends OfTenant {
        IntentList(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get(path("/intents"), Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.table(answer.path("items"), COLUMNS);
        }
    }

    @Command(name = "set", description = "Sets a row of the tenant's own; what is not given is the default afterwards.")
    static final class IntentSet extends OfTenant {
        @Parameters(paramLabel = "<intent>", description = "The bot's name for it, or '*' for all others.")
        String intent;

        @Option(
                names = "--action",
                required = true,
                paramLabel = "action",
                description =
                        "answer, order-status, invoice-status, product, lead, contact-update, handoff, or one of a flow"
                                + " of your own.")
        String action;

        @Option(
                names = "--threshold",
                paramLabel = "0..1",
                description = "Least confidence; without it the tenant's own.")
        BigDecimal threshold;

        @Option(names = "--sensitive", description = "A person answers, however sure the bot is.")
        boolean sensitive;

        @Option(
                names = "--reply",
                paramLabel = "text",
                description = "Template with {{name}} fields; without it the action's own words, or the bot's.")
        String reply;

        @Option(
                names = "--lead-stage",
                paramLabel = "name",
                description = "The stage that the lead moves to once it is resolved.")
        String leadStage;

        IntentSet(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    path("/intents"),
                    HubCli.of(
                            "intent",
                            intent,
                            "action",
                            action,
                            "threshold",
                            threshold,
                            "sensitive",
                            sensitive,
                            "reply",
                            reply,
                            "leadStage",
                            leadStage));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.fields(answer, COLUMNS);
            if (!answer.path("shippedAction").asBoolean()) {
                out.line("The hub's own flows have no action "
                        + answer.path("action").asText() + ": without a flow of yours that has, a person answers.");
            }
        }
    }

    @Command(name = "remove", description = "Takes a row of the tenant's own away; the hub's counts again.")
    static final class IntentRemove extends OfTenant {
        @Parameters(paramLabel = "<intent>")
        String intent;

        IntentRemove(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.delete(path("/intents/" + HubCli.segment(intent)));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.line("Intent " + intent + " is the hub's again.");
        }
    }

    @Command(
            name = "botpress",
            description = "Says which bot a tenant has and when it gives way to people, and stores its secrets.")
    static final class Botpress extends HubCli.TenantVerb {
        @Option(names = "--mode", paramLabel = "v12|cloud")
        String mode;

        @Option(names = "--url", paramLabel = "url", description = "Only if it is not the deployment's own Botpress.")
        String url;

        @Option(names = "--bot", paramLabel = "id", description = "v12: id of the bot.")
        String bot;

        @Option(
                names = "--user",
                paramLabel = "address",
                description = "v12: a collaborator account for the hub alone.")
        String user;

        @Option(
                names = "--webhook-id",
                paramLabel = "id",
                description = "cloud: last part of the integration's webhook URL.")
        String webhookId;

        @Option(names = "--threshold", paramLabel = "0..1", description = "Least confidence of an intent (0.6).")
        BigDecimal threshold;

        @Option(
                names = "--pause-ms",
                paramLabel = "n",
                description = "How long a customer must be silent before the bot answers (2000).")
        Integer pauseMs;

        @Option(names = "--team", paramLabel = "id", description = "Chatwoot team that takes over.")
        Integer team;

        @Option(names = "--label", paramLabel = "label", description = "Chatwoot label for what people must answer.")
        String label;

        @Option(
                names = "--returns",
                paramLabel = "resolved|given-back",
                description = "When the bot answers again after people did.")
        String returns;

        @Option(
                names = "--answers",
                paramLabel = "pending|open",
                description = "pending: what is pending or assigned to a bot; open: open conversations as well.")
        String answers;

        @Option(
                names = "--password-stdin",
                description = "v12: read the password from the first line of standard input.")
        boolean passwordStdin;

        @Option(
                names = "--encryption-key-stdin",
                description = "cloud: read the integration's encryption key from there instead.")
        boolean keyStdin;

        Botpress(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            if (passwordStdin && keyStdin) {
                throw new CliException(
                        CliException.USAGE, "Give --password-stdin (v12) or --encryption-key-stdin (cloud).");
            }
            return hub.post(
                    path("/botpress"),
                    HubCli.of(
                            "mode",
                            mode,
                            "url",
                            url,
                            "bot",
                            bot,
                            "user",
                            user,
                            "webhookId",
                            webhookId,
                            "threshold",
                            threshold,
                            "pauseMs",
                            pauseMs,
                            "team",
                            team,
                            "label",
                            label,
                            "returns",
                            returns,
                            "answers",
                            answers,
                            "password",
                            passwordStdin ? session.secret("--password-stdin") : null,
                            "encryptionKey",
                            keyStdin ? session.secret("--encryption-key-stdin") : null));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            HubCli.tenant(out, answer.path("tenant"));
            answer.path("stored").forEach(field -> out.line("Stored: " + field.asText()));
            out.line("Try it: hub botpress check --tenant "
                    + answer.at("/tenant/rut").asText());
        }
    }

    @Command(
            name = "botpress",
            description = "Bots of the tenants; which one a tenant has: hub tenant botpress.",
            synopsisSubcommandLabel = "COMMAND",
            subcommands = {BotpressCheck.class})
    static final class BotpressGroup extends HubCli.Group {}

    @Command(name = "check", description = "Says a word to the tenant's bot, and what it makes of it.")
    static final class BotpressCheck extends OfTenant {
        BotpressCheck(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(path("/check"), Map.of("system", "Botpress"));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            ChatwootCommands.checked(out, answer);
        }

        @Override
        int exitCode(JsonNode answer) {
            return ChatwootCommands.exitCodeOf(answer);
        }
    }

    static void describe(Terminal out, JsonNode bot) {
        out.fields(
                bot,
                "mode",
                "url",
                "botId",
                "user",
                "threshold",
                "turnPauseMillis",
                "teamId",
                "label",
                "returns",
                "answers");
    }
}
