package cl.smarterbot.hub.sandbox;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An {@code order} clause; as in PostgreSQL, empty values come last when ascending. */
final class OdooOrder {
    private static final Pattern TERM = Pattern.compile(
            "\\s*([a-z_0-9.]+)(?:\\s+(asc|desc))?(?:\\s+nulls\\s+(?:first|last))?\\s*", Pattern.CASE_INSENSITIVE);

    private record Term(OdooField field, boolean descending) {}

    private final List<Term> terms = new ArrayList<>();

    static OdooOrder parse(OdooEnv env, OdooModel model, Object order) {
        OdooOrder parsed = new OdooOrder();
        String text = OdooValues.truthy(order) ? String.valueOf(order) : model.order;
        for (String part : text.split(",")) {
            Matcher matcher = TERM.matcher(part);
            if (!matcher.matches()) {
                throw OdooFault.user("Invalid \"order\" specified (" + text
                        + "). A valid \"order\" specification is a comma-separated list of valid field names (optionally"
                        + " followed by asc/desc for the direction)");
            }
            OdooField field = model.field(matcher.group(1), env.version);
            if (field == null) {
                throw OdooFault.value("Invalid field " + OdooValues.repr(matcher.group(1)) + " on model "
                        + OdooValues.repr(model.name));
            }
            parsed.terms.add(new Term(field, "desc".equalsIgnoreCase(matcher.group(2))));
        }
        return parsed;
    }

    boolean byIdOnly() {
        return terms.get(0).field().name.equals("id");
    }

    boolean descendingId() {
        return byIdOnly() && terms.get(0).descending();
    }

    void apply(OdooEnv env, OdooModel model, List<OdooRecord> records) {
        if (records.size() < 2) {
            return;
        }
        Comparator<OdooRecord> comparator = null;
        for (Term term : terms) {
            Comparator<OdooRecord> next =
                    (a, b) -> compare(key(env, model, a, term.field()), key(env, model, b, term.field()));
            next = term.descending() ? next.reversed() : next;
            comparator = comparator == null ? next : comparator.thenComparing(next);
        }
        records.sort(comparator);
    }

    private static Object key(OdooEnv env, OdooModel model, OdooRecord record, OdooField field) {
        Object value = env.store.get(env, model, record, field);
        if (field.type == OdooField.Type.MANY2ONE && value != null) {
            OdooModel target = env.store.model(field.relation);
            OdooRecord other = target.records.get(value);
            return other == null ? null : target.display(env, other).toLowerCase();
        }
        return value instanceof String text ? text.toLowerCase() : value;
    }

    @SuppressWarnings("unchecked")
    private static int compare(Object a, Object b) {
        if (a == null || b == null) {
            return a == b ? 0 : a == null ? 1 : -1;
        }
        return a instanceof Comparable<?> comparable && a.getClass() == b.getClass()
                ? ((Comparable<Object>) comparable).compareTo(b)
                : 0;
    }
}
