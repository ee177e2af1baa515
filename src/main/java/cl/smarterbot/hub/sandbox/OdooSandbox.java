package cl.smarterbot.hub.sandbox;

import java.util.List;
import java.util.Map;

/**
 * The sandbox's Odoo as a test or a demo sees it from inside. Two companies share the database: 1 "Ferretería Sur" and 2
 * "Pastelería Norte". Each has customers, orders from {@code S00001} and invoices from {@code FAC 000001}; "Ana Soto", {@code
 * ana.soto@cliente.example}, is a customer of both. Ids of what callers make begin above the seed's, partners' at 40.
 */
public final class OdooSandbox {
    private final OdooVendor vendor;

    OdooSandbox(OdooVendor vendor) {
        this.vendor = vendor;
    }

    /**
     * Which major version to be: 17 and 18 have neither JSON-2 nor {@code /web/version}. The default is 19.
     *
     * @throws IllegalArgumentException for anything but 17, 18 and 19
     */
    public OdooSandbox version(int major) {
        if (major < 17 || major > 19) {
            throw new IllegalArgumentException("The sandbox can be Odoo 17, 18 or 19, not " + major);
        }
        vendor.version(major);
        return this;
    }

    public int version() {
        return vendor.version();
    }

    /** Name of the one database. */
    public String database() {
        return OdooSeed.DATABASE;
    }

    /**
     * Records of every company, archived ones too, in the order of their ids. Values are as {@code read} answers them,
     * and {@code external_id} is the external id or False.
     *
     * @param filter field to value; values compare for equality, {@code company_id} to a company's id
     * @throws RuntimeException if the model or a field does not exist
     */
    public List<Map<String, Object>> records(String model, Map<String, String> filter) {
        return vendor.records(model, filter, 0, "id");
    }

    /**
     * Adds products with stock to a company's catalogue, up to some hundred thousand.
     *
     * @param company 1 or 2
     * @param hoursAgo when they were written, as far as Odoo tells
     */
    public void products(int company, int count, int hoursAgo) {
        vendor.products(company, count, hoursAgo);
    }

    /**
     * Changes so many products of a company, spread over its catalogue: in turn a price, a quantity, a name. Quantities do not
     * touch the product itself, as in Odoo.
     *
     * @return how many were changed: fewer if there are not as many
     */
    public int touchProducts(int company, int count) {
        return vendor.touchProducts(company, count);
    }

    /**
     * {@code records} per model, {@code calls} per model and method, {@code read}: records read out per model, {@code
     * duplicatePartners} by company and address.
     */
    public Map<String, Object> stats() {
        return vendor.stats();
    }

    /** Back to the seed data; the version stays. */
    public void reset() {
        vendor.reset();
    }
}
