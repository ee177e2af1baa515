package cl.smarterbot.hub.sandbox;

import static cl.smarterbot.hub.sandbox.SandboxClient.ADMIN;
import static cl.smarterbot.hub.sandbox.SandboxClient.FERRETERIA;
import static cl.smarterbot.hub.sandbox.SandboxClient.PASTELERIA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The sandbox's Odoo")
class OdooSandboxTest {
    private SandboxServer server;
    private SandboxClient odoo;

    @BeforeEach
    void start() {
        server = SandboxServer.start(0);
        server.odoo().version(18);
        odoo = new SandboxClient(server);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Map<?, ?> load(int uid, List<String> fields, List<?>... rows) {
        return (Map<?, ?>) odoo.call(uid, "res.partner", "load", fields, List.of(rows));
    }

    private static String message(Map<?, ?> answer) {
        assertThat(answer.get("ids")).isEqualTo(false);
        return (String) ((Map<?, ?>) ((List<?>) answer.get("messages")).get(0)).get("message");
    }

    private int partner(int uid, Map<String, ?> values) {
        return (Integer) odoo.call(uid, "res.partner", "create", values);
    }

    private Map<?, ?> read(int uid, String model, int id, String... fields) {
        return (Map<?, ?>) ((List<?>) odoo.call(uid, model, "read", List.of(id), List.of(fields))).get(0);
    }

    private List<?> search(int uid, String model, Object... domain) {
        return (List<?>) odoo.named(uid, model, "search", List.of(List.of(domain)), Map.of("order", "id"));
    }

    // load

    @Test
    @DisplayName("load finds its record again by external id, so that a repeat creates nothing")
    void loadIsIdempotent() {
        List<String> fields = List.of("id", "name", "email");
        Object first =
                load(FERRETERIA, fields, List.of("hub_1.a", "Ana", "ana@x.cl")).get("ids");
        Object again = load(FERRETERIA, fields, List.of("hub_1.a", "Ana B", "")).get("ids");
        assertThat(again).isEqualTo(first);
        int id = (Integer) ((List<?>) first).get(0);
        assertThat(read(FERRETERIA, "res.partner", id, "name", "email"))
                .isEqualTo(Map.of("id", id, "name", "Ana B", "email", false));
    }

    @Test
    @DisplayName("An id without prefix belongs to the module __import__")
    void loadWithoutPrefix() {
        Object plain =
                load(FERRETERIA, List.of("id", "name"), List.of("a", "Ana")).get("ids");
        assertThat(load(FERRETERIA, List.of("id", "name"), List.of("__import__.a", "Ana"))
                        .get("ids"))
                .isEqualTo(plain);
    }

    @Test
    @DisplayName("One bad row undoes all rows, and from 18 on an innocent first row is blamed too")
    void loadIsAllOrNothing() {
        List<String> fields = List.of("id", "name", "vat", "country_id/id");
        List<?> good = List.of("hub_1.ok", "OK", "76086428-5", "base.cl");
        List<?> bad = List.of("hub_1.bad", "Malo", "76086428-6", "base.cl");
        Map<?, ?> answer = load(FERRETERIA, fields, good, bad);
        assertThat(message(answer)).contains("76086428-6");
        assertThat((List<?>) answer.get("messages")).extracting("record").isEqualTo(List.of(0, 1));
        assertThat(search(FERRETERIA, "res.partner", List.of("name", "=", "OK")))
                .isEmpty();
        assertThat(server.odoo().records("ir.model.data", Map.of("module", "hub_1")))
                .isEmpty();

        server.odoo().version(17);
        assertThat((List<?>) load(FERRETERIA, fields, good, bad).get("messages"))
                .extracting("record")
                .isEqualTo(List.of(1));
    }

    @Test
    @DisplayName("What the database refuses is blamed on its own row only")
    void loadBlamesTheRow() {
        Map<?, ?> nameless = load(FERRETERIA, List.of("id", "name"), List.of("hub_1.a", "Ana"), List.of("hub_1.b", ""));
        assertThat((List<?>) nameless.get("messages")).extracting("record").isEqualTo(List.of(1));
        Map<?, ?> untitled = (Map<?, ?>) odoo.call(
                FERRETERIA,
                "crm.lead",
                "load",
                List.of("id", "name"),
                List.of(List.of("hub_1.c", "Uno"), List.of("hub_1.d", "")));
        assertThat((List<?>) untitled.get("messages"))
                .extracting("record", "field", "message")
                .isEqualTo(List.of(tuple(1, "name", "Missing required value for the field 'Opportunity' (name)")));
    }

    @Test
    @DisplayName("A row too short for its columns leaves the rest as it is")
    void loadShortRow() {
        load(FERRETERIA, List.of("id", "name", "email"), List.of("hub_1.a", "Ana", "ana@x.cl"));
        List<?> ids = (List<?>) load(FERRETERIA, List.of("id", "name", "email"), List.of("hub_1.a", "Eva"))
                .get("ids");
        Integer id = (Integer) ids.get(0);
        assertThat(read(FERRETERIA, "res.partner", id, "name", "email"))
                .isEqualTo(Map.of("id", id, "name", "Eva", "email", "ana@x.cl"));
    }

    @Test
    @DisplayName("A failed load undoes its updates of older records")
    void loadUndoesUpdates() {
        load(FERRETERIA, List.of("id", "name", "email"), List.of("hub_1.a", "Ana", "ana@x.cl"));
        load(
                FERRETERIA,
                List.of("id", "name", "email"),
                List.of("hub_1.a", "Otra", "otra@x.cl"),
                List.of("hub_1.b", "", ""));
        assertThat(search(FERRETERIA, "res.partner", List.of("email", "=", "ana@x.cl")))
                .hasSize(1);
        assertThat(search(FERRETERIA, "res.partner", List.of("email", "=", "otra@x.cl")))
                .isEmpty();
    }

    @Test
    @DisplayName("The same id twice in a batch is one record with the last row's values")
    void loadTwiceInBatch() {
        List<?> ids =
                (List<?>) load(FERRETERIA, List.of("id", "name"), List.of("hub_1.d", "uno"), List.of("hub_1.d", "dos"))
                        .get("ids");
        assertThat(ids).hasSize(2);
        assertThat(ids.get(0)).isEqualTo(ids.get(1));
        assertThat(read(FERRETERIA, "res.partner", (Integer) ids.get(0), "name").get("name"))
                .isEqualTo("dos");
    }

    @Test
    @DisplayName("After an unlink load creates again, and an archived record stays archived")
    void loadAfterUnlinkAndArchive() {
        int id = (Integer) ((List<?>) load(FERRETERIA, List.of("id", "name"), List.of("hub_1.a", "Ana"))
                        .get("ids"))
                .get(0);
        odoo.call(FERRETERIA, "res.partner", "unlink", List.of(id));
        int next = (Integer) ((List<?>) load(FERRETERIA, List.of("id", "name"), List.of("hub_1.a", "Ana"))
                        .get("ids"))
                .get(0);
        assertThat(next).isGreaterThan(id);

        odoo.call(FERRETERIA, "res.partner", "write", List.of(next), Map.of("active", false));
        assertThat(load(FERRETERIA, List.of("id", "name"), List.of("hub_1.a", "Ana 2"))
                        .get("ids"))
                .isEqualTo(List.of(next));
        assertThat(read(FERRETERIA, "res.partner", next, "name", "active"))
                .isEqualTo(Map.of("id", next, "name", "Ana 2", "active", false));
    }

    @Test
    @DisplayName("load does not touch a record of another company")
    void loadOtherCompany() {
        load(FERRETERIA, List.of("id", "name", "company_id/.id"), List.of("hub.x", "Ana", "1"));
        assertThat(message(load(PASTELERIA, List.of("id", "name"), List.of("hub.x", "robado"))))
                .contains("Contact (res.partner)");
        assertThat(server.odoo().records("res.partner", Map.of("name", "robado")))
                .isEmpty();
    }

    @Test
    @DisplayName("load does not put a record into another company")
    void loadIntoOtherCompany() {
        assertThat(message(load(FERRETERIA, List.of("id", "name", "company_id/.id"), List.of("hub.y", "Ana", "2"))))
                .contains("Contact (res.partner)");
    }

    @Test
    @DisplayName("A boolean cell breaks the whole load, as a column that does not exist does")
    void loadBreaks() {
        assertThat(odoo.fault(
                                FERRETERIA,
                                "res.partner",
                                "load",
                                List.of("id", "is_company"),
                                List.of(List.of("a.b", true)))
                        .lastLine())
                .isEqualTo("AttributeError: 'bool' object has no attribute 'lower'");
        assertThat(odoo.fault(FERRETERIA, "res.partner", "load", List.of("id", "nope"), List.of(List.of("a.b", "x")))
                        .lastLine())
                .isEqualTo("ValueError: Invalid field name 'nope'");
    }

    @Test
    @DisplayName("Cells are texts of numbers, flags, names, external and database ids")
    void loadCells() {
        List<?> ids = (List<?>) load(
                        FERRETERIA,
                        List.of("id", "name", "color", "is_company", "country_id", "company_id/.id", "type"),
                        List.of("hub_1.c", "Co", "5", "1", "Chile", "1", "Invoice Address"))
                .get("ids");
        assertThat(read(
                        FERRETERIA,
                        "res.partner",
                        (Integer) ids.get(0),
                        "color",
                        "is_company",
                        "country_id",
                        "company_id",
                        "type"))
                .hasToString(
                        "{id=" + ids.get(0)
                                + ", color=5, is_company=true, country_id=[46, Chile], company_id=[1, Ferretería Sur], type=invoice}");
    }

    @ParameterizedTest(name = "{0} = {1}: {2}")
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "color, x, 'x' does not seem to be an integer for field 'Color Index'",
                "country_id, Atlantis, No matching record found for name 'Atlantis' in field 'Country'",
                "country_id/id, base.nope, No matching record found for external id 'base.nope' in field 'Country'",
                "country_id/.id, 99999, No matching record found for database id '99999' in field 'Country'",
                "type, zzz, Value 'zzz' not found in selection field 'Address Type'",
                ".id, 999999, Unknown database identifier '999999'"
            })
    @DisplayName("A cell which fits no value is told by field and row")
    void loadBadCell(String column, String cell, String text) {
        Map<?, ?> answer = load(FERRETERIA, List.of("name", column), List.of("Ana", cell));
        assertThat(message(answer)).isEqualTo(text);
        assertThat((Map<?, ?>) ((List<?>) answer.get("messages")).get(0))
                .extracting("field")
                .isEqualTo(column.startsWith(".") ? column : column.split("/")[0]);
    }

    @Test
    @DisplayName("Parallel loads of one external id make one record")
    void loadInParallel() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Object>> tasks = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                String name = "Ana " + i;
                tasks.add(() -> load(FERRETERIA, List.of("id", "name"), List.of("hub_1.same", name))
                        .get("ids"));
            }
            Object id = null;
            for (Future<Object> answer : pool.invokeAll(tasks)) {
                id = id == null ? answer.get() : id;
                assertThat(answer.get()).isEqualTo(id);
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(server.odoo().records("ir.model.data", Map.of("complete_name", "hub_1.same")))
                .hasSize(1);
    }

    // companies

    @Test
    @DisplayName("search leaves out another company's records; read, write and unlink of them are fault 4")
    void companyFence() {
        int id = partner(FERRETERIA, Map.of("name", "Ana", "company_id", 1));
        assertThat(search(PASTELERIA, "res.partner", List.of("id", "=", id))).isEmpty();
        assertThat(odoo.fault(PASTELERIA, "res.partner", "read", List.of(id), List.of("name"))
                        .code())
                .isEqualTo(4);
        assertThat(odoo.fault(PASTELERIA, "res.partner", "write", List.of(id), Map.of("name", "x"))
                        .code())
                .isEqualTo(4);
        assertThat(odoo.fault(PASTELERIA, "res.partner", "unlink", List.of(id)).code())
                .isEqualTo(4);
        assertThat(read(FERRETERIA, "res.partner", id, "name").get("name")).isEqualTo("Ana");
    }

    @Test
    @DisplayName("Nobody creates or moves a record into a company that is not theirs")
    void companyOnCreateAndWrite() {
        assertThat(odoo.fault(FERRETERIA, "res.partner", "create", Map.of("name", "x", "company_id", 2))
                        .code())
                .isEqualTo(4);
        int id = partner(FERRETERIA, Map.of("name", "Ana", "company_id", 1));
        assertThat(odoo.fault(FERRETERIA, "res.partner", "write", List.of(id), Map.of("company_id", 2))
                        .code())
                .isEqualTo(4);
        assertThat(server.odoo().records("res.partner", Map.of("company_id", "2")))
                .extracting(partner -> partner.get("name"))
                .doesNotContain("x", "Ana");
    }

    @Test
    @DisplayName("A list of creates with one bad item creates none")
    void createIsAtomic() {
        assertThat(odoo.fault(FERRETERIA, "res.partner", "create", List.of(Map.of("name", "uno"), Map.of("email", "x")))
                        .code())
                .isEqualTo(2);
        assertThat(server.odoo().records("res.partner", Map.of("name", "uno"))).isEmpty();
    }

    @Test
    @DisplayName("allowed_company_ids narrows what a user of two companies sees, and none is as if not sent")
    void allowedCompanies() {
        assertThat(count(ADMIN, List.of(1))).isEqualTo(20);
        assertThat(count(ADMIN, List.of(1, 2))).isEqualTo(40);
        assertThat(count(ADMIN, List.of())).isEqualTo(40);
        Object refused =
                odoo.named(FERRETERIA, "product.product", "search_count", List.of(List.of()), context(List.of(1, 2)));
        assertThat(refused).isEqualTo(new SandboxClient.Fault(4, "Access to unauthorized or invalid companies."));
    }

    private Object count(int uid, List<Integer> companies) {
        return odoo.named(uid, "product.product", "search_count", List.of(List.of()), context(companies));
    }

    private static Map<String, ?> context(List<Integer> companies) {
        return Map.of("context", Map.of("allowed_company_ids", companies));
    }

    @Test
    @DisplayName("A lead cannot point to another company's contact")
    void crossCompanyLink() {
        int id = partner(PASTELERIA, Map.of("name", "Ana", "company_id", 2));
        assertThat(odoo.fault(FERRETERIA, "crm.lead", "create", Map.of("name", "x", "partner_id", id))
                        .code())
                .isEqualTo(2);
    }

    // domains and reads

    @ParameterizedTest(name = "{0} {1} {2} finds {3}")
    @CsvSource({
        "name, =, Ana Ñuñoa, 1",
        "name, ilike, ÑUÑOA, 1",
        "name, like, ñuñoa, 0",
        "name, like, Ñuñ, 1",
        "name, =like, An%, 2",
        "name, =ilike, an% pérez, 1",
        "name, not ilike, ana, 1",
        "name, !=, Ana Ñuñoa, 2",
        "email, not like, @x.cl, 2",
        "country_id, ilike, chi, 1",
        "country_id.code, =, CL, 1",
        "name, >, B, 1"
    })
    @DisplayName("A domain's leaf means what it means in Odoo")
    void leaf(String field, String operator, String value, int found) {
        partner(FERRETERIA, Map.of("name", "Ana Ñuñoa", "email", "ana@x.cl", "country_id", 46, "ref", "t"));
        partner(FERRETERIA, Map.of("name", "Ana Pérez", "ref", "t"));
        partner(FERRETERIA, Map.of("name", "Bruno", "email", "b@y.cl", "ref", "t"));
        assertThat(search(FERRETERIA, "res.partner", List.of("ref", "=", "t"), List.of(field, operator, value)))
                .hasSize(found);
    }

    @Test
    @DisplayName("Prefix operators nest, leaves side by side are joined by and, in and child_of take lists")
    void nesting() {
        int a = partner(FERRETERIA, Map.of("name", "A", "ref", "n", "is_company", true));
        int b = partner(FERRETERIA, Map.of("name", "B", "ref", "n", "parent_id", a));
        int c = partner(FERRETERIA, Map.of("name", "C", "ref", "n"));
        List<?> ref = List.of("ref", "=", "n");
        assertThat(search(FERRETERIA, "res.partner", ref, "|", List.of("name", "=", "A"), List.of("name", "=", "C")))
                .isEqualTo(List.of(a, c));
        assertThat(search(
                        FERRETERIA, "res.partner", ref, "!", "|", List.of("name", "=", "A"), List.of("name", "=", "C")))
                .isEqualTo(List.of(b));
        assertThat(search(FERRETERIA, "res.partner", "&", ref, List.of("id", "in", List.of(a, b))))
                .isEqualTo(List.of(a, b));
        assertThat(search(FERRETERIA, "res.partner", ref, List.of("id", "not in", List.of(a, b))))
                .isEqualTo(List.of(c));
        assertThat(search(FERRETERIA, "res.partner", List.of("id", "child_of", List.of(a))))
                .isEqualTo(List.of(a, b));
        assertThat(search(FERRETERIA, "res.partner", ref, List.of("parent_id", "=", false)))
                .isEqualTo(List.of(a, c));
        assertThat(read(FERRETERIA, "res.partner", b, "complete_name", "commercial_partner_id")
                        .toString())
                .isEqualTo("{id=" + b + ", complete_name=A, B, commercial_partner_id=[" + a + ", A]}");
    }

    @Test
    @DisplayName("Pages, orders and hides archived records")
    void paging() {
        for (String name : List.of("c", "a", "b")) {
            partner(FERRETERIA, Map.of("name", name, "ref", "p"));
        }
        List<?> domain = List.of(List.of("ref", "=", "p"));
        assertThat(names(Map.of("order", "name desc"), domain)).containsExactly("c", "b", "a");
        assertThat(names(Map.of("order", "name", "limit", 1, "offset", 1), domain))
                .containsExactly("b");
        assertThat(names(Map.of("order", "name", "limit", 0), domain)).hasSize(3);
        assertThat(names(Map.of("offset", 9), domain)).isEmpty();
        int id = (Integer) search(FERRETERIA, "res.partner", List.of("ref", "=", "p"), List.of("name", "=", "a"))
                .get(0);
        odoo.call(FERRETERIA, "res.partner", "action_archive", List.of(id));
        assertThat(names(Map.of(), domain)).hasSize(2);
        assertThat(names(Map.of("context", Map.of("active_test", false)), domain))
                .hasSize(3);
    }

    private List<String> names(Map<String, ?> named, List<?> domain) {
        List<?> rows =
                (List<?>) odoo.named(FERRETERIA, "res.partner", "search_read", List.of(domain, List.of("name")), named);
        return rows.stream().map(row -> (String) ((Map<?, ?>) row).get("name")).toList();
    }

    @Test
    @DisplayName("Stamps hide microseconds: up to 18 '>' finds the same second again, 19 does not")
    void stamps() {
        int id = partner(FERRETERIA, Map.of("name", "Ana"));
        String stamp =
                (String) read(FERRETERIA, "res.partner", id, "write_date").get("write_date");
        assertThat(stamp).matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d");
        List<?> is = List.of("id", "=", id);
        assertThat(search(FERRETERIA, "res.partner", is, List.of("write_date", ">=", stamp)))
                .hasSize(1);
        server.odoo().version(19);
        assertThat(search(FERRETERIA, "res.partner", is, List.of("write_date", ">=", stamp)))
                .hasSize(1);
        assertThat(search(FERRETERIA, "res.partner", is, List.of("write_date", ">", stamp)))
                .isEmpty();
        assertThat(search(FERRETERIA, "res.partner", is, List.of("write_date", "=", stamp)))
                .hasSize(1);
        assertThat(odoo.fault(
                                FERRETERIA,
                                "res.partner",
                                "search",
                                List.of(List.of("write_date", ">", stamp.replace(' ', 'T') + "Z")))
                        .lastLine())
                .startsWith("ValueError: expecting only datetimes with no timezone");
    }

    @Test
    @DisplayName("Version 19 has no mobile field and normalises a Chilean RUT")
    void versions() throws IOException {
        Map<String, ?> rut = Map.of("name", "Ana", "vat", "76.086.428-5", "country_id", 46);
        assertThat(read(FERRETERIA, "res.partner", partner(FERRETERIA, rut), "vat")
                        .get("vat"))
                .isEqualTo("76.086.428-5");
        partner(FERRETERIA, Map.of("name", "Ana", "mobile", "9"));
        server.odoo().version(19);
        assertThat(read(FERRETERIA, "res.partner", partner(FERRETERIA, rut), "vat")
                        .get("vat"))
                .isEqualTo("76086428-5");
        assertThat(odoo.fault(FERRETERIA, "res.partner", "create", Map.of("name", "Ana", "mobile", "9"))
                        .lastLine())
                .isEqualTo("ValueError: Invalid field 'mobile' in 'res.partner'");
        assertThat(odoo.send("GET", "/web/version", null).statusCode()).isEqualTo(200);
        server.odoo().version(17);
        assertThat(odoo.send("GET", "/web/version", null).statusCode()).isEqualTo(404);
        assertThat(odoo.json2("demo-odoo-admin", "res.partner/search", Map.of("domain", List.of()))
                        .statusCode())
                .isEqualTo(404);
        assertThatThrownBy(() -> server.odoo().version(16)).isInstanceOf(IllegalArgumentException.class);
    }

    // products and stock

    @Test
    @DisplayName("Applying an inventory takes effect although XML-RPC answers a fault")
    void inventory() throws IOException {
        int quant = (Integer)
                search(FERRETERIA, "stock.quant", List.of("product_id", "=", 1)).get(0);
        odoo.call(FERRETERIA, "stock.quant", "write", List.of(quant), Map.of("inventory_quantity", 77));
        assertThat(odoo.fault(FERRETERIA, "stock.quant", "action_apply_inventory", List.of(quant))
                        .lastLine())
                .isEqualTo("TypeError: cannot marshal None unless allow_none is enabled");
        assertThat(read(FERRETERIA, "product.product", 1, "qty_available").get("qty_available"))
                .isEqualTo(77.0);
        server.odoo().version(19);
        assertThat(new String(
                        odoo.json2(
                                        "demo-odoo-ferreteria-sur",
                                        "stock.quant/action_apply_inventory",
                                        Map.of("ids", List.of(quant)))
                                .body(),
                        StandardCharsets.UTF_8))
                .isEqualTo("null");
    }

    @Test
    @DisplayName("A template write stamps its variant, a variant write leaves the template alone")
    void templateAndVariant() {
        odoo.call(FERRETERIA, "product.product", "write", List.of(1), Map.of("barcode", "780000"));
        assertThat(search(FERRETERIA, "product.template", List.of("write_uid", "=", FERRETERIA)))
                .isEmpty();
        assertThat(search(FERRETERIA, "product.product", List.of("write_uid", "=", FERRETERIA)))
                .isEqualTo(List.of(1));

        odoo.call(FERRETERIA, "product.template", "write", List.of(2), Map.of("list_price", 5000));
        assertThat(search(FERRETERIA, "product.product", List.of("write_uid", "=", FERRETERIA)))
                .isEqualTo(List.of(1, 2));
        assertThat(read(FERRETERIA, "product.product", 2, "lst_price").get("lst_price"))
                .isEqualTo(5000.0);
        assertThat(read(FERRETERIA, "product.template", 1, "barcode").get("barcode"))
                .isEqualTo("780000");
    }

    @Test
    @DisplayName("Two products cannot share a barcode, and a product with stock cannot go")
    void productConstraints() {
        odoo.call(FERRETERIA, "product.product", "create", Map.of("name", "uno", "barcode", "7801"));
        SandboxClient.Fault fault =
                odoo.fault(FERRETERIA, "product.product", "create", Map.of("name", "dos", "barcode", "7801"));
        assertThat(fault.code()).isEqualTo(2);
        assertThat(fault.text()).startsWith("Barcode(s) already assigned:");
        assertThat(server.odoo().records("product.template", Map.of("name", "dos")))
                .isEmpty();
        assertThat(odoo.fault(FERRETERIA, "product.product", "unlink", List.of(1))
                        .code())
                .isEqualTo(2);
    }

    @Test
    @DisplayName(
            "A catalogue of any size can be filled in and changed in part, and its quantities do not touch the products")
    void bulk() throws IOException {
        assertThat(odoo.json("POST", "/sandbox/odoo/products", Map.of("company", 1, "count", 0))
                        .statusCode())
                .isEqualTo(400);
        assertThat(SandboxClient.parse(
                        odoo.json("POST", "/sandbox/odoo/products", Map.of("company", 1, "count", 3000))))
                .isEqualTo(Map.of("made", 3000));
        assertThat(count(ADMIN, List.of(1))).isEqualTo(3020);
        assertThat(count(ADMIN, List.of(2))).isEqualTo(20);
        List<?> products = search(FERRETERIA, "product.product", List.of("default_code", "like", "FB-"));
        int last = (Integer) products.get(products.size() - 1);
        Map<?, ?> read = read(FERRETERIA, "product.product", last, "default_code", "qty_available");
        assertThat(read.get("default_code")).isEqualTo("FB-" + last);
        assertThat(read.get("qty_available")).isEqualTo((double) (last % 200));
        assertThat(odoo.named(
                        FERRETERIA,
                        "product.product",
                        "search",
                        List.of(List.of(List.of("id", ">", last - 3), List.of("type", "!=", "service"))),
                        Map.of("order", "id", "limit", 2)))
                .isEqualTo(List.of(last - 2, last - 1));
        assertThat(SandboxClient.parse(
                        odoo.json("POST", "/sandbox/odoo/products/touch", Map.of("company", 1, "count", 300))))
                .isEqualTo(Map.of("touched", 300));
        assertThat(search(
                        FERRETERIA,
                        "product.product",
                        List.of("write_uid", "=", ADMIN),
                        List.of("name", "like", "(nuevo)")))
                .hasSize(100);
        Map<?, ?> times = (Map<?, ?>) SandboxClient.parse(odoo.send("GET", "/sandbox/times", null));
        assertThat(((Map<?, ?>) times.get("product.product.search")).get("calls"))
                .isEqualTo(3);
    }

    // hostile input

    @Test
    @DisplayName("A document type is refused before any entity is read")
    void xmlBomb() throws IOException {
        String bomb = "<?xml version='1.0'?><!DOCTYPE m [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>"
                + "<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
                + "<methodCall><methodName>login</methodName><params><param><value>&b;&x;</value></param></params></methodCall>";
        SandboxClient.Fault fault = post(bomb.getBytes(StandardCharsets.UTF_8));
        assertThat(fault.code()).isEqualTo(1);
        assertThat(fault.lastLine()).startsWith("xml.parsers.expat.ExpatError");
    }

    @Test
    @DisplayName("Endless nesting is refused")
    void deepXml() throws IOException {
        String deep =
                "<methodCall><methodName>version</methodName><params><param>" + "<value><array><data>".repeat(5000);
        assertThat(post(deep.getBytes(StandardCharsets.UTF_8)).lastLine()).startsWith("RecursionError");
    }

    @Test
    @DisplayName("Undeclared latin-1 bytes are a fault")
    void latin1() throws IOException {
        byte[] body =
                "<methodCall><methodName>login</methodName><params><param><value>ñ</value></param></params></methodCall>"
                        .getBytes(StandardCharsets.ISO_8859_1);
        assertThat(post(body).lastLine()).startsWith("xml.parsers.expat.ExpatError");
    }

    @Test
    @DisplayName("A body beyond 20 MB is refused")
    void hugeBody() throws IOException {
        assertThat(odoo.send("POST", "/xmlrpc/2/common", new byte[20 * 1024 * 1024 + 1])
                        .statusCode())
                .isEqualTo(413);
    }

    private SandboxClient.Fault post(byte[] body) throws IOException {
        return (SandboxClient.Fault)
                SandboxClient.answer(odoo.send("POST", "/xmlrpc/2/common", body).body());
    }

    @Test
    @DisplayName("Text survives the round trip: emoji, markup, spaces; only what XML cannot carry is left out")
    void texts() {
        String name = "  Ñandú 𝔘 👨‍👩‍👧 <a>&\"' ]]> fin  ";
        assertThat(read(FERRETERIA, "res.partner", partner(FERRETERIA, Map.of("name", name)), "name")
                        .get("name"))
                .isEqualTo(name);
    }

    @Test
    @DisplayName("Duplicates by company and address are counted")
    void stats() {
        partner(FERRETERIA, Map.of("name", "Ana", "email", "Ana@x.cl", "company_id", 1));
        partner(PASTELERIA, Map.of("name", "Ana", "email", "ana@x.cl", "company_id", 2));
        assertThat(server.odoo().stats()).containsEntry("duplicatePartners", 0L);
        partner(FERRETERIA, Map.of("name", "Ana", "email", "ana@X.cl", "company_id", 1));
        assertThat(server.odoo().stats()).containsEntry("duplicatePartners", 1L);
        assertThat(((Map<?, ?>) server.odoo().stats().get("calls")).get("res.partner.create"))
                .isEqualTo(3L);
    }
}
