package cl.smarterbot.hub;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.event.EventRuntime;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import org.springframework.boot.actuate.health.AbstractHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.stereotype.Component;

/** What the hub needs to do its work, with the reason when it cannot. For operators; the public port says up or down only. */
@Component("hub")
final class HubHealthIndicator extends AbstractHealthIndicator {

    private final HubDatabase database;
    private final EventRuntime runtime;
    private final TenantRegistry registry;

    HubHealthIndicator(HubDatabase database, EventRuntime runtime, TenantRegistry registry) {
        this.database = database;
        this.runtime = runtime;
        this.registry = registry;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        boolean log = runtime.log().available();
        builder.withDetail("database", database.ready() ? "migrated" : String.valueOf(database.notReadyReason()))
                .withDetail("eventLog", log ? "takes events" : "away")
                .withDetail("tenants", registry.tenants().size())
                .withDetail(
                        "registryAgeSeconds",
                        registry.age()
                                .map(age -> Long.toString(age.toSeconds()))
                                .orElse("never read"))
                // What an operator should know and may have forgotten.
                .withDetail("unsignedWebhooks", registry.unsignedEndpoints())
                .withDetail("node", runtime.node());
        if (database.ready() && log && registry.loaded()) {
            builder.up();
        } else {
            builder.down();
        }
    }
}
