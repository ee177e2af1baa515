import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;

/**
 * Where a JDK Flight Recorder file saw the processor busy: shares of the execution samples by thread, by package of the frame that
 * ran, by method that ran, and by method anywhere on the stack (with all it called).
 *
 * <pre>Hot FILE [LINES]</pre>
 */
public final class Hot {

    public static void main(String[] args) throws IOException {
        int lines = args.length > 1 ? Integer.parseInt(args[1]) : 25;
        Map<String, Integer> threads = new HashMap<>();
        Map<String, Integer> packages = new HashMap<>();
        Map<String, Integer> top = new HashMap<>();
        Map<String, Integer> ours = new HashMap<>();
        Map<String, Integer> libraries = new HashMap<>();
        int samples = 0;
        try (RecordingFile file = new RecordingFile(Path.of(args[0]))) {
            while (file.hasMoreEvents()) {
                RecordedEvent e = file.readEvent();
                String type = e.getEventType().getName();
                boolean inJava = type.equals("jdk.ExecutionSample");
                if (!inJava && !type.equals("jdk.NativeMethodSample") || e.getStackTrace() == null) {
                    continue;
                }
                List<RecordedFrame> frames = e.getStackTrace().getFrames();
                if (frames.isEmpty() || !inJava && waits(name(frames.get(0)))) {
                    continue;
                }
                samples++;
                RecordedThread thread = e.getThread("sampledThread");
                String threadName = thread == null || thread.getJavaName() == null ? "?" : thread.getJavaName();
                threads.merge(threadName.replaceAll("\\d+", "N"), 1, Integer::sum);
                top.merge(name(frames.get(0)), 1, Integer::sum);
                packages.merge(area(frames), 1, Integer::sum);
                Set<String> seen = new HashSet<>();
                for (RecordedFrame frame : frames) {
                    String name = name(frame);
                    if (name.endsWith(" (lambda)") || !seen.add(name)) {
                        continue;
                    }
                    if (name.startsWith("cl.smarterbot")) {
                        ours.merge(name, 1, Integer::sum);
                    } else if (!name.startsWith("java.") && !name.startsWith("jdk.") && !name.startsWith("sun.")) {
                        libraries.merge(name, 1, Integer::sum);
                    }
                }
            }
        }
        print("threads", threads, samples, lines);
        print("libraries (first frame that is not the JDK's)", packages, samples, lines);
        print("methods", top, samples, lines);
        print("the hub's methods with all they call", ours, samples, lines);
        print("libraries' methods with all they call", libraries, samples, 2 * lines);
    }

    /** Native methods that only wait are no load; reads, writes and wake-ups are. */
    private static boolean waits(String method) {
        return method.contains("Wait") || method.contains("wait") || method.contains("poll") || method.contains("accept")
                || method.contains(".read") || method.contains("park");
    }

    private static String name(RecordedFrame frame) {
        String name = frame.getMethod().getType().getName() + "." + frame.getMethod().getName();
        // Generated names differ from run to run.
        int lambda = name.indexOf("$$Lambda");
        return lambda < 0 ? name : name.substring(0, lambda) + " (lambda)";
    }

    private static String area(List<RecordedFrame> frames) {
        for (RecordedFrame frame : frames) {
            String type = frame.getMethod().getType().getName();
            if (type.startsWith("java.") || type.startsWith("sun.") || type.startsWith("jdk.") || type.startsWith("javax.")) {
                continue;
            }
            String[] parts = type.split("\\.");
            int n = type.startsWith("cl.smarterbot") || type.startsWith("org.apache") ? 4 : 2;
            return String.join(".", List.of(parts).subList(0, Math.min(n, parts.length - 1)));
        }
        return "the JDK alone";
    }

    private static void print(String what, Map<String, Integer> counts, int samples, int lines) {
        System.out.printf(Locale.ROOT, "%n%s, of %,d samples%n", what, samples);
        counts.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()))
                .limit(lines)
                .forEach(e -> System.out.printf(Locale.ROOT, "  %5.1f %%  %s%n", 100.0 * e.getValue() / samples, e.getKey()));
    }
}
