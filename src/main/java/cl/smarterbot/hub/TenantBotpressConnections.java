package cl.smarterbot.hub;

import cl.smarterbot.hub.botpress.BotpressConnection;
import cl.smarterbot.hub.botpress.BotpressConnection.Mode;
import cl.smarterbot.hub.botpress.BotpressConnections;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import org.apache.camel.Exchange;

/**
 * Gives each exchange its own tenant's bot: a route cannot name another one. All of a bot's settings stand with its secrets:
 * {@code mode}, {@code url}, {@code bot_id}, {@code user} and {@code password}, or {@code webhook_id} and {@code encryption_key}.
 */
final class TenantBotpressConnections implements BotpressConnections {
    private static final String SYSTEM = "botpress";

    private final TenantRegistry registry;
    private final SecretStore secrets;
    private final String defaultUrl;

    /** @param defaultUrl v12 server of tenants that name none; blank for none */
    TenantBotpressConnections(TenantRegistry registry, SecretStore secrets, String defaultUrl) {
        this.registry = registry;
        this.secrets = secrets;
        this.defaultUrl = defaultUrl;
    }

    @Override
    public BotpressConnection resolve(Exchange exchange) {
        Tenant tenant = TenantScope.of(exchange)
                .flatMap(registry::byRut)
                .filter(Tenant::active)
                .orElse(null);
        return tenant == null ? null : of(tenant.rut());
    }

    /** The registry's word where it has one; what it does not say may stand with the secrets. */
    private static String first(String known, String stored) {
        return known != null ? known : stored;
    }

    /** The connection of a tenant, also for a webhook door; null if the tenant has no bot. */
    BotpressConnection of(String rut) {
        Tenant.BotSettings known = registry.byRut(rut).map(Tenant::bot).orElse(null);
        String bot = first(known == null ? null : known.botId(), text(rut, "bot_id"));
        String webhook = text(rut, "webhook_id");
        if (bot == null && webhook == null) {
            return null;
        }
        String mode = first(known == null ? null : known.mode(), text(rut, "mode"));
        if (mode == null ? webhook != null && bot == null : Mode.of(mode) == Mode.CLOUD) {
            return BotpressConnection.cloud(
                    rut,
                    first(known == null ? null : known.url(), text(rut, "url")),
                    webhook,
                    stored(rut, "encryption_key"));
        }
        String url = first(known == null ? null : known.url(), text(rut, "url"));
        return BotpressConnection.v12(
                rut,
                url == null ? defaultUrl : url,
                bot,
                first(known == null ? null : known.user(), text(rut, "user")),
                stored(rut, "password"));
    }

    private String text(String rut, String field) {
        return secrets.find(rut, SYSTEM, field)
                .map(Secret::reveal)
                .map(String::strip)
                .filter(value -> !value.isEmpty())
                .orElse(null);
    }

    private Secret stored(String rut, String field) {
        return secrets.find(rut, SYSTEM, field)
                // Not a permanent failure: another node may have the secret, or an operator is about to store it.
                .orElseThrow(() -> new IllegalStateException("no Botpress " + field + " is stored for the tenant"));
    }
}
