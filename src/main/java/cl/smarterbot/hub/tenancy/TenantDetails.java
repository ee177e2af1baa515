package cl.smarterbot.hub.tenancy;

/**
 * What to write into the registry about a tenant. Null and blank mean "leave as it is"; for a new tenant the defaults apply.
 *
 * @param rut in any input form; required
 * @param businessName required for a new tenant
 * @param slug lower-case letters, digits and hyphens
 * @param plan default {@code free}
 * @param contactEmail address of the company
 * @param timeZone name such as {@code America/Santiago}, the default
 * @param odooUrl base URL, http or https
 * @param odooDb database name
 * @param odooUser login
 * @param odooCompanyId 1 or more
 * @param odooTransport {@code auto} (the default), {@code xmlrpc} or {@code json2}
 * @param odooCreateLead whether a contact makes a lead as well; default false
 * @param chatwootInboxId 1 or more
 * @param botpressWorkspaceId workspace of its bots
 */
public record TenantDetails(
        String rut,
        String businessName,
        String slug,
        String plan,
        String contactEmail,
        String timeZone,
        String odooUrl,
        String odooDb,
        String odooUser,
        Integer odooCompanyId,
        String odooTransport,
        Boolean odooCreateLead,
        Integer chatwootInboxId,
        String botpressWorkspaceId) {

    /** A tenant of which only the name is known. */
    public static TenantDetails of(String rut, String businessName) {
        return new TenantDetails(
                rut, businessName, null, null, null, null, null, null, null, null, null, null, null, null);
    }

    public TenantDetails withSlug(String value) {
        return new TenantDetails(
                rut,
                businessName,
                value,
                plan,
                contactEmail,
                timeZone,
                odooUrl,
                odooDb,
                odooUser,
                odooCompanyId,
                odooTransport,
                odooCreateLead,
                chatwootInboxId,
                botpressWorkspaceId);
    }

    public TenantDetails withPlan(String value) {
        return new TenantDetails(
                rut,
                businessName,
                slug,
                value,
                contactEmail,
                timeZone,
                odooUrl,
                odooDb,
                odooUser,
                odooCompanyId,
                odooTransport,
                odooCreateLead,
                chatwootInboxId,
                botpressWorkspaceId);
    }

    /** With the given Odoo; null arguments mean "leave as it is". */
    public TenantDetails withOdoo(
            String url, String db, String user, Integer companyId, String transport, Boolean createLead) {
        return new TenantDetails(
                rut,
                businessName,
                slug,
                plan,
                contactEmail,
                timeZone,
                url,
                db,
                user,
                companyId,
                transport,
                createLead,
                chatwootInboxId,
                botpressWorkspaceId);
    }
}
