package cl.smarterbot.hub.secrets;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Where a secret is: tenant, system, field. Fields are read in any letter case and under every name that bootstrap scripts and
 * integration guides have used for them; inside there is one name each.
 */
record SecretName(String tenantRut, String system, String field) {
    private static final Pattern RUT = Pattern.compile("[0-9]{1,8}-[0-9K]");
    private static final int LONGEST_WORD = 64;
    private static final Map<String, String> ALIASES = Map.ofEntries(
            Map.entry("base_url", "url"),
            Map.entry("database", "db"),
            Map.entry("username", "user"),
            Map.entry("api_access_token", "api_token"),
            Map.entry("access_token", "api_token"),
            Map.entry("token", "api_token"),
            Map.entry("service_role_key", "service_role"),
            Map.entry("webhook_secret", "hmac_secret"));

    static SecretName of(String tenantRut, String system, String field) {
        if (tenantRut == null || !RUT.matcher(tenantRut).matches()) {
            throw new IllegalArgumentException("a tenant is named by its RUT in canonical form");
        }
        String canonical = word(field, "field");
        return new SecretName(tenantRut, word(system, "system"), ALIASES.getOrDefault(canonical, canonical));
    }

    /** Reads {@code rut/system/field}. */
    static SecretName parse(String path) {
        String[] parts = path.split("/", -1);
        if (parts.length != 3) {
            throw new IllegalArgumentException("a secret is named rut/system/field");
        }
        return of(parts[0], parts[1], parts[2]);
    }

    String path() {
        return tenantRut + '/' + system + '/' + field;
    }

    private static String word(String text, String what) {
        // Almost always it is one already: names are written once and asked for at every call.
        String word = text == null || canonical(text)
                ? text
                : text.trim().toLowerCase(Locale.ROOT).replace('-', '_');
        if (word == null || !canonical(word)) {
            throw new IllegalArgumentException("the " + what + " of a secret is a word of letters, digits and _");
        }
        return word;
    }

    private static boolean canonical(String word) {
        boolean good = !word.isEmpty() && word.length() <= LONGEST_WORD;
        for (int i = 0; good && i < word.length(); i++) {
            char c = word.charAt(i);
            good = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_';
        }
        return good;
    }
}
