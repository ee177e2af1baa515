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
 * @param chatwoot where its conversations are; null if it has no account and inbox
 * @param mail by whom its mails are sent and who is told; null if neither is known
 * @param bot who answers its customers first; null if people do
 * @param storage where its files are kept; never null
 * @param limits what its plan allows
 */
public record Tenant(
        String rut,
        String businessName,
        String slug,
        String plan,
        boolean active,
        boolean house,
        ZoneId timeZone,
        OdooSettings odoo,
        ChatwootSettings chatwoot,
        MailSettings mail,
        BotSettings bot,
        StorageSettings storage,
        TenantLimits limits) {

    public Tenant {
        Objects.requireNonNull(rut, "rut");
        Objects.requireNonNull(businessName, "businessName");
        Objects.requireNonNull(plan, "plan");
        Objects.requireNonNull(timeZone, "timeZone");
        Objects.requireNonNull(storage, "storage");
        Objects.requireNonNull(limits, "limits");
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

    /**
     * Where a tenant's conversations are.
     *
     * @param url base URL; null if the deployment's default is meant
     * @param accountId Chatwoot account
     * @param inboxId inbox that web contacts go to
     */
    public record ChatwootSettings(String url, int accountId, int inboxId) {}

    /**
     * A tenant's mails.
     *
     * @param from mailbox that mails come from, {@code Name <address>} or the address alone; null if the deployment's default is
     *     meant
     * @param admin address that is told of each new contact; null for nobody
     */
    public record MailSettings(String from, String admin) {}

    /**
     * A tenant's bot and when it gives way to people.
     *
     * @param mode {@code v12} or {@code cloud}
     * @param url base URL of Botpress; null if the deployment's default is meant
     * @param botId the bot (v12); null for one of the cloud
     * @param user login of a collaborator (v12); null if it is kept with the secrets
     * @param threshold least confidence of an intent, 0 to 1
     * @param turnPauseMillis how long a customer must be silent before the bot answers; 0 for not at all
     * @param teamId Chatwoot team that takes over; null for none
     * @param label Chatwoot label for what people must answer; null for none
     * @param returns {@code resolved}: the bot answers again once the conversation was resolved; {@code given-back}: only when a
     *     person sets it pending
     * @param answers {@code pending}: the bot answers conversations that are pending or assigned to a bot; {@code open}: open ones as
     *     well
     */
    public record BotSettings(
            String mode,
            String url,
            String botId,
            String user,
            double threshold,
            int turnPauseMillis,
            Integer teamId,
            String label,
            String returns,
            String answers) {}

    /**
     * A tenant's files.
     *
     * @param url base URL of its own Supabase project; null if the deployment's is meant, if that has one
     * @param bucket its bucket; null if the deployment's is meant
     * @param productImages whether pictures of products are copied, too
     */
    public record StorageSettings(String url, String bucket, boolean productImages) {}
}
