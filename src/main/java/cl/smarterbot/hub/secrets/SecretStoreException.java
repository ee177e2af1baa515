package cl.smarterbot.hub.secrets;

/** Secrets cannot be read or written: wrong key, damaged file, no access. The message says which; it never holds a value. */
public final class SecretStoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public SecretStoreException(String message) {
        super(message);
    }

    public SecretStoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
