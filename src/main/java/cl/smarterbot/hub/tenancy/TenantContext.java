package cl.smarterbot.hub.tenancy;

import java.util.concurrent.Callable;

/** The tenant on whose behalf the current thread works. The tenant-bound data source takes it from here. */
public final class TenantContext {
    private static final ThreadLocal<String> CURRENT = new ThreadLocal<>();

    private TenantContext() {}

    /** The canonical RUT, or null if the thread works for nobody in particular. */
    public static String current() {
        return CURRENT.get();
    }

    /**
     * Makes {@code rut} the tenant of this thread until the scope is closed, which brings back what was before. To be closed on
     * the same thread, in reverse order of opening.
     *
     * @param rut canonical RUT, or null for nobody
     * @throws IllegalArgumentException if {@code rut} is not in canonical form
     */
    public static Scope open(String rut) {
        if (rut != null && !Rut.isCanonicalShape(rut)) {
            throw new IllegalArgumentException("a tenant is named by its RUT in canonical form");
        }
        return replace(rut);
    }

    /** Runs {@code work} as the given tenant. See {@link #open(String)}. */
    @SuppressWarnings("try") // The scope is there to be closed.
    public static <T> T call(String rut, Callable<T> work) throws Exception {
        try (Scope scope = open(rut)) {
            return work.call();
        }
    }

    /** Runs {@code work} as the given tenant. See {@link #open(String)}. */
    @SuppressWarnings("try") // The scope is there to be closed.
    public static void run(String rut, Runnable work) {
        try (Scope scope = open(rut)) {
            work.run();
        }
    }

    static Scope replace(String rut) {
        String before = CURRENT.get();
        set(rut);
        return () -> set(before);
    }

    private static void set(String rut) {
        if (rut == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(rut);
        }
    }

    /** An open change of the tenant. */
    @FunctionalInterface
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }
}
