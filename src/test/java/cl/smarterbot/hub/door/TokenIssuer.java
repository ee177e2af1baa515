package cl.smarterbot.hub.door;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** Makes tokens as Supabase Auth does, and serves its public keys on loopback. */
final class TokenIssuer implements AutoCloseable {

    static final String ISSUER = "https://project.supabase.example/auth/v1";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    final AtomicInteger fetches = new AtomicInteger();
    final AtomicReference<String> answer = new AtomicReference<>();
    final AtomicInteger status = new AtomicInteger(200);
    final AtomicReference<CountDownLatch> hold = new AtomicReference<>(new CountDownLatch(0));

    TokenIssuer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        server.setExecutor(threads);
        server.createContext("/jwks", exchange -> {
            fetches.incrementAndGet();
            try (exchange) {
                hold.get().await();
                byte[] body = answer.get().getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.getResponseHeaders().set("Location", "/jwks?again");
                exchange.sendResponseHeaders(status.get(), body.length);
                exchange.getResponseBody().write(body);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
    }

    String jwksUrl() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/jwks";
    }

    void publish(JWK... keys) {
        answer.set(new JWKSet(List.of(keys)).toString(true));
    }

    static ECKey ec(String id) {
        try {
            return new ECKeyGenerator(Curve.P_256)
                    .keyID(id)
                    .keyUse(KeyUse.SIGNATURE)
                    .generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    static RSAKey rsa(String id, int bits) {
        try {
            return new RSAKeyGenerator(bits, true)
                    .keyID(id)
                    .keyUse(KeyUse.SIGNATURE)
                    .generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A good token's claims: change one for a bad one's. */
    static JWTClaimsSet.Builder claims(String tenant, String role) {
        return new JWTClaimsSet.Builder()
                .issuer(ISSUER)
                .audience("authenticated")
                .subject("1b4e28ba-2fa1-41d2-883f-0016d3cca427")
                .issueTime(Date.from(Instant.now()))
                .expirationTime(Date.from(Instant.now().plusSeconds(3600)))
                .claim("role", "authenticated")
                .claim("app_metadata", Map.of("tenant_rut", tenant, "role", role, "provider", "email"))
                .claim("user_metadata", Map.of("name", "Ana"));
    }

    static String sign(JWK key, Consumer<JWTClaimsSet.Builder> change) {
        JWTClaimsSet.Builder claims = claims(ApiHub.FERRETERIA, "owner");
        change.accept(claims);
        return sign(key, claims.build());
    }

    static String sign(JWK key, JWTClaimsSet claims) {
        try {
            return key instanceof ECKey ec
                    ? sign(JWSAlgorithm.ES256, key.getKeyID(), new ECDSASigner(ec), claims)
                    : sign(JWSAlgorithm.RS256, key.getKeyID(), new RSASSASigner(key.toRSAKey(), true), claims);
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    static String hs256(byte[] secret, String keyId, JWTClaimsSet claims) {
        try {
            return sign(JWSAlgorithm.HS256, keyId, new MACSigner(secret), claims);
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    static String sign(JWSAlgorithm algorithm, String keyId, JWSSigner signer, JWTClaimsSet claims) {
        try {
            SignedJWT jwt = new SignedJWT(
                    new JWSHeader.Builder(algorithm)
                            .keyID(keyId)
                            .type(JOSEObjectType.JWT)
                            .build(),
                    claims);
            jwt.sign(signer);
            return jwt.serialize();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        hold.get().countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
