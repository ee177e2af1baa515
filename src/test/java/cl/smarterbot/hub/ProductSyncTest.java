package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
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
    private static final String RUT = "76000012-4";

    @TempDir
    static Path data;

    @Autowired
    private HubDatabase database;

    @Autowired
    private SandboxServer vendors;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
        int sandboxPort;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            sandboxPort = socket.getLocalPort();
        }
        String sandbox = "http://127.0.0.1:" + sandboxPort;
        registry.add("hub.sandbox.port", () -> sandboxPort);
        for (String vendor : List.of("chatwoot", "odoo", "resend", "botpress")) {
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
        registry.add("hub.retry.initial-delay", () -> 10);
    }

    @AfterEach
    void healthy() {
        vendors.trouble().clear();
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
        assertThat(skus).containsExactly("FER-001", "FER-002", "FER-003", "FER-004", "FER-005", "FER-006");
        assertThat(cached("FER-001"))
                .containsEntry("name", "Martillo carpintero 16 oz")
                .containsEntry("price", 8990.0)
                .containsEntry("stock", 42.0);
        assertThat(jdbc().queryForObject(
                                "select count(*) from public.events where type = 'product.upserted' and tenant_rut = ?",
                                Integer.class,
                                RUT))
                .isEqualTo(6);
    }
}
