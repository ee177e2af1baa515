package cl.smarterbot.hub.database;

/** The hub must not start like this. The message is for the operator, names the settings to change, and holds no secret. */
public class StartRefusedException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    public StartRefusedException(String message) {
        super(message);
    }
}
