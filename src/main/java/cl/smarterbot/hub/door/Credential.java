package cl.smarterbot.hub.door;

/** How a door learns which tenant is calling. */
public enum Credential {
    /** No tenant: public information only. */
    NONE,
    /** {@code X-API-Key}, else the host of {@code Origin}, else the house tenant. */
    KEY_OR_ORIGIN,
    /** The endpoint id at the end of the path, and the vendor's signature over the raw body. */
    WEBHOOK
}
