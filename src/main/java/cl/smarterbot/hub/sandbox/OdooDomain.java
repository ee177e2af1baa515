package cl.smarterbot.hub.sandbox;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** A search domain in Odoo's prefix notation. */
final class OdooDomain {
    private static final Set<String> OPERATORS = Set.of(
            "=",
            "!=",
            "<>",
            ">",
            ">=",
            "<",
            "<=",
            "=?",
            "in",
            "not in",
            "like",
            "ilike",
            "not like",
            "not ilike",
            "=like",
            "=ilike",
            "child_of",
            "parent_of");

    private interface Node {
        boolean matches(OdooEnv env, OdooModel model, OdooRecord record);
    }

    private record Constant(boolean value) implements Node {
        @Override
        public boolean matches(OdooEnv env, OdooModel model, OdooRecord record) {
            return value;
        }
    }

    private record Not(Node node) implements Node {
        @Override
        public boolean matches(OdooEnv env, OdooModel model, OdooRecord record) {
            return !node.matches(env, model, record);
        }
    }

    private record Both(Node left, Node right) implements Node {
        @Override
        public boolean matches(OdooEnv env, OdooModel model, OdooRecord record) {
            return left.matches(env, model, record) && right.matches(env, model, record);
        }
    }

    private record Either(Node left, Node right) implements Node {
        @Override
        public boolean matches(OdooEnv env, OdooModel model, OdooRecord record) {
            return left.matches(env, model, record) || right.matches(env, model, record);
        }
    }

    private final Node root;
    private final Set<String> mentioned;

    private OdooDomain(Node root, Set<String> mentioned) {
        this.root = root;
        this.mentioned = mentioned;
    }

    boolean mentions(String field) {
        return mentioned.contains(field);
    }

    boolean matches(OdooEnv env, OdooModel model, OdooRecord record) {
        return root.matches(env, model, record);
    }

    /** Ids outside of which nothing can match, or null when every record must be looked at. */
    Set<Integer> candidates(OdooEnv env, OdooModel model) {
        return candidates(model, root);
    }

    /** An id below or at which nothing can match; 0 if there is no such. */
    int above() {
        return above(root);
    }

    private static int above(Node node) {
        if (node instanceof Both both) {
            return Math.max(above(both.left()), above(both.right()));
        }
        return node instanceof Leaf leaf
                        && leaf.path().size() == 1
                        && leaf.path().get(0).name.equals("id")
                        && leaf.operator().equals(">")
                        && leaf.value() instanceof Integer bound
                ? bound
                : 0;
    }

    private static Set<Integer> candidates(OdooModel model, Node node) {
        if (node instanceof Both both) {
            Set<Integer> left = candidates(model, both.left());
            Set<Integer> right = candidates(model, both.right());
            return left == null ? right : right == null || left.size() <= right.size() ? left : right;
        }
        if (node instanceof Either either) {
            Set<Integer> left = candidates(model, either.left());
            Set<Integer> right = left == null ? null : candidates(model, either.right());
            if (right == null) {
                return null;
            }
            Set<Integer> all = new TreeSet<>(left);
            all.addAll(right);
            return all;
        }
        return node instanceof Leaf leaf ? leaf.candidates(model) : null;
    }

    static OdooDomain parse(OdooEnv env, OdooModel model, Object domain) {
        if (!OdooValues.truthy(domain)) {
            return new OdooDomain(new Constant(true), Set.of());
        }
        if (!(domain instanceof List<?> items)) {
            throw OdooFault.error(
                    "AssertionError",
                    "Domains to normalize must have a 'domain' form: a list or tuple of domain components");
        }
        Parser parser = new Parser(env, model, items);
        Node node = parser.next();
        while (parser.at < items.size()) {
            node = new Both(node, parser.next());
        }
        return new OdooDomain(node, parser.mentioned);
    }

    private static final class Parser {
        private final OdooEnv env;
        private final OdooModel model;
        private final List<?> items;
        private final Set<String> mentioned = new HashSet<>();
        private int at;

        Parser(OdooEnv env, OdooModel model, List<?> items) {
            this.env = env;
            this.model = model;
            this.items = items;
        }

        Node next() {
            if (at >= items.size()) {
                throw OdooFault.value("Domain " + OdooValues.repr(items) + " is syntactically not correct.");
            }
            if (at > 2000) {
                throw OdooFault.error("RecursionError", "maximum recursion depth exceeded");
            }
            Object item = items.get(at++);
            if ("&".equals(item)) {
                Node left = next();
                return new Both(left, next());
            }
            if ("|".equals(item)) {
                Node left = next();
                return new Either(left, next());
            }
            if ("!".equals(item)) {
                return new Not(next());
            }
            if (!(item instanceof List<?> leaf)) {
                throw OdooFault.value("Invalid leaf " + OdooValues.repr(item));
            }
            if (leaf.size() == 3 && leaf.get(0) instanceof Integer constant && "=".equals(leaf.get(1))) {
                return new Constant(constant.equals(leaf.get(2)));
            }
            if (leaf.size() != 3
                    || !(leaf.get(0) instanceof String path)
                    || !(leaf.get(1) instanceof String operator)
                    || !OPERATORS.contains(operator.toLowerCase(Locale.ROOT))) {
                throw OdooFault.value("Invalid leaf " + OdooValues.tuple(leaf));
            }
            List<OdooField> fields = new ArrayList<>();
            OdooModel on = model;
            for (String name : path.split("\\.", -1)) {
                OdooField field = on == null ? null : on.field(name, env.version);
                if (field == null) {
                    throw OdooFault.value("Invalid field " + model.name + "." + path
                            + (env.version >= 19 ? " in condition " : " in leaf ") + OdooValues.tuple(leaf));
                }
                fields.add(field);
                on = field.relation == null ? null : env.store.models.get(field.relation);
            }
            mentioned.add(path);
            return Leaf.of(env, fields, operator.toLowerCase(Locale.ROOT), leaf.get(2));
        }
    }

    private record Leaf(List<OdooField> path, String operator, Object value, Pattern pattern) implements Node {

        static Leaf of(OdooEnv env, List<OdooField> path, String operator, Object value) {
            OdooField last = path.get(path.size() - 1);
            Object wanted = value;
            String op = operator.equals("<>") ? "!=" : operator;
            if ((op.equals("=") || op.equals("!=")) && wanted instanceof List<?>) {
                op = op.equals("=") ? "in" : "not in";
            }
            if (op.endsWith("in") && !(wanted instanceof List<?>)) {
                if (!OdooValues.truthy(wanted)) {
                    wanted = List.of();
                } else {
                    wanted = List.of(wanted);
                }
            }
            boolean dated = last.type == OdooField.Type.DATETIME || last.type == OdooField.Type.DATE;
            if (dated && wanted instanceof List<?> list) {
                wanted = list.stream()
                        .map(item -> OdooValues.truthy(item) ? stamp(env, last, item) : (Object) Boolean.FALSE)
                        .toList();
            } else if (dated && OdooValues.truthy(wanted)) {
                wanted = stamp(env, last, wanted);
            }
            Pattern pattern =
                    op.contains("like") ? pattern(op, OdooValues.truthy(wanted) ? String.valueOf(wanted) : "") : null;
            return new Leaf(path, op, wanted, pattern);
        }

        private static Object stamp(OdooEnv env, OdooField field, Object value) {
            LocalDateTime stamp = OdooValues.stamp(env, value);
            return field.type == OdooField.Type.DATE ? (Object) stamp.toLocalDate() : stamp;
        }

        private static Pattern pattern(String operator, String text) {
            StringBuilder regex = new StringBuilder();
            boolean whole = operator.startsWith("=");
            regex.append(whole ? "" : ".*");
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c == '\\' && i + 1 < text.length()) {
                    regex.append(Pattern.quote(String.valueOf(text.charAt(++i))));
                } else if (c == '%') {
                    regex.append(".*");
                } else if (c == '_') {
                    regex.append('.');
                } else {
                    regex.append(Pattern.quote(String.valueOf(c)));
                }
            }
            regex.append(whole ? "" : ".*");
            int flags =
                    Pattern.DOTALL | (operator.contains("ilike") ? Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE : 0);
            return Pattern.compile(regex.toString(), flags);
        }

        Set<Integer> candidates(OdooModel model) {
            if (path.size() != 1 || !operator.equals("=") && !operator.equals("in")) {
                return null;
            }
            OdooField field = path.get(0);
            Collection<?> values = value instanceof List<?> list ? list : value == null ? List.of() : List.of(value);
            if (values.isEmpty() || values.stream().anyMatch(item -> !OdooValues.truthy(item))) {
                return null;
            }
            if (field.type == OdooField.Type.MANY2ONE && values.stream().anyMatch(item -> !(item instanceof Integer))) {
                return null;
            }
            Set<Integer> ids = new TreeSet<>();
            for (Object item : values) {
                if (field.name.equals("id")) {
                    if (!(item instanceof Integer id)) {
                        return null;
                    }
                    ids.add(id);
                } else {
                    Collection<Integer> found = model.lookup(field.name, item);
                    if (found == null) {
                        return null;
                    }
                    ids.addAll(found);
                }
            }
            return ids;
        }

        @Override
        public boolean matches(OdooEnv env, OdooModel model, OdooRecord record) {
            OdooModel on = model;
            OdooRecord at = record;
            for (OdooField step : path.subList(0, path.size() - 1)) {
                Object id = env.store.get(env, on, at, step);
                on = env.store.model(step.relation);
                at = id == null ? null : on.records.get(id);
                if (at == null) {
                    return (operator.equals("=") || operator.equals("=?")) && !OdooValues.truthy(value);
                }
            }
            OdooField field = path.get(path.size() - 1);
            return test(env, on, field, env.store.get(env, on, at, field));
        }

        private boolean test(OdooEnv env, OdooModel on, OdooField field, Object stored) {
            Object have = stored;
            if (have instanceof LocalDateTime stamp && env.version >= 19) {
                // From 19 on a datetime is compared in whole seconds.
                have = stamp.truncatedTo(ChronoUnit.SECONDS);
            }
            switch (operator) {
                case "=?":
                    return !OdooValues.truthy(value) || equal(env, field, have, value);
                case "=":
                    return equal(env, field, have, value);
                case "!=":
                    return !equal(env, field, have, value);
                case "in":
                    return any(env, field, have);
                case "not in":
                    return !any(env, field, have);
                case "like", "ilike", "=like", "=ilike":
                    return like(env, field, have);
                case "not like", "not ilike":
                    return !like(env, field, have);
                case "child_of":
                    return below(env, on, field, have, true);
                case "parent_of":
                    return below(env, on, field, have, false);
                default:
                    Integer order = compare(have, value);
                    return order != null
                            && switch (operator) {
                                case ">" -> order > 0;
                                case ">=" -> order >= 0;
                                case "<" -> order < 0;
                                default -> order <= 0;
                            };
            }
        }

        private boolean any(OdooEnv env, OdooField field, Object have) {
            return ((List<?>) value).stream().anyMatch(item -> equal(env, field, have, item));
        }

        private static boolean equal(OdooEnv env, OdooField field, Object have, Object wanted) {
            if (field.type == OdooField.Type.BOOLEAN) {
                return OdooValues.truthy(have) == OdooValues.truthy(wanted);
            }
            if (field.type.number()) {
                double number = have instanceof Number n ? n.doubleValue() : 0;
                return wanted == null || wanted instanceof Boolean
                        ? number == 0 && !OdooValues.truthy(wanted)
                        : number == OdooValues.decimal(wanted);
            }
            if (have instanceof List<?> ids) {
                return OdooValues.truthy(wanted) ? ids.contains(wanted) : ids.isEmpty();
            }
            if (wanted == null || Boolean.FALSE.equals(wanted)) {
                return have == null || "".equals(have);
            }
            if (have == null) {
                return "".equals(wanted);
            }
            if (field.type == OdooField.Type.MANY2ONE && wanted instanceof String name) {
                return name.equals(name(env, field, have));
            }
            if (field.type.textual()) {
                return have.equals(wanted instanceof String ? wanted : OdooValues.repr(wanted));
            }
            return Objects.equals(have, wanted);
        }

        private static String name(OdooEnv env, OdooField field, Object id) {
            OdooModel target = env.store.model(field.relation);
            OdooRecord record = target.records.get(id);
            return record == null ? "" : target.display(env, record);
        }

        private boolean like(OdooEnv env, OdooField field, Object have) {
            if (have == null) {
                return false;
            }
            String text = field.type == OdooField.Type.MANY2ONE
                    ? name(env, field, have)
                    : have instanceof Double number ? XmlRpc.plain(number) : have.toString();
            return pattern.matcher(text).matches();
        }

        private boolean below(OdooEnv env, OdooModel on, OdooField field, Object have, boolean down) {
            OdooModel tree = field.name.equals("id") ? on : env.store.models.get(field.relation);
            Set<Object> roots =
                    new HashSet<>(value instanceof List<?> list ? list : value == null ? List.of() : List.of(value));
            if (tree == null || !tree.fields.containsKey("parent_id")) {
                return have != null && roots.contains(have);
            }
            if (down) {
                return chain(tree, have).stream().anyMatch(roots::contains);
            }
            return roots.stream().anyMatch(id -> chain(tree, id).contains(have));
        }

        private static Set<Object> chain(OdooModel tree, Object id) {
            Set<Object> seen = new HashSet<>();
            Object at = id;
            while (at != null && seen.add(at)) {
                OdooRecord record = tree.records.get(at);
                at = record == null ? null : tree.raw(record, "parent_id");
            }
            return seen;
        }

        private static Integer compare(Object have, Object wanted) {
            if (have == null || wanted == null) {
                return null;
            }
            if (have instanceof Number number) {
                return Double.compare(number.doubleValue(), OdooValues.decimal(wanted));
            }
            if (have instanceof LocalDateTime stamp && wanted instanceof LocalDateTime other) {
                return stamp.compareTo(other);
            }
            if (have instanceof LocalDate day && wanted instanceof LocalDate other) {
                return day.compareTo(other);
            }
            return have instanceof String text && wanted instanceof String other ? text.compareTo(other) : null;
        }
    }
}
