package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.schedule.ScheduleAdmin;
import cl.smarterbot.hub.secrets.SecretStoreException;
import cl.smarterbot.hub.tenancy.TenantValidationException;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.web.firewall.RequestRejectedException;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/** Turns every failure of the admin API into problem JSON that tells what the caller needs and nothing of the inside. */
@RestControllerAdvice
final class AdminErrors extends ResponseEntityExceptionHandler {

    private static final Logger log = LoggerFactory.getLogger(AdminErrors.class);

    @ExceptionHandler
    ResponseEntity<Object> invalid(Input.InvalidException e) {
        return Problem.of(
                        HttpStatus.UNPROCESSABLE_ENTITY,
                        "invalid-fields",
                        "Some fields are not valid; each is named below.",
                        e.errors())
                .entity();
    }

    @ExceptionHandler
    ResponseEntity<Object> invalid(TenantValidationException e) {
        Map<String, String> errors = new LinkedHashMap<>();
        e.problems().forEach(problem -> errors.putIfAbsent(problem.field(), problem.rule()));
        return invalid(new Input.InvalidException(errors));
    }

    @ExceptionHandler
    ResponseEntity<Object> secrets(SecretStoreException e) {
        // Its message names the place and never a value; where the place is concerns the log only.
        log.error("Admin API: {}", e.getMessage());
        return Problem.of(
                        HttpStatus.SERVICE_UNAVAILABLE,
                        "secrets-away",
                        "The secret store cannot be written. The log of the hub says why.")
                .entity();
    }

    /** Spring Security's firewall looks at parameter names only when they are read. */
    @ExceptionHandler
    ResponseEntity<Object> rejected(RequestRejectedException e) {
        return Problem.of(HttpStatus.BAD_REQUEST, "malformed", "The request is malformed.")
                .entity();
    }

    @ExceptionHandler
    ResponseEntity<Object> notFound(EventAdmin.NotFoundException e) {
        return Problem.of(HttpStatus.NOT_FOUND, "not-found", e.getMessage()).entity();
    }

    @ExceptionHandler
    ResponseEntity<Object> notFound(NoSuchThingException e) {
        return Problem.of(HttpStatus.NOT_FOUND, "not-found", "There is no such thing here.")
                .entity();
    }

    @ExceptionHandler
    ResponseEntity<Object> refused(EventAdmin.RefusedException e) {
        return Problem.of(HttpStatus.CONFLICT, "refused", e.getMessage()).entity();
    }

    @ExceptionHandler
    ResponseEntity<Object> notFound(ScheduleAdmin.NotFoundException e) {
        return Problem.of(HttpStatus.NOT_FOUND, "not-found", e.getMessage()).entity();
    }

    @ExceptionHandler
    ResponseEntity<Object> refused(ScheduleAdmin.RefusedException e) {
        return Problem.of(HttpStatus.CONFLICT, "refused", e.getMessage()).entity();
    }

    @ExceptionHandler({
        DataAccessResourceFailureException.class,
        TransientDataAccessException.class,
        CannotCreateTransactionException.class
    })
    ResponseEntity<Object> away(Exception e) {
        log.warn("Admin API: database not available ({})", kind(e));
        String detail = e instanceof QueryTimeoutException
                ? "The database took too long. Ask for less, or try again later."
                : "The database cannot be reached. Try again in a moment.";
        ResponseEntity<Object> answer = Problem.of(HttpStatus.SERVICE_UNAVAILABLE, "database-away", detail)
                .entity();
        return ResponseEntity.status(answer.getStatusCode())
                .headers(answer.getHeaders())
                .header(HttpHeaders.RETRY_AFTER, "5")
                .body(answer.getBody());
    }

    @ExceptionHandler
    ResponseEntity<Object> unexpected(Exception e) {
        // The message may quote values out of the database: only the kind is written down.
        log.error(
                "Admin API: unexpected {} at {}", kind(e), e.getStackTrace().length == 0 ? "?" : e.getStackTrace()[0]);
        return Problem.of(
                        HttpStatus.INTERNAL_SERVER_ERROR, "internal", "This is a fault of the hub; its log says more.")
                .entity();
    }

    /** What Spring MVC itself refuses: malformed JSON, unknown path, wrong method. */
    @Override
    protected ResponseEntity<Object> handleExceptionInternal(
            Exception e, Object body, HttpHeaders headers, HttpStatusCode code, WebRequest request) {
        HttpStatus status = HttpStatus.valueOf(code.value());
        Problem problem =
                switch (status) {
                    case BAD_REQUEST -> Problem.of(status, "malformed", "The request is malformed.");
                    case NOT_FOUND -> Problem.of(status, "not-found", "There is no such thing here.");
                    case METHOD_NOT_ALLOWED -> Problem.of(status, "method-not-allowed", "Not with this method.");
                    case UNSUPPORTED_MEDIA_TYPE ->
                        Problem.of(status, "not-json", "Changes must be sent as application/json.");
                    default -> Problem.of(status, "refused", status.getReasonPhrase() + ".");
                };
        return ResponseEntity.status(status)
                .headers(headers)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(problem);
    }

    private static String kind(Throwable e) {
        Throwable cause = e instanceof DataAccessException data ? data.getMostSpecificCause() : e;
        String state = cause instanceof SQLException sql ? ", SQLSTATE " + sql.getSQLState() : "";
        return cause.getClass().getSimpleName() + state;
    }
}
