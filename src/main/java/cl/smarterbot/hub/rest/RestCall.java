package cl.smarterbot.hub.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/** One call to another system. Immutable; its headers hold credentials and are shown nowhere. */
public final class RestCall {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern VARIABLE = Pattern.compile("\\d+|.*[@%].*|.{33,}");
    private static final Pattern TOKEN = Pattern.compile("[A-Z]{1,16}");

    private final String system;
    private final String tenant;
    private final String method;
    private final URI uri;
    private final String template;
    private final Map<String, String> headers;
    private final byte[] body;
    private final RestStream stream;
    private final String contentType;
    private final Duration timeout;
    private final int maxResponseBytes;
    private final boolean wantsJson;
    private final boolean publicOnly;
    private final String lane;

    private RestCall(Builder builder) {
        system = builder.system;
        tenant = builder.tenant;
        method = builder.method;
        uri = builder.uri;
        template = builder.template;
        headers = Collections.unmodifiableMap(new LinkedHashMap<>(builder.headers));
        body = builder.body;
        stream = builder.stream;
        contentType = builder.contentType;
        timeout = builder.timeout;
        maxResponseBytes = builder.maxResponseBytes;
        wantsJson = builder.wantsJson;
        publicOnly = builder.publicOnly;
        lane = builder.lane;
    }

    /**
     * Starts a call that expects JSON within 10 s and 4 MB.
     *
     * @param system the called system for people, such as {@code Chatwoot}
     * @param tenant canonical RUT of the tenant that calls; null for the hub itself
     * @param method HTTP method in capitals
     * @param uri http or https, without user info and fragment
     * @throws RestException of kind {@link RestException.Kind#BAD_CALL} if the method or the URI is not valid
     */
    public static Builder builder(String system, String tenant, String method, String uri) {
        return new Builder(system, tenant, method, uri);
    }

    /** The path with everything that names a thing or a person replaced. */
    private static String template(URI uri) {
        StringBuilder out = new StringBuilder();
        for (String part : uri.getRawPath().split("/", -1)) {
            out.append(out.length() == 0 && part.isEmpty() ? "" : "/");
            out.append(VARIABLE.matcher(part).matches() ? "{}" : part);
        }
        return out.length() == 0 ? "/" : out.toString();
    }

    /** The called system. */
    public String system() {
        return system;
    }

    /** The tenant that calls; null for the hub itself. */
    public String tenant() {
        return tenant;
    }

    /** The HTTP method. */
    public String method() {
        return method;
    }

    /** Where the call goes. May hold a customer's data in path and query. */
    public URI uri() {
        return uri;
    }

    /** Method and path template, safe to show. */
    public String place() {
        return method + " " + (template != null ? template : template(uri));
    }

    Map<String, String> headers() {
        return headers;
    }

    byte[] body() {
        return body;
    }

    /** Another call's answer that is the body; null if it is not. */
    RestStream stream() {
        return stream;
    }

    /** Whether only public addresses will do, whatever the deployment allows. */
    boolean publicOnly() {
        return publicOnly;
    }

    String contentType() {
        return contentType;
    }

    Duration timeout() {
        return timeout;
    }

    int maxResponseBytes() {
        return maxResponseBytes;
    }

    boolean wantsJson() {
        return wantsJson;
    }

    boolean https() {
        return uri.getScheme().equalsIgnoreCase("https");
    }

    int port() {
        return uri.getPort() >= 0 ? uri.getPort() : https() ? 443 : 80;
    }

    /** Host name or address, an IPv6 address without its brackets. */
    String host() {
        String host = uri.getHost();
        return (host.startsWith("[") ? host.substring(1, host.length() - 1) : host).toLowerCase(Locale.ROOT);
    }

    /** What shares limits and health: one tenant's calls of one lane to one origin. */
    String destination() {
        return tenant + "|" + lane + "|" + uri.getScheme().toLowerCase(Locale.ROOT) + "|" + host() + "|" + port();
    }

    @Override
    public String toString() {
        return system + " " + place();
    }

    /** Collects the parts of a call. */
    public static final class Builder {
        private static final String NO_PLACE = "call";

        private final String system;
        private final String tenant;
        private final String method;
        private final URI uri;
        private final Map<String, String> headers = new LinkedHashMap<>();
        private String template;
        private byte[] body;
        private RestStream stream;
        private boolean publicOnly;
        private String lane = "";
        private String contentType;
        private Duration timeout = Duration.ofSeconds(10);
        private int maxResponseBytes = 4 << 20;
        private boolean wantsJson = true;

        private Builder(String system, String tenant, String method, String uri) {
            this.system = Objects.requireNonNull(system, "system");
            this.tenant = tenant;
            this.method = Objects.requireNonNull(method, "method");
            if (!TOKEN.matcher(method).matches()) {
                throw bad("the method is not valid");
            }
            this.uri = parse(uri);
        }

        private URI parse(String text) {
            URI parsed;
            try {
                parsed = new URI(Objects.requireNonNullElse(text, ""));
            } catch (URISyntaxException e) {
                throw bad("the url is not valid");
            }
            boolean http = "http".equalsIgnoreCase(parsed.getScheme()) || "https".equalsIgnoreCase(parsed.getScheme());
            if (!http || parsed.getHost() == null) {
                throw bad("the url must be http://host or https://host");
            }
            if (parsed.getRawUserInfo() != null || parsed.getRawFragment() != null) {
                throw bad("the url must have no user info and no fragment");
            }
            if (parsed.getPort() == 0 || parsed.getPort() > 65_535) {
                throw bad("the port is not valid");
            }
            return parsed;
        }

        private RestException bad(String why) {
            return RestException.of(system, RestException.Kind.BAD_CALL, NO_PLACE, why);
        }

        /** Sets a header; null leaves it out. Host, length and connection are not the caller's to set. */
        public Builder header(String name, String value) {
            if (value != null) {
                headers.put(name, value);
            }
            return this;
        }

        /** The body and its media type. */
        public Builder body(byte[] bytes, String type) {
            body = bytes.clone();
            contentType = type;
            return this;
        }

        /** A body that is another call's answer, read while it is sent; and its media type. Such a call is sent once. */
        public Builder body(RestStream answer, String type) {
            stream = answer;
            contentType = type;
            return this;
        }

        /** Reaches public addresses only, whatever the deployment allows: for a place that another system names. */
        public Builder publicAddressesOnly() {
            publicOnly = true;
            return this;
        }

        /** Keeps limits and health apart from the tenant's other calls to the same origin. */
        public Builder lane(String name) {
            lane = name;
            return this;
        }

        /** A JSON body from maps, lists, texts, numbers or a Jackson node. */
        public Builder json(Object value) {
            try {
                body = JSON.writeValueAsBytes(value);
            } catch (JsonProcessingException e) {
                throw bad("the body cannot be written as JSON");
            }
            contentType = "application/json";
            return this;
        }

        /** The path as messages show it; by default the path with numbers and other names replaced. */
        public Builder template(String path) {
            template = path;
            return this;
        }

        /** Time from the start of the call to the last byte of its answer. */
        public Builder timeout(Duration total) {
            timeout = total;
            return this;
        }

        /** The largest answer that is read. */
        public Builder maxResponseBytes(int bytes) {
            maxResponseBytes = bytes;
            return this;
        }

        /** A successful answer need not be JSON. */
        public Builder anyAnswer() {
            wantsJson = false;
            return this;
        }

        public RestCall build() {
            return new RestCall(this);
        }
    }
}
