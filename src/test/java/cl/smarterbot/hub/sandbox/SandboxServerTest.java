package cl.smarterbot.hub.sandbox;

import static cl.smarterbot.hub.sandbox.SandboxClient.FERRETERIA;
import static cl.smarterbot.hub.sandbox.SandboxClient.PASTELERIA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.sandbox.SandboxTrouble.Kind;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

@DisplayName("The sandbox server")
class SandboxServerTest {
    private static final String KEY = "demo-odoo-ferreteria-sur";

    private SandboxServer server;
    private SandboxClient client;

    @BeforeEach
    void start() {
        server = SandboxServer.start(0);
        client = new SandboxClient(server);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private HttpResponse<byte[]> create(String name) throws IOException {
        return client.json2(KEY, "res.partner/create", Map.of("vals_list", Map.of("name", name)));
    }

    /** Those that callers made: their ids are above the seed's. */
    private long partners() {
        return server.odoo().records("res.partner", Map.of()).stream()
                .filter(partner -> (Integer) partner.get("id") >= 40)
                .count();
    }

    @Test
    @DisplayName("A lost answer has taken effect")
    void lostAnswer() throws IOException {
        server.trouble()
                .add(Rule.of(Kind.LOST_ANSWER).on("res.partner", "create").times(1));
        assertThatThrownBy(() -> create("Ana")).isInstanceOf(IOException.class);
        assertThat(partners()).isEqualTo(1);
        assertThat(create("Bea").statusCode()).isEqualTo(200);
        assertThat(server.trouble().rules()).isEmpty();
    }

    @Test
    @DisplayName("A truncated answer has taken effect and breaks off")
    void truncated() {
        server.trouble().add(Rule.of(Kind.TRUNCATED));
        assertThatThrownBy(() -> create("Ana")).isInstanceOf(IOException.class);
        assertThat(partners()).isEqualTo(1);
    }

    @Test
    @DisplayName("A refused connection has no effect")
    void refused() {
        server.trouble().add(Rule.of(Kind.REFUSE_CONNECTION_LIKE_CLOSE));
        assertThatThrownBy(() -> create("Ana")).isInstanceOf(IOException.class);
        assertThat(partners()).isZero();
    }

    @Test
    @DisplayName("An error status has no effect and says when to come again")
    void status() throws IOException {
        server.trouble().add(Rule.of(Kind.STATUS).status(429).retryAfter(7).times(2));
        HttpResponse<byte[]> answer = create("Ana");
        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(answer.headers().firstValue("retry-after")).contains("7");
        assertThat(server.trouble().rules().get(0).times()).isEqualTo(1);
        assertThat(partners()).isZero();
    }

    @Test
    @DisplayName("Garbage and a proxy's page come with status 200 and have no effect")
    void garbage() throws IOException {
        server.trouble().add(Rule.of(Kind.GARBAGE).times(1), Rule.of(Kind.HTML).times(1));
        HttpResponse<byte[]> garbage = create("Ana");
        assertThat(garbage.statusCode()).isEqualTo(200);
        assertThatThrownBy(() -> SandboxClient.parse(garbage)).isInstanceOf(IOException.class);
        HttpResponse<byte[]> page = create("Ana");
        assertThat(page.headers().firstValue("content-type")).contains("text/html; charset=utf-8");
        assertThat(partners()).isZero();
    }

    @Test
    @DisplayName("Flapping fails every other call, beginning with the first")
    void flap() throws IOException {
        server.trouble().add(Rule.of(Kind.FLAP));
        for (int expected : List.of(503, 200, 503, 200)) {
            assertThat(create("Ana").statusCode()).isEqualTo(expected);
        }
        assertThat(partners()).isEqualTo(2);
    }

    @Test
    @DisplayName("Delays and the latency add up, and the answer is the usual one")
    void delay() throws IOException {
        server.trouble().add(Rule.of(Kind.DELAY).delay(Duration.ofMillis(120)));
        server.trouble().latency(Duration.ofMillis(80));
        long start = System.nanoTime();
        assertThat(create("Ana").statusCode()).isEqualTo(200);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(195));
    }

    @Test
    @DisplayName("A rule bears on its path, model, method and company alone")
    void scope() throws IOException {
        server.trouble()
                .add(Rule.of(Kind.STATUS)
                        .path("/xmlrpc/2/object")
                        .on("res.partner", "search_count")
                        .company(1));
        assertThatThrownBy(() -> client.call(FERRETERIA, "res.partner", "search_count", List.of()))
                .isInstanceOf(AssertionError.class);
        List<?> made = List.of(List.of("id", ">=", 40));
        assertThat(client.call(PASTELERIA, "res.partner", "search_count", made)).isEqualTo(0);
        assertThat(client.call(FERRETERIA, "res.partner", "search", made)).isEqualTo(List.of());
        assertThat(client.call(FERRETERIA, "crm.lead", "search_count", List.of()))
                .isEqualTo(0);
        assertThat(client.json2(KEY, "res.partner/search_count", Map.of("domain", List.of()))
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    @DisplayName("A probability of nothing never strikes, one of certainty always")
    void probability() throws IOException {
        server.trouble().add(Rule.of(Kind.STATUS).probability(0));
        assertThat(create("Ana").statusCode()).isEqualTo(200);
        server.trouble().add(Rule.of(Kind.STATUS).probability(1));
        assertThat(create("Ana").statusCode()).isEqualTo(503);
    }

    @Test
    @DisplayName("Trouble is set, listed and cleared over HTTP")
    void troubleOverHttp() throws IOException {
        List<?> rules = List.of(Map.of("kind", "status", "path", "/json/2/", "status", 502, "times", 5));
        assertThat(client.json("POST", "/sandbox/trouble", rules).statusCode()).isEqualTo(200);
        assertThat(create("Ana").statusCode()).isEqualTo(502);
        Map<?, ?> shown = (Map<?, ?>) SandboxClient.parse(client.json("GET", "/sandbox/trouble", null));
        assertThat(shown.toString())
                .isEqualTo("{latencyMs=0, rules=[{kind=status, path=/json/2/, status=502, times=4}]}");
        client.json("DELETE", "/sandbox/trouble", null);
        assertThat(create("Ana").statusCode()).isEqualTo(200);
        client.json("POST", "/sandbox/trouble", Map.of("latencyMs", 3));
        assertThat(server.trouble().show()).containsEntry("latencyMs", 3L);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "7",
                "[7]",
                "[{}]",
                "[{\"kind\":\"nope\"}]",
                "[{\"kind\":\"delay\"}]",
                "[{\"kind\":\"status\",\"status\":42}]",
                "[{\"kind\":\"status\",\"times\":0}]",
                "[{\"kind\":\"status\",\"probability\":2}]",
                "[{\"kind\":\"status\",\"oops\":1}]",
                "[{\"kind\":\"status\",\"path\":1}]",
                "{\"latencyMs\":-1}"
            })
    @DisplayName("Rules which make no sense are refused and change nothing")
    void badRules(String body) throws IOException {
        HttpResponse<byte[]> answer = client.send(
                "POST", "/sandbox/trouble", body.getBytes(StandardCharsets.UTF_8), "Content-Type", "application/json");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(server.trouble().rules()).isEmpty();
    }

    @Test
    @DisplayName("A page from another site can neither steer nor read the sandbox")
    void foreignOrigin() throws IOException {
        for (String path : List.of("/sandbox/reset", "/sandbox/trouble")) {
            assertThat(client.send("POST", path, "[]".getBytes(StandardCharsets.UTF_8), "Origin", "https://example.com")
                            .statusCode())
                    .isEqualTo(403);
        }
        assertThat(client.send("GET", "/", null, "Origin", "null").statusCode()).isEqualTo(403);
        assertThat(client.send("GET", "/", null, "Origin", server.uri().toString())
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    @DisplayName("Records can be looked at by field and company, with their external ids")
    void look() throws IOException {
        client.call(
                FERRETERIA,
                "res.partner",
                "load",
                List.of("id", "name", "email", "company_id/.id"),
                List.of(List.of("hub_1.a", "Ana", "ana@x.cl", "1"), List.of("hub_1.b", "Bea", "bea@x.cl", "1")));
        List<?> rows = (List<?>)
                SandboxClient.parse(client.json("GET", "/sandbox/odoo/res.partner?company=1&email=bea%40x.cl", null));
        assertThat(rows).hasSize(1);
        assertThat(rows).first().extracting("external_id", "name").containsExactly("hub_1.b", "Bea");
        assertThat((List<?>) SandboxClient.parse(
                        client.json("GET", "/sandbox/odoo/res.partner?company=2&email=bea%40x.cl", null)))
                .isEmpty();
        assertThat((List<?>) SandboxClient.parse(client.json("GET", "/sandbox/odoo/res.partner?limit=1", null)))
                .hasSize(1);
        assertThat(client.json("GET", "/sandbox/odoo/res.partner?nope=1", null).statusCode())
                .isEqualTo(400);
        assertThat(client.json("GET", "/sandbox/odoo/nope", null).statusCode()).isEqualTo(404);
        Map<?, ?> stats = (Map<?, ?>) SandboxClient.parse(client.json("GET", "/sandbox/odoo/stats", null));
        assertThat(stats.get("duplicatePartners")).isEqualTo(0);
    }

    @Test
    @DisplayName("A reset brings back the seed and ends all trouble")
    void reset() throws IOException {
        create("Ana");
        server.trouble().add(Rule.of(Kind.STATUS));
        assertThat(client.json("POST", "/sandbox/reset", Map.of()).statusCode()).isEqualTo(200);
        assertThat(partners()).isZero();
        assertThat(create("Ana").statusCode()).isEqualTo(200);
    }

    @Test
    @DisplayName("The page shows what came in and escapes it")
    void page() throws IOException {
        create("<script>alert(\"x\")</script>");
        HttpResponse<byte[]> answer = client.send("GET", "/", null);
        String html = new String(answer.body(), StandardCharsets.UTF_8);
        assertThat(html)
                .contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;", "res.partner.create")
                .doesNotContain("<script");
        assertThat(answer.headers().firstValue("content-security-policy").orElseThrow())
                .contains("default-src 'none'");
    }

    @Test
    @DisplayName("An unknown path is 404")
    void unknownPath() throws IOException {
        assertThat(client.send("GET", "/nope", null).statusCode()).isEqualTo(404);
        assertThat(client.send("GET", "/sandbox/nope", null).statusCode()).isEqualTo(404);
    }

    @Test
    @DisplayName("Only a loopback address is taken, and a taken port is told")
    void address() throws IOException {
        InetAddress all = InetAddress.getByName("0.0.0.0");
        assertThatThrownBy(() -> SandboxServer.start(all, 0)).isInstanceOf(IllegalArgumentException.class);
        int port = server.uri().getPort();
        assertThatThrownBy(() -> SandboxServer.start(port)).isInstanceOf(UncheckedIOException.class);
    }

    @Test
    @DisplayName("The hub starts it when told to, and only then")
    void configuration() {
        ApplicationContextRunner runner =
                new ApplicationContextRunner().withUserConfiguration(SandboxConfiguration.class);
        runner.run(context -> assertThat(context).doesNotHaveBean(SandboxServer.class));
        runner.withPropertyValues("hub.sandbox.enabled=true", "hub.sandbox.port=0")
                .run(context -> {
                    SandboxServer started = context.getBean(SandboxServer.class);
                    assertThat(new SandboxClient(started)
                                    .send("GET", "/web/health", null)
                                    .statusCode())
                            .isEqualTo(200);
                });
    }
}
