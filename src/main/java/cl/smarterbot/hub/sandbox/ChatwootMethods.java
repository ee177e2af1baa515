package cl.smarterbot.hub.sandbox;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/** What can be called below {@code /api/v1/accounts/{id}/}. Runs under the vendor's lock. */
final class ChatwootMethods {
    private static final int CONTACTS_A_PAGE = 15;
    private static final int CONVERSATIONS_A_PAGE = 25;
    private static final int MESSAGES_A_PAGE = 20;
    private static final List<String> DISPLAY_TYPES =
            List.of("text", "number", "currency", "percent", "link", "date", "list", "checkbox");
    private static final List<String> MODELS = List.of("conversation_attribute", "contact_attribute");

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

    private final ChatwootStore store;
    private final ChatwootEvents events;
    private final Map<String, Method> methods = new HashMap<>();

    ChatwootMethods(ChatwootStore store, ChatwootEvents events) {
        this.store = store;
        this.events = events;
        contacts();
        conversations();
        settings();
    }

    /**
     * @param path below the account, each number in it replaced by {@code #}
     * @return null if there is none
     */
    Method find(String verb, String path) {
        return methods.get((verb.equals("PUT") ? "PATCH" : verb) + " " + path);
    }

    private void add(String route, String model, String name, Function<Call, Object> body) {
        methods.put(route, new Method(model, name, false, body));
    }

    private void addForBots(String route, String model, String name, Function<Call, Object> body) {
        methods.put(route, new Method(model, name, true, body));
    }

    private static Map<String, Object> payload(Object value) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("payload", value);
        return body;
    }

    private static Integer number(Object value) {
        try {
            return value instanceof Number number
                    ? (Integer) number.intValue()
                    : value instanceof String text && !text.isBlank() ? Integer.valueOf(text.trim()) : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static int page(Call call) {
        Integer page = number(call.params().get("page"));
        return page == null || page < 1 ? 1 : page;
    }

    // Contacts

    private void contacts() {
        add("GET contacts", "contacts", "list", this::listContacts);
        add("GET contacts/search", "contacts", "search", this::searchContacts);
        add("POST contacts/filter", "contacts", "filter", this::filterContacts);
        add("POST contacts", "contacts", "create", this::createContact);
        add("GET contacts/#", "contacts", "show", call -> payload(ChatwootShapes.contact(contact(call), true)));
        add("PATCH contacts/#", "contacts", "update", this::updateContact);
        add("DELETE contacts/#", "contacts", "delete", call -> {
            store.deleteContact(contact(call));
            return null;
        });
        add("POST contacts/#/destroy_custom_attributes", "contacts", "destroy_custom_attributes", call -> {
            ChatwootContact contact = contact(call);
            Map<String, Object> rest = new LinkedHashMap<>(contact.customAttributes);
            if (call.params().get("custom_attributes") instanceof List<?> names) {
                names.forEach(rest::remove);
            }
            Map<String, Object> before = contact.customAttributes;
            contact.customAttributes = ChatwootStore.map(rest);
            if (!before.equals(contact.customAttributes)) {
                contact.updatedAt = store.now();
                events.contact(
                        "contact_updated",
                        contact,
                        List.of(ChatwootShapes.change("custom_attributes", before, contact.customAttributes)));
            }
            return payload(ChatwootShapes.contact(contact, true));
        });
        add("POST contacts/#/contact_inboxes", "contact_inboxes", "create", call -> {
            ChatwootContact contact = contact(call);
            ChatwootInbox inbox = inbox(call, call.params().get("inbox_id"));
            return ChatwootShapes.link(store.link(contact, inbox, call.params().get("source_id")));
        });
        add("GET contacts/#/conversations", "contacts", "conversations", call -> {
            List<ChatwootConversation> newest = new ArrayList<>(contact(call).conversations);
            newest.sort(Comparator.comparingLong((ChatwootConversation one) -> one.activity)
                    .reversed());
            return payload(
                    newest.stream().limit(20).map(ChatwootShapes::conversation).toList());
        });
        add("GET contacts/#/labels", "contacts", "labels", call -> payload(contact(call).labels));
        add("POST contacts/#/labels", "contacts", "set_labels", call -> {
            ChatwootContact contact = contact(call);
            contact.labels = labels(call);
            return payload(contact.labels);
        });
    }

    private static ChatwootContact contact(Call call) {
        return contact(call, call.ids().get(0));
    }

    private static ChatwootContact contact(Call call, Object id) {
        Integer number = number(id);
        ChatwootContact contact =
                number == null ? null : call.account().contacts.get(number);
        if (contact == null) {
            throw ChatwootFault.notFound();
        }
        return contact;
    }

    private static Object meta(Call call, int count) {
        Map<String, Object> meta = new LinkedHashMap<>();
        meta.put("count", count);
        // As it came: Chatwoot does not make a number of it.
        meta.put("current_page", call.text("page") == null ? (Object) 1 : call.text("page"));
        return meta;
    }

    private static Map<String, Object> contactPage(Call call, List<ChatwootContact> all) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("meta", meta(call, all.size()));
        body.put(
                "payload",
                all.stream()
                        .skip((long) (page(call) - 1) * CONTACTS_A_PAGE)
                        .limit(CONTACTS_A_PAGE)
                        .map(contact -> ChatwootShapes.contact(contact, links(call)))
                        .toList());
        return body;
    }

    private static boolean links(Call call) {
        return !"false".equals(call.text("include_contact_inboxes"));
    }

    private static List<ChatwootContact> sorted(Call call, Collection<ChatwootContact> contacts) {
        String by = call.text("sort") == null ? "id" : call.text("sort");
        Comparator<Instant> times = Comparator.nullsFirst(Comparator.naturalOrder());
        Comparator<String> texts = Comparator.nullsFirst(String.CASE_INSENSITIVE_ORDER);
        Comparator<ChatwootContact> order =
                switch (by.startsWith("-") ? by.substring(1) : by) {
                    case "last_activity_at" -> Comparator.comparing(contact -> contact.lastActivityAt, times);
                    case "created_at" -> Comparator.comparing(contact -> contact.createdAt, times);
                    case "name" -> Comparator.comparing(contact -> contact.name, texts);
                    case "email" -> Comparator.comparing(contact -> contact.email, texts);
                    case "phone_number" -> Comparator.comparing(contact -> contact.phone, texts);
                    default -> null;
                };
        Comparator<ChatwootContact> ids = Comparator.comparingInt(contact -> contact.id);
        List<ChatwootContact> list = new ArrayList<>(contacts);
        list.sort(order == null ? ids : (by.startsWith("-") ? order.reversed() : order).thenComparing(ids));
        return list;
    }

    private Object listContacts(Call call) {
        return contactPage(
                call,
                sorted(
                        call,
                        call.account().contacts.values().stream()
                                .filter(one -> one.email != null || one.phone != null || one.identifier != null)
                                .toList()));
    }

    private Object searchContacts(Call call) {
        if (call.text("q") == null || call.text("q").isBlank()) {
            throw ChatwootFault.of(422, "Specify search string with parameter q");
        }
        String part = call.text("q").strip();
        ChatwootAccount account = call.account();
        List<ChatwootContact> found = sorted(
                call,
                account.search.candidates(part, account.contacts.values()).stream()
                        .filter(ChatwootSearch.matcher(part))
                        .toList());
        int from = Math.min(found.size(), (page(call) - 1) * CONTACTS_A_PAGE);
        List<ChatwootContact> shown = found.subList(from, Math.min(found.size(), from + CONTACTS_A_PAGE));
        Map<String, Object> meta = new LinkedHashMap<>();
        // The number on this page, not of all that match.
        meta.put("count", shown.size());
        meta.put("current_page", call.text("page") == null ? (Object) 1 : call.text("page"));
        meta.put("has_more", found.size() > from + shown.size());
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("meta", meta);
        body.put(
                "payload",
                shown.stream()
                        .map(contact -> ChatwootShapes.contact(contact, links(call)))
                        .toList());
        return body;
    }

    private Object filterContacts(Call call) {
        return contactPage(
                call,
                sorted(call, ChatwootFilter.select(call.account(), call.params().get("payload"))));
    }

    private Object createContact(Call call) {
        ChatwootInbox inbox =
                call.text("inbox_id") == null ? null : inbox(call, call.params().get("inbox_id"));
        checkSource(inbox, call.params().get("source_id"));
        ChatwootContact contact = store.createContact(call.account(), call.params());
        ChatwootContact.Link link =
                inbox == null ? null : store.link(contact, inbox, call.params().get("source_id"));
        events.contact("contact_created", contact, null);
        Map<String, Object> place = new LinkedHashMap<>();
        place.put("inbox", inbox == null ? null : ChatwootShapes.inbox(inbox));
        place.put("source_id", link == null ? null : link.sourceId);
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("contact", ChatwootShapes.contact(contact, true));
        made.put("contact_inbox", place);
        return payload(made);
    }

    /** Before anything is made, so that a refused call makes nothing. */
    private static void checkSource(ChatwootInbox inbox, Object sourceId) {
        if (inbox != null && sourceId instanceof String source && inbox.bySource.containsKey(source)) {
            throw ChatwootFault.of(422, "source_id should be unique");
        }
    }

    private Object updateContact(Call call) {
        ChatwootContact contact = contact(call);
        List<Object> changes = store.updateContact(contact, call.params());
        if (!changes.isEmpty()) {
            events.contact("contact_updated", contact, changes);
        }
        return payload(ChatwootShapes.contact(contact, true));
    }

    private static List<String> labels(Call call) {
        return call.params().get("labels") instanceof List<?> list
                ? list.stream().map(String::valueOf).distinct().toList()
                : List.of();
    }

    // Conversations

    private void conversations() {
        add("GET conversations", "conversations", "list", this::listConversations);
        add("GET conversations/meta", "conversations", "meta", call -> {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("meta", counts(call));
            return body;
        });
        addForBots("POST conversations", "conversations", "create", this::createConversation);
        addForBots(
                "GET conversations/#",
                "conversations",
                "show",
                call -> ChatwootShapes.conversation(conversation(call)));
        addForBots("PATCH conversations/#", "conversations", "update", call -> {
            ChatwootConversation conversation = conversation(call);
            if (call.params().containsKey("priority")) {
                prioritise(conversation, call.text("priority"));
            }
            return ChatwootShapes.conversation(conversation);
        });
        addForBots("POST conversations/#/toggle_status", "conversations", "toggle_status", this::toggleStatus);
        addForBots("POST conversations/#/toggle_priority", "conversations", "toggle_priority", call -> {
            prioritise(conversation(call), call.text("priority"));
            return null;
        });
        addForBots("POST conversations/#/toggle_typing_status", "conversations", "toggle_typing_status", call -> {
            conversation(call);
            return null;
        });
        addForBots("POST conversations/#/custom_attributes", "conversations", "custom_attributes", call -> {
            ChatwootConversation conversation = conversation(call);
            Map<String, Object> before = conversation.customAttributes;
            conversation.customAttributes = ChatwootStore.map(call.params().get("custom_attributes"));
            updated(conversation, "custom_attributes", before, conversation.customAttributes);
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("custom_attributes", conversation.customAttributes);
            return body;
        });
        addForBots("GET conversations/#/labels", "conversations", "labels", call -> payload(conversation(call).labels));
        addForBots("POST conversations/#/labels", "conversations", "set_labels", call -> {
            ChatwootConversation conversation = conversation(call);
            List<String> before = conversation.labels;
            conversation.labels = labels(call);
            updated(conversation, "label_list", before, conversation.labels);
            return payload(conversation.labels);
        });
        addForBots("POST conversations/#/assignments", "assignments", "create", this::assign);
        add("POST conversations/#/update_last_seen", "conversations", "update_last_seen", call -> {
            ChatwootConversation conversation = conversation(call);
            conversation.agentLastSeenAt = store.now();
            conversation.unread = 0;
            return ChatwootShapes.conversation(conversation);
        });
        add("GET conversations/#/messages", "messages", "list", this::listMessages);
        addForBots("POST conversations/#/messages", "messages", "create", this::createMessage);
        add("PATCH conversations/#/messages/#", "messages", "update", this::updateMessage);
    }

    private static ChatwootConversation conversation(Call call) {
        ChatwootConversation conversation =
                call.account().conversations.get(call.ids().get(0));
        if (conversation == null) {
            throw ChatwootFault.notFound();
        }
        return conversation;
    }

    private void updated(ChatwootConversation conversation, String attribute, Object before, Object now) {
        if (!Objects.equals(before, now)) {
            conversation.updatedAt = store.now();
            events.conversation(
                    "conversation_updated", conversation, List.of(ChatwootShapes.change(attribute, before, now)));
        }
    }

    private void prioritise(ChatwootConversation conversation, String priority) {
        if (priority != null && !Set.of("low", "medium", "high", "urgent").contains(priority)) {
            throw ChatwootFault.of(422, "'" + priority + "' is not a valid priority");
        }
        String before = conversation.priority;
        conversation.priority = priority;
        updated(conversation, "priority", before, priority);
    }

    private List<ChatwootConversation> chosen(Call call) {
        String status = call.text("status") == null ? "open" : call.text("status");
        Integer inbox = number(call.params().get("inbox_id"));
        Integer team = number(call.params().get("team_id"));
        Integer within = number(call.params().get("updated_within"));
        Instant since = within == null ? null : store.now().minusSeconds(within);
        Object labels = call.params().get("labels");
        List<ChatwootConversation> chosen = new ArrayList<>();
        for (ChatwootConversation one :
                call.account().byActivity.descendingMap().values()) {
            if ((status.equals("all") || status.equals(one.status))
                    && (inbox == null || inbox == one.inbox().id)
                    && (team == null || team.equals(one.team))
                    && (since == null || one.updatedAt.isAfter(since))
                    && (!(labels instanceof List<?> wanted)
                            || one.labels.stream().anyMatch(wanted::contains))) {
                chosen.add(one);
            }
        }
        return chosen;
    }

    private Map<String, Object> counts(Call call) {
        return counts(call, chosen(call));
    }

    private static Map<String, Object> counts(Call call, List<ChatwootConversation> chosen) {
        long assigned = chosen.stream().filter(one -> one.assignee != null).count();
        Map<String, Object> counts = new LinkedHashMap<>();
        counts.put(
                "mine_count",
                chosen.stream()
                        .filter(one -> one.assignee != null
                                && one.assignee.equals(call.actor().who()))
                        .count());
        counts.put("assigned_count", assigned);
        counts.put("unassigned_count", chosen.size() - assigned);
        counts.put("all_count", chosen.size());
        return counts;
    }

    private Object listConversations(Call call) {
        List<ChatwootConversation> chosen = chosen(call);
        Map<String, Object> counts = counts(call, chosen);
        String assignees = call.text("assignee_type") == null ? "all" : call.text("assignee_type");
        List<ChatwootConversation> shown = chosen.stream()
                .filter(one -> switch (assignees) {
                    case "me" -> call.actor().who().equals(one.assignee);
                    case "unassigned" -> one.assignee == null;
                    case "assigned" -> one.assignee != null;
                    default -> true;
                })
                .toList();
        if (call.text("updated_within") == null) {
            int from = Math.min(shown.size(), (page(call) - 1) * CONVERSATIONS_A_PAGE);
            shown = shown.subList(from, Math.min(shown.size(), from + CONVERSATIONS_A_PAGE));
        }
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("meta", counts);
        data.put("payload", shown.stream().map(ChatwootShapes::conversation).toList());
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("data", data);
        return body;
    }

    private Object createConversation(Call call) {
        Map<String, Object> params = call.params();
        ChatwootInbox inbox = call.text("inbox_id") == null ? null : inbox(call, params.get("inbox_id"));
        ChatwootContact contact = call.text("contact_id") == null ? null : contact(call, params.get("contact_id"));
        String status = call.text("status");
        if (status != null && !ChatwootConversation.STATUSES.contains(status)) {
            throw ChatwootFault.of(422, "'" + status + "' is not a valid status");
        }
        ChatwootContact.Link known = inbox == null || contact == null ? known(call) : null;
        ChatwootInbox into = known == null ? inbox : known.inbox;
        Map<?, ?> first = params.get("message") instanceof Map<?, ?> message && !message.isEmpty() ? message : null;
        if (first != null) {
            ChatwootStore.checkMessage(into, first, List.of());
        }
        ChatwootContact.Link link = known == null ? store.link(contact, inbox, params.get("source_id")) : known;
        ChatwootConversation conversation = into.lockToSingleConversation ? newest(link) : null;
        boolean fresh = conversation == null;
        if (fresh) {
            conversation = store.converse(link, status);
            conversation.customAttributes = ChatwootStore.map(params.get("custom_attributes"));
            conversation.additionalAttributes = ChatwootStore.map(params.get("additional_attributes"));
            conversation.assignee = call.account().users.get(number(params.get("assignee_id")));
            Integer team = number(params.get("team_id"));
            conversation.team = call.account().teams.containsKey(team == null ? -1 : team) ? team : null;
        }
        start(conversation, fresh, first, call.actor().who());
        return ChatwootShapes.conversation(conversation);
    }

    private void start(ChatwootConversation conversation, boolean fresh, Map<?, ?> first, Object actor) {
        ChatwootMessage message = first == null ? null : store.compose(conversation, actor, first, List.of());
        String before = message == null ? null : store.write(message);
        if (fresh) {
            events.conversation("conversation_created", conversation, null);
        }
        if (message != null) {
            told(message, before);
        }
    }

    private void told(ChatwootMessage message, String before) {
        events.message("message_created", message);
        if (before != null) {
            statusChanged(message.conversation, before);
        }
    }

    private void statusChanged(ChatwootConversation conversation, String before) {
        events.conversation(
                "conversation_status_changed",
                conversation,
                List.of(ChatwootShapes.change("status", before, conversation.status)));
    }

    /** By the source id alone, which Chatwoot looks for in the whole installation. */
    private ChatwootContact.Link known(Call call) {
        Object source = call.params().get("source_id");
        for (ChatwootAccount account : store.accounts.values()) {
            for (ChatwootInbox inbox : account.inboxes.values()) {
                ChatwootContact.Link link = source instanceof String text ? inbox.bySource.get(text) : null;
                if (link != null && account != call.account()) {
                    throw ChatwootFault.unauthorized("You are not authorized to do this action");
                }
                if (link != null) {
                    return link;
                }
            }
        }
        throw ChatwootFault.notFound();
    }

    private static ChatwootConversation newest(ChatwootContact.Link link) {
        return link.contact.conversations.stream()
                .filter(one -> one.link == link)
                .reduce((first, second) -> second)
                .orElse(null);
    }

    private Object toggleStatus(Call call) {
        ChatwootConversation conversation = conversation(call);
        String status = call.text("status") != null
                ? call.text("status")
                : conversation.status.equals("open") ? "resolved" : "open";
        if (!ChatwootConversation.STATUSES.contains(status)) {
            throw ChatwootFault.of(422, "'" + status + "' is not a valid status");
        }
        conversation.snoozedUntil =
                status.equals("snoozed") ? until(call.params().get("snoozed_until")) : null;
        status(conversation, status, call.actor().name());
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("success", true);
        result.put("conversation_id", conversation.id);
        result.put("current_status", conversation.status);
        result.put("snoozed_until", conversation.snoozedUntil == null ? null : conversation.snoozedUntil.toString());
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("meta", Map.of());
        body.put("payload", result);
        return body;
    }

    private static Instant until(Object seconds) {
        Integer number = number(seconds);
        return number == null ? null : Instant.ofEpochSecond(number);
    }

    /** Sets a conversation's status for someone and tells of it, if it is another. */
    void status(ChatwootConversation conversation, String status, String who) {
        String before = conversation.status;
        if (before.equals(status)) {
            return;
        }
        conversation.status = status;
        if (status.equals("open")) {
            conversation.botAssignee = null;
        }
        String word = status.equals("open")
                ? "reopened"
                : status.equals("pending") ? "marked as pending" : "marked " + status;
        store.note(conversation, "Conversation was " + word + " by " + who);
        statusChanged(conversation, before);
    }

    private Object assign(Call call) {
        ChatwootConversation conversation = conversation(call);
        ChatwootAccount account = call.account();
        Integer id = number(call.params().get("assignee_id"));
        if ("AgentBot".equals(call.text("assignee_type"))) {
            Object before = conversation.botAssignee == null ? null : conversation.botAssignee.id;
            conversation.botAssignee = id == null ? null : account.bots.get(id);
            conversation.assignee = null;
            updated(conversation, "assignee_agent_bot_id", before, id);
            return conversation.botAssignee == null ? NULL : ChatwootShapes.bot(conversation.botAssignee, account.id);
        }
        if (call.params().containsKey("assignee_id")) {
            Object before = conversation.assignee == null ? null : conversation.assignee.id();
            // An id that nobody has takes the assignee away.
            conversation.assignee = id == null ? null : account.users.get(id);
            conversation.botAssignee = null;
            updated(conversation, "assignee_id", before, conversation.assignee == null ? null : id);
            return conversation.assignee == null ? NULL : ChatwootShapes.user(conversation.assignee, account.id);
        }
        if (call.params().containsKey("team_id")) {
            Integer team = number(call.params().get("team_id"));
            Integer before = conversation.team;
            conversation.team = team != null && account.teams.containsKey(team) ? team : null;
            updated(conversation, "team_id", before, conversation.team);
            return conversation.team == null ? NULL : ChatwootShapes.team(conversation.team, account);
        }
        return NULL;
    }

    // Messages

    private Object listMessages(Call call) {
        ChatwootConversation conversation = conversation(call);
        Integer before = number(call.params().get("before"));
        Integer after = number(call.params().get("after"));
        List<ChatwootMessage> chosen = conversation.messages.stream()
                .filter(message -> (before == null || message.id < before)
                        && (after == null || (before == null ? message.id > after : message.id >= after))
                        && (call.text("filter_internal_messages") == null
                                || !message.hidden && message.type != ChatwootMessage.Type.ACTIVITY))
                .toList();
        List<ChatwootMessage> shown = after == null
                ? chosen.subList(Math.max(0, chosen.size() - MESSAGES_A_PAGE), chosen.size())
                : chosen.subList(0, Math.min(chosen.size(), before == null ? 100 : 1000));
        Map<String, Object> meta = new LinkedHashMap<>();
        meta.put("labels", conversation.labels);
        meta.put("additional_attributes", conversation.additionalAttributes);
        meta.put("contact", ChatwootShapes.contact(conversation.contact(), false));
        if (conversation.assignee != null) {
            meta.put("assignee", ChatwootShapes.user(conversation.assignee, call.account().id));
        }
        meta.put("agent_last_seen_at", conversation.agentLastSeenAt);
        meta.put("assignee_last_seen_at", null);
        if (conversation.agentLastSeenAt != null) {
            meta.put("agent_last_seen_at", conversation.agentLastSeenAt.toString());
        }
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("meta", meta);
        body.put("payload", shown.stream().map(ChatwootShapes::message).toList());
        return body;
    }

    private Object createMessage(Call call) {
        ChatwootConversation conversation = conversation(call);
        return ChatwootShapes.message(
                write(conversation, call.actor().who(), call.params(), call.files(), call.base()));
    }

    private ChatwootMessage write(
            ChatwootConversation conversation,
            Object actor,
            Map<?, ?> params,
            List<SandboxForm.File> files,
            String base) {
        ChatwootMessage message = store.compose(conversation, actor, params, files);
        if (!files.isEmpty()) {
            store.attach(message, files, base);
        }
        told(message, store.write(message));
        return message;
    }

    private Object updateMessage(Call call) {
        ChatwootConversation conversation = conversation(call);
        ChatwootMessage message = conversation.messages.stream()
                .filter(one -> one.id == call.ids().get(1))
                .findFirst()
                .orElseThrow(ChatwootFault::notFound);
        if (!conversation.inbox().isApi()) {
            throw ChatwootFault.of(403, "Message status update is only allowed for API inboxes");
        }
        String status = call.text("status");
        if (status == null || !Set.of("sent", "delivered", "read", "failed").contains(status)) {
            throw ChatwootFault.of(422, "'" + status + "' is not a valid status");
        }
        fate(message, status, call.text("external_error"));
        return ChatwootShapes.message(message);
    }

    /** Sets whether a message arrived, and tells of it. */
    void fate(ChatwootMessage message, String status, String error) {
        message.status = status;
        message.updatedAt = store.now();
        if (error != null) {
            Map<String, Object> attributes = new LinkedHashMap<>(message.contentAttributes);
            attributes.put("external_error", error);
            message.contentAttributes = ChatwootStore.map(attributes);
        }
        events.message("message_updated", message);
    }

    /**
     * The customer says something: in the conversation of that id; or else in the newest one that the contact has in the
     * inbox, which is made if there is none.
     *
     * @param inboxId null for the API inbox
     * @param conversationId null for whichever
     * @param contact e-mail address or phone number; null with a conversation
     * @throws IllegalArgumentException if there is no such account, inbox or conversation, or no such contact can be
     */
    ChatwootMessage say(int accountId, Integer inboxId, Integer conversationId, String contact, String text) {
        ChatwootAccount account = store.accounts.get(accountId);
        if (account == null) {
            throw new IllegalArgumentException("there is no account " + accountId);
        }
        try {
            ChatwootConversation conversation;
            boolean fresh = false;
            if (conversationId != null) {
                conversation = account.conversations.get(conversationId);
                if (conversation == null) {
                    throw new IllegalArgumentException("there is no conversation " + conversationId);
                }
            } else {
                ChatwootInbox inbox = inboxId == null ? account.apiInbox() : account.inboxes.get(inboxId);
                if (inbox == null) {
                    throw new IllegalArgumentException("there is no inbox " + inboxId);
                }
                ChatwootContact from = from(account, contact);
                conversation = from.conversations.stream()
                        .filter(one -> one.inbox() == inbox)
                        .reduce((first, second) -> second)
                        .orElse(null);
                fresh = conversation == null;
                if (fresh) {
                    conversation = store.converse(
                            from.links.stream()
                                    .filter(link -> link.inbox == inbox)
                                    .findFirst()
                                    .orElseGet(() -> store.link(from, inbox, null)),
                            null);
                }
            }
            Map<String, Object> message = new LinkedHashMap<>();
            message.put("content", text);
            message.put("message_type", "incoming");
            if (fresh) {
                start(conversation, true, message, conversation.contact());
                return conversation.last();
            }
            return write(conversation, conversation.contact(), message, List.of(), "");
        } catch (ChatwootFault fault) {
            throw new IllegalArgumentException(fault.getMessage(), fault);
        }
    }

    private ChatwootContact from(ChatwootAccount account, String contact) {
        String key = contact.startsWith("+") ? contact : contact.toLowerCase(Locale.ROOT);
        ChatwootContact known = contact.startsWith("+") ? account.byPhone.get(key) : account.byEmail.get(key);
        if (known != null) {
            return known;
        }
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("name", contact.replaceFirst("@.*", ""));
        params.put(contact.startsWith("+") ? "phone_number" : "email", contact);
        ChatwootContact made = store.createContact(account, params);
        events.contact("contact_created", made, null);
        return made;
    }

    // Inboxes, webhooks, bots and the rest of an account's settings

    private void settings() {
        add(
                "GET inboxes",
                "inboxes",
                "list",
                call -> payload(call.account().inboxes.values().stream()
                        .map(ChatwootShapes::inbox)
                        .toList()));
        add("GET inboxes/#", "inboxes", "show", call -> ChatwootShapes.inbox(inbox(call)));
        add("PATCH inboxes/#", "inboxes", "update", call -> {
            ChatwootInbox inbox = inbox(call);
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
        add("GET inboxes/#/agent_bot", "inboxes", "agent_bot", call -> {
            ChatwootBot bot = inbox(call).bot;
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("agent_bot", bot == null ? Map.of() : ChatwootShapes.bot(bot, call.account().id));
            return body;
        });
        add("POST inboxes/#/set_agent_bot", "inboxes", "set_agent_bot", call -> {
            ChatwootInbox inbox = inbox(call);
            Integer id = number(call.params().get("agent_bot"));
            inbox.bot = id == null ? null : bot(call, id);
            return null;
        });
        add("GET agents", "agents", "list", call -> call.account().users.values().stream()
                .map(user -> ChatwootShapes.user(user, call.account().id))
                .toList());
        add("GET teams", "teams", "list", call -> call.account().teams.keySet().stream()
                .sorted()
                .map(id -> ChatwootShapes.team(id, call.account()))
                .toList());
        webhooks();
        bots();
        definitions();
    }

    private static ChatwootInbox inbox(Call call) {
        return inbox(call, call.ids().get(0));
    }

    private static ChatwootInbox inbox(Call call, Object id) {
        Integer number = number(id);
        ChatwootInbox inbox = number == null ? null : call.account().inboxes.get(number);
        if (inbox == null) {
            throw ChatwootFault.notFound();
        }
        return inbox;
    }

    private void webhooks() {
        add("GET webhooks", "webhooks", "list", call -> {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put(
                    "webhooks",
                    call.account().webhooks.values().stream()
                            .map(one -> ChatwootShapes.webhook(one, call.account().id))
                            .toList());
            return payload(all);
        });
        add("POST webhooks", "webhooks", "create", call -> webhook(call, null));
        add("PATCH webhooks/#", "webhooks", "update", call -> webhook(call, webhook(call)));
        add("DELETE webhooks/#", "webhooks", "delete", call -> {
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
        ChatwootInbox inbox =
                params.get("inbox_id") != null ? inbox(call, params.get("inbox_id")) : old == null ? null : old.inbox();
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
        return payload(body);
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

    private void bots() {
        add("GET agent_bots", "agent_bots", "list", call -> call.account().bots.values().stream()
                .map(bot -> ChatwootShapes.bot(bot, call.account().id))
                .toList());
        add(
                "GET agent_bots/#",
                "agent_bots",
                "show",
                call -> ChatwootShapes.bot(bot(call, call.ids().get(0)), call.account().id));
        add("POST agent_bots", "agent_bots", "create", call -> {
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
        add("PATCH agent_bots/#", "agent_bots", "update", call -> {
            ChatwootBot bot = bot(call, call.ids().get(0));
            change(call, bot);
            return ChatwootShapes.bot(bot, call.account().id);
        });
        add("POST agent_bots/#/reset_secret", "agent_bots", "reset_secret", call -> {
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

    private void definitions() {
        String route = "custom_attribute_definitions";
        add("GET " + route, route, "list", call -> {
            String model = word(call.params().get("attribute_model"), MODELS);
            return call.account().definitions.values().stream()
                    .filter(one -> model == null || model.equals(one.get("attribute_model")))
                    .toList();
        });
        add("GET " + route + "/#", route, "show", ChatwootMethods::definition);
        add("POST " + route, route, "create", call -> {
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
        add("DELETE " + route + "/#", route, "delete", call -> {
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
        Integer number = number(value);
        if (number != null && number >= 0 && number < words.size()) {
            return words.get(number);
        }
        if (!words.contains(value)) {
            throw ChatwootFault.of(422, "'" + value + "' is not valid");
        }
        return (String) value;
    }
}
