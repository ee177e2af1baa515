package cl.smarterbot.hub;

import cl.smarterbot.hub.ops.TenantCheck;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.storage.StorageCheck;
import cl.smarterbot.hub.storage.StorageConnection;
import java.util.List;
import java.util.Optional;

/** Whether a tenant's storage works. */
final class StorageTenantCheck implements TenantCheck {

    private static final String SYSTEM = "Storage";

    private final TenantStorageConnections connections;
    private final StorageCheck check;

    StorageTenantCheck(TenantStorageConnections connections, StorageCheck check) {
        this.connections = connections;
        this.check = check;
    }

    @Override
    public String system() {
        return SYSTEM;
    }

    @Override
    public List<Line> check(String rut) {
        Optional<StorageConnection> connection;
        try {
            connection = connections.of(rut);
        } catch (IllegalStateException e) {
            return List.of(new Line(SYSTEM, "key", false, "none is stored: hub tenant storage --key-stdin"));
        }
        try {
            return connection.map(check::run).stream()
                    .map(found -> new Line(SYSTEM, found.part(), found.works(), found.says()))
                    .toList();
        } catch (RestException e) {
            // The url itself makes no sense.
            return List.of(new Line(SYSTEM, "url", false, e.getMessage()));
        }
    }
}
