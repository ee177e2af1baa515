import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** CPU time of processes, read from Linux's {@code /proc}. */
final class Proc {

    /** Unit of the times in {@code /proc/<pid>/stat}; fixed at 100 a second for user space on Linux. */
    private static final long MILLIS_A_TICK = 10;

    private Proc() {}

    /** User and system time of the processes, all threads, in ms. Processes that are gone count nothing. */
    static long cpuMillis(List<Long> pids) {
        long ticks = 0;
        for (long pid : pids) {
            long[] stat = stat(pid);
            ticks += stat == null ? 0 : stat[1] + stat[2];
        }
        return ticks * MILLIS_A_TICK;
    }

    /** The part of {@link #cpuMillis} that went into the JIT compilers' threads. Those that have ended count nothing. */
    static long compilerCpuMillis(List<Long> pids) {
        long ticks = 0;
        for (long pid : pids) {
            try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid + "/task"))) {
                for (Path thread : threads.toList()) {
                    String line = line(thread.resolve("stat"));
                    // The kernel cuts names at 15 characters.
                    if (line != null && line.contains("CompilerThre")) {
                        long[] stat = fields(line);
                        ticks += stat[1] + stat[2];
                    }
                }
            } catch (IOException e) {
                return 0;
            }
        }
        return ticks * MILLIS_A_TICK;
    }

    /** Time of a process, of its living children and of those it has already buried, in ms: all of one PostgreSQL server. */
    static long familyCpuMillis(long parent) {
        if (parent <= 0) {
            return 0;
        }
        long[] own = stat(parent);
        if (own == null) {
            return 0;
        }
        long ticks = own[1] + own[2] + own[3] + own[4];
        for (long child : children(parent)) {
            long[] stat = stat(child);
            ticks += stat == null ? 0 : stat[1] + stat[2] + stat[3] + stat[4];
        }
        return ticks * MILLIS_A_TICK;
    }

    private static List<Long> children(long parent) {
        List<Long> children = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            all.map(p -> p.getFileName().toString())
                    .filter(n -> !n.isEmpty() && Character.isDigit(n.charAt(0)))
                    .map(Long::valueOf)
                    .forEach(pid -> {
                        long[] stat = stat(pid);
                        if (stat != null && stat[0] == parent) {
                            children.add(pid);
                        }
                    });
        } catch (IOException e) {
            throw new IllegalStateException("/proc cannot be read", e);
        }
        return children;
    }

    /** Parent, utime, stime, cutime and cstime (proc(5), fields 4 and 14 to 17), or null if there is no such process. */
    private static long[] stat(long pid) {
        String line = line(Path.of("/proc/" + pid + "/stat"));
        return line == null ? null : fields(line);
    }

    private static String line(Path stat) {
        try {
            return Files.readString(stat, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // It ended while it was looked at.
            return null;
        }
    }

    private static long[] fields(String line) {
        // The name, in parentheses, may hold blanks.
        String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
        return new long[] {
            Long.parseLong(fields[1]),
            Long.parseLong(fields[11]),
            Long.parseLong(fields[12]),
            Long.parseLong(fields[13]),
            Long.parseLong(fields[14])
        };
    }
}
