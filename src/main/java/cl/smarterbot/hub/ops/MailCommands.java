package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hub tenant mail} and {@code hub tenant template}. */
final class MailCommands {

    private MailCommands() {}

    @Command(name = "mail", description = "Says by whom a tenant's mails are sent and who is told of a contact.")
    static final class Mail extends HubCli.TenantVerb {
        @Option(names = "--from", paramLabel = "mailbox", description = "Name <address>, or the address alone.")
        String from;

        @Option(names = "--admin", paramLabel = "address", description = "Who is told of each new contact.")
        String admin;

        @Option(
                names = "--resend-key-stdin",
                description =
                        "Read the key of the tenant's own Resend account from the first line of standard input. Without one"
                                + " the key of the hub serves.")
        boolean keyStdin;

        Mail(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    path("/mail"),
                    HubCli.of(
                            "from",
                            from,
                            "admin",
                            admin,
                            "resendKey",
                            keyStdin ? session.secret("--resend-key-stdin") : null));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            HubCli.tenant(out, answer.path("tenant"));
            if (answer.path("keyStored").asBoolean()) {
                out.line("The key is stored.");
            }
        }
    }

    @Command(
            name = "template",
            description = "The words of a tenant's mails.",
            synopsisSubcommandLabel = "COMMAND",
            subcommands = {TemplateSet.class, TemplateShow.class, TemplateReset.class})
    static final class TemplateGroup extends HubCli.Group {}

    private abstract static class OneTemplate extends HubCli.TenantVerb {
        @Option(names = "--kind", required = true, paramLabel = "visitor|admin")
        String kind;

        OneTemplate(HubCli.Session session) {
            super(session);
        }

        String template() {
            return path("/templates/" + HubCli.segment(kind));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.line(answer.path("own").asBoolean() ? "The tenant's own words:" : "The hub's words:");
            out.line("");
            out.line("Subject: " + answer.path("subject").asText());
            for (String part : new String[] {"text", "html"}) {
                out.line("");
                answer.path(part).asText("").lines().forEach(out::line);
            }
        }
    }

    @Command(
            name = "set",
            description = {
                "Stores a tenant's own words. They are Mustache templates: {{name}}, {{email}}, {{message}}, {{phone}},",
                "{{source}}, {{domain}}, {{company}}, {{rut}} of the contact, {{tenant}}, {{link}}. Values are escaped."
            })
    static final class TemplateSet extends OneTemplate {
        @Option(names = "--subject", required = true, paramLabel = "text")
        String subject;

        @Option(names = "--html-file", required = true, paramLabel = "file")
        Path html;

        @Option(names = "--text-file", paramLabel = "file")
        Path text;

        TemplateSet(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    template(),
                    HubCli.of("subject", subject, "html", read(html), "text", text == null ? null : read(text)));
        }

        private static String read(Path file) {
            try {
                return Files.readString(file);
            } catch (IOException e) {
                throw new CliException(CliException.FAILED, file + " cannot be read as UTF-8 text.");
            }
        }
    }

    @Command(name = "show", description = "Shows the words that are in use.")
    static final class TemplateShow extends OneTemplate {
        TemplateShow(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get(template(), Map.of());
        }
    }

    @Command(name = "reset", description = "Goes back to the hub's words.")
    static final class TemplateReset extends OneTemplate {
        TemplateReset(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.delete(template());
        }
    }
}
