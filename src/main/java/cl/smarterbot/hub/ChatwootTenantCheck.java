package cl.smarterbot.hub;

import cl.smarterbot.hub.chatwoot.ChatwootCheck;
import cl.smarterbot.hub.chatwoot.ChatwootConnection;
import cl.smarterbot.hub.ops.TenantCheck;
import cl.smarterbot.hub.rest.RestException;
import java.util.List;
import java.util.Optional;

/** Whether a tenant's Chatwoot works. */
final class ChatwootTenantCheck implements TenantCheck {

    private static final String SYSTEM = "Chatwoot";

    private final TenantChatwootConnections connections;
    private final ChatwootCheck check;

    ChatwootTenantCheck(TenantChatwootConnections connections, ChatwootCheck check) {
        this.connections = connections;
        this.check = check;
    }

    @Override
    public String system() {
        return SYSTEM;
    }

    @Override
    public List<Line> check(String rut) {
        Optional<ChatwootConnection> connection;
        try {
            connection = connections.of(rut);
        } catch (IllegalStateException e) {
            return List.of(new Line(SYSTEM, "token", false, "none is stored: hub tenant chatwoot --token-stdin"));
        }
        try {
            return connection.map(check::run).orElse(List.of()).stream()
                    .map(line -> new Line(SYSTEM, line.part(), line.works(), line.says()))
                    .toList();
        } catch (RestException e) {
            // The url itself makes no sense.
            return List.of(new Line(SYSTEM, "url", false, e.getMessage()));
        }
    }
}
