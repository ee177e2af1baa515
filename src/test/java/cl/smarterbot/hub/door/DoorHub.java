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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.awaitility.Awaitility;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * What one replica's way in needs: registry, quotas, event log and Camel with the components of doors, on a database that other
 * replicas may share. Nothing is delivered: there are no subscriptions. Which routes there are, and who may come, the test says.
 */
abstract class DoorHub implements AutoCloseable {

    static final DoorProperties PORT = new DoorProperties(
            "127.0.0.1",
            0,
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            1,
            Duration.ofSeconds(2));

    final TestDatabase database;
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final JdbcTemplate sql;
    final TenantRegistry registry;
    /** The way to the shared counters. */
    final SwitchedDataSource counters;

    final DefaultCamelContext camel = new DefaultCamelContext();
    DoorServer server;

    private final List<HikariDataSource> pools = new ArrayList<>();
    private final EventRuntime runtime;
    private final Quotas quotas;

    /** @param freshness how long counts of quotas are good */
    DoorHub(TestDatabase database, Duration freshness) {
        this.database = database;
        sql = new JdbcTemplate(database.as("postgres"));
        registry = new TenantRegistry(pool("hub_registry", 1), RutPolicy.STRICT, false);
        registry.refresh();
        counters = new SwitchedDataSource(pool("hub_registry", 1));
        quotas = new Quotas(counters, freshness, 1_000, meters);
        runtime = new EventRuntime(
                pool("hub_writer", 1),
                pool("hub_engine", 4),
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
                        Duration.ofHours(1),
                        Duration.ofMillis(10)),
                meters);
    }

    final DoorGuards guards(GuardProperties properties) {
        return new DoorGuards(properties, registry, quotas);
    }

    /** Adds the components; the routes come after it. */
    final void serve(DoorServer server) {
        this.server = server;
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
    }

    /** Opens the port once the log takes events. */
    final void start() {
        camel.start();
        runtime.start();
        Awaitility.await().until(runtime.log()::available);
        server.start();
    }

    final HikariDataSource pool(String role, int connections) {
        HikariDataSource pool = new HikariDataSource();
        pool.setDataSource(database.as(role));
        pool.setMaximumPoolSize(connections);
        pools.add(pool);
        return pool;
    }

    final int port() {
        return server.port();
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
