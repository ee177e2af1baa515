package cl.smarterbot.hub.sandbox;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The import method {@code load}: an upsert by external id, all or nothing. Shapes and texts as measured on 17.0, 18.0
 * and 19.0.
 */
final class OdooLoad {
    private static final Set<String> YES = Set.of("1", "true", "yes", "sí", "si", "verdadero");
    private static final Set<String> NO = Set.of("", "0", "false", "no", "falso");

    /** The field in the text that says a mandatory one is missing. */
    private static final Pattern MANDATORY =
            Pattern.compile("a mandatory field is not set.*\\nField: (.*) \\((\\w+)\\)\\n", Pattern.DOTALL);

    private record Column(OdooField field, String part) {}

    private final OdooEnv env;
    private final OdooModel model;
    private final List<Column> columns = new ArrayList<>();
    private final List<Object> messages = new ArrayList<>();
    private int errors;

    private OdooLoad(OdooEnv env, OdooModel model) {
        this.env = env;
        this.model = model;
    }

    static Object run(OdooEnv env, OdooModel model, Object fields, Object data) {
        env.store.checkModel(env, model, "create");
        env.store.checkModel(env, model, "write");
        OdooLoad load = new OdooLoad(env, model);
        if (!(fields instanceof List<?> names) || !(data instanceof List<?> rows)) {
            throw OdooFault.error("TypeError", "load() takes a list of field names and a list of rows");
        }
        for (Object name : names) {
            load.column(String.valueOf(name));
        }
        return load.rows(rows);
    }

    private void column(String path) {
        String[] parts = path.split("/", 2);
        String part = parts.length > 1 ? parts[1] : "";
        if (path.equals("id") || path.equals(".id")) {
            columns.add(new Column(null, path));
            return;
        }
        OdooField field = model.field(parts[0], env.version);
        boolean relational = field != null && field.relation != null;
        if (field == null || !part.isEmpty() && !(relational && (part.equals("id") || part.equals(".id")))) {
            throw OdooFault.value(
                    "Invalid field name " + OdooValues.repr(field == null || !relational ? parts[0] : part));
        }
        columns.add(new Column(field, part));
    }

    private Object rows(List<?> rows) {
        int mark = env.store.mark();
        List<Object> ids = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            if (!(rows.get(i) instanceof List<?> cells)) {
                throw OdooFault.error("IndexError", "list index out of range");
            }
            int before = env.store.mark();
            int failed = errors;
            try {
                Integer id = row(i, cells);
                if (errors == failed) {
                    ids.add(id);
                }
            } catch (OdooFault fault) {
                if (fault.python.equals("builtins.AttributeError") || fault.python.equals("builtins.TypeError")) {
                    throw fault;
                }
                env.store.rollback(before);
                blame(i, fault.getMessage());
            }
            if (errors >= 10 && errors >= (i + 1) / 10 && i + 1 < rows.size()) {
                Map<String, Object> warning = new LinkedHashMap<>();
                warning.put("type", "warning");
                warning.put(
                        "message",
                        "Found more than 10 errors and more than one error per 10 records, interrupted to avoid"
                                + " showing too many errors.");
                messages.add(warning);
                break;
            }
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        if (errors > 0) {
            env.store.rollback(mark);
        }
        answer.put("ids", errors > 0 ? (Object) false : ids);
        answer.put("messages", messages);
        answer.put("nextrow", 0);
        return answer;
    }

    /**
     * From 18 on the failure of a whole batch is met again by its first row, which gets the blame beside the guilty one:
     * a caller cannot trust the row number. What the database itself refuses is blamed on its own row only.
     */
    private void blame(int row, String reason) {
        Matcher mandatory = MANDATORY.matcher(reason);
        if (mandatory.find()) {
            Map<String, Object> message = recordMessage(
                    row,
                    "Missing required value for the field '" + mandatory.group(1) + "' (" + mandatory.group(2) + ")");
            message.put("field", mandatory.group(2));
            messages.add(message);
        } else if (reason.endsWith(": Contacts require a name")) {
            // The import shows the constraint's own text, in quotes.
            messages.add(recordMessage(row, "'Contacts require a name'"));
        } else {
            if (env.version >= 18 && row > 0 && errors == 0) {
                messages.add(recordMessage(0, reason));
            }
            messages.add(recordMessage(row, reason));
        }
        errors++;
    }

    private static Map<String, Object> recordMessage(int row, String text) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("rows", span(row));
        message.put("record", row);
        message.put("type", "error");
        message.put("message", text);
        return message;
    }

    private static Map<String, Object> span(int row) {
        Map<String, Object> span = new LinkedHashMap<>();
        span.put("from", row);
        span.put("to", row);
        return span;
    }

    private void complain(int row, String type, String field, OdooField about, String text, Object more) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("rows", span(row));
        message.put("type", type);
        message.put("record", row);
        message.put("field", field);
        message.put("message", text);
        if (more != null) {
            message.put("moreinfo", more);
        }
        if (about != null) {
            message.put("field_name", about.label);
        }
        messages.add(message);
        if (type.equals("error")) {
            errors++;
        }
    }

    private Integer row(int row, List<?> cells) {
        Map<String, Object> values = new LinkedHashMap<>();
        String external = null;
        Integer database = null;
        int failed = errors;
        // Columns that a short row has no cell for are as if not named.
        for (int i = 0; i < Math.min(columns.size(), cells.size()); i++) {
            Column column = columns.get(i);
            Object cell = cells.get(i);
            boolean empty = !OdooValues.truthy(cell);
            if (column.field() == null) {
                if (empty) {
                    continue;
                }
                if (column.part().equals("id")) {
                    if (!(cell instanceof String text)) {
                        throw OdooFault.error("TypeError", "argument of type '" + python(cell) + "' is not iterable");
                    }
                    external = text;
                } else {
                    database = databaseId(row, cell);
                }
            } else {
                values.put(column.field().name, empty ? (Object) false : convert(row, column, cell));
            }
        }
        if (errors > failed) {
            return null;
        }
        OdooStore store = env.store;
        if (external != null) {
            String complete = external.indexOf('.') >= 0 ? external : "__import__." + external;
            OdooRecord known = store.external(model, complete);
            if (known != null) {
                if ("update".equals(env.context.get("mode")) && store.leftAlone(complete)) {
                    return known.id;
                }
                store.checkRule(env, model, known, "read");
                store.write(env, model, known, values);
                return known.id;
            }
            int id = store.create(env, model, values);
            forget(complete);
            store.nameExternally(env, model, complete, id, OdooValues.truthy(env.context.get("noupdate")));
            return id;
        }
        if (database != null) {
            store.write(env, model, store.require(env, model, database), values);
            return database;
        }
        return store.create(env, model, values);
    }

    /** An external id which another model holds cannot be taken over. */
    private void forget(String complete) {
        OdooModel data = env.store.model("ir.model.data");
        for (Integer id : data.lookup("complete_name", complete)) {
            Object holder = data.raw(data.records.get(id), "model");
            throw OdooFault.validation(
                    "For external id " + complete + " when trying to create/update a record of model " + model.name
                            + " found record of different model " + holder + " ("
                            + data.raw(data.records.get(id), "res_id") + ")");
        }
    }

    private static String python(Object cell) {
        return cell instanceof Boolean
                ? "bool"
                : cell instanceof Integer ? "int" : cell instanceof Double ? "float" : "list";
    }

    private Integer databaseId(int row, Object cell) {
        String text = String.valueOf(cell).trim();
        try {
            Integer id = Integer.valueOf(text);
            OdooRecord record = model.records.get(id);
            if (record != null && env.store.visible(env, model, record)) {
                return id;
            }
            complain(row, "error", ".id", null, "Unknown database identifier '" + text + "'", null);
        } catch (NumberFormatException e) {
            complain(row, "error", ".id", null, "Invalid database identifier '" + text + "'", null);
        }
        return null;
    }

    private Object convert(int row, Column column, Object cell) {
        OdooField field = column.field();
        if (cell instanceof Boolean && field.type == OdooField.Type.BOOLEAN
                || cell instanceof List<?>
                || cell instanceof Map<?, ?>) {
            throw OdooFault.error("AttributeError", "'" + python(cell) + "' object has no attribute 'lower'");
        }
        String text = cell instanceof String string ? string : OdooValues.repr(cell);
        switch (field.type) {
            case BOOLEAN:
                String lower = text.trim().toLowerCase(Locale.ROOT);
                if (!YES.contains(lower) && !NO.contains(lower)) {
                    complain(
                            row,
                            "error",
                            field.name,
                            field,
                            "Unknown value '" + text + "' for boolean field '" + field.label + "'",
                            "Use '1' for yes and '0' for no");
                }
                return !NO.contains(lower);
            case INTEGER:
                try {
                    return Integer.valueOf(text.trim());
                } catch (NumberFormatException e) {
                    complain(
                            row,
                            "error",
                            field.name,
                            field,
                            "'" + text + "' does not seem to be an integer for field '" + field.label + "'",
                            null);
                    return false;
                }
            case FLOAT, MONETARY:
                try {
                    return Double.valueOf(text.trim());
                } catch (NumberFormatException e) {
                    complain(
                            row,
                            "error",
                            field.name,
                            field,
                            "'" + text + "' does not seem to be a number for field '" + field.label + "'",
                            null);
                    return false;
                }
            case DATE, DATETIME:
                try {
                    if (field.type == OdooField.Type.DATE) {
                        return LocalDate.parse(text).toString();
                    }
                    return LocalDateTime.parse(text, OdooValues.DATETIME).format(OdooValues.DATETIME);
                } catch (DateTimeException e) {
                    complain(
                            row,
                            "error",
                            field.name,
                            field,
                            "'" + text + "' does not seem to be a valid " + field.typeName() + " for field '"
                                    + field.label + "'",
                            "Use the format '2012-12-31" + (field.type == OdooField.Type.DATE ? "'" : " 23:59:59'"));
                    return false;
                }
            case SELECTION:
                return selection(row, field, text);
            case MANY2ONE:
                return one(row, column, text);
            case MANY2MANY:
                List<Object> all = new ArrayList<>();
                for (String name : text.split(",")) {
                    Object id = one(row, column, name.trim());
                    if (id instanceof Integer) {
                        all.add(id);
                    }
                }
                return List.of(List.of(6, false, all));
            default:
                return text;
        }
    }

    private Object selection(int row, OdooField field, String text) {
        if (field.selection.containsKey(text)) {
            return text;
        }
        for (Map.Entry<String, String> option : field.selection.entrySet()) {
            if (option.getValue().equalsIgnoreCase(text)) {
                return option.getKey();
            }
        }
        complain(
                row,
                "error",
                field.name,
                field,
                "Value '" + text + "' not found in selection field '" + field.label + "'",
                List.copyOf(field.selection.values()));
        return false;
    }

    private Object one(int row, Column column, String text) {
        OdooField field = column.field();
        OdooModel target = env.store.model(field.relation);
        String kind;
        switch (column.part()) {
            case "id" -> {
                kind = "external id";
                OdooRecord record = env.store.external(target, text.indexOf('.') >= 0 ? text : "__import__." + text);
                if (record != null) {
                    return record.id;
                }
            }
            case ".id" -> {
                kind = "database id";
                try {
                    OdooRecord record = target.records.get(Integer.valueOf(text.trim()));
                    if (record != null) {
                        return record.id;
                    }
                } catch (NumberFormatException e) {
                    complain(
                            row,
                            "error",
                            field.name,
                            field,
                            "Invalid database id '" + text + "' for the field '" + field.label + "'",
                            more(field, false));
                    return false;
                }
            }
            default -> {
                kind = "name";
                Integer id = byName(target, text);
                if (id != null) {
                    return id;
                }
            }
        }
        complain(
                row,
                "error",
                field.name,
                field,
                "No matching record found for " + kind + " '" + text + "' in field '" + field.label + "'",
                more(field, column.part().equals("id")));
        return false;
    }

    private Integer byName(OdooModel target, String text) {
        Object asked = target.lookup("name", text);
        if (asked != null) {
            List<Integer> found = env.store.search(env, target, List.of(List.of("name", "=", text)), 0, 1, "id");
            if (!found.isEmpty()) {
                return found.get(0);
            }
        }
        List<Integer> found = env.store.search(env, target, List.of(List.of("display_name", "=", text)), 0, 1, "id");
        return found.isEmpty() ? null : found.get(0);
    }

    private static Object more(OdooField field, boolean external) {
        Map<String, Object> more = new LinkedHashMap<>();
        more.put("name", "Possible Values");
        more.put("type", "ir.actions.act_window");
        more.put("target", "new");
        more.put("view_mode", "list,form");
        more.put("views", List.of(List.of(false, "list"), List.of(false, "form")));
        more.put("context", Map.of("create", false));
        more.put("help", "See all possible values");
        more.put("res_model", external ? "ir.model.data" : field.relation);
        if (external) {
            more.put("domain", List.of(List.of("model", "=", field.relation)));
        }
        return more;
    }
}
