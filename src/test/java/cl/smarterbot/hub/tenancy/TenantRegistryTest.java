package cl.smarterbot.hub.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.tenancy.TenantValidationException.Problem;
import cl.smarterbot.hub.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

@DisplayName("The registry")
class TenantRegistryTest {
    private static final String SUR = "76000012-4";
    private static final String NORTE = "77000005-K";
    private static final String OTHER = "76123403-K";
    private static final Set<String> SCOPES = Set.of("contacts:write", "products:read");

    private static TestDatabase database;
    private static JdbcTemplate sql;
    private TenantAdmin admin;
    private TenantRegistry registry;

    @BeforeAll
    static void start() {
        database = TestDatabase.fresh();
        sql = new JdbcTemplate(database.as("postgres"));
    }

    @BeforeEach
    void clean() {
        database.superuser("delete from public.tenants; delete from hub.audit");
        admin = new TenantAdmin(database.as("hub_ops"), RutPolicy.STRICT);
        registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, true);
    }

    private TenantRegistry loaded() {
        registry.refresh();
        return registry;
    }

    private List<String> audit() {
        return sql.queryForList("select actor || ' ' || action from hub.audit order by id", String.class);
    }

    @Test
    @DisplayName("knows nobody before it was loaded, and says so")
    void notLoaded() {
        admin.seedDemo("test");
        assertThat(registry.loaded()).isFalse();
        assertThat(registry.age()).isEmpty();
        assertThat(registry.byRut(SUR)).isEmpty();
        assertThat(registry.byApiKey("demo-ferreteria-sur")).isEmpty();
        assertThat(registry.byOriginHost("ferreteria-sur.localhost")).isEmpty();
        assertThat(registry.house()).isEmpty();
        assertThat(loaded().loaded()).isTrue();
        assertThat(registry.byRut(SUR)).isPresent();
        assertThat(registry.age()).hasValueSatisfying(age -> assertThat(age).isLessThan(Duration.ofMinutes(1)));
    }

    @Test
    @DisplayName("is seeded with the two tenants of the demo, once")
    void seed() {
        admin.seedDemo("start");
        int lines = audit().size();
        admin.seedDemo("start");
        assertThat(audit()).hasSize(lines);
        loaded();
        Tenant sur = registry.byRut(SUR).orElseThrow();
        assertThat(sur)
                .isEqualTo(new Tenant(
                        SUR,
                        "Ferretería Sur",
                        "ferreteria-sur",
                        "unlimited",
                        true,
                        false,
                        ZoneId.of("America/Santiago"),
                        new Tenant.OdooSettings(null, "demo", "ferreteria-sur", 1, "auto", true),
                        new Tenant.ChatwootSettings(null, 1, 1),
                        new Tenant.MailSettings(
                                "Ferretería Sur <no-responder@ferreteria-sur.example>",
                                "ventas@ferreteria-sur.example"),
                        new Tenant.BotSettings(
                                "v12", null, "demo-bot-1", "bot@demo.example", 0.6, 0, null, null, "resolved", "open"),
                        new Tenant.StorageSettings(null, null, false),
                        TenantLimits.NONE));
        assertThat(registry.byRut(NORTE).orElseThrow().odoo())
                .isEqualTo(new Tenant.OdooSettings(null, "demo", "pasteleria-norte", 2, "auto", false));
        Caller caller = registry.byApiKey("demo-pasteleria-norte").orElseThrow();
        assertThat(caller.tenant().rut()).isEqualTo(NORTE);
        assertThat(caller.how()).isEqualTo(Caller.How.API_KEY);
        assertThat(caller.may("contacts:read")).isTrue();
        assertThat(caller.may("tenants:write")).isFalse();
        assertThat(registry.byOriginHost("Ferreteria-Sur.localhost.")).hasValueSatisfying(origin -> {
            assertThat(origin.how()).isEqualTo(Caller.How.ORIGIN);
            assertThat(origin.keyId()).isNull();
            assertThat(origin.scopes()).containsExactly("contacts:write");
        });
    }

    @Test
    @DisplayName("honours published keys in the demo only")
    void demoKeys() {
        admin.seedDemo("start");
        TenantRegistry production = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        production.refresh();
        assertThat(production.byRut(SUR)).isPresent();
        assertThat(production.byApiKey("demo-ferreteria-sur")).isEmpty();
        assertThat(loaded().byApiKey("demo-ferreteria-sur")).isPresent();
    }

    @Test
    @DisplayName("refuses a key that is unknown, empty, oversized, revoked, or of an inactive tenant")
    void keysRefused() {
        admin.upsert("ana", TenantDetails.of(SUR, "Sur"));
        IssuedKey key = admin.issueKey("ana", SUR, "shop", SCOPES, null);
        assertThat(loaded().byApiKey(key.key())).hasValueSatisfying(caller -> {
            assertThat(caller.keyId()).isEqualTo(key.id());
            assertThat(caller.scopes()).isEqualTo(SCOPES);
        });
        assertThat(registry.byApiKey(key.key() + "x")).isEmpty();
        assertThat(registry.byApiKey(key.key().substring(1))).isEmpty();
        assertThat(registry.byApiKey(null)).isEmpty();
        assertThat(registry.byApiKey("")).isEmpty();
        assertThat(registry.byApiKey("x".repeat(100_000))).isEmpty();

        admin.deactivate("ana", SUR);
        assertThat(loaded().byApiKey(key.key())).isEmpty();
        assertThat(registry.byRut(SUR))
                .hasValueSatisfying(tenant -> assertThat(tenant.active()).isFalse());
        admin.activate("ana", SUR);
        assertThat(loaded().byApiKey(key.key())).isPresent();
        assertThat(admin.revokeKey("ana", key.id())).isTrue();
        assertThat(admin.revokeKey("ana", key.id())).isFalse();
        assertThat(admin.revokeKey("ana", UUID.randomUUID())).isFalse();
        assertThat(loaded().byApiKey(key.key())).isEmpty();
        assertThat(audit())
                .containsExactly(
                        "ana tenant.create",
                        "ana key.issue",
                        "ana tenant.deactivate",
                        "ana tenant.activate",
                        "ana key.revoke");
    }

    @Test
    @DisplayName("ends a key at its time, without being loaded again")
    void expiry() {
        admin.upsert("ana", TenantDetails.of(SUR, "Sur"));
        Instant now =
                sql.queryForObject("select now()", java.sql.Timestamp.class).toInstant();
        IssuedKey key = admin.issueKey("ana", SUR, "short", SCOPES, now.plusMillis(1_500));
        loaded();
        assertThat(registry.byApiKey(key.key())).isPresent();
        Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> registry.byApiKey(key.key())
                .isEmpty());
        assertThatThrownBy(() -> admin.issueKey("ana", SUR, "late", SCOPES, now.minusSeconds(1)))
                .hasMessageContaining("expiresAt: must be in the future");
    }

    @Test
    @DisplayName("keeps of a key its hash only, and shows it once")
    void keyStoredHashed() {
        admin.upsert("ana", TenantDetails.of(SUR, "Sur"));
        IssuedKey one = admin.issueKey("ana", SUR, "one", SCOPES, null);
        IssuedKey two = admin.issueKey("ana", SUR, "two", SCOPES, null);
        assertThat(one.key()).startsWith("hub_").hasSize(4 + 43).isNotEqualTo(two.key());
        assertThat(one.toString()).doesNotContain(one.key());
        assertThat(admin.listKeys(SUR)).extracting(ApiKeyInfo::name).containsExactlyInAnyOrder("one", "two");
        assertThat(admin.listKeys(SUR).toString()).doesNotContain(one.key().substring(4));
        String everything = sql.queryForList("select k::text from hub.api_key k", String.class)
                + sql.queryForList("select a::text from hub.audit a", String.class)
                        .toString();
        assertThat(everything)
                .doesNotContain(one.key())
                .doesNotContain(one.key().substring(4));
        assertThat(sql.queryForList("select key_hash from hub.api_key where id = ?", byte[].class, one.id()))
                .containsExactly(ApiKeys.hash(one.key()));
    }

    @Test
    @DisplayName("writes down when a key was last used, in batches and at most once a minute for a key")
    void usage() {
        admin.upsert("ana", TenantDetails.of(SUR, "Sur"));
        IssuedKey key = admin.issueKey("ana", SUR, "shop", SCOPES, null);
        IssuedKey unused = admin.issueKey("ana", SUR, "idle", SCOPES, null);
        loaded();
        assertThat(registry.flushUsage()).isZero();
        registry.byApiKey(key.key());
        registry.byApiKey(key.key());
        assertThat(registry.flushUsage()).isEqualTo(1);
        registry.byApiKey(key.key());
        assertThat(registry.flushUsage()).isZero();
        Map<UUID, ApiKeyInfo> keys = new java.util.HashMap<>();
        admin.listKeys(SUR).forEach(info -> keys.put(info.id(), info));
        assertThat(keys.get(key.id()).lastUsedAt())
                .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(60));
        assertThat(keys.get(unused.id()).lastUsedAt()).isNull();
    }

    @Test
    @DisplayName("never overwrites with nothing, and writes nothing when nothing changes")
    void upsertKeeps() {
        TenantDetails full = TenantDetails.of("76.000.012-4", " Ferretería Sur ")
                .with(TenantField.SLUG, "sur")
                .with(TenantField.PLAN, "starter")
                .with(TenantField.ODOO_URL, "https://erp.example")
                .with(TenantField.ODOO_DB, "sur")
                .with(TenantField.ODOO_USER, "bot")
                .with(TenantField.ODOO_COMPANY_ID, 3)
                .with(TenantField.ODOO_TRANSPORT, "json2")
                .with(TenantField.ODOO_CREATE_LEAD, true);
        admin.upsert("ana", full);
        Tenant before = admin.list().get(0);
        assertThat(admin.upsert("ana", full)).isEqualTo(before);
        assertThat(admin.upsert("ana", TenantDetails.of(SUR, " "))).isEqualTo(before);
        assertThat(admin.upsert(
                        "ana",
                        TenantDetails.of(SUR).with(TenantField.ODOO_URL, "").with(TenantField.ODOO_DB, null)))
                .isEqualTo(before);
        assertThat(audit()).containsExactly("ana tenant.create");
        Tenant after = admin.upsert("eva", TenantDetails.of(SUR).with(TenantField.PLAN, "business"));
        assertThat(after.plan()).isEqualTo("business");
        assertThat(after.odoo()).isEqualTo(before.odoo());
        assertThat(audit()).containsExactly("ana tenant.create", "eva tenant.update");
        assertThat(sql.queryForObject("select detail::text from hub.audit order by id desc limit 1", String.class))
                .isEqualTo("{\"plan\": \"business\"}");
    }

    @Test
    @DisplayName("names all problems at once, by field and rule")
    void validation() {
        TenantDetails wrong = TenantDetails.of("76000012-5")
                .with(TenantField.SLUG, "Sur!")
                .with(TenantField.PLAN, "Best Plan")
                .with(TenantField.CONTACT_EMAIL, "nobody")
                .with(TenantField.TIME_ZONE, "Mars/Base")
                .with(TenantField.ODOO_URL, "ftp://x")
                .with(TenantField.ODOO_DB, "d".repeat(101))
                .with(TenantField.ODOO_USER, "u\nv")
                .with(TenantField.ODOO_COMPANY_ID, 0)
                .with(TenantField.ODOO_TRANSPORT, "soap")
                .with(TenantField.CHATWOOT_URL, "https://user:secret@chat.example")
                .with(TenantField.CHATWOOT_ACCOUNT_ID, 0)
                .with(TenantField.CHATWOOT_INBOX_ID, -1)
                .with(TenantField.MAIL_FROM, "Sur <not an address>")
                .with(TenantField.MAIL_ADMIN, "a@b\r\nBcc: c@d.cl")
                .with(TenantField.STORAGE_URL, "https://files.example?x=1")
                .with(TenantField.STORAGE_BUCKET, "../other");
        assertThatExceptionOfType(TenantValidationException.class)
                .isThrownBy(() -> admin.upsert("ana", wrong))
                .satisfies(e -> assertThat(e.problems())
                        .extracting(Problem::field)
                        .containsExactlyInAnyOrder(
                                "rut",
                                "slug",
                                "plan",
                                "contactEmail",
                                "timeZone",
                                "odooUrl",
                                "odooDb",
                                "odooUser",
                                "odooCompanyId",
                                "odooTransport",
                                "chatwootUrl",
                                "chatwootAccountId",
                                "chatwootInboxId",
                                "mailFrom",
                                "mailAdmin",
                                "storageUrl",
                                "storageBucket"));
        assertThatThrownBy(() -> admin.upsert("ana", TenantDetails.of(SUR)))
                .hasMessage("businessName: is required for a new tenant");
        assertThatThrownBy(() -> admin.upsert(" ", TenantDetails.of(SUR, "Sur")))
                .hasMessageContaining("actor");
        assertThatThrownBy(() -> admin.issueKey("ana", "x", " ", Set.of("all"), Instant.EPOCH))
                .hasMessageContaining("rut: ")
                .hasMessageContaining("name: ")
                .hasMessageContaining("scopes: ")
                .hasMessageContaining("expiresAt: ");
        assertThatThrownBy(() -> admin.issueKey("ana", OTHER, "k", SCOPES, null))
                .hasMessage("rut: names no tenant of this hub");
        assertThatThrownBy(() -> admin.deactivate("ana", OTHER)).hasMessageContaining("names no tenant");
        assertThatThrownBy(() -> admin.addOrigin("ana", SUR, "https://x.example/"))
                .hasMessageContaining("host: must be a host name");
        assertThat(audit()).isEmpty();
    }

    @Test
    @DisplayName("gives a slug and a host to one tenant only")
    void uniqueNames() {
        admin.upsert("ana", TenantDetails.of(SUR, "Sur").with(TenantField.SLUG, "shop"));
        admin.upsert("ana", TenantDetails.of(NORTE, "Norte"));
        assertThatThrownBy(() -> admin.upsert("ana", TenantDetails.of(NORTE).with(TenantField.SLUG, "shop")))
                .hasMessage("slug: belongs to another tenant");
        admin.addOrigin("ana", SUR, "Shop.Example.");
        admin.addOrigin("ana", SUR, "shop.example");
        assertThatThrownBy(() -> admin.addOrigin("ana", NORTE, "shop.example"))
                .hasMessage("host: belongs to another tenant");
        assertThat(admin.removeOrigin("ana", NORTE, "shop.example")).isFalse();
        assertThat(loaded().byOriginHost("shop.example").orElseThrow().tenant().rut())
                .isEqualTo(SUR);
        assertThat(admin.origins(SUR)).containsExactly("shop.example");
        assertThat(admin.removeOrigin("ana", SUR, "shop.example")).isTrue();
        assertThat(loaded().byOriginHost("shop.example")).isEmpty();
        assertThat(audit())
                .containsExactly("ana tenant.create", "ana tenant.create", "ana origin.add", "ana origin.remove");
    }

    @Test
    @DisplayName("has one house tenant at most")
    void house() {
        admin.upsert("ana", TenantDetails.of(SUR, "Sur"));
        admin.upsert("ana", TenantDetails.of(NORTE, "Norte"));
        assertThat(loaded().house()).isEmpty();
        admin.setHouse("ana", SUR);
        admin.setHouse("ana", NORTE);
        admin.setHouse("ana", NORTE);
        assertThat(loaded().house()).hasValueSatisfying(caller -> {
            assertThat(caller.tenant().rut()).isEqualTo(NORTE);
            assertThat(caller.how()).isEqualTo(Caller.How.HOUSE);
        });
        assertThat(audit()).filteredOn(line -> line.endsWith("tenant.house")).hasSize(2);
        admin.deactivate("ana", NORTE);
        assertThat(loaded().house()).isEmpty();
    }

    @Test
    @DisplayName("leaves out rows whose RUT it would not accept, and takes those on the legacy list")
    void legacyRows() {
        database.superuser("""
                insert into public.tenants (rut, business_name) values
                  ('76953480-3', 'Legacy'), ('76.123.403-K', 'Dotted'), ('76000012-4', 'Sur');
                """);
        assertThat(loaded().tenants()).containsOnlyKeys(SUR);
        TenantRegistry lenient =
                new TenantRegistry(database.as("hub_registry"), RutPolicy.allowing(List.of("76953480-3")), false);
        lenient.refresh();
        assertThat(lenient.tenants()).containsOnlyKeys(SUR, "76953480-3");
        assertThat(lenient.byRut("76953480-3").orElseThrow().plan()).isEqualTo("free");
    }

    @Test
    @DisplayName("keeps what it knew when the database is away")
    void databaseAway() {
        admin.seedDemo("start");
        java.util.concurrent.atomic.AtomicReference<javax.sql.DataSource> target =
                new java.util.concurrent.atomic.AtomicReference<>(database.as("hub_registry"));
        TenantRegistry here = new TenantRegistry(
                new DriverManagerDataSource() {
                    @Override
                    public Connection getConnection() throws SQLException {
                        return target.get().getConnection();
                    }
                },
                RutPolicy.STRICT,
                true);
        here.refresh();
        target.set(new DriverManagerDataSource("jdbc:postgresql://localhost:1/none", "x", "x"));
        assertThatThrownBy(here::refresh).isInstanceOf(RuntimeException.class);
        assertThat(here.loaded()).isTrue();
        assertThat(here.byApiKey("demo-ferreteria-sur")).isPresent();
        assertThatThrownBy(here::flushUsage).isInstanceOf(RuntimeException.class);
        target.set(database.as("hub_registry"));
        assertThat(here.flushUsage()).as("the write is still due").isEqualTo(1);
    }

    @Test
    @DisplayName("is announced to all replicas when it changes, but not when a key is used")
    void announced() throws Exception {
        admin.seedDemo("start");
        loaded();
        try (Connection connection = database.as("hub_registry").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("listen hub_registry");
            registry.byApiKey("demo-ferreteria-sur");
            assertThat(registry.flushUsage()).isEqualTo(1);
            assertThat(connection.unwrap(PGConnection.class).getNotifications(200))
                    .isNullOrEmpty();
            admin.addOrigin("ana", SUR, "new.example");
            assertThat(connection.unwrap(PGConnection.class).getNotifications(5_000))
                    .isNotEmpty();
        }
    }

    @Test
    @DisplayName("is changed through a role that cannot rewrite the audit, and read through one that cannot change it")
    void rights() {
        admin.seedDemo("start");
        JdbcTemplate ops = new JdbcTemplate(database.as("hub_ops"));
        JdbcTemplate reader = new JdbcTemplate(database.as("hub_registry"));
        for (String change :
                List.of("update hub.audit set actor = 'x'", "delete from hub.audit", "truncate hub.audit")) {
            assertThatThrownBy(() -> ops.update(change)).hasStackTraceContaining("permission denied");
        }
        for (String change : List.of(
                "update hub.api_key set scopes = '{all:all}'",
                "update hub.api_key set revoked_at = null",
                "insert into hub.tenant_origin (host, tenant_rut) values ('x', '76000012-4')",
                "update public.tenants set active = false",
                "select * from public.contacts",
                "select * from hub.audit")) {
            assertThatThrownBy(() -> reader.execute(change)).hasStackTraceContaining("permission denied");
        }
    }
}
