package cl.smarterbot.hub.sandbox;

/** An agent bot of one account. */
final class ChatwootBot {
    final int id;
    final String token;
    String name;
    String description = "";
    String outgoingUrl;
    String secret;

    ChatwootBot(int id, String name, String token, String secret) {
        this.id = id;
        this.name = name;
        this.token = token;
        this.secret = secret;
    }
}
