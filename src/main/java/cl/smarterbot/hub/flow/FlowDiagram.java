package cl.smarterbot.hub.flow;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Draws route files as Mermaid flowcharts: what starts a route, what it calls, and which events tie the routes together. */
public final class FlowDiagram {

    private static final Map<String, String> SYSTEMS = Map.of(
            "odoo", "Odoo",
            "chatwoot", "Chatwoot",
            "resend", "Resend",
            "botpress", "Botpress",
            "supabase", "Supabase",
            "sql", "Supabase",
            "storage", "Supabase",
            "n8n", "n8n",
            "redpanda", "Redpanda");

    private final StringBuilder out = new StringBuilder();
    private final Set<String> nodes = new LinkedHashSet<>();
    private final Set<String> edges = new LinkedHashSet<>();

    /** {@code direct:} endpoint to the route that begins there. */
    private final Map<String, String> directs = new HashMap<>();

    private FlowDiagram() {}

    /** A whole Markdown document: one overview, then one section for each file. */
    public static String markdown(Collection<FlowFile> files) {
        StringBuilder doc = new StringBuilder("""
                # The flows

                Generated from `src/main/resources/routes/` by `bin/hub flow diagram`; do not edit. Rounded: a door. Flag: a schedule.
                Hexagon: an event. Box: a route. Cylinder: another system. A route whose box begins with ▷ is a durable subscription.

                ## All of them
                """);
        doc.append(mermaid(files));
        for (FlowFile file : files) {
            if (file.routes().isEmpty()) {
                continue;
            }
            doc.append("\n## ").append(file.name()).append("\n");
            for (Route route : file.routes()) {
                doc.append("- **")
                        .append(route.id())
                        .append("**: ")
                        .append(route.description())
                        .append('\n');
            }
            doc.append(mermaid(java.util.List.of(file)));
        }
        return doc.toString();
    }

    private static String mermaid(Collection<FlowFile> files) {
        FlowDiagram diagram = new FlowDiagram();
        files.forEach(file -> file.routes().forEach(r -> diagram.directs.put(r.from(), r.id())));
        files.forEach(file -> file.routes().forEach(diagram::route));
        diagram.out.append("\n```mermaid\nflowchart LR\n");
        diagram.nodes.forEach(n -> diagram.out.append("  ").append(n).append('\n'));
        diagram.edges.forEach(e -> diagram.out.append("  ").append(e).append('\n'));
        return diagram.out.append("```\n").toString();
    }

    private void route(Route route) {
        boolean schedule = route.from().startsWith("schedule:");
        boolean subscription = schedule || route.from().startsWith("event:");
        String name = route.id();
        nodes.add(id("route", name) + "[\"" + (subscription ? "▷ " : "") + escape(name) + "\"]");
        if (route.from().startsWith("door:")) {
            String door =
                    route.parameters().getOrDefault("httpMethodRestrict", "POST") + " " + Route.rest(route.from());
            nodes.add(id("door", door) + "([\"" + escape(door) + "\"])");
            edges.add(id("door", door) + " --> " + id("route", name));
        } else if (schedule) {
            String when = Route.rest(route.from());
            nodes.add(id("schedule", when) + ">\"" + escape(when) + "<br/>" + escape(times(route)) + "\"]");
            edges.add(id("schedule", when) + " --> " + id("route", name));
        } else if (subscription) {
            edges.add(event(Route.rest(route.from())) + " --> " + id("route", name));
        }
        for (Step step : route.allSteps()) {
            if (step.uri() != null) {
                call(name, step);
            }
        }
    }

    private static String times(Route route) {
        String cron = route.parameters().get("cron");
        return cron != null ? cron : "every " + route.parameters().get("every") + " ms";
    }

    private void call(String route, Step step) {
        String rest = Route.rest(step.uri());
        switch (step.scheme()) {
            case "event" -> edges.add(id("route", route) + " --> " + event(rest));
            case "direct" ->
                edges.add(id("route", route) + " --> " + id("route", directs.getOrDefault(step.uri(), rest)));
            default -> {
                String word = step.scheme().equals("kamelet") ? rest.replaceFirst("-.*", "") : step.scheme();
                String system = SYSTEMS.get(word);
                if (system != null) {
                    nodes.add(id("system", system) + "[(\"" + system + "\")]");
                    edges.add(id("route", route) + " -->|" + escape(step.id()) + "| " + id("system", system));
                }
            }
        }
    }

    private String event(String type) {
        nodes.add(id("event", type) + "{{\"" + escape(type) + "\"}}");
        return id("event", type);
    }

    private static String id(String kind, String name) {
        return kind + "_" + name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
    }

    private static String escape(String text) {
        return text == null ? "" : text.replace("\"", "#quot;").replace("|", "/");
    }
}
