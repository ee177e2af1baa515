package cl.smarterbot.hub.flow;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One route of a file.
 *
 * @param id null if it has none
 * @param description null if it has none
 * @param configuration id of its route configuration, the error policy; null if it names none
 * @param from endpoint that starts it, without parameters
 * @param parameters of {@code from}
 * @param steps in their order
 * @param line line in the file, counted from 1
 */
record Route(
        String id,
        String description,
        String configuration,
        String from,
        Map<String, String> parameters,
        List<Step> steps,
        int line) {

    static String scheme(String uri) {
        int colon = uri.indexOf(':');
        return colon < 0 ? uri : uri.substring(0, colon);
    }

    static String rest(String uri) {
        int colon = uri.indexOf(':');
        return colon < 0 ? "" : uri.substring(colon + 1);
    }

    /** All steps, those inside others too, in reading order. */
    List<Step> allSteps() {
        List<Step> all = new ArrayList<>();
        collect(steps, all);
        return all;
    }

    private static void collect(List<Step> steps, List<Step> into) {
        for (Step step : steps) {
            into.add(step);
            collect(step.nested(), into);
        }
    }
}
