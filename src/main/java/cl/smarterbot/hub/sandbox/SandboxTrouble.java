package cl.smarterbot.hub.sandbox;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Scripted trouble for vendor calls. Delays add up; of the other kinds the first rule that applies decides. Thread-safe.
 */
public final class SandboxTrouble {

    /** What goes wrong. Only {@code LOST_ANSWER}, {@code TRUNCATED} and {@code DELAY} let the call take effect. */
    public enum Kind {
        /** The answer comes late. */
        DELAY,
        /** An error status instead of an answer, 503 unless told otherwise. */
        STATUS,
        /** The call takes effect, then the connection closes without an answer. */
        LOST_ANSWER,
        /** Status 200 with bytes that are no answer. */
        GARBAGE,
        /** A web page such as a proxy gives, with status 200 unless told otherwise. */
        HTML,
        /** The call takes effect, but its answer breaks off halfway. */
        TRUNCATED,
        /** The connection closes at once, without any effect. */
        REFUSE_CONNECTION_LIKE_CLOSE,
        /** Every other call fails as with {@code STATUS}, beginning with the first. */
        FLAP;

        String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * One rule. Null means any value, or for {@code times} until cleared.
     *
     * @param path prefix of the request's path
     * @param model vendor's model, such as {@code res.partner}
     * @param method vendor's method, such as {@code load}
     * @param delayMs for {@code DELAY}, in milliseconds
     * @param status HTTP status for {@code STATUS}, {@code FLAP} and {@code HTML}
     * @param retryAfter seconds for a {@code Retry-After} header
     * @param times how many matching calls the rule applies to
     * @param probability from 0 to 1; drawn from a fixed seed, so that runs repeat
     * @param company the company the call is made for
     */
    public record Rule(
            Kind kind,
            String path,
            String model,
            String method,
            Long delayMs,
            Integer status,
            Integer retryAfter,
            Integer times,
            Double probability,
            Integer company) {

        /**
         * @throws IllegalArgumentException if a value is out of its range, or there is no kind
         */
        public Rule {
            check(kind != null, "kind is missing");
            check(delayMs == null || delayMs >= 0 && delayMs <= 600_000, "delayMs is out of range");
            check(kind != Kind.DELAY || delayMs != null, "delay needs delayMs");
            check(status == null || status >= 200 && status <= 599, "status is out of range");
            check(retryAfter == null || retryAfter >= 0, "retryAfter is negative");
            check(times == null || times > 0, "times must be positive");
            check(probability == null || probability >= 0 && probability <= 1, "probability is out of range");
        }

        private static void check(boolean right, String message) {
            if (!right) {
                throw new IllegalArgumentException(message);
            }
        }

        /** A rule for every call of every vendor. */
        public static Rule of(Kind kind) {
            return new Rule(kind, null, null, null, kind == Kind.DELAY ? 0L : null, null, null, null, null, null);
        }

        public Rule path(String prefix) {
            return new Rule(kind, prefix, model, method, delayMs, status, retryAfter, times, probability, company);
        }

        public Rule on(String toModel, String toMethod) {
            return new Rule(kind, path, toModel, toMethod, delayMs, status, retryAfter, times, probability, company);
        }

        public Rule delay(Duration delay) {
            return new Rule(
                    kind, path, model, method, delay.toMillis(), status, retryAfter, times, probability, company);
        }

        public Rule status(int http) {
            return new Rule(kind, path, model, method, delayMs, http, retryAfter, times, probability, company);
        }

        public Rule retryAfter(int seconds) {
            return new Rule(kind, path, model, method, delayMs, status, seconds, times, probability, company);
        }

        public Rule times(int count) {
            return new Rule(kind, path, model, method, delayMs, status, retryAfter, count, probability, company);
        }

        public Rule probability(double chance) {
            return new Rule(kind, path, model, method, delayMs, status, retryAfter, times, chance, company);
        }

        public Rule company(int id) {
            return new Rule(kind, path, model, method, delayMs, status, retryAfter, times, probability, id);
        }

        private boolean applies(String toPath, SandboxCall call) {
            return (path == null || toPath.startsWith(path))
                    && (model == null || model.equals(call.model()))
                    && (method == null || method.equals(call.method()))
                    && (company == null || company.equals(call.company()));
        }

        static Rule read(Map<?, ?> json) {
            for (Object key : json.keySet()) {
                check(FIELDS.contains(key), "unknown field " + key);
            }
            return new Rule(
                    kind(json.get("kind")),
                    text(json, "path"),
                    text(json, "model"),
                    text(json, "method"),
                    json.get("delayMs") == null ? null : Long.valueOf(number(json, "delayMs")),
                    number(json, "status"),
                    number(json, "retryAfter"),
                    number(json, "times"),
                    chance(json.get("probability")),
                    number(json, "company"));
        }

        private static final List<String> FIELDS = List.of(
                "kind",
                "path",
                "model",
                "method",
                "delayMs",
                "status",
                "retryAfter",
                "times",
                "probability",
                "company");

        private static Kind kind(Object word) {
            for (Kind kind : Kind.values()) {
                if (kind.word().equals(word)) {
                    return kind;
                }
            }
            throw new IllegalArgumentException("unknown kind");
        }

        private static String text(Map<?, ?> json, String key) {
            Object value = json.get(key);
            check(value == null || value instanceof String, key + " must be a text");
            return (String) value;
        }

        private static Integer number(Map<?, ?> json, String key) {
            Object value = json.get(key);
            check(value == null || value instanceof Integer, key + " must be a whole number");
            return (Integer) value;
        }

        private static Double chance(Object value) {
            check(value == null || value instanceof Number, "probability must be a number");
            return value == null ? null : ((Number) value).doubleValue();
        }
    }

    /** What to do with one call; the rule is null when it is to be answered as usual. */
    record Plan(long delayMs, Rule rule) {}

    private static final class Active {
        private final Rule rule;
        private int left;
        private boolean failNext = true;

        Active(Rule rule) {
            this.rule = rule;
            this.left = rule.times() == null ? -1 : rule.times();
        }
    }

    private final List<Active> active = new ArrayList<>();
    private final Random chance = new Random(42);
    private long latencyMs;

    SandboxTrouble() {}

    public synchronized void add(Rule... rules) {
        for (Rule rule : rules) {
            active.add(new Active(rule));
        }
    }

    /** Rules that still apply, with the times they have left. */
    public synchronized List<Rule> rules() {
        return active.stream()
                .map(one -> one.left < 0 ? one.rule : one.rule.times(one.left))
                .toList();
    }

    /** Removes all rules and the latency. */
    public synchronized void clear() {
        active.clear();
        latencyMs = 0;
        chance.setSeed(42);
    }

    /** Lets every vendor call take at least this long, until cleared. */
    public synchronized void latency(Duration each) {
        if (each.isNegative() || each.toMillis() > 600_000) {
            throw new IllegalArgumentException("latency is out of range");
        }
        latencyMs = each.toMillis();
    }

    synchronized Plan decide(String path, SandboxCall call) {
        long delay = latencyMs;
        Rule decided = null;
        for (Active one : List.copyOf(active)) {
            Rule rule = one.rule;
            boolean slow = rule.kind() == Kind.DELAY;
            if (!slow && decided != null || !rule.applies(path, call)) {
                continue;
            }
            if (rule.probability() != null && chance.nextDouble() >= rule.probability()) {
                continue;
            }
            if (one.left > 0 && --one.left == 0) {
                active.remove(one);
            }
            if (slow) {
                delay += rule.delayMs();
            } else if (rule.kind() == Kind.FLAP) {
                decided = one.failNext ? rule : null;
                one.failNext = !one.failNext;
            } else {
                decided = rule;
            }
        }
        return new Plan(delay, decided);
    }

    synchronized Map<String, Object> show() {
        List<Object> rules = new ArrayList<>();
        for (Rule rule : rules()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("kind", rule.kind().word());
            put(one, "path", rule.path());
            put(one, "model", rule.model());
            put(one, "method", rule.method());
            put(one, "delayMs", rule.delayMs());
            put(one, "status", rule.status());
            put(one, "retryAfter", rule.retryAfter());
            put(one, "times", rule.times());
            put(one, "probability", rule.probability());
            put(one, "company", rule.company());
            rules.add(one);
        }
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("latencyMs", latencyMs);
        shown.put("rules", rules);
        return shown;
    }

    private static void put(Map<String, Object> map, String key, Object value) {
        if (value != null) {
            map.put(key, value);
        }
    }

    /** Either a list of rules, or an object with {@code rules} and {@code latencyMs}; all of it or, if wrong, nothing. */
    void read(Object json) {
        Object list = json;
        Integer latency = null;
        if (json instanceof Map<?, ?> map) {
            list = map.containsKey("rules") ? map.get("rules") : map.containsKey("kind") ? List.of(map) : List.of();
            latency = Rule.number(map, "latencyMs");
        }
        Rule.check(list instanceof List<?>, "a list of rules is expected");
        List<Rule> rules = new ArrayList<>();
        for (Object item : (List<?>) list) {
            Rule.check(item instanceof Map<?, ?>, "a rule is an object");
            rules.add(Rule.read((Map<?, ?>) item));
        }
        if (latency != null) {
            latency(Duration.ofMillis(latency));
        }
        add(rules.toArray(Rule[]::new));
    }
}
