package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.odoo.OdooComponent;
import cl.smarterbot.hub.ops.TenantCheck;
import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.testing.TestDatabase;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.JdbcTemplate;

@DisplayName("hub check says of a tenant's Odoo")
class OdooTenantCheckTest {

    private static final String RUT = "76000012-4";

    @TempDir
    private Path folder;

    private JdbcTemplate superuser;
    private TenantRegistry registry;
    private SecretStore secrets;
    private SandboxServer vendors;
    private DefaultCamelContext camel;

    @BeforeEach
    void open() {
        TestDatabase database = TestDatabase.fresh();
        superuser = new JdbcTemplate(database.as("postgres"));
        superuser.update("insert into public.tenants (rut, business_name, odoo_company_id) values (?, 'Sur', 1)", RUT);
        superuser.update(
                "insert into hub.tenant_settings (tenant_rut, odoo_user, odoo_create_lead)"
                        + " values (?, 'ferreteria-sur', true)",
                RUT);
        registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        secrets = EncryptedFileSecretStore.open(folder.resolve("s.enc"));
        vendors = SandboxServer.start(0);
        camel = new DefaultCamelContext();
        OdooComponent odoo = new OdooComponent();
        odoo.setConnectionResolver(new TenantOdooConnections(
                registry, secrets, vendors.uri().toString(), "demo", AddressPolicy.publicOnly()));
        camel.addComponent("odoo", odoo);
        camel.start();
    }

    @AfterEach
    void close() {
        camel.stop();
        vendors.close();
    }

    private List<TenantCheck.Line> check(String password) {
        if (password != null) {
            secrets.put(RUT, "odoo", "password", Secret.of(password));
        }
        registry.refresh();
        return new OdooTenantCheck(registry, camel).check(RUT);
    }

    @Test
    @DisplayName(
            "which version answers, which company it is, and how much of what the flows need the user sees; it writes nothing")
    void works() {
        int leads = vendors.odoo().records("crm.lead", Map.of()).size();

        List<TenantCheck.Line> lines = check("demo");

        assertThat(lines)
                .extracting(TenantCheck.Line::part)
                .containsExactly("login", "company", "partners", "products", "leads");
        assertThat(lines).allMatch(TenantCheck.Line::works);
        assertThat(lines.get(0).says()).startsWith("Odoo ").contains("xml");
        assertThat(lines.get(1).says()).isEqualTo("1, Ferretería Sur");
        assertThat(lines.get(3).says()).isEqualTo("20 of product.product");
        assertThat(vendors.odoo().records("crm.lead", Map.of())).hasSize(leads);
    }

    @Test
    @DisplayName("that the password is wrong, without showing it")
    void wrongPassword() {
        assertThat(check("canary-wrong")).singleElement().satisfies(line -> {
            assertThat(line.part()).isEqualTo("login");
            assertThat(line.works()).isFalse();
            assertThat(line.says()).startsWith("ACCESS_DENIED").doesNotContain("canary");
        });
    }

    @Test
    @DisplayName("that no secret is stored, and which command stores one")
    void noSecret() {
        assertThat(check(null)).singleElement().satisfies(line -> {
            assertThat(line.works()).isFalse();
            assertThat(line.says()).contains("no Odoo secret is stored", "hub tenant odoo");
        });
    }

    @Test
    @DisplayName("that the company is not the user's")
    void foreignCompany() {
        superuser.update("update public.tenants set odoo_company_id = 2");
        assertThat(check("demo")).anySatisfy(line -> {
            assertThat(line.works()).isFalse();
            assertThat(line.says()).contains("companies");
        });
    }

    @Test
    @DisplayName("that nobody answers there")
    void away() {
        vendors.close();
        assertThat(check("demo")).singleElement().satisfies(line -> {
            assertThat(line.part()).isEqualTo("login");
            assertThat(line.says()).startsWith("UNAVAILABLE");
        });
    }

    @Test
    @DisplayName("nothing where the tenant has none")
    void none() {
        superuser.update("update hub.tenant_settings set odoo_user = null");
        superuser.update("update public.tenants set odoo_company_id = null");
        assertThat(check("demo")).isEmpty();
    }
}
