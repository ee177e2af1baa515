package cl.smarterbot.hub.tenancy;

/** A text is not a RUT, or not one that may be used here. The message names the rule broken, never the text: it may be a person's. */
public final class InvalidRutException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    InvalidRutException(String rule) {
        super(rule);
    }
}
