package cl.smarterbot.hub.tenancy;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.ZoneId;

/** Reads a tenant from the join of {@code public.tenants} and {@code hub.tenant_settings}, whose row may be missing. */
final class TenantRows {
    static final String DEFAULT_PLAN = "free";
    static final String DEFAULT_TRANSPORT = "auto";

    private TenantRows() {}

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
