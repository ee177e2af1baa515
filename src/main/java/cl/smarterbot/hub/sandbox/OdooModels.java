package cl.smarterbot.hub.sandbox;

import cl.smarterbot.hub.sandbox.OdooField.Type;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** The part of Odoo's data model that a shop's integrations touch (17.0 to 19.0). */
final class OdooModels {
    static final int CHILE = 46;
    private static final int RUT_TYPE = 4;
    private static final Set<String> READ = Set.of("read");

    private OdooModels() {}

    static void define(OdooStore store) {
        companies(store);
        partners(store);
        leads(store);
        products(store);
        stock(store);
        OdooSales.define(store);
    }

    static OdooModel model(OdooStore store, String name, String label, OdooField... fields) {
        OdooModel model = new OdooModel(name, label).with(fields);
        store.models.put(name, model);
        return model;
    }

    static OdooField text(String name, String label) {
        return new OdooField(name, Type.CHAR, label);
    }

    static OdooField flag(String name, String label) {
        return new OdooField(name, Type.BOOLEAN, label);
    }

    static OdooField number(String name, String label) {
        return new OdooField(name, Type.FLOAT, label);
    }

    static OdooField count(String name, String label) {
        return new OdooField(name, Type.INTEGER, label);
    }

    static OdooField link(String name, String label, String model) {
        return new OdooField(name, Type.MANY2ONE, label).relation(model);
    }

    static OdooField choice(String name, String label, String... pairs) {
        return new OdooField(name, Type.SELECTION, label).selection(pairs);
    }

    private static OdooField active() {
        return flag("active", "Active").byDefault(true);
    }

    private static void companies(OdooStore store) {
        model(
                        store,
                        "res.currency",
                        "Currency",
                        text("name", "Currency").required(),
                        text("symbol", "Symbol"),
                        active())
                .userMay = READ;
        model(
                        store,
                        "res.country",
                        "Country",
                        text("name", "Country Name").required(),
                        text("code", "Country Code").indexed(),
                        count("phone_code", "Country Calling Code"))
                .userMay = READ;
        model(
                        store,
                        "res.country.state",
                        "Country state",
                        text("name", "State Name").required(),
                        text("code", "State Code"),
                        link("country_id", "Country", "res.country"))
                .userMay = READ;
        model(
                        store,
                        "res.company",
                        "Companies",
                        text("name", "Company Name").required(),
                        text("vat", "Tax ID"),
                        text("email", "Email"),
                        link("currency_id", "Currency", "res.currency"),
                        link("country_id", "Country", "res.country"))
                .userMay = READ;
        OdooModel users = model(
                store,
                "res.users",
                "User",
                text("name", "Name").required(),
                text("login", "Login").required(),
                text("email", "Email"),
                text("lang", "Language").byDefault("es_CL"),
                text("tz", "Timezone").byDefault("America/Santiago"),
                link("company_id", "Company", "res.company").required(),
                new OdooField("company_ids", Type.MANY2MANY, "Companies").relation("res.company"),
                text("password", "Password").computed((env, record) -> ""),
                active());
        users.userMay = READ;
        OdooModel data = model(
                store,
                "ir.model.data",
                "Model Data",
                text("module", "Module").required(),
                text("name", "External Identifier").required(),
                text("model", "Model Name").required(),
                count("res_id", "Record ID"),
                flag("noupdate", "Non Updatable"),
                text("complete_name", "Complete ID").readonly().indexed(),
                text("target", "Record").readonly().indexed());
        data.userMay = Set.of();
        data.recompute = (env, record) -> {
            store.set(data, record, "complete_name", data.raw(record, "module") + "." + data.raw(record, "name"));
            store.set(data, record, "target", data.raw(record, "model") + "," + data.raw(record, "res_id"));
        };
        data.constraint = (env, record) -> {
            String name = (String) data.raw(record, "name");
            if (name.indexOf(' ') >= 0) {
                throw OdooFault.error(
                        "psycopg2.errors.CheckViolation",
                        "new row for relation \"ir_model_data\" violates check constraint \"ir_model_data_name_nospaces\"\n"
                                + "DETAIL:  Failing row contains (" + record.id + ", " + name + ", "
                                + data.raw(record, "module") + ", " + data.raw(record, "model") + ").\n");
            }
        };
        model(
                store,
                "mail.message",
                "Message",
                new OdooField("body", Type.HTML, "Contents"),
                text("model", "Related Document Model").indexed(),
                count("res_id", "Related Document ID"),
                text("message_type", "Type").byDefault("notification"));
    }

    private static void partners(OdooStore store) {
        model(
                store,
                "res.partner.category",
                "Contact Tag",
                text("name", "Tag Name").required(),
                active());
        model(
                        store,
                        "l10n_latam.identification.type",
                        "Identification Types",
                        text("name", "Name").required())
                .userMay = READ;
        OdooModel partners = model(
                store,
                "res.partner",
                "Contact",
                text("name", "Name").indexed(),
                text("complete_name", "Complete Name").readonly(),
                flag("is_company", "Is a Company"),
                link("parent_id", "Related Company", "res.partner").indexed().checkCompany(),
                link("commercial_partner_id", "Commercial Entity", "res.partner")
                        .readonly(),
                choice(
                                "type",
                                "Address Type",
                                "contact",
                                "Contact",
                                "invoice",
                                "Invoice Address",
                                "delivery",
                                "Delivery Address",
                                "other",
                                "Other Address")
                        .byDefault("contact"),
                text("email", "Email").indexed(),
                text("email_normalized", "Normalized Email").readonly().indexed(),
                text("phone", "Phone").indexed(),
                text("mobile", "Mobile").indexed().until(18),
                text("vat", "Tax ID").indexed(),
                text("ref", "Reference").indexed(),
                text("lang", "Language").byDefault("es_CL"),
                text("tz", "Timezone"),
                text("street", "Street"),
                text("street2", "Street2"),
                text("city", "City"),
                text("zip", "Zip"),
                link("state_id", "State", "res.country.state"),
                link("country_id", "Country", "res.country"),
                link("l10n_latam_identification_type_id", "Identification Type", "l10n_latam.identification.type"),
                new OdooField("category_id", Type.MANY2MANY, "Tags").relation("res.partner.category"),
                link("user_id", "Salesperson", "res.users"),
                link("company_id", "Company", "res.company"),
                text("website", "Website Link"),
                text("function", "Job Position"),
                new OdooField("comment", Type.HTML, "Notes"),
                count("customer_rank", "Customer Rank"),
                count("color", "Color Index"),
                new OdooField("image_1920", Type.BINARY, "Image"),
                new OdooField("image_128", Type.BINARY, "Image 128")
                        .computed((env, record) -> store.model("res.partner").raw(record, "image_1920")),
                new OdooField("credit_limit", Type.FLOAT, "Credit Limit").restricted(),
                active());
        partners.add(choice("company_type", "Company Type", "person", "Individual", "company", "Company")
                .computed(
                        (env, record) -> OdooValues.truthy(partners.raw(record, "is_company")) ? "company" : "person"));
        partners.order = "complete_name ASC, id DESC";
        partners.display = (env, record) -> {
            Object name = partners.raw(record, "complete_name");
            return name == null ? "" : name.toString();
        };
        partners.recompute = (env, record) -> partnerNames(env, partners, record, 0);
        partners.constraint = (env, record) -> partnerRules(env, partners, record);
    }

    private static void partnerNames(OdooEnv env, OdooModel partners, OdooRecord record, int depth) {
        if (depth > 20) {
            throw OdooFault.validation("You cannot create recursive Partner hierarchies.");
        }
        OdooStore store = env.store;
        Object parentId = partners.raw(record, "parent_id");
        OdooRecord parent = parentId == null ? null : partners.records.get(parentId);
        boolean company = OdooValues.truthy(partners.raw(record, "is_company"));
        Object name = partners.raw(record, "name");
        Object complete = name;
        Integer commercial = record.id;
        if (parent != null && !company) {
            Object above = partners.raw(parent, "commercial_partner_id");
            commercial = above == null ? parent.id : (Integer) above;
            complete = partners.raw(parent, "name") + (name == null || "".equals(name) ? "" : ", " + name);
        }
        boolean renamed = !java.util.Objects.equals(complete, partners.raw(record, "complete_name"))
                || !commercial.equals(partners.raw(record, "commercial_partner_id"));
        store.set(partners, record, "complete_name", complete);
        store.set(partners, record, "commercial_partner_id", commercial);
        store.set(partners, record, "email_normalized", OdooValues.normalizedEmail(partners.raw(record, "email")));
        if (renamed) {
            for (Integer child : List.copyOf(partners.lookup("parent_id", record.id))) {
                partnerNames(env, partners, partners.records.get(child), depth + 1);
            }
        }
    }

    private static void partnerRules(OdooEnv env, OdooModel partners, OdooRecord record) {
        if ("contact".equals(partners.raw(record, "type")) && partners.raw(record, "name") == null) {
            throw OdooFault.validation("The operation cannot be completed: Contacts require a name");
        }
        Object stored = partners.raw(record, "vat");
        if (!(stored instanceof String vat) || vat.length() <= 1) {
            return;
        }
        boolean chilean = Integer.valueOf(CHILE).equals(partners.raw(record, "country_id"));
        boolean prefixed = vat.toUpperCase(java.util.Locale.ROOT).startsWith("CL");
        boolean noCountry = partners.raw(record, "country_id") == null;
        if (!chilean && !(noCountry && prefixed)) {
            return;
        }
        Object name = partners.raw(record, "name");
        String shown = prefixed ? "CL" + OdooRut.compact(vat) : vat;
        if (!OdooRut.valid(vat)) {
            throw OdooFault.validation(
                    chilean
                            ? "\nThe RUT number [" + shown + "] for partner [" + name
                                    + "] does not seem to be valid. \nNote: the expected format is CL76086428-5"
                            : "\nThe VAT number [" + shown + "] for partner [" + name
                                    + "] does not seem to be valid. \nNote: the expected format is 'CC##' (CC=Country Code,"
                                    + " ##=VAT Number)");
        }
        boolean typed = Integer.valueOf(RUT_TYPE).equals(partners.raw(record, "l10n_latam_identification_type_id"));
        if (chilean && (env.version >= 19 || env.version == 18 && typed)) {
            env.store.set(partners, record, "vat", OdooRut.normalized(vat));
        }
    }

    private static void leads(OdooStore store) {
        OdooModel stages = model(
                store,
                "crm.stage",
                "CRM Stages",
                text("name", "Stage Name").required(),
                count("sequence", "Sequence"),
                flag("is_won", "Is Won Stage?"));
        stages.order = "sequence, name, id";
        stages.userMay = READ;
        model(store, "crm.team", "Sales Team", text("name", "Sales Team").required(), active()).userMay = READ;
        model(store, "crm.tag", "CRM Tag", text("name", "Tag Name").required());
        OdooModel leads = model(
                store,
                "crm.lead",
                "Lead/Opportunity",
                text("name", "Opportunity").required().indexed(),
                choice("type", "Type", "lead", "Lead", "opportunity", "Opportunity")
                        .required()
                        .byDefault("lead"),
                link("partner_id", "Customer", "res.partner").indexed().checkCompany(),
                text("contact_name", "Contact Name"),
                text("partner_name", "Company Name"),
                text("email_from", "Email").indexed(),
                text("email_normalized", "Normalized Email").readonly().indexed(),
                text("phone", "Phone").indexed(),
                text("mobile", "Mobile").until(18),
                text("website", "Website"),
                text("function", "Job Position"),
                text("street", "Street"),
                text("city", "City"),
                text("zip", "Zip"),
                link("country_id", "Country", "res.country"),
                new OdooField("description", Type.HTML, "Notes"),
                link("team_id", "Sales Team", "crm.team").byDefault(1),
                link("user_id", "Salesperson", "res.users").byDefault(env -> env.user.id()),
                link("company_id", "Company", "res.company").byDefault(OdooEnv::company),
                link("stage_id", "Stage", "crm.stage").byDefault(1),
                new OdooField("tag_ids", Type.MANY2MANY, "Tags").relation("crm.tag"),
                choice("priority", "Priority", "0", "Low", "1", "Medium", "2", "High", "3", "Very High")
                        .byDefault("0"),
                new OdooField("expected_revenue", Type.MONETARY, "Expected Revenue"),
                number("probability", "Probability"),
                new OdooField("date_deadline", Type.DATE, "Expected Closing"),
                new OdooField("date_open", Type.DATETIME, "Assignment Date").byDefault(env -> env.now),
                text("referred", "Referred By"),
                count("color", "Color Index"),
                active());
        leads.order = "priority desc, id desc";
        leads.recompute = (env, record) -> store.set(
                leads, record, "email_normalized", OdooValues.normalizedEmail(leads.raw(record, "email_from")));
    }

    private static void products(OdooStore store) {
        model(
                        store,
                        "uom.uom",
                        "Product Unit of Measure",
                        text("name", "Unit of Measure").required())
                .userMay = READ;
        model(
                store,
                "product.category",
                "Product Category",
                text("name", "Name").required());
        OdooModel templates = model(
                store,
                "product.template",
                "Product",
                text("name", "Name").required(),
                new OdooField("description_sale", Type.TEXT, "Sales Description"),
                choice("type", "Product Type", "consu", "Goods", "service", "Service", "combo", "Combo")
                        .required()
                        .byDefault("consu"),
                flag("is_storable", "Track Inventory"),
                choice(
                                "tracking",
                                "Tracking",
                                "serial",
                                "By Unique Serial Number",
                                "lot",
                                "By Lots",
                                "none",
                                "By Quantity")
                        .byDefault("none"),
                number("list_price", "Sales Price").byDefault(1.0),
                flag("sale_ok", "Sales").byDefault(true),
                flag("purchase_ok", "Purchase").byDefault(true),
                link("uom_id", "Unit of Measure", "uom.uom").byDefault(1),
                link("categ_id", "Product Category", "product.category").byDefault(1),
                link("company_id", "Company", "res.company").indexed(),
                active());
        templates.with(
                text("default_code", "Internal Reference").onVariant(),
                text("barcode", "Barcode").onVariant(),
                number("standard_price", "Cost").onVariant(),
                quantity(store, "qty_available", "Quantity On Hand", true),
                quantity(store, "virtual_available", "Forecasted Quantity", true),
                currency());
        OdooModel products = model(
                store,
                "product.product",
                "Product Variant",
                link("product_tmpl_id", "Product Template", "product.template")
                        .required()
                        .indexed(),
                text("default_code", "Internal Reference").indexed(),
                text("barcode", "Barcode").indexed(),
                number("standard_price", "Cost"),
                new OdooField("image_1920", Type.BINARY, "Image"),
                new OdooField("image_1024", Type.BINARY, "Image 1024")
                        .computed(
                                (env, record) -> store.model("product.product").raw(record, "image_1920")),
                active());
        for (String shared : List.of(
                "name",
                "description_sale",
                "type",
                "is_storable",
                "tracking",
                "list_price",
                "sale_ok",
                "purchase_ok",
                "uom_id",
                "categ_id",
                "company_id")) {
            OdooField field = templates.fields.get(shared);
            OdooField mirror = new OdooField(field.name, field.type, field.label).through("product_tmpl_id");
            mirror.relation = field.relation;
            mirror.selection = field.selection;
            mirror.required = field.required;
            products.add(mirror);
        }
        products.with(
                number("lst_price", "Sales Price")
                        .computed((env, record) ->
                                env.store.get(env, products, record, products.fields.get("list_price"))),
                quantity(store, "qty_available", "Quantity On Hand", false),
                quantity(store, "virtual_available", "Forecasted Quantity", false),
                quantity(store, "free_qty", "Free To Use Quantity", false),
                quantity(store, "incoming_qty", "Incoming", false),
                quantity(store, "outgoing_qty", "Outgoing", false),
                currency());
        products.order = "default_code, id";
        templates.order = "name, id";
        products.display = (env, record) -> coded(
                products.raw(record, "default_code"),
                env.store.get(env, products, record, products.fields.get("name")));
        templates.display = (env, record) -> coded(
                env.store.get(env, templates, record, templates.fields.get("default_code")),
                templates.raw(record, "name"));
        products.constraint = (env, record) -> uniqueBarcode(env, products, record);
    }

    private static String coded(Object code, Object name) {
        return OdooValues.truthy(code) ? "[" + code + "] " + name : String.valueOf(name);
    }

    static OdooField currency() {
        return link("currency_id", "Currency", "res.currency").computed((env, record) -> 45);
    }

    /** Sums the quants of the caller's companies, as the field does when no warehouse is named in the context. */
    private static OdooField quantity(OdooStore store, String name, String label, boolean ofTemplate) {
        return number(name, label).computed((env, record) -> {
            OdooRecord product = ofTemplate ? store.variant(record) : record;
            if (product == null || name.equals("incoming_qty") || name.equals("outgoing_qty")) {
                return 0.0;
            }
            OdooModel quants = store.model("stock.quant");
            double sum = 0;
            for (Integer id : quants.lookup("product_id", product.id)) {
                OdooRecord quant = quants.records.get(id);
                if (env.companies.contains(quants.raw(quant, "company_id"))) {
                    sum += (Double) quants.raw(quant, "quantity");
                    sum -= name.equals("free_qty") ? (Double) quants.raw(quant, "reserved_quantity") : 0;
                }
            }
            return sum;
        });
    }

    private static void uniqueBarcode(OdooEnv env, OdooModel products, OdooRecord record) {
        Object barcode = products.raw(record, "barcode");
        if (!OdooValues.truthy(barcode)) {
            return;
        }
        Collection<Integer> same = products.lookup("barcode", barcode);
        Integer mine = env.store.companyOf(env, products, record);
        List<String> names = same.stream()
                .map(products.records::get)
                .filter(other -> {
                    Integer theirs = env.store.companyOf(env, products, other);
                    return mine == null || theirs == null || mine.equals(theirs);
                })
                .map(other -> products.display(env, other))
                .toList();
        if (names.size() > 1) {
            throw OdooFault.validation("Barcode(s) already assigned:\n\n- Barcode \"" + barcode
                    + "\" already assigned to product(s): " + String.join(" and ", names)
                    + "\n\nNote: products that you don't have access to will not be shown above.");
        }
    }

    private static void stock(OdooStore store) {
        model(
                        store,
                        "stock.warehouse",
                        "Warehouse",
                        text("name", "Warehouse").required(),
                        text("code", "Short Name"),
                        link("company_id", "Company", "res.company"))
                .userMay = READ;
        OdooModel locations = model(
                store,
                "stock.location",
                "Inventory Locations",
                text("name", "Location Name").required(),
                text("complete_name", "Full Location Name"),
                choice("usage", "Location Type", "internal", "Internal Location", "inventory", "Inventory Loss"),
                link("warehouse_id", "Warehouse", "stock.warehouse"),
                link("company_id", "Company", "res.company"),
                active());
        locations.userMay = READ;
        locations.display = (env, record) -> String.valueOf(locations.raw(record, "complete_name"));
        model(
                store,
                "stock.lot",
                "Lot/Serial",
                text("name", "Lot/Serial Number").required());
        model(
                store,
                "stock.move.line",
                "Product Moves (Stock Move Line)",
                link("product_id", "Product", "product.product").required().indexed(),
                link("company_id", "Company", "res.company")
                        .readonly()
                        .indexed()
                        .byDefault(env -> env.company()),
                number("quantity", "Quantity"),
                choice(
                        "state",
                        "Status",
                        "draft",
                        "New",
                        "assigned",
                        "Available",
                        "done",
                        "Done",
                        "cancel",
                        "Cancelled"));
        OdooModel quants = model(
                store,
                "stock.quant",
                "Quants",
                link("product_id", "Product", "product.product").required().indexed(),
                link("location_id", "Location", "stock.location").required(),
                link("warehouse_id", "Warehouse", "stock.warehouse").readonly(),
                link("company_id", "Company", "res.company").readonly().indexed(),
                link("lot_id", "Lot/Serial Number", "stock.lot"),
                number("quantity", "Quantity"),
                number("reserved_quantity", "Reserved Quantity"),
                number("inventory_quantity", "Counted Quantity"),
                flag("inventory_quantity_set", "Inventory Quantity Set"),
                new OdooField("in_date", Type.DATETIME, "Incoming Date").byDefault(env -> env.now));
        quants.with(number("available_quantity", "Available Quantity")
                .computed((env, record) ->
                        (Double) quants.raw(record, "quantity") - (Double) quants.raw(record, "reserved_quantity")));
        quants.display = (env, record) -> {
            OdooModel products = store.model("product.product");
            OdooRecord product = products.records.get(quants.raw(record, "product_id"));
            return product == null ? "stock.quant," + record.id : products.display(env, product);
        };
        quants.recompute = (env, record) -> {
            OdooRecord location = locations.records.get(quants.raw(record, "location_id"));
            if (location != null) {
                store.set(quants, record, "company_id", locations.raw(location, "company_id"));
                store.set(quants, record, "warehouse_id", locations.raw(location, "warehouse_id"));
            }
        };
    }
}
