package cl.smarterbot.hub.tenancy;

import java.time.ZoneId;
import java.util.Objects;

/**
 * One company, as the registry knows it. Secrets are not here.
 *
 * @param rut canonical RUT, the key of everything
 * @param businessName name to show
 * @param slug short name for hosts and paths; null if none was given
 * @param plan name of the plan, such as {@code free}
 * @param active false after deactivation: nothing is taken in or sent for it
 * @param house true for the one tenant that gets what names nobody
 * @param timeZone zone of its schedules and days
 * @param odoo where its ERP is; null if it has none
 */
public record Tenant(
        String rut,
        String businessName,
        String slug,
        String plan,
        boolean active,
        boolean house,
        ZoneId timeZone,
        OdooSettings odoo) {

    public Tenant {
        Objects.requireNonNull(rut, "rut");
        Objects.requireNonNull(businessName, "businessName");
        Objects.requireNonNull(plan, "plan");
        Objects.requireNonNull(timeZone, "timeZone");
    }

    /**
     * Where a tenant's Odoo is.
     *
     * @param url base URL; null if the deployment's default is meant
     * @param db database name; null if the deployment's default is meant
     * @param user login; null if it is kept with the secrets
     * @param companyId id of {@code res.company}; null if the user's own
     * @param transport {@code auto}, {@code xmlrpc} or {@code json2}
     * @param createLead whether a contact makes a lead as well as a partner
     */
    public record OdooSettings(
            String url, String db, String user, Integer companyId, String transport, boolean createLead) {}
}
