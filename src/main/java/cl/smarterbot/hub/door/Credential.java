package cl.smarterbot.hub.door;

/** How a door learns which tenant is calling. */
public enum Credential {
    /** No tenant: public information only. */
    NONE,
    /** {@code X-API-Key}, else the host of {@code Origin}, else the house tenant. */
    KEY_OR_ORIGIN,
    /** {@code X-API-Key}, or {@code Authorization: Bearer} with the token of a signed-in user; one of the two, never both. */
    KEY_OR_TOKEN,
    /** The endpoint id at the end of the path, and the vendor's signature over the raw body. */
    WEBHOOK
}
