package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.door.DoorServer;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** Odoo's catalogue into the cache by the routes themselves, over real HTTP, in pages of two. */
@SpringBootTest(classes = HubApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ActiveProfiles("demo")
@DirtiesContext
@DisplayName("The catalogue")
class ProductSyncTest {

    private static final Duration BOUND = Duration.ofSeconds(30);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RUT = "76000012-4";

    @TempDir
    static Path data;

    @Autowired
    private HubDatabase database;

    @Autowired
    private SandboxServer vendors;

    @Autowired
    private DoorServer door;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
        int sandboxPort;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            sandboxPort = socket.getLocalPort();
        }
        String sandbox = "http://127.0.0.1:" + sandboxPort;
        registry.add("hub.sandbox.port", () -> sandboxPort);
        for (String vendor : List.of("chatwoot", "odoo", "resend", "botpress", "storage")) {
            registry.add("hub." + vendor + ".url", () -> sandbox);
        }
        registry.add("hub.door.port", () -> 0);
        registry.add("hub.database.data-dir", () -> data.toString());
        registry.add("hub.admin.data-dir", () -> data.toString());
        registry.add("hub.admin.password", () -> "a-password-for-tests");
        registry.add("hub.secrets.file", () -> data.resolve("secrets.enc").toString());
        registry.add("hub.products.page-size", () -> 2);
        registry.add("hub.products.often", () -> "0 0 1 1 *");
        registry.add("hub.products.nightly", () -> "0 0 1 1 *");
        registry.add("hub.products.settle", () -> 3);
        registry.add("hub.retry.initial-delay", () -> 10);
    }

    @AfterEach
    void asBefore() {
        vendors.trouble().clear();
        vendors.odoo().reset();
        jdbc().execute("truncate public.products_cache, hub.product_sync");
        jdbc().execute("truncate public.events, hub.payload, hub.delivery, hub.attempt");
    }

    private JdbcTemplate jdbc() {
        return new JdbcTemplate(new DriverManagerDataSource(
                "jdbc:postgresql://127.0.0.1:" + database.embeddedPort() + "/postgres", "postgres", ""));
    }

    private int completed() {
        return jdbc().queryForObject(
                        "select count(*) from public.events where type = 'product.refresh.completed' and tenant_rut = ?",
                        Integer.class,
                        RUT);
    }

    /** One run of the tenant, from the request to its end. */
    private void run(String mode) {
        int before = completed();
        jdbc().execute("select hub.product_events('" + RUT
                + "', array['product.refresh.requested'], array['product-sync'],"
                + " array[jsonb_build_object('mode', '" + mode + "')])");
        await().atMost(BOUND).until(() -> completed() > before);
    }

    private Map<String, Object> cached(String sku) {
        return jdbc().queryForMap(
                        "select odoo_id, name, price::float8 as price, stock::float8 as stock, is_active from"
                                + " public.products_cache where tenant_rut = ? and sku = ?",
                        RUT,
                        sku);
    }

    @Test
    @DisplayName("is Odoo's after a full run, though pages fail on the way, and no product is told of twice")
    void endToEnd() {
        vendors.trouble()
                .add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.STATUS)
                        .on("product.product", "search_read")
                        .status(503)
                        .times(2));
        run("full");
        List<String> skus = jdbc().queryForList(
                        "select sku from public.products_cache where tenant_rut = ? and is_active order by sku",
                        String.class,
                        RUT);
        assertThat(skus).hasSize(20).startsWith("FER-001", "FER-002").endsWith("FER-020");
        assertThat(cached("FER-001"))
                .containsEntry("name", "Martillo carpintero 16 oz")
                .containsEntry("price", 8990.0)
                .containsEntry("stock", 42.0);
        assertThat(jdbc().queryForObject(
                                "select count(*) from public.events where type = 'product.upserted' and tenant_rut = ?",
                                Integer.class,
                                RUT))
                .isEqualTo(20);
    }

    @Test
    @DisplayName("takes in with the next run what changed: a template's price, a quantity, an archived product")
    void changes() throws Exception {
        run("full");
        odoo(
                "product.template/write",
                Map.of(
                        "ids",
                                List.of(odoo(
                                                "product.product/search_read",
                                                Map.of(
                                                        "domain", List.of(List.of("default_code", "=", "FER-002")),
                                                        "fields", List.of("product_tmpl_id")))
                                        .get(0)
                                        .get("product_tmpl_id")
                                        .get(0)
                                        .asInt()),
                        "vals", Map.of("list_price", 41990)));
        JsonNode quants = odoo(
                "stock.quant/search_read",
                Map.of(
                        "domain",
                                List.of(List.of(
                                        "product_id", "=", cached("FER-003").get("odoo_id"))),
                        "fields", List.of("quantity")));
        List<Integer> quant = List.of(quants.get(0).get("id").asInt());
        odoo("stock.quant/write", Map.of("ids", quant, "vals", Map.of("inventory_quantity", 3)));
        odoo("stock.quant/action_apply_inventory", Map.of("ids", quant));
        odoo(
                "product.product/write",
                Map.of("ids", List.of(cached("FER-004").get("odoo_id")), "vals", Map.of("active", false)));
        run("incremental");
        assertThat(cached("FER-002")).containsEntry("price", 41990.0);
        assertThat(cached("FER-003")).containsEntry("stock", 3.0);
        assertThat(cached("FER-004")).containsEntry("is_active", false);
        assertThat(jdbc().queryForObject(
                                "select count(*) from public.events where type = 'stock.low' and tenant_rut = ?"
                                        + " and event_key = ?",
                                Integer.class,
                                RUT,
                                "product-" + cached("FER-003").get("odoo_id")))
                .isEqualTo(1);
    }

    @Test
    @DisplayName(
            "learns that the last piece is gone, although Odoo deletes a quant of nothing and leaves only the move")
    void nothingLeft() throws Exception {
        run("full");
        assertThat((Double) cached("FER-003").get("stock")).isPositive();
        List<Integer> quant = List.of(odoo(
                        "stock.quant/search_read",
                        Map.of(
                                "domain",
                                        List.of(List.of(
                                                "product_id",
                                                "=",
                                                cached("FER-003").get("odoo_id"))),
                                "fields", List.of("quantity")))
                .get(0)
                .get("id")
                .asInt());
        odoo("stock.quant/write", Map.of("ids", quant, "vals", Map.of("inventory_quantity", 0)));
        odoo("stock.quant/action_apply_inventory", Map.of("ids", quant));
        odoo("stock.quant/unlink", Map.of("ids", quant));
        run("incremental");
        assertThat(cached("FER-003")).containsEntry("stock", 0.0);
    }

    @Test
    @DisplayName("is read early when Odoo's webhook reports a product, and not for a partner")
    void reported() throws Exception {
        run("full");
        String template =
                "{\"_model\":\"product.template\",\"_id\":%d,\"_action\":\"Avisar(#7)\",\"name\":\"Taladro\"}";
        assertThat(tell("demo-odoo-1", template.formatted(5), null)).isEqualTo(200);
        await().atMost(BOUND).until(() -> completed() > 1);
        assertThat(told("metadata ->> 'mode'", "product.refresh.completed")).containsExactly("full", "incremental");
        assertThat(told("event_key", "odoo.record_changed")).containsExactly("product.template/5");
        assertThat(told("tenant_rut", "odoo.record_changed")).containsExactly(RUT);

        assertThat(tell("demo-odoo-1", "{\"_model\":\"res.partner\",\"_id\":3}", "demo-odoo-secret-1"))
                .isEqualTo(200);
        await().atMost(BOUND)
                .until(() -> jdbc().queryForObject(
                                        "select count(*) from hub.delivery d join public.events e on e.id = d.event_id"
                                                + " where e.event_key = 'res.partner/3' and d.state = 'done'",
                                        Integer.class)
                        == 1);
        assertThat(told("id", "product.refresh.requested")).hasSize(2);
    }

    @Test
    @DisplayName("takes no report with a wrong secret, at another tenant's address with this one's, or without a model")
    void refusedReports() throws Exception {
        String body = "{\"_model\":\"product.product\",\"_id\":1}";
        assertThat(tell("demo-odoo-1", body, "demo-odoo-secret-2")).isEqualTo(401);
        assertThat(tell("demo-odoo-2", body, "demo-odoo-secret-1")).isEqualTo(401);
        assertThat(tell("demo-odoo-3", body, null)).isEqualTo(401);
        assertThat(tell("demo-odoo-1", "{\"_id\":1}", null)).isEqualTo(400);
        assertThat(tell("demo-odoo-1", "[]", null)).isEqualTo(400);
        assertThat(told("id", "odoo.record_changed")).isEmpty();
    }

    private List<String> told(String column, String type) {
        return jdbc().queryForList(
                        "select " + column + "::text from public.events where type = ? order by received_at, id",
                        String.class,
                        type);
    }

    /** @param secret null for none */
    private int tell(String endpoint, String body, String secret) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + door.port() + "/webhooks/odoo/" + endpoint))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (secret != null) {
            request.header("X-Webhook-Secret", secret);
        }
        return HttpClient.newHttpClient()
                .send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private long read(String model) {
        Map<?, ?> read = (Map<?, ?>) vendors.odoo().stats().get("read");
        return read.get(model) instanceof Long n ? n : 0;
    }

    @Test
    @DisplayName("costs Odoo only what changed: of a larger catalogue an incremental run asks for no other product")
    void selective() {
        vendors.odoo().products(1, 40, 24);
        run("full");
        assertThat(read("product.product")).isEqualTo(60);
        // The seed was written a moment ago: the ten minutes that a run looks back are to have passed since then.
        String then = jdbc().queryForObject("select date_trunc('second', clock_timestamp())::text", String.class);
        await().atMost(BOUND).until(() -> jdbc().queryForObject(
                        "select clock_timestamp() >= ?::timestamptz + interval '1 second'", Boolean.class, then));
        jdbc().update("update hub.product_sync set synced_through = clock_timestamp() + interval '10 minutes'");
        vendors.odoo().touchProducts(1, 6);
        run("incremental");
        assertThat(read("product.product")).isEqualTo(66);
        assertThat(read("stock.quant")).isEqualTo(2);
        assertThat(jdbc().queryForObject(
                                "select changed from hub.product_sync where tenant_rut = ?", Integer.class, RUT))
                .isEqualTo(6);
    }

    @Test
    @DisplayName("is read once, early, for many changes that Odoo reports within a moment")
    void settles() {
        run("full");
        int before = completed();
        for (String model : List.of("product.product", "stock.quant", "product.template", "res.partner")) {
            jdbc().execute("select hub.product_events('" + RUT + "', array['odoo.record_changed'], array['" + model
                    + "'], array[jsonb_build_object('model', '" + model + "')])");
        }
        await().atMost(BOUND).until(() -> completed() > before);
        assertThat(jdbc().queryForObject(
                                "select count(*) from hub.delivery where subscription = 'product-sync-reported'"
                                        + " and state = 'done'",
                                Integer.class))
                .isEqualTo(4);
        // Nothing more is to come.
        assertThat(jdbc().queryForObject(
                                "select next_at > now() + interval '1 hour' from hub.schedule_due"
                                        + " where name = 'product-refresh' and tenant_rut = ?",
                                Boolean.class,
                                RUT))
                .isTrue();
        assertThat(completed()).isEqualTo(before + 1);
    }

    private void settled() {
        await().atMost(BOUND)
                .until(() -> jdbc().queryForObject(
                                        "select count(*) from hub.delivery where state not in ('done', 'dead')",
                                        Integer.class)
                        == 0);
    }

    /** Odoo tells times by the second: a second write within one would look like none. */
    private void picture(String sku, Object base64) {
        Object id = cached(sku).get("odoo_id");
        String asked = jdbc().queryForObject(
                        "select to_char(image_source_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from"
                                + " public.products_cache where tenant_rut = ? and sku = ?",
                        String.class,
                        RUT,
                        sku);
        await().atMost(BOUND).until(() -> {
            odoo("product.product/write", Map.of("ids", List.of(id), "vals", Map.of("image_1920", base64)));
            JsonNode written = odoo(
                    "product.product/search_read",
                    Map.of("domain", List.of(List.of("id", "=", id)), "fields", List.of("write_date")));
            return !written.get(0).path("write_date").asText().equals(asked);
        });
    }

    private Map<String, Object> image(String sku) {
        return jdbc().queryForMap(
                        "select image_path, image_hash, seq from public.products_cache where tenant_rut = ? and sku = ?",
                        RUT,
                        sku);
    }

    private static String png(int n) {
        return Base64.getEncoder()
                .encodeToString(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', (byte) n});
    }

    @Test
    @DisplayName("leaves pictures in Odoo, and asks for none, unless the tenant wants copies")
    void noPictures() {
        run("full");
        picture("FER-001", png(1));
        run("incremental");
        settled();
        assertThat(jdbc().queryForObject(
                                "select count(*) from public.events where type = 'product.image_wanted'",
                                Integer.class))
                .isZero();
        assertThat(vendors.storage().objects(Map.of())).isEmpty();
    }

    @Test
    @DisplayName(
            "has copies of pictures for a tenant that wants them: once, again when they change, none when they are gone")
    void pictures() {
        jdbc().update("update hub.tenant_settings set storage_product_images = true where tenant_rut = ?", RUT);
        try {
            run("full");
            picture("FER-001", png(1));
            picture("FER-002", Base64.getEncoder().encodeToString("<svg/>".getBytes(StandardCharsets.US_ASCII)));
            vendors.trouble()
                    .add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.LOST_ANSWER)
                            .on("objects", "upload")
                            .times(1));
            run("incremental");
            settled();
            String path = RUT + "/products/" + cached("FER-001").get("odoo_id");
            Map<String, Object> first = image("FER-001");
            assertThat(first).containsEntry("image_path", path);
            assertThat(vendors.storage().object(path))
                    .isEqualTo(Base64.getDecoder().decode(png(1)));
            assertThat(image("FER-002")).containsEntry("image_path", null);
            assertThat(vendors.storage().objects(Map.of())).hasSize(1);

            run("full");
            settled();
            assertThat(image("FER-001")).as("nothing changed").isEqualTo(first);

            picture("FER-001", png(2));
            run("incremental");
            settled();
            assertThat(vendors.storage().object(path))
                    .isEqualTo(Base64.getDecoder().decode(png(2)));
            assertThat(((Number) image("FER-001").get("seq")).longValue())
                    .isGreaterThan(((Number) first.get("seq")).longValue());

            picture("FER-001", false);
            run("incremental");
            settled();
            assertThat(image("FER-001")).containsEntry("image_path", null);
        } finally {
            jdbc().update("update hub.tenant_settings set storage_product_images = false where tenant_rut = ?", RUT);
            vendors.storage().reset();
        }
    }

    private JsonNode odoo(String path, Map<String, Object> body) throws Exception {
        HttpResponse<byte[]> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(vendors.uri() + "/json/2/" + path))
                                .header("Content-Type", "application/json")
                                .header("Authorization", "bearer demo-odoo-ferreteria-sur")
                                .header("X-Odoo-Database", "demo")
                                .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)))
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray());
        assertThat(answer.statusCode())
                .as(new String(answer.body(), StandardCharsets.UTF_8))
                .isEqualTo(200);
        return JSON.readTree(answer.body());
    }
}
