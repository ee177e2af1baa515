package cl.smarterbot.hub.flow;

import java.util.List;
import java.util.Map;

/**
 * One step of a route.
 *
 * @param kind name of the step in the YAML DSL, such as {@code to} or {@code filter}
 * @param id null if it has none
 * @param description null if it has none
 * @param uri endpoint without its parameters; null if the step names none
 * @param shorthand whether it was written as a text instead of a map
 * @param parameters of the endpoint; empty if there are none
 * @param expressions language to text, of this step's own expressions
 * @param nested steps inside, of every branch
 * @param line line in the file, counted from 1
 */
record Step(
        String kind,
        String id,
        String description,
        String uri,
        boolean shorthand,
        Map<String, String> parameters,
        Map<String, String> expressions,
        List<Step> nested,
        int line) {

    /** The part of the uri before the colon; null if the step names no endpoint. */
    String scheme() {
        return uri == null ? null : Route.scheme(uri);
    }
}
