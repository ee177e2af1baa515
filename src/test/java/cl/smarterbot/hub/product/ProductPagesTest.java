package cl.smarterbot.hub.product;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.tenancy.TenantContext;
import cl.smarterbot.hub.testing.TestDatabase;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

@DisplayName("A run of the catalogue, page by page")
class ProductPagesTest {

    private static final String A = "76000012-4";
    private static final String B = "77000005-K";
    private static final int PAGE = 5;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TestDatabase DATABASE = TestDatabase.fresh();

    private final JdbcTemplate app = new JdbcTemplate(new TenantBoundDataSource(DATABASE.as("hub_app")));
    private final JdbcTemplate all = new JdbcTemplate(DATABASE.as("postgres"));

    @BeforeEach
    void empty() {
        DATABASE.superuser(
                "truncate public.products_cache, hub.product_sync, public.events, hub.payload, hub.delivery, hub.attempt");
    }

    private static Map<String, Object> product(int id, Object stock) {
        return Map.of(
                "id",
                id,
                "name",
                "Pan \"de\" O'Higgins 🥖 " + id,
                "barcode",
                false,
                "lst_price",
                id % 2 == 0 ? 0.0 : 990.5,
                "qty_available",
                stock,
                "categ_id",
                List.of(1, "Todos"),
                "active",
                true,
                "sale_ok",
                true,
                "write_date",
                "2026-11-25 06:02:05");
    }

    private static List<Map<String, Object>> products(int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj(i -> product(i, 10.0)).toList();
    }

    private boolean begin(UUID run, String mode, boolean allow) throws Exception {
        return TenantContext.call(
                A, () -> app.queryForObject("select hub.product_begin(?, ?, ?)", Boolean.class, run, mode, allow));
    }

    private String page(UUID run, String phase, int cursor, List<Map<String, Object>> page, boolean last)
            throws Exception {
        String rows = JSON.writeValueAsString(page.stream().map(Catalogue::row).toList());
        String met = page.stream().map(p -> p.get("id").toString()).collect(Collectors.joining(","));
        return TenantContext.call(
                A,
                () -> app.queryForObject(
                        "select hub.product_page(?, ?, ?, cast(string_to_array(?, ',') as int[]), ?, cast(? as jsonb))",
                        String.class,
                        run,
                        phase,
                        cursor,
                        met,
                        last,
                        rows));
    }

    /** A whole run over what Odoo has; returns how it ended. */
    private String full(List<Map<String, Object>> odoo, boolean allow) throws Exception {
        UUID run = UUID.randomUUID();
        assertThat(begin(run, "full", allow)).isTrue();
        int cursor = 0;
        while (true) {
            int after = cursor;
            List<Map<String, Object>> page = odoo.stream()
                    .filter(p -> (int) p.get("id") > after)
                    .limit(PAGE)
                    .toList();
            String result = page(run, "products", cursor, page, page.size() < PAGE);
            if (!result.equals("next")) {
                return result;
            }
            cursor = (int) page.get(page.size() - 1).get("id");
        }
    }

    private List<Integer> active() {
        return all.queryForList("select odoo_id from public.products order by odoo_id", Integer.class);
    }

    private int events(String type) {
        return all.queryForObject("select count(*) from public.events where type = ?", Integer.class, type);
    }

    @Test
    @DisplayName("ends with the cache equal to Odoo, and a second one that finds nothing new tells of nothing")
    void equal() throws Exception {
        assertThat(full(products(1, 13), false)).isEqualTo("done");
        assertThat(active()).hasSize(13);
        assertThat(events("product.upserted")).isEqualTo(13);
        assertThat(full(products(1, 13), false)).isEqualTo("done");
        assertThat(events("product.upserted")).isEqualTo(13);
        assertThat(events("product.refresh.completed")).isEqualTo(2);
        assertThat(all.queryForMap("select name, price, barcode, stock from public.products_cache where odoo_id = 2"))
                .containsEntry("name", "Pan \"de\" O'Higgins 🥖 2")
                .containsEntry("barcode", null)
                .containsEntry("price", new java.math.BigDecimal("0"));
    }

    @Test
    @DisplayName(
            "makes inactive what Odoo no longer has, wherever in the catalogue it was, and brings back what returns")
    void gone() throws Exception {
        full(products(1, 40), false);
        List<Map<String, Object>> left = new ArrayList<>(products(2, 39));
        left.removeIf(p -> List.of(7, 8, 20).contains(p.get("id")));
        assertThat(full(left, false)).isEqualTo("done");
        assertThat(active()).hasSize(35).doesNotContain(1, 7, 8, 20, 40);
        assertThat(events("product.upserted")).isEqualTo(45);
        assertThat(full(products(1, 40), false)).isEqualTo("done");
        assertThat(active()).hasSize(40);
    }

    @Test
    @DisplayName("takes away nothing on an empty or partial answer, until an operator says so")
    void wouldDeactivate() throws Exception {
        full(products(1, 60), false);
        assertThat(full(List.of(), false)).isEqualTo("failed");
        assertThat(full(products(1, 30), false)).isEqualTo("failed");
        assertThat(active()).hasSize(60);
        assertThat(all.queryForList(
                        "select metadata ->> 'reason' from public.events where type = 'product.refresh.failed'",
                        String.class))
                .containsExactly("would_deactivate", "would_deactivate");
        assertThat(full(products(1, 30), true)).isEqualTo("done");
        assertThat(active()).hasSize(30);
    }

    @Test
    @DisplayName("is empty for a small catalogue too, and that is no word to wipe it")
    void smallCatalogue() throws Exception {
        full(products(1, 4), false);
        assertThat(full(List.of(), false)).isEqualTo("failed");
        assertThat(active()).hasSize(4);
    }

    @Test
    @DisplayName("takes each page once, however often it is delivered, and a run that was replaced writes nothing")
    void once() throws Exception {
        UUID run = UUID.randomUUID();
        begin(run, "full", false);
        assertThat(begin(run, "full", false)).isTrue();
        assertThat(page(run, "products", 0, products(1, 5), false)).isEqualTo("next");
        assertThat(page(run, "products", 0, products(1, 5), false)).isEqualTo("stale");
        assertThat(events("product.upserted")).isEqualTo(5);
        UUID other = UUID.randomUUID();
        assertThat(begin(other, "incremental", false)).isFalse();
        DATABASE.superuser("update hub.product_sync set step_at = now() - interval '16 minutes'");
        assertThat(begin(other, "full", false)).isTrue();
        assertThat(page(run, "products", 5, products(6, 9), true)).isEqualTo("stale");
        assertThat(active()).hasSize(5);
        assertThat(events("product.refresh.failed")).isEqualTo(1);
    }

    @Test
    @DisplayName("asked for during another is followed by one more, the wider of what was asked")
    void again() throws Exception {
        UUID run = UUID.randomUUID();
        begin(run, "full", false);
        begin(UUID.randomUUID(), "full", false);
        begin(UUID.randomUUID(), "incremental", false);
        assertThat(page(run, "products", 0, products(1, 3), true)).isEqualTo("done");
        assertThat(all.queryForList(
                        "select metadata ->> 'mode' from public.events where type = 'product.refresh.requested'",
                        String.class))
                .containsExactly("full");
    }

    @Test
    @DisplayName("asked for with an operator's word during another keeps that word")
    void againAllowed() throws Exception {
        UUID run = UUID.randomUUID();
        begin(run, "full", false);
        begin(UUID.randomUUID(), "full", true);
        begin(UUID.randomUUID(), "incremental", false);
        assertThat(page(run, "products", 0, products(1, 3), true)).isEqualTo("done");
        assertThat(all.queryForMap("select metadata ->> 'mode' as mode, metadata ->> 'allow_deactivation' as allow"
                        + " from public.events where type = 'product.refresh.requested'"))
                .containsEntry("mode", "full")
                .containsEntry("allow", "true");
    }

    @Test
    @DisplayName(
            "whose page nobody tries any more is replaced at once, and what was asked for during it is not forgotten")
    void dead() throws Exception {
        full(products(1, 3), false);
        UUID run = UUID.randomUUID();
        begin(run, "incremental", false);
        begin(UUID.randomUUID(), "full", true);
        UUID other = UUID.randomUUID();
        assertThat(begin(other, "incremental", false)).isFalse();
        DATABASE.superuser(
                "insert into hub.delivery (event_id, tenant_rut, subscription, event_key, state, finished_at)"
                        + " values (gen_random_uuid(), '" + A
                        + "', 'product-sync-page', 'product-sync', 'dead', clock_timestamp())");
        assertThat(begin(other, "incremental", false)).isTrue();
        assertThat(all.queryForMap("select mode, allow, again from hub.product_sync"))
                .containsEntry("mode", "full")
                .containsEntry("allow", true)
                .containsEntry("again", null);
        assertThat(page(run, "products", 0, List.of(), true)).isEqualTo("stale");
    }

    @Test
    @DisplayName(
            "tells of low stock once for each crossing and not of what it sees first, and holds a thousand million of a thing")
    void low() throws Exception {
        full(List.of(product(1, 10.0), product(2, 0.0)), false);
        for (Object stock : List.of(5.0, 4.5, 1.0E9, 0.25)) {
            full(List.of(product(1, stock), product(2, 0.0)), false);
        }
        assertThat(events("stock.low")).isEqualTo(2);
        full(List.of(product(1, 1.0E9), product(2, 0.0)), false);
        assertThat(all.queryForObject("select stock::text from public.products_cache where odoo_id = 1", String.class))
                .isEqualTo("1000000000");
    }

    @Test
    @DisplayName("is one tenant's: another sees nothing of it, and nobody may write the cache by hand")
    void fenced() throws Exception {
        full(products(1, 3), false);
        assertThat(TenantContext.call(
                        B, () -> app.queryForObject("select count(*) from public.products", Integer.class)))
                .isZero();
        assertThat(TenantContext.call(
                        A, () -> app.queryForObject("select count(*) from public.products", Integer.class)))
                .isEqualTo(3);
        assertThatThrownBy(() -> TenantContext.call(A, () -> app.update("update public.products_cache set price = 1")))
                .hasStackTraceContaining("permission denied");
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89})
    @DisplayName(
            "and any interleaving of changes, repeated pages and runs left behind, ends equal to Odoo after one quiet run")
    void interleaved(long seed) throws Exception {
        Random random = new Random(seed);
        TreeMap<Integer, Map<String, Object>> odoo = new TreeMap<>();
        products(1, 20).forEach(p -> odoo.put((int) p.get("id"), p));
        int nextId = 21;
        for (int round = 0; round < 6; round++) {
            UUID run = UUID.randomUUID();
            assertThat(begin(run, "full", true)).isTrue();
            int cursor = 0;
            int leftAfter = random.nextInt(12);
            for (int step = 0; step < leftAfter; step++) {
                List<Map<String, Object>> page = odoo.tailMap(cursor, false).values().stream()
                        .limit(PAGE)
                        .toList();
                // Odoo goes on while its answer is under way.
                int id = 1 + random.nextInt(nextId);
                switch (random.nextInt(3)) {
                    case 0 -> odoo.remove(id);
                    case 1 -> odoo.computeIfPresent(id, (i, p) -> product(i, (double) random.nextInt(30)));
                    default -> odoo.put(nextId, product(nextId++, 7.0));
                }
                String result = page(run, "products", cursor, page, page.size() < PAGE);
                assertThat(page(run, "products", cursor, page, page.size() < PAGE))
                        .isEqualTo("stale");
                if (!result.equals("next")) {
                    break;
                }
                cursor = (int) page.get(page.size() - 1).get("id");
            }
            DATABASE.superuser("update hub.product_sync set step_at = now() - interval '16 minutes'");
        }
        assertThat(full(List.copyOf(odoo.values()), true)).isEqualTo("done");
        assertThat(active()).containsExactlyElementsOf(odoo.keySet());
        Map<Integer, Double> stock = new TreeMap<>();
        all.query("select odoo_id, stock::float8 from public.products", r -> {
            stock.put(r.getInt(1), r.getDouble(2));
        });
        odoo.forEach((id, p) -> assertThat(stock).containsEntry(id, (Double) p.get("qty_available")));
    }
}
