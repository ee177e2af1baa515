package cl.smarterbot.hub.product;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.tenancy.TenantContext;
import cl.smarterbot.hub.testing.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.jdbc.core.JdbcTemplate;

@DisplayName("With two catalogues of 20,000 products")
class ProductPlansTest {

    private static final TestDatabase DATABASE = TestDatabase.fresh();
    private static final Pattern REMOVED = Pattern.compile("Rows Removed by [A-Za-z ]+: (\\d+)");
    private static final Pattern READ = Pattern.compile("actual rows=(\\d+)");

    @BeforeAll
    static void fill() {
        DATABASE.superuser(
                "insert into public.products_cache (tenant_rut, odoo_id, sku, barcode, name, category, is_active, content_hash)"
                        + " select t, i, 'SKU-' || i, (7800000000000 + i)::text,"
                        + " (array['Taladro', 'Martillo', 'Broca', 'Sierra'])[1 + i % 4] || ' modelo ' || i"
                        + "   || case when i % 1999 = 1 then ' dorado' else '' end,"
                        + " 'Categoría ' || i % 40, i % 10 <> 0, ''"
                        + " from generate_series(1, 20000) i, unnest(array['76000012-4', '77000005-K']) t");
        DATABASE.superuser("vacuum analyze public.products_cache");
    }

    private static String statement(String file, String... values) throws Exception {
        String sql = Files.readString(Path.of("src", "main", "resources", "sql", file))
                .replaceAll("--.*", "");
        for (int i = 0; i < values.length; i++) {
            sql = sql.replace(":#" + values[i], "$" + (i + 1));
        }
        return sql;
    }

    /** The plan that was executed, as the tenant's role sees the table. */
    private static String plan(String mode, String sql, String types, String values) throws SQLException {
        StringBuilder plan = new StringBuilder();
        try (Connection connection = DATABASE.as("hub_app").getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("set local plan_cache_mode = " + mode);
            statement.execute("select set_config('app.tenant_rut', '76000012-4', true)");
            statement.execute("prepare p " + types + " as " + sql);
            try (ResultSet rows =
                    statement.executeQuery("explain (analyze, costs off, timing off) execute p" + values)) {
                while (rows.next()) {
                    plan.append(rows.getString(1)).append('\n');
                }
            }
            connection.rollback();
        }
        return plan.toString();
    }

    /** Nothing reads, or looks at and throws away, more than a few pages. */
    private static void assertShort(String plan, int most) {
        assertThat(plan).doesNotContain("Seq Scan");
        for (Pattern number : new Pattern[] {READ, REMOVED}) {
            Matcher m = number.matcher(plan);
            while (m.find()) {
                assertThat(Integer.parseInt(m.group(1))).as(plan).isLessThanOrEqualTo(most);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"force_custom_plan, 0", "force_generic_plan, 0", "force_custom_plan, 15000", "force_generic_plan, 15000"
    })
    @DisplayName("a page and a page of a category are read by their index in its order, at the start and deep inside")
    void pages(String mode, int after) throws Exception {
        String page =
                plan(mode, statement("products-page.sql", "after", "rows"), "(text, text)", "('" + after + "', '51')");
        assertThat(page).contains("products_cache_shelf").doesNotContain("Sort");
        assertShort(page, 51);
        String category = plan(
                mode,
                statement("products-category.sql", "category", "after", "rows"),
                "(text, text, text)",
                "('Categoría 7', '" + after + "', '51')");
        assertThat(category).contains("products_cache_category").doesNotContain("Sort");
        assertShort(category, 51);
    }

    @ParameterizedTest
    @CsvSource({"force_custom_plan, 0", "force_generic_plan, 0", "force_custom_plan, 30000", "force_generic_plan, 30000"
    })
    @DisplayName("changes since a point and the state of the catalogue are read by the index of the changes")
    void since(String mode, int since) throws Exception {
        String changes =
                plan(mode, statement("products-since.sql", "since", "rows"), "(text, text)", "('" + since + "', '51')");
        assertThat(changes).contains("products_cache_seq").doesNotContain("Sort");
        assertShort(changes, 51);
        String state = plan(mode, statement("products-state.sql"), "", "");
        assertThat(state).contains("products_cache_seq").doesNotContain("Sort");
        assertShort(state, 1);
    }

    /** The plan inside the function, which the server tells as a notice. */
    private static String search(String words, String category, int after) throws SQLException {
        StringBuilder told = new StringBuilder();
        try (Connection connection = DATABASE.as("postgres").getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("load 'auto_explain'");
            statement.execute("set local auto_explain.log_min_duration = 0");
            statement.execute("set local auto_explain.log_analyze = on");
            statement.execute("set local auto_explain.log_timing = off");
            statement.execute("set local auto_explain.log_nested_statements = on");
            statement.execute("set local auto_explain.log_level = notice");
            statement.execute("select set_config('app.tenant_rut', '76000012-4', true)");
            statement.clearWarnings();
            statement
                    .executeQuery(
                            "select * from hub.product_search('" + words + "', " + category + ", " + after + ", 51)")
                    .close();
            for (SQLWarning w = statement.getWarnings(); w != null; w = w.getNextWarning()) {
                if (w.getMessage().contains("public.products_cache c")) {
                    told.append(w.getMessage()).append('\n');
                }
            }
            connection.rollback();
        }
        assertThat(told.toString()).contains("actual rows=");
        return told.toString();
    }

    @ParameterizedTest
    @CsvSource({"dorado", "SKU-17777", "7800000017777", "taladro dorado"})
    @DisplayName("a rare word is looked up, and beside some next products only what has it is read")
    void rareWords(String words) throws SQLException {
        for (String category : List.of("null", "'Categoría 17'")) {
            String plan = search(words, category, 0);
            assertThat(plan).contains("actual rows=");
            assertShort(plan, 2000);
            if (category.equals("null")) {
                assertThat(plan).contains("products_cache_found");
            }
        }
    }

    @Test
    @DisplayName("a common word is met along the ids, until the page is full")
    void commonWord() throws SQLException {
        for (String plan : List.of(
                search("modelo", "null", 9000), search("taladro", "null", 0), search("taladro", "'Categoría 12'", 0))) {
            assertThat(plan).doesNotContain("products_cache_found").doesNotContain("Sort");
            assertShort(plan, 2000);
        }
    }

    @Test
    @DisplayName("a search has the same products, in their order, wherever it looks for them")
    void sameProducts() throws Exception {
        JdbcTemplate app = new JdbcTemplate(new TenantBoundDataSource(DATABASE.as("hub_app")));
        JdbcTemplate all = new JdbcTemplate(DATABASE.as("postgres"));
        for (String word : List.of("dorado", "Taladro", "SKU-19")) {
            List<Integer> found = new ArrayList<>();
            List<Integer> page;
            do {
                int after = found.isEmpty() ? 0 : found.get(found.size() - 1);
                page = TenantContext.call(
                        "76000012-4",
                        () -> app.queryForList(
                                "select odoo_id from hub.product_search(?, null, ?, 700)", Integer.class, word, after));
                found.addAll(page);
            } while (page.size() == 700);
            assertThat(found)
                    .isNotEmpty()
                    .isEqualTo(all.queryForList(
                            "select odoo_id from public.products_cache where tenant_rut = '76000012-4' and is_active"
                                    + " and (name ilike '%' || ? || '%' or sku like ? || '%') order by odoo_id",
                            Integer.class, word, word));
        }
        assertThat(app.queryForList("select odoo_id from hub.product_search('taladro', null, 0, 10)"))
                .isEmpty();
    }
}
