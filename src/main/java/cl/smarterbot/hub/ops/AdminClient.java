package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.StringJoiner;

/** Speaks to the admin API of a running hub, with the settings of the environment. */
final class AdminClient {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    /** Longer than the statement time-out behind the API. */
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);

    private final Map<String, String> environment;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .proxy(HttpClient.Builder.NO_PROXY)
            .build();

    AdminClient(Map<String, String> environment) {
        this.environment = environment;
    }

    /** @param query values that are null are left out */
    JsonNode get(String path, Map<String, ?> query) {
        StringJoiner joined = new StringJoiner("&", "?", "").setEmptyValue("");
        query.forEach((name, value) -> {
            if (value != null) {
                joined.add(name + "=" + encode(value.toString()));
            }
        });
        return send("GET", path + joined, null);
    }

    JsonNode post(String path, Map<String, ?> body) {
        return send("POST", path, body);
    }

    JsonNode delete(String path) {
        return send("DELETE", path, null);
    }

    /** One segment of a path. */
    static String segment(String text) {
        return encode(text).replace("+", "%20");
    }

    private JsonNode send(String method, String path, Map<String, ?> body) {
        URI base = base();
        HttpRequest.Builder request;
        try {
            request = HttpRequest.newBuilder(URI.create(base + "/admin" + path))
                    .timeout(ANSWER_TIMEOUT)
                    .header("Authorization", credentials())
                    .header("Accept", "application/json")
                    .header("Content-Type", "application/json")
                    .header(AdminGuard.HEADER, "1")
                    .method(
                            method,
                            body == null
                                    ? HttpRequest.BodyPublishers.noBody()
                                    : HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        HttpResponse<byte[]> response;
        try {
            response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException e) {
            throw new CliException(
                    CliException.UNREACHABLE,
                    "The hub does not answer at " + base + ".\nIs it running? Is its management port another one "
                            + "(HUB_MANAGEMENT_PORT), or is it elsewhere (HUB_ADMIN_URL)?");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException(CliException.FAILED, "Interrupted.");
        }
        return answer(base, response);
    }

    private static JsonNode answer(URI base, HttpResponse<byte[]> response) {
        JsonNode body;
        try {
            body = JSON.readTree(response.body());
        } catch (IOException e) {
            body = null;
        }
        if (response.statusCode() / 100 == 2 && body != null) {
            return body;
        }
        String type = body == null ? "" : body.path("type").asText();
        if (!type.startsWith(Problem.TYPES)) {
            throw new CliException(
                    CliException.UNREACHABLE,
                    "What answers at " + base + " is not the management port of a hub (HTTP " + response.statusCode()
                            + ").\nCheck HUB_MANAGEMENT_PORT or HUB_ADMIN_URL.");
        }
        if (response.statusCode() == 401) {
            throw new CliException(
                    CliException.FAILED,
                    "The hub refuses the operator's user or password.\nCheck HUB_ADMIN_USER and HUB_ADMIN_PASSWORD, "
                            + "or that HUB_DATA_DIR is the data directory of this hub.");
        }
        StringBuilder message = new StringBuilder(body.path("detail").asText());
        body.path("errors").fields().forEachRemaining(error -> message.append("\n  ")
                .append(error.getKey())
                .append(' ')
                .append(error.getValue().asText()));
        throw new CliException(CliException.FAILED, message.toString());
    }

    private URI base() {
        String url = setting("HUB_ADMIN_URL", null);
        if (url == null) {
            String port = setting("HUB_MANAGEMENT_PORT", "8081");
            if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535 || Integer.parseInt(port) == 0) {
                throw new CliException(CliException.USAGE, "HUB_MANAGEMENT_PORT is not a port number: " + port);
            }
            return URI.create("http://127.0.0.1:" + port);
        }
        try {
            URI uri = URI.create(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
            boolean plain = "http".equals(uri.getScheme());
            if (uri.getHost() == null
                    || uri.getRawUserInfo() != null
                    || uri.getRawQuery() != null
                    || !(plain || "https".equals(uri.getScheme()))) {
                throw new IllegalArgumentException();
            }
            if (plain && !isLoopback(uri.getHost())) {
                throw new CliException(
                        CliException.USAGE,
                        "HUB_ADMIN_URL must begin with https:// unless the hub is on this machine: "
                                + "the password would travel in clear.");
            }
            return uri;
        } catch (IllegalArgumentException e) {
            throw new CliException(
                    CliException.USAGE, "HUB_ADMIN_URL is not an http or https URL without user and query.");
        }
    }

    private static boolean isLoopback(String host) {
        if (!host.equals("localhost") && !host.matches("[0-9.]+|\\[[0-9a-fA-F:.]+]")) {
            return false;
        }
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    private String credentials() {
        String user = setting("HUB_ADMIN_USER", "operator");
        String password = setting("HUB_ADMIN_PASSWORD", null);
        if (password == null) {
            Path dataDir = Path.of(setting("HUB_DATA_DIR", "./data"));
            try {
                password = OperatorPassword.read(dataDir);
            } catch (IOException e) {
                throw new CliException(
                        CliException.FAILED,
                        "No operator password: " + e.getMessage()
                                + ".\nSet HUB_ADMIN_PASSWORD, or set HUB_DATA_DIR to the data directory of the hub "
                                + "(it is made at the first start).");
            }
        }
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    private String setting(String name, String byDefault) {
        String value = environment.get(name);
        return value == null || value.isBlank() ? byDefault : value;
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
