package cl.smarterbot.hub.sandbox;

import cl.smarterbot.hub.sandbox.ChatwootMethods.Call;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Calls about conversations and their messages. */
final class ChatwootConversations {
    private static final int CONVERSATIONS_A_PAGE = 25;
    private static final int MESSAGES_A_PAGE = 20;

    private final ChatwootStore store;
    private final ChatwootEvents events;

    ChatwootConversations(ChatwootStore store, ChatwootEvents events) {
        this.store = store;
        this.events = events;
    }

    void register(ChatwootMethods to) {
        to.add("GET conversations", "conversations", "list", this::listConversations);
        to.add("GET conversations/meta", "conversations", "meta", call -> {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("meta", counts(call));
            return body;
        });
        to.addForBots("POST conversations", "conversations", "create", this::createConversation);
        to.addForBots(
                "GET conversations/#",
                "conversations",
                "show",
                call -> ChatwootShapes.conversation(conversation(call)));
        to.addForBots("PATCH conversations/#", "conversations", "update", call -> {
            ChatwootConversation conversation = conversation(call);
            if (call.params().containsKey("priority")) {
                prioritise(conversation, call.text("priority"));
            }
            return ChatwootShapes.conversation(conversation);
        });
        to.addForBots("POST conversations/#/toggle_status", "conversations", "toggle_status", this::toggleStatus);
        to.addForBots("POST conversations/#/toggle_priority", "conversations", "toggle_priority", call -> {
            prioritise(conversation(call), call.text("priority"));
            return null;
        });
        to.addForBots("POST conversations/#/toggle_typing_status", "conversations", "toggle_typing_status", call -> {
            conversation(call);
            return null;
        });
        to.addForBots("POST conversations/#/custom_attributes", "conversations", "custom_attributes", call -> {
            ChatwootConversation conversation = conversation(call);
            Map<String, Object> before = conversation.customAttributes;
            conversation.customAttributes = ChatwootStore.map(call.params().get("custom_attributes"));
            updated(conversation, "custom_attributes", before, conversation.customAttributes);
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("custom_attributes", conversation.customAttributes);
            return body;
        });
        to.addForBots(
                "GET conversations/#/labels",
                "conversations",
                "labels",
                call -> ChatwootMethods.payload(conversation(call).labels));
        to.addForBots("POST conversations/#/labels", "conversations", "set_labels", call -> {
            ChatwootConversation conversation = conversation(call);
            List<String> before = conversation.labels;
            conversation.labels = ChatwootMethods.labels(call);
            updated(conversation, "label_list", before, conversation.labels);
            return ChatwootMethods.payload(conversation.labels);
        });
        to.addForBots("POST conversations/#/assignments", "assignments", "create", this::assign);
        to.add("POST conversations/#/update_last_seen", "conversations", "update_last_seen", call -> {
            ChatwootConversation conversation = conversation(call);
            conversation.agentLastSeenAt = store.now();
            conversation.unread = 0;
            return ChatwootShapes.conversation(conversation);
        });
        to.add("GET conversations/#/messages", "messages", "list", this::listMessages);
        to.addForBots("POST conversations/#/messages", "messages", "create", this::createMessage);
        to.add("PATCH conversations/#/messages/#", "messages", "update", this::updateMessage);
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
        Integer inbox = ChatwootMethods.number(call.params().get("inbox_id"));
        Integer team = ChatwootMethods.number(call.params().get("team_id"));
        Integer within = ChatwootMethods.number(call.params().get("updated_within"));
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
            int from = Math.min(shown.size(), (ChatwootMethods.page(call) - 1) * CONVERSATIONS_A_PAGE);
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
        ChatwootInbox inbox =
                call.text("inbox_id") == null ? null : ChatwootMethods.inbox(call, params.get("inbox_id"));
        ChatwootContact contact =
                call.text("contact_id") == null ? null : ChatwootMethods.contact(call, params.get("contact_id"));
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
            conversation.assignee = call.account().users.get(ChatwootMethods.number(params.get("assignee_id")));
            Integer team = ChatwootMethods.number(params.get("team_id"));
            conversation.team = call.account().teams.containsKey(team == null ? -1 : team) ? team : null;
        }
        start(conversation, fresh, first, call.actor().who());
        return ChatwootShapes.conversation(conversation);
    }

    private void start(ChatwootConversation conversation, boolean fresh, Map<?, ?> first, Object actor) {
        start(conversation, fresh, first, actor, List.of(), "");
    }

    private void start(
            ChatwootConversation conversation,
            boolean fresh,
            Map<?, ?> first,
            Object actor,
            List<SandboxForm.File> files,
            String base) {
        ChatwootMessage message = first == null ? null : store.compose(conversation, actor, first, files);
        if (!files.isEmpty()) {
            store.attach(message, files, base);
        }
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
        Integer number = ChatwootMethods.number(seconds);
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
        Integer id = ChatwootMethods.number(call.params().get("assignee_id"));
        if ("AgentBot".equals(call.text("assignee_type"))) {
            Object before = conversation.botAssignee == null ? null : conversation.botAssignee.id;
            conversation.botAssignee = id == null ? null : account.bots.get(id);
            conversation.assignee = null;
            updated(conversation, "assignee_agent_bot_id", before, id);
            return conversation.botAssignee == null
                    ? ChatwootMethods.NULL
                    : ChatwootShapes.bot(conversation.botAssignee, account.id);
        }
        if (call.params().containsKey("assignee_id")) {
            Object before = conversation.assignee == null ? null : conversation.assignee.id();
            // An id that nobody has takes the assignee away.
            conversation.assignee = id == null ? null : account.users.get(id);
            conversation.botAssignee = null;
            updated(conversation, "assignee_id", before, conversation.assignee == null ? null : id);
            return conversation.assignee == null
                    ? ChatwootMethods.NULL
                    : ChatwootShapes.user(conversation.assignee, account.id);
        }
        if (call.params().containsKey("team_id")) {
            Integer team = ChatwootMethods.number(call.params().get("team_id"));
            Integer before = conversation.team;
            conversation.team = team != null && account.teams.containsKey(team) ? team : null;
            updated(conversation, "team_id", before, conversation.team);
            return conversation.team == null ? ChatwootMethods.NULL : ChatwootShapes.team(conversation.team, account);
        }
        return ChatwootMethods.NULL;
    }

    // Messages

    private Object listMessages(Call call) {
        ChatwootConversation conversation = conversation(call);
        Integer before = ChatwootMethods.number(call.params().get("before"));
        Integer after = ChatwootMethods.number(call.params().get("after"));
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
     * @param text null with files
     * @param base address of the sandbox
     * @throws IllegalArgumentException if there is no such account, inbox or conversation, or no such contact can be
     */
    ChatwootMessage say(
            int accountId,
            Integer inboxId,
            Integer conversationId,
            String contact,
            String text,
            List<SandboxForm.File> files,
            String base) {
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
                start(conversation, true, message, conversation.contact(), files, base);
                return conversation.last();
            }
            return write(conversation, conversation.contact(), message, files, base);
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
}
