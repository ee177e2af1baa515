package cl.smarterbot.hub.sandbox;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;

/** One Odoo model: its fields, its records and the indexes over them. Guarded by the store's lock. */
final class OdooModel {
    final String name;
    final String label;
    final Map<String, OdooField> fields = new LinkedHashMap<>();
    final TreeMap<Integer, OdooRecord> records = new TreeMap<>();
    /** By field, then value: an id, or a set of them where several records share the value. */
    private final Map<String, Map<Object, Object>> indexes = new HashMap<>();

    private int slots;
    int nextId = 1;
    String order = "id";
    BiFunction<OdooEnv, OdooRecord, String> display;
    /** Sets stored computed fields after a change. */
    BiConsumer<OdooEnv, OdooRecord> recompute = (env, record) -> {};
    /** Refuses a state that Odoo's constraints refuse. */
    BiConsumer<OdooEnv, OdooRecord> constraint = (env, record) -> {};
    /** What an ordinary user may do. */
    Set<String> userMay = Set.of("read", "write", "create", "unlink");

    OdooModel(String name, String label) {
        this.name = name;
        this.label = label;
        add(new OdooField("create_date", OdooField.Type.DATETIME, "Created on").readonly());
        add(new OdooField("create_uid", OdooField.Type.MANY2ONE, "Created by")
                .relation("res.users")
                .readonly());
        add(new OdooField("write_date", OdooField.Type.DATETIME, "Last Updated on").readonly());
        add(new OdooField("write_uid", OdooField.Type.MANY2ONE, "Last Updated by")
                .relation("res.users")
                .readonly());
        add(new OdooField("id", OdooField.Type.INTEGER, "ID").computed((env, record) -> record.id));
        add(new OdooField("display_name", OdooField.Type.CHAR, "Display Name")
                .computed((env, record) -> display(env, record)));
    }

    OdooField add(OdooField field) {
        fields.put(field.name, field);
        if (field.stored()) {
            field.slot = slots++;
        }
        if (field.indexed) {
            indexes.put(field.name, new HashMap<>());
        }
        return field;
    }

    OdooModel with(OdooField... more) {
        for (OdooField field : more) {
            add(field);
        }
        return this;
    }

    OdooField field(String field, int version) {
        OdooField found = fields.get(field);
        return found == null || found.until < version ? null : found;
    }

    String display(OdooEnv env, OdooRecord record) {
        if (display != null) {
            return display.apply(env, record);
        }
        OdooField recName = fields.get("name");
        Object text = recName == null ? null : env.store.get(env, this, record, recName);
        return text == null ? name + "," + record.id : text.toString();
    }

    Object raw(OdooRecord record, String field) {
        return record.values[fields.get(field).slot];
    }

    OdooRecord newRecord(int id) {
        nextId = Math.max(nextId, id + 1);
        return new OdooRecord(id, slots);
    }

    void put(OdooRecord record) {
        records.put(record.id, record);
        indexes.forEach((field, index) -> index(index, raw(record, field), record.id));
    }

    void remove(OdooRecord record) {
        records.remove(record.id);
        indexes.forEach((field, index) -> unindex(index, raw(record, field), record.id));
    }

    void set(OdooRecord record, OdooField field, Object value) {
        Map<Object, Object> index = records.get(record.id) == record ? indexes.get(field.name) : null;
        if (index != null) {
            unindex(index, record.values[field.slot], record.id);
            index(index, value, record.id);
        }
        record.values[field.slot] = value;
    }

    private static void index(Map<Object, Object> index, Object value, int id) {
        if (value == null) {
            return;
        }
        Object there = index.putIfAbsent(value, id);
        if (there instanceof Integer other) {
            if (other != id) {
                index.put(value, new TreeSet<>(List.of(other, id)));
            }
        } else if (there != null) {
            ids(there).add(id);
        }
    }

    private static void unindex(Map<Object, Object> index, Object value, int id) {
        Object there = value == null ? null : index.get(value);
        if (there instanceof Integer only) {
            if (only == id) {
                index.remove(value);
            }
        } else if (there != null && ids(there).remove(id) && ids(there).isEmpty()) {
            index.remove(value);
        }
    }

    @SuppressWarnings("unchecked")
    private static TreeSet<Integer> ids(Object there) {
        return (TreeSet<Integer>) there;
    }

    /** Ids with this value in their order, or null when the field has no index. */
    Collection<Integer> lookup(String field, Object value) {
        Map<Object, Object> index = indexes.get(field);
        if (index == null) {
            return null;
        }
        Object there = index.get(value);
        return there == null ? List.of() : there instanceof Integer only ? List.of(only) : ids(there);
    }
}
