package cl.smarterbot.hub.ops;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Lets changes through the admin API only as JSON and with the header {@value #HEADER}: a form or script of another site can
 * send neither without asking first, and is never told yes. Also bounds the size of a body.
 */
final class AdminGuard extends OncePerRequestFilter {

    static final String HEADER = "X-Hub-Admin";

    private static final int MAX_BODY_BYTES = 64 * 1024;
    /** Rows of a file that is imported come many at a time. */
    private static final int MAX_IMPORT_BYTES = 1024 * 1024;

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        Problem problem =
                switch (request.getMethod()) {
                    case "GET", "HEAD" -> null;
                    case "POST", "DELETE" -> problem(request);
                    default ->
                        Problem.of(HttpStatus.METHOD_NOT_ALLOWED, "method-not-allowed", "Use GET, POST or DELETE.");
                };
        if (problem != null) {
            problem.write(response);
            return;
        }
        chain.doFilter(request, response);
    }

    private static Problem problem(HttpServletRequest request) {
        if (!isJson(request.getContentType())) {
            return Problem.of(
                    HttpStatus.UNSUPPORTED_MEDIA_TYPE, "not-json", "Changes must be sent as application/json.");
        }
        if (!"1".equals(request.getHeader(HEADER))) {
            return Problem.of(HttpStatus.FORBIDDEN, "header-missing", "Changes need the header " + HEADER + ": 1.");
        }
        int most = request.getRequestURI().startsWith("/admin/imports/") ? MAX_IMPORT_BYTES : MAX_BODY_BYTES;
        if (request.getContentLengthLong() > most) {
            return Problem.of(HttpStatus.PAYLOAD_TOO_LARGE, "too-large", "A body has at most " + most + " bytes.");
        }
        if (request.getContentLengthLong() < 0 && request.getHeader(HttpHeaders.TRANSFER_ENCODING) != null) {
            return Problem.of(HttpStatus.LENGTH_REQUIRED, "length-required", "Send a Content-Length.");
        }
        return null;
    }

    private static boolean isJson(String contentType) {
        try {
            return contentType != null
                    && MediaType.APPLICATION_JSON.equalsTypeAndSubtype(MediaType.parseMediaType(contentType));
        } catch (InvalidMediaTypeException e) {
            return false;
        }
    }
}
