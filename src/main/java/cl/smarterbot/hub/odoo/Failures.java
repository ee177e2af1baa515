package cl.smarterbot.hub.odoo;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns what Odoo answers into typed failures. The rules were measured on Odoo 17.0, 18.0 and 19.0. Odoo translates its
 * messages, so nothing is decided by them; only the names of Python's exceptions and the fixed forms of PostgreSQL count.
 */
final class Failures {
    private static final int LONGEST_MESSAGE = 500;

    private static final String TRACEBACK = "Traceback (most recent call last)";
    /** The first line of an exception under its frames: a dotted class name, alone or with a message. */
    private static final Pattern EXCEPTION_LINE =
            Pattern.compile("^([A-Za-z_][A-Za-z0-9_]*(?:\\.[A-Za-z_][A-Za-z0-9_]*)*)(?::|$)", Pattern.MULTILINE);

    private static final Pattern CONFLICT =
            Pattern.compile("(?:psycopg2\\..*(?:SerializationFailure|TransactionRollback"
                    + "|DeadlockDetected|LockNotAvailable).*)|(?:.*\\.(?:LockError|ConcurrencyError))");
    private static final Pattern DATABASE_AWAY = Pattern.compile("psycopg2\\..*(?:OperationalError|InterfaceError"
            + "|PoolError|AdminShutdown|CrashShutdown|CannotConnectNow|TooManyConnections|IdleInTransactionSessionTimeout"
            + "|QueryCanceled).*");
    /** Out of disk, memory or files: the machine's trouble and not the call's. Errno: EIO, EAGAIN, ENOMEM, ENFILE, EMFILE, ENOSPC, EROFS, EDQUOT. */
    private static final Pattern EXHAUSTED = Pattern.compile("(?:builtins\\.)?MemoryError"
            + "|psycopg2\\..*(?:DiskFull|OutOfMemory|InsufficientResources|ConfigurationLimitExceeded|IoError)");

    private static final Pattern EXHAUSTED_SYSTEM =
            Pattern.compile("^(?:builtins\\.)?OSError: \\[Errno (?:5|11|12|23|24|28|30|122)]");
    /** PostgreSQL's own wording, which load() passes on as the message of a row. */
    private static final Pattern EXHAUSTED_TEXT = Pattern.compile(
            "could not (?:extend|write to|resize|create) (?:file|shared memory segment) \"|No space left on device");

    private static final Pattern NO_DATABASE = Pattern.compile("database \"[^\"]*\" does not exist");
    private static final String SERIALIZATION = "could not serialize access";
    private static final String DEADLOCK = "deadlock detected";

    private Failures() {}

    /** True for the fault of a method that returned None: Odoo commits first and fails only in writing the answer. */
    static boolean meansNull(XmlRpcReader.Fault fault) {
        return fault.code().equals("1") && lastException(fault.text()).contains("cannot marshal None");
    }

    static OdooException of(XmlRpcReader.Fault fault, String model) {
        String text = fault.text();
        return switch (fault.code()) {
            case "1" -> byException(lastException(text), model);
            case "2" -> refusal(text, model);
            case "3", "AccessDenied" -> OdooException.permanent(Kind.ACCESS_DENIED, line(text));
            case "4", "AccessError" -> OdooException.permanent(Kind.ACCESS, line(text));
            default -> OdooException.permanent(Kind.BAD_REQUEST, line(lastException(text)));
        };
    }

    /** Fault 2 is a user error, a validation error, a missing record and an unknown model alike. */
    private static OdooException refusal(String text, String model) {
        if (model != null) {
            // Odoo ends a missing-record message in every language with "(...: model(ids,), ...: uid)".
            Pattern gone = Pattern.compile(
                    "\\([^()]*" + Pattern.quote(model) + "\\(\\d[\\d, ]*\\)[^()]*:\\s*\\d+\\)\\s*$", Pattern.DOTALL);
            if (gone.matcher(text).find()) {
                return OdooException.permanent(Kind.MISSING, line(text));
            }
            boolean short_ = !text.strip().contains("\n") && text.length() < model.length() + 40;
            if (short_ && text.contains(" " + model + " ")) {
                return OdooException.permanent(Kind.NOT_FOUND, line(text));
            }
        }
        return OdooException.permanent(Kind.VALIDATION, line(text));
    }

    private static OdooException byException(String exception, String model) {
        String type = exception.split(":", 2)[0].trim();
        String message = line(exception);
        if (NO_DATABASE.matcher(exception).find()) {
            return OdooException.permanent(Kind.NOT_FOUND, message);
        }
        if (isConflict(type, exception)) {
            return OdooException.passing(Kind.CONFLICT, message);
        }
        if (DATABASE_AWAY.matcher(type).matches()
                || EXHAUSTED.matcher(type).matches()
                || EXHAUSTED_SYSTEM.matcher(exception).find()
                || isExhaustedText(exception)) {
            return OdooException.passing(Kind.UNAVAILABLE, message);
        }
        if (type.equals("AttributeError") && exception.contains("does not exist on the model")
                || type.equals("KeyError") && model != null && exception.contains("'" + model + "'")) {
            return OdooException.permanent(Kind.NOT_FOUND, message);
        }
        return OdooException.permanent(Kind.BAD_REQUEST, message);
    }

    private static boolean isConflict(String type, String text) {
        return CONFLICT.matcher(type).matches() || isConflictText(text);
    }

    /** PostgreSQL's own wording, which load() passes on untranslated as the message of a row. */
    static boolean isConflictText(String text) {
        return text.contains(SERIALIZATION) || text.contains(DEADLOCK);
    }

    /** The database's machine is out of something: the same row may go in later. */
    static boolean isExhaustedText(String text) {
        return EXHAUSTED_TEXT.matcher(text).find();
    }

    /** A failure from the JSON error body of JSON-2. */
    static OdooException ofJson(int status, Map<?, ?> body, Duration retryAfter) {
        String name = String.valueOf(body.get("name"));
        Object said = body.get("message");
        String text = said == null ? "" : said.toString();
        String message = line(text.isBlank() ? name : text);
        if (status == 408 || status == 425 || status == 429 || status == 502 || status == 503 || status == 504) {
            return new OdooException(Kind.UNAVAILABLE, true, message, retryAfter, null);
        }
        if (status == 409 || isConflict(name, text)) {
            return new OdooException(Kind.CONFLICT, true, message, retryAfter, null);
        }
        return switch (status) {
            case 401 -> OdooException.permanent(Kind.ACCESS_DENIED, message);
            case 403 ->
                OdooException.permanent(name.endsWith("AccessDenied") ? Kind.ACCESS_DENIED : Kind.ACCESS, message);
            case 404 -> OdooException.permanent(name.endsWith("MissingError") ? Kind.MISSING : Kind.NOT_FOUND, message);
            case 422 -> OdooException.permanent(name.startsWith("odoo.") ? Kind.VALIDATION : Kind.BAD_REQUEST, message);
            default -> status >= 500 ? byException(name + ": " + text, null) : rejected(status, message);
        };
    }

    /** A failure from an HTTP status alone, when the body says nothing that can be trusted. */
    static OdooException ofStatus(int status, Duration retryAfter) {
        String message = "the server answered HTTP " + status;
        if (status >= 500 || status == 408 || status == 425 || status == 429) {
            return new OdooException(Kind.UNAVAILABLE, true, message, retryAfter, null);
        }
        if (status >= 300 && status < 400) {
            return OdooException.permanent(
                    Kind.PROTOCOL, message + ": redirects are not followed, set the url to the final address");
        }
        return switch (status) {
            case 401, 407 -> OdooException.permanent(Kind.ACCESS_DENIED, message);
            case 403 -> OdooException.permanent(Kind.ACCESS, message);
            case 404, 410 -> OdooException.permanent(Kind.NOT_FOUND, message);
            default -> rejected(status, message);
        };
    }

    private static OdooException rejected(int status, String message) {
        return status >= 400 && status < 500
                ? OdooException.permanent(Kind.BAD_REQUEST, message)
                : OdooException.permanent(Kind.PROTOCOL, message);
    }

    /** Retry-After as seconds or HTTP date; null when absent or not understood. */
    static Duration retryAfter(String header, Instant now) {
        if (header == null || header.isBlank()) {
            return null;
        }
        String value = header.trim();
        if (value.matches("\\d{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(value));
        }
        try {
            Duration pause = Duration.between(
                    now,
                    ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                            .toInstant());
            return pause.isNegative() ? Duration.ZERO : pause;
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** The last exception of a traceback with its message, or the whole text when there is no traceback. */
    static String lastException(String text) {
        int start = text.lastIndexOf(TRACEBACK);
        if (start < 0) {
            return text.strip();
        }
        int frames = text.indexOf('\n', start);
        if (frames < 0) {
            return "unknown error";
        }
        Matcher line = EXCEPTION_LINE.matcher(text).region(frames + 1, text.length());
        return line.find() ? text.substring(line.start()).strip() : "unknown error";
    }

    /**
     * One printable line without row values: PostgreSQL's DETAIL prints the whole row that failed, which is a customer's
     * data.
     */
    static String line(String text) {
        String kept = text;
        int detail = kept.indexOf("DETAIL:");
        if (detail >= 0) {
            kept = kept.substring(0, detail);
        }
        kept = kept.replaceAll("[\\p{Cntrl}\\s]+", " ").strip();
        return kept.length() > LONGEST_MESSAGE ? kept.substring(0, LONGEST_MESSAGE) + "..." : kept;
    }

    static Throwable unwrap(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
