package cl.smarterbot.hub.sandbox;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Records as Chatwoot shows them: in answers of its API, inside other records, and in webhooks. */
final class ChatwootShapes {
    private static final DateTimeFormatter ISO =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSX").withZone(ZoneOffset.UTC);

    private ChatwootShapes() {}

    private static Object seconds(Instant time) {
        return time == null ? 0 : (Object) time.getEpochSecond();
    }

    private static String iso(Instant time) {
        return time == null ? null : ISO.format(time);
    }

    private static double fraction(Instant time) {
        return time.getEpochSecond() + time.getNano() / 1_000_000 / 1000.0;
    }

    // Contacts

    /** As an answer shows it. */
    static Map<String, Object> contact(ChatwootContact contact, boolean links) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("additional_attributes", contact.additionalAttributes);
        row.put("availability_status", "offline");
        row.put("email", contact.email);
        row.put("id", contact.id);
        row.put("name", contact.name);
        row.put("phone_number", contact.phone);
        row.put("blocked", contact.blocked);
        row.put("identifier", contact.identifier);
        row.put("thumbnail", "");
        row.put("custom_attributes", contact.customAttributes);
        if (contact.lastActivityAt != null) {
            row.put("last_activity_at", seconds(contact.lastActivityAt));
        }
        row.put("created_at", seconds(contact.createdAt));
        if (links) {
            row.put(
                    "contact_inboxes",
                    contact.links.stream().map(ChatwootShapes::link).toList());
        }
        return row;
    }

    static Map<String, Object> link(ChatwootContact.Link link) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("source_id", link.sourceId);
        row.put("inbox", slim(link.inbox));
        return row;
    }

    private static Map<String, Object> slim(ChatwootInbox inbox) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", inbox.id);
        row.put("avatar_url", "");
        row.put("channel_id", inbox.id);
        row.put("name", inbox.name);
        row.put("channel_type", inbox.channel);
        row.put("provider", null);
        return row;
    }

    /** As {@code meta.sender} of a conversation and the sender of a message show it, with its type. */
    private static Map<String, Object> person(ChatwootContact contact) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("additional_attributes", contact.additionalAttributes);
        row.put("custom_attributes", contact.customAttributes);
        row.put("email", contact.email);
        row.put("id", contact.id);
        row.put("identifier", contact.identifier);
        row.put("name", contact.name);
        row.put("phone_number", contact.phone);
        row.put("thumbnail", "");
        row.put("blocked", contact.blocked);
        row.put("type", "contact");
        return row;
    }

    /** As a webhook shows a contact: without a type. */
    static Map<String, Object> contactEvent(ChatwootContact contact) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("account", account(contact.account));
        row.put("additional_attributes", contact.additionalAttributes);
        row.put("avatar", "");
        row.put("custom_attributes", contact.customAttributes);
        row.put("email", contact.email);
        row.put("id", contact.id);
        row.put("identifier", contact.identifier);
        row.put("name", contact.name);
        row.put("phone_number", contact.phone);
        row.put("thumbnail", "");
        row.put("blocked", contact.blocked);
        return row;
    }

    static Map<String, Object> account(ChatwootAccount account) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", account.id);
        row.put("name", account.name);
        return row;
    }

    // Users and bots

    static Map<String, Object> user(ChatwootUser user, int account) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", user.id());
        row.put("account_id", account);
        row.put("availability_status", "offline");
        row.put("auto_offline", true);
        row.put("confirmed", true);
        row.put("email", user.email());
        row.put("available_name", user.name());
        row.put("name", user.name());
        row.put("role", user.role());
        row.put("thumbnail", "");
        return row;
    }

    static Map<String, Object> bot(ChatwootBot bot, int account) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", bot.id);
        row.put("name", bot.name);
        row.put("description", bot.description);
        row.put("thumbnail", "");
        row.put("outgoing_url", bot.outgoingUrl);
        row.put("bot_type", "webhook");
        row.put("bot_config", Map.of());
        row.put("account_id", account);
        row.put("access_token", bot.token);
        row.put("secret", bot.secret);
        row.put("system_bot", false);
        return row;
    }

    private static Map<String, Object> sender(Object sender) {
        if (sender instanceof ChatwootContact contact) {
            return person(contact);
        }
        Map<String, Object> row = new LinkedHashMap<>();
        if (sender instanceof ChatwootUser user) {
            row.put("id", user.id());
            row.put("name", user.name());
            row.put("available_name", user.name());
            row.put("avatar_url", "");
            row.put("type", "user");
            row.put("availability_status", "offline");
            row.put("thumbnail", "");
        } else if (sender instanceof ChatwootBot bot) {
            row.put("id", bot.id);
            row.put("name", bot.name);
            row.put("avatar_url", "");
            row.put("type", "agent_bot");
        }
        return row;
    }

    private static Map<String, Object> senderEvent(Object sender) {
        if (sender instanceof ChatwootContact contact) {
            return contactEvent(contact);
        }
        Map<String, Object> row = new LinkedHashMap<>();
        if (sender instanceof ChatwootUser user) {
            row.put("id", user.id());
            row.put("name", user.name());
            row.put("email", user.email());
            row.put("type", "user");
        } else if (sender instanceof ChatwootBot bot) {
            row.put("id", bot.id);
            row.put("name", bot.name);
            row.put("type", "agent_bot");
        } else {
            return null;
        }
        return row;
    }

    // Inboxes

    static Map<String, Object> inbox(ChatwootInbox inbox) {
        Map<String, Object> row = slim(inbox);
        row.put("greeting_enabled", false);
        row.put("greeting_message", null);
        row.put("working_hours_enabled", false);
        row.put("enable_email_collect", true);
        row.put("csat_survey_enabled", false);
        row.put("enable_auto_assignment", true);
        row.put("timezone", "America/Santiago");
        row.put("allow_messages_after_resolved", true);
        row.put("lock_to_single_conversation", inbox.lockToSingleConversation);
        if (inbox.isApi()) {
            row.put("webhook_url", inbox.webhookUrl);
            row.put("inbox_identifier", "sandbox-inbox-" + inbox.id);
            row.put("additional_attributes", Map.of());
            row.put("hmac_mandatory", false);
            row.put("secret", inbox.secret);
        } else {
            row.put("website_url", "https://tienda.example");
            row.put("website_token", "sandbox-widget-" + inbox.id);
            row.put("widget_color", "#1f93ff");
        }
        return row;
    }

    private static Map<String, Object> inboxName(ChatwootInbox inbox) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", inbox.id);
        row.put("name", inbox.name);
        return row;
    }

    static Map<String, Object> webhook(ChatwootWebhook webhook, int account) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", webhook.id());
        row.put("name", webhook.name());
        row.put("url", webhook.url());
        row.put("account_id", account);
        row.put("subscriptions", webhook.subscriptions());
        row.put("secret", webhook.secret());
        if (webhook.inbox() != null) {
            row.put("inbox", inboxName(webhook.inbox()));
        }
        return row;
    }

    // Messages

    /** As an answer shows it. */
    static Map<String, Object> message(ChatwootMessage message) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", message.id);
        row.put("content", message.content);
        row.put("inbox_id", message.conversation.inbox().id);
        if (message.echoId != null) {
            row.put("echo_id", message.echoId);
        }
        row.put("conversation_id", message.conversation.id);
        row.put("message_type", message.type.ordinal());
        row.put("content_type", message.contentType);
        row.put("status", message.status);
        row.put("content_attributes", message.contentAttributes);
        row.put("created_at", seconds(message.createdAt));
        row.put("private", message.hidden);
        row.put("source_id", message.sourceId);
        if (message.sender != null) {
            row.put("sender", sender(message.sender));
        }
        attachments(row, message);
        return row;
    }

    private static void attachments(Map<String, Object> row, ChatwootMessage message) {
        if (message.attachments.isEmpty()) {
            return;
        }
        List<Object> files = new ArrayList<>();
        for (ChatwootMessage.Attachment file : message.attachments) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("id", file.id());
            one.put("message_id", message.id);
            one.put("file_type", file.fileType());
            one.put("account_id", message.conversation.account().id);
            one.put("extension", file.extension());
            one.put("content_type", file.contentType());
            one.put("data_url", file.url());
            one.put("thumb_url", file.fileType().equals("image") ? file.url() : "");
            one.put("file_size", file.size());
            one.put("width", null);
            one.put("height", null);
            files.add(one);
        }
        row.put("attachments", files);
    }

    /** As a conversation shows its messages. */
    private static Map<String, Object> inside(ChatwootMessage message) {
        ChatwootConversation conversation = message.conversation;
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", message.id);
        row.put("content", message.content);
        row.put("account_id", conversation.account().id);
        row.put("inbox_id", conversation.inbox().id);
        row.put("conversation_id", conversation.id);
        row.put("message_type", message.type.ordinal());
        row.put("created_at", seconds(message.createdAt));
        row.put("updated_at", iso(message.updatedAt));
        row.put("private", message.hidden);
        row.put("status", message.status);
        row.put("source_id", message.sourceId);
        row.put("content_type", message.contentType);
        row.put("content_attributes", message.contentAttributes);
        row.put("sender_type", senderType(message.sender));
        row.put("sender_id", senderId(message.sender));
        row.put("external_source_ids", Map.of());
        row.put("additional_attributes", message.additionalAttributes);
        row.put("processed_message_content", message.content);
        row.put("sentiment", Map.of());
        Map<String, Object> place = new LinkedHashMap<>();
        place.put("assignee_id", conversation.assignee == null ? null : conversation.assignee.id());
        place.put("unread_count", conversation.unread);
        place.put("last_activity_at", seconds(conversation.lastActivityAt));
        place.put("contact_inbox", Map.of("source_id", conversation.link.sourceId));
        row.put("conversation", place);
        attachments(row, message);
        if (message.sender != null) {
            row.put("sender", sender(message.sender));
        }
        return row;
    }

    private static String senderType(Object sender) {
        if (sender instanceof ChatwootContact) {
            return "Contact";
        }
        return sender instanceof ChatwootUser ? "User" : sender == null ? null : "AgentBot";
    }

    private static Integer senderId(Object sender) {
        if (sender instanceof ChatwootContact contact) {
            return contact.id;
        }
        if (sender instanceof ChatwootUser user) {
            return user.id();
        }
        return sender instanceof ChatwootBot bot ? bot.id : null;
    }

    /** {@code message_created} and {@code message_updated}: flat. */
    static Map<String, Object> messageEvent(String event, ChatwootMessage message) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("account", account(message.conversation.account()));
        row.put("additional_attributes", message.additionalAttributes);
        row.put("content_attributes", message.contentAttributes);
        row.put("content_type", message.contentType);
        row.put("content", message.content);
        row.put("conversation", conversationData(message.conversation));
        row.put("created_at", iso(message.createdAt));
        row.put("id", message.id);
        row.put("inbox", inboxName(message.conversation.inbox()));
        row.put("message_type", message.type.word());
        row.put("private", message.hidden);
        row.put("sender", senderEvent(message.sender));
        row.put("source_id", message.sourceId);
        attachments(row, message);
        row.put("event", event);
        return row;
    }

    // Conversations

    /** As an answer shows it. */
    static Map<String, Object> conversation(ChatwootConversation conversation) {
        ChatwootAccount account = conversation.account();
        Map<String, Object> meta = new LinkedHashMap<>();
        meta.put("sender", contact(conversation.contact(), false));
        meta.put("channel", conversation.inbox().channel);
        if (conversation.assignee != null) {
            meta.put("assignee", user(conversation.assignee, account.id));
            meta.put("assignee_type", "User");
        } else if (conversation.botAssignee != null) {
            meta.put("assignee", sender(conversation.botAssignee));
            meta.put("assignee_type", "AgentBot");
        }
        if (conversation.team != null) {
            meta.put("team", team(conversation.team, account));
        }
        meta.put("hmac_verified", false);
        ChatwootMessage last = conversation.last();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("meta", meta);
        row.put("id", conversation.id);
        row.put("messages", last == null ? List.of() : List.of(inside(last)));
        row.put("account_id", account.id);
        row.put("uuid", conversation.uuid);
        row.put("additional_attributes", conversation.additionalAttributes);
        row.put("agent_last_seen_at", seconds(conversation.agentLastSeenAt));
        row.put("assignee_last_seen_at", 0);
        row.put("can_reply", true);
        row.put("contact_last_seen_at", 0);
        row.put("custom_attributes", conversation.customAttributes);
        row.put("inbox_id", conversation.inbox().id);
        row.put("labels", conversation.labels);
        row.put("muted", false);
        row.put("snoozed_until", iso(conversation.snoozedUntil));
        row.put("status", conversation.status);
        row.put("created_at", seconds(conversation.createdAt));
        row.put("updated_at", fraction(conversation.updatedAt));
        row.put("timestamp", seconds(conversation.lastActivityAt));
        row.put("first_reply_created_at", seconds(conversation.firstReplyCreatedAt));
        row.put("unread_count", conversation.unread);
        ChatwootMessage spoken = conversation.lastPublic();
        row.put("last_non_activity_message", spoken == null ? null : inside(spoken));
        row.put("last_activity_at", seconds(conversation.lastActivityAt));
        row.put("priority", conversation.priority);
        row.put("waiting_since", seconds(conversation.waitingSince));
        row.put("sla_policy_id", null);
        return row;
    }

    static Map<String, Object> team(int id, ChatwootAccount account) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", id);
        row.put("name", account.teams.get(id));
        row.put("description", null);
        row.put("allow_auto_assign", true);
        row.put("account_id", account.id);
        row.put("is_member", true);
        return row;
    }

    /** Events about conversations: the conversation at top level. */
    static Map<String, Object> conversationEvent(
            String event, ChatwootConversation conversation, List<Object> changedAttributes) {
        Map<String, Object> row = conversationData(conversation);
        row.put("event", event);
        if (changedAttributes != null) {
            row.put("changed_attributes", changedAttributes);
        }
        return row;
    }

    /** One entry of {@code changed_attributes}. */
    static Map<String, Object> change(String attribute, Object before, Object now) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("current_value", now);
        values.put("previous_value", before);
        return Map.of(attribute, values);
    }

    private static Map<String, Object> conversationData(ChatwootConversation conversation) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("additional_attributes", conversation.additionalAttributes);
        row.put("can_reply", true);
        row.put("channel", conversation.inbox().channel);
        row.put("contact_inbox", linkData(conversation.link));
        row.put("id", conversation.id);
        row.put("inbox_id", conversation.inbox().id);
        ChatwootMessage spoken = conversation.lastPublic();
        row.put("messages", spoken == null ? List.of() : List.of(inside(spoken)));
        row.put("labels", conversation.labels);
        Map<String, Object> meta = new LinkedHashMap<>();
        meta.put("sender", person(conversation.contact()));
        Object assignee = conversation.assignee == null ? conversation.botAssignee : conversation.assignee;
        meta.put("assignee", assignee == null ? null : sender(assignee));
        meta.put("assignee_type", senderType(assignee));
        meta.put("team", conversation.team == null ? null : team(conversation.team, conversation.account()));
        meta.put("hmac_verified", false);
        row.put("meta", meta);
        row.put("status", conversation.status);
        row.put("custom_attributes", conversation.customAttributes);
        row.put("snoozed_until", iso(conversation.snoozedUntil));
        row.put("unread_count", conversation.unread);
        row.put("first_reply_created_at", iso(conversation.firstReplyCreatedAt));
        row.put("priority", conversation.priority);
        row.put("waiting_since", seconds(conversation.waitingSince));
        row.put("agent_last_seen_at", seconds(conversation.agentLastSeenAt));
        row.put("contact_last_seen_at", 0);
        row.put("last_activity_at", seconds(conversation.lastActivityAt));
        row.put("timestamp", seconds(conversation.lastActivityAt));
        row.put("created_at", seconds(conversation.createdAt));
        row.put("updated_at", fraction(conversation.updatedAt));
        row.put("account", account(conversation.account()));
        return row;
    }

    private static Map<String, Object> linkData(ChatwootContact.Link link) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", link.id);
        row.put("contact_id", link.contact.id);
        row.put("inbox_id", link.inbox.id);
        row.put("source_id", link.sourceId);
        row.put("created_at", iso(link.createdAt));
        row.put("updated_at", iso(link.createdAt));
        row.put("hmac_verified", false);
        return row;
    }
}
