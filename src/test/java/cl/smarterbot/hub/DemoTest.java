package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.door.DoorServer;
import cl.smarterbot.hub.sandbox.SandboxServer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The demo as the README tells it, in one process: embedded PostgreSQL, sandbox Odoo, real HTTP. */
@DisplayName("The demo")
@SpringBootTest(classes = HubApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ActiveProfiles("demo")
@DirtiesContext
@ExtendWith(OutputCaptureExtension.class)
class DemoTest {

    private static final String PASSWORD = "a password for this test only";
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path data;

    private static int sandboxPort;

    @LocalServerPort
    private int managementPort;

    @Autowired
    private DoorServer door;

    @Autowired
    private HubDatabase database;

    @Autowired
    private SandboxServer vendors;

    private final HttpClient http = HttpClient.newHttpClient();

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            sandboxPort = socket.getLocalPort();
        }
        registry.add("hub.sandbox.port", () -> sandboxPort);
        registry.add("hub.botpress.url", () -> "http://127.0.0.1:" + sandboxPort);
        registry.add("hub.chatwoot.url", () -> "http://127.0.0.1:" + sandboxPort);
        registry.add("hub.odoo.url", () -> "http://127.0.0.1:" + sandboxPort);
        registry.add("hub.resend.url", () -> "http://127.0.0.1:" + sandboxPort);
        // Spring Boot switches the scrape off in tests.
        registry.add("management.prometheus.metrics.export.enabled", () -> "true");
        registry.add("hub.door.port", () -> 0);
        registry.add("hub.database.data-dir", () -> data.toString());
        registry.add("hub.admin.data-dir", () -> data.toString());
        registry.add("hub.admin.password", () -> PASSWORD);
        registry.add("hub.secrets.file", () -> data.resolve("secrets.enc").toString());
    }

    private HttpResponse<String> contact(String key, String idempotencyKey, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + door.port() + "/contact"))
                .header("Content-Type", "application/json")
                .header("X-API-Key", key)
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (idempotencyKey != null) {
            request.header("Idempotency-Key", idempotencyKey);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static String form(String name, String email, String message) {
        return "{\"name\":\"%s\",\"email\":\"%s\",\"message\":\"%s\",\"phone\":\"+56 9 8765 4321\"}"
                .formatted(name, email, message);
    }

    private JsonNode sandbox(String model, String field, String value) throws Exception {
        String query = field + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
        return JSON.readTree(http.send(
                        HttpRequest.newBuilder(URI.create(
                                        "http://127.0.0.1:" + sandboxPort + "/sandbox/odoo/" + model + "?" + query))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body());
    }

    private String management(String path, boolean authenticated) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + managementPort + path));
        if (authenticated) {
            request.header(
                    "Authorization",
                    "Basic " + Base64.getEncoder().encodeToString(("operator:" + PASSWORD).getBytes()));
        }
        HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        return response.statusCode() + "\n" + response.body();
    }

    @Test
    @DisplayName("a contact is listed, closed, and its change is an event, as the README tells")
    void contactIsListedAndClosed() throws Exception {
        String email = "eva-" + UUID.randomUUID() + "@ejemplo.cl";
        String id = JSON.readTree(contact("demo-pasteleria-norte", null, form("Eva", email, "Una torta"))
                        .body())
                .path("id")
                .asText();
        String base = "http://127.0.0.1:" + door.port() + "/contacts";
        HttpResponse<String> list = http.send(
                HttpRequest.newBuilder(URI.create(base + "?status=new&limit=5"))
                        .header("X-API-Key", "demo-pasteleria-norte")
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(list.statusCode()).isEqualTo(200);
        assertThat(list.body()).contains(id).contains(email);
        HttpResponse<String> closed = http.send(
                HttpRequest.newBuilder(URI.create(base + "/" + id))
                        .header("X-API-Key", "demo-pasteleria-norte")
                        .header("Content-Type", "application/json")
                        .method("PATCH", HttpRequest.BodyPublishers.ofString("{\"status\":\"closed\"}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(closed.statusCode()).isEqualTo(200);
        assertThat(JSON.readTree(closed.body()).path("status").asText()).isEqualTo("closed");
        assertThat(management("/admin/events?limit=20", true)).contains("contact.status_changed");
    }

    @Test
    @DisplayName("a contact becomes one partner and one lead in its tenant's Odoo, and both ids come back")
    void contactBecomesPartnerAndLead() throws Exception {
        String email = "ana-" + UUID.randomUUID() + "@ejemplo.cl";
        HttpResponse<String> first = contact("demo-ferreteria-sur", "k-" + email, form("Ana Ñandú 😀", email, "Hola"));
        assertThat(first.statusCode()).isEqualTo(201);
        JsonNode answer = JSON.readTree(first.body());
        assertThat(answer.path("ok").asBoolean()).isTrue();
        assertThat(answer.path("message").asText()).isEqualTo("Contact submitted successfully");
        HttpResponse<String> again = contact("demo-ferreteria-sur", "k-" + email, form("Ana Ñandú 😀", email, "Hola"));
        assertThat(again.body()).as("the first answer again").isEqualTo(first.body());
        // The same person, or who says so, with another form: one partner, which keeps its name and phone, and two
        // leads.
        String nobody = form("Nobody", email, "Otra vez").replace("+56 9 8765 4321", "+56 9 6543 2109");
        assertThat(contact("demo-ferreteria-sur", null, nobody).statusCode()).isEqualTo(201);

        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(sandbox("crm.lead", "email_from", email)).hasSize(2);
            assertThat(management("/admin/events?type=partner.synced", true)).contains("partner.synced");
        });
        JsonNode partners = sandbox("res.partner", "email", email);
        assertThat(partners).hasSize(1);
        assertThat(partners.get(0).path("name").asText()).isEqualTo("Ana Ñandú 😀");
        assertThat(partners.get(0).path("phone").asText()).isEqualTo("+56987654321");
        assertThat(sandbox("crm.lead", "email_from", email).toString())
                .contains("\"Contacto web: Nobody, +56965432109\"");
        assertThat(partners.get(0).toString()).contains("hub_76000012_4.contact-");
    }

    @Test
    @DisplayName(
            "a contact is enriched before it goes to Odoo: tidy name, phone to dial, RUT, company, language, duplicate")
    void contactIsEnriched() throws Exception {
        String domain = "taller-sur-" + UUID.randomUUID().toString().substring(0, 8) + ".cl";
        String email = "ventas@" + domain;
        String body = """
                {"name":" JUAN  DE LA CRUZ ","email":"%s","phone":"9 8765 4321",
                 "message":"Hola, necesito el precio de los taladros. Factura a 76.000.013-2, gracias"}""";
        UUID first = id(contact("demo-ferreteria-sur", null, body.formatted(email)));
        UUID second = id(contact("demo-ferreteria-sur", null, body.formatted(email.toUpperCase(Locale.ROOT))));
        UUID elsewhere = id(contact("demo-pasteleria-norte", null, body.formatted(email)));

        String enriched =
                "select display_name, name, phone_e164, phone, rut, language, odoo_lead_id is not null as lead,"
                        + " duplicate_of, company like 'Taller Sur %' as company from public.contacts"
                        + " where odoo_partner_id is not null and id = ?";
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            for (UUID id : List.of(first, second, elsewhere)) {
                assertThat(rows(enriched, id)).hasSize(1);
            }
        });
        assertThat(rows(enriched, first).get(0))
                .containsEntry("display_name", "Juan de la Cruz")
                .containsEntry("name", "JUAN DE LA CRUZ")
                .containsEntry("phone_e164", "+56987654321")
                .containsEntry("phone", "9 8765 4321")
                .containsEntry("rut", "76000013-2")
                .containsEntry("language", "es")
                .containsEntry("company", true)
                .containsEntry("lead", true)
                .containsEntry("duplicate_of", null);
        assertThat(rows(enriched, second).get(0)).containsEntry("duplicate_of", first);
        assertThat(rows(enriched, elsewhere).get(0))
                .as("another tenant's contact is no duplicate")
                .containsEntry("duplicate_of", null);

        JsonNode partner = sandbox("res.partner", "email", email).get(0);
        assertThat(partner.path("name").asText()).isEqualTo("Juan de la Cruz");
        assertThat(partner.path("phone").asText()).isEqualTo("+56987654321");
        assertThat(partner.path("vat").asText()).isEqualTo("76000013-2");
        assertThat(sandbox("crm.lead", "email_from", email).toString()).contains("hub_76000012_4.lead-" + first);
        assertThat(rows(
                        "select e.event_key = r.event_key as same_key, e.metadata::text as metadata from public.events e"
                                + " join public.events r on r.id::text = e.correlation_id"
                                + " where e.type = 'contact.enriched' and e.correlation_id = ?",
                        second.toString()))
                .singleElement()
                .satisfies(row -> {
                    assertThat(row).containsEntry("same_key", true);
                    assertThat(JSON.readTree(row.get("metadata").toString()))
                            .as("nothing personal")
                            .isEqualTo(JSON.readTree(
                                    "{\"has_phone\":true,\"has_rut\":true,\"language\":\"es\",\"duplicate\":true}"));
                });
    }

    @Test
    @DisplayName("what cannot be read stays what it was: markup and expressions in a form are text in Odoo")
    void hostileFormsAreText() throws Exception {
        String email = "x-" + UUID.randomUUID() + "@gmail.com";
        String name = "<b>${header.CamelEventId}</b>";
        String phone = "${body} {{x}} $simple{random(9)}";
        id(contact(
                "demo-ferreteria-sur",
                null,
                JSON.writeValueAsString(
                        Map.of("name", name, "email", email, "phone", phone, "message", "'; ${body} --"))));
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(sandbox("crm.lead", "email_from", email))
                .hasSize(1));
        JsonNode partner = sandbox("res.partner", "email", email).get(0);
        assertThat(partner.path("name").asText()).isEqualTo(name);
        assertThat(partner.path("phone").asText()).isEqualTo(phone);
        JsonNode lead = sandbox("crm.lead", "email_from", email).get(0);
        assertThat(lead.path("phone").asText()).isEqualTo(phone);
        assertThat(lead.path("description").asText()).contains("${body}");
    }

    private JsonNode chatwoot(String kind, String query) throws Exception {
        return JSON.readTree(http.send(
                        HttpRequest.newBuilder(URI.create(
                                        "http://127.0.0.1:" + sandboxPort + "/sandbox/chatwoot/" + kind + "?" + query))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body());
    }

    @Test
    @DisplayName("a contact becomes one contact and one conversation with the visitor's words in its tenant's Chatwoot")
    void contactReachesChatwoot() throws Exception {
        String email = "eva-" + UUID.randomUUID() + "@ejemplo.cl";
        String body = "{\"name\":\"eva ñandú\",\"email\":\"%s\",\"phone\":\"9 7654 3210\",\"message\":\"%s\"}";
        UUID first = id(contact("demo-ferreteria-sur", null, body.formatted(email, "¿Tienen taladros?")));
        UUID second = id(contact("demo-ferreteria-sur", null, body.formatted(email, "¿Y brocas?")));
        UUID elsewhere = id(contact("demo-pasteleria-norte", null, body.formatted(email, "¿Tortas?")));

        String linked = "select chatwoot_contact_id, chatwoot_conversation_id from public.contacts"
                + " where chatwoot_conversation_id is not null and odoo_partner_id is not null and id = ?";
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            for (UUID id : List.of(first, second, elsewhere)) {
                assertThat(rows(linked, id)).hasSize(1);
            }
            for (JsonNode one : chatwoot("contacts", "email=" + email)) {
                assertThat(one.at("/custom_attributes/odoo_partner_id").asInt()).isPositive();
            }
        });
        assertThat(chatwoot("contacts", "account=1&email=" + email))
                .singleElement()
                .satisfies(one -> {
                    assertThat(one.path("name").asText()).isEqualTo("Eva Ñandú");
                    assertThat(one.path("phone_number").asText()).isEqualTo("+56976543210");
                    assertThat(one.at("/custom_attributes/tenant_inbox").asText())
                            .isEqualTo("tenant-76000012-4");
                });
        assertThat(chatwoot("contacts", "account=2&email=" + email)).hasSize(1);
        Map<String, Object> row = rows(linked, first).get(0);
        assertThat(rows(linked, second).get(0))
                .containsEntry("chatwoot_contact_id", row.get("chatwoot_contact_id"))
                .doesNotContainEntry("chatwoot_conversation_id", row.get("chatwoot_conversation_id"));
        assertThat(chatwoot("messages", "account=1&conversation_id=" + row.get("chatwoot_conversation_id")))
                .singleElement()
                .satisfies(message -> {
                    assertThat(message.path("content").asText()).isEqualTo("¿Tienen taladros?");
                    assertThat(message.path("message_type").asInt())
                            .as("incoming")
                            .isZero();
                });
    }

    private static UUID id(HttpResponse<String> answer) throws IOException {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
        return UUID.fromString(JSON.readTree(answer.body()).path("id").asText());
    }

    /** As the owner of the database sees it. */
    private List<Map<String, Object>> rows(String sql, Object argument) {
        return new JdbcTemplate(new DriverManagerDataSource(
                        "jdbc:postgresql://127.0.0.1:" + database.embeddedPort() + "/postgres", "postgres", ""))
                .queryForList(sql, argument);
    }

    @Test
    @DisplayName("the same e-mail in two tenants is two partners in two companies")
    void tenantsStayApart() throws Exception {
        String email = "eva-" + UUID.randomUUID() + "@ejemplo.cl";
        contact("demo-ferreteria-sur", null, form("Eva", email, "Hola"));
        contact("demo-pasteleria-norte", null, form("Eva", email, "Hola"));
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(
                        rows("select 1 from public.contacts where odoo_partner_id is not null and email = ?", email))
                .hasSize(2));
        assertThat(sandbox("res.partner", "email", email)).hasSize(2);
        assertThat(sandbox("res.partner", "email", email).toString())
                .contains("hub_76000012_4.")
                .contains("hub_77000005_k.");
        assertThat(sandbox("crm.lead", "email_from", email))
                .as("only the first tenant wants leads")
                .hasSize(1);
    }

    @Test
    @DisplayName("no message, address or key appears in the log, the metrics, JMX or an error reply")
    void nothingLeaks(CapturedOutput output) throws Exception {
        String canary = "canario" + UUID.randomUUID().toString().replace("-", "");
        contact("demo-ferreteria-sur", canary + "-key", form(canary, canary + "@ejemplo.cl", canary));
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(sandbox("res.partner", "email", canary + "@ejemplo.cl"))
                        .hasSize(1));
        assertThat(contact(canary, null, form("Ana", "ana@ejemplo.cl", "x")).body())
                .doesNotContain(canary);
        assertThat(contact("demo-ferreteria-sur", null, form(canary, canary, ""))
                        .body())
                .contains("invalid-fields")
                .doesNotContain(canary);
        assertThat(output.getAll()).doesNotContain(canary);
        assertThat(management("/actuator/prometheus", true)).startsWith("200").doesNotContain(canary);
        assertThat(management("/actuator/jolokia/read/org.apache.camel:*", true))
                .startsWith("200")
                .doesNotContain(canary);
        assertThat(management("/admin/events", true)).startsWith("200").doesNotContain(canary);
    }

    private List<Map<String, Object>> mails(String to) {
        return vendors.resend().mails(Map.of("to", to));
    }

    @Test
    @DisplayName(
            "a contact makes a mail to the visitor and one to the tenant, and what became of them comes back as events")
    void contactMakesMails() throws Exception {
        String email = "ana-" + UUID.randomUUID() + "@ejemplo.cl";
        assertThat(contact("demo-ferreteria-sur", null, form("Ana <b>Soto</b>", email, "¿Tienen taladros?"))
                        .statusCode())
                .isEqualTo(201);
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(mails(email)).hasSize(1);
            assertThat(vendors.resend().mails(Map.of("to", "ventas@ferreteria-sur.example")).stream()
                            .filter(mail -> mail.get("subject").toString().contains(email)))
                    .hasSize(1);
        });
        Map<String, Object> mail = mails(email).get(0);
        assertThat(mail.get("subject")).isEqualTo("Gracias por contactar a Ferretería Sur");
        assertThat(mail.get("html").toString()).contains("Ana &lt;b&gt;Soto&lt;/b&gt;");
        String id = mail.get("id").toString();
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(management("/admin/events?type=mail.sent&tenant=76000012-4&limit=500", true))
                    .startsWith("200")
                    .contains("mail.sent");
            assertThat(management("/admin/events?type=resend.email_delivered&tenant=76000012-4&limit=500", true))
                    .contains(id);
        });
        assertThat(management("/admin/events?type=resend.*&tenant=77000005-K&limit=500", true))
                .as("the other tenant's endpoint")
                .doesNotContain(id);
    }

    @Test
    @DisplayName("an address that bounces for good gets no second mail, and the log says why without naming it")
    void bounces() throws Exception {
        String email = "bounced@ejemplo.cl";
        contact("demo-pasteleria-norte", null, form("Eva", email, "Hola"));
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(management("/admin/events?type=resend.email_bounced&tenant=77000005-K", true))
                    .contains("resend.email_bounced");
            assertThat(management("/admin/balance?tenant=77000005-K", true)).contains("\"pending\":0");
        });
        contact("demo-pasteleria-norte", null, form("Eva", email, "Otra vez"));
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(management("/admin/events?type=mail.skipped&tenant=77000005-K", true))
                        .contains("mail.skipped")
                        .doesNotContain(email));
        assertThat(mails(email)).hasSize(1);
    }

    @Test
    @DisplayName("metrics tell appends, attempts and requests by flow and tenant")
    void metrics() throws Exception {
        contact("demo-pasteleria-norte", null, form("Ana", "ana-metrics@ejemplo.cl", "Hola"));
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(management("/actuator/prometheus", true))
                .contains("hub_events_appended_total{")
                .contains("hub_delivery_attempts_total{")
                .contains("subscription=\"contact-to-odoo\"")
                .contains("tenant=\"77000005-K\"")
                .contains("hub_door_requests_seconds_count{"));
    }

    @Test
    @DisplayName(
            "a test delivery to each demo endpoint is taken by the hub's own door, and an unknown one is nothing to test")
    void endpointTest() throws Exception {
        for (String endpoint :
                List.of("demo-cw-1", "demo-cw-2", "demo-rs-1", "demo-rs-2", "demo-odoo-1", "demo-odoo-2")) {
            assertThat(tested(endpoint)).as(endpoint).isEqualTo("200\n{\"status\":200,\"says\":\"taken\"}");
        }
        assertThat(tested("demo-no-1")).startsWith("404");
    }

    @Test
    @DisplayName("an operator's check says a word to the tenant's bot and to nothing else that was not named")
    void botCheck() throws Exception {
        assertThat(changed("/admin/tenants/76000012-4/check", "{\"system\":\"Botpress\"}"))
                .startsWith("200")
                .contains("\"system\":\"Botpress\",\"part\":\"turn\",\"works\":true")
                .doesNotContain("Chatwoot");
    }

    private String tested(String endpoint) throws Exception {
        return changed("/admin/endpoints/" + endpoint + "/test", "{}");
    }

    private String changed(String path, String body) throws Exception {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + managementPort + path))
                        .header(
                                "Authorization",
                                "Basic " + Base64.getEncoder().encodeToString(("operator:" + PASSWORD).getBytes()))
                        .header("Content-Type", "application/json")
                        .header("X-Hub-Admin", "1")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        return answer.statusCode() + "\n" + answer.body();
    }

    @Test
    @DisplayName("the public port tells up or down and nothing more; the management port asks who is there")
    void ports() throws Exception {
        HttpResponse<String> health = http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + door.port() + "/health"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(health.body()).isEqualTo("{\"status\":\"up\"}");
        assertThat(management("/actuator/health", false)).startsWith("401");
        assertThat(management("/actuator/health", true))
                .startsWith("200")
                .contains("takes events", "76000012-4 odoo demo-odo", "77000005-K odoo demo-odo");
    }
}
