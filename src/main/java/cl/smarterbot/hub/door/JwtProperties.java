package cl.smarterbot.hub.door;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Whose tokens are taken. Without an issuer nobody can sign in.
 *
 * @param issuer claim {@code iss} of the tokens; blank takes {@code <supabaseUrl>/auth/v1}
 * @param audience what the claim {@code aud} must name
 * @param jwksUrl where the issuer's public keys are; blank takes {@code <issuer>/.well-known/jwks.json}
 * @param supabaseUrl base URL of a Supabase project, a short way to name its issuer
 * @param secret shared secret of old Supabase projects, for tokens signed with HS256; blank refuses those
 * @param tenantClaim path of the claim with the tenant's RUT in canonical form
 * @param scopesClaim path of the claim with the user's scopes, a list or words separated by spaces
 * @param roleClaim path of the claim with the user's role, which counts where there are no scopes
 */
@ConfigurationProperties("hub.jwt")
public record JwtProperties(
        @DefaultValue("") String issuer,
        @DefaultValue("authenticated") String audience,
        @DefaultValue("") String jwksUrl,
        @DefaultValue("") String supabaseUrl,
        @DefaultValue("") String secret,
        @DefaultValue("app_metadata.tenant_rut") String tenantClaim,
        @DefaultValue("app_metadata.scopes") String scopesClaim,
        @DefaultValue("app_metadata.role") String roleClaim) {

    private static final int SHORTEST_SECRET = 32;

    public JwtProperties {
        String project = supabaseUrl.strip().replaceAll("/+$", "");
        if (issuer.isBlank() && !project.isEmpty()) {
            issuer = project + "/auth/v1";
        }
        issuer = issuer.strip();
        if (jwksUrl.isBlank() && !issuer.isEmpty()) {
            jwksUrl = issuer.replaceAll("/+$", "") + "/.well-known/jwks.json";
        }
        List<String> problems = new ArrayList<>();
        if (!issuer.isEmpty()) {
            if (!isHttp(jwksUrl)) {
                problems.add(
                        "hub.jwt.jwks-url must be a http or https URL (HUB_JWT_JWKS_URL, HUB_JWT_ISSUER, SUPABASE_URL)");
            }
            if (audience.isBlank()) {
                problems.add("hub.jwt.audience must not be blank (HUB_JWT_AUDIENCE)");
            }
            if (!secret.isEmpty() && secret.length() < SHORTEST_SECRET) {
                problems.add(
                        "hub.jwt.secret must have " + SHORTEST_SECRET + " characters or more (SUPABASE_JWT_SECRET)");
            }
        }
        for (String claim : List.of(tenantClaim, scopesClaim, roleClaim)) {
            if (claim.isBlank()
                    || claim.matches("user_?metadata(\\..*)?")
                    || claim.matches("(raw_)?user_meta_?data.*")) {
                problems.add("hub.jwt.*-claim must not be blank or in user_metadata, which users change themselves");
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
    }

    private static boolean isHttp(String url) {
        try {
            URI uri = URI.create(url);
            return uri.getHost() != null && uri.getScheme().matches("https?") && uri.getUserInfo() == null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    boolean configured() {
        return !issuer.isEmpty();
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "JwtProperties[issuer=" + issuer + ", audience=" + audience + ", jwksUrl=" + jwksUrl + "]";
    }
}
