package cl.smarterbot.hub.sandbox;

import cl.smarterbot.hub.sandbox.OdooField.Type;
import java.time.LocalDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Orders and invoices: what customers ask for (apps {@code sale}, {@code sale_stock} and {@code account}, 17.0 to 19.0). */
final class OdooSales {
    /** IVA. */
    private static final double TAX = 0.19;

    private OdooSales() {}

    static void define(OdooStore store) {
        orders(store);
        lines(store);
        invoices(store);
    }

    private static void orders(OdooStore store) {
        OdooModel orders = OdooModels.model(
                store,
                "sale.order",
                "Sales Order",
                OdooModels.text("name", "Order Reference").required().indexed().byDefault(env -> nextName(env)),
                OdooModels.link("partner_id", "Customer", "res.partner")
                        .required()
                        .indexed()
                        .checkCompany(),
                // "done" is of versions up to 16, which lock an order so.
                OdooModels.choice(
                                "state",
                                "Status",
                                "draft",
                                "Quotation",
                                "sent",
                                "Quotation Sent",
                                "sale",
                                "Sales Order",
                                "done",
                                "Locked",
                                "cancel",
                                "Cancelled")
                        .byDefault("draft"),
                new OdooField("date_order", Type.DATETIME, "Order Date")
                        .required()
                        .byDefault(env -> env.now),
                new OdooField("commitment_date", Type.DATETIME, "Delivery Date"),
                OdooModels.text("client_order_ref", "Customer Reference"),
                OdooModels.choice(
                                "invoice_status",
                                "Invoice Status",
                                "upselling",
                                "Upselling Opportunity",
                                "invoiced",
                                "Fully Invoiced",
                                "to invoice",
                                "To Invoice",
                                "no",
                                "Nothing to Invoice")
                        .readonly()
                        .byDefault("no"),
                OdooModels.choice(
                                "delivery_status",
                                "Delivery Status",
                                "pending",
                                "Not Delivered",
                                "started",
                                "Started",
                                "partial",
                                "Partially Delivered",
                                "full",
                                "Fully Delivered")
                        .readonly(),
                OdooModels.link("user_id", "Salesperson", "res.users").byDefault(env -> env.user.id()),
                OdooModels.link("company_id", "Company", "res.company")
                        .required()
                        .indexed()
                        .byDefault(OdooEnv::company));
        orders.with(
                new OdooField("order_line", Type.ONE2MANY, "Order Lines")
                        .relation("sale.order.line")
                        .computed((env, order) -> List.copyOf(lineIds(env, order))),
                money("amount_untaxed", "Untaxed Amount", 1, 0),
                money("amount_tax", "Taxes", 0, 1),
                money("amount_total", "Total", 1, 1),
                OdooModels.currency());
        orders.order = "date_order desc, id desc";
    }

    private static OdooField money(String name, String label, int net, int tax) {
        return new OdooField(name, Type.MONETARY, label).computed((env, order) -> {
            OdooModel lines = env.store.model("sale.order.line");
            double sum = 0;
            for (Integer id : lineIds(env, order)) {
                sum += (Double) env.store.get(env, lines, lines.records.get(id), lines.fields.get("price_subtotal"));
            }
            return net * sum + tax * (double) Math.round(sum * TAX);
        });
    }

    private static Collection<Integer> lineIds(OdooEnv env, OdooRecord order) {
        return env.store.model("sale.order.line").lookup("order_id", order.id);
    }

    /** The next free name of the caller's company: each company of the demo counts for itself. */
    private static String nextName(OdooEnv env) {
        OdooModel orders = env.store.model("sale.order");
        int number = orders.lookup("company_id", env.company()).size();
        String name;
        do {
            name = String.format(Locale.ROOT, "S%05d", ++number);
        } while (orders.lookup("name", name).stream().anyMatch(id -> Integer.valueOf(env.company())
                .equals(orders.raw(orders.records.get(id), "company_id"))));
        return name;
    }

    private static void lines(OdooStore store) {
        OdooModel lines = OdooModels.model(
                store,
                "sale.order.line",
                "Sales Order Line",
                OdooModels.link("order_id", "Order Reference", "sale.order")
                        .required()
                        .indexed(),
                OdooModels.link("product_id", "Product", "product.product").indexed(),
                new OdooField("name", Type.TEXT, "Description").required(),
                OdooModels.number("product_uom_qty", "Quantity").byDefault(1.0),
                OdooModels.number("price_unit", "Unit Price"));
        lines.with(
                OdooModels.link("company_id", "Company", "res.company").through("order_id"),
                new OdooField("price_subtotal", Type.MONETARY, "Subtotal")
                        .computed((env, line) ->
                                (Double) lines.raw(line, "product_uom_qty") * (Double) lines.raw(line, "price_unit")));
        lines.order = "order_id, id";
    }

    private static void invoices(OdooStore store) {
        OdooModel moves = OdooModels.model(
                store,
                "account.move",
                "Journal Entry",
                OdooModels.text("name", "Number").indexed(),
                OdooModels.choice(
                                "move_type",
                                "Type",
                                "entry",
                                "Journal Entry",
                                "out_invoice",
                                "Customer Invoice",
                                "out_refund",
                                "Customer Credit Note",
                                "in_invoice",
                                "Vendor Bill",
                                "in_refund",
                                "Vendor Credit Note",
                                "out_receipt",
                                "Sales Receipt",
                                "in_receipt",
                                "Purchase Receipt")
                        .required()
                        .byDefault("entry"),
                OdooModels.link("partner_id", "Partner", "res.partner")
                        .indexed()
                        .checkCompany(),
                OdooModels.choice("state", "Status", "draft", "Draft", "posted", "Posted", "cancel", "Cancelled")
                        .required()
                        .byDefault("draft"),
                OdooModels.choice(
                                "payment_state",
                                "Payment Status",
                                "not_paid",
                                "Not Paid",
                                "in_payment",
                                "In Payment",
                                "paid",
                                "Paid",
                                "partial",
                                "Partially Paid",
                                "reversed",
                                "Reversed",
                                "invoicing_legacy",
                                "Invoicing App Legacy")
                        .readonly()
                        .byDefault("not_paid"),
                new OdooField("invoice_date", Type.DATE, "Invoice Date"),
                new OdooField("invoice_date_due", Type.DATE, "Due Date"),
                OdooModels.text("invoice_origin", "Origin").indexed(),
                OdooModels.text("ref", "Reference").indexed(),
                new OdooField("amount_total", Type.MONETARY, "Total").readonly(),
                new OdooField("amount_residual", Type.MONETARY, "Amount Due").readonly(),
                OdooModels.link("company_id", "Company", "res.company").byDefault(OdooEnv::company));
        moves.with(OdooModels.currency());
        moves.order = "invoice_date desc, name desc, id desc";
        // A shop's bot looks at invoices and makes none.
        moves.userMay = Set.of("read");
    }

    // Seed

    static void fill(OdooEnv env) {
        partner(env, 10, "Ana Soto", "ana.soto@cliente.example", "+56 9 8765 4321", false, 1);
        partner(env, 11, "Constructora Los Andes SpA", "compras@losandes.example", "+56 2 2345 6789", true, 1);
        partner(env, 20, "Bruno Díaz", "bruno.diaz@cliente.example", "+56 9 1234 5678", false, 2);
        partner(env, 21, "Café Central Ltda.", "pedidos@cafecentral.example", "+56 55 234 5678", true, 2);
        // She is a customer of both, and neither may learn it of the other.
        partner(env, 22, "Ana Soto", "ana.soto@cliente.example", "+56 9 8765 4321", false, 2);

        order(env, 1, 1, 10, "sale", "invoiced", "full", 20, "FER-002", 1);
        order(env, 1, 2, 10, "sale", "to invoice", "pending", 2, "FER-001", 2);
        order(env, 1, 3, 11, "sale", "to invoice", "partial", 9, "FER-005", 200);
        order(env, 1, 4, 11, "sent", "no", null, 4, "FER-004", 30);
        order(env, 1, 5, 10, "draft", "no", null, 1, "FER-006", 3);
        order(env, 1, 6, 10, "cancel", "no", null, 40, "FER-003", 1);
        order(env, 2, 1, 20, "sale", "invoiced", "full", 15, "PAS-001", 1);
        order(env, 2, 2, 21, "sale", "to invoice", "pending", 1, "PAS-004", 48);
        order(env, 2, 3, 22, "sent", "no", null, 3, "PAS-003", 4);
        order(env, 2, 4, 20, "cancel", "no", null, 30, "PAS-006", 2);

        invoice(env, 1, 1, 10, "S00001", "paid", 20, 47_588, 0);
        invoice(env, 1, 2, 11, null, "not_paid", 45, 189_900, 189_900);
        invoice(env, 1, 3, 11, "S00003", "partial", 8, 1_092_420, 546_210);
        invoice(env, 2, 1, 20, "S00001", "paid", 15, 29_738, 0);
        invoice(env, 2, 2, 21, null, "not_paid", 12, 56_549, 56_549);
    }

    private static void partner(
            OdooEnv env, int id, String name, String email, String phone, boolean company, int owner) {
        OdooSeed.at(
                env,
                "res.partner",
                id,
                null,
                "name",
                name,
                "email",
                email,
                "phone",
                phone,
                "is_company",
                company,
                "country_id",
                OdooModels.CHILE,
                "company_id",
                owner);
    }

    private static void order(
            OdooEnv env,
            int company,
            int number,
            int partner,
            String state,
            String invoiced,
            String delivered,
            int daysAgo,
            String product,
            int quantity) {
        OdooModel orders = env.store.model("sale.order");
        OdooModel products = env.store.model("product.product");
        int id = orders.nextId;
        OdooSeed.at(
                env,
                "sale.order",
                id,
                null,
                "name",
                String.format(Locale.ROOT, "S%05d", number),
                "partner_id",
                partner,
                "state",
                state,
                "date_order",
                text(env.now.minusDays(daysAgo)),
                "company_id",
                company);
        OdooRecord order = orders.records.get(id);
        env.store.set(orders, order, "invoice_status", invoiced);
        env.store.set(orders, order, "delivery_status", delivered);
        OdooRecord sold = products.records.get(
                products.lookup("default_code", product).iterator().next());
        OdooSeed.at(
                env,
                "sale.order.line",
                env.store.model("sale.order.line").nextId,
                null,
                "order_id",
                id,
                "product_id",
                sold.id,
                "name",
                products.display(env, sold),
                "product_uom_qty",
                quantity,
                "price_unit",
                env.store.get(env, products, sold, products.fields.get("list_price")));
    }

    private static void invoice(
            OdooEnv env,
            int company,
            int number,
            int partner,
            String origin,
            String paid,
            int daysAgo,
            double total,
            double due) {
        OdooModel moves = env.store.model("account.move");
        int id = moves.nextId;
        OdooSeed.at(
                env,
                "account.move",
                id,
                null,
                "name",
                String.format(Locale.ROOT, "FAC %06d", number),
                "move_type",
                "out_invoice",
                "partner_id",
                partner,
                "state",
                "posted",
                "invoice_date",
                text(env.now.minusDays(daysAgo)),
                "invoice_date_due",
                text(env.now.minusDays(daysAgo).plusDays(30)),
                "invoice_origin",
                origin == null ? false : origin,
                "company_id",
                company);
        OdooRecord move = moves.records.get(id);
        env.store.set(moves, move, "payment_state", paid);
        env.store.set(moves, move, "amount_total", total);
        env.store.set(moves, move, "amount_residual", due);
    }

    private static String text(LocalDateTime time) {
        return time.format(OdooValues.DATETIME);
    }
}
