package cl.smarterbot.hub.sandbox;

/** One vendor's stand-in on the sandbox's port. */
interface SandboxVendor {

    /** Lower-case word for {@code /sandbox/<name>/...}. */
    String name();

    /** Whether this vendor owns the path. */
    boolean owns(String path);

    /** Reads a request without any effect; the effect comes with the call's work. */
    SandboxCall open(SandboxRequest request);

    /** Answers {@code GET /sandbox/<name>/<rest>}, or null if there is nothing under that name. */
    SandboxAnswer look(String rest, SandboxRequest request);

    /** A self-contained, escaped HTML fragment for the human page. */
    String page();

    void reset();
}
