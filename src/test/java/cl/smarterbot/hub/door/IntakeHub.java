package cl.smarterbot.hub.door;

import cl.smarterbot.hub.event.EventComponent;
import cl.smarterbot.hub.event.EventProperties;
import cl.smarterbot.hub.event.EventRuntime;
import cl.smarterbot.hub.event.TenantBinding;
import cl.smarterbot.hub.tenancy.Quotas;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.SwitchedDataSource;
import cl.smarterbot.hub.testing.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.awaitility.Awaitility;
import org.springframework.jdbc.core.JdbcTemplate;
import org.yaml.snakeyaml.Yaml;

/**
 * One replica's way in: public port, the first route of {@code contact-intake.yaml} as it ships, and the event log, on a database
 * that other replicas may share. Nothing is delivered: there are no subscriptions.
 */
final class IntakeHub implements AutoCloseable {

    static final GuardProperties PLAIN =
            new GuardProperties(List.of(), "X-Forwarded-For", 1_000, "website", Duration.ZERO);

    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final TenantRegistry registry;
    final DoorServer server;
    final JdbcTemplate sql;
    /** The way to the shared counters. */
    final SwitchedDataSource counters;

    private final List<HikariDataSource> pools = new ArrayList<>();
    private final EventRuntime runtime;
    private final Quotas quotas;
    private final DefaultCamelContext camel = new DefaultCamelContext();

    IntakeHub(TestDatabase database, GuardProperties guards) throws Exception {
        sql = new JdbcTemplate(database.as("postgres"));
        registry = new TenantRegistry(pool(database, "hub_registry", 1), RutPolicy.STRICT, false);
        registry.refresh();
        counters = new SwitchedDataSource(pool(database, "hub_registry", 1));
        quotas = new Quotas(counters, Duration.ofSeconds(30), 1_000, meters);
        runtime = new EventRuntime(
                pool(database, "hub_writer", 1),
                pool(database, "hub_engine", 4),
                () -> database.as("hub_engine").getConnection(),
                new EventProperties(
                        256,
                        1 << 20,
                        20_000,
                        Duration.ofHours(48),
                        Duration.ofSeconds(30),
                        Duration.ofMinutes(10),
                        Duration.ofSeconds(1),
                        Duration.ofMillis(5),
                        200,
                        2,
                        Duration.ofSeconds(2),
                        false,
                        Duration.ofDays(30),
                        Duration.ofDays(400),
                        Duration.ofDays(30),
                        Duration.ofHours(1)),
                meters);
        server = new DoorServer(
                new DoorProperties(
                        "127.0.0.1",
                        0,
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(10),
                        1,
                        Duration.ofSeconds(2)),
                registry,
                new DoorGuards(guards, registry, quotas),
                null,
                meters,
                () -> true);
        camel.addComponent("door", new DoorComponent(server));
        camel.addComponent(
                "event",
                new EventComponent(
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
                        failure -> null));
        camel.getRegistry().bind("contactForm", new ContactForm(guards.honeypotField(), guards.leastFillTime()));
        Path routes = Path.of("src", "main", "resources", "routes");
        PluginHelper.getRoutesLoader(camel)
                .loadRoutes(
                        ResourceHelper.fromString(
                                "error-policies.yaml",
                                Files.readString(routes.resolve("shared").resolve("error-policies.yaml"))),
                        ResourceHelper.fromString(
                                "contact-intake.yaml", intake(routes.resolve("contact-intake.yaml"))));
        camel.start();
        runtime.start();
        Awaitility.await().until(runtime.log()::available);
        server.start();
    }

    /** The route that has the door, without those that work on its events. */
    private static String intake(Path file) throws Exception {
        try (Reader reader = Files.newBufferedReader(file)) {
            List<Map<String, Map<String, Object>>> all = new Yaml().load(reader);
            return new Yaml()
                    .dump(all.stream()
                            .filter(entry ->
                                    "contact-intake".equals(entry.get("route").get("id")))
                            .toList());
        }
    }

    private HikariDataSource pool(TestDatabase database, String role, int connections) {
        HikariDataSource pool = new HikariDataSource();
        pool.setDataSource(database.as(role));
        pool.setMaximumPoolSize(connections);
        pools.add(pool);
        return pool;
    }

    int port() {
        return server.port();
    }

    long count(String fromAndWhere, Object... values) {
        return sql.queryForObject("select count(*) from " + fromAndWhere, Long.class, values);
    }

    @Override
    public void close() {
        camel.stop();
        server.close();
        quotas.close();
        runtime.close();
        pools.forEach(HikariDataSource::close);
    }
}
