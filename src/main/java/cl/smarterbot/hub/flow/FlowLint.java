package cl.smarterbot.hub.flow;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The rules that every route file keeps, so that an integrator can read it and a tenant's data stays inside. All problems are
 * reported at once. Whoever writes a route can make the hub do anything its endpoints can: the allow-list is what keeps files,
 * processes, classes and other databases out of reach.
 */
public final class FlowLint {

    static final int MOST_STEPS = 8;
    static final int MOST_LINES = 140;

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*([.-][a-z0-9]+)*");

    /** Endpoints that a flow may name. */
    private static final Set<String> SCHEMES = Set.of(
            "door",
            "event",
            "schedule",
            "direct",
            "kamelet",
            "sql",
            "odoo",
            "chatwoot",
            "resend",
            "botpress",
            "storage",
            "https",
            "http");

    /** Endpoints that wait for another system on the thread that calls them. */
    private static final Set<String> BLOCKING =
            Set.of("sql", "http", "https", "odoo", "chatwoot", "resend", "botpress", "storage");

    /** Steps that a flow may have. What is missing here is either a retry behind the log's back or code in a route file. */
    private static final Set<String> STEPS = Set.of(
            "to",
            "bean",
            "filter",
            "choice",
            "setBody",
            "setHeader",
            "setHeaders",
            "setVariable",
            "setVariables",
            "removeHeader",
            "removeHeaders",
            "removeVariable",
            "unmarshal",
            "marshal",
            "split",
            "throwException",
            "stop",
            "log");

    private static final Set<String> LANGUAGES =
            Set.of("simple", "constant", "header", "variable", "jq", "jsonpath", "exchangeProperty", "tokenize");

    /** Ways of the Simple language out of the message: beans, classes, the registry, the environment. */
    private static final Pattern REACHES_OUT = Pattern.compile(
            "\\$\\{\\s*(bean|type|ref|camelContext|sys|env|sysenv|properties|bodyAs\\(|mandatoryBodyAs\\(|exchange\\.)");

    private FlowLint() {}

    /** Checks files together: names are unique over all of them, and a direct route that is called must exist. */
    public static List<Finding> check(Collection<FlowFile> files) {
        List<Finding> findings = new ArrayList<>();
        Map<String, String> routeIds = new HashMap<>();
        Map<String, String> subscriptions = new HashMap<>();
        Set<String> directs = new HashSet<>();
        Set<String> configurations = new HashSet<>();
        for (FlowFile file : files) {
            configurations.addAll(file.configurations());
            file.routes().stream()
                    .map(Route::from)
                    .filter(f -> f.startsWith("direct:"))
                    .forEach(directs::add);
        }
        for (FlowFile file : files) {
            new Checker(file, findings, routeIds, subscriptions, directs, configurations).check();
        }
        return findings;
    }

    private record Checker(
            FlowFile file,
            List<Finding> findings,
            Map<String, String> routeIds,
            Map<String, String> subscriptions,
            Set<String> directs,
            Set<String> configurations) {

        void check() {
            if (file.lines() > MOST_LINES) {
                add(
                        0,
                        "file-length",
                        "has " + file.lines() + " lines; " + MOST_LINES + " is the most, about 80 is good");
            }
            file.routes().forEach(this::route);
        }

        private void add(int line, String rule, String message) {
            findings.add(new Finding(file.name(), line, rule, message));
        }

        private void route(Route route) {
            String who = "route " + (route.id() == null ? "without id" : route.id());
            if (route.id() == null || !NAME.matcher(route.id()).matches()) {
                add(route.line(), "route-id", who + " needs an id of lower-case words joined by - or .");
            } else if (routeIds.putIfAbsent(route.id(), file.name()) != null) {
                add(route.line(), "route-id", who + " has the id of another route");
            }
            if (route.description() == null || route.description().isBlank()) {
                add(route.line(), "route-description", who + " needs a description of one line");
            }
            if (route.configuration() == null || !configurations.contains(route.configuration())) {
                add(route.line(), "error-policy", who + " must name an error policy by routeConfigurationId");
            }
            endpoint(route.line(), who, route.from(), "from");
            if (route.from().startsWith("event:")) {
                String subscription = route.parameters().get("subscription");
                if (subscription == null) {
                    add(route.line(), "subscription", who + " takes events and needs the parameter subscription");
                } else {
                    subscribe(route, who, subscription);
                }
            } else if (route.from().startsWith("schedule:")) {
                if (route.parameters().containsKey("cron") == route.parameters().containsKey("every")) {
                    add(route.line(), "schedule", who + " needs either the parameter cron or every");
                }
                subscribe(route, who, "schedule-" + Route.rest(route.from()));
            }
            List<Step> steps = route.allSteps();
            if (steps.size() > MOST_STEPS) {
                add(
                        route.line(),
                        "route-length",
                        who + " has " + steps.size() + " steps; " + MOST_STEPS
                                + " is the most: hand over to a direct: route");
            }
            boolean mayBlock = !route.from().startsWith("door:")
                    || Boolean.parseBoolean(route.parameters().getOrDefault("blocking", "false"));
            Set<String> ids = new HashSet<>();
            for (Step step : steps) {
                step(who, step, ids, mayBlock);
            }
        }

        private void subscribe(Route route, String who, String subscription) {
            if (subscriptions.putIfAbsent(subscription, file.name()) != null) {
                add(route.line(), "subscription", who + " has the subscription of another route: " + subscription);
            }
        }

        private void step(String who, Step step, Set<String> ids, boolean mayBlock) {
            String what = who + ", step " + (step.id() == null ? step.kind() : step.id());
            if (!STEPS.contains(step.kind())) {
                add(step.line(), "step-kind", what + ": " + step.kind() + " is not among the steps of a flow");
            }
            if (step.shorthand()) {
                add(step.line(), "canonical", what + ": write uri and parameters as a map");
            }
            if (step.id() != null && !ids.add(step.id())) {
                add(step.line(), "step-id", what + ": the id is there twice");
            }
            boolean leaves =
                    !step.shorthand() && (step.uri() != null || step.kind().equals("bean"));
            if (leaves && step.id() == null) {
                add(step.line(), "step-id", what + ": a step that leaves the route needs an id");
            }
            if (step.uri() != null) {
                endpoint(step.line(), what, step.uri(), "uri");
                if (!mayBlock && BLOCKING.contains(step.scheme())) {
                    add(
                            step.line(),
                            "door-blocks",
                            what + ": waits on an event loop; append an event, or set blocking");
                }
                if (step.scheme().equals("schedule")) {
                    add(step.line(), "schedule", what + ": a schedule begins a route and is not a step of one");
                }
                if (step.scheme().equals("sql") && !step.uri().startsWith("sql:classpath:sql/")) {
                    add(step.line(), "sql", what + ": SQL stands in a file under sql/, with bound values");
                }
                if (step.uri().startsWith("direct:") && !directs.contains(step.uri())) {
                    add(step.line(), "direct", what + ": no route begins with " + step.uri());
                }
                if (step.parameters().containsKey("dataSource")
                        || step.parameters().containsKey("template")) {
                    add(step.line(), "sql", what + ": a flow has one data source, the tenant's");
                }
            }
            step.expressions().forEach((language, text) -> {
                if (!LANGUAGES.contains(language)) {
                    add(step.line(), "language", what + ": " + language + " is not among the languages of a flow");
                }
                reach(step.line(), what, text);
            });
            step.parameters().values().forEach(value -> reach(step.line(), what, value == null ? "" : value));
        }

        private void reach(int line, String what, String text) {
            if (REACHES_OUT.matcher(text).find()) {
                add(line, "expression", what + ": an expression reads the message and nothing else");
            }
        }

        private void endpoint(int line, String what, String uri, String where) {
            if (uri.isBlank()) {
                add(line, "canonical", what + ": " + where + " is missing");
                return;
            }
            String scheme = Route.scheme(uri);
            if (!SCHEMES.contains(scheme)) {
                add(line, "scheme", what + ": " + scheme + ": is not among the endpoints of a flow");
            }
            if (uri.contains("?")) {
                add(line, "canonical", what + ": parameters stand in a map of their own, not in the uri");
            }
            if (uri.contains("${") || uri.contains("{{")) {
                add(line, "dynamic-endpoint", what + ": where a step goes to is not for the data to say");
            }
        }
    }
}
