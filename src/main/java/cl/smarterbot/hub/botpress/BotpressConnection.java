package cl.smarterbot.hub.botpress;

import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.secrets.Secret;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * One tenant's bot.
 *
 * @param tenant canonical RUT
 * @param mode which of the two products
 * @param url base URL of the server; for the cloud that of the Chat API, by default {@value #CLOUD_URL}
 * @param botId v12: the bot
 * @param user v12: e-mail of a collaborator account of the hub's own
 * @param password v12: its password
 * @param webhookId cloud: id of the installed integration {@code chat}
 * @param encryptionKey cloud: the integration's encryption key, with which keys of users are signed
 */
public record BotpressConnection(
        String tenant,
        Mode mode,
        String url,
        String botId,
        String user,
        Secret password,
        String webhookId,
        Secret encryptionKey) {

    static final String SYSTEM = "Botpress";
    static final String CLOUD_URL = "https://chat.botpress.cloud";

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,100}");

    /** The product. */
    public enum Mode {
        /** Self-hosted, Converse API. */
        V12,
        /** Chat API with manual user keys. */
        CLOUD;

        /**
         * Reads {@code v12} or {@code cloud}.
         *
         * @throws RestException of kind {@link RestException.Kind#BAD_CALL} for anything else
         */
        public static Mode of(String word) {
            return switch (word.strip().toLowerCase(Locale.ROOT)) {
                case "v12" -> V12;
                case "cloud" -> CLOUD;
                default -> throw bad("mode must be v12 or cloud");
            };
        }
    }

    /**
     * Checks the parts that the mode needs.
     *
     * @throws RestException of kind {@link RestException.Kind#BAD_CALL} naming all that are missing or malformed
     */
    public BotpressConnection {
        Objects.requireNonNull(tenant, "tenant");
        Objects.requireNonNull(mode, "mode");
        url = blank(url) && mode == Mode.CLOUD ? CLOUD_URL : url == null ? "" : url.strip();
        while (url.endsWith("/")) {
            url = url.substring(0, url.length() - 1);
        }
        List<String> wrong = new ArrayList<>();
        if (url.isEmpty()) {
            wrong.add("url is missing");
        }
        if (mode == Mode.V12) {
            id(wrong, "bot_id", botId);
            if (blank(user)) {
                wrong.add("user is missing");
            }
            if (password == null) {
                wrong.add("password is missing");
            }
        } else {
            id(wrong, "webhook_id", webhookId);
            if (encryptionKey == null) {
                wrong.add("encryption_key is missing");
            }
        }
        if (!wrong.isEmpty()) {
            throw bad(String.join(", ", wrong));
        }
    }

    /** A bot of a v12 server. */
    public static BotpressConnection v12(String tenant, String url, String botId, String user, Secret password) {
        return new BotpressConnection(tenant, Mode.V12, url, botId, user, password, null, null);
    }

    /** A bot of the cloud; {@code url} may be null. */
    public static BotpressConnection cloud(String tenant, String url, String webhookId, Secret encryptionKey) {
        return new BotpressConnection(tenant, Mode.CLOUD, url, null, null, null, webhookId, encryptionKey);
    }

    /** What tells one bot from another. */
    String key() {
        return tenant + "|" + url + "|" + (mode == Mode.V12 ? botId : webhookId);
    }

    private static void id(List<String> wrong, String name, String value) {
        if (blank(value)) {
            wrong.add(name + " is missing");
        } else if (!ID.matcher(value).matches()) {
            wrong.add(name + " must be letters, digits, - and _");
        }
    }

    private static boolean blank(String text) {
        return text == null || text.isBlank();
    }

    private static RestException bad(String why) {
        return RestException.of(SYSTEM, RestException.Kind.BAD_CALL, "connection", why);
    }
}
