package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.database.StartRefusedException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.SimpleGrantedAuthority;

/**
 * Checks the operator's name and password. The password is 256 random bits (or chosen by who runs the hub, who is asked for at
 * least {@value #MIN_LENGTH} characters), so guessing is hopeless without a slow hash, and a fast one lets a monitoring system
 * sign in with each request at no cost. Both digests are always compared, in constant time.
 */
final class OperatorAccount implements AuthenticationProvider {

    static final int MIN_LENGTH = 16;

    static final String ROLE = "OPERATOR";

    private final String user;
    private final byte[] userDigest;
    private final byte[] passwordDigest;

    /** @throws StartRefusedException when the name cannot be used with HTTP Basic or the password is too short */
    OperatorAccount(String user, String password) {
        if (user.isBlank() || user.contains(":")) {
            throw new StartRefusedException("HUB_ADMIN_USER must not be empty or contain a colon");
        }
        if (password.length() < MIN_LENGTH) {
            throw new StartRefusedException("HUB_ADMIN_PASSWORD must have at least " + MIN_LENGTH
                    + " characters; leave it unset to have one generated");
        }
        this.user = user;
        userDigest = digest(user);
        passwordDigest = digest(password);
    }

    @Override
    public Authentication authenticate(Authentication given) {
        boolean userMatches = MessageDigest.isEqual(userDigest, digest(given.getName()));
        boolean passwordMatches = MessageDigest.isEqual(passwordDigest, digest(String.valueOf(given.getCredentials())));
        if (!(userMatches & passwordMatches)) {
            throw new BadCredentialsException("wrong user or password");
        }
        return UsernamePasswordAuthenticationToken.authenticated(
                user, null, List.of(new SimpleGrantedAuthority("ROLE_" + ROLE)));
    }

    @Override
    public boolean supports(Class<?> type) {
        return UsernamePasswordAuthenticationToken.class.isAssignableFrom(type);
    }

    private static byte[] digest(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
