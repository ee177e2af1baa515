package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hub tenant bot}: who answers a tenant's customers first, and when it gives way to people. */
final class BotCommands {

    private BotCommands() {}

    @Command(
            name = "bot",
            description = "Says which bot answers a tenant's customers, and when. What is not given stays.")
    static final class Bot extends HubCli.TenantVerb {
        @Option(names = "--mode", paramLabel = "v12|cloud")
        String mode;

        @Option(names = "--url", paramLabel = "url", description = "Botpress server; default is the hub's.")
        String url;

        @Option(names = "--bot-id", paramLabel = "id")
        String botId;

        @Option(names = "--user", paramLabel = "login", description = "Login of a collaborator (v12).")
        String user;

        @Option(names = "--threshold", paramLabel = "0..1", description = "Least confidence of an intent.")
        BigDecimal threshold;

        @Option(names = "--pause-ms", paramLabel = "n", description = "How long a customer must be silent.")
        Integer pause;

        @Option(names = "--team", paramLabel = "id", description = "Chatwoot team that takes over.")
        Integer team;

        @Option(names = "--label", paramLabel = "label", description = "Chatwoot label for what people must answer.")
        String label;

        @Option(
                names = "--returns",
                paramLabel = "resolved|given-back",
                description = "When it may answer again after a handoff.")
        String returns;

        @Option(
                names = "--answers",
                paramLabel = "pending|open",
                description = "pending: what is pending or assigned to a bot; open: open conversations as well.")
        String answers;

        Bot(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    path(""),
                    HubCli.of(
                            "botpressMode",
                            mode,
                            "botpressUrl",
                            url,
                            "botpressBotId",
                            botId,
                            "botpressUser",
                            user,
                            "intentThreshold",
                            threshold,
                            "turnPauseMs",
                            pause,
                            "handoffTeamId",
                            team,
                            "handoffLabel",
                            label,
                            "botReturns",
                            returns,
                            "botAnswers",
                            answers));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            describe(out, answer.path("bot"));
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
