package cl.smarterbot.hub.door;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;

/**
 * Which doors are open, by path and method. A path is literal, or a template such as {@code /contacts/{id}} whose parameters
 * match one segment each; a literal path wins over a template.
 *
 * <p>A segment matches in its canonical spelling only: letters, digits and {@code . _ ~ -}, not escaped, at most
 * {@value #LONGEST_SEGMENT} characters, and no dots alone. Any other spelling is a path that does not exist.
 */
final class DoorTable {

    private static final int LONGEST_SEGMENT = 200;
    private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9._~-]{1," + LONGEST_SEGMENT + "}");
    private static final Pattern PARAMETER = Pattern.compile("\\{([^{}]*)}");

    /** Headers that a request brings itself: a parameter of that name would be taken for one. */
    private static final Set<String> TAKEN = Set.of(
            "content-type",
            "idempotency-key",
            "origin",
            "user-agent",
            "if-none-match",
            "traceparent",
            "location",
            "etag",
            "cache-control",
            "retry-after");

    private final Map<String, Place> literals = new ConcurrentHashMap<>();
    private final List<Place> templates = new CopyOnWriteArrayList<>();

    /** One path with its doors, one for each method. */
    static final class Place {
        private final String path;
        private final String[] segments;
        private final Map<String, DoorConsumer> doors = new ConcurrentHashMap<>();

        private Place(String path) {
            this.path = path;
            this.segments = path.split("/", -1);
        }

        private boolean sameShape(Place other) {
            return PARAMETER
                    .matcher(path)
                    .replaceAll("{}")
                    .equals(PARAMETER.matcher(other.path).replaceAll("{}"));
        }

        private boolean isTemplate() {
            return path.indexOf('{') >= 0;
        }

        /** The values of the parameters by name; null if the path does not match. */
        private Map<String, String> match(String[] asked) {
            if (asked.length != segments.length) {
                return null;
            }
            Map<String, String> values = new HashMap<>();
            for (int i = 0; i < segments.length; i++) {
                String segment = segments[i];
                if (!segment.startsWith("{")) {
                    if (!segment.equals(asked[i])) {
                        return null;
                    }
                } else if (!SEGMENT.matcher(asked[i]).matches() || asked[i].equals(".") || asked[i].equals("..")) {
                    return null;
                } else {
                    values.put(segment.substring(1, segment.length() - 1), asked[i]);
                }
            }
            return values;
        }

        /** What may be asked here, sorted; HEAD wherever GET is. */
        Set<String> methods() {
            Set<String> all = new TreeSet<>(doors.keySet());
            if (all.contains("GET")) {
                all.add("HEAD");
            }
            return all;
        }
    }

    /**
     * What a request came to.
     *
     * @param place the path as the route names it, with its doors
     * @param values path parameters by name
     */
    record Match(Place place, Map<String, String> values) {

        /** The path as the route names it: safe for logs and metrics, and few. */
        String path() {
            return place.path;
        }

        /** The door for a method; null if there is none. A HEAD is for the door of GET. */
        DoorConsumer door(String method) {
            DoorConsumer door = place.doors.get(method);
            return door == null && method.equals("HEAD") ? place.doors.get("GET") : door;
        }

        Set<String> methods() {
            return place.methods();
        }
    }

    /**
     * @throws IllegalStateException if a route has that door already
     * @throws IllegalArgumentException if the path is no good
     */
    synchronized void open(String path, Set<String> methods, DoorConsumer door) {
        check(path, door.getEndpoint().queryNames());
        Place wanted = new Place(path);
        Place place = wanted.isTemplate()
                ? templates.stream().filter(wanted::sameShape).findFirst().orElse(wanted)
                : literals.getOrDefault(path, wanted);
        if (!place.path.equals(path)) {
            throw new IllegalStateException(
                    "The doors " + place.path + " and " + path + " are the same path; name the parameters alike");
        }
        for (String method : methods) {
            if (place.doors.containsKey(method)) {
                throw new IllegalStateException("Two routes open the door " + method + " " + path);
            }
        }
        methods.forEach(method -> place.doors.put(method, door));
        if (place == wanted) {
            if (wanted.isTemplate()) {
                templates.add(wanted);
            } else {
                literals.put(path, wanted);
            }
        }
    }

    synchronized void close(DoorConsumer door) {
        literals.values().removeIf(place -> closed(place, door));
        templates.removeIf(place -> closed(place, door));
    }

    private static boolean closed(Place place, DoorConsumer door) {
        place.doors.values().removeIf(open -> open == door);
        return place.doors.isEmpty();
    }

    private static void check(String path, List<String> query) {
        List<String> names = new ArrayList<>(query);
        for (String segment : path.split("/", -1)) {
            if (segment.startsWith("{") && segment.endsWith("}")) {
                names.add(segment.substring(1, segment.length() - 1));
            } else if (segment.indexOf('{') >= 0 || segment.indexOf('}') >= 0) {
                throw new IllegalArgumentException(
                        "The door " + path + ": a parameter is a whole segment, as in /a/{id}");
            }
        }
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            String lower = name.toLowerCase(java.util.Locale.ROOT);
            if (!name.matches("[A-Za-z][A-Za-z0-9_]{0,39}") || lower.startsWith("camel") || TAKEN.contains(lower)) {
                throw new IllegalArgumentException("The door " + path + ": " + name
                        + " cannot name a parameter; it becomes a header: letters, digits and _, not Camel* and not"
                        + " the name of an HTTP header");
            }
            if (!seen.add(lower)) {
                throw new IllegalArgumentException("The door " + path + ": two parameters are named " + name);
            }
        }
    }

    /** Where a request goes; null if nowhere. */
    Match find(String path) {
        Place literal = literals.get(path);
        if (literal != null) {
            return new Match(literal, Map.of());
        }
        if (templates.isEmpty()) {
            return null;
        }
        String[] segments = path.split("/", -1);
        for (Place place : templates) {
            Map<String, String> values = place.match(segments);
            if (values != null) {
                return new Match(place, values);
            }
        }
        return null;
    }

    /** All doors: path and, sorted, its methods. */
    synchronized Map<String, Set<String>> all() {
        Map<String, Set<String>> all = new TreeMap<>();
        literals.forEach((path, place) -> all.put(path, place.methods()));
        templates.forEach(place -> all.put(place.path, place.methods()));
        return new LinkedHashMap<>(all);
    }
}
