package cl.smarterbot.hub.tenancy;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.ZoneId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a tenant from the join of {@code public.tenants} and {@code hub.tenant_settings}, whose row may be missing. */
final class TenantRows {
    private static final Logger LOG = LoggerFactory.getLogger(TenantRows.class);
    private static final ZoneId DEFAULT_ZONE = ZoneId.of("America/Santiago");
    private static final String DEFAULT_PLAN = "free";
    private static final String DEFAULT_TRANSPORT = "auto";

    /** What {@link #tenant} reads, of {@link #FROM}. */
    static final String COLUMNS = """
            t.rut, t.business_name, t.active, t.odoo_company_id, t.chatwoot_inbox_id, s.slug, s.plan, s.house, s.time_zone,
            s.odoo_url, s.odoo_db, s.odoo_user, s.odoo_transport, s.odoo_create_lead, s.chatwoot_url, s.chatwoot_account_id,
            s.mail_from, s.mail_admin, s.botpress_mode, s.botpress_url, s.botpress_bot_id, s.botpress_user, s.intent_threshold,
            s.turn_pause_ms, s.handoff_team_id, s.handoff_label, s.bot_returns, s.bot_answers, s.storage_url, s.storage_bucket,
            s.storage_product_images,
            (coalesce(p.limits, '{"ip_per_minute":10,"key_per_minute":100,"tenant_per_minute":100}') || coalesce(s.limits, '{}'))::text as limits
            """;

    /** A tenant of an unknown plan has the limits of the smallest one. */
    static final String FROM = """
              from public.tenants t
              left join hub.tenant_settings s on s.tenant_rut = t.rut
              left join hub.plan p on p.name = coalesce(s.plan, 'free')
            """;

    private TenantRows() {}

    static ZoneId zone(String rut, String name) {
        try {
            return name == null ? DEFAULT_ZONE : ZoneId.of(name);
        } catch (DateTimeException e) {
            LOG.warn("Tenant {} names an unknown time zone: {} is used", rut, DEFAULT_ZONE);
            return DEFAULT_ZONE;
        }
    }

    static Tenant tenant(ResultSet row, ZoneId zone) throws SQLException {
        String plan = row.getString("plan");
        return new Tenant(
                row.getString("rut"),
                row.getString("business_name"),
                row.getString("slug"),
                plan == null ? DEFAULT_PLAN : plan,
                row.getBoolean("active"),
                row.getBoolean("house"),
                zone,
                odoo(row),
                chatwoot(row),
                mail(row),
                bot(row),
                new Tenant.StorageSettings(
                        row.getString("storage_url"),
                        row.getString("storage_bucket"),
                        row.getBoolean("storage_product_images")),
                TenantLimits.parse(row.getString("limits")));
    }

    private static Tenant.ChatwootSettings chatwoot(ResultSet row) throws SQLException {
        Integer account = row.getObject("chatwoot_account_id", Integer.class);
        Integer inbox = row.getObject("chatwoot_inbox_id", Integer.class);
        return account == null || inbox == null
                ? null
                : new Tenant.ChatwootSettings(row.getString("chatwoot_url"), account, inbox);
    }

    private static Tenant.BotSettings bot(ResultSet row) throws SQLException {
        String bot = row.getString("botpress_bot_id");
        // A bot of the cloud is named by its webhook id, which stands with the secrets.
        return bot == null && !"cloud".equals(row.getString("botpress_mode"))
                ? null
                : new Tenant.BotSettings(
                        row.getString("botpress_mode"),
                        row.getString("botpress_url"),
                        bot,
                        row.getString("botpress_user"),
                        row.getDouble("intent_threshold"),
                        row.getInt("turn_pause_ms"),
                        row.getObject("handoff_team_id", Integer.class),
                        row.getString("handoff_label"),
                        row.getString("bot_returns"),
                        row.getString("bot_answers"));
    }

    private static Tenant.MailSettings mail(ResultSet row) throws SQLException {
        String from = row.getString("mail_from");
        String admin = row.getString("mail_admin");
        return from == null && admin == null ? null : new Tenant.MailSettings(from, admin);
    }

    private static Tenant.OdooSettings odoo(ResultSet row) throws SQLException {
        String url = row.getString("odoo_url");
        String db = row.getString("odoo_db");
        String user = row.getString("odoo_user");
        Integer company = row.getObject("odoo_company_id", Integer.class);
        String transport = row.getString("odoo_transport");
        if (url == null && db == null && user == null && company == null) {
            return null;
        }
        return new Tenant.OdooSettings(
                url,
                db,
                user,
                company,
                transport == null ? DEFAULT_TRANSPORT : transport,
                row.getBoolean("odoo_create_lead"));
    }
}
