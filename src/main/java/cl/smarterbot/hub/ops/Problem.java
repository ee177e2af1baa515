package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/**
 * An error reply (RFC 9457). Its texts are fixed or name what the caller sent; they never hold SQL or a stack trace.
 *
 * @param type stable name of the kind of error
 * @param errors what is wrong with each field, all at once; null when no field is at fault
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Problem(String type, String title, int status, String detail, Map<String, String> errors) {

    static final String TYPES = "urn:smarteros:problem:";

    private static final ObjectMapper JSON = new ObjectMapper();

    static Problem of(HttpStatus status, String type, String detail) {
        return of(status, type, detail, null);
    }

    static Problem of(HttpStatus status, String type, String detail, Map<String, String> errors) {
        return new Problem(TYPES + type, status.getReasonPhrase(), status.value(), detail, errors);
    }

    ResponseEntity<Object> entity() {
        return ResponseEntity.status(status)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(this);
    }

    void write(HttpServletResponse response) throws IOException {
        byte[] body = JSON.writeValueAsBytes(this);
        response.setStatus(status);
        response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
