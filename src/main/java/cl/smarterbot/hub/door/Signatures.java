package cl.smarterbot.hub.door;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The signature schemes of the vendors, by the names that a door's parameter {@code signature} takes. */
public enum Signatures implements SignatureScheme {
    /** Standard Webhooks 1.0. */
    STANDARD {
        @Override
        public List<String> headers() {
            return List.of("webhook-id", "webhook-timestamp", "webhook-signature");
        }
    },
    /** Svix and Resend: Standard Webhooks with headers of another name. */
    SVIX {
        @Override
        public List<String> headers() {
            return List.of("svix-id", "svix-timestamp", "svix-signature");
        }
    },
    /** Chatwoot 4.12 and later: {@code sha256=} and lower-case hex over timestamp and body; the delivery id is not signed. */
    CHATWOOT {
        @Override
        public List<String> headers() {
            return List.of("X-Chatwoot-Delivery", "X-Chatwoot-Timestamp", "X-Chatwoot-Signature");
        }

        @Override
        public Signed read(Map<String, String> headers) {
            String signature = headers.get("X-Chatwoot-Signature");
            return HEX_SHA256.matcher(signature).matches()
                    ? new Signed(
                            headers.get("X-Chatwoot-Delivery"),
                            headers.get("X-Chatwoot-Timestamp"),
                            List.of(HexFormat.of().parseHex(signature.substring("sha256=".length()))))
                    : null;
        }

        @Override
        public byte[] key(String secret) {
            return nonEmpty(secret.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public byte[] sign(byte[] key, Signed signed, byte[] body) {
            return hmac(key, signed.timestamp() + '.', body);
        }

        @Override
        public String write(byte[] signature) {
            return "sha256=" + HexFormat.of().formatHex(signature);
        }

        /** Versions before 4.12 sign nothing. */
        @Override
        public boolean mayBeUnsigned() {
            return true;
        }
    },
    /** Odoo's automation rules sign nothing and send no header; what stands between and can add one sends the secret. */
    ODOO {
        @Override
        public List<String> headers() {
            return List.of("X-Webhook-Secret");
        }

        @Override
        public boolean isToken() {
            return true;
        }

        @Override
        public boolean mayBeUnsigned() {
            return true;
        }
    },
    /** Botpress Cloud's integration {@code chat}: the configured webhook secret, as it is. */
    BOTPRESS {
        @Override
        public List<String> headers() {
            return List.of("x-secret-key");
        }

        @Override
        public boolean isToken() {
            return true;
        }
    };

    private static final Pattern HEX_SHA256 = Pattern.compile("sha256=[0-9a-f]{64}");
    private static final String SECRET_PREFIX = "whsec_";
    private static final String VERSION = "v1,";
    private static final int SIGNATURE_BYTES = 32;

    @Override
    public Signed read(Map<String, String> headers) {
        List<byte[]> signatures = new ArrayList<>();
        String[] listed = headers.get(headers().get(2)).split(" ", MOST_SIGNATURES + 1);
        if (listed.length > MOST_SIGNATURES) {
            return null;
        }
        for (String one : listed) {
            // Other versions, such as v1a with ed25519, may stand beside.
            if (one.startsWith(VERSION)) {
                try {
                    byte[] signature = Base64.getDecoder().decode(one.substring(VERSION.length()));
                    if (signature.length == SIGNATURE_BYTES) {
                        signatures.add(signature);
                    }
                } catch (IllegalArgumentException e) {
                    return null;
                }
            }
        }
        return new Signed(headers.get(headers().get(0)), headers.get(headers().get(1)), signatures);
    }

    @Override
    public byte[] key(String secret) {
        if (!secret.startsWith(SECRET_PREFIX)) {
            throw new IllegalArgumentException("a signing secret starts with " + SECRET_PREFIX);
        }
        try {
            return nonEmpty(Base64.getDecoder().decode(secret.substring(SECRET_PREFIX.length())));
        } catch (IllegalArgumentException e) {
            // Without the cause: its message quotes a character of the secret.
            throw new IllegalArgumentException("a signing secret is base64 after " + SECRET_PREFIX);
        }
    }

    @Override
    public byte[] sign(byte[] key, Signed signed, byte[] body) {
        return hmac(key, signed.id() + '.' + signed.timestamp() + '.', body);
    }

    @Override
    public String write(byte[] signature) {
        return VERSION + Base64.getEncoder().encodeToString(signature);
    }

    /** Whether any of the listed signatures is the right one. The time taken does not tell which, or how nearly. */
    static boolean matches(SignatureScheme scheme, byte[] key, SignatureScheme.Signed signed, byte[] body) {
        byte[] right = scheme.sign(key, signed, body);
        boolean any = false;
        for (byte[] listed : signed.signatures()) {
            any |= MessageDigest.isEqual(right, listed);
        }
        return any;
    }

    /** Whether a secret that came in the clear is the stored one. The time taken tells neither the length nor how nearly. */
    static boolean isSecret(String stored, String given) {
        // By digests of one length; the key is of no importance.
        byte[] key = {1};
        return MessageDigest.isEqual(
                hmac(key, "", stored.getBytes(StandardCharsets.UTF_8)),
                hmac(key, "", given.getBytes(StandardCharsets.UTF_8)));
    }

    private static byte[] nonEmpty(byte[] key) {
        if (key.length == 0) {
            throw new IllegalArgumentException("a signing secret is not empty");
        }
        return key;
    }

    private static byte[] hmac(byte[] key, String before, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update(before.getBytes(StandardCharsets.UTF_8));
            return mac.doFinal(body);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HmacSHA256 is in every Java", e);
        }
    }
}
