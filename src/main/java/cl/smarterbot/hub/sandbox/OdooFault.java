package cl.smarterbot.hub.sandbox;

/** A failed Odoo call, in the terms that every Odoo protocol shares: which Python exception, and its text. */
final class OdooFault extends RuntimeException {

    /** How one Python exception shows on XML-RPC (fault code) and on JSON-2 (status); Odoo 17 to 19. */
    enum Kind {
        USER(2, 422, "odoo.exceptions.UserError"),
        VALIDATION(2, 422, "odoo.exceptions.ValidationError"),
        MISSING(2, 404, "odoo.exceptions.MissingError"),
        DENIED(3, 403, "odoo.exceptions.AccessDenied"),
        ACCESS(4, 403, "odoo.exceptions.AccessError"),
        LOCK(1, 409, "odoo.exceptions.LockError"),
        ERROR(1, 500, "builtins.Exception"),
        BAD_REQUEST(1, 400, "werkzeug.exceptions.BadRequest"),
        UNAUTHORIZED(1, 401, "werkzeug.exceptions.Unauthorized"),
        NOT_FOUND(1, 404, "werkzeug.exceptions.NotFound"),
        UNPROCESSABLE(1, 422, "werkzeug.exceptions.UnprocessableEntity");

        final int faultCode;
        final int status;
        final String python;

        Kind(int faultCode, int status, String python) {
            this.faultCode = faultCode;
            this.status = status;
            this.python = python;
        }
    }

    final Kind kind;
    /** Dotted Python class, for example {@code builtins.ValueError}. */
    final String python;
    /** Class and text of the exception that Python shows first in the traceback, or null. */
    final String cause;

    private OdooFault(Kind kind, String python, String message, String cause) {
        super(message, null, false, false);
        this.kind = kind;
        this.python = python;
        this.cause = cause;
    }

    static OdooFault of(Kind kind, String message) {
        return new OdooFault(kind, kind.python, message, null);
    }

    static OdooFault user(String message) {
        return of(Kind.USER, message);
    }

    static OdooFault validation(String message) {
        return of(Kind.VALIDATION, message);
    }

    static OdooFault access(String message) {
        return of(Kind.ACCESS, message);
    }

    static OdooFault value(String message) {
        return error("ValueError", message);
    }

    /** An exception which Odoo does not translate; {@code type} without a dot is a Python builtin. */
    static OdooFault error(String type, String message) {
        return error(type, message, null);
    }

    static OdooFault error(String type, String message, String cause) {
        return new OdooFault(Kind.ERROR, type.indexOf('.') < 0 ? "builtins." + type : type, message, cause);
    }

    /** What Python prints: the last line names the exception as a traceback does. */
    String traceback() {
        String frames = "Traceback (most recent call last):\n"
                + "  File \"odoo/service/model.py\", line 0, in execute\n    res = execute_cr(cr, uid, obj, method, *args, **kw)\n";
        StringBuilder text = new StringBuilder();
        if (cause != null) {
            text.append(frames)
                    .append(cause)
                    .append("\n\nDuring handling of the above exception, another exception occurred:\n\n");
        }
        String name = python.startsWith("builtins.") ? python.substring("builtins.".length()) : python;
        text.append(frames).append(name).append(": ");
        if (python.startsWith("werkzeug.")) {
            text.append(kind.status).append(' ').append(phrase(kind.status)).append(": ");
        }
        return text.append(getMessage()).append('\n').toString();
    }

    /** XML-RPC shows the plain text for what Odoo translates and a whole traceback for everything else. */
    String faultString() {
        return kind.faultCode == 1 ? traceback() : getMessage();
    }

    static String phrase(int status) {
        return switch (status) {
            case 400 -> "Bad Request";
            case 401 -> "Unauthorized";
            case 404 -> "Not Found";
            case 422 -> "Unprocessable Entity";
            default -> "Error";
        };
    }
}
