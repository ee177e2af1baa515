package cl.smarterbot.hub.sandbox;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A catalogue as large as one likes. The records are copies of one that was made as callers make theirs. */
final class OdooBulk {
    /** Upper bound of one call. */
    static final int MOST = 500_000;

    private static final List<String> HARDWARE = List.of(
            "Perno hexagonal",
            "Tornillo autoperforante",
            "Broca para hormigón",
            "Disco de corte",
            "Candado de bronce",
            "Llave de paso",
            "Codo PVC 90°",
            "Cable eléctrico H07V-K",
            "Enchufe hembra 10 A",
            "Pintura esmalte al agua",
            "Silicona neutra",
            "Bisagra galvanizada",
            "Cinta aisladora",
            "Lija al agua Nº 220",
            "Serrucho carpintero",
            "Guante de cabritilla");
    private static final List<String> PASTRY = List.of(
            "Torta tres leches",
            "Kuchen de manzana",
            "Pie de limón",
            "Brazo de reina",
            "Alfajor chileno",
            "Empolvado",
            "Berlín relleno",
            "Calzón roto",
            "Queque marmoleado",
            "Chilenito",
            "Hallulla, 1 kg",
            "Dobladita",
            "Sopaipilla",
            "Príncipe de mazapán",
            "Cuchuflí bañado",
            "Mantecado");

    private OdooBulk() {}

    /** @param written when they were written last, as far as Odoo knows */
    static int products(OdooEnv env, int company, int count, LocalDateTime written) {
        OdooModel templates = env.store.model("product.template");
        OdooModel products = env.store.model("product.product");
        OdooModel quants = env.store.model("stock.quant");
        int number = products.nextId;
        int first = env.store.create(
                env,
                products,
                Map.of(
                        "name",
                        name(company, number),
                        "default_code",
                        code(company, number),
                        "barcode",
                        barcode(number),
                        "list_price",
                        price(number),
                        "is_storable",
                        true,
                        "company_id",
                        company));
        OdooRecord product = products.records.get(first);
        OdooRecord template = templates.records.get(products.raw(product, "product_tmpl_id"));
        OdooRecord quant = quants.records.get(env.store.create(
                env, quants, Map.of("product_id", first, "location_id", location(env, company), "quantity", 7.0)));
        write(templates, template, "write_date", written);
        write(products, product, "write_date", written);
        write(quants, quant, "write_date", written);
        for (int i = 1; i < count; i++) {
            number = products.nextId;
            OdooRecord newTemplate = copy(templates, template);
            write(templates, newTemplate, "name", name(company, number));
            write(templates, newTemplate, "list_price", price(number));
            templates.put(newTemplate);
            OdooRecord newProduct = copy(products, product);
            write(products, newProduct, "product_tmpl_id", newTemplate.id);
            write(products, newProduct, "default_code", code(company, number));
            write(products, newProduct, "barcode", barcode(number));
            products.put(newProduct);
            OdooRecord newQuant = copy(quants, quant);
            write(quants, newQuant, "product_id", newProduct.id);
            write(quants, newQuant, "quantity", (double) (number % 200));
            quants.put(newQuant);
        }
        return count;
    }

    /** In turn a price, a quantity and a name. */
    static int touch(OdooEnv env, int company, int count) {
        OdooModel templates = env.store.model("product.template");
        OdooModel products = env.store.model("product.product");
        OdooModel quants = env.store.model("stock.quant");
        List<Integer> ours = new ArrayList<>(templates.lookup("company_id", company));
        int touched = Math.min(count, ours.size());
        for (int i = 0; i < touched; i++) {
            OdooRecord template = templates.records.get(ours.get((int) ((long) i * ours.size() / touched)));
            switch (i % 3) {
                case 0 -> {
                    Double price = (Double) templates.raw(template, "list_price");
                    env.store.write(env, templates, template, Map.of("list_price", price + 10));
                }
                case 1 ->
                    quantity(
                            env,
                            quants,
                            products.lookup("product_tmpl_id", template.id)
                                    .iterator()
                                    .next());
                default ->
                    env.store.write(
                            env, templates, template, Map.of("name", templates.raw(template, "name") + " (nuevo)"));
            }
        }
        return touched;
    }

    private static void quantity(OdooEnv env, OdooModel quants, int product) {
        for (Integer id : List.copyOf(quants.lookup("product_id", product))) {
            OdooRecord quant = quants.records.get(id);
            env.store.write(env, quants, quant, Map.of("quantity", (Double) quants.raw(quant, "quantity") + 1));
        }
    }

    private static OdooRecord copy(OdooModel model, OdooRecord from) {
        OdooRecord copy = model.newRecord(model.nextId);
        System.arraycopy(from.values, 0, copy.values, 0, copy.values.length);
        return copy;
    }

    private static void write(OdooModel model, OdooRecord record, String field, Object value) {
        record.values[model.fields.get(field).slot] = value;
    }

    private static int location(OdooEnv env, int company) {
        OdooModel locations = env.store.model("stock.location");
        for (OdooRecord location : locations.records.values()) {
            if (Integer.valueOf(company).equals(locations.raw(location, "company_id"))) {
                return location.id;
            }
        }
        throw new IllegalStateException("no location of company " + company);
    }

    private static String name(int company, int number) {
        List<String> names = company == OdooSeed.FERRETERIA ? HARDWARE : PASTRY;
        return names.get(number % names.size()) + " " + number;
    }

    private static String code(int company, int number) {
        return (company == OdooSeed.FERRETERIA ? "FB-" : "PB-") + number;
    }

    private static String barcode(int number) {
        return String.format(Locale.ROOT, "780%09d", number);
    }

    private static double price(int number) {
        return 490 + number % 5000 * 10.0;
    }
}
