package cl.smarterbot.hub.sandbox;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Webhook signatures as the vendors make them. */
final class SandboxSigner {
    private SandboxSigner() {}

    /**
     * Chatwoot's {@code X-Chatwoot-Signature}.
     *
     * @param secret used as it stands
     * @param timestamp Unix seconds
     */
    static String chatwoot(String secret, long timestamp, byte[] body) {
        byte[] digest = hmac(secret.getBytes(StandardCharsets.UTF_8), timestamp + ".", body);
        return "sha256=" + HexFormat.of().formatHex(digest);
    }

    /**
     * Svix' and Resend's {@code svix-signature}, with one signature in it.
     *
     * @param secret {@code whsec_} and base64
     * @param timestamp Unix seconds
     * @throws IllegalArgumentException if the secret is of another form
     */
    static String svix(String secret, String id, long timestamp, byte[] body) {
        byte[] digest = hmac(svixKey(secret), id + "." + timestamp + ".", body);
        return "v1," + Base64.getEncoder().encodeToString(digest);
    }

    /**
     * @throws IllegalArgumentException if it is not {@code whsec_} and base64
     */
    static byte[] svixKey(String secret) {
        if (!secret.startsWith("whsec_") || secret.length() == "whsec_".length()) {
            throw new IllegalArgumentException("a secret is whsec_ and base64");
        }
        return Base64.getDecoder().decode(secret.substring("whsec_".length()));
    }

    private static byte[] hmac(byte[] key, String before, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update(before.getBytes(StandardCharsets.UTF_8));
            return mac.doFinal(body);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java has HmacSHA256", e);
        }
    }
}
