package cl.smarterbot.hub.sandbox;

import java.util.Map;

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

    /**
     * Does what {@code POST /sandbox/<name>/<rest>} asks for, or null if there is nothing under that name.
     *
     * @param body the JSON object that came
     * @throws IllegalArgumentException with words for the caller if the body makes no sense
     */
    default SandboxAnswer steer(String rest, Map<?, ?> body) {
        return null;
    }

    /** A self-contained, escaped HTML fragment for the human page. */
    String page();

    void reset();

    /** Ends what runs in the background. */
    default void close() {}
}
