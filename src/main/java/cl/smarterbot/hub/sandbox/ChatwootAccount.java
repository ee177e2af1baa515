package cl.smarterbot.hub.sandbox;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** One account and what it owns. */
final class ChatwootAccount {
    final int id;
    final String name;
    final NavigableMap<Integer, ChatwootContact> contacts = new TreeMap<>();
    final Map<String, ChatwootContact> byEmail = new HashMap<>();
    final Map<String, ChatwootContact> byPhone = new HashMap<>();
    final Map<String, ChatwootContact> byIdentifier = new HashMap<>();
    final ChatwootSearch search = new ChatwootSearch();
    final NavigableMap<Integer, ChatwootConversation> conversations = new TreeMap<>();

    /** By last activity, oldest first. */
    final NavigableMap<Long, ChatwootConversation> byActivity = new TreeMap<>();

    final Map<Integer, ChatwootInbox> inboxes = new LinkedHashMap<>();
    final Map<Integer, ChatwootUser> users = new LinkedHashMap<>();
    final Map<Integer, ChatwootBot> bots = new LinkedHashMap<>();
    final Map<Integer, ChatwootWebhook> webhooks = new LinkedHashMap<>();
    final Map<Integer, Map<String, Object>> definitions = new LinkedHashMap<>();
    final Map<Integer, String> teams;
    int conversationNumbers;

    ChatwootAccount(int id, String name, Map<Integer, String> teams) {
        this.id = id;
        this.name = name;
        this.teams = teams;
    }

    ChatwootInbox apiInbox() {
        return inboxes.values().stream()
                .filter(ChatwootInbox::isApi)
                .findFirst()
                .orElseThrow();
    }

    List<ChatwootWebhook> subscribed(String event) {
        return webhooks.values().stream()
                .filter(webhook -> webhook.subscriptions().contains(event))
                .toList();
    }
}
