package cl.smarterbot.hub.sandbox;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** How long vendor calls took, from the request to the answer's last byte, scripted delays included. Thread-safe. */
final class SandboxTimes {

    private static final class Sum {
        private long calls;
        private long nanos;
    }

    private final Map<String, Sum> sums = new TreeMap<>();

    synchronized void count(SandboxCall call) {
        if (call.model() != null) {
            of(call).calls++;
        }
    }

    synchronized void add(SandboxCall call, long nanos) {
        if (call.model() != null) {
            of(call).nanos += nanos;
        }
    }

    private Sum of(SandboxCall call) {
        return sums.computeIfAbsent(call.model() + "." + call.method(), name -> new Sum());
    }

    synchronized void clear() {
        sums.clear();
    }

    /** Calls and milliseconds by model and method. */
    synchronized Map<String, Object> show() {
        Map<String, Object> shown = new LinkedHashMap<>();
        sums.forEach((name, sum) -> shown.put(name, Map.of("calls", sum.calls, "ms", sum.nanos / 1_000_000)));
        return shown;
    }
}
