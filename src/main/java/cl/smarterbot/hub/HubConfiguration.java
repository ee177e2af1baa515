package cl.smarterbot.hub;

import cl.smarterbot.hub.botpress.BotpressReplies;
import cl.smarterbot.hub.chatwoot.ChatwootCheck;
import cl.smarterbot.hub.chatwoot.ChatwootComponent;
import cl.smarterbot.hub.contact.ContactEnrichment;
import cl.smarterbot.hub.conversation.Attachments;
import cl.smarterbot.hub.conversation.BotpressWebhook;
import cl.smarterbot.hub.conversation.ChatwootReconciliation;
import cl.smarterbot.hub.conversation.ChatwootWebhook;
import cl.smarterbot.hub.conversation.Conversation;
import cl.smarterbot.hub.conversation.CustomerRequests;
import cl.smarterbot.hub.conversation.LeadStage;
import cl.smarterbot.hub.database.DatabaseProperties;
import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.door.ContactChange;
import cl.smarterbot.hub.door.ContactForm;
import cl.smarterbot.hub.door.ContactPage;
import cl.smarterbot.hub.door.ContactView;
import cl.smarterbot.hub.door.DoorComponent;
import cl.smarterbot.hub.door.DoorGuards;
import cl.smarterbot.hub.door.DoorProperties;
import cl.smarterbot.hub.door.DoorServer;
import cl.smarterbot.hub.door.GuardProperties;
import cl.smarterbot.hub.door.JwtProperties;
import cl.smarterbot.hub.door.JwtUsers;
import cl.smarterbot.hub.door.WebhookVerifier;
import cl.smarterbot.hub.door.WorkerProperties;
import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.event.EventComponent;
import cl.smarterbot.hub.event.EventProperties;
import cl.smarterbot.hub.event.EventRuntime;
import cl.smarterbot.hub.event.FailureClassifier;
import cl.smarterbot.hub.event.TenantBinding;
import cl.smarterbot.hub.odoo.OdooComponent;
import cl.smarterbot.hub.odoo.OdooConfiguration;
import cl.smarterbot.hub.odoo.OdooConnectionResolver;
import cl.smarterbot.hub.odoo.OdooException;
import cl.smarterbot.hub.odoo.OdooWebhook;
import cl.smarterbot.hub.ops.LegacyContacts;
import cl.smarterbot.hub.product.Catalogue;
import cl.smarterbot.hub.product.CatalogueMetrics;
import cl.smarterbot.hub.product.CatalogueRuns;
import cl.smarterbot.hub.product.ProductList;
import cl.smarterbot.hub.product.ProductView;
import cl.smarterbot.hub.resend.ResendException;
import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.schedule.ScheduleAdmin;
import cl.smarterbot.hub.schedule.ScheduleComponent;
import cl.smarterbot.hub.schedule.ScheduleProperties;
import cl.smarterbot.hub.schedule.ScheduleRuntime;
import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.IntentAdmin;
import cl.smarterbot.hub.tenancy.Quotas;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.tenancy.TenantInterceptStrategy;
import cl.smarterbot.hub.tenancy.TenantLookup;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.tenancy.TenantSqlComponent;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.model.errorhandler.NoErrorHandlerDefinition;
import org.apache.camel.opentelemetry2.OpenTelemetryTracer;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.postgresql.util.PSQLException;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** Puts the parts together. The packages know each other only as {@code docs/adr/0001-shape-of-the-hub.md} allows. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({
    DatabaseProperties.class,
    DoorProperties.class,
    GuardProperties.class,
    JwtProperties.class,
    WorkerProperties.class,
    EventProperties.class,
    ScheduleProperties.class
})
class HubConfiguration {

    @Bean(name = EarlyDatabase.BEAN, destroyMethod = "close")
    @ConditionalOnMissingBean
    HubDatabase hubDatabase(DatabaseProperties properties) {
        return new HubDatabase(properties);
    }

    /** The only DataSource that routes can see. */
    @Bean
    DataSource tenantDataSource(HubDatabase database) {
        return new TenantBoundDataSource(database.as(HubDatabase.Role.APP));
    }

    @Bean(destroyMethod = "close")
    EventRuntime eventRuntime(HubDatabase database, EventProperties properties, MeterRegistry meters) {
        return new EventRuntime(
                database.as(HubDatabase.Role.WRITER),
                database.as(HubDatabase.Role.ENGINE),
                database::listenConnection,
                properties,
                meters);
    }

    @Bean
    TenantRegistry tenantRegistry(HubDatabase database, Environment environment, RutPolicy ruts) {
        return new TenantRegistry(database.as(HubDatabase.Role.REGISTRY), ruts, environment.matchesProfiles("demo"));
    }

    @Bean
    TenantLookup tenantLookup(TenantRegistry registry) {
        return new TenantLookup(registry);
    }

    @Bean(destroyMethod = "close")
    Quotas quotas(HubDatabase database, MeterRegistry meters) {
        return new Quotas(database.as(HubDatabase.Role.REGISTRY), Duration.ofSeconds(1), 100_000, meters);
    }

    @Bean
    DoorGuards doorGuards(GuardProperties properties, TenantRegistry registry, Quotas quotas) {
        return new DoorGuards(properties, registry, quotas);
    }

    @Bean(destroyMethod = "close")
    DoorServer doorServer(
            DoorProperties properties,
            TenantRegistry registry,
            DoorGuards guards,
            JwtProperties jwt,
            WebhookVerifier webhooks,
            WorkerProperties workers,
            MeterRegistry meters,
            HubDatabase database,
            EventRuntime runtime) {
        return new DoorServer(
                properties,
                registry,
                guards,
                JwtUsers.of(jwt, registry),
                webhooks,
                workers,
                meters,
                () -> database.ready() && runtime.log().available());
    }

    @Bean("door")
    DoorComponent doorComponent(DoorServer server) {
        return new DoorComponent(server);
    }

    @Bean
    ContactForm contactForm(GuardProperties properties) {
        return new ContactForm(properties.honeypotField(), properties.leastFillTime());
    }

    @Bean
    Conversation conversation(TenantRegistry registry) {
        return new Conversation(registry);
    }

    @Bean
    Attachments attachments() {
        return new Attachments();
    }

    @Bean
    CustomerRequests customerRequests() {
        return new CustomerRequests();
    }

    @Bean
    LeadStage leadStage(TenantRegistry registry) {
        return new LeadStage(registry);
    }

    @Bean
    ChatwootWebhook chatwootWebhook(TenantRegistry registry) {
        return new ChatwootWebhook(registry);
    }

    @Bean
    BotpressWebhook botpressWebhook() {
        return new BotpressWebhook();
    }

    @Bean
    OdooWebhook odooWebhook() {
        return new OdooWebhook();
    }

    @Bean
    ChatwootReconciliation chatwootReconciliation(
            TenantRegistry registry,
            @Value("${hub.chatwoot.reconciliation.overlap:10m}") Duration overlap,
            @Value("${hub.chatwoot.reconciliation.answer-within:24h}") Duration answerWithin,
            @Value("${hub.chatwoot.reconciliation.pages:40}") int pages) {
        return new ChatwootReconciliation(registry, Clock.systemUTC(), overlap, answerWithin, pages);
    }

    @Bean
    OdooTenantCheck odooTenantCheck(TenantRegistry registry, CamelContext camel) {
        return new OdooTenantCheck(registry, camel);
    }

    @Bean
    BotpressTenantCheck botpressTenantCheck(TenantBotpressConnections connections, CamelContext camel) {
        return new BotpressTenantCheck(connections, camel);
    }

    @Bean
    TenantBotpressConnections botpressConnections(
            TenantRegistry registry, SecretStore secrets, @Value("${hub.botpress.url:}") String url) {
        return new TenantBotpressConnections(registry, secrets, url);
    }

    @Bean
    BotpressReplies botpressReplies() {
        return new BotpressReplies();
    }

    @Bean
    Catalogue catalogue(@Value("${hub.products.page-size:500}") int pageSize) {
        return new Catalogue(pageSize);
    }

    @Bean
    CatalogueRuns catalogueRuns(HubDatabase database) {
        return new CatalogueRuns(database.as(HubDatabase.Role.OPS));
    }

    @Bean(destroyMethod = "close")
    CatalogueMetrics catalogueMetrics(
            HubDatabase database, MeterRegistry meters, @Value("${hub.products.metrics-every:15s}") Duration every) {
        return new CatalogueMetrics(database.as(HubDatabase.Role.OPS), database::ready, meters, every);
    }

    @Bean
    ProductList productList() {
        return new ProductList();
    }

    @Bean
    ProductView productView() {
        return new ProductView();
    }

    @Bean
    ContactEnrichment contactEnrichment() {
        return new ContactEnrichment();
    }

    @Bean
    ContactPage contactPage() {
        return new ContactPage();
    }

    @Bean
    ContactView contactView() {
        return new ContactView();
    }

    @Bean
    ContactChange contactChange() {
        return new ContactChange();
    }

    @Bean("event")
    EventComponent eventComponent(EventRuntime runtime) {
        return new EventComponent(
                runtime,
                new TenantBinding() {
                    @Override
                    public String tenantOf(Exchange exchange) {
                        return TenantScope.of(exchange).orElse(null);
                    }

                    @Override
                    public void bind(Exchange exchange, String tenant) {
                        TenantScope.bind(exchange, tenant);
                    }
                },
                HubConfiguration::classify);
    }

    /** Starts and stops with Camel. Fires once the log knows the subscriptions of the routes. */
    @Bean("schedule")
    ScheduleComponent scheduleComponent(
            HubDatabase database,
            EventRuntime runtime,
            TenantRegistry registry,
            ScheduleProperties properties,
            MeterRegistry meters) {
        return new ScheduleComponent(new ScheduleRuntime(
                database.as(HubDatabase.Role.ENGINE),
                () -> database.ready() && runtime.log().available(),
                registry::tenants,
                properties,
                meters));
    }

    /** What the parts that the log must not know say about trying again. */
    static FailureClassifier.Failure classify(Throwable failure) {
        if (failure instanceof OdooException e) {
            return new FailureClassifier.Failure(
                    !e.isTransient(), e.retryAfter().orElse(null), "Odoo: " + e.kind() + ": " + e.getMessage());
        }
        if (failure instanceof ResendException e) {
            return new FailureClassifier.Failure(
                    !e.isTransient(), e.retryAfter().orElse(null), "Resend: " + e.getMessage(), e.waitsForItsTurn());
        }
        if (failure instanceof RestException e) {
            return new FailureClassifier.Failure(
                    !e.isTransient(),
                    e.retryAfter().orElse(null),
                    e.system() + ": " + e.kind() + ": " + e.getMessage());
        }
        if (failure instanceof PSQLException e && e.getServerErrorMessage() != null) {
            String state = e.getSQLState();
            boolean permanent = state.startsWith("22") || state.startsWith("23") || state.startsWith("42");
            // Messages of class 22 quote the value that is wrong.
            String message = state.startsWith("22")
                    ? "a value does not fit"
                    : e.getServerErrorMessage().getMessage();
            return new FailureClassifier.Failure(permanent, null, "database: " + state + " " + message);
        }
        if (failure instanceof SQLException e) {
            return new FailureClassifier.Failure(false, null, "database: " + e.getSQLState());
        }
        return null;
    }

    @Bean
    OdooConnectionResolver odooConnectionResolver(
            TenantRegistry registry,
            SecretStore secrets,
            @Value("${hub.odoo.url:}") String defaultUrl,
            @Value("${hub.odoo.db:}") String defaultDb,
            AddressPolicy addresses) {
        return new TenantOdooConnections(registry, secrets, defaultUrl, defaultDb, addresses);
    }

    /** Calls to the vendors' REST APIs. */
    @Bean(destroyMethod = "close")
    RestClient restClient(AddressPolicy addresses) {
        return new RestClient(addresses);
    }

    @Bean
    AddressPolicy addressPolicy(@Value("${hub.rest.allow-private:}") List<String> allowPrivate) {
        return AddressPolicy.allowing(allowPrivate);
    }

    @Bean
    TenantChatwootConnections chatwootConnections(
            TenantRegistry registry, SecretStore secrets, @Value("${hub.chatwoot.url:}") String defaultUrl) {
        return new TenantChatwootConnections(registry, secrets, defaultUrl);
    }

    @Bean("chatwoot")
    ChatwootComponent chatwootComponent(
            RestClient rest, TenantChatwootConnections connections, DataSource tenantDataSource) {
        return new ChatwootComponent(rest, connections, new TenantSentLedger(tenantDataSource));
    }

    @Bean
    ChatwootTenantCheck chatwootTenantCheck(RestClient rest, TenantChatwootConnections connections) {
        return new ChatwootTenantCheck(connections, new ChatwootCheck(rest));
    }

    @Bean
    SecretStore secretStore(
            Environment environment,
            @Value("${hub.secrets.file}") Path file,
            @Value("${hub.secrets.key:}") String key) {
        SecretStore store =
                key.isBlank() ? EncryptedFileSecretStore.open(file) : EncryptedFileSecretStore.open(file, key);
        return environment.matchesProfiles("demo") ? store.overlay(Demo.SECRETS) : store;
    }

    @Bean
    TenantAdmin tenantAdmin(HubDatabase database, RutPolicy ruts) {
        return new TenantAdmin(database.as(HubDatabase.Role.OPS), ruts);
    }

    @Bean
    IntentAdmin intentAdmin(HubDatabase database, RutPolicy ruts) {
        return new IntentAdmin(database.as(HubDatabase.Role.OPS), ruts);
    }

    @Bean
    EventAdmin eventAdmin(HubDatabase database) {
        return new EventAdmin(database.as(HubDatabase.Role.OPS));
    }

    @Bean
    LegacyContacts legacyContacts(
            DataSource tenantDataSource,
            HubDatabase database,
            EventRuntime runtime,
            EventAdmin events,
            TenantAdmin tenants,
            RutPolicy ruts) {
        return new LegacyContacts(
                tenantDataSource,
                database.as(HubDatabase.Role.OPS),
                runtime.log(),
                events,
                tenants,
                ruts,
                Clock.systemUTC());
    }

    @Bean
    ScheduleAdmin scheduleAdmin(HubDatabase database) {
        return new ScheduleAdmin(database.as(HubDatabase.Role.OPS));
    }

    @Bean
    RutPolicy rutPolicy(@Value("${hub.tenancy.legacy-ruts:}") List<String> legacy) {
        return legacy.isEmpty() ? RutPolicy.STRICT : RutPolicy.allowing(legacy);
    }

    /** Spans of routes. Nothing leaves the process unless an OTLP endpoint is named. */
    @Bean(destroyMethod = "close")
    OpenTelemetrySdk openTelemetry(
            @Value("${hub.tracing.sampling}") double sampling,
            @Value("${OTEL_EXPORTER_OTLP_ENDPOINT:}") String endpoint) {
        if (sampling == 0) {
            // Nothing is kept or sent: exporters need not be loaded at each start.
            return OpenTelemetrySdk.builder().build();
        }
        return AutoConfiguredOpenTelemetrySdk.builder()
                .addPropertiesSupplier(() -> Map.of(
                        "otel.service.name", "smarteros-hub",
                        "otel.traces.exporter", endpoint.isBlank() ? "none" : "otlp",
                        "otel.exporter.otlp.protocol", "http/protobuf",
                        "otel.metrics.exporter", "none",
                        "otel.logs.exporter", "none",
                        "otel.traces.sampler", "traceidratio",
                        "otel.traces.sampler.arg", Double.toString(sampling)))
                .disableShutdownHook()
                .build()
                .getOpenTelemetrySdk();
    }

    /** Where no trace is kept, no step is watched: spans that nobody will see were some 6 % of a busy hub's work. */
    @Bean(destroyMethod = "")
    OpenTelemetryTracer tracer(CamelContext context, @Value("${hub.tracing.sampling}") double sampling) {
        OpenTelemetryTracer tracer = new OpenTelemetryTracer();
        if (sampling > 0) {
            tracer.init(context);
        }
        return tracer;
    }

    @Bean("sql")
    TenantSqlComponent sqlComponent(DataSource tenantDataSource) {
        return new TenantSqlComponent(tenantDataSource);
    }

    @Bean
    CamelContextConfiguration camelContextConfiguration(
            @Value("${hub.odoo.calls}") int odooCalls, @Value("${hub.odoo.calls-per-tenant}") int odooCallsPerTenant) {
        return new CamelContextConfiguration() {
            @Override
            public void beforeApplicationStart(CamelContext context) {
                context.getCamelContextExtension().addInterceptStrategy(new TenantInterceptStrategy());
                // Also for the routes inside kamelets, which name none: the default handler logs each failed call with
                // its stack.
                context.getCamelContextExtension().setErrorHandlerFactory(new NoErrorHandlerDefinition());
                OdooConfiguration odoo = ((OdooComponent) context.getComponent("odoo", true, false)).getConfiguration();
                odoo.setMaxConcurrentCalls(odooCalls);
                odoo.setMaxConcurrentCallsPerConnection(odooCallsPerTenant);
            }

            @Override
            public void afterApplicationStart(CamelContext context) {
                // The public port opens when everything runs, see HubLifecycle.
            }
        };
    }

    @Bean
    HubLifecycle hubLifecycle(
            HubDatabase database,
            EventRuntime runtime,
            TenantRegistry registry,
            DoorServer door,
            ObjectProvider<Demo> demo) {
        return new HubLifecycle(database, runtime, registry, door, () -> demo.ifAvailable(Demo::seed));
    }
}
