package cl.smarterbot.hub.door;

import cl.smarterbot.hub.tenancy.Caller;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Signed-in users of one issuer, Supabase Auth or any other that speaks OpenID Connect. A token counts if its signature, issuer,
 * audience and times are right and its tenant claim names an active tenant in canonical form.
 *
 * <p>Which algorithms are taken is decided here and never by the token: RS256 and ES256 with the issuer's public keys, HS256 only
 * where the deployment has the shared secret. A public key is never used as a secret.
 */
public final class JwtUsers implements SignedInUsers {

    private static final Duration SKEW = Duration.ofSeconds(30);
    private static final Duration REMEMBERED = Duration.ofMinutes(5);
    private static final int MOST_REMEMBERED = 10_000;
    private static final int LONGEST = 8 * 1024;
    private static final int MOST_SCOPES = 50;

    /** What a role allows where the token names no scopes. */
    private static final Map<String, Set<String>> ROLES = Map.of(
            "owner", Set.of("contacts:read", "contacts:manage", "products:read"),
            "admin", Set.of("contacts:read", "contacts:manage", "products:read"),
            "member", Set.of("contacts:read", "contacts:manage", "products:read"),
            "viewer", Set.of("contacts:read", "products:read"));

    /** A token that was right. @param keys what it was checked against; other keys, other check */
    private record Known(UUID user, String tenant, Set<String> scopes, Instant from, Instant until, Object keys) {}

    private final JwtProperties properties;
    private final TenantRegistry registry;
    private final Supplier<Optional<Instant>> time;
    private final SigningKeys keys;
    private final JWSVerifier secret;
    private final Cache<ByteBuffer, Known> known = Caffeine.newBuilder()
            .maximumSize(MOST_REMEMBERED)
            .expireAfterWrite(REMEMBERED)
            .build();

    /** @return {@link SignedInUsers#NONE} if no issuer is named */
    public static SignedInUsers of(JwtProperties properties, TenantRegistry registry) {
        return properties.configured()
                ? new JwtUsers(properties, registry, registry::databaseTime, System::nanoTime)
                : NONE;
    }

    /**
     * @param time what the time claims are compared with; empty while nobody knows
     * @param nanos a clock like {@link System#nanoTime}, for the age of keys
     */
    JwtUsers(JwtProperties properties, TenantRegistry registry, Supplier<Optional<Instant>> time, LongSupplier nanos) {
        this.properties = properties;
        this.registry = registry;
        this.time = time;
        this.keys = new SigningKeys(URI.create(properties.jwksUrl()), nanos);
        try {
            this.secret = properties.secret().isEmpty() ? null : new MACVerifier(properties.secret());
        } catch (JOSEException e) {
            throw new IllegalArgumentException("hub.jwt.secret is no good for HS256 (SUPABASE_JWT_SECRET)", e);
        }
    }

    @Override
    public CompletableFuture<Optional<Caller>> byToken(String token) {
        Optional<Instant> now = time.get();
        SignedJWT jwt = token.length() > LONGEST ? null : parse(token);
        if (now.isEmpty() || jwt == null) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        JWSHeader header = jwt.getHeader();
        JWSAlgorithm algorithm = header.getAlgorithm();
        ByteBuffer hash = sha256(token);
        if (algorithm.equals(JWSAlgorithm.HS256) && secret != null) {
            return CompletableFuture.completedFuture(caller(hash, jwt, this, () -> List.of(secret), now.get()));
        }
        if (!algorithm.equals(JWSAlgorithm.RS256) && !algorithm.equals(JWSAlgorithm.ES256)) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        return keys.having(header.getKeyID())
                .thenApply(set ->
                        caller(hash, jwt, set, () -> verifiers(set.of(header.getKeyID()), algorithm), now.get()));
    }

    private static SignedJWT parse(String token) {
        try {
            SignedJWT jwt = SignedJWT.parse(token);
            JOSEObjectType type = jwt.getHeader().getType();
            boolean plain = type == null
                    || type.equals(JOSEObjectType.JWT)
                    || type.getType().equalsIgnoreCase("at+jwt");
            return plain && jwt.getHeader().getCriticalParams() == null ? jwt : null;
        } catch (ParseException | RuntimeException e) {
            // Also a token with "alg": "none": it is not a signed one.
            return null;
        }
    }

    /** The keys of that algorithm. A token without a key id is checked only if that leaves no choice. */
    private static List<JWSVerifier> verifiers(List<JWK> candidates, JWSAlgorithm algorithm) {
        List<JWSVerifier> all = candidates.stream()
                .filter(key -> key.getAlgorithm() == null || key.getAlgorithm().equals(algorithm))
                .map(key -> verifier(key, algorithm))
                .filter(java.util.Objects::nonNull)
                .toList();
        return all.size() == 1 ? all : List.of();
    }

    private static JWSVerifier verifier(JWK key, JWSAlgorithm algorithm) {
        try {
            if (algorithm.equals(JWSAlgorithm.RS256) && key instanceof RSAKey rsa) {
                return new RSASSAVerifier(rsa);
            }
            if (algorithm.equals(JWSAlgorithm.ES256) && key instanceof ECKey ec && Curve.P_256.equals(ec.getCurve())) {
                return new ECDSAVerifier(ec);
            }
            return null;
        } catch (JOSEException e) {
            return null;
        }
    }

    private Optional<Caller> caller(
            ByteBuffer hash, SignedJWT jwt, Object checkedAgainst, Supplier<List<JWSVerifier>> verifiers, Instant now) {
        Known user = known.getIfPresent(hash);
        if (user == null || user.keys() != checkedAgainst) {
            user = check(jwt, checkedAgainst, verifiers.get());
            if (user != null) {
                known.put(hash, user);
            }
        }
        if (user == null
                || !now.isBefore(user.until().plus(SKEW))
                || now.isBefore(user.from().minus(SKEW))) {
            return Optional.empty();
        }
        // Not remembered: a tenant may be deactivated at any time.
        Known valid = user;
        return registry.byRut(user.tenant())
                .filter(tenant -> tenant.active())
                .map(tenant -> new Caller(tenant, valid.user(), valid.scopes(), Caller.How.TOKEN));
    }

    /** What the token says, if it is the issuer's and for us; null otherwise. Its times are judged at each use. */
    private Known check(SignedJWT jwt, Object checkedAgainst, List<JWSVerifier> verifiers) {
        try {
            if (verifiers.size() != 1 || !jwt.verify(verifiers.get(0))) {
                return null;
            }
            JWTClaimsSet claims = jwt.getJWTClaimsSet();
            String subject = claims.getSubject();
            Date until = claims.getExpirationTime();
            Date from = claims.getNotBeforeTime();
            if (!properties.issuer().equals(claims.getIssuer())
                    || !claims.getAudience().contains(properties.audience())
                    || subject == null
                    || until == null) {
                return null;
            }
            // The registry knows tenants in canonical form only: no other spelling finds one.
            if (!(claim(claims, properties.tenantClaim()) instanceof String tenant)) {
                return null;
            }
            UUID user = UUID.nameUUIDFromBytes((properties.issuer() + '\n' + subject).getBytes(StandardCharsets.UTF_8));
            return new Known(
                    user,
                    tenant,
                    scopes(claims),
                    from == null ? Instant.EPOCH : from.toInstant(),
                    until.toInstant(),
                    checkedAgainst);
        } catch (JOSEException | ParseException | RuntimeException e) {
            return null;
        }
    }

    private Set<String> scopes(JWTClaimsSet claims) {
        Object scopes = claim(claims, properties.scopesClaim());
        if (scopes instanceof String words) {
            scopes = Arrays.asList(words.trim().split(" +"));
        }
        if (scopes instanceof Collection<?> list) {
            return list.stream()
                    .filter(String.class::isInstance)
                    .map(String.class::cast)
                    .limit(MOST_SCOPES)
                    .collect(Collectors.toUnmodifiableSet());
        }
        return scopes == null && claim(claims, properties.roleClaim()) instanceof String role
                ? ROLES.getOrDefault(role, Set.of())
                : Set.of();
    }

    private static Object claim(JWTClaimsSet claims, String path) {
        Object at = claims.getClaims();
        for (String name : path.split("\\.")) {
            at = at instanceof Map<?, ?> map ? map.get(name) : null;
        }
        return at;
    }

    private static ByteBuffer sha256(String token) {
        try {
            return ByteBuffer.wrap(
                    MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
