package cl.smarterbot.hub;

import cl.smarterbot.hub.database.DatabaseProperties;
import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.door.DoorServer;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.tenancy.EndpointAdmin;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Profile;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Two tenants to try the hub with. Exists in the profile {@code demo} only, as do their published keys and passwords. */
@Component
@Profile("demo")
@ConditionalOnProperty("hub.demo.enabled")
final class Demo {

    /** Signing secrets of the webhook endpoints {@code demo-rs-1} and {@code demo-rs-2}. */
    private static final String RESEND_SUR = "whsec_ZGVtby1yZXNlbmQtd2ViaG9vay1mZXJyZXRlcmlhLXN1cg==";

    private static final String RESEND_NORTE = "whsec_ZGVtby1yZXNlbmQtd2ViaG9vay1wYXN0ZWxlcmlhLW5vcnRl";

    private static final String CONVERSATION_STATUS = "conversation_status_changed";

    /** The sandbox's users, see the README. */
    static final Map<String, String> SECRETS = Map.ofEntries(
            Map.entry("76000012-4/botpress/password", "demo"),
            Map.entry("77000005-K/botpress/password", "demo"),
            Map.entry("76000012-4/webhook_chatwoot/demo_cw_1_current", "demo-chatwoot-secret-1"),
            Map.entry("77000005-K/webhook_chatwoot/demo_cw_2_current", "demo-chatwoot-secret-2"),
            Map.entry("76000012-4/odoo/password", "demo"),
            Map.entry("77000005-K/odoo/password", "demo"),
            Map.entry("76000012-4/chatwoot/api_token", "demo-chatwoot-1"),
            Map.entry("77000005-K/chatwoot/api_token", "demo-chatwoot-2"),
            Map.entry("76000012-4/webhook_odoo/demo_odoo_1_current", "demo-odoo-secret-1"),
            Map.entry("77000005-K/webhook_odoo/demo_odoo_2_current", "demo-odoo-secret-2"),
            Map.entry("76000012-4/webhook_resend/demo_rs_1_current", RESEND_SUR),
            Map.entry("77000005-K/webhook_resend/demo_rs_2_current", RESEND_NORTE));

    private final HubDatabase database;
    private final DatabaseProperties properties;
    private final TenantAdmin tenants;
    private final EndpointAdmin endpoints;
    private final ObjectProvider<SandboxServer> vendors;
    private final DoorServer door;
    private final int managementPort;
    private final boolean sandbox;
    private final int sandboxPort;
    private final boolean webhooks;

    Demo(
            HubDatabase database,
            DatabaseProperties properties,
            TenantAdmin tenants,
            EndpointAdmin endpoints,
            ObjectProvider<SandboxServer> vendors,
            DoorServer door,
            @Value("${server.port}") int managementPort,
            @Value("${hub.sandbox.enabled}") boolean sandbox,
            @Value("${hub.sandbox.port}") int sandboxPort,
            @Value("${hub.demo.webhooks}") boolean webhooks) {
        this.database = database;
        this.properties = properties;
        this.tenants = tenants;
        this.endpoints = endpoints;
        this.vendors = vendors;
        this.door = door;
        this.managementPort = managementPort;
        this.sandbox = sandbox;
        this.sandboxPort = sandboxPort;
        this.webhooks = webhooks;
    }

    void seed() {
        tenants.seedDemo("demo");
        endpoints.seedDemo("demo", "76000012-4", "resend", "demo-rs-1");
        endpoints.seedDemo("demo", "77000005-K", "resend", "demo-rs-2");
        endpoints.seedDemo("demo", "76000012-4", "chatwoot", "demo-cw-1");
        endpoints.seedDemo("demo", "77000005-K", "chatwoot", "demo-cw-2");
        endpoints.seedDemo("demo", "76000012-4", "odoo", "demo-odoo-1");
        endpoints.seedDemo("demo", "77000005-K", "odoo", "demo-odoo-2");
    }

    /** Lets the sandbox's Resend tell both tenants what became of their mails. */
    @EventListener(ApplicationReadyEvent.class)
    void registerWebhooks() {
        if (!webhooks) {
            return;
        }
        vendors.ifAvailable(vendor -> {
            String at = "http://127.0.0.1:" + door.port() + "/webhooks/resend/";
            vendor.resend().webhook(at + "demo-rs-1", RESEND_SUR);
            vendor.resend().webhook(at + "demo-rs-2", RESEND_NORTE);
            String chats = "http://127.0.0.1:" + door.port() + "/webhooks/chatwoot/";
            vendor.chatwoot()
                    .webhook(1, chats + "demo-cw-1", "demo-chatwoot-secret-1", "message_created", CONVERSATION_STATUS);
            vendor.chatwoot()
                    .webhook(2, chats + "demo-cw-2", "demo-chatwoot-secret-2", "message_created", CONVERSATION_STATUS);
        });
    }

    /** Says what to try: the person who started the demo is looking at this terminal. */
    @EventListener(ApplicationReadyEvent.class)
    void greet() {
        if (!database.ready()) {
            return;
        }
        String text = """

                SmarterOS Hub is ready (demo). Try it:

                  curl -i http://127.0.0.1:%1$d/contact \\
                    -H 'X-API-Key: demo-ferreteria-sur' -H 'Content-Type: application/json' \\
                    -d '{"name":"Ana Soto","email":"ana@ejemplo.cl","message":"¿Tienen taladros?","phone":"+56 9 8765 4321"}'

                Then look:
                """.formatted(door.port());
        StringBuilder out = new StringBuilder(text);
        if (sandbox) {
            out.append("  partner and mails       http://127.0.0.1:%d/  (sandbox Odoo and Resend)%n"
                    .formatted(sandboxPort));
        }
        if (database.embeddedPort() > 0) {
            out.append(
                    "  the contact and event   psql -h 127.0.0.1 -p %d -U postgres -c 'table contacts' -c 'table events'%n"
                            .formatted(database.embeddedPort()));
        }
        out.append("  the contacts            curl -H 'X-API-Key: demo-ferreteria-sur' http://127.0.0.1:%d/contacts%n"
                .formatted(door.port()));
        out.append("  the API                 http://127.0.0.1:%d/docs%n".formatted(door.port()));
        out.append("  the routes (Hawtio)     http://127.0.0.1:%d/actuator/hawtio/  user operator, password in %s%n"
                .formatted(managementPort, properties.dataDir().resolve("admin-password")));
        out.append("  events and replay       bin/hub events, bin/hub dead, bin/hub replay --help (after mvn package)%n"
                .formatted());
        System.out.println(out);
    }
}
