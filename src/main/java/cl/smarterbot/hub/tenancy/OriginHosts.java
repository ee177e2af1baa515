package cl.smarterbot.hub.tenancy;

import java.util.Locale;
import java.util.regex.Pattern;

final class OriginHosts {
    // Letters, digits and inner hyphens by label, as in RFC 1123 section 2.1; names in other scripts come as xn--
    // labels.
    private static final Pattern NAME = Pattern.compile(
            "(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*");

    private OriginHosts() {}

    static String normalise(String host) {
        String lower = host.trim().toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }

    static boolean isHostName(String normalised) {
        return NAME.matcher(normalised).matches();
    }
}
