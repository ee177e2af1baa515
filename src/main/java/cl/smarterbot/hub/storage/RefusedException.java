package cl.smarterbot.hub.storage;

import java.util.Objects;

/** A file that is not stored, now or later, and nobody's trouble: the reason is recorded with it. */
public final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Reason {
        TOO_LARGE("too_large"),
        TYPE_NOT_ALLOWED("type_not_allowed"),
        /** It is not where the tenant's files come from, or it was sent on to an address that the hub may not call. */
        SOURCE_NOT_ALLOWED("source_not_allowed"),
        /** It is not there any more. */
        NOT_FOUND("not_found"),
        /** Its server refuses to give it out. */
        SOURCE_REFUSED("source_refused");

        private final String word;

        Reason(String word) {
            this.word = word;
        }

        /** As it is recorded. */
        public String word() {
            return word;
        }
    }

    private final Reason reason;

    RefusedException(Reason reason) {
        super("the file is not stored: " + reason.word, null, false, false);
        this.reason = Objects.requireNonNull(reason);
    }

    public Reason reason() {
        return reason;
    }
}
