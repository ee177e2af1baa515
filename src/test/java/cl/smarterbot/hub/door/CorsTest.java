package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.door.RawHttp.Reply;
import cl.smarterbot.hub.testing.TestDatabase;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A web site")
class CorsTest {

    private static final String GOOD = "{\"name\":\"Ana\",\"email\":\"ana@example.org\",\"message\":\"Hola\"}";
    private static final String SITE = "https://pasteleria.example";
    private static IntakeHub hub;

    @BeforeAll
    static void open() throws Exception {
        TestDatabase database = TestDatabase.fresh();
        database.superuser("insert into public.tenants (rut, business_name) values"
                + " ('76000012-4', 'Ferreteria Sur'), ('77000005-K', 'Pasteleria Norte'), ('78000009-0', 'Casa')");
        database.superuser("insert into hub.tenant_settings (tenant_rut, slug, plan, house) values"
                + " ('76000012-4', 'f', 'unlimited', false), ('77000005-K', 'p', 'unlimited', false),"
                + " ('78000009-0', 'c', 'unlimited', true)");
        database.superuser(
                "insert into hub.tenant_origin (host, tenant_rut) values ('pasteleria.example', '77000005-K'),"
                        + " ('ferreteria.example', '76000012-4'), ('localhost', '77000005-K'), ('tienda.localhost', '77000005-K'),"
                        + " ('127.0.0.1', '77000005-K')");
        database.superuser("insert into hub.api_key (tenant_rut, name, key_hash, scopes) values"
                + " ('76000012-4', 'a', sha256('key-of-ferreteria'), '{contacts:write}')");
        hub = new IntakeHub(database, IntakeHub.PLAIN);
    }

    @AfterAll
    static void close() {
        hub.close();
    }

    private static Reply preflight(String path, String origin, String method) throws IOException {
        return RawHttp.send(
                hub.port(),
                "OPTIONS " + path + " HTTP/1.1\r\nHost: hub\r\nOrigin: " + origin
                        + "\r\nAccess-Control-Request-Method: " + method
                        + "\r\nAccess-Control-Request-Headers: content-type,idempotency-key,x-evil\r\n\r\n");
    }

    private static Reply post(String headers, String body) throws IOException {
        return RawHttp.post(hub.port(), headers, body);
    }

    private static void readableBy(Reply reply, String origin) {
        assertThat(reply.header("Access-Control-Allow-Origin")).isEqualTo(origin);
        assertThat(reply.header("Vary")).isEqualTo("Origin");
        assertThat(reply.header("Access-Control-Expose-Headers"))
                .contains("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "ETag");
        assertThat(reply.headers()).doesNotContainKey("Access-Control-Allow-Credentials");
    }

    private static void closed(Reply reply) {
        assertThat(reply.headers().keySet())
                .noneMatch(h -> h.toLowerCase(Locale.ROOT).startsWith("access-control"));
    }

    @Test
    @DisplayName("of a tenant is told before the request, without a key, what it may send")
    void preflight() throws IOException {
        Reply reply = preflight("/contact", SITE, "POST");
        assertThat(reply.status()).isEqualTo(204);
        assertThat(reply.headers())
                .containsEntry("Access-Control-Allow-Origin", SITE)
                .containsEntry("Access-Control-Allow-Methods", "POST")
                .containsEntry(
                        "Access-Control-Allow-Headers",
                        "content-type, idempotency-key, x-api-key, authorization, if-none-match")
                .containsEntry("Access-Control-Max-Age", "600")
                .containsEntry("Vary", "Origin")
                .doesNotContainKey("Access-Control-Allow-Credentials");
        assertThat(reply.body()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://unknown.example",
                "http://pasteleria.example",
                "https://pasteleria.example:8443",
                "https://pasteleria.example.evil.example",
                "https://evil.pasteleria.example",
                "https://evilpasteleria.example",
                "https://user@pasteleria.example",
                "https://pasteleria.example/",
                "https://pasteleria.example?x",
                "https://pasteleria.example, https://evil.example",
                "https://pasteleria.example\r\nOrigin: https://evil.example",
                "ftp://pasteleria.example",
                "pasteleria.example",
                "//pasteleria.example",
                "null",
                "*",
                "https://",
                "][",
            })
    @DisplayName("that is nobody's, or not safely somebody's, is permitted nothing, and cannot read an answer")
    void unknownOrigin(String origin) throws IOException {
        Reply asked = preflight("/contact", origin, "POST");
        assertThat(asked.status()).isEqualTo(403);
        assertThat(asked.problem()).isEqualTo("origin-not-allowed");
        assertThat(asked.header("Vary")).isEqualTo("Origin");
        closed(asked);
        closed(post("Origin: " + origin + "\r\n", GOOD));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://pasteleria.example:443",
                "http://localhost",
                "http://localhost:5173",
                "https://localhost:3000",
                "http://tienda.localhost:3000",
                "http://127.0.0.1:5173",
            })
    @DisplayName("at its default port, and on the visitor's own machine at any, is the tenant's")
    void allowedForms(String origin) throws IOException {
        assertThat(preflight("/contact", origin, "POST").status()).isEqualTo(204);
        Reply reply = post("Origin: " + origin + "\r\n", GOOD);
        assertThat(reply.status()).isEqualTo(201);
        readableBy(reply, origin);
    }

    @Test
    @DisplayName("is permitted only what a door serves")
    void onlyWhatIsServed() throws IOException {
        for (String[] other : new String[][] {
            {"/contact", "GET"}, {"/contact", "DELETE"}, {"/contact", "post"}, {"/nothing", "POST"}, {"/health", "POST"}
        }) {
            Reply reply = preflight(other[0], SITE, other[1]);
            assertThat(reply.status()).as(other[0]).isBetween(200, 403);
            closed(reply);
        }
        Reply plainOptions =
                RawHttp.send(hub.port(), "OPTIONS /contact HTTP/1.1\r\nHost: hub\r\nOrigin: " + SITE + "\r\n\r\n");
        assertThat(plainOptions.status()).isEqualTo(405);
        assertThat(plainOptions.headers()).doesNotContainKey("Access-Control-Allow-Methods");
    }

    @Test
    @DisplayName("of a tenant can read every answer, errors included")
    void errorsToo() throws IOException {
        String origin = "Origin: " + SITE + "\r\n";
        Reply created = post(origin, GOOD);
        assertThat(created.status()).isEqualTo(201);
        readableBy(created, SITE);
        assertThat(hub.count("public.contacts where tenant_rut = '77000005-K' and domain = 'pasteleria.example'"))
                .isPositive();
        Reply[] errors = {
            post(origin + "X-API-Key: wrong\r\n", GOOD),
            post(origin, "{"),
            post(origin, "{}"),
            post(origin, "x".repeat(70_000)),
            RawHttp.send(hub.port(), "POST /contact HTTP/1.1\r\nHost: hub\r\n" + origin, new byte[2]),
            RawHttp.send(hub.port(), "GET /contact HTTP/1.1\r\nHost: hub\r\n" + origin + "\r\n"),
            RawHttp.send(hub.port(), "GET /nothing HTTP/1.1\r\nHost: hub\r\n" + origin + "\r\n"),
        };
        assertThat(errors).extracting(Reply::status).containsExactly(401, 400, 422, 413, 415, 405, 404);
        for (Reply error : errors) {
            readableBy(error, SITE);
        }
    }

    @Test
    @DisplayName("that carries a key must be one of the key's own tenant; any other is 403, unread and without effect")
    void foreignKey() throws IOException {
        String key = "X-API-Key: key-of-ferreteria\r\n";
        Reply own = post(key + "Origin: https://ferreteria.example\r\n", GOOD);
        assertThat(own.status()).isEqualTo(201);
        readableBy(own, "https://ferreteria.example");
        long before = hub.count("public.contacts");
        for (String origin : List.of(SITE, "https://unknown.example", "null", "http://ferreteria.example")) {
            Reply foreign = post(key + "Origin: " + origin + "\r\n", GOOD);
            assertThat(foreign.status()).as(origin).isEqualTo(403);
            assertThat(foreign.problem()).isEqualTo("origin-not-allowed");
            closed(foreign);
        }
        assertThat(hub.count("public.contacts")).isEqualTo(before);
        Reply server = post(key, GOOD);
        assertThat(server.status()).isEqualTo(201);
        closed(server);
    }

    @Test
    @DisplayName("that is unknown writes to the house, as before, and cannot read the answer")
    void house() throws IOException {
        Reply reply = post("Origin: https://unknown.example\r\n", GOOD);
        assertThat(reply.status()).isEqualTo(201);
        closed(reply);
        assertThat(reply.header("Vary")).isEqualTo("Origin");
        assertThat(hub.count("public.contacts where tenant_rut = '78000009-0' and domain = 'unknown.example'"))
                .isEqualTo(1);
    }
}
