package cl.smarterbot.hub.resend;

/** Headers that a mail leaves behind. */
public final class ResendConstants {

    /** What became of the mail: {@code sent} or {@code skipped}. */
    public static final String OUTCOME = "CamelResendOutcome";

    /** Resend's id of a mail that was sent. */
    public static final String ID = "CamelResendId";

    /** Why a mail was skipped: suppressed, recipient-limit or sent (before). */
    public static final String REASON = "CamelResendReason";

    /** Which template it was. */
    public static final String KIND = "CamelResendKind";

    private ResendConstants() {}
}
