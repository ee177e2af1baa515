package cl.smarterbot.hub.door;

import java.util.List;
import java.util.Map;

/**
 * How a vendor signs its webhooks: pure functions over the raw bytes that came. Nothing here looks at a clock or knows a secret
 * of its own.
 */
interface SignatureScheme {

    /** How many signatures one delivery may list: more than any rotation needs is an attempt to make the hub calculate. */
    int MOST_SIGNATURES = 8;

    /**
     * What a delivery says about itself.
     *
     * @param id the sender's id of the delivery, the same in each of its retries; signed only if the scheme signs it
     * @param timestamp when it was sent, in the sender's own digits (seconds since 1970), because they are what is signed
     * @param signatures the signatures it lists, decoded
     */
    record Signed(String id, String timestamp, List<byte[]> signatures) {}

    /** Names of the headers that must be there exactly once; the last one is the proof. */
    List<String> headers();

    /** Whether the proof is the secret itself: nothing is signed, and nothing says when it was sent. */
    default boolean isToken() {
        return false;
    }

    /** Whether an endpoint may be switched to take deliveries without proof, since some versions of the sender have none. */
    default boolean mayBeUnsigned() {
        return false;
    }

    /**
     * Reads the headers.
     *
     * @param headers value of each header in {@link #headers()}
     * @return null if one of them is malformed
     */
    Signed read(Map<String, String> headers);

    /**
     * The HMAC key in a secret.
     *
     * @throws IllegalArgumentException if the secret has not the form that the vendor gives it
     */
    byte[] key(String secret);

    /** The right signature of a body. */
    byte[] sign(byte[] key, Signed signed, byte[] body);

    /** A signature as the last of the headers carries it. */
    String write(byte[] signature);
}
