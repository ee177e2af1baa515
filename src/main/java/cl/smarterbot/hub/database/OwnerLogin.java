package cl.smarterbot.hub.database;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * How the owner of the database logs in, and where: the URL without the login that it may carry. Left in the URL, the owner's
 * login would win over that of each role, and every pool would own the database.
 *
 * @param url JDBC URL without user and password
 * @param user role that owns the schema
 * @param password its password, from which those of the hub's own roles are derived; blank only where nobody else can reach it
 */
record OwnerLogin(String url, String user, String password) {

    /** The server under the data folder, on loopback only: whoever is on this machine is let in. */
    static OwnerLogin embedded(DatabaseProperties properties, String url) {
        return new OwnerLogin(url, properties.user(), properties.password());
    }

    /**
     * The server that the properties name. User and password in the URL win, as they do for the driver.
     *
     * @throws StartRefusedException if the URL is none, or if there is no password where one is needed
     */
    static OwnerLogin existing(DatabaseProperties properties) {
        String url = properties.url().strip();
        Properties parsed = Driver.parseURL(url, null);
        if (parsed == null) {
            // The URL itself may hold a password: it is not repeated.
            throw new StartRefusedException(
                    "HUB_DATABASE_URL is not a JDBC URL of PostgreSQL, such as jdbc:postgresql://host:5432/database.");
        }
        String user = properties.user();
        String password = properties.password();
        int query = url.indexOf('?');
        if (query >= 0) {
            List<String> kept = new ArrayList<>();
            for (String parameter : url.substring(query + 1).split("&")) {
                String[] pair = parameter.split("=", 2);
                String value = pair.length == 2 ? URLDecoder.decode(pair[1], StandardCharsets.UTF_8) : "";
                switch (pair[0]) {
                    case "user" -> user = value;
                    case "password" -> password = value;
                    default -> kept.add(parameter);
                }
            }
            url = url.substring(0, query) + (kept.isEmpty() ? "" : "?" + String.join("&", kept));
        }
        if (password.isBlank() && !(properties.allowNoPassword() && loopback(parsed))) {
            throw new StartRefusedException(
                    "HUB_DATABASE_URL is set but HUB_DATABASE_PASSWORD is blank: the passwords of the"
                            + " hub's own roles are derived from it, and anyone could know them. Set HUB_DATABASE_PASSWORD. (For a"
                            + " server on this machine that asks for no password: HUB_DATABASE_ALLOW_NO_PASSWORD=true.)");
        }
        return new OwnerLogin(url, user, password);
    }

    private static boolean loopback(Properties parsed) {
        String hosts = PGProperty.PG_HOST.getOrDefault(parsed);
        for (String host : hosts.split(",")) {
            if (!host.equalsIgnoreCase("localhost")
                    && !host.matches("127(\\.\\d{1,3}){3}")
                    && !host.matches("\\[?::1]?")) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return "OwnerLogin[user=" + user + "]";
    }
}
