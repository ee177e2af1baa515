package cl.smarterbot.hub.event;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/**
 * Threads that run routes. Tenants take turns, and no tenant ever holds more than three quarters of the threads: one whose Odoo
 * answers slowly waits for itself, not the others for it.
 */
public final class FairWorkers {

    private final ExecutorService threads;
    private final int size;
    private final int mostPerTenant;
    private final int mostWaiting;
    /** Tenants in the order of their turns. */
    private final Map<String, Deque<Runnable>> waiting = new LinkedHashMap<>();

    private final Map<String, Integer> running = new HashMap<>();
    private int busy;
    private int queued;

    /** Takes whatever it is given to {@link #execute}. */
    FairWorkers(int size, ThreadFactory factory) {
        this(size, Integer.MAX_VALUE, factory);
    }

    /**
     * @param size threads
     * @param mostWaiting how many tasks {@link #offer} lets wait for a thread; three quarters of them for one tenant
     */
    public FairWorkers(int size, int mostWaiting, ThreadFactory factory) {
        this.size = size;
        this.mostPerTenant = Math.max(1, size * 3 / 4);
        this.mostWaiting = mostWaiting;
        this.threads = Executors.newFixedThreadPool(size, factory);
    }

    synchronized void execute(String tenant, Runnable task) {
        add(tenant, task);
    }

    /** Runs the task on one of the threads, in its tenant's turn; false, and it never runs, if too much waits already. */
    public synchronized boolean offer(String tenant, Runnable task) {
        Deque<Runnable> own = waiting.get(tenant);
        boolean taken = !threads.isShutdown()
                && queued < mostWaiting
                && (own == null || own.size() < Math.max(1, mostWaiting / 4 * 3));
        if (taken) {
            add(tenant, task);
        }
        return taken;
    }

    private void add(String tenant, Runnable task) {
        waiting.computeIfAbsent(tenant, t -> new ArrayDeque<>()).add(task);
        queued++;
        dispatch();
    }

    private void dispatch() {
        while (busy < size) {
            String next = null;
            for (String tenant : waiting.keySet()) {
                if (running.getOrDefault(tenant, 0) < mostPerTenant) {
                    next = tenant;
                    break;
                }
            }
            if (next == null) {
                return;
            }
            start(next);
        }
    }

    private void start(String tenant) {
        // Out and in again: to the end of the row.
        Deque<Runnable> tasks = waiting.remove(tenant);
        Runnable task = tasks.poll();
        queued--;
        if (!tasks.isEmpty()) {
            waiting.put(tenant, tasks);
        }
        busy++;
        running.merge(tenant, 1, Integer::sum);
        threads.execute(() -> {
            try {
                task.run();
            } finally {
                ended(tenant);
            }
        });
    }

    private synchronized void ended(String tenant) {
        busy--;
        running.computeIfPresent(tenant, (t, n) -> n == 1 ? null : n - 1);
        if (!threads.isShutdown()) {
            dispatch();
        }
    }

    /** Lets what runs end; what waits does not start any more. */
    public synchronized void shutdown() {
        waiting.clear();
        queued = 0;
        threads.shutdown();
    }
}
