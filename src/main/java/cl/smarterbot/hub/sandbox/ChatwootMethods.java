package cl.smarterbot.hub.sandbox;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** What can be called below {@code /api/v1/accounts/{id}/}. Runs under the vendor's lock. */
final class ChatwootMethods {

    /** The answer {@code null}; a method that answers nothing at all returns null itself. */
    static final Object NULL = new Object();

    /**
     * One call.
     *
     * @param ids numbers in the path after the account's, in their order
     * @param params of the query and the body
     * @param base of the sandbox as the caller knows it, such as {@code http://127.0.0.1:8090}
     */
    record Call(
            ChatwootStore.Actor actor,
            List<Integer> ids,
            Map<String, Object> params,
            List<SandboxForm.File> files,
            String base) {
        ChatwootAccount account() {
            return actor.account();
        }

        String text(String name) {
            Object value = params.get(name);
            return value == null || value.equals("") ? null : String.valueOf(value);
        }
    }

    /**
     * A method.
     *
     * @param bots whether an agent bot's token will do
     */
    record Method(String model, String name, boolean bots, Function<Call, Object> body) {}

    private final Map<String, Method> methods = new HashMap<>();
    private final ChatwootConversations conversations;
    private final ChatwootSettings settings;

    ChatwootMethods(ChatwootStore store, ChatwootEvents events) {
        new ChatwootContacts(store, events).register(this);
        conversations = new ChatwootConversations(store, events);
        conversations.register(this);
        settings = new ChatwootSettings(store);
        settings.register(this);
    }

    ChatwootConversations conversations() {
        return conversations;
    }

    ChatwootSettings settings() {
        return settings;
    }

    /**
     * @param path below the account, each number in it replaced by {@code #}
     * @return null if there is none
     */
    Method find(String verb, String path) {
        return methods.get((verb.equals("PUT") ? "PATCH" : verb) + " " + path);
    }

    void add(String route, String model, String name, Function<Call, Object> body) {
        methods.put(route, new Method(model, name, false, body));
    }

    /** The same, for agent bots too. */
    void addForBots(String route, String model, String name, Function<Call, Object> body) {
        methods.put(route, new Method(model, name, true, body));
    }

    static Map<String, Object> payload(Object value) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("payload", value);
        return body;
    }

    static Integer number(Object value) {
        try {
            return value instanceof Number number
                    ? (Integer) number.intValue()
                    : value instanceof String text && !text.isBlank() ? Integer.valueOf(text.trim()) : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    static int page(Call call) {
        Integer page = number(call.params().get("page"));
        return page == null || page < 1 ? 1 : Math.min(page, 1_000_000);
    }

    static ChatwootContact contact(Call call) {
        return contact(call, call.ids().get(0));
    }

    static ChatwootContact contact(Call call, Object id) {
        Integer number = number(id);
        ChatwootContact contact =
                number == null ? null : call.account().contacts.get(number);
        if (contact == null) {
            throw ChatwootFault.notFound();
        }
        return contact;
    }

    static ChatwootInbox inbox(Call call) {
        return inbox(call, call.ids().get(0));
    }

    static ChatwootInbox inbox(Call call, Object id) {
        Integer number = number(id);
        ChatwootInbox inbox = number == null ? null : call.account().inboxes.get(number);
        if (inbox == null) {
            throw ChatwootFault.notFound();
        }
        return inbox;
    }

    static List<String> labels(Call call) {
        return call.params().get("labels") instanceof List<?> list
                ? list.stream().map(String::valueOf).distinct().toList()
                : List.of();
    }
}
