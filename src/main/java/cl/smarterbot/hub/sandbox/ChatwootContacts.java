package cl.smarterbot.hub.sandbox;

import cl.smarterbot.hub.sandbox.ChatwootMethods.Call;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Calls about contacts. */
final class ChatwootContacts {
    private static final int CONTACTS_A_PAGE = 15;

    private final ChatwootStore store;
    private final ChatwootEvents events;

    ChatwootContacts(ChatwootStore store, ChatwootEvents events) {
        this.store = store;
        this.events = events;
    }

    void register(ChatwootMethods to) {
        to.add("GET contacts", "contacts", "list", this::listContacts);
        to.add("GET contacts/search", "contacts", "search", this::searchContacts);
        to.add("POST contacts/filter", "contacts", "filter", this::filterContacts);
        to.add("POST contacts", "contacts", "create", this::createContact);
        to.add(
                "GET contacts/#",
                "contacts",
                "show",
                call -> ChatwootMethods.payload(ChatwootShapes.contact(ChatwootMethods.contact(call), true)));
        to.add("PATCH contacts/#", "contacts", "update", this::updateContact);
        to.add("DELETE contacts/#", "contacts", "delete", call -> {
            store.deleteContact(ChatwootMethods.contact(call));
            return null;
        });
        to.add("POST contacts/#/destroy_custom_attributes", "contacts", "destroy_custom_attributes", call -> {
            ChatwootContact contact = ChatwootMethods.contact(call);
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
            return ChatwootMethods.payload(ChatwootShapes.contact(contact, true));
        });
        to.add("POST contacts/#/contact_inboxes", "contact_inboxes", "create", call -> {
            ChatwootContact contact = ChatwootMethods.contact(call);
            ChatwootInbox inbox = ChatwootMethods.inbox(call, call.params().get("inbox_id"));
            return ChatwootShapes.link(store.link(contact, inbox, call.params().get("source_id")));
        });
        to.add("GET contacts/#/conversations", "contacts", "conversations", call -> {
            List<ChatwootConversation> newest = new ArrayList<>(ChatwootMethods.contact(call).conversations);
            newest.sort(Comparator.comparingLong((ChatwootConversation one) -> one.activity)
                    .reversed());
            return ChatwootMethods.payload(
                    newest.stream().limit(20).map(ChatwootShapes::conversation).toList());
        });
        to.add(
                "GET contacts/#/labels",
                "contacts",
                "labels",
                call -> ChatwootMethods.payload(ChatwootMethods.contact(call).labels));
        to.add("POST contacts/#/labels", "contacts", "set_labels", call -> {
            ChatwootContact contact = ChatwootMethods.contact(call);
            contact.labels = ChatwootMethods.labels(call);
            return ChatwootMethods.payload(contact.labels);
        });
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
                        .skip((long) (ChatwootMethods.page(call) - 1) * CONTACTS_A_PAGE)
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
        int from = Math.min(found.size(), (ChatwootMethods.page(call) - 1) * CONTACTS_A_PAGE);
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
        ChatwootInbox inbox = call.text("inbox_id") == null
                ? null
                : ChatwootMethods.inbox(call, call.params().get("inbox_id"));
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
        return ChatwootMethods.payload(made);
    }

    /** Before anything is made, so that a refused call makes nothing. */
    private static void checkSource(ChatwootInbox inbox, Object sourceId) {
        if (inbox != null && sourceId instanceof String source && inbox.bySource.containsKey(source)) {
            throw ChatwootFault.of(422, "source_id should be unique");
        }
    }

    private Object updateContact(Call call) {
        ChatwootContact contact = ChatwootMethods.contact(call);
        List<Object> changes = store.updateContact(contact, call.params());
        if (!changes.isEmpty()) {
            events.contact("contact_updated", contact, changes);
        }
        return ChatwootMethods.payload(ChatwootShapes.contact(contact, true));
    }
}
