package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * The operator's commands: {@code java -jar smarteros-hub.jar dead --since 2h}. They speak to the admin API of a running hub, so
 * nothing of the hub itself is started. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the hub cannot be reached.
 */
public final class HubCli {

    private static final Set<String> VERBS = Set.of(
            "events",
            "event",
            "dead",
            "replay",
            "backfill",
            "subscriptions",
            "subscription",
            "pause",
            "resume",
            "schedule",
            "tenant",
            "import",
            "check",
            "chatwoot",
            "sync",
            "botpress",
            "intent",
            "endpoint",
            "flow",
            "balance",
            "audit",
            "cli",
            "help",
            "--help",
            "-h");

    private HubCli() {}

    /**
     * Whether the arguments are a command for {@link #run}, and not for the hub itself. After the word {@code cli} everything is,
     * a misspelt command as well.
     */
    public static boolean isVerb(String[] args) {
        return args.length > 0 && VERBS.contains(args[0]);
    }

    /**
     * Carries a command out, with the environment and the terminal of the process.
     *
     * @return the exit code
     */
    public static int run(String[] args) {
        return run(
                args,
                System.getenv(),
                System.in,
                new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));
    }

    static int run(String[] args, Map<String, String> environment, InputStream in, PrintStream out, PrintStream err) {
        Session session = new Session(new AdminClient(environment), in, new Terminal(out), new Terminal(err));
        CommandLine line = new CommandLine(new Root(), new Factory(session));
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            if (e instanceof CliException told) {
                for (String part : told.getMessage().split("\n")) {
                    session.err().line(part);
                }
                return told.exitCode();
            }
            session.err().line("Unexpected: " + e);
            return CliException.FAILED;
        });
        line.setParameterExceptionHandler((e, arguments) -> {
            session.err().line(String.valueOf(e.getMessage()));
            session.err()
                    .line("See: hub "
                            + e.getCommandLine()
                                    .getCommandSpec()
                                    .qualifiedName(" ")
                                    .replaceFirst("^hub ?", "") + " --help");
            return CliException.USAGE;
        });
        return line.execute(args.length > 0 && args[0].equals("cli") ? Arrays.copyOfRange(args, 1, args.length) : args);
    }

    record Session(AdminClient hub, InputStream in, Terminal out, Terminal err) {

        /**
         * The first line of standard input. No option takes a secret: others could see it in the list of processes.
         *
         * @param option name of the option that asked for it
         */
        String secret(String option) {
            try {
                String line = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine();
                if (line == null || line.isEmpty()) {
                    throw new CliException(CliException.USAGE, option + ": standard input is empty.");
                }
                return line;
            } catch (IOException e) {
                throw new CliException(CliException.FAILED, "Standard input cannot be read.");
            }
        }
    }

    /** Hands the session to each command. */
    private record Factory(Session session) implements CommandLine.IFactory {
        @Override
        public <K> K create(Class<K> type) throws Exception {
            try {
                return type.getDeclaredConstructor(Session.class).newInstance(session);
            } catch (NoSuchMethodException e) {
                return CommandLine.defaultFactory().create(type);
            }
        }
    }

    static Map<String, Object> of(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            if (pairs[i + 1] != null) {
                map.put((String) pairs[i], pairs[i + 1]);
            }
        }
        return map;
    }

    static String segment(String text) {
        return AdminClient.segment(text);
    }

    @Command(
            name = "hub",
            description = "Operates a running SmarterOS Hub.",
            subcommands = {
                Events.class,
                Event.class,
                Dead.class,
                Replay.class,
                Backfill.class,
                Subscriptions.class,
                SubscriptionGroup.class,
                Pause.class,
                Resume.class,
                Balance.class,
                Audit.class,
                ScheduleGroup.class,
                TenantGroup.class,
                ImportCommands.class,
                ChatwootCommands.Check.class,
                ChatwootCommands.ChatwootGroup.class,
                SyncCommands.class,
                BotCommands.BotpressGroup.class,
                BotCommands.IntentGroup.class,
                EndpointCommands.class,
                FlowCommands.class,
                CommandLine.HelpCommand.class
            },
            footer = {
                "",
                "Environment: HUB_ADMIN_URL or HUB_MANAGEMENT_PORT (8081), HUB_ADMIN_USER (operator),",
                "HUB_ADMIN_PASSWORD or the file admin-password in HUB_DATA_DIR (./data).",
                "Moments are like 90s, 30m, 2h, 7d, 4w ago, or 2026-01-31T09:00:00-03:00.",
                "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the hub cannot be reached."
            })
    private static final class Root extends Group {}

    /** A word that needs another one after it. */
    abstract static class Group {
        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Explain this command.")
        boolean help;
    }

    /** What all commands have. */
    abstract static class Verb implements Callable<Integer> {
        final Session session;

        @Option(names = "--json", description = "Print JSON for tools.")
        boolean json;

        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Explain this command.")
        boolean help;

        Verb(Session session) {
            this.session = session;
        }

        abstract JsonNode ask(AdminClient hub);

        abstract void show(Terminal out, JsonNode answer);

        int exitCode(JsonNode answer) {
            return 0;
        }

        @Override
        public Integer call() {
            JsonNode answer = ask(session.hub());
            if (json) {
                session.out().json(answer);
            } else {
                show(session.out(), answer);
            }
            return exitCode(answer);
        }
    }

    /** Options of a list. */
    private static final class Paging {
        @Option(names = "--limit", paramLabel = "n", description = "At most so many (50, up to 500).")
        Integer limit;

        @Option(names = "--cursor", paramLabel = "cursor", description = "Go on after the page before.")
        String cursor;

        void more(Terminal out, JsonNode page) {
            if (page.path("items").isEmpty()) {
                out.line("None.");
            }
            if (page.path("next").isTextual()) {
                out.line("There are more: add --cursor " + page.path("next").asText());
            }
        }
    }

    @Command(name = "events", description = "Lists events, newest first.")
    private static final class Events extends Verb {
        @Option(names = "--tenant", paramLabel = "rut")
        String tenant;

        @Option(names = "--type", paramLabel = "type", description = "Such as contact.received or contact.*")
        String type;

        @Option(names = "--since", paramLabel = "moment")
        String since;

        @Mixin
        Paging paging = new Paging();

        Events(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get(
                    "/events",
                    of("tenant", tenant, "type", type, "since", since, "limit", paging.limit, "cursor", paging.cursor));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.table(answer.path("items"), "id", "receivedAt", "tenant", "type", "key", "source");
            paging.more(out, answer);
        }
    }

    @Command(name = "event", description = "Shows one event with its deliveries and attempts.")
    private static final class Event extends Verb {
        @Parameters(paramLabel = "<event-id>")
        String id;

        Event(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get("/events/" + segment(id), Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.fields(
                    answer.path("event"),
                    "id",
                    "tenant",
                    "type",
                    "source",
                    "key",
                    "correlationId",
                    "occurredAt",
                    "receivedAt");
            out.line("metadata       " + answer.path("metadata"));
            out.line("");
            out.table(
                    answer.path("deliveries"),
                    "id",
                    "subscription",
                    "state",
                    "attempt",
                    "nextAt",
                    "finishedAt",
                    "routeVersion",
                    "lastError");
            for (JsonNode delivery : answer.path("deliveries")) {
                if (!delivery.path("attempts").isEmpty()) {
                    out.line("");
                    out.line("Attempts of " + delivery.path("id") + ":");
                    out.table(
                            delivery.path("attempts"),
                            "attempt",
                            "outcome",
                            "finishedAt",
                            "durationMs",
                            "node",
                            "error");
                }
            }
        }
    }

    @Command(name = "dead", description = "Lists deliveries that were given up.")
    private static final class Dead extends Verb {
        @Option(names = "--subscription", paramLabel = "name")
        String subscription;

        @Option(names = "--tenant", paramLabel = "rut")
        String tenant;

        @Option(names = "--since", paramLabel = "moment", description = "Given up since then.")
        String since;

        @Mixin
        Paging paging = new Paging();

        Dead(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get(
                    "/dead",
                    of(
                            "subscription",
                            subscription,
                            "tenant",
                            tenant,
                            "since",
                            since,
                            "limit",
                            paging.limit,
                            "cursor",
                            paging.cursor));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.table(
                    answer.path("items"),
                    "id",
                    "finishedAt",
                    "tenant",
                    "subscription",
                    "type",
                    "key",
                    "attempts",
                    "reason");
            paging.more(out, answer);
        }
    }

    /** Says what a bulk act did, or would do and how to do it. */
    private static void bulk(Terminal out, JsonNode answer, String what) {
        String count = answer.path("count").asText();
        if (answer.path("dryRun").asBoolean()) {
            out.line("Dry run: " + count + " deliveries would be " + what + ". Add --yes to do it.");
        } else {
            out.line(count + " deliveries " + what + ".");
        }
        if (answer.path("more").asBoolean()) {
            out.line("That is the limit of one call; run it again for the rest, or raise --limit.");
        }
    }

    @Command(name = "replay", description = "Runs one delivery again, or with --dead all that were given up.")
    private static final class Replay extends Verb {
        @Parameters(arity = "0..1", paramLabel = "<delivery-id>")
        String delivery;

        @Option(names = "--dead", description = "All that were given up; only counts unless --yes is there.")
        boolean dead;

        @Option(names = "--since", paramLabel = "moment", description = "Given up since then; needed with --dead.")
        String since;

        @Option(names = "--subscription", paramLabel = "name")
        String subscription;

        @Option(names = "--tenant", paramLabel = "rut")
        String tenant;

        @Option(names = "--limit", paramLabel = "n", description = "At most so many (1000).")
        Integer limit;

        @Option(names = "--yes", description = "Do it.")
        boolean yes;

        Replay(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            boolean narrowed = since != null || subscription != null || tenant != null || limit != null;
            if (dead == (delivery != null) || (!dead && narrowed)) {
                throw new CliException(
                        CliException.USAGE,
                        "Say either which delivery (hub replay 4711) or which dead ones (hub replay --dead --since 2h).");
            }
            if (dead && since == null) {
                throw new CliException(CliException.USAGE, "--dead needs --since, for example --since 2h.");
            }
            return dead
                    ? hub.post(
                            "/dead/replay",
                            of(
                                    "subscription",
                                    subscription,
                                    "tenant",
                                    tenant,
                                    "since",
                                    since,
                                    "limit",
                                    limit,
                                    "dryRun",
                                    !yes))
                    : hub.post("/deliveries/" + segment(delivery) + "/replay", Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            if (dead) {
                bulk(out, answer, "replayed");
            } else if (answer.path("already").asBoolean()) {
                out.line("Delivery " + delivery + " was replayed before, as " + answer.path("delivery")
                        + ". To run it once more, replay that one.");
            } else {
                out.line("Delivery " + delivery + " runs again as " + answer.path("delivery") + ".");
            }
        }
    }

    @Command(name = "backfill", description = "Gives a subscription the events it has not had.")
    private static final class Backfill extends Verb {
        @Parameters(paramLabel = "<subscription>")
        String subscription;

        @Option(names = "--since", required = true, paramLabel = "moment", description = "Received since then.")
        String since;

        @Option(names = "--tenant", paramLabel = "rut")
        String tenant;

        @Option(names = "--limit", paramLabel = "n", description = "At most so many (1000).")
        Integer limit;

        @Option(names = "--yes", description = "Do it.")
        boolean yes;

        Backfill(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    "/subscriptions/" + segment(subscription) + "/backfill",
                    of("since", since, "tenant", tenant, "limit", limit, "dryRun", !yes));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            bulk(out, answer, "made");
        }
    }

    @Command(name = "subscriptions", description = "Lists subscriptions and how they stand.")
    private static final class Subscriptions extends Verb {
        Subscriptions(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get("/subscriptions", Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.table(
                    answer.path("items"),
                    "name",
                    "pattern",
                    "active",
                    "paused",
                    "lastDeclaredAt",
                    "deliveries.pending",
                    "deliveries.leased",
                    "deliveries.retry",
                    "deliveries.dead",
                    "doneLastDay",
                    "oldestSeconds");
        }
    }

    @Command(
            name = "subscription",
            description = "One subscription.",
            synopsisSubcommandLabel = "COMMAND",
            subcommands = {Retire.class})
    private static final class SubscriptionGroup extends Group {}

    @Command(
            name = "retire",
            description = "Ends a subscription that no route declares any more: what waits for it becomes dead.")
    private static final class Retire extends Verb {
        @Parameters(paramLabel = "<subscription>")
        String subscription;

        @Option(names = "--limit", paramLabel = "n", description = "End at most so many deliveries (100000).")
        Integer limit;

        @Option(names = "--yes", description = "Do it.")
        boolean yes;

        Retire(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post("/subscriptions/" + segment(subscription) + "/retire", of("limit", limit, "dryRun", !yes));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            if (!answer.path("dryRun").asBoolean()) {
                out.line("Subscription " + subscription + " is retired.");
            }
            bulk(out, answer, "ended as dead");
        }
    }

    @Command(name = "pause", description = "Stops deliveries to a subscription; events wait.")
    private static final class Pause extends Verb {
        @Parameters(paramLabel = "<subscription>")
        String subscription;

        Pause(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post("/subscriptions/" + segment(subscription) + "/pause", Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.line("Subscription " + subscription + " is paused.");
        }
    }

    @Command(name = "resume", description = "Takes deliveries to a subscription up again.")
    private static final class Resume extends Verb {
        @Parameters(paramLabel = "<subscription>")
        String subscription;

        Resume(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post("/subscriptions/" + segment(subscription) + "/resume", Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.line("Subscription " + subscription + " runs.");
        }
    }

    @Command(
            name = "balance",
            description = "Accounts for every event: done, dead, pending. Exit code 1 when one is missing.")
    private static final class Balance extends Verb {
        @Option(names = "--tenant", paramLabel = "rut")
        String tenant;

        @Option(names = "--since", paramLabel = "moment", description = "Received since then (1d).")
        String since;

        Balance(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get("/balance", of("tenant", tenant, "since", since));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.fields(
                    answer, "since", "events", "done", "dead", "pending", "withoutSubscriber", "missing", "deliveries");
            out.line(answer.path("balanced").asBoolean() ? "It balances." : "IT DOES NOT BALANCE.");
        }

        @Override
        int exitCode(JsonNode answer) {
            return answer.path("balanced").asBoolean() ? 0 : CliException.FAILED;
        }
    }

    @Command(name = "audit", description = "Lists what operators did, latest first.")
    private static final class Audit extends Verb {
        @Option(names = "--tenant", paramLabel = "rut")
        String tenant;

        @Mixin
        Paging paging = new Paging();

        Audit(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get("/audit", of("tenant", tenant, "limit", paging.limit, "cursor", paging.cursor));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.table(answer.path("items"), "id", "at", "actor", "action", "tenant", "detail");
            paging.more(out, answer);
        }
    }

    @Command(
            name = "schedule",
            description = "Schedules: when they fire, and firing by hand.",
            synopsisSubcommandLabel = "COMMAND",
            subcommands = {ScheduleList.class, ScheduleShow.class, ScheduleRun.class})
    private static final class ScheduleGroup extends Group {}

    @Command(name = "list", description = "Lists schedules and how they stand.")
    private static final class ScheduleList extends Verb {
        ScheduleList(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get("/schedules", Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.table(
                    answer.path("items"),
                    "name",
                    "timing",
                    "missed",
                    "jitterMillis",
                    "paused",
                    "tenants",
                    "nextAt",
                    "lastFiredAt",
                    "lastDeclaredAt");
        }
    }

    @Command(name = "show", description = "Shows the tenants of a schedule, who is next first.")
    private static final class ScheduleShow extends Verb {
        @Parameters(paramLabel = "<schedule>")
        String schedule;

        @Option(names = "--tenant", paramLabel = "rut")
        String tenant;

        @Option(names = "--limit", paramLabel = "n", description = "At most so many (50, up to 500).")
        Integer limit;

        ScheduleShow(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get("/schedules/" + segment(schedule), of("tenant", tenant, "limit", limit));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.table(answer.path("items"), "tenant", "timeZone", "nextAt", "lastDueAt", "lastFiredAt");
        }
    }

    @Command(name = "run", description = "Fires a schedule now; what is planned stays planned.")
    private static final class ScheduleRun extends Verb {
        @Parameters(paramLabel = "<schedule>")
        String schedule;

        @Option(names = "--tenant", paramLabel = "rut", description = "For this one only; otherwise for all.")
        String tenant;

        ScheduleRun(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post("/schedules/" + segment(schedule) + "/run", of("tenant", tenant));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.line("Schedule " + schedule + " fired for " + answer.path("count") + " tenants.");
        }
    }

    @Command(
            name = "tenant",
            description = "Tenants, their sites, keys and Odoo.",
            synopsisSubcommandLabel = "COMMAND",
            subcommands = {
                TenantList.class,
                TenantShow.class,
                TenantAdd.class,
                TenantActivate.class,
                TenantDeactivate.class,
                TenantHouse.class,
                TenantOdoo.class,
                ChatwootCommands.Chatwoot.class,
                BotCommands.Botpress.class,
                StorageCommands.Storage.class,
                MailCommands.Mail.class,
                MailCommands.TemplateGroup.class,
                KeyGroup.class,
                OriginGroup.class
            })
    private static final class TenantGroup extends Group {}

    @Command(
            name = "key",
            description = "API keys of a tenant.",
            synopsisSubcommandLabel = "COMMAND",
            subcommands = {KeyList.class, KeyAdd.class, KeyRevoke.class})
    private static final class KeyGroup extends Group {}

    @Command(
            name = "origin",
            description = "Hosts of the web sites of a tenant.",
            synopsisSubcommandLabel = "COMMAND",
            subcommands = {OriginAdd.class, OriginRemove.class})
    private static final class OriginGroup extends Group {}

    /** A command about one tenant. */
    abstract static class TenantVerb extends Verb {
        @Parameters(index = "0", paramLabel = "<rut>")
        String rut;

        TenantVerb(Session session) {
            super(session);
        }

        String path(String rest) {
            return "/tenants/" + segment(rut) + rest;
        }
    }

    static void tenant(Terminal out, JsonNode tenant) {
        out.fields(tenant, "rut", "businessName", "slug", "plan", "active", "house", "timeZone");
        JsonNode odoo = tenant.path("odoo");
        if (odoo.isObject()) {
            out.line("odoo:");
            out.fields(odoo, "url", "db", "user", "companyId", "transport", "createLead");
        }
        JsonNode chatwoot = tenant.path("chatwoot");
        if (chatwoot.isObject()) {
            out.line("chatwoot:");
            out.fields(chatwoot, "url", "accountId", "inboxId");
        }
        JsonNode bot = tenant.path("bot");
        if (bot.isObject()) {
            out.line("bot:");
            BotCommands.describe(out, bot);
        }
        JsonNode mail = tenant.path("mail");
        if (mail.isObject()) {
            out.line("mail:");
            out.fields(mail, "from", "admin");
        }
        JsonNode storage = tenant.path("storage");
        if (storage.path("url").isTextual() || storage.path("bucket").isTextual()) {
            out.line("storage:");
            out.fields(storage, "url", "bucket", "productImages");
        }
    }

    @Command(name = "list", description = "Lists tenants.")
    private static final class TenantList extends Verb {
        TenantList(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get("/tenants", Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.table(answer.path("items"), "rut", "businessName", "slug", "plan", "active", "house", "odoo.url");
        }
    }

    @Command(name = "show", description = "Shows a tenant with its sites and keys.")
    private static final class TenantShow extends TenantVerb {
        TenantShow(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get(path(""), Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            tenant(out, answer.path("tenant"));
            out.line("");
            out.line("Sites:");
            answer.path("origins").forEach(host -> out.line("  " + host.asText()));
            out.line("");
            out.table(answer.path("keys"), KEY_COLUMNS);
        }
    }

    private static final String[] KEY_COLUMNS = {
        "id", "name", "scopes", "createdAt", "expiresAt", "revokedAt", "lastUsedAt"
    };

    @Command(name = "add", description = "Creates a tenant, or changes what is given.")
    private static final class TenantAdd extends TenantVerb {
        @Option(names = "--name", paramLabel = "name", description = "Name of the company; needed for a new tenant.")
        String name;

        @Option(names = "--slug", paramLabel = "slug")
        String slug;

        @Option(names = "--plan", paramLabel = "plan")
        String plan;

        @Option(names = "--email", paramLabel = "address")
        String email;

        @Option(names = "--time-zone", paramLabel = "zone")
        String timeZone;

        TenantAdd(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    "/tenants",
                    of(
                            "rut",
                            rut,
                            "businessName",
                            name,
                            "slug",
                            slug,
                            "plan",
                            plan,
                            "contactEmail",
                            email,
                            "timeZone",
                            timeZone));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            tenant(out, answer);
        }
    }

    /** A change of a tenant that takes no more than its name. */
    private abstract static class TenantAct extends TenantVerb {
        private final String act;

        TenantAct(Session session, String act) {
            super(session);
            this.act = act;
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(path("/" + act), Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            tenant(out, answer);
        }
    }

    @Command(name = "activate", description = "Takes a tenant up again.")
    private static final class TenantActivate extends TenantAct {
        TenantActivate(Session session) {
            super(session, "activate");
        }
    }

    @Command(name = "deactivate", description = "Stops everything for a tenant; its data stay.")
    private static final class TenantDeactivate extends TenantAct {
        TenantDeactivate(Session session) {
            super(session, "deactivate");
        }
    }

    @Command(name = "house", description = "Makes a tenant the one that gets what names nobody.")
    private static final class TenantHouse extends TenantAct {
        TenantHouse(Session session) {
            super(session, "house");
        }
    }

    @Command(name = "odoo", description = "Says which Odoo a tenant has, and stores its password or API key.")
    private static final class TenantOdoo extends TenantVerb {
        @Option(names = "--url", paramLabel = "url")
        String url;

        @Option(names = "--db", paramLabel = "database")
        String db;

        @Option(names = "--user", paramLabel = "login")
        String user;

        @Option(names = "--company", paramLabel = "id")
        Integer company;

        @Option(names = "--transport", paramLabel = "auto|xmlrpc|json2")
        String transport;

        @Option(names = "--create-lead", paramLabel = "true|false", arity = "1")
        Boolean createLead;

        @Option(
                names = "--password-stdin",
                description =
                        "Read the password from the first line of standard input. There is no option that takes it: "
                                + "others could see it in the list of processes.")
        boolean passwordStdin;

        @Option(
                names = "--api-key-stdin",
                description = "Read an API key instead; it wins over the password. JSON-2 takes nothing else.")
        boolean apiKeyStdin;

        TenantOdoo(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            if (passwordStdin && apiKeyStdin) {
                throw new CliException(
                        CliException.USAGE,
                        "Give the password or the API key, one at a time: --password-stdin or --api-key-stdin.");
            }
            return hub.post(
                    path("/odoo"),
                    of(
                            "url",
                            url,
                            "db",
                            db,
                            "user",
                            user,
                            "company",
                            company,
                            "transport",
                            transport,
                            "createLead",
                            createLead,
                            "password",
                            passwordStdin ? session.secret("--password-stdin") : null,
                            "apiKey",
                            apiKeyStdin ? session.secret("--api-key-stdin") : null));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            tenant(out, answer.path("tenant"));
            if (answer.path("apiKeyStored").asBoolean()) {
                out.line("The API key is stored; it wins over the password.");
            } else if (answer.path("passwordStored").asBoolean()) {
                out.line("The password is stored. An API key, if one is stored, wins over it.");
            } else {
                out.line("Password and API key are as they were; --api-key-stdin or --password-stdin sets one.");
            }
        }
    }

    @Command(name = "list", description = "Lists the keys of a tenant.")
    private static final class KeyList extends TenantVerb {
        KeyList(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.get(path("/keys"), Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.table(answer.path("items"), KEY_COLUMNS);
        }
    }

    @Command(name = "add", description = "Issues a key and shows it, once.")
    private static final class KeyAdd extends TenantVerb {
        @Option(names = "--name", required = true, paramLabel = "name", description = "What it is for.")
        String name;

        @Option(
                names = "--scope",
                split = ",",
                paramLabel = "scope",
                description = "Default contacts:write,products:read.")
        List<String> scopes;

        @Option(names = "--expires", paramLabel = "2027-01-31T00:00:00Z")
        String expires;

        KeyAdd(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(path("/keys"), of("name", name, "scopes", scopes, "expiresAt", expires));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.fields(answer, "id", "key");
            session.err().line("Keep the key now: it cannot be shown again.");
        }
    }

    @Command(name = "revoke", description = "Ends a key at once.")
    private static final class KeyRevoke extends TenantVerb {
        @Parameters(index = "1", paramLabel = "<key-id>")
        String id;

        KeyRevoke(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(path("/keys/" + segment(id) + "/revoke"), Map.of());
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            out.line(
                    answer.path("revokedNow").asBoolean()
                            ? "Key " + id + " is revoked."
                            : "Key " + id + " had been revoked before.");
        }
    }

    @Command(name = "add", description = "Maps the host of a web site to a tenant.")
    private static final class OriginAdd extends TenantVerb {
        @Parameters(index = "1", paramLabel = "<host>")
        String host;

        OriginAdd(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(path("/origins"), of("host", host));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            answer.path("items").forEach(item -> out.line(item.asText()));
        }
    }

    @Command(name = "remove", description = "Takes the host of a web site from a tenant.")
    private static final class OriginRemove extends TenantVerb {
        @Parameters(index = "1", paramLabel = "<host>")
        String host;

        OriginRemove(Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.delete(path("/origins/" + segment(host)));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            answer.path("items").forEach(item -> out.line(item.asText()));
        }
    }
}
