package cl.smarterbot.hub.sandbox;

import cl.smarterbot.hub.sandbox.ChatwootMethods.Call;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Calls about an account's inboxes, webhooks, bots and the rest of its settings. */
final class ChatwootSettings {
    private static final List<String> DISPLAY_TYPES =
            List.of("text", "number", "currency", "percent", "link", "date", "list", "checkbox");
    private static final List<String> MODELS = List.of("conversation_attribute", "contact_attribute");

    private final ChatwootStore store;

    ChatwootSettings(ChatwootStore store) {
        this.store = store;
    }

    void register(ChatwootMethods to) {
        to.add(
                "GET inboxes",
                "inboxes",
                "list",
                call -> ChatwootMethods.payload(call.account().inboxes.values().stream()
                        .map(ChatwootShapes::inbox)
                        .toList()));
        to.add("GET inboxes/#", "inboxes", "show", call -> ChatwootShapes.inbox(ChatwootMethods.inbox(call)));
        to.add("PATCH inboxes/#", "inboxes", "update", call -> {
            ChatwootInbox inbox = ChatwootMethods.inbox(call);
            if (call.params().containsKey("lock_to_single_conversation")) {
                inbox.lockToSingleConversation =
                        ChatwootStore.truth(call.params().get("lock_to_single_conversation"));
            }
            if (inbox.isApi()
                    && call.params().get("channel") instanceof Map<?, ?> channel
                    && channel.containsKey("webhook_url")) {
                inbox.webhookUrl = channel.get("webhook_url") instanceof String url && !url.isBlank() ? url : null;
            }
            return ChatwootShapes.inbox(inbox);
        });
        to.add("GET inboxes/#/agent_bot", "inboxes", "agent_bot", call -> {
            ChatwootBot bot = ChatwootMethods.inbox(call).bot;
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("agent_bot", bot == null ? Map.of() : ChatwootShapes.bot(bot, call.account().id));
            return body;
        });
        to.add("POST inboxes/#/set_agent_bot", "inboxes", "set_agent_bot", call -> {
            ChatwootInbox inbox = ChatwootMethods.inbox(call);
            Integer id = ChatwootMethods.number(call.params().get("agent_bot"));
            inbox.bot = id == null ? null : bot(call, id);
            return null;
        });
        to.add("GET agents", "agents", "list", call -> call.account().users.values().stream()
                .map(user -> ChatwootShapes.user(user, call.account().id))
                .toList());
        to.add("GET teams", "teams", "list", call -> call.account().teams.keySet().stream()
                .sorted()
                .map(id -> ChatwootShapes.team(id, call.account()))
                .toList());
        webhooks(to);
        bots(to);
        definitions(to);
    }

    private void webhooks(ChatwootMethods to) {
        to.add("GET webhooks", "webhooks", "list", call -> {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put(
                    "webhooks",
                    call.account().webhooks.values().stream()
                            .map(one -> ChatwootShapes.webhook(one, call.account().id))
                            .toList());
            return ChatwootMethods.payload(all);
        });
        to.add("POST webhooks", "webhooks", "create", call -> webhook(call, null));
        to.add("PATCH webhooks/#", "webhooks", "update", call -> webhook(call, webhook(call)));
        to.add("DELETE webhooks/#", "webhooks", "delete", call -> {
            call.account().webhooks.remove(webhook(call).id());
            return null;
        });
    }

    private static ChatwootWebhook webhook(Call call) {
        ChatwootWebhook webhook = call.account().webhooks.get(call.ids().get(0));
        if (webhook == null) {
            throw ChatwootFault.notFound();
        }
        return webhook;
    }

    private Object webhook(Call call, ChatwootWebhook old) {
        Map<?, ?> params = call.params().get("webhook") instanceof Map<?, ?> wrapped ? wrapped : call.params();
        Object url = params.containsKey("url") ? params.get("url") : old == null ? null : old.url();
        Object subscriptions = params.containsKey("subscriptions")
                ? params.get("subscriptions")
                : old == null ? ChatwootWebhook.USUAL : old.subscriptions();
        ChatwootInbox inbox = params.get("inbox_id") != null
                ? ChatwootMethods.inbox(call, params.get("inbox_id"))
                : old == null ? null : old.inbox();
        Object name = params.containsKey("name") ? params.get("name") : old == null ? null : old.name();
        ChatwootWebhook made = register(
                call.account(),
                old,
                name == null ? null : String.valueOf(name),
                url == null ? "" : String.valueOf(url),
                subscriptions,
                inbox,
                old == null ? ChatwootStore.secret() : old.secret());
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("webhook", ChatwootShapes.webhook(made, call.account().id));
        return ChatwootMethods.payload(body);
    }

    /**
     * Adds a webhook, or replaces an old one.
     *
     * @throws ChatwootFault 422 if a value is wrong, or another has the address
     */
    ChatwootWebhook register(
            ChatwootAccount account,
            ChatwootWebhook old,
            String name,
            String url,
            Object subscriptions,
            ChatwootInbox inbox,
            String secret) {
        List<String> messages = new ArrayList<>();
        List<String> attributes = new ArrayList<>();
        if (!url.matches("https?://[^\\s]+")) {
            messages.add("Url is invalid");
            attributes.add("url");
        } else if (account.webhooks.values().stream()
                .anyMatch(one -> one.url().equals(url) && (old == null || one.id() != old.id()))) {
            messages.add("Url has already been taken");
            attributes.add("url");
        }
        if (!(subscriptions instanceof List<?> list) || list.isEmpty() || !ChatwootWebhook.EVENTS.containsAll(list)) {
            messages.add("Subscriptions Invalid events");
            attributes.add("subscriptions");
        }
        if (!messages.isEmpty()) {
            throw ChatwootFault.invalid(messages, attributes);
        }
        ChatwootWebhook webhook = new ChatwootWebhook(
                old == null ? store.nextId() : old.id(),
                name,
                url,
                ((List<?>) subscriptions)
                        .stream().map(String::valueOf).distinct().toList(),
                inbox,
                secret);
        account.webhooks.put(webhook.id(), webhook);
        return webhook;
    }

    private void bots(ChatwootMethods to) {
        to.add("GET agent_bots", "agent_bots", "list", call -> call.account().bots.values().stream()
                .map(bot -> ChatwootShapes.bot(bot, call.account().id))
                .toList());
        to.add(
                "GET agent_bots/#",
                "agent_bots",
                "show",
                call -> ChatwootShapes.bot(bot(call, call.ids().get(0)), call.account().id));
        to.add("POST agent_bots", "agent_bots", "create", call -> {
            ChatwootBot bot = new ChatwootBot(
                    store.nextId(),
                    call.text("name") == null ? "" : call.text("name"),
                    ChatwootStore.secret(),
                    ChatwootStore.secret());
            change(call, bot);
            call.account().bots.put(bot.id, bot);
            store.tokens.put(bot.token, new ChatwootStore.Actor(call.account(), bot));
            return ChatwootShapes.bot(bot, call.account().id);
        });
        to.add("PATCH agent_bots/#", "agent_bots", "update", call -> {
            ChatwootBot bot = bot(call, call.ids().get(0));
            change(call, bot);
            return ChatwootShapes.bot(bot, call.account().id);
        });
        to.add("POST agent_bots/#/reset_secret", "agent_bots", "reset_secret", call -> {
            ChatwootBot bot = bot(call, call.ids().get(0));
            bot.secret = ChatwootStore.secret();
            return ChatwootShapes.bot(bot, call.account().id);
        });
    }

    private static ChatwootBot bot(Call call, int id) {
        ChatwootBot bot = call.account().bots.get(id);
        if (bot == null) {
            throw ChatwootFault.notFound();
        }
        return bot;
    }

    private static void change(Call call, ChatwootBot bot) {
        String url = call.params().containsKey("outgoing_url") ? call.text("outgoing_url") : bot.outgoingUrl;
        if (url != null && url.length() > 2048) {
            throw ChatwootFault.invalid(
                    List.of("Outgoing url is too long (maximum is 2048 characters)"), List.of("outgoing_url"));
        }
        bot.outgoingUrl = url;
        if (call.text("name") != null) {
            bot.name = call.text("name");
        }
        if (call.text("description") != null) {
            bot.description = call.text("description");
        }
    }

    private void definitions(ChatwootMethods to) {
        String route = "custom_attribute_definitions";
        to.add("GET " + route, route, "list", call -> {
            String model = word(call.params().get("attribute_model"), MODELS);
            return call.account().definitions.values().stream()
                    .filter(one -> model == null || model.equals(one.get("attribute_model")))
                    .toList();
        });
        to.add("GET " + route + "/#", route, "show", ChatwootSettings::definition);
        to.add("POST " + route, route, "create", call -> {
            Map<?, ?> params =
                    call.params().get("custom_attribute_definition") instanceof Map<?, ?> map ? map : call.params();
            Object key = params.get("attribute_key");
            Object name = params.get("attribute_display_name");
            String model =
                    params.get("attribute_model") == null ? MODELS.get(0) : word(params.get("attribute_model"), MODELS);
            List<String> messages = new ArrayList<>();
            List<String> attributes = new ArrayList<>();
            if (name == null || name.equals("")) {
                messages.add("Attribute display name can't be blank");
                attributes.add("attribute_display_name");
            }
            if (key == null || key.equals("")) {
                messages.add("Attribute key can't be blank");
                attributes.add("attribute_key");
            } else if (call.account().definitions.values().stream()
                    .anyMatch(one -> key.equals(one.get("attribute_key"))
                            && Objects.equals(model, one.get("attribute_model")))) {
                messages.add("Attribute key has already been taken");
                attributes.add("attribute_key");
            }
            if (!messages.isEmpty()) {
                throw ChatwootFault.invalid(messages, attributes);
            }
            int id = store.nextId();
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("id", id);
            row.put("attribute_display_name", name);
            row.put("attribute_display_type", word(params.get("attribute_display_type"), DISPLAY_TYPES));
            row.put("attribute_description", params.get("attribute_description"));
            row.put("attribute_key", key);
            row.put("regex_pattern", params.get("regex_pattern"));
            row.put("regex_cue", params.get("regex_cue"));
            row.put("attribute_values", params.get("attribute_values") instanceof List<?> list ? list : List.of());
            row.put("attribute_model", model);
            row.put("default_value", null);
            row.put("created_at", store.now().toString());
            row.put("updated_at", store.now().toString());
            call.account().definitions.put(id, row);
            return row;
        });
        to.add("DELETE " + route + "/#", route, "delete", call -> {
            definition(call);
            call.account().definitions.remove(call.ids().get(0));
            return null;
        });
    }

    private static Object definition(Call call) {
        Map<String, Object> row = call.account().definitions.get(call.ids().get(0));
        if (row == null) {
            throw ChatwootFault.notFound();
        }
        return row;
    }

    /** A word of the list, given as itself or as its number. */
    private static String word(Object value, List<String> words) {
        if (value == null) {
            return null;
        }
        Integer number = ChatwootMethods.number(value);
        if (number != null && number >= 0 && number < words.size()) {
            return words.get(number);
        }
        if (!words.contains(value)) {
            throw ChatwootFault.of(422, "'" + value + "' is not valid");
        }
        return (String) value;
    }
}
