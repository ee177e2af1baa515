package cl.smarterbot.hub.door;

import cl.smarterbot.hub.product.ProductList;
import cl.smarterbot.hub.product.ProductView;
import cl.smarterbot.hub.resend.ResendEvents;
import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.tenancy.EndpointSecrets;
import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.tenancy.TenantInterceptStrategy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.testing.TestDatabase;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.camel.component.sql.SqlComponent;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.yaml.snakeyaml.Yaml;

/**
 * One replica's public port with every door route as it ships, on a real database with two tenants. Nothing is delivered: there
 * are no subscriptions. Every answer is held against the API description.
 */
final class ApiHub extends DoorHub {

    static final String FERRETERIA = "76000012-4";
    static final String PASTELERIA = "77000005-K";
    static final String CASA = "78000009-0";
    static final String CLOSED = "76123403-K";
    static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();

    /** What came back. */
    record Reply(int status, Map<String, List<String>> headers, String body) {
        JsonNode json() {
            try {
                return JSON.readTree(body);
            } catch (IOException e) {
                throw new UncheckedIOException(body, e);
            }
        }

        String header(String name) {
            return headers.entrySet().stream()
                    .filter(h -> h.getKey().equalsIgnoreCase(name))
                    .map(h -> h.getValue().get(0))
                    .findFirst()
                    .orElse(null);
        }

        String type() {
            return json().path("type").asText().replace("urn:smarteros:problem:", "");
        }

        /** {@code field:rule} of every broken rule. */
        List<String> errors() {
            return StreamSupport.stream(json().path("errors").spliterator(), false)
                    .map(e -> e.path("field").asText() + ":" + e.path("rule").asText())
                    .toList();
        }
    }

    ApiHub() throws Exception {
        this(registry -> SignedInUsers.NONE);
    }

    ApiHub(Function<TenantRegistry, SignedInUsers> users) throws Exception {
        super(prepared(), Duration.ofSeconds(1));
        serve(new DoorServer(
                PORT,
                registry,
                guards(new GuardProperties(List.of(), "X-Forwarded-For", 1_000_000, "website", Duration.ZERO)),
                users.apply(registry),
                new WebhookVerifier(
                        new EndpointSecrets(
                                EncryptedFileSecretStore.open(
                                        Files.createTempDirectory("hub-api").resolve("secrets.enc")),
                                Clock.systemUTC()),
                        Clock.systemUTC(),
                        Duration.ofMinutes(5),
                        meters),
                new WorkerProperties(4, 64),
                meters,
                () -> true));
        camel.getComponent("sql", SqlComponent.class).setDataSource(new TenantBoundDataSource(pool("hub_app", 6)));
        camel.getCamelContextExtension().addInterceptStrategy(new TenantInterceptStrategy());
        camel.getRegistry().bind("contactForm", new ContactForm("website", Duration.ZERO));
        camel.getRegistry().bind("contactPage", new ContactPage());
        camel.getRegistry().bind("contactView", new ContactView());
        camel.getRegistry().bind("productList", new ProductList());
        camel.getRegistry().bind("productView", new ProductView());
        camel.getRegistry().bind("contactChange", new ContactChange());
        camel.getRegistry().bind("resendEvents", new ResendEvents(rut -> true));
        camel.getRegistry().bind("chatwootWebhook", new cl.smarterbot.hub.conversation.ChatwootWebhook(registry));
        camel.getRegistry().bind("botpressWebhook", new cl.smarterbot.hub.conversation.BotpressWebhook());
        camel.getRegistry().bind("odooWebhook", new cl.smarterbot.hub.odoo.OdooWebhook());
        camel.getRegistry().bind("botpressReplies", new cl.smarterbot.hub.botpress.BotpressReplies());
        loadDoors();
        start();
    }

    private static TestDatabase prepared() {
        TestDatabase database = TestDatabase.fresh();
        database.superuser("insert into public.tenants (rut, business_name, active) values"
                + " ('76000012-4', 'Ferreteria Sur', true), ('77000005-K', 'Pasteleria Norte', true),"
                + " ('78000009-0', 'Casa', true), ('76123403-K', 'Cerrada', false)");
        database.superuser("insert into hub.tenant_settings (tenant_rut, slug, plan, house) values"
                + " ('76000012-4', 'f', 'unlimited', false), ('77000005-K', 'p', 'unlimited', false),"
                + " ('78000009-0', 'c', 'unlimited', true), ('76123403-K', 'x', 'unlimited', false)");
        database.superuser("insert into hub.tenant_origin (host, tenant_rut) values"
                + " ('ferreteria.example', '76000012-4'), ('pasteleria.example', '77000005-K'),"
                + " ('panel.example', '78000009-0')");
        database.superuser(
                "insert into hub.api_key (tenant_rut, name, key_hash, scopes) values"
                        + " ('76000012-4', 'a', sha256('demo-ferreteria-sur'), '{contacts:write,contacts:read,contacts:manage,products:read}'),"
                        + " ('76000012-4', 'b', sha256('key-that-reads'), '{contacts:read}'),"
                        + " ('77000005-K', 'c', sha256('demo-pasteleria-norte'), '{contacts:write,contacts:read,contacts:manage,products:read}')");
        return database;
    }

    /** The routes that have a door, without those that work on their events. */
    private void loadDoors() throws Exception {
        Path routes = Path.of("src", "main", "resources", "routes");
        try (Stream<Path> files = Files.walk(routes)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".yaml"))
                    .sorted((a, b) -> b.getNameCount() - a.getNameCount())
                    .toList()) {
                try (Reader reader = Files.newBufferedReader(file)) {
                    List<Map<String, Map<String, Object>>> all = new Yaml().load(reader);
                    List<?> wanted = all.stream().filter(ApiHub::isDoorOrPolicy).toList();
                    if (!wanted.isEmpty()) {
                        PluginHelper.getRoutesLoader(camel)
                                .loadRoutes(ResourceHelper.fromString(
                                        file.getFileName().toString(), new Yaml().dump(wanted)));
                    }
                }
            }
        }
    }

    private static boolean isDoorOrPolicy(Map<String, Map<String, Object>> entry) {
        return entry.containsKey("routeConfiguration")
                || entry.containsKey("route")
                        && entry.get("route").get("from") instanceof Map<?, ?> from
                        && String.valueOf(from.get("uri")).startsWith("door:");
    }

    /**
     * Sends a request with an API key.
     *
     * @param key null for none
     * @param body null for none
     * @param headers name, value, name, value ...
     */
    Reply send(String method, String path, String key, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (key != null) {
            request.header("X-API-Key", key);
        }
        if (body != null && Stream.of(headers).noneMatch("Content-Type"::equals)) {
            request.header("Content-Type", "application/json");
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            String contentType = answer.headers().firstValue("Content-Type").orElse("");
            Contract.check(method, path, answer.statusCode(), contentType, answer.body());
            return new Reply(answer.statusCode(), answer.headers().map(), answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    Reply get(String path, String key) {
        return send("GET", path, key, null);
    }

    /** A contact of a tenant, as its form would have made it. */
    UUID contact(String tenant, String name, String createdAt) {
        UUID id = UUID.randomUUID();
        sql.update(
                "insert into public.contacts (tenant_rut, id, name, email, message, created_at, updated_at)"
                        + " values (?, ?, ?, ?, 'Hola', ?::timestamptz, ?::timestamptz)",
                tenant,
                id,
                name,
                name.toLowerCase(java.util.Locale.ROOT) + "@ejemplo.cl",
                createdAt,
                createdAt);
        return id;
    }

    /** A product that a tenant sells, as a run of the catalogue would have written it. */
    void product(String tenant, int id, String name, String category) {
        sql.update(
                "insert into public.products_cache"
                        + " (tenant_rut, odoo_id, product_tmpl_id, sku, barcode, name, price, stock, category, content_hash)"
                        + " values (?, ?, ?, 'TAL-' || ?, ?, ?, 39990.00, 12.50, ?, '')",
                tenant,
                id,
                id,
                id,
                "780" + id,
                name,
                category);
    }

    void emptyContacts() {
        database.superuser("truncate public.contacts");
    }
}
