package cl.smarterbot.hub.sandbox;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the demo database holds before anyone calls: two shops, their logins, their goods. */
final class OdooSeed {
    static final String DATABASE = "demo";
    static final int FERRETERIA = 1;
    static final int PASTELERIA = 2;

    static final OdooUser ADMIN =
            new OdooUser(2, "Administrador", "admin", "demo", "demo-odoo-admin", List.of(FERRETERIA, PASTELERIA), true);
    static final List<OdooUser> USERS = List.of(
            ADMIN,
            new OdooUser(
                    6,
                    "Integración Ferretería Sur",
                    "ferreteria-sur",
                    "demo",
                    "demo-odoo-ferreteria-sur",
                    List.of(FERRETERIA),
                    false),
            new OdooUser(
                    7,
                    "Integración Pastelería Norte",
                    "pasteleria-norte",
                    "demo",
                    "demo-odoo-pasteleria-norte",
                    List.of(PASTELERIA),
                    false));

    private OdooSeed() {}

    static void fill(OdooEnv env) {
        at(env, "res.currency", 45, "base.CLP", "name", "CLP", "symbol", "$");
        country(env, 10, "AR", "Argentina", 54);
        country(env, 29, "BO", "Bolivia", 591);
        country(env, 31, "BR", "Brasil", 55);
        country(env, OdooModels.CHILE, "CL", "Chile", 56);
        country(env, 49, "CO", "Colombia", 57);
        country(env, 68, "ES", "España", 34);
        country(env, 156, "MX", "México", 52);
        country(env, 173, "PE", "Perú", 51);
        country(env, 229, "UY", "Uruguay", 598);
        country(env, 233, "US", "Estados Unidos", 1);
        at(env, "res.country.state", 1186, "base.state_cl_13", "name", "Metropolitana", "code", "13", "country_id", 46);
        at(env, "res.country.state", 1183, "base.state_cl_10", "name", "Los Lagos", "code", "10", "country_id", 46);
        at(env, "l10n_latam.identification.type", 1, "l10n_latam_base.it_vat", "name", "VAT");
        at(env, "l10n_latam.identification.type", 4, "l10n_cl.it_RUT", "name", "RUT");
        company(env, FERRETERIA, "base.main_company", "Ferretería Sur", "76086428-5");
        company(env, PASTELERIA, "base.pasteleria_norte", "Pastelería Norte", "76192083-9");
        for (OdooUser user : USERS) {
            at(
                    env,
                    "res.users",
                    user.id(),
                    user.admin() ? "base.user_admin" : null,
                    "name",
                    user.name(),
                    "login",
                    user.login(),
                    "company_id",
                    user.companies().get(0),
                    "company_ids",
                    user.companies());
        }
        at(env, "crm.team", 1, "sales_team.team_sales_department", "name", "Ventas");
        List<String> stages = List.of("Nuevo", "Calificado", "Propuesta", "Ganado");
        for (int i = 1; i <= stages.size(); i++) {
            at(env, "crm.stage", i, "crm.stage_lead" + i, "name", stages.get(i - 1), "sequence", i, "is_won", i == 4);
        }
        at(env, "uom.uom", 1, "uom.product_uom_unit", "name", "Unidades");
        at(env, "product.category", 1, "product.product_category_all", "name", "Todos");
        at(env, "stock.warehouse", 1, "stock.warehouse0", "name", "Ferretería Sur", "code", "FS", "company_id", 1);
        at(env, "stock.warehouse", 2, null, "name", "Pastelería Norte", "code", "PN", "company_id", 2);
        location(env, 8, "FS/Existencias", 1);
        location(env, 18, "PN/Existencias", 2);
        product(env, 1, 8, "FER-001", "Martillo carpintero 16 oz", 8990, 42);
        product(env, 1, 8, "FER-002", "Taladro percutor 650 W", 39990, 12);
        product(env, 1, 8, "FER-003", "Juego de destornilladores ñandú, 12 piezas", 14990, 25);
        product(env, 1, 8, "FER-004", "Pintura látex blanca, 1 galón", 18990, 60);
        product(env, 1, 8, "FER-005", "Cemento 25 kg", 4590, 180);
        product(env, 1, 8, "FER-006", "Cinta métrica 5 m", 3490, 75);
        product(env, 2, 18, "PAS-001", "Torta mil hojas, 15 personas", 24990, 6);
        product(env, 2, 18, "PAS-002", "Kuchen de frambuesa", 12990, 9);
        product(env, 2, 18, "PAS-003", "Docena de empanadas de pino", 21600, 15);
        product(env, 2, 18, "PAS-004", "Alfajor de maicena", 990, 120);
        product(env, 2, 18, "PAS-005", "Marraqueta 🥖, 1 kg", 2190, 80);
        product(env, 2, 18, "PAS-006", "Pan de Pascua", 8990, 20);
        product(env, 1, 8, "FER-007", "Alicate universal 8\"", 7490, 34);
        product(env, 1, 8, "FER-008", "Llave ajustable 10\"", 11990, 18);
        product(env, 1, 8, "FER-009", "Nivel de aluminio 60 cm", 9990, 21);
        product(env, 1, 8, "FER-010", "Sierra circular 1.400 W", 69990, 7);
        product(env, 1, 8, "FER-011", "Esmeril angular 4 1/2\"", 42990, 11);
        product(env, 1, 8, "FER-012", "Clavo corriente 2 1/2\", 1 kg", 2290, 140);
        product(env, 1, 8, "FER-013", "Tarugo nylon 8 mm, 100 unidades", 3990, 64);
        product(env, 1, 8, "FER-014", "Plancha OSB 11,1 mm", 15990, 45);
        product(env, 1, 8, "FER-015", "Volcanita 10 mm, 1,2 × 2,4 m", 6990, 90);
        product(env, 1, 8, "FER-016", "Cable eléctrico 2,5 mm², 100 m", 54990, 9);
        product(env, 1, 8, "FER-017", "Ampolleta LED 9 W", 1490, 220);
        product(env, 1, 8, "FER-018", "Manguera de jardín 15 m", 12990, 26);
        product(env, 1, 8, "FER-019", "Carretilla 90 L", 49990, 5);
        product(env, 1, 8, "FER-020", "Adhesivo de montaje 370 g", 4290, 0);
        product(env, 2, 18, "PAS-007", "Torta tres leches, 20 personas", 29990, 4);
        product(env, 2, 18, "PAS-008", "Torta selva negra, 15 personas", 27990, 3);
        product(env, 2, 18, "PAS-009", "Pie de limón", 11990, 8);
        product(env, 2, 18, "PAS-010", "Brazo de reina", 8490, 10);
        product(env, 2, 18, "PAS-011", "Kuchen de manzana", 11990, 7);
        product(env, 2, 18, "PAS-012", "Empolvados, 12 unidades", 6990, 18);
        product(env, 2, 18, "PAS-013", "Berlines, 6 unidades", 5990, 24);
        product(env, 2, 18, "PAS-014", "Calzones rotos, 1 kg", 6490, 12);
        product(env, 2, 18, "PAS-015", "Chilenitos, 12 unidades", 7490, 14);
        product(env, 2, 18, "PAS-016", "Cuchuflíes bañados, 20 unidades", 5490, 30);
        product(env, 2, 18, "PAS-017", "Queque marmoleado", 4990, 16);
        product(env, 2, 18, "PAS-018", "Hallullas, 1 kg", 2190, 60);
        product(env, 2, 18, "PAS-019", "Sopaipillas, docena", 3990, 25);
        product(env, 2, 18, "PAS-020", "Príncipes, 12 unidades 🍰", 6990, 0);
        OdooSales.fill(env);
        // Records that callers make start well above the seeded ids, as in a database that has lived.
        env.store.model("res.partner").nextId = 40;
    }

    private static void country(OdooEnv env, int id, String code, String name, int phone) {
        at(
                env,
                "res.country",
                id,
                "base." + code.toLowerCase(java.util.Locale.ROOT),
                "name",
                name,
                "code",
                code,
                "phone_code",
                phone);
    }

    private static void company(OdooEnv env, int id, String external, String name, String rut) {
        at(
                env,
                "res.company",
                id,
                external,
                "name",
                name,
                "vat",
                rut,
                "currency_id",
                45,
                "country_id",
                OdooModels.CHILE);
    }

    private static void location(OdooEnv env, int id, String name, int company) {
        at(
                env,
                "stock.location",
                id,
                null,
                "name",
                "Existencias",
                "complete_name",
                name,
                "usage",
                "internal",
                "warehouse_id",
                company,
                "company_id",
                company);
    }

    private static void product(
            OdooEnv env, int company, int location, String code, String name, int price, double quantity) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("default_code", code);
        values.put("name", name);
        values.put("list_price", price);
        values.put("standard_price", Math.round(price * 0.6));
        values.put("is_storable", true);
        values.put("company_id", company);
        int id = env.store.create(env, env.store.model("product.product"), values);
        env.store.create(
                env,
                env.store.model("stock.quant"),
                Map.of("product_id", id, "location_id", location, "quantity", quantity));
    }

    static void at(OdooEnv env, String name, int id, String external, Object... pairs) {
        OdooModel model = env.store.model(name);
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            values.put((String) pairs[i], pairs[i + 1]);
        }
        model.nextId = id;
        env.store.create(env, model, values);
        if (external != null) {
            env.store.nameExternally(env, model, external, id, true);
        }
    }
}
