package cl.smarterbot.hub.flow;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * A file of routes in Camel's YAML DSL, read for tools: structure and line numbers, nothing is instantiated.
 *
 * @param name file name
 * @param lines how many lines it has
 * @param configurations ids of the route configurations in it
 * @param routes in their order
 */
public record FlowFile(String name, int lines, List<String> configurations, List<Route> routes) {

    private static final int LARGEST = 256 * 1024;

    /** What a step may hold besides steps, by the names of Camel's YAML DSL (4.17). */
    private static final List<String> BRANCHES = List.of("when", "otherwise", "doCatch", "doFinally");

    private static final List<String> LANGUAGES = List.of(
            "simple",
            "constant",
            "header",
            "variable",
            "jq",
            "jsonpath",
            "exchangeProperty",
            "tokenize",
            "csimple",
            "groovy",
            "java",
            "joor",
            "js",
            "method",
            "mvel",
            "ognl",
            "python",
            "ref",
            "spel",
            "xpath",
            "xquery",
            "datasonnet",
            "language",
            "wasm");

    /** Why a text is no file of routes. */
    public static final class UnreadableException extends RuntimeException {
        private final int line;

        UnreadableException(int line, String message) {
            super(message);
            this.line = line;
        }

        /** Counted from 1; 0 if no line is to blame. */
        public int line() {
            return line;
        }
    }

    /**
     * Reads a file.
     *
     * @throws UnreadableException if it is no YAML, or its outermost structure is not a list of routes
     */
    public static FlowFile read(String name, String text) {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(LARGEST);
        options.setNestingDepthLimit(40);
        options.setMaxAliasesForCollections(0);
        Node root;
        try {
            root = new Yaml(options).compose(new java.io.StringReader(text));
        } catch (MarkedYAMLException e) {
            int line = e.getProblemMark() == null ? 0 : e.getProblemMark().getLine() + 1;
            throw new UnreadableException(line, "is no YAML: " + e.getProblem());
        } catch (YAMLException e) {
            throw new UnreadableException(0, "is no YAML: " + e.getMessage());
        }
        if (!(root instanceof SequenceNode list)) {
            throw new UnreadableException(1, "must be a list of routes, each beginning with '- route:'");
        }
        List<Route> routes = new ArrayList<>();
        List<String> configurations = new ArrayList<>();
        for (Node item : list.getValue()) {
            Map<String, Node> entry = map(item, "an entry of the file");
            if (entry.containsKey("route")) {
                routes.add(route(entry.get("route"), line(item)));
            } else if (entry.containsKey("routeConfiguration")) {
                configurations.add(text(map(entry.get("routeConfiguration"), "a route configuration")
                        .get("id")));
            } else {
                throw new UnreadableException(line(item), "has an entry that is neither route nor routeConfiguration");
            }
        }
        return new FlowFile(name, (int) text.lines().count(), configurations, routes);
    }

    private static Route route(Node node, int line) {
        Map<String, Node> route = map(node, "a route");
        Map<String, Node> from = map(route.get("from"), "the from of a route");
        String uri = text(from.get("uri"));
        return new Route(
                text(route.get("id")),
                text(route.get("description")),
                text(route.get("routeConfigurationId")),
                uri == null ? "" : uri,
                texts(from.get("parameters")),
                steps(from.get("steps")),
                line);
    }

    private static List<Step> steps(Node node) {
        if (node == null) {
            return List.of();
        }
        if (!(node instanceof SequenceNode list)) {
            throw new UnreadableException(line(node), "steps must be a list");
        }
        List<Step> steps = new ArrayList<>();
        for (Node item : list.getValue()) {
            Map<String, Node> entry = map(item, "a step");
            if (entry.size() != 1) {
                throw new UnreadableException(line(item), "a step has exactly one name");
            }
            entry.forEach((kind, body) -> steps.add(step(kind, body, line(item))));
        }
        return steps;
    }

    private static Step step(String kind, Node body, int line) {
        if (body instanceof ScalarNode) {
            return new Step(kind, null, null, text(body), true, Map.of(), Map.of(), List.of(), line);
        }
        Map<String, Node> fields = map(body, "a step");
        List<Step> nested = new ArrayList<>(steps(fields.get("steps")));
        Map<String, String> expressions = new LinkedHashMap<>();
        expressions(fields, expressions);
        for (String branch : BRANCHES) {
            Node node = fields.get(branch);
            List<Node> branches =
                    node instanceof SequenceNode list ? list.getValue() : node == null ? List.of() : List.of(node);
            for (Node one : branches) {
                Map<String, Node> inside = map(one, branch);
                nested.addAll(steps(inside.get("steps")));
                expressions(inside, expressions);
            }
        }
        return new Step(
                kind,
                text(fields.get("id")),
                text(fields.get("description")),
                text(fields.get("uri")),
                false,
                texts(fields.get("parameters")),
                expressions,
                nested,
                line);
    }

    private static void expressions(Map<String, Node> fields, Map<String, String> into) {
        boolean wrapped = fields.get("expression") instanceof MappingNode;
        Map<String, Node> places = wrapped ? map(fields.get("expression"), "an expression") : fields;
        for (String language : LANGUAGES) {
            Node node = places.get(language);
            if (node instanceof MappingNode) {
                into.merge(
                        language, String.valueOf(text(map(node, language).get("expression"))), (a, b) -> a + '\n' + b);
            } else if (node != null && wrapped) {
                into.merge(language, String.valueOf(text(node)), (a, b) -> a + '\n' + b);
            }
        }
    }

    private static Map<String, String> texts(Node node) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (node != null) {
            map(node, "parameters").forEach((key, value) -> texts.put(key, text(value)));
        }
        return texts;
    }

    private static Map<String, Node> map(Node node, String what) {
        if (!(node instanceof MappingNode mapping)) {
            throw new UnreadableException(node == null ? 0 : line(node), what + " must be a map");
        }
        Map<String, Node> map = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            String key = text(tuple.getKeyNode());
            if (map.put(key, tuple.getValueNode()) != null) {
                throw new UnreadableException(line(tuple.getKeyNode()), "has " + key + " twice");
            }
        }
        return map;
    }

    private static String text(Node node) {
        return node instanceof ScalarNode scalar ? scalar.getValue() : null;
    }

    private static int line(Node node) {
        return node.getStartMark().getLine() + 1;
    }
}
