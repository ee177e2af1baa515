package cl.smarterbot.hub.sandbox;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Who calls, for which companies, when, and on which version. */
final class OdooEnv {
    final OdooStore store;
    final OdooUser user;
    /** The companies that the record rules admit; the first one is the current company. */
    final List<Integer> companies;

    final Map<?, ?> context;
    final int version;
    /** The transaction's start in UTC: Odoo stamps every write of a transaction with it. */
    final LocalDateTime now;

    OdooEnv(OdooStore store, OdooUser user, Map<?, ?> context, int version, LocalDateTime now) {
        this.store = store;
        this.user = user;
        this.context = context;
        this.version = version;
        this.now = now;
        this.companies = companies(user, context.get("allowed_company_ids"));
    }

    private static List<Integer> companies(OdooUser user, Object asked) {
        if (!(asked instanceof List<?> list) || list.isEmpty()) {
            return user.companies();
        }
        List<Integer> companies = new ArrayList<>();
        for (Object item : list) {
            if (!(item instanceof Integer id) || !user.companies().contains(id)) {
                throw OdooFault.access("Access to unauthorized or invalid companies.");
            }
            companies.add(id);
        }
        return companies;
    }

    int company() {
        return companies.get(0);
    }

    boolean activeTest() {
        return !context.containsKey("active_test") || OdooValues.truthy(context.get("active_test"));
    }
}
