package cl.smarterbot.hub.odoo;

import java.util.Locale;

/** The external API used to reach a server. */
public enum OdooTransport {
    /** Ask the server for its version: JSON-2 from 19 on when the secret is an API key, else XML-RPC. */
    AUTO,
    /** {@code /xmlrpc/2/...}: every version; to be removed in Odoo 22 (fall 2028), as Odoo's documentation of 2026 says. */
    XMLRPC,
    /** {@code /json/2/...}: Odoo 19 and later, with an API key. */
    JSON2;

    /**
     * Reads a transport name in any letter case; null or blank is {@link #AUTO}.
     *
     * @throws IllegalArgumentException for any other name
     */
    public static OdooTransport of(String name) {
        return name == null || name.isBlank()
                ? AUTO
                : valueOf(name.trim().toUpperCase(Locale.ROOT).replace("-", ""));
    }
}
