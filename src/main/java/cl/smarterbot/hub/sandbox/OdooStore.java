package cl.smarterbot.hub.sandbox;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Records of every model with an undo log, so that a failed call leaves nothing behind. Not thread-safe: the sandbox
 * holds one lock around each call.
 */
final class OdooStore {
    private static final Set<String> STAMPS = Set.of("id", "create_date", "create_uid", "write_date", "write_uid");

    final Map<String, OdooModel> models = new LinkedHashMap<>();
    private final Deque<Runnable> undo = new ArrayDeque<>();

    OdooModel model(String name) {
        OdooModel model = models.get(name);
        if (model == null) {
            throw OdooFault.user("Object " + name + " doesn't exist");
        }
        return model;
    }

    void begin() {
        undo.clear();
    }

    int mark() {
        return undo.size();
    }

    void rollback(int mark) {
        while (undo.size() > mark) {
            undo.pop().run();
        }
    }

    private void put(OdooModel model, OdooRecord record) {
        model.put(record);
        undo.push(() -> model.remove(record));
    }

    private void drop(OdooModel model, OdooRecord record) {
        model.remove(record);
        undo.push(() -> model.put(record));
    }

    void set(OdooModel model, OdooRecord record, OdooField field, Object value) {
        Object old = record.values[field.slot];
        if (value == null ? old != null : !value.equals(old)) {
            model.set(record, field, value);
            undo.push(() -> model.set(record, field, old));
        }
    }

    void set(OdooModel model, OdooRecord record, String field, Object value) {
        set(model, record, model.fields.get(field), value);
    }

    /** Stored form of any field of a record, following relations; null where Odoo says False. */
    Object get(OdooEnv env, OdooModel model, OdooRecord record, OdooField field) {
        if (field.compute != null) {
            return field.compute.apply(env, record);
        }
        if (field.through != null) {
            OdooField link = model.fields.get(field.through);
            OdooRecord target = related(link, record);
            return target == null
                    ? null
                    : get(
                            env,
                            model(link.relation),
                            target,
                            model(link.relation).fields.get(field.name));
        }
        if (field.onVariant) {
            OdooRecord variant = variant(record);
            OdooModel product = model("product.product");
            return variant == null ? null : get(env, product, variant, product.fields.get(field.name));
        }
        return record.values[field.slot];
    }

    private OdooRecord related(OdooField link, OdooRecord record) {
        Object id = record.values[link.slot];
        return id == null ? null : model(link.relation).records.get(id);
    }

    OdooRecord variant(OdooRecord template) {
        Collection<Integer> ids = model("product.product").lookup("product_tmpl_id", template.id);
        return ids.isEmpty()
                ? null
                : model("product.product").records.get(ids.iterator().next());
    }

    /** As {@code read} shows it. */
    Object shown(OdooEnv env, OdooModel model, OdooRecord record, OdooField field, boolean named) {
        Object value = get(env, model, record, field);
        switch (field.type) {
            case BOOLEAN:
                return value != null && OdooValues.truthy(value);
            case INTEGER:
                return value == null ? 0 : value;
            case FLOAT, MONETARY:
                return value == null ? 0.0 : value;
            case ONE2MANY, MANY2MANY:
                return value == null ? List.of() : value;
            case MANY2ONE:
                if (value == null) {
                    return false;
                }
                if (!named) {
                    return value;
                }
                OdooModel target = model(field.relation);
                OdooRecord other = target.records.get(value);
                return other == null ? false : List.of(value, target.display(env, other));
            case DATETIME:
                return value == null ? false : ((LocalDateTime) value).format(OdooValues.DATETIME);
            case DATE:
                return value == null ? false : ((LocalDate) value).toString();
            default:
                if (field.type == OdooField.Type.BINARY
                        && value instanceof String text
                        && OdooValues.truthy(env.context.get("bin_size"))) {
                    return OdooValues.decimal(Math.round(text.length() * 0.75 / 10.24) / 100.0) + " Kb";
                }
                return value == null ? false : value;
        }
    }

    /** The company that fences a record, or null when every company shares it. */
    Integer companyOf(OdooEnv env, OdooModel model, OdooRecord record) {
        if (model.name.equals("res.company")) {
            return record.id;
        }
        OdooField field = model.fields.get("company_id");
        if (field == null || model.name.equals("res.users")) {
            return null;
        }
        return (Integer) get(env, model, record, field);
    }

    boolean visible(OdooEnv env, OdooModel model, OdooRecord record) {
        Integer company = companyOf(env, model, record);
        return company == null || env.companies.contains(company);
    }

    void checkModel(OdooEnv env, OdooModel model, String operation) {
        if (!env.user.admin() && !model.userMay.contains(operation)) {
            String verb =
                    switch (operation) {
                        case "read" -> "access";
                        case "write" -> "modify";
                        case "unlink" -> "delete";
                        default -> operation;
                    };
            throw OdooFault.access("You are not allowed to " + verb + " '" + model.label + "' (" + model.name
                    + ") records.\n\nThis operation is allowed for the following groups:\n\t- Administration/Access Rights"
                    + "\n\nContact your administrator to request access if necessary.");
        }
    }

    void checkRule(OdooEnv env, OdooModel model, OdooRecord record, String operation) {
        if (visible(env, model, record)) {
            return;
        }
        StringBuilder text = new StringBuilder(
                        "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, ")
                .append(env.user.name())
                .append(" (id=")
                .append(env.user.id())
                .append(") doesn't have '")
                .append(operation)
                .append("' access to:\n- ")
                .append(model.label)
                .append(" (")
                .append(model.name)
                .append(
                        ")\n\nIf you really, really need access, perhaps you can win over your friendly administrator with a"
                                + " batch of freshly baked cookies.");
        if (!env.user.companies().contains(companyOf(env, model, record))) {
            text.append(
                    "\n\nThis seems to be a multi-company issue, but you do not have access to the proper company to"
                            + " access the record anyhow.");
        }
        throw OdooFault.access(text.toString());
    }

    OdooRecord require(OdooEnv env, OdooModel model, int id) {
        OdooRecord record = model.records.get(id);
        if (record == null) {
            throw OdooFault.of(
                    OdooFault.Kind.MISSING,
                    "Record does not exist or has been deleted.\n(Record: " + model.name + "(" + id + ",), User: "
                            + env.user.id() + ")");
        }
        return record;
    }

    int create(OdooEnv env, OdooModel model, Map<?, ?> given) {
        Map<String, Object> values = checked(env, model, given);
        Map<String, Object> behind = new LinkedHashMap<>();
        if (model.name.equals("product.product")) {
            for (OdooField field : model.fields.values()) {
                if (field.through != null && values.containsKey(field.name)) {
                    behind.put(field.name, values.get(field.name));
                }
            }
            if (values.get("product_tmpl_id") instanceof Integer template) {
                if (!behind.isEmpty()) {
                    write(env, model("product.template"), require(env, model("product.template"), template), behind);
                }
            } else {
                values.put("product_tmpl_id", insert(env, model("product.template"), behind).id);
            }
        } else if (model.name.equals("stock.quant")) {
            OdooRecord same = quant(values.get("product_id"), values.get("location_id"));
            if (same != null) {
                write(env, model, same, values);
                return same.id;
            }
            if (values.containsKey("inventory_quantity")) {
                values.put("inventory_quantity_set", true);
            }
        }
        OdooRecord record = insert(env, model, values);
        OdooLeadPartner.written(env, model, record, values.keySet());
        if (model.name.equals("product.template")) {
            Map<String, Object> variant = new LinkedHashMap<>();
            variant.put("product_tmpl_id", record.id);
            for (OdooField field : model.fields.values()) {
                if (field.onVariant && values.containsKey(field.name)) {
                    variant.put(field.name, values.get(field.name));
                }
            }
            create(env, model("product.product"), variant);
        }
        return record.id;
    }

    private OdooRecord quant(Object product, Object location) {
        OdooModel quants = model("stock.quant");
        for (Integer id : quants.lookup("product_id", product)) {
            OdooRecord quant = quants.records.get(id);
            if (quants.raw(quant, "location_id").equals(location)) {
                return quant;
            }
        }
        return null;
    }

    private OdooRecord insert(OdooEnv env, OdooModel model, Map<String, Object> values) {
        OdooRecord record = model.newRecord(model.nextId);
        for (OdooField field : model.fields.values()) {
            if (!field.stored()) {
                continue;
            }
            Object value = null;
            if (STAMPS.contains(field.name)) {
                value = field.type == OdooField.Type.DATETIME ? env.now : (Object) env.user.id();
            } else if (values.containsKey(field.name) && !field.readonly) {
                value = OdooValues.store(env, model, field, values.get(field.name), null);
            } else if (field.byDefault != null) {
                value = field.byDefault.apply(env);
            } else if (field.type.number() || field.type == OdooField.Type.BOOLEAN) {
                value = OdooValues.store(env, model, field, null, null);
            }
            record.values[field.slot] = value;
        }
        put(model, record);
        finish(env, model, record, "create");
        return record;
    }

    void write(OdooEnv env, OdooModel model, OdooRecord record, Map<?, ?> given) {
        Map<String, Object> values = checked(env, model, given);
        checkRule(env, model, record, "write");
        Map<String, Map<String, Object>> behind = new LinkedHashMap<>();
        Map<String, Object> variant = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            OdooField field = model.fields.get(name);
            if (field.through != null) {
                behind.computeIfAbsent(field.through, f -> new LinkedHashMap<>())
                        .put(name, value);
            } else if (field.onVariant) {
                variant.put(name, value);
            } else if (field.stored() && !field.readonly) {
                set(model, record, field, OdooValues.store(env, model, field, value, record.values[field.slot]));
            }
        });
        if (model.name.equals("stock.quant") && values.containsKey("inventory_quantity")) {
            set(model, record, "inventory_quantity_set", true);
        }
        touch(env, model, record);
        behind.forEach((name, part) -> {
            OdooField link = model.fields.get(name);
            write(env, model(link.relation), related(link, record), part);
        });
        if (model.name.equals("product.template")) {
            OdooModel products = model("product.product");
            for (Integer id : products.lookup("product_tmpl_id", record.id)) {
                OdooRecord product = products.records.get(id);
                if (!variant.isEmpty()) {
                    write(env, products, product, variant);
                }
                if (values.containsKey("active")) {
                    set(products, product, "active", model.raw(record, "active"));
                }
                touch(env, products, product);
            }
        }
        if (env.version >= 19 && model.name.equals("product.product") && values.containsKey("qty_available")) {
            setOnHand(env, record, OdooValues.decimal(values.get("qty_available")));
        }
        finish(env, model, record, "write");
        OdooLeadPartner.written(env, model, record, values.keySet());
    }

    private void setOnHand(OdooEnv env, OdooRecord product, double quantity) {
        OdooModel locations = model("stock.location");
        for (OdooRecord location : locations.records.values()) {
            if (Integer.valueOf(env.company()).equals(locations.raw(location, "company_id"))) {
                create(
                        env,
                        model("stock.quant"),
                        Map.of("product_id", product.id, "location_id", location.id, "quantity", quantity));
                return;
            }
        }
    }

    private void touch(OdooEnv env, OdooModel model, OdooRecord record) {
        set(model, record, "write_date", env.now);
        set(model, record, "write_uid", env.user.id());
    }

    private void finish(OdooEnv env, OdooModel model, OdooRecord record, String operation) {
        model.recompute.accept(env, record);
        for (OdooField field : model.fields.values()) {
            if (field.stored() && field.required && record.values[field.slot] == null) {
                throw OdooFault.validation(
                        "The operation cannot be completed:\n- Create/update: a mandatory field is not"
                                + " set.\n- Delete: another model requires the record being deleted. If possible, archive it"
                                + " instead.\n\nModel: " + model.label + " (" + model.name + ")\nField: " + field.label
                                + " ("
                                + field.name + ")\n");
            }
            if (field.checkCompany && field.stored() && record.values[field.slot] != null) {
                OdooModel target = model(field.relation);
                OdooRecord other = related(field, record);
                Integer mine = companyOf(env, model, record);
                Integer theirs = companyOf(env, target, other);
                if (theirs != null && !theirs.equals(mine)) {
                    throw OdooFault.user("Uh-oh! You've got some company inconsistencies here:\n- Record is company "
                            + mine + " while " + field.label + " (" + field.name + ": "
                            + OdooValues.repr(target.display(env, other)) + ") belongs to another company.\nTo avoid a"
                            + " mess, no company crossover is allowed!");
                }
            }
        }
        checkRule(env, model, record, operation);
        model.constraint.accept(env, record);
    }

    void unlink(OdooEnv env, OdooModel model, OdooRecord record) {
        checkRule(env, model, record, "unlink");
        if (model.name.equals("product.product")
                && !model("stock.quant").lookup("product_id", record.id).isEmpty()) {
            throw OdooFault.validation(
                    "The operation cannot be completed: another model requires the record being deleted."
                            + " If possible, archive it instead.\n\nModel: Quants (stock.quant)\nConstraint:"
                            + " stock_quant_product_id_fkey\n");
        }
        if (model.name.equals("product.template")) {
            OdooModel products = model("product.product");
            for (Integer id : List.copyOf(products.lookup("product_tmpl_id", record.id))) {
                unlink(env, products, products.records.get(id));
            }
        }
        if (model.records.get(record.id) != record) {
            return;
        }
        drop(model, record);
        OdooModel data = model("ir.model.data");
        for (Integer id : List.copyOf(data.lookup("target", model.name + "," + record.id))) {
            drop(data, data.records.get(id));
        }
        if (model.name.equals("product.product")) {
            OdooModel templates = model("product.template");
            OdooRecord template = templates.records.get(model.raw(record, "product_tmpl_id"));
            if (template != null && model.lookup("product_tmpl_id", template.id).isEmpty()) {
                drop(templates, template);
            }
        }
    }

    /** Names that the model lacks are refused; stamps and the id are left out without a word, as Odoo does. */
    private Map<String, Object> checked(OdooEnv env, OdooModel model, Map<?, ?> given) {
        Map<String, Object> values = new LinkedHashMap<>();
        given.forEach((key, value) -> {
            String name = String.valueOf(key);
            OdooField field = model.field(name, env.version);
            if (field == null) {
                throw env.version >= 19
                        ? OdooFault.value(
                                "Invalid field " + OdooValues.repr(name) + " in " + OdooValues.repr(model.name))
                        : OdooFault.error(
                                "ValueError",
                                "Invalid field " + OdooValues.repr(name) + " on model " + OdooValues.repr(model.name),
                                "KeyError: " + OdooValues.repr(name));
            }
            if (!STAMPS.contains(name)) {
                values.put(name, value);
            }
        });
        return values;
    }

    /** Record of an external id {@code module.name}, or null; an entry whose record is gone counts as absent. */
    OdooRecord external(OdooModel model, String complete) {
        OdooModel data = model("ir.model.data");
        for (Integer id : data.lookup("complete_name", complete)) {
            OdooRecord entry = data.records.get(id);
            if (model.name.equals(data.raw(entry, "model"))) {
                return model.records.get(data.raw(entry, "res_id"));
            }
        }
        return null;
    }

    String externalId(OdooModel model, int id) {
        OdooModel data = model("ir.model.data");
        for (Integer entry : data.lookup("target", model.name + "," + id)) {
            return (String) data.raw(data.records.get(entry), "complete_name");
        }
        return null;
    }

    /** Whether an import in the mode of an update passes the record of the external id by. */
    boolean leftAlone(String complete) {
        OdooModel data = model("ir.model.data");
        for (Integer id : data.lookup("complete_name", complete)) {
            return OdooValues.truthy(data.raw(data.records.get(id), "noupdate"));
        }
        return false;
    }

    void nameExternally(OdooEnv env, OdooModel model, String complete, int id, boolean leftAlone) {
        int dot = complete.indexOf('.');
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("module", complete.substring(0, dot));
        values.put("name", complete.substring(dot + 1));
        values.put("model", model.name);
        values.put("res_id", id);
        values.put("noupdate", leftAlone);
        insert(env, model("ir.model.data"), values);
    }

    List<Integer> search(OdooEnv env, OdooModel model, Object domain, int offset, Integer limit, Object order) {
        OdooDomain parsed = OdooDomain.parse(env, model, domain);
        OdooOrder sort = OdooOrder.parse(env, model, order);
        if (offset < 0) {
            throw OdooFault.error("psycopg2.errors.InvalidRowCountInResultOffsetClause", "OFFSET must not be negative");
        }
        boolean hideArchived = env.activeTest() && model.fields.containsKey("active") && !parsed.mentions("active");
        OdooField active = model.fields.get("active");
        Set<Integer> candidates = parsed.candidates(env, model);
        List<OdooRecord> found = new ArrayList<>();
        int enough = sort.byIdOnly() && limit != null && limit > 0 ? offset + limit : Integer.MAX_VALUE;
        Collection<OdooRecord> pool = candidates == null
                ? sort.descendingId()
                        ? model.records.descendingMap().values()
                        : model.records.tailMap(parsed.above(), false).values()
                : pick(model, candidates);
        boolean sorted = candidates == null && sort.byIdOnly();
        for (OdooRecord record : pool) {
            if (hideArchived && !OdooValues.truthy(get(env, model, record, active))) {
                continue;
            }
            if (parsed.matches(env, model, record) && visible(env, model, record)) {
                found.add(record);
                if (sorted && found.size() >= enough) {
                    break;
                }
            }
        }
        if (!sorted) {
            sort.apply(env, model, found);
        }
        int from = Math.min(offset, found.size());
        int to = limit == null || limit <= 0 ? found.size() : Math.min(found.size(), from + limit);
        return found.subList(from, to).stream().map(record -> record.id).toList();
    }

    private static List<OdooRecord> pick(OdooModel model, Set<Integer> ids) {
        List<OdooRecord> records = new ArrayList<>();
        for (Integer id : new LinkedHashSet<>(ids)) {
            OdooRecord record = model.records.get(id);
            if (record != null) {
                records.add(record);
            }
        }
        return records;
    }

    static LocalDateTime micros(LocalDateTime time) {
        return time.truncatedTo(ChronoUnit.MICROS);
    }
}
