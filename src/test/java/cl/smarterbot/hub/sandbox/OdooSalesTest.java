package cl.smarterbot.hub.sandbox;

import static cl.smarterbot.hub.sandbox.SandboxClient.ADMIN;
import static cl.smarterbot.hub.sandbox.SandboxClient.FERRETERIA;
import static cl.smarterbot.hub.sandbox.SandboxClient.PASTELERIA;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The sandbox's Odoo knows orders and invoices")
class OdooSalesTest {
    private SandboxServer server;
    private SandboxClient odoo;

    @BeforeEach
    void start() {
        server = SandboxServer.start(0);
        odoo = new SandboxClient(server);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private List<?> search(int uid, String model, List<?> domain, String... fields) {
        return (List<?>) odoo.named(
                uid, model, "search_read", List.of(domain), Map.of("fields", List.of(fields), "order", "name"));
    }

    @Test
    @DisplayName("of the caller's company only, though both have an S00001")
    void fence() {
        Map<?, ?> sur = (Map<?, ?>) search(
                        FERRETERIA,
                        "sale.order",
                        List.of(List.of("name", "=", "S00001")),
                        "partner_id",
                        "state",
                        "invoice_status",
                        "delivery_status",
                        "amount_total",
                        "order_line",
                        "company_id")
                .get(0);
        assertThat(sur.get("partner_id")).isEqualTo(List.of(10, "Ana Soto"));
        assertThat(sur.get("state")).isEqualTo("sale");
        assertThat(sur.get("invoice_status")).isEqualTo("invoiced");
        assertThat(sur.get("delivery_status")).isEqualTo("full");
        assertThat(sur.get("amount_total")).isEqualTo(47_588.0);
        assertThat((List<?>) sur.get("order_line")).hasSize(1);
        assertThat(sur.get("company_id")).isEqualTo(List.of(1, "Ferretería Sur"));
        assertThat(search(PASTELERIA, "sale.order", List.of(List.of("name", "=", "S00001")), "company_id"))
                .singleElement()
                .hasToString("{id=7, company_id=[2, Pastelería Norte]}");
        assertThat(search(PASTELERIA, "sale.order", List.of(List.of("name", "=", "S00005")), "state"))
                .isEmpty();
        assertThat(search(ADMIN, "sale.order", List.of(List.of("name", "=", "S00001")), "state"))
                .hasSize(2);
        assertThat(odoo.fault(PASTELERIA, "sale.order", "read", List.of(1), List.of("state"))
                        .code())
                .isEqualTo(4);
    }

    @Test
    @DisplayName("by the customer's e-mail, in several states")
    void byCustomer() {
        List<?> orders = search(
                FERRETERIA,
                "sale.order",
                List.of(List.of("partner_id.email", "=", "ana.soto@cliente.example")),
                "name",
                "state",
                "delivery_status");
        assertThat(orders)
                .extracting(order -> ((Map<?, ?>) order).get("name") + " " + ((Map<?, ?>) order).get("state") + " "
                        + ((Map<?, ?>) order).get("delivery_status"))
                .containsExactly(
                        "S00001 sale full", "S00002 sale pending", "S00005 draft false", "S00006 cancel false");
    }

    @Test
    @DisplayName("and what is due of an invoice, which a shop's bot cannot change")
    void invoices() {
        List<?> invoices = search(
                FERRETERIA,
                "account.move",
                List.of(List.of("move_type", "=", "out_invoice")),
                "name",
                "payment_state",
                "amount_residual",
                "invoice_date_due");
        assertThat(invoices)
                .extracting(move -> ((Map<?, ?>) move).get("name") + " " + ((Map<?, ?>) move).get("payment_state") + " "
                        + ((Map<?, ?>) move).get("amount_residual"))
                .containsExactly("FAC 000001 paid 0.0", "FAC 000002 not_paid 189900.0", "FAC 000003 partial 546210.0");
        assertThat(((Map<?, ?>) invoices.get(0)).get("invoice_date_due").toString())
                .matches("\\d{4}-\\d\\d-\\d\\d");
        assertThat(search(PASTELERIA, "account.move", List.of(), "name")).hasSize(2);
        assertThat(odoo.fault(FERRETERIA, "account.move", "write", List.of(1), Map.of("ref", "x"))
                        .code())
                .isEqualTo(4);
    }

    @Test
    @DisplayName("A new order gets the next name of its company, and its amounts from its lines")
    void newOrder() {
        int id = (Integer) odoo.call(PASTELERIA, "sale.order", "create", Map.of("partner_id", 22, "amount_total", 5));
        odoo.call(
                PASTELERIA,
                "sale.order.line",
                "create",
                Map.of("order_id", id, "name", "Torta", "product_uom_qty", 2, "price_unit", 1_000));
        Map<?, ?> order = (Map<?, ?>)
                search(PASTELERIA, "sale.order", List.of(List.of("id", "=", id)), "name", "state", "amount_total")
                        .get(0);
        assertThat(order.get("name")).isEqualTo("S00005");
        assertThat(order.get("state")).isEqualTo("draft");
        assertThat(order.get("amount_total")).isEqualTo(2_380.0);
    }
}
