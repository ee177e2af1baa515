package cl.smarterbot.hub.sandbox;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/**
 * What the sandbox's Chatwoot knows, and the rules by which it changes. Not thread-safe: the vendor's lock guards it.
 * Contacts and conversations are kept to a fixed number, of messages and files the newest.
 */
final class ChatwootStore {
    private static final int MOST_CONTACTS = 1_000_000;
    private static final int MOST_CONVERSATIONS = 1_000_000;
    private static final int MOST_MESSAGES = 400_000;
    private static final int MOST_BYTES = 32 * 1024 * 1024;
    private static final int MOST_CONTENT = 150_000;
    private static final int MOST_ATTACHMENTS = 15;
    private static final Instant FIRST_DAY = Instant.parse("2026-01-01T00:00:00Z");
    private static final Pattern EMAIL = Pattern.compile("[^@\\s]+@[^@\\s]+");
    private static final Pattern PHONE = Pattern.compile("\\+[1-9][0-9]{1,14}");
    private static final List<String> CONTENT_TYPES = List.of(
            "text",
            "input_text",
            "input_textarea",
            "input_email",
            "input_select",
            "cards",
            "form",
            "article",
            "incoming_email",
            "input_csat",
            "integrations",
            "sticker",
            "voice_call");

    /** Who holds a token: a {@link ChatwootUser} or a {@link ChatwootBot} of one account. */
    record Actor(ChatwootAccount account, Object who) {
        boolean isBot() {
            return who instanceof ChatwootBot;
        }

        String name() {
            return who instanceof ChatwootUser user ? user.name() : ((ChatwootBot) who).name;
        }
    }

    /** A file; its name is safe in a path. */
    record Blob(String name, String contentType, byte[] bytes) {}

    private final Clock clock;
    final Map<Integer, ChatwootAccount> accounts = new LinkedHashMap<>();
    final Map<String, Actor> tokens = new HashMap<>();
    private final ArrayDeque<ChatwootMessage> messages = new ArrayDeque<>();
    private final LinkedHashMap<Integer, Blob> blobs = new LinkedHashMap<>();
    private long blobBytes;
    private long activities;
    private int contactIds;
    private int linkIds;
    private int messageIds;
    private int attachmentIds;
    private int ids = 100;

    /** Messages that a conversation takes in a minute; 0 for no limit. */
    int messagesPerMinute;

    /** @param before the store that this one follows, whose message ids are not used again, or null */
    ChatwootStore(Clock clock, ChatwootStore before) {
        this.clock = clock;
        // Whoever remembers message ids, so as to notice repeats, must not take a restarted sandbox's for old ones.
        int start = (int) (Duration.between(FIRST_DAY, clock.instant()).toSeconds() * 10 % 1_900_000_000);
        messageIds = before == null ? start : Math.max(start, before.messageIds);
        account(1, "Ferretería Sur");
        account(2, "Pastelería Norte");
    }

    private void account(int id, String name) {
        ChatwootAccount account = new ChatwootAccount(id, name, Map.of(id, "ventas", id + 10, "soporte"));
        accounts.put(id, account);
        ChatwootUser hub = new ChatwootUser(id, "Integración", "hub@empresa" + id + ".example", "administrator");
        account.users.put(id, hub);
        account.users.put(
                id + 10, new ChatwootUser(id + 10, "Elena Rojas", "elena@empresa" + id + ".example", "agent"));
        ChatwootBot bot =
                new ChatwootBot(id, "Bot " + name, "demo-chatwoot-bot-" + id, "demo-chatwoot-bot-secret-" + id);
        account.bots.put(id, bot);
        tokens.put("demo-chatwoot-" + id, new Actor(account, hub));
        tokens.put(bot.token, new Actor(account, bot));
        account.inboxes.put(
                id,
                new ChatwootInbox(id, account, "Formulario", ChatwootInbox.API, "demo-chatwoot-inbox-secret-" + id));
        account.inboxes.put(id + 10, new ChatwootInbox(id + 10, account, "Sitio web", "Channel::WebWidget", null));
    }

    Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    /** An id for the small things: webhooks, bots, definitions. */
    int nextId() {
        return ++ids;
    }

    static String secret() {
        byte[] bytes = new byte[16];
        ThreadLocalRandom.current().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private static UUID uuid() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return new UUID(
                random.nextLong() & 0xFFFF_FFFF_FFFF_0FFFL | 0x4000L,
                random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L);
    }

    // Contacts

    private record Draft(
            String name,
            String email,
            String phone,
            String identifier,
            boolean blocked,
            Map<String, Object> custom,
            Map<String, Object> additional) {}

    /**
     * @throws ChatwootFault 422 if a value is wrong or taken
     */
    ChatwootContact createContact(ChatwootAccount account, Map<?, ?> params) {
        if (contactIds >= MOST_CONTACTS) {
            throw ChatwootFault.of(507, "The sandbox is full: " + MOST_CONTACTS + " contacts");
        }
        Draft draft = draft(new ChatwootContact(0, account, now()), params);
        check(account, null, draft);
        ChatwootContact contact = new ChatwootContact(++contactIds, account, now());
        apply(contact, draft);
        account.contacts.put(contact.id, contact);
        index(contact);
        return contact;
    }

    /**
     * @return what has changed, as {@code changed_attributes} lists it
     * @throws ChatwootFault 422 if a value is wrong or taken
     */
    List<Object> updateContact(ChatwootContact contact, Map<?, ?> params) {
        Draft draft = draft(contact, params);
        check(contact.account, contact, draft);
        List<Object> changes = new ArrayList<>();
        change(changes, "name", contact.name, draft.name());
        change(changes, "email", contact.email, draft.email());
        change(changes, "phone_number", contact.phone, draft.phone());
        change(changes, "identifier", contact.identifier, draft.identifier());
        change(changes, "blocked", contact.blocked, draft.blocked());
        change(changes, "custom_attributes", contact.customAttributes, draft.custom());
        change(changes, "additional_attributes", contact.additionalAttributes, draft.additional());
        if (!changes.isEmpty()) {
            unindex(contact);
            apply(contact, draft);
            index(contact);
            contact.updatedAt = now();
        }
        return changes;
    }

    private static void change(List<Object> changes, String name, Object before, Object now) {
        if (!Objects.equals(before, now)) {
            changes.add(ChatwootShapes.change(name, before, now));
        }
    }

    private static Draft draft(ChatwootContact old, Map<?, ?> params) {
        String email = text(params, "email", old.email);
        return new Draft(
                text(params, "name", old.name) == null ? "" : text(params, "name", old.name),
                email == null ? null : email.toLowerCase(Locale.ROOT),
                text(params, "phone_number", old.phone),
                text(params, "identifier", old.identifier),
                params.containsKey("blocked") ? truth(params.get("blocked")) : old.blocked,
                merged(old.customAttributes, params.get("custom_attributes")),
                merged(old.additionalAttributes, params.get("additional_attributes")));
    }

    /** The parameter as a text, null if blank; the old value if there is no such parameter. */
    private static String text(Map<?, ?> params, String name, String old) {
        if (!params.containsKey(name)) {
            return old;
        }
        Object value = params.get(name);
        String text = value == null || value instanceof Map || value instanceof List ? "" : String.valueOf(value);
        return text.isBlank() ? null : text;
    }

    static boolean truth(Object value) {
        return Boolean.TRUE.equals(value)
                || "true".equals(value)
                || "1".equals(value)
                || Integer.valueOf(1).equals(value);
    }

    private static Map<String, Object> merged(Map<String, Object> old, Object fresh) {
        if (!(fresh instanceof Map<?, ?> map) || map.isEmpty()) {
            return old;
        }
        Map<String, Object> all = new LinkedHashMap<>(old);
        map.forEach((key, value) -> all.put(String.valueOf(key), value));
        return Collections.unmodifiableMap(all);
    }

    /** A parameter that replaces a whole map; empty if it is none. */
    static Map<String, Object> map(Object value) {
        return merged(Map.of(), value);
    }

    private static void check(ChatwootAccount account, ChatwootContact self, Draft draft) {
        List<String> messages = new ArrayList<>();
        List<String> attributes = new ArrayList<>();
        if (draft.email() != null && !EMAIL.matcher(draft.email()).matches()) {
            messages.add("Email Invalid email");
            attributes.add("email");
        } else if (taken(account.byEmail.get(draft.email()), self)) {
            messages.add("Email has already been taken");
            attributes.add("email");
        }
        if (taken(account.byIdentifier.get(draft.identifier()), self)) {
            messages.add("Identifier has already been taken");
            attributes.add("identifier");
        }
        if (draft.phone() != null && !PHONE.matcher(draft.phone()).matches()) {
            messages.add("Phone number should be in e164 format");
            attributes.add("phone_number");
        } else if (taken(account.byPhone.get(draft.phone()), self)) {
            messages.add("Phone number has already been taken");
            attributes.add("phone_number");
        }
        if (draft.name().length() > 255) {
            messages.add("Name is too long (maximum is 255 characters)");
            attributes.add("name");
        }
        if (!messages.isEmpty()) {
            throw ChatwootFault.invalid(messages, attributes);
        }
    }

    private static boolean taken(ChatwootContact holder, ChatwootContact self) {
        return holder != null && holder != self;
    }

    private static void apply(ChatwootContact contact, Draft draft) {
        contact.name = draft.name();
        contact.email = draft.email();
        contact.phone = draft.phone();
        contact.identifier = draft.identifier();
        contact.blocked = draft.blocked();
        contact.customAttributes = draft.custom();
        contact.additionalAttributes = draft.additional();
    }

    private static void index(ChatwootContact contact) {
        ChatwootAccount account = contact.account;
        put(account.byEmail, contact.email, contact);
        put(account.byPhone, contact.phone, contact);
        put(account.byIdentifier, contact.identifier, contact);
        account.search.add(contact);
    }

    private static void put(Map<String, ChatwootContact> index, String key, ChatwootContact contact) {
        if (key != null) {
            index.put(key, contact);
        }
    }

    private static void unindex(ChatwootContact contact) {
        ChatwootAccount account = contact.account;
        account.byEmail.remove(contact.email);
        account.byPhone.remove(contact.phone);
        account.byIdentifier.remove(contact.identifier);
        account.search.remove(contact);
    }

    void deleteContact(ChatwootContact contact) {
        unindex(contact);
        contact.account.contacts.remove(contact.id);
        contact.links.forEach(link -> link.inbox.bySource.remove(link.sourceId));
        for (ChatwootConversation conversation : contact.conversations) {
            contact.account.conversations.remove(conversation.id);
            contact.account.byActivity.remove(conversation.activity);
        }
    }

    /**
     * Finds or makes a contact's address in an inbox; without a source id a new one each time, as Chatwoot does.
     *
     * @throws ChatwootFault 422 if another contact has the source id
     */
    ChatwootContact.Link link(ChatwootContact contact, ChatwootInbox inbox, Object sourceId) {
        boolean given = sourceId instanceof String text && !text.isBlank();
        String source = given ? (String) sourceId : uuid().toString();
        ChatwootContact.Link old = inbox.bySource.get(source);
        if (old != null) {
            if (old.contact != contact) {
                throw ChatwootFault.of(422, "source_id should be unique");
            }
            return old;
        }
        ChatwootContact.Link link = new ChatwootContact.Link(++linkIds, contact, inbox, source, now());
        inbox.bySource.put(source, link);
        contact.links.add(link);
        return link;
    }

    // Conversations

    /**
     * Starts a conversation.
     *
     * @param status null for what the inbox begins with
     * @throws ChatwootFault 422 if there is no such status
     */
    ChatwootConversation converse(ChatwootContact.Link link, String status) {
        if (status != null && !ChatwootConversation.STATUSES.contains(status)) {
            throw ChatwootFault.of(422, "'" + status + "' is not a valid status");
        }
        ChatwootAccount account = link.inbox.account;
        if (account.conversationNumbers >= MOST_CONVERSATIONS) {
            throw ChatwootFault.of(507, "The sandbox is full: " + MOST_CONVERSATIONS + " conversations");
        }
        ChatwootConversation conversation = new ChatwootConversation(
                ++account.conversationNumbers,
                uuid().toString(),
                link,
                status != null ? status : link.inbox.bot != null ? "pending" : "open",
                now());
        account.conversations.put(conversation.id, conversation);
        link.contact.conversations.add(conversation);
        conversation.activity = ++activities;
        account.byActivity.put(conversation.activity, conversation);
        return conversation;
    }

    private void touch(ChatwootConversation conversation, Instant at) {
        ChatwootAccount account = conversation.account();
        account.byActivity.remove(conversation.activity);
        conversation.activity = ++activities;
        account.byActivity.put(conversation.activity, conversation);
        conversation.lastActivityAt = at;
        conversation.updatedAt = at;
    }

    // Messages

    /**
     * @throws ChatwootFault 422 if the inbox takes no such message
     */
    static void checkMessage(ChatwootInbox inbox, Map<?, ?> params, List<SandboxForm.File> files) {
        if (type(params) == ChatwootMessage.Type.INCOMING && !inbox.isApi()) {
            throw ChatwootFault.of(422, "Incoming messages are only allowed in Api inboxes");
        }
        checkContent(params, files);
    }

    private static void checkContent(Map<?, ?> params, List<SandboxForm.File> files) {
        Object contentType = params.get("content_type");
        if (contentType != null && !CONTENT_TYPES.contains(contentType)) {
            throw ChatwootFault.of(422, "'" + contentType + "' is not a valid content_type");
        }
        Object content = params.get("content");
        if (content instanceof String text && text.codePointCount(0, text.length()) > MOST_CONTENT) {
            throw ChatwootFault.of(
                    422, "Validation failed: Content is too long (maximum is " + MOST_CONTENT + " characters)");
        }
        if (files.size() > MOST_ATTACHMENTS) {
            throw ChatwootFault.of(422, "Validation failed: Attachments exceeded maximum allowed");
        }
    }

    private static ChatwootMessage.Type type(Map<?, ?> params) {
        Object word = params.get("message_type") == null ? "outgoing" : params.get("message_type");
        for (ChatwootMessage.Type type : ChatwootMessage.Type.values()) {
            if (type.word().equals(word)) {
                return type;
            }
        }
        throw ChatwootFault.of(422, "'" + word + "' is not a valid message_type");
    }

    /**
     * A message that is right but not yet written.
     *
     * @param actor whoever calls; an incoming message's author is the contact all the same. The contact itself may
     *     speak in any inbox
     * @throws ChatwootFault 422 if it is not right
     */
    ChatwootMessage compose(
            ChatwootConversation conversation, Object actor, Map<?, ?> params, List<SandboxForm.File> files) {
        if (actor == conversation.contact()) {
            checkContent(params, files);
        } else {
            checkMessage(conversation.inbox(), params, files);
        }
        Instant now = now();
        if (messagesPerMinute > 0 && crowded(conversation, now)) {
            throw ChatwootFault.of(422, "Validation failed: Too many messages");
        }
        ChatwootMessage.Type type = type(params);
        Map<String, Object> attributes = map(params.get("content_attributes"));
        if (params.get("external_created_at") != null) {
            attributes = merged(attributes, Map.of("external_created_at", params.get("external_created_at")));
        }
        ChatwootMessage message = new ChatwootMessage(
                ++messageIds,
                conversation,
                type,
                params.get("content") == null ? null : String.valueOf(params.get("content")),
                params.get("content_type") instanceof String contentType ? contentType : "text",
                truth(params.get("private")),
                type == ChatwootMessage.Type.OUTGOING
                        ? actor
                        : type == ChatwootMessage.Type.INCOMING ? conversation.contact() : null,
                attributes,
                now);
        message.sourceId = params.get("source_id") instanceof String source ? source : null;
        message.echoId = params.get("echo_id") == null ? null : String.valueOf(params.get("echo_id"));
        for (String key : List.of("campaign_id", "template_params")) {
            if (params.get(key) != null) {
                message.additionalAttributes = merged(message.additionalAttributes, Map.of(key, params.get(key)));
            }
        }
        return message;
    }

    private boolean crowded(ChatwootConversation conversation, Instant now) {
        int size = conversation.messages.size();
        return size >= messagesPerMinute
                && conversation.messages.get(size - messagesPerMinute).createdAt.isAfter(now.minusSeconds(60));
    }

    /**
     * Writes a composed message.
     *
     * @return the status that the conversation had, if the message has changed it, or null
     */
    String write(ChatwootMessage message) {
        ChatwootConversation conversation = message.conversation;
        conversation.messages.add(message);
        messages.add(message);
        if (messages.size() > MOST_MESSAGES) {
            ChatwootMessage oldest = messages.poll();
            oldest.conversation.messages.remove(oldest);
        }
        touch(conversation, message.createdAt);
        if (message.type == ChatwootMessage.Type.INCOMING) {
            conversation.unread++;
            conversation.contact().lastActivityAt = message.createdAt;
            if (conversation.waitingSince == null) {
                conversation.waitingSince = message.createdAt;
            }
            if (conversation.status.equals("resolved") || conversation.status.equals("snoozed")) {
                String before = conversation.status;
                boolean bot = before.equals("resolved") && conversation.inbox().bot != null;
                conversation.status = bot ? "pending" : "open";
                conversation.snoozedUntil = null;
                return before;
            }
        } else if (message.type == ChatwootMessage.Type.OUTGOING && !message.hidden) {
            conversation.waitingSince = null;
            if (message.sender instanceof ChatwootUser && conversation.firstReplyCreatedAt == null) {
                conversation.firstReplyCreatedAt = message.createdAt;
            }
        }
        return null;
    }

    /** Notes what has happened to a conversation, as Chatwoot does in the conversation itself. */
    void note(ChatwootConversation conversation, String content) {
        ChatwootMessage note = new ChatwootMessage(
                ++messageIds,
                conversation,
                ChatwootMessage.Type.ACTIVITY,
                content,
                "text",
                false,
                null,
                Map.of(),
                now());
        write(note);
    }

    void attach(ChatwootMessage message, List<SandboxForm.File> files, String base) {
        List<ChatwootMessage.Attachment> attachments = new ArrayList<>();
        for (SandboxForm.File file : files) {
            int id = ++attachmentIds;
            String name = file.name().replaceAll("[^A-Za-z0-9._-]", "_");
            int dot = name.lastIndexOf('.');
            String kind = file.contentType().replaceFirst("/.*", "");
            attachments.add(new ChatwootMessage.Attachment(
                    id,
                    List.of("image", "audio", "video").contains(kind) ? kind : "file",
                    dot < 0 ? null : name.substring(dot + 1).toLowerCase(Locale.ROOT),
                    file.contentType(),
                    file.bytes().length,
                    base + "/rails/active_storage/blobs/redirect/" + id + "/" + name));
            blobs.put(id, new Blob(name, file.contentType(), file.bytes()));
            blobBytes += file.bytes().length;
        }
        while (blobBytes > MOST_BYTES && blobs.size() > 1) {
            blobBytes -= blobs.remove(blobs.keySet().iterator().next()).bytes().length;
        }
        message.attachments = List.copyOf(attachments);
    }

    /** Null if there is none, or not any more. */
    Blob blob(int id) {
        return blobs.get(id);
    }
}
