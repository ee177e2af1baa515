package cl.smarterbot.hub.sandbox;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * E-mail and phone of a lead and of the partner that it names, which Odoo keeps the same, both ways: what is written into the
 * lead goes to the partner too. As measured on 18.0.
 */
final class OdooLeadPartner {
    private static final String LEAD = "crm.lead";
    private static final String PARTNER = "res.partner";
    /** The lead's field, and the partner's. */
    private static final Map<String, String> SHARED = Map.of("email_from", "email", "phone", "phone");

    private OdooLeadPartner() {}

    /** @param written names of the fields that the caller gave */
    static void written(OdooEnv env, OdooModel model, OdooRecord record, Set<String> written) {
        if (model.name.equals(LEAD)) {
            lead(env, model, record, written);
        } else if (model.name.equals(PARTNER)) {
            partner(env, model, record, written);
        }
    }

    private static void lead(OdooEnv env, OdooModel leads, OdooRecord lead, Set<String> written) {
        OdooModel partners = env.store.model(PARTNER);
        Object link = leads.raw(lead, "partner_id");
        OdooRecord partner = link == null ? null : partners.records.get(link);
        if (partner == null) {
            return;
        }
        SHARED.forEach((mine, theirs) -> {
            Object value = leads.raw(lead, mine);
            if (written.contains(mine)) {
                if (OdooValues.truthy(value) && !same(mine, value, partners.raw(partner, theirs))) {
                    env.store.write(env, partners, partner, Map.of(theirs, value));
                }
            } else if (written.contains("partner_id")) {
                take(env, leads, lead, mine, partners.raw(partner, theirs));
            }
        });
        Object name = partners.raw(partner, "name");
        if (written.contains("partner_id")
                && !written.contains("contact_name")
                && name != null
                && !OdooValues.truthy(partners.raw(partner, "is_company"))) {
            env.store.set(leads, lead, "contact_name", name);
        }
    }

    private static void partner(OdooEnv env, OdooModel partners, OdooRecord partner, Set<String> written) {
        OdooModel leads = env.store.model(LEAD);
        SHARED.forEach((mine, theirs) -> {
            if (written.contains(theirs)) {
                for (Integer id : List.copyOf(leads.lookup("partner_id", partner.id))) {
                    take(env, leads, leads.records.get(id), mine, partners.raw(partner, theirs));
                }
            }
        });
    }

    private static void take(OdooEnv env, OdooModel leads, OdooRecord lead, String field, Object value) {
        if (OdooValues.truthy(value) && !same(field, leads.raw(lead, field), value)) {
            env.store.set(leads, lead, field, value);
            leads.recompute.accept(env, lead);
        }
    }

    private static boolean same(String field, Object one, Object other) {
        return Objects.equals(one, other)
                || field.equals("email_from")
                        && OdooValues.truthy(one)
                        && Objects.equals(OdooValues.normalizedEmail(one), OdooValues.normalizedEmail(other));
    }
}
