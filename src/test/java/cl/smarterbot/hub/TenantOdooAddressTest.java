package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.odoo.OdooConnection;
import cl.smarterbot.hub.odoo.OdooException;
import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import java.nio.file.Path;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

@DisplayName("A tenant's own Odoo")
class TenantOdooAddressTest {

    private static final String RUT = "76000012-4";

    @TempDir
    static Path folder;

    private static JdbcTemplate superuser;
    private static TenantRegistry registry;
    private static SecretStore secrets;

    @BeforeAll
    static void open() {
        TestDatabase database = TestDatabase.fresh();
        superuser = new JdbcTemplate(database.as("postgres"));
        superuser.update("insert into public.tenants (rut, business_name) values (?, 'Sur')", RUT);
        superuser.update("insert into hub.tenant_settings (tenant_rut, odoo_user) values (?, 'hub')", RUT);
        registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        secrets = EncryptedFileSecretStore.open(folder.resolve("s.enc"));
        secrets.put(RUT, "odoo", "password", Secret.of("canary-password"));
    }

    /** @param url the tenant's own; null for the deployment's */
    private static OdooConnection resolve(String url, AddressPolicy policy) {
        superuser.update("update hub.tenant_settings set odoo_url = ?", url);
        registry.refresh();
        return new TenantOdooConnections(registry, secrets, "http://10.0.0.5:8069", "main", policy).resolve(exchange());
    }

    @Test
    @DisplayName("is worked out once, and anew with the first call after its secret or its settings changed")
    void workedOutOnce() {
        TenantOdooConnections connections = new TenantOdooConnections(
                registry, secrets, "http://10.0.0.5:8069", "main", AddressPolicy.publicOnly());
        superuser.update("update hub.tenant_settings set odoo_url = null");
        registry.refresh();
        OdooConnection first = connections.resolve(exchange());
        assertThat(connections.resolve(exchange())).isSameAs(first);

        secrets.put(RUT, "odoo", "password", Secret.of("another"));
        assertThat(connections.resolve(exchange()).secret()).isEqualTo("another");
        superuser.update("update public.tenants set odoo_company_id = 7");
        registry.refresh();
        assertThat(connections.resolve(exchange()).companyId()).isEqualTo(7L);

        superuser.update("update public.tenants set odoo_company_id = null");
        secrets.put(RUT, "odoo", "password", Secret.of("canary-password"));
    }

    private static Exchange exchange() {
        Exchange exchange = new DefaultExchange(new DefaultCamelContext());
        TenantScope.bind(exchange, RUT);
        return exchange;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://127.0.0.1:8069",
                "http://localhost:8081",
                "http://2130706433/",
                "http://0x7f.1/",
                "http://[::1]/",
                "http://[::ffff:169.254.169.254]/",
                "http://169.254.169.254/latest/meta-data",
                "http://192.168.1.10:8069",
                "file:///etc/passwd"
            })
    @DisplayName(
            "is not called inside a private network, however the address is written, and that is a lasting failure")
    void privateAddress(String url) {
        assertThatThrownBy(() -> resolve(url, AddressPolicy.publicOnly()))
                .isInstanceOfSatisfying(
                        OdooException.class, e -> assertThat(e.isTransient()).isFalse())
                .hasMessageNotContaining("canary");
    }

    @Test
    @DisplayName(
            "is called at a public address, and inside where the deployment allows it; the deployment's own may be anywhere")
    void allowed() {
        assertThat(resolve("https://1.1.1.1", AddressPolicy.publicOnly())).isNotNull();
        assertThat(resolve("http://192.168.1.10:8069", AddressPolicy.allowing(List.of("192.168.1.0/24"))))
                .isNotNull();
        assertThat(resolve(null, AddressPolicy.publicOnly())).isNotNull();
    }
}
