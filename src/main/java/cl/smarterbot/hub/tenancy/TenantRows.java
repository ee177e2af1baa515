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
                odoo(row));
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
