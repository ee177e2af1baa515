package cl.smarterbot.hub.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The sandbox's Chatwoot: two accounts, each with an API inbox and a website inbox. Thread-safe: one lock around each
 * call's effect.
 */
final class ChatwootVendor implements SandboxVendor {
    private static final String ACCOUNTS = "/api/v1/accounts/";
    private static final String FILES = "/rails/active_storage/";

    private final ReentrantLock lock = new ReentrantLock();
    private final Clock clock;
    private final SandboxHooks hooks;
    private final Map<String, Long> calls = new TreeMap<>();
    private final Map<Integer, Integer> searches = new HashMap<>();
    private final Duration hookLimit;
    private final Duration botPause;
    private ChatwootStore store;
    private ChatwootMethods methods;
    private int searchesPerMinute;
    private long minute;
    private volatile String base = "http://127.0.0.1";

    ChatwootVendor(Clock clock) {
        this(clock, Duration.ofSeconds(5), Duration.ofSeconds(3));
    }

    /**
     * @param hookLimit how long the receiver of a webhook may take
     * @param botPause between the attempts for a bot
     */
    ChatwootVendor(Clock clock, Duration hookLimit, Duration botPause) {
        this.clock = clock;
        this.hookLimit = hookLimit;
        this.botPause = botPause;
        this.hooks = new SandboxHooks(clock, "Chatwoot (sandbox)");
        reset();
    }

    private <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /** Base address of the sandbox, for files that come from inside. */
    void at(String address) {
        base = address;
    }

    @Override
    public String name() {
        return "chatwoot";
    }

    @Override
    public boolean owns(String path) {
        return path.startsWith(ACCOUNTS) || path.equals("/api/v1/profile") || path.startsWith(FILES);
    }

    /** Back to two empty accounts without webhooks and limits. Ids of messages go on. */
    @Override
    public void reset() {
        locked(() -> {
            hooks.clear();
            calls.clear();
            searches.clear();
            searchesPerMinute = 0;
            ChatwootStore fresh = new ChatwootStore(clock, store);
            store = fresh;
            ChatwootEvents.Failures failures = new ChatwootEvents.Failures() {
                @Override
                public void callback(ChatwootMessage message) {
                    afterFailure(fresh, () -> {
                        if (!message.status.equals("failed")) {
                            methods.conversations()
                                    .fate(message, "failed", "The callback of the inbox did not answer with success");
                        }
                    });
                }

                @Override
                public void bot(ChatwootMessage message) {
                    afterFailure(fresh, () -> {
                        if (message.conversation.status.equals("pending")) {
                            methods.conversations()
                                    .status(message.conversation, "open", "the system: its bot did not answer");
                        }
                    });
                }
            };
            methods = new ChatwootMethods(fresh, new ChatwootEvents(hooks, failures, hookLimit, botPause));
            return null;
        });
    }

    private void afterFailure(ChatwootStore of, Runnable work) {
        locked(() -> {
            if (store == of) {
                work.run();
            }
            return null;
        });
    }

    @Override
    public void close() {
        hooks.close();
    }

    // Calls

    /** A path below an account: its numbers apart from the rest. */
    private record Target(Integer account, String route, List<Integer> ids) {
        static Target of(String path) {
            String[] parts = path.substring(ACCOUNTS.length()).split("/");
            List<Integer> ids = new ArrayList<>();
            StringBuilder route = new StringBuilder();
            for (int i = 1; i < parts.length; i++) {
                Integer number = number(parts[i]);
                route.append(i == 1 ? "" : "/").append(number == null ? parts[i] : "#");
                if (number != null) {
                    ids.add(number);
                }
            }
            return new Target(number(parts[0]), route.toString(), ids);
        }

        private static Integer number(String text) {
            boolean digits =
                    !text.isEmpty() && text.length() < 10 && text.chars().allMatch(c -> c >= '0' && c <= '9');
            return digits ? Integer.valueOf(text) : null;
        }
    }

    @Override
    public SandboxCall open(SandboxRequest request) {
        String path = request.path();
        if (path.startsWith(FILES)) {
            return new SandboxCall("attachments", "show", null, () -> file(path).keepAlive());
        }
        if (!path.startsWith(ACCOUNTS)) {
            return new SandboxCall("profile", "show", null, () -> answer(() -> profile(request)));
        }
        Target target = Target.of(path);
        ChatwootMethods.Method method = locked(() -> methods.find(request.method(), target.route()));
        return new SandboxCall(
                method == null ? null : method.model(),
                method == null ? null : method.name(),
                target.account(),
                () -> answer(() -> serve(request, target)));
    }

    private static SandboxAnswer answer(Supplier<SandboxAnswer> work) {
        try {
            return work.get().keepAlive();
        } catch (ChatwootFault fault) {
            return fault.answer().keepAlive();
        }
    }

    private ChatwootStore.Actor actor(SandboxRequest request) {
        ChatwootStore.Actor actor = store.tokens.get(request.header("api_access_token"));
        if (actor == null) {
            throw ChatwootFault.unauthorized("Invalid Access Token");
        }
        return actor;
    }

    private SandboxAnswer serve(SandboxRequest request, Target target) {
        // Read outside the lock; a body that cannot be read counts only for a caller that may call.
        SandboxForm form = null;
        ChatwootFault wrong = null;
        try {
            form = params(request);
        } catch (IOException | IllegalArgumentException e) {
            wrong = ChatwootFault.of(400, "Error occurred while parsing request parameters");
        }
        SandboxForm read = form;
        ChatwootFault unread = wrong;
        Object body = locked(() -> {
            ChatwootStore.Actor actor = actor(request);
            if (target.account() == null || !store.accounts.containsKey(target.account())) {
                throw ChatwootFault.notFound();
            }
            if (actor.account().id != target.account()) {
                throw ChatwootFault.unauthorized(
                        actor.isBot()
                                ? "Bot is not authorized to access this account"
                                : "You are not authorized to access this account");
            }
            ChatwootMethods.Method method = methods.find(request.method(), target.route());
            if (method == null) {
                throw ChatwootFault.notFound();
            }
            if (actor.isBot() && !method.bots()) {
                throw ChatwootFault.unauthorized("Access to this endpoint is not authorized for bots");
            }
            if (unread != null) {
                throw unread;
            }
            calls.merge(method.model() + "." + method.name(), 1L, Long::sum);
            throttle(method, target.account());
            return method.body()
                    .apply(new ChatwootMethods.Call(
                            actor, target.ids(), read.fields(), read.files(), "http://" + request.header("host")));
        });
        if (body == null) {
            return SandboxAnswer.of(200, "application/json; charset=utf-8", new byte[0]);
        }
        return SandboxAnswer.json(200, body == ChatwootMethods.NULL ? null : body);
    }

    private void throttle(ChatwootMethods.Method method, int account) {
        if (searchesPerMinute == 0
                || !method.model().equals("contacts")
                || !method.name().equals("search")) {
            return;
        }
        long now = clock.instant().getEpochSecond() / 60;
        if (now != minute) {
            minute = now;
            searches.clear();
        }
        if (searches.merge(account, 1, Integer::sum) > searchesPerMinute) {
            throw ChatwootFault.of(429, "Retry later\n");
        }
    }

    private static SandboxForm params(SandboxRequest request) throws IOException {
        SandboxForm query = new SandboxForm(new LinkedHashMap<>(), List.of());
        request.query().forEach((name, value) -> {
            if (name.endsWith("[]")) {
                query.fields().put(name.substring(0, name.length() - 2), List.of(value));
            } else {
                query.fields().put(name, value);
            }
        });
        if (request.body().length == 0) {
            return query;
        }
        String type = request.header("content-type");
        String kind = type.toLowerCase(Locale.ROOT);
        SandboxForm body;
        if (kind.startsWith("multipart/form-data")) {
            body = SandboxForm.multipart(type, request.body());
        } else if (kind.startsWith("application/json")) {
            Object read = SandboxJson.read(request.body());
            Map<String, Object> fields = new LinkedHashMap<>();
            if (read instanceof Map<?, ?> map) {
                map.forEach((name, value) -> fields.put(String.valueOf(name), value));
            }
            body = new SandboxForm(fields, List.of());
        } else {
            body = SandboxForm.urlEncoded(request.text());
        }
        // A form can carry an object as a JSON text only.
        if (body.fields().get("content_attributes") instanceof String text && !text.isBlank()) {
            body.fields().put("content_attributes", SandboxJson.read(text.getBytes(StandardCharsets.UTF_8)));
        }
        query.fields().forEach(body.fields()::putIfAbsent);
        return body;
    }

    private SandboxAnswer profile(SandboxRequest request) {
        return locked(() -> {
            ChatwootStore.Actor actor = actor(request);
            if (!(actor.who() instanceof ChatwootUser user)) {
                throw ChatwootFault.unauthorized("Access to this endpoint is not authorized for bots");
            }
            Map<String, Object> account = ChatwootShapes.account(actor.account());
            account.put("status", "active");
            account.put("role", user.role());
            Map<String, Object> row = ChatwootShapes.user(user, actor.account().id);
            row.put("accounts", List.of(account));
            return SandboxAnswer.json(200, row);
        });
    }

    /** A file's address answers with a redirect to its bytes. */
    private SandboxAnswer file(String path) {
        String[] parts = path.substring(FILES.length()).split("/");
        boolean redirect = parts.length == 4 && parts[0].equals("blobs") && parts[1].equals("redirect");
        boolean bytes = parts.length == 3 && parts[0].equals("disk");
        Integer id = redirect || bytes ? Target.number(parts[parts.length - 2]) : null;
        ChatwootStore.Blob blob = id == null ? null : locked(() -> store.blob(id));
        if (blob == null) {
            return ChatwootFault.notFound().answer();
        }
        return redirect
                ? SandboxAnswer.html(302, "").with("Location", FILES + "disk/" + id + "/" + blob.name())
                // Never shown as a page: a file may hold anything.
                : SandboxAnswer.of(200, blob.contentType(), blob.bytes())
                        .with("Content-Disposition", "attachment")
                        .with("X-Content-Type-Options", "nosniff");
    }

    // Steering and looking

    /**
     * @throws IllegalArgumentException if there is no such account, or a value is wrong
     */
    int webhook(int account, String url, String secret, List<?> subscriptions) {
        return locked(() -> {
            try {
                return methods.settings()
                        .register(
                                account(account),
                                null,
                                null,
                                url,
                                subscriptions.isEmpty() ? ChatwootWebhook.USUAL : subscriptions,
                                null,
                                secret)
                        .id();
            } catch (ChatwootFault fault) {
                throw new IllegalArgumentException(fault.getMessage(), fault);
            }
        });
    }

    private ChatwootAccount account(int id) {
        ChatwootAccount account = store.accounts.get(id);
        if (account == null) {
            throw new IllegalArgumentException("there is no account " + id);
        }
        return account;
    }

    void callback(int account, String url) {
        locked(() -> account(account).apiInbox().webhookUrl = url);
    }

    /** Sends the account's API inbox through its bot, or, without an address, no longer. */
    void bot(int account, String url) {
        locked(() -> {
            ChatwootAccount of = account(account);
            ChatwootBot bot = of.bots.get(account);
            bot.outgoingUrl = url;
            of.apiInbox().bot = url == null ? null : bot;
            return null;
        });
    }

    void limits(int searches, int messages) {
        if (searches < 0 || messages < 0) {
            throw new IllegalArgumentException("limits are whole numbers, 0 for none");
        }
        locked(() -> {
            searchesPerMinute = searches;
            store.messagesPerMinute = messages;
            return null;
        });
    }

    Map<String, Object> say(int account, Integer inbox, Integer conversation, String contact, String text) {
        return say(account, inbox, conversation, contact, text, List.of());
    }

    Map<String, Object> say(
            int account,
            Integer inbox,
            Integer conversation,
            String contact,
            String text,
            List<SandboxForm.File> files) {
        return locked(() -> {
            ChatwootMessage message =
                    methods.conversations().say(account, inbox, conversation, contact, text, files, base);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("account", account);
            row.put("contact", message.conversation.contact().id);
            row.put("conversation", message.conversation.id);
            row.put("message", message.id);
            return row;
        });
    }

    @Override
    public SandboxAnswer steer(String rest, Map<?, ?> body) {
        switch (rest) {
            case "webhooks":
                if (!(body.get("account") instanceof Integer account) || !(body.get("url") instanceof String url)) {
                    throw new IllegalArgumentException("account is a number, url a text");
                }
                Object secret = body.get("secret");
                List<?> subscriptions = body.get("subscriptions") instanceof List<?> list ? list : List.of();
                return SandboxAnswer.json(
                        200,
                        Map.of("id", webhook(account, url, secret == null ? null : secret.toString(), subscriptions)));
            case "say":
                Integer conversation = body.get("conversation") instanceof Integer id ? id : null;
                Integer inbox = body.get("inbox") instanceof Integer id ? id : null;
                String contact = body.get("contact") instanceof String who ? who : null;
                List<SandboxForm.File> files = files(body.get("file"));
                String text = body.get("text") instanceof String words ? words : null;
                if (!(body.get("account") instanceof Integer account)
                        || text == null && files.isEmpty()
                        || conversation == null && contact == null) {
                    throw new IllegalArgumentException(
                            "account is a number, text a text, and either conversation a number or contact an e-mail"
                                    + " address or phone number (with inbox a number, if not the API inbox); file has"
                                    + " name, type and base64");
                }
                return SandboxAnswer.json(200, say(account, inbox, conversation, contact, text, files));
            case "limits":
                int searches = limit(body, "searchesPerMinute");
                int messages = limit(body, "messagesPerMinute");
                limits(searches, messages);
                return SandboxAnswer.json(200, Map.of("searchesPerMinute", searches, "messagesPerMinute", messages));
            default:
                return null;
        }
    }

    /** @throws IllegalArgumentException if it is neither null nor a file */
    private static List<SandboxForm.File> files(Object given) {
        if (given == null) {
            return List.of();
        }
        if (!(given instanceof Map<?, ?> file)
                || !(file.get("name") instanceof String name)
                || !(file.get("base64") instanceof String base64)) {
            throw new IllegalArgumentException("file has name, type and base64");
        }
        Object type = file.get("type");
        return List.of(new SandboxForm.File(
                "attachments[]",
                name,
                type instanceof String word ? word : "application/octet-stream",
                Base64.getDecoder().decode(base64)));
    }

    private static int limit(Map<?, ?> body, String name) {
        Object value = body.get(name);
        return value instanceof Integer number ? number : value == null ? 0 : -1;
    }

    @Override
    public SandboxAnswer look(String rest, SandboxRequest request) {
        try {
            Map<String, String> query = request.query();
            return switch (rest) {
                case "contacts" -> SandboxAnswer.json(200, contacts(query));
                case "conversations" -> SandboxAnswer.json(200, conversations(query));
                case "messages" -> SandboxAnswer.json(200, messages(query));
                case "stats" -> SandboxAnswer.json(200, stats());
                case "deliveries" -> SandboxAnswer.json(200, hooks.outcomes());
                default -> null;
            };
        } catch (IllegalArgumentException e) {
            return SandboxAnswer.json(400, Map.of("error", String.valueOf(e.getMessage())));
        }
    }

    private Stream<ChatwootAccount> accounts(Map<String, String> filter) {
        String account = filter.get("account_id");
        return store.accounts.values().stream()
                .filter(one -> account == null || account.equals(String.valueOf(one.id)));
    }

    private static Map<String, String> named(Map<String, String> query) {
        Map<String, String> filter = new LinkedHashMap<>(query);
        String account = filter.remove("account");
        if (account != null) {
            filter.put("account_id", account);
        }
        return filter;
    }

    List<Map<String, Object>> contacts(Map<String, String> query) {
        Map<String, String> filter = named(query);
        return locked(() -> SandboxRows.select(
                accounts(filter).flatMap(one -> one.contacts.values().stream()).toList(),
                contact -> {
                    Map<String, Object> row = ChatwootShapes.contact(contact, true);
                    row.put("account_id", contact.account.id);
                    row.put("labels", contact.labels);
                    return row;
                },
                filter));
    }

    List<Map<String, Object>> conversations(Map<String, String> query) {
        Map<String, String> filter = named(query);
        return locked(() -> SandboxRows.select(
                accounts(filter)
                        .flatMap(one -> one.conversations.values().stream())
                        .toList(),
                conversation -> {
                    Map<String, Object> row = ChatwootShapes.conversation(conversation);
                    row.put("contact_id", conversation.contact().id);
                    return row;
                },
                filter));
    }

    List<Map<String, Object>> messages(Map<String, String> query) {
        Map<String, String> filter = named(query);
        String conversation = filter.get("conversation_id");
        return locked(() -> SandboxRows.select(
                accounts(filter)
                        .flatMap(one -> one.conversations.values().stream())
                        .filter(one -> conversation == null || conversation.equals(String.valueOf(one.id)))
                        .flatMap(one -> one.messages.stream())
                        .toList(),
                message -> {
                    Map<String, Object> row = ChatwootShapes.message(message);
                    row.put("account_id", message.conversation.account().id);
                    return row;
                },
                filter));
    }

    Map<String, Object> stats() {
        return locked(() -> {
            long contacts = 0;
            long conversations = 0;
            long messages = 0;
            long duplicateContacts = 0;
            long several = 0;
            Map<String, Integer> events = new HashMap<>();
            for (ChatwootAccount account : store.accounts.values()) {
                Map<String, Integer> emails = new HashMap<>();
                contacts += account.contacts.size();
                for (ChatwootContact contact : account.contacts.values()) {
                    if (contact.email != null) {
                        emails.merge(contact.email, 1, Integer::sum);
                    }
                    several += contact.conversations.size() > 1 ? 1 : 0;
                }
                duplicateContacts += repeated(emails);
                conversations += account.conversations.size();
                for (ChatwootConversation conversation : account.conversations.values()) {
                    messages += conversation.messages.size();
                    for (ChatwootMessage message : conversation.messages) {
                        Object event = message.contentAttributes.get("hub_event_id");
                        if (event != null) {
                            events.merge(account.id + "\n" + event, 1, Integer::sum);
                        }
                    }
                }
            }
            Map<String, Object> stats = new LinkedHashMap<>();
            stats.put("contacts", contacts);
            stats.put("conversations", conversations);
            stats.put("messages", messages);
            stats.put("duplicateContacts", duplicateContacts);
            stats.put("duplicateMessages", repeated(events));
            stats.put("contactsWithSeveralConversations", several);
            stats.put("calls", new TreeMap<>(calls));
            stats.put("webhooks", hooks.stats());
            return stats;
        });
    }

    private static long repeated(Map<String, Integer> counts) {
        return counts.values().stream().filter(count -> count > 1).count();
    }

    // The page for people

    private static final int SHOWN_CONVERSATIONS = 10;
    private static final int SHOWN_MESSAGES = 20;

    @Override
    public String page() {
        return locked(() -> {
            StringBuilder out = new StringBuilder("<h2>Chatwoot</h2>");
            for (ChatwootAccount account : store.accounts.values()) {
                out.append("<section><h3>");
                SandboxPage.escape(out, account.name);
                out.append(" <small>")
                        .append(account.contacts.size())
                        .append(" contactos, ")
                        .append(account.conversations.size())
                        .append(" conversaciones</small></h3>");
                if (account.conversations.isEmpty()) {
                    out.append("<p class=none>Ninguna conversación todavía.</p>");
                }
                account.byActivity.descendingMap().values().stream()
                        .limit(SHOWN_CONVERSATIONS)
                        .forEach(conversation -> show(out, conversation));
                out.append("</section>");
            }
            return out.toString();
        });
    }

    private static void show(StringBuilder out, ChatwootConversation conversation) {
        out.append("<p><b>").append(conversation.id).append("</b> ");
        ChatwootContact contact = conversation.contact();
        Stream.of(contact.name, contact.email, contact.phone)
                .filter(Objects::nonNull)
                .filter(text -> !text.isEmpty())
                .forEach(text -> {
                    SandboxPage.escape(out, text);
                    out.append(" ");
                });
        out.append("<small>").append(conversation.status);
        for (String label : conversation.labels) {
            out.append(" · ");
            SandboxPage.escape(out, label);
        }
        out.append("</small></p><table>");
        int size = conversation.messages.size();
        for (ChatwootMessage message : conversation.messages.subList(Math.max(0, size - SHOWN_MESSAGES), size)) {
            out.append("<tr><td>").append(speaker(message)).append("</td><td>");
            SandboxPage.escape(out, message.content == null ? "" : message.content);
            message.attachments.forEach(
                    file -> out.append(" [").append(file.fileType()).append("]"));
            out.append("</td></tr>");
        }
        out.append("</table>");
    }

    private static String speaker(ChatwootMessage message) {
        if (message.hidden) {
            return "nota";
        }
        return switch (message.type) {
            case INCOMING -> "cliente";
            case ACTIVITY -> "—";
            case TEMPLATE -> "plantilla";
            case OUTGOING -> message.sender instanceof ChatwootBot ? "bot" : "equipo";
        };
    }
}
