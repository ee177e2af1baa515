package cl.smarterbot.hub.sandbox;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The public methods of every model, with their parameters' names as Odoo has them. */
final class OdooMethods {

    interface Body {
        Object run(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args);
    }

    /** {@code required} counts the leading parameters without a default. */
    record Method(String name, boolean onRecords, int required, List<String> params, Body body) {}

    private final Map<String, Method> common = new LinkedHashMap<>();
    private final Map<String, Method> special = new LinkedHashMap<>();

    OdooMethods() {
        model("search", 1, OdooMethods::search, "domain", "offset", "limit", "order");
        model(
                "search_count",
                1,
                (env, model, ids, args) -> {
                    env.store.checkModel(env, model, "read");
                    return env.store
                            .search(env, model, args.get("domain"), 0, limit(args.get("limit")), "id")
                            .size();
                },
                "domain",
                "limit");
        model("search_read", 0, OdooMethods::searchRead, "domain", "fields", "offset", "limit", "order", "load");
        model("create", 1, OdooMethods::create, "vals_list");
        model(
                "load",
                2,
                (env, model, ids, args) -> OdooLoad.run(env, model, args.get("fields"), args.get("data")),
                "fields",
                "data");
        model("fields_get", 0, OdooMethods::fieldsGet, "allfields", "attributes");
        model("name_search", 0, OdooMethods::nameSearch, "name", "args", "operator", "limit");
        model("default_get", 1, OdooMethods::defaultGet, "fields_list");
        model("check_access_rights", 1, OdooMethods::checkAccessRights, "operation", "raise_exception");
        records(
                "read",
                0,
                (env, model, ids, args) -> read(env, model, ids, args.get("fields"), args.get("load"), args),
                "fields",
                "load");
        records("write", 1, OdooMethods::write, "vals");
        records("unlink", 0, OdooMethods::unlink);
        records("exists", 0, (env, model, ids, args) -> ids.stream()
                .filter(model.records::containsKey)
                .toList());
        records(
                "has_access",
                1,
                (env, model, ids, args) ->
                        env.user.admin() || model.userMay.contains(String.valueOf(args.get("operation"))),
                "operation");
        records("action_archive", 0, (env, model, ids, args) -> archive(env, model, ids, false));
        records("action_unarchive", 0, (env, model, ids, args) -> archive(env, model, ids, true));
        records("get_external_id", 0, OdooMethods::externalIds);
        records(
                "message_post",
                0,
                OdooMethods::messagePost,
                "body",
                "subject",
                "message_type",
                "subtype_xmlid",
                "partner_ids",
                "email_from",
                "author_id");
        records("message_subscribe", 0, (env, model, ids, args) -> true, "partner_ids", "subtype_ids");
        records("message_unsubscribe", 0, (env, model, ids, args) -> null, "partner_ids");

        special.put("res.users.context_get", new Method("context_get", false, 0, List.of(), (env, model, ids, args) -> {
            Map<String, Object> context = new LinkedHashMap<>();
            context.put("lang", "es_CL");
            context.put("tz", "America/Santiago");
            context.put("uid", env.user.id());
            return context;
        }));
        special.put(
                "stock.quant.action_apply_inventory",
                new Method("action_apply_inventory", true, 0, List.of(), OdooMethods::applyInventory));
        special.put(
                "ir.model.data.check_object_reference",
                new Method(
                        "check_object_reference",
                        false,
                        2,
                        List.of("module", "xml_id", "raise_on_access_error"),
                        OdooMethods::objectReference));
    }

    private void model(String name, int required, Body body, String... params) {
        common.put(name, new Method(name, false, required, List.of(params), body));
    }

    private void records(String name, int required, Body body, String... params) {
        common.put(name, new Method(name, true, required, List.of(params), body));
    }

    /** Null when the model has no such public method. */
    Method find(String model, String name) {
        Method method = special.get(model + "." + name);
        return method != null ? method : common.get(name);
    }

    static Map<String, Object> bind(Method method, OdooModel model, List<?> positional, Map<?, ?> named) {
        Map<String, Object> args = new LinkedHashMap<>();
        String owner = model.name.equals("res.partner") && method.name().equals("write") ? "ResPartner" : "BaseModel";
        String call = owner + "." + method.name() + "()";
        if (positional.size() > method.params().size()) {
            throw OdooFault.error(
                    "TypeError",
                    call + " takes " + (method.params().size() + 1) + " positional arguments but "
                            + (positional.size() + 1) + " were given");
        }
        for (int i = 0; i < positional.size(); i++) {
            args.put(method.params().get(i), positional.get(i));
        }
        named.forEach((key, value) -> {
            String name = "values".equals(key) && method.name().equals("write") ? "vals" : String.valueOf(key);
            if (name.equals("context")) {
                return;
            }
            if (!method.params().contains(name)) {
                String shown = method.name().equals("search_read") ? "BaseModel._read_format()" : call;
                throw OdooFault.error(
                        "TypeError", shown + " got an unexpected keyword argument " + OdooValues.repr(name));
            }
            if (args.containsKey(name)) {
                throw OdooFault.error("TypeError", call + " got multiple values for argument " + OdooValues.repr(name));
            }
            args.put(name, value);
        });
        for (String name : method.params().subList(0, method.required())) {
            if (!args.containsKey(name)) {
                String shown = name.equals("vals") ? "values" : name;
                throw OdooFault.error(
                        "TypeError", call + " missing 1 required positional argument: " + OdooValues.repr(shown));
            }
        }
        return args;
    }

    /** JSON-2 binds by name only and says so in its own words. */
    static Map<String, Object> bindNames(Method method, Map<?, ?> named) {
        Map<String, Object> args = new LinkedHashMap<>();
        for (String name : method.params().subList(0, method.required())) {
            if (!named.containsKey(name)) {
                throw OdooFault.of(
                        OdooFault.Kind.UNPROCESSABLE, "missing a required argument: " + OdooValues.repr(name));
            }
        }
        named.forEach((key, value) -> {
            String name = String.valueOf(key);
            if (name.equals("ids") || name.equals("context")) {
                return;
            }
            if (!method.params().contains(name)) {
                throw OdooFault.of(
                        OdooFault.Kind.UNPROCESSABLE, "got an unexpected keyword argument " + OdooValues.repr(name));
            }
            args.put(name, value);
        });
        return args;
    }

    static List<Integer> ids(Object value) {
        if (value instanceof Integer id) {
            return List.of(id);
        }
        if (!OdooValues.truthy(value)) {
            return List.of();
        }
        Set<Integer> ids = new LinkedHashSet<>();
        if (value instanceof List<?> list) {
            for (Object item : list) {
                if (!(item instanceof Integer id)) {
                    throw OdooFault.error(
                            "psycopg2.errors.InvalidTextRepresentation",
                            "invalid input syntax for type integer: \"" + item + "\"");
                }
                ids.add(id);
            }
            return List.copyOf(ids);
        }
        throw OdooFault.error("TypeError", "unhashable ids: " + OdooValues.repr(value));
    }

    static Integer limit(Object value) {
        return OdooValues.truthy(value) ? OdooValues.integer(value) : null;
    }

    private static int offset(Object value) {
        return OdooValues.truthy(value) ? OdooValues.integer(value) : 0;
    }

    private static Object search(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        env.store.checkModel(env, model, "read");
        return env.store.search(
                env,
                model,
                args.get("domain"),
                offset(args.get("offset")),
                limit(args.get("limit")),
                args.get("order"));
    }

    private static Object searchRead(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        env.store.checkModel(env, model, "read");
        List<OdooField> fields = fields(env, model, args.get("fields"));
        List<Integer> found = env.store.search(
                env,
                model,
                args.get("domain"),
                offset(args.get("offset")),
                limit(args.get("limit")),
                args.get("order"));
        return rows(env, model, found, fields, named(args));
    }

    private static boolean named(Map<String, Object> args) {
        return !args.containsKey("load") || OdooValues.truthy(args.get("load"));
    }

    private static Object read(
            OdooEnv env, OdooModel model, List<Integer> ids, Object names, Object load, Map<String, Object> args) {
        env.store.checkModel(env, model, "read");
        List<OdooField> fields = fields(env, model, names);
        for (Integer id : ids) {
            OdooRecord record = model.records.get(id);
            if (record != null) {
                env.store.checkRule(env, model, record, "read");
            }
        }
        return rows(env, model, ids, fields, named(args));
    }

    private static List<OdooField> fields(OdooEnv env, OdooModel model, Object names) {
        List<OdooField> fields = new ArrayList<>();
        if (!OdooValues.truthy(names)) {
            for (OdooField field : model.fields.values()) {
                if (field.until >= env.version && (!field.restricted || env.user.admin() || env.version >= 19)) {
                    fields.add(field);
                }
            }
        } else if (names instanceof List<?> list) {
            for (Object name : list) {
                OdooField field = model.field(String.valueOf(name), env.version);
                if (field == null) {
                    throw OdooFault.value(
                            "Invalid field " + OdooValues.repr(name) + " on model " + OdooValues.repr(model.name));
                }
                if (!fields.contains(field)) {
                    fields.add(field);
                }
            }
        } else {
            throw OdooFault.error("TypeError", "fields must be a list of names");
        }
        for (OdooField field : fields) {
            if (field.restricted && !env.user.admin()) {
                throw OdooFault.access(
                        "You do not have enough rights to access the fields \"" + field.name + "\" on " + model.label
                                + " (" + model.name
                                + "). Please contact your system administrator.\n\nOperation: read\nUser: "
                                + env.user.id() + "\nFields:\n- " + field.name
                                + " (allowed for groups 'Technical / Show Accounting Features - Readonly', 'Invoicing / Invoicing')");
            }
        }
        return fields;
    }

    private static List<Map<String, Object>> rows(
            OdooEnv env, OdooModel model, List<Integer> ids, List<OdooField> fields, boolean named) {
        List<Map<String, Object>> rows = new ArrayList<>(ids.size());
        for (Integer id : ids) {
            OdooRecord record = model.records.get(id);
            if (record == null) {
                continue;
            }
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("id", id);
            for (OdooField field : fields) {
                row.put(field.name, env.store.shown(env, model, record, field, named));
            }
            rows.add(row);
        }
        return rows;
    }

    private static Object create(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        env.store.checkModel(env, model, "create");
        Object given = args.get("vals_list");
        if (given instanceof Map<?, ?> one) {
            return env.store.create(env, model, one);
        }
        if (!(given instanceof List<?> list)) {
            throw OdooFault.error(
                    "AttributeError", "'" + (given == null ? "NoneType" : "str") + "' object has no attribute 'items'");
        }
        List<Integer> created = new ArrayList<>();
        for (Object item : list) {
            if (!(item instanceof Map<?, ?> values)) {
                throw OdooFault.error("AttributeError", "'str' object has no attribute 'items'");
            }
            created.add(env.store.create(env, model, values));
        }
        return created;
    }

    private static Object write(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        env.store.checkModel(env, model, "write");
        if (!(args.get("vals") instanceof Map<?, ?> values)) {
            throw OdooFault.error("AttributeError", "'list' object has no attribute 'items'");
        }
        for (Integer id : ids) {
            env.store.write(env, model, env.store.require(env, model, id), values);
        }
        return true;
    }

    private static Object unlink(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        env.store.checkModel(env, model, "unlink");
        for (Integer id : ids) {
            env.store.unlink(env, model, env.store.require(env, model, id));
        }
        return true;
    }

    private static Object archive(OdooEnv env, OdooModel model, List<Integer> ids, boolean active) {
        return write(env, model, ids, Map.of("vals", Map.of("active", active)));
    }

    private static Object nameSearch(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        env.store.checkModel(env, model, "read");
        List<Object> domain = new ArrayList<>();
        if (OdooValues.truthy(args.get("name"))) {
            Object operator = args.getOrDefault("operator", "ilike");
            domain.add(List.of("display_name", operator, args.get("name")));
        }
        if (args.get("args") instanceof List<?> more) {
            domain.addAll(more);
        }
        Integer limit = args.containsKey("limit") ? limit(args.get("limit")) : Integer.valueOf(100);
        return env.store.search(env, model, domain, 0, limit, null).stream()
                .map(id -> List.of(id, model.display(env, model.records.get(id))))
                .toList();
    }

    private static Object defaultGet(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        Map<String, Object> defaults = new LinkedHashMap<>();
        for (Object name : args.get("fields_list") instanceof List<?> list ? list : List.of()) {
            OdooField field = model.field(String.valueOf(name), env.version);
            Object value = field == null || field.byDefault == null ? null : field.byDefault.apply(env);
            if (value instanceof String || value instanceof Number || value instanceof Boolean) {
                defaults.put(field.name, value);
            }
        }
        return defaults;
    }

    private static Object checkAccessRights(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        String operation = String.valueOf(args.get("operation"));
        if (!args.containsKey("raise_exception") || OdooValues.truthy(args.get("raise_exception"))) {
            env.store.checkModel(env, model, operation);
        }
        return env.user.admin() || model.userMay.contains(operation);
    }

    private static Object fieldsGet(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        List<?> wanted = args.get("allfields") instanceof List<?> list && !list.isEmpty() ? list : null;
        List<?> attributes = args.get("attributes") instanceof List<?> list && !list.isEmpty() ? list : null;
        Map<String, Object> all = new LinkedHashMap<>();
        for (OdooField field : model.fields.values()) {
            boolean hidden = field.until < env.version || field.restricted && !env.user.admin();
            if (!hidden && (wanted == null || wanted.contains(field.name))) {
                Map<String, Object> about = about(field);
                if (attributes != null) {
                    about.keySet().retainAll(attributes);
                }
                all.put(field.name, about);
            }
        }
        return all;
    }

    private static Map<String, Object> about(OdooField field) {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("type", field.typeName());
        about.put("string", field.label);
        about.put("name", field.name);
        about.put("required", field.required);
        about.put("readonly", field.readonly);
        about.put("store", field.stored());
        about.put("searchable", true);
        about.put("sortable", field.stored() || field.through != null);
        about.put("company_dependent", false);
        if (field.relation != null) {
            about.put("relation", field.relation);
        }
        if (field.type == OdooField.Type.SELECTION) {
            about.put(
                    "selection",
                    field.selection.entrySet().stream()
                            .map(e -> List.of(e.getKey(), e.getValue()))
                            .toList());
        }
        if (field.type == OdooField.Type.CHAR || field.type == OdooField.Type.TEXT) {
            about.put("translate", false);
        }
        if (field.type == OdooField.Type.FLOAT) {
            about.put("digits", List.of(16, 2));
        }
        return about;
    }

    /** Integer keys, on purpose: over XML-RPC Odoo cannot answer this either. */
    private static Object externalIds(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        Map<Integer, String> names = new LinkedHashMap<>();
        for (Integer id : ids) {
            String name = env.store.externalId(model, id);
            names.put(id, name == null ? "" : name);
        }
        return names;
    }

    private static Object messagePost(OdooEnv env, OdooModel model, List<Integer> ids, Map<String, Object> args) {
        if (ids.size() != 1) {
            throw OdooFault.value("Expected singleton: " + model.name + "("
                    + String.join(", ", ids.stream().map(String::valueOf).toList()) + ")");
        }
        OdooRecord record = env.store.require(env, model, ids.get(0));
        env.store.checkRule(env, model, record, "read");
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("body", args.get("body"));
        values.put("model", model.name);
        values.put("res_id", record.id);
        if (OdooValues.truthy(args.get("message_type"))) {
            values.put("message_type", args.get("message_type"));
        }
        return env.store.create(env, env.store.model("mail.message"), values);
    }

    private static Object applyInventory(OdooEnv env, OdooModel quants, List<Integer> ids, Map<String, Object> args) {
        for (Integer id : ids) {
            OdooRecord quant = env.store.require(env, quants, id);
            if (OdooValues.truthy(quants.raw(quant, "inventory_quantity_set"))) {
                Map<String, Object> values = new LinkedHashMap<>();
                double before = (Double) quants.raw(quant, "quantity");
                double counted = (Double) quants.raw(quant, "inventory_quantity");
                values.put("quantity", counted);
                env.store.write(env, quants, quant, values);
                env.store.create(
                        env,
                        env.store.model("stock.move.line"),
                        Map.of(
                                "product_id", quants.raw(quant, "product_id"),
                                "quantity", Math.abs(counted - before),
                                "state", "done"));
                env.store.set(quants, quant, "inventory_quantity", 0.0);
                env.store.set(quants, quant, "inventory_quantity_set", false);
            }
        }
        return null;
    }

    private static Object objectReference(OdooEnv env, OdooModel data, List<Integer> ids, Map<String, Object> args) {
        String complete = args.get("module") + "." + args.get("xml_id");
        for (Integer id : data.lookup("complete_name", complete)) {
            OdooRecord entry = data.records.get(id);
            OdooModel model = env.store.model((String) data.raw(entry, "model"));
            OdooRecord record = model.records.get(data.raw(entry, "res_id"));
            if (record != null && env.store.visible(env, model, record)) {
                return List.of(model.name, record.id);
            }
            if (record != null) {
                return List.of(model.name, false);
            }
        }
        throw OdooFault.value("External ID not found in the system: " + complete);
    }
}
