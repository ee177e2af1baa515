package cl.smarterbot.hub.sandbox;

import java.util.Locale;
import java.util.regex.Pattern;

/** The check that Odoo makes on {@code res.partner.vat}, as measured on 18.0. */
final class OdooRut {
    private static final Pattern NOISE = Pattern.compile("[ .\\-]");
    private static final Pattern RUT = Pattern.compile("[0-9]{7,8}[0-9K]");

    private OdooRut() {}

    static String compact(String vat) {
        String text = NOISE.matcher(vat).replaceAll("").toUpperCase(Locale.ROOT);
        return text.startsWith("CL") ? text.substring(2) : text;
    }

    static boolean valid(String vat) {
        String rut = compact(vat);
        return RUT.matcher(rut).matches() && digit(rut.substring(0, rut.length() - 1)) == rut.charAt(rut.length() - 1);
    }

    static String normalized(String vat) {
        String rut = compact(vat);
        return rut.substring(0, rut.length() - 1) + "-" + rut.charAt(rut.length() - 1);
    }

    private static char digit(String body) {
        int sum = 0;
        int factor = 2;
        for (int i = body.length() - 1; i >= 0; i--) {
            sum += (body.charAt(i) - '0') * factor;
            factor = factor == 7 ? 2 : factor + 1;
        }
        int rest = 11 - sum % 11;
        return rest == 11 ? '0' : rest == 10 ? 'K' : (char) ('0' + rest);
    }
}
