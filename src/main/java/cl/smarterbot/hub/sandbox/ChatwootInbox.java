package cl.smarterbot.hub.sandbox;

import java.util.HashMap;
import java.util.Map;

/** An inbox; its id is unique in the installation. */
final class ChatwootInbox {
    static final String API = "Channel::Api";

    final int id;
    final ChatwootAccount account;
    final String name;
    final String channel;
    final String secret;
    String webhookUrl;
    boolean lockToSingleConversation;
    ChatwootBot bot;
    final Map<String, ChatwootContact.Link> bySource = new HashMap<>();

    /** @param secret for callbacks, null for any but an API inbox */
    ChatwootInbox(int id, ChatwootAccount account, String name, String channel, String secret) {
        this.id = id;
        this.account = account;
        this.name = name;
        this.channel = channel;
        this.secret = secret;
    }

    boolean isApi() {
        return channel.equals(API);
    }
}
