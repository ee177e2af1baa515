package cl.smarterbot.hub;

import cl.smarterbot.hub.odoo.OdooException;
import cl.smarterbot.hub.ops.TenantCheck;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;

/** Whether a tenant's Odoo takes its login, knows its company, and lets the user see what the flows need. Reads only. */
final class OdooTenantCheck implements TenantCheck {

    private static final String SYSTEM = "Odoo";
    private static final String LIMITS = "requestTimeout=10s";

    private final TenantRegistry registry;
    private final CamelContext camel;

    OdooTenantCheck(TenantRegistry registry, CamelContext camel) {
        this.registry = registry;
        this.camel = camel;
    }

    @Override
    public String system() {
        return SYSTEM;
    }

    @Override
    public List<Line> check(String rut) {
        Tenant.OdooSettings odoo = registry.byRut(rut).map(Tenant::odoo).orElse(null);
        if (odoo == null) {
            return List.of();
        }
        List<Line> lines = new ArrayList<>();
        try (ProducerTemplate template = camel.createProducerTemplate()) {
            lines.add(login(template, rut));
            if (lines.get(0).works()) {
                if (odoo.companyId() != null) {
                    lines.add(company(template, rut, odoo.companyId()));
                }
                lines.add(records(template, rut, "res.partner", "partners"));
                lines.add(records(template, rut, "product.product", "products"));
                if (odoo.createLead()) {
                    lines.add(records(template, rut, "crm.lead", "leads"));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lines;
    }

    private static Line login(ProducerTemplate template, String rut) {
        // The version alone needs no login: only the second question shows that the secret is right.
        Exchange version = ask(template, rut, "odoo:res.users?operation=version", null);
        if (version.getException() != null) {
            return failed("login", version.getException());
        }
        Map<?, ?> server = version.getMessage().getBody(Map.class);
        Exchange who = ask(template, rut, "odoo:res.users?operation=call&method=context_get", List.of());
        return who.getException() != null
                ? failed("login", who.getException())
                : line("login", true, "Odoo " + server.get("version") + " over " + server.get("transport"));
    }

    private static Line company(ProducerTemplate template, String rut, int id) {
        Exchange asked = ask(
                template,
                rut,
                "odoo:res.company?operation=searchRead&fields=name&limit=1",
                List.of(List.of("id", "=", id)));
        if (asked.getException() != null) {
            return failed("company", asked.getException());
        }
        List<?> found = asked.getMessage().getBody(List.class);
        return found.isEmpty()
                ? line("company", false, "the user sees no company " + id + ": hub tenant odoo --company")
                : line("company", true, id + ", " + ((Map<?, ?>) found.get(0)).get("name"));
    }

    private static Line records(ProducerTemplate template, String rut, String model, String part) {
        Exchange asked = ask(template, rut, "odoo:" + model + "?operation=count", List.of());
        return asked.getException() != null
                ? failed(part, asked.getException())
                : line(part, true, asked.getMessage().getBody() + " of " + model);
    }

    private static Exchange ask(ProducerTemplate template, String rut, String uri, Object body) {
        return template.request(uri + '&' + LIMITS, exchange -> {
            TenantScope.bind(exchange, rut);
            exchange.getMessage().setBody(body);
        });
    }

    private static Line failed(String part, Exception why) {
        if (why instanceof OdooException e) {
            return line(part, false, e.kind() + ": " + e.getMessage());
        }
        if (why instanceof IllegalStateException) {
            return line(part, false, why.getMessage() + ": hub tenant odoo --api-key-stdin or --password-stdin");
        }
        return line(part, false, why.getClass().getSimpleName());
    }

    private static Line line(String part, boolean works, String says) {
        return new Line(SYSTEM, part, works, says);
    }
}
