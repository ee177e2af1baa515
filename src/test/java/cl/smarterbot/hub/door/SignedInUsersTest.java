package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.door.ApiHub.Reply;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A signed-in user")
class SignedInUsersTest {

    private static final String SECRET = "an old project's shared secret, 40 bytes+";
    private static final ECKey EC = TokenIssuer.ec("ec-1");
    private static final RSAKey RSA = TokenIssuer.rsa("rsa-1", 2048);
    /** How far the clock for the age of keys was put forward. */
    private static final AtomicLong AHEAD = new AtomicLong();

    private static TokenIssuer issuer;
    private static ApiHub hub;
    /** Swapped by each test: keys and tokens of one test are not those of another. */
    private static SignedInUsers users;

    @BeforeAll
    static void open() throws Exception {
        issuer = new TokenIssuer();
        hub = new ApiHub(registry -> token -> users.byToken(token));
    }

    @AfterAll
    static void close() {
        hub.close();
        issuer.close();
    }

    private static JwtProperties properties(String secret) {
        return new JwtProperties(
                TokenIssuer.ISSUER,
                "authenticated",
                issuer.jwksUrl(),
                "",
                secret,
                "app_metadata.tenant_rut",
                "app_metadata.scopes",
                "app_metadata.role");
    }

    private static SignedInUsers users(String secret) {
        return new JwtUsers(
                properties(secret), hub.registry, hub.registry::databaseTime, () -> System.nanoTime() + AHEAD.get());
    }

    @BeforeEach
    void fresh() {
        issuer.hold.getAndSet(new CountDownLatch(0)).countDown();
        issuer.status.set(200);
        issuer.publish(EC.toPublicJWK(), RSA.toPublicJWK());
        issuer.fetches.set(0);
        users = users("");
    }

    private static Reply list(String token) {
        return hub.send("GET", "/contacts", null, null, "Authorization", "Bearer " + token);
    }

    private static void pass(Duration time) {
        AHEAD.addAndGet(time.toNanos());
    }

    private static void refused(String token) {
        Reply reply = list(token);
        assertThat(reply.status()).as(reply.body()).isEqualTo(401);
        assertThat(reply.type()).isEqualTo("unauthenticated");
        assertThat(reply.header("WWW-Authenticate")).isEqualTo("Bearer");
        assertThat(reply.body()).doesNotContain("JWT").doesNotContain("token");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ec", "rsa"})
    @DisplayName("sees and changes the contacts of the tenant in its token, and no other's")
    void valid(String kind) {
        JWK key = kind.equals("ec") ? EC : RSA;
        UUID own = hub.contact(ApiHub.FERRETERIA, "Own", "2026-03-01T10:00:00Z");
        UUID foreign = hub.contact(ApiHub.PASTELERIA, "Foreign", "2026-03-01T10:00:00Z");
        String token = TokenIssuer.sign(key, c -> {});
        assertThat(list(token).body()).contains(own.toString()).doesNotContain(foreign.toString());
        for (String method : List.of("GET", "PATCH")) {
            String body = method.equals("GET") ? null : "{\"status\":\"closed\"}";
            assertThat(hub.send(method, "/contacts/" + own, null, body, "Authorization", "bearer " + token)
                            .status())
                    .isEqualTo(200);
            assertThat(hub.send(method, "/contacts/" + foreign, null, body, "Authorization", "Bearer " + token)
                            .status())
                    .isEqualTo(404);
        }
        assertThat(issuer.fetches).hasValue(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "owner |  | 200 | 200",
                "admin |  | 200 | 200",
                "member |  | 200 | 200",
                "viewer |  | 200 | 401",
                "nobody |  | 401 | 401",
                "owner | contacts:read | 200 | 401",
                "viewer | contacts:read contacts:manage | 200 | 200",
                "owner | products:read | 401 | 401",
            })
    @DisplayName("may do what its scopes say, or, without any, what its role says")
    void roles(String role, String scopes, int look, int change) {
        UUID id = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z");
        for (Object form : scopes == null ? List.of("") : List.of(scopes, List.of(scopes.split(" ")))) {
            String token = TokenIssuer.sign(
                    EC,
                    c -> c.claim(
                            "app_metadata",
                            scopes == null
                                    ? Map.of("tenant_rut", ApiHub.FERRETERIA, "role", role)
                                    : Map.of("tenant_rut", ApiHub.FERRETERIA, "role", role, "scopes", form)));
            assertThat(list(token).status()).isEqualTo(look);
            assertThat(hub.send(
                                    "PATCH",
                                    "/contacts/" + id,
                                    null,
                                    "{\"status\":\"closed\"}",
                                    "Authorization",
                                    "Bearer " + token)
                            .status())
                    .isEqualTo(change);
        }
    }

    static List<Consumer<JWTClaimsSet.Builder>> wrongClaims() {
        return List.of(
                c -> c.expirationTime(Date.from(Instant.now().minusSeconds(31))),
                c -> c.expirationTime(null),
                c -> c.notBeforeTime(Date.from(Instant.now().plusSeconds(40))),
                c -> c.issuer("https://other.supabase.example/auth/v1"),
                c -> c.issuer(TokenIssuer.ISSUER + "/"),
                c -> c.issuer(null),
                c -> c.audience("anon"),
                c -> c.audience((String) null),
                c -> c.subject(null),
                c -> c.claim("app_metadata", null),
                c -> c.claim("app_metadata", "76000012-4"),
                c -> c.claim("app_metadata", Map.of("role", "owner")),
                c -> c.claim("app_metadata", Map.of("role", "owner", "tenant_rut", List.of("76000012-4"))),
                c -> c.claim("app_metadata", Map.of("role", "owner", "tenant_rut", "")),
                c -> c.claim("app_metadata", Map.of("role", "owner", "tenant_rut", "76.000.012-4")),
                c -> c.claim("app_metadata", Map.of("role", "owner", "tenant_rut", " 76000012-4")),
                c -> c.claim("app_metadata", Map.of("role", "owner", "tenant_rut", "77000005-k")),
                c -> c.claim("app_metadata", Map.of("role", "owner", "tenant_rut", "76000013-2")),
                c -> c.claim("app_metadata", Map.of("role", "owner", "tenant_rut", ApiHub.CLOSED)),
                c -> c.claim("app_metadata", Map.of("role", "owner"))
                        .claim("user_metadata", Map.of("tenant_rut", ApiHub.FERRETERIA)),
                c -> c.claim("app_metadata", null).claim("tenant_rut", ApiHub.FERRETERIA));
    }

    @ParameterizedTest
    @MethodSource("wrongClaims")
    @DisplayName(
            "is unknown if its token is old, early, another's, for others, or names no active tenant where only the issuer"
                    + " can write it")
    void wrongClaim(Consumer<JWTClaimsSet.Builder> change) {
        refused(TokenIssuer.sign(EC, change));
        assertThat(list(TokenIssuer.sign(EC, c -> {})).status()).isEqualTo(200);
    }

    @Test
    @DisplayName("is known half a minute past its token's end and before its begin: clocks differ")
    void skew() {
        assertThat(list(TokenIssuer.sign(
                                EC,
                                c -> c.expirationTime(Date.from(Instant.now().minusSeconds(15)))))
                        .status())
                .isEqualTo(200);
        assertThat(list(TokenIssuer.sign(
                                EC, c -> c.notBeforeTime(Date.from(Instant.now().plusSeconds(15)))))
                        .status())
                .isEqualTo(200);
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    @DisplayName(
            "cannot choose the algorithm: no signature, the public key as a secret, another key type, embedded keys")
    void algorithms() throws Exception {
        String good = TokenIssuer.sign(EC, c -> {});
        assertThat(list(good).status()).isEqualTo(200);
        String claims = good.split("\\.")[1];
        for (String header : List.of(
                "{\"alg\":\"none\"}",
                "{\"alg\":\"None\",\"kid\":\"ec-1\"}",
                "{\"kid\":\"ec-1\"}",
                "{\"alg\":\"HS256\",\"kid\":\"ec-1\"}",
                "{\"alg\":\"RS256\",\"kid\":\"ec-1\"}",
                "{\"alg\":\"ES384\",\"kid\":\"ec-1\"}",
                "{\"alg\":\"ES256\",\"kid\":\"rsa-1\"}",
                "{\"alg\":\"ES256\",\"kid\":\"ec-1\",\"crit\":[\"b64\"],\"b64\":false}",
                "{\"alg\":\"ES256\",\"kid\":\"ec-1\",\"typ\":\"dpop+jwt\"}")) {
            refused(base64(header) + "." + claims + ".");
            refused(base64(header) + "." + claims + "." + good.split("\\.")[2]);
        }
        for (byte[] secret : List.of(
                RSA.toRSAPublicKey().getEncoded(),
                RSA.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8),
                EC.toECPublicKey().getEncoded(),
                ("-----BEGIN PUBLIC KEY-----\n"
                                + Base64.getMimeEncoder()
                                        .encodeToString(RSA.toRSAPublicKey().getEncoded())
                                + "\n-----END PUBLIC KEY-----\n")
                        .getBytes(StandardCharsets.UTF_8))) {
            String forged = TokenIssuer.hs256(
                    secret,
                    "rsa-1",
                    TokenIssuer.claims(ApiHub.FERRETERIA, "owner").build());
            refused(forged);
            users = users(SECRET);
            refused(forged);
            users = users("");
        }
        // Signatures of zeros, which a careless check of elliptic curves takes for any text.
        refused(good.substring(0, good.lastIndexOf('.') + 1)
                + Base64.getUrlEncoder().withoutPadding().encodeToString(new byte[64]));
        refused(TokenIssuer.sign(TokenIssuer.ec("ec-1"), c -> {}));
    }

    @Test
    @DisplayName("of an old project is known by the shared secret, where the deployment has it")
    void sharedSecret() {
        String token = TokenIssuer.hs256(
                SECRET.getBytes(StandardCharsets.UTF_8),
                null,
                TokenIssuer.claims(ApiHub.FERRETERIA, "owner").build());
        refused(token);
        users = users(SECRET);
        assertThat(list(token).status()).isEqualTo(200);
        refused(TokenIssuer.hs256(
                (SECRET + "x").getBytes(StandardCharsets.UTF_8),
                null,
                TokenIssuer.claims(ApiHub.FERRETERIA, "owner").build()));
        refused(TokenIssuer.hs256(
                SECRET.getBytes(StandardCharsets.UTF_8),
                null,
                TokenIssuer.claims(ApiHub.FERRETERIA, "owner")
                        .issuer("supabase")
                        .build()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a", "a.b.c", "a.b", "....", "null", "eyJhbGciOiJFUzI1NiJ9..", "é.é.é"})
    @DisplayName("who sends what is no token is unknown, and the issuer is not asked")
    void noToken(String text) throws Exception {
        try (java.net.Socket socket = new java.net.Socket("127.0.0.1", hub.port())) {
            socket.setSoTimeout(10_000);
            for (String value : List.of("Bearer " + text, "Basic " + text, text, "Bearer a Bearer " + text)) {
                socket.getOutputStream()
                        .write(("GET /contacts HTTP/1.1\r\nHost: hub\r\nAuthorization: " + value + "\r\n\r\n")
                                .getBytes(StandardCharsets.ISO_8859_1));
                byte[] head = socket.getInputStream().readNBytes(12);
                assertThat(new String(head, StandardCharsets.ISO_8859_1))
                        .as(value)
                        .endsWith("401");
                while (socket.getInputStream().available() > 0) {
                    socket.getInputStream().readNBytes(socket.getInputStream().available());
                }
            }
        }
        assertThat(issuer.fetches).hasValue(0);
    }

    @Test
    @DisplayName("with a token as deep or as long as the port lets through is unknown, nothing more")
    void hugeToken() {
        refused(base64("{\"alg\":\"ES256\",\"kid\":" + "[".repeat(4_000) + "}") + ".e30.AAAA");
        refused("a".repeat(9_000));
        refused(TokenIssuer.sign(EC, c -> c.claim("x", "y".repeat(8_000))));
    }

    @Test
    @DisplayName("with two tokens, or a token and a key, is unknown")
    void twoCredentials() {
        String token = TokenIssuer.sign(EC, c -> {});
        assertThat(hub.send("GET", "/contacts", "demo-ferreteria-sur", null, "Authorization", "Bearer " + token)
                        .status())
                .isEqualTo(401);
        assertThat(hub.send(
                                "GET",
                                "/contacts",
                                null,
                                null,
                                "Authorization",
                                "Bearer " + token,
                                "Authorization",
                                "Bearer " + token)
                        .status())
                .isEqualTo(401);
    }

    @Test
    @DisplayName(
            "whose key is new is known at once; one whose key nobody has costs the issuer one question in half a minute")
    void rotation() {
        assertThat(list(TokenIssuer.sign(EC, c -> {})).status()).isEqualTo(200);
        ECKey next = TokenIssuer.ec("ec-2");
        for (int i = 0; i < 5; i++) {
            refused(TokenIssuer.sign(next, c -> {}));
        }
        assertThat(issuer.fetches).hasValue(1);
        issuer.publish(next.toPublicJWK(), EC.toPublicJWK());
        pass(Duration.ofSeconds(31));
        assertThat(list(TokenIssuer.sign(next, c -> {})).status()).isEqualTo(200);
        assertThat(list(TokenIssuer.sign(EC, c -> {})).status()).isEqualTo(200);
        for (int i = 0; i < 5; i++) {
            refused(TokenIssuer.sign(TokenIssuer.ec("made-up-" + i), c -> {}));
        }
        assertThat(issuer.fetches).hasValue(2);
    }

    @Test
    @DisplayName("whose key was taken back is unknown ten minutes later, also with a token that was good before")
    void revokedKey() {
        String token = TokenIssuer.sign(EC, c -> {});
        assertThat(list(token).status()).isEqualTo(200);
        issuer.publish(RSA.toPublicJWK());
        pass(SigningKeys.LIFE.plusSeconds(1));
        refused(token);
        assertThat(list(TokenIssuer.sign(RSA, c -> {})).status()).isEqualTo(200);
    }

    @Test
    @DisplayName("of a tenant that was deactivated is unknown from then on")
    void deactivated() {
        String token = TokenIssuer.sign(EC, c -> {});
        assertThat(list(token).status()).isEqualTo(200);
        hub.database.superuser("update public.tenants set active = false where rut = '76000012-4'");
        hub.registry.refresh();
        try {
            refused(token);
        } finally {
            hub.database.superuser("update public.tenants set active = true where rut = '76000012-4'");
            hub.registry.refresh();
        }
        assertThat(list(token).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"503", "200 not json", "200 {}", "200 large", "302"})
    @DisplayName(
            "is known by the last keys while the issuer is away or talks nonsense; without any keys it is 503, not 401")
    void issuerAway(String trouble) {
        String token = TokenIssuer.sign(EC, c -> {});
        Runnable goAway = () -> {
            issuer.status.set(Integer.parseInt(trouble.substring(0, 3)));
            issuer.answer.set(
                    trouble.endsWith("large")
                            ? "{\"keys\":[],\"x\":\"" + "x".repeat(300_000) + "\"}"
                            : trouble.substring(3));
        };
        goAway.run();
        Reply reply = list(token);
        assertThat(reply.status()).isEqualTo(503);
        assertThat(reply.header("Retry-After")).isEqualTo("2");
        fresh();
        assertThat(list(token).status()).isEqualTo(200);
        goAway.run();
        pass(SigningKeys.LIFE.plusSeconds(1));
        assertThat(list(token).status()).isEqualTo(200);
        assertThat(list(TokenIssuer.sign(EC, c -> c.subject("another"))).status())
                .isEqualTo(200);
        assertThat(issuer.fetches.get()).isBetween(2, 3);
    }

    @Test
    @DisplayName("waits for a slow issuer without holding up anybody: the port goes on, and one question serves all")
    void slowIssuer() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        issuer.hold.set(gate);
        String token = TokenIssuer.sign(EC, c -> {});
        List<CompletableFuture<Reply>> waiting = IntStream.range(0, 12)
                .mapToObj(i -> CompletableFuture.supplyAsync(() -> list(token), THREADS))
                .toList();
        await().until(() -> issuer.fetches.get() == 1);
        assertThat(hub.get("/contacts", "demo-ferreteria-sur").status()).isEqualTo(200);
        gate.countDown();
        for (CompletableFuture<Reply> one : waiting) {
            assertThat(one.get().status()).isEqualTo(200);
        }
        assertThat(issuer.fetches).hasValue(1);
    }

    private static final java.util.concurrent.ExecutorService THREADS =
            java.util.concurrent.Executors.newCachedThreadPool(r -> {
                Thread t = new Thread(r);
                t.setDaemon(true);
                return t;
            });

    @Test
    @DisplayName("sends a change while the issuer is asked: it arrives whole")
    void bodyWaits() throws Exception {
        UUID id = hub.contact(ApiHub.FERRETERIA, "Ana", "2026-03-01T10:00:00Z");
        CountDownLatch gate = new CountDownLatch(1);
        issuer.hold.set(gate);
        String token = TokenIssuer.sign(EC, c -> {});
        CompletableFuture<Reply> change = CompletableFuture.supplyAsync(
                () -> hub.send(
                        "PATCH",
                        "/contacts/" + id,
                        null,
                        " ".repeat(4_000) + "{\"status\":\"closed\"}",
                        "Authorization",
                        "Bearer " + token),
                THREADS);
        await().until(() -> issuer.fetches.get() == 1);
        gate.countDown();
        assertThat(change.get().json().path("status").asText()).isEqualTo("closed");
    }

    @Test
    @DisplayName("may come from its tenant's own pages and from the house's, not from another tenant's")
    void pages() {
        String token = TokenIssuer.sign(EC, c -> {});
        for (String origin : List.of("https://ferreteria.example", "https://panel.example")) {
            Reply reply =
                    hub.send("GET", "/contacts", null, null, "Authorization", "Bearer " + token, "Origin", origin);
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.header("Access-Control-Allow-Origin")).isEqualTo(origin);
        }
        Reply foreign = hub.send(
                "GET",
                "/contacts",
                null,
                null,
                "Authorization",
                "Bearer " + token,
                "Origin",
                "https://pasteleria.example");
        assertThat(foreign.status()).isEqualTo(403);
    }

    @Test
    @DisplayName("settings that would let a token be forged or read wrongly stop the start, all named at once")
    void settings() {
        assertThatThrownBy(() -> new JwtProperties(
                        TokenIssuer.ISSUER, "", "ftp://x/y", "", "short", "user_metadata.rut", "a", "b"))
                .hasMessageContaining("audience")
                .hasMessageContaining("jwks-url")
                .hasMessageContaining("secret")
                .hasMessageContaining("user_metadata");
        JwtProperties supabase =
                new JwtProperties("", "authenticated", "", "https://p.supabase.example/", SECRET, "a.b", "a.c", "a.d");
        assertThat(supabase.issuer()).isEqualTo("https://p.supabase.example/auth/v1");
        assertThat(supabase.jwksUrl()).isEqualTo("https://p.supabase.example/auth/v1/.well-known/jwks.json");
        assertThat(supabase.toString()).doesNotContain(SECRET);
        assertThat(JwtUsers.of(new JwtProperties("", "authenticated", "", "", "", "a", "b", "c"), hub.registry))
                .isSameAs(SignedInUsers.NONE);
    }

    @Test
    @DisplayName("a weak key of the issuer is no key")
    void weakKey() {
        RSAKey weak = TokenIssuer.rsa("weak", 1024);
        issuer.publish(weak.toPublicJWK(), EC.toPublicJWK());
        refused(TokenIssuer.sign(weak, c -> {}));
        assertThat(list(TokenIssuer.sign(EC, c -> {})).status()).isEqualTo(200);
    }
}
