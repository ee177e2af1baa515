package cl.smarterbot.hub.chatwoot;

import cl.smarterbot.hub.rest.RestClient;
import java.util.Arrays;
import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.util.PropertiesHelper;

/**
 * Talks to Chatwoot 4. Endpoints are {@code chatwoot:operation}; what an operation needs is given as {@code value.<name>}, each a
 * Simple expression. Failures are {@link cl.smarterbot.hub.rest.RestException}s.
 */
public final class ChatwootComponent extends DefaultComponent {

    private final ChatwootConnectionResolver connections;
    private final Contacts contacts;
    private final Conversations conversations;

    public ChatwootComponent(RestClient rest, ChatwootConnectionResolver connections, SentLedger sent) {
        this.connections = connections;
        ChatwootApi api = new ChatwootApi(rest);
        contacts = new Contacts(api);
        conversations = new Conversations(api, new Once(sent, rest.executor()));
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        ChatwootOperation operation = ChatwootOperation.of(remaining)
                .orElseThrow(() -> new IllegalArgumentException("chatwoot:" + remaining + " is none of "
                        + Arrays.stream(ChatwootOperation.values())
                                .map(ChatwootOperation::path)
                                .toList()));
        ChatwootEndpoint endpoint = new ChatwootEndpoint(uri, this, operation);
        endpoint.setValues(PropertiesHelper.extractProperties(parameters, "value."));
        setProperties(endpoint, parameters);
        return endpoint;
    }

    ChatwootConnectionResolver connections() {
        return connections;
    }

    Contacts contacts() {
        return contacts;
    }

    Conversations conversations() {
        return conversations;
    }
}
