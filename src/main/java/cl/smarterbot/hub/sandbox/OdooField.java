package cl.smarterbot.hub.sandbox;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/** One field of an {@link OdooModel}. */
final class OdooField {

    enum Type {
        CHAR,
        TEXT,
        HTML,
        BINARY,
        INTEGER,
        FLOAT,
        MONETARY,
        BOOLEAN,
        SELECTION,
        DATE,
        DATETIME,
        MANY2ONE,
        ONE2MANY,
        MANY2MANY;

        boolean textual() {
            return this == CHAR || this == TEXT || this == HTML || this == BINARY || this == SELECTION;
        }

        boolean number() {
            return this == INTEGER || this == FLOAT || this == MONETARY;
        }
    }

    final String name;
    final String label;
    final Type type;
    int slot = -1;
    String relation;
    Map<String, String> selection = Map.of();
    boolean required;
    boolean readonly;
    boolean indexed;
    boolean checkCompany;
    /** Only an administrator may read it. */
    boolean restricted;
    /** Last major version that has this field. */
    int until = Integer.MAX_VALUE;

    Function<OdooEnv, Object> byDefault;
    BiFunction<OdooEnv, OdooRecord, Object> compute;
    /** The many2one through which this field is another record's field of the same name, or null. */
    String through;
    /** On a template: the field lives on its single variant. */
    boolean onVariant;

    OdooField(String name, Type type, String label) {
        this.name = name;
        this.type = type;
        this.label = label;
    }

    OdooField relation(String model) {
        this.relation = model;
        return this;
    }

    OdooField selection(String... pairs) {
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
        }
        this.selection = map;
        return this;
    }

    OdooField required() {
        this.required = true;
        return this;
    }

    OdooField readonly() {
        this.readonly = true;
        return this;
    }

    OdooField indexed() {
        this.indexed = true;
        return this;
    }

    OdooField checkCompany() {
        this.checkCompany = true;
        return this;
    }

    OdooField restricted() {
        this.restricted = true;
        return this;
    }

    OdooField until(int version) {
        this.until = version;
        return this;
    }

    OdooField byDefault(Object value) {
        this.byDefault = env -> value;
        return this;
    }

    OdooField byDefault(Function<OdooEnv, Object> value) {
        this.byDefault = value;
        return this;
    }

    OdooField computed(BiFunction<OdooEnv, OdooRecord, Object> function) {
        this.compute = function;
        this.readonly = true;
        return this;
    }

    OdooField through(String many2one) {
        this.through = many2one;
        return this;
    }

    OdooField onVariant() {
        this.onVariant = true;
        return this;
    }

    boolean stored() {
        return compute == null && through == null && !onVariant;
    }

    String typeName() {
        return type.name().toLowerCase(Locale.ROOT);
    }
}
