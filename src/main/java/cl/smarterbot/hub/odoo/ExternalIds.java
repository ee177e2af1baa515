package cl.smarterbot.hub.odoo;

import java.util.regex.Pattern;

/** External ids of the form {@code prefix.key}. */
final class ExternalIds {
    /** No dot, since Odoo splits at the first one, and no space, which its database refuses. */
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9_:@+-]{1,128}");

    private ExternalIds() {}

    static String of(OdooConnection connection, String key) {
        if (connection.externalIdPrefix() == null) {
            throw OdooException.badRequest("upsert needs the externalIdPrefix of the connection");
        }
        if (key == null || key.isEmpty()) {
            throw OdooException.badRequest(
                    "upsert needs a key: the option key or the header " + OdooConstants.KEY + " gave nothing");
        }
        if (!KEY.matcher(key).matches()) {
            throw OdooException.badRequest(
                    "the key of an upsert must be 1 to 128 letters, digits or _ : @ + - (no dot, no space)");
        }
        return connection.externalIdPrefix() + "." + key;
    }
}
