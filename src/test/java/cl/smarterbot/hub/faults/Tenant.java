package cl.smarterbot.hub.faults;

/** The tenants that the visitors write to. Their logins are those of the sandbox. */
enum Tenant {
    FERRETERIA("76000012-4", "ferreteria-sur", 1, true),
    PASTELERIA("77000005-K", "pasteleria-norte", 2, false);

    private final String rut;
    private final String slug;
    private final int company;
    private final boolean wantsLeads;

    Tenant(String rut, String slug, int company, boolean wantsLeads) {
        this.rut = rut;
        this.slug = slug;
        this.company = company;
        this.wantsLeads = wantsLeads;
    }

    String rut() {
        return rut;
    }

    String slug() {
        return slug;
    }

    int company() {
        return company;
    }

    boolean wantsLeads() {
        return wantsLeads;
    }

    String apiKey() {
        return "demo-" + slug;
    }
}
