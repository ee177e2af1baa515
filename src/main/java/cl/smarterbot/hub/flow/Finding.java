package cl.smarterbot.hub.flow;

/**
 * A rule that a flow breaks.
 *
 * @param file name of the file
 * @param line counted from 1; 0 if no line is to blame
 * @param rule stable name of the rule
 * @param message what is wrong, naming the route or step
 */
public record Finding(String file, int line, String rule, String message) {
    @Override
    public String toString() {
        return file + ":" + line + ": " + rule + ": " + message;
    }
}
