package cl.smarterbot.hub.ops;

/** A command cannot be carried out. The message is for the person at the terminal. */
final class CliException extends RuntimeException {

    /** The hub refused, or something went wrong. */
    static final int FAILED = 1;
    /** The command line or the settings make no sense. */
    static final int USAGE = 2;
    /** The hub does not answer. */
    static final int UNREACHABLE = 3;

    private final int exitCode;

    CliException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
