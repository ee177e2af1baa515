package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.door.ApiHub.Reply;
import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The products API")
class ProductsApiTest {

    private static final String KEY = "demo-ferreteria-sur";
    private static final String OTHER_KEY = "demo-pasteleria-norte";
    private static ApiHub hub;

    @BeforeAll
    static void open() throws Exception {
        hub = new ApiHub();
    }

    @AfterAll
    static void close() {
        hub.close();
    }

    @BeforeEach
    void empty() {
        hub.database.superuser("truncate public.products_cache");
    }

    private static void product(int id, String name) {
        hub.product(ApiHub.FERRETERIA, id, name, "Herramientas");
    }

    /** As a run of the catalogue does it: each change has a number of its own. */
    private static void change(int id, String set) {
        hub.sql.update(
                "update public.products_cache set " + set + ", seq = nextval('hub.product_seq'), updated_at = now()"
                        + " where tenant_rut = '76000012-4' and odoo_id = ?",
                id);
    }

    private static JsonNode list(String query) {
        Reply reply = hub.get("/products" + query, KEY);
        assertThat(reply.status()).as(query + " " + reply.body()).isEqualTo(200);
        return reply.json();
    }

    private static List<Integer> ids(JsonNode page) {
        List<Integer> ids = new ArrayList<>();
        page.path("products").forEach(p -> ids.add(p.path("odoo_id").asInt()));
        return ids;
    }

    @Test
    @DisplayName("a product has its price and stock as numbers, and nothing that is not for a storefront")
    void shape() {
        product(7, "Pan \"de\" O'Higgins 🥖");
        hub.sql.update("update public.products_cache set stock = 1e9, price = 0.50, sku = null");
        JsonNode product = list("").path("products").get(0);
        assertThat(product.path("name").asText()).isEqualTo("Pan \"de\" O'Higgins 🥖");
        assertThat(product.path("price").decimalValue()).isEqualByComparingTo(new BigDecimal("0.5"));
        assertThat(product.path("stock").isIntegralNumber()).isTrue();
        assertThat(product.path("stock").asLong()).isEqualTo(1_000_000_000L);
        assertThat(product.path("currency").asText()).isEqualTo("CLP");
        assertThat(product.path("sku").isNull()).isTrue();
        assertThat(product.path("is_active").asBoolean()).isTrue();
        List<String> names = new ArrayList<>();
        product.fieldNames().forEachRemaining(names::add);
        assertThat(names).doesNotContain("tenant_rut", "seq", "content_hash", "words", "source_write_date");
        assertThat(hub.get("/products/7", KEY).json()).isEqualTo(product);
    }

    @Test
    @DisplayName("pages have every active product of the tenant once, also while others come and go")
    void paging() {
        List<Integer> made = new ArrayList<>();
        for (int i = 1; i <= 20; i++) {
            product(i, "P" + i);
            hub.product(ApiHub.PASTELERIA, i, "T" + i, "Tortas");
            if (i % 4 == 0) {
                change(i, "is_active = false");
            } else {
                made.add(i);
            }
        }
        List<Integer> seen = new ArrayList<>();
        String cursor = null;
        int late = 100;
        do {
            JsonNode page = list("?limit=4" + (cursor == null ? "" : "&cursor=" + cursor));
            assertThat(page.path("count").asInt())
                    .isEqualTo(page.path("products").size());
            seen.addAll(ids(page));
            cursor = page.path("next_cursor").asText(null);
            change(1, "stock = stock + 1");
            if (late == 100) {
                product(late++, "late");
                made.add(100);
            }
        } while (cursor != null);
        assertThat(seen).containsExactlyElementsOf(made);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "taladro | 1 2 3",
                "TALADROS | 1 2 3",
                "taladr | 1 2 3",
                "taladro 550 | 1",
                "550 taladro | 1",
                "electrico | 2",
                "ELÉCTRICOS | 2",
                "TAL-3 | 3",
                "tal | 1 2 3 4",
                "7804 | 4",
                "o higgins | 4",
                "pinon | 5",
                "PIÑON | 5",
                "piñón | 5",
                "3/4 | 5",
                "taladro martillo | ",
                "or 1=1-- | ",
                "& !( :* \\ <-> | ",
                "t=76000012-4 | ",
                "de | ",
                "🥖 | ",
            })
    @DisplayName("a search finds what has all the words, whole or begun, in name, SKU or barcode")
    void search(String words, String found) {
        product(1, "Taladro percutor 550 W");
        product(2, "Taladro eléctrico");
        product(3, "Broca para taladros");
        product(4, "Martillo O'Higgins");
        product(5, "Piñón de 3/4\"");
        hub.sql.update("update public.products_cache set sku = null where odoo_id = 5");
        hub.product(ApiHub.PASTELERIA, 1, "Taladro de chocolate", "Tortas");
        List<Integer> ids = new ArrayList<>();
        for (String id :
                found == null || found.isBlank() ? new String[0] : found.trim().split(" ")) {
            ids.add(Integer.valueOf(id));
        }
        String q = java.net.URLEncoder.encode(words, java.nio.charset.StandardCharsets.UTF_8);
        assertThat(ids(list("?q=" + q))).containsExactlyElementsOf(ids);
        assertThat(ids(list("?q=" + q + "%27%20%7C%5C"))).as("with signs").containsExactlyElementsOf(ids);
    }

    @Test
    @DisplayName("a search and a category page on, alone and together, and their cursors are good for that list only")
    void filters() {
        for (int i = 1; i <= 10; i++) {
            hub.product(ApiHub.FERRETERIA, i, i % 2 == 0 ? "Taladro" : "Broca", i <= 6 ? "A / B" : "C");
        }
        change(2, "is_active = false");
        assertThat(ids(list("?category=A%20/%20B"))).containsExactly(1, 3, 4, 5, 6);
        assertThat(ids(list("?category=A"))).isEmpty();
        assertThat(ids(list("?q=taladro&category=A+/+B"))).containsExactly(4, 6);
        JsonNode first = list("?q=taladro&limit=2");
        assertThat(ids(first)).containsExactly(4, 6);
        String cursor = first.path("next_cursor").asText();
        JsonNode second = list("?q=taladro&limit=2&cursor=" + cursor);
        assertThat(ids(second)).containsExactly(8, 10);
        assertThat(second.path("next_cursor").isNull()).isTrue();
        assertThat(ids(list("?category=A+/+B&limit=2&cursor="
                        + list("?category=A+/+B&limit=2").path("next_cursor").asText())))
                .containsExactly(4, 5);
        for (String other : List.of("", "q=broca&", "category=taladro&", "q=taladro&category=C&")) {
            assertThat(hub.get("/products?" + other + "cursor=" + cursor, KEY).errors())
                    .containsExactly("cursor:cursor");
        }
        assertThat(hub.get("/products?q=taladro&cursor=" + cursor, OTHER_KEY).errors())
                .containsExactly("cursor:cursor");
    }

    @Test
    @DisplayName("a copy that follows since is the active catalogue, however changes and reads interleave")
    void mirror() {
        Random random = new Random(7);
        Map<Integer, String> copy = new HashMap<>();
        long since = 0;
        for (int step = 0; step < 60; step++) {
            int id = 1 + random.nextInt(15);
            switch (random.nextInt(3)) {
                case 0 ->
                    hub.sql.update(
                            "insert into public.products_cache (tenant_rut, odoo_id, name, content_hash)"
                                    + " values ('76000012-4', ?, 'N', '') on conflict do nothing",
                            id);
                case 1 -> change(id, "is_active = not is_active");
                default -> change(id, "name = 'N" + step + "'");
            }
            since = follow(copy, since, step % 3 != 0);
        }
        follow(copy, since, false);
        Map<Integer, String> active = new HashMap<>();
        list("?limit=100")
                .path("products")
                .forEach(p ->
                        active.put(p.path("odoo_id").asInt(), p.path("name").asText()));
        assertThat(active).isNotEmpty();
        assertThat(copy).isEqualTo(active);
    }

    /** Reads one page, or all there are; returns where it got to. */
    private static long follow(Map<Integer, String> copy, long since, boolean onePage) {
        JsonNode page;
        long at = since;
        do {
            page = list("?limit=2&since=" + at);
            page.path("products").forEach(p -> {
                if (p.path("is_active").asBoolean()) {
                    copy.put(p.path("odoo_id").asInt(), p.path("name").asText());
                } else {
                    copy.remove(p.path("odoo_id").asInt());
                }
            });
            at = page.path("next_since").asLong();
        } while (!onePage && page.path("more").asBoolean());
        return at;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "?q=taladro", "?category=Herramientas", "?since=0", "?limit=1"})
    @DisplayName("who has a list gets 304 until anything in the tenant's catalogue changes")
    void unchanged(String query) {
        product(1, "Taladro");
        Reply first = hub.get("/products" + query, KEY);
        String etag = first.header("ETag");
        assertThat(first.header("Cache-Control")).isEqualTo("private, no-cache");
        hub.product(ApiHub.PASTELERIA, 2, "Torta", "Tortas");
        Reply again = hub.send("GET", "/products" + query, KEY, null, "If-None-Match", "\"x\", W/" + etag);
        assertThat(again.status()).isEqualTo(304);
        assertThat(again.header("ETag")).isEqualTo(etag);
        assertThat(hub.send("HEAD", "/products" + query, KEY, null, "If-None-Match", etag)
                        .status())
                .isEqualTo(304);
        assertThat(hub.send("GET", "/products" + query, OTHER_KEY, null, "If-None-Match", etag)
                        .status())
                .isEqualTo(200);
        assertThat(hub.send("GET", "/products?limit=99", KEY, null, "If-None-Match", etag)
                        .status())
                .isEqualTo(200);
        change(1, "stock = 0");
        Reply changed = hub.send("GET", "/products" + query, KEY, null, "If-None-Match", etag);
        assertThat(changed.status()).isEqualTo(200);
        assertThat(changed.header("ETag")).isNotEqualTo(etag);
        assertThat(changed.json().path("products").get(0).path("stock").asInt(-1))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "limit=0, limit:range",
        "limit=101, limit:range",
        "q=, q:length",
        "q=%20%20, q:length",
        "category=, category:length",
        "since=, since:point",
        "since=-1, since:point",
        "since=2026-01-01, since:point",
        "since=99999999999999999, since:point",
        "cursor=abc, cursor:cursor",
        "since=0&q=x&category=y&cursor=z, q:combination category:combination cursor:combination",
        "q=&category=&limit=x&since=y&cursor=z,"
                + " q:length category:length limit:range since:point q:combination category:combination cursor:combination",
        "q=%00, q:characters",
        "q=a&q=a, q:repeated",
        "search=a, search:unknown",
    })
    @DisplayName("a query that is wrong is 422 and names everything that is")
    void wrongQuery(String query, String errors) {
        Reply reply = hub.get("/products?" + query, KEY);
        assertThat(reply.status()).isEqualTo(422);
        assertThat(reply.errors()).containsExactly(errors.split(" "));
        assertThat(hub.get("/products?q=" + "a".repeat(101), KEY).errors()).containsExactly("q:length");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "3", "4", "0", "-1", "01", "2147483648", "99999999999999999999", "x", "%D9%A1", "1.0"})
    @DisplayName("what is no product, is not sold or is another tenant's is 404 alike")
    void notFound(String id) {
        product(1, "Taladro");
        product(2, "Broca");
        change(2, "is_active = false");
        hub.product(ApiHub.PASTELERIA, 3, "Torta", "Tortas");
        assertThat(hub.get("/products/1", KEY).status()).isEqualTo(200);
        Reply reply = hub.get("/products/" + id, KEY);
        assertThat(reply.status()).isEqualTo(404);
        assertThat(reply.body()).isEqualTo(hub.get("/products/999", KEY).body());
    }

    @Test
    @DisplayName("a key without the scope and a site of another tenant are refused; the tenant's own site may read")
    void mayRead() {
        product(1, "Taladro");
        for (String path : List.of("/products", "/products/1")) {
            assertThat(hub.get(path, null).status()).isEqualTo(401);
            assertThat(hub.get(path, "key-that-reads").status()).isEqualTo(401);
            assertThat(hub.send("GET", path, KEY, null, "Origin", "https://pasteleria.example")
                            .status())
                    .isEqualTo(403);
            Reply own = hub.send("GET", path, KEY, null, "Origin", "https://ferreteria.example");
            assertThat(own.status()).isEqualTo(200);
            assertThat(own.header("Access-Control-Allow-Origin")).isEqualTo("https://ferreteria.example");
        }
    }
}
