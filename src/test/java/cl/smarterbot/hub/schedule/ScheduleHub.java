package cl.smarterbot.hub.schedule;

import cl.smarterbot.hub.event.EventComponent;
import cl.smarterbot.hub.event.EventProperties;
import cl.smarterbot.hub.event.EventRuntime;
import cl.smarterbot.hub.event.TenantBinding;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.SwitchedDataSource;
import cl.smarterbot.hub.testing.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.awaitility.Awaitility;
import org.springframework.jdbc.core.JdbcTemplate;

/** One node in this process: an event log and a scheduler on a database that other nodes may share. */
final class ScheduleHub implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(20);

    private final HikariDataSource writer;
    private final HikariDataSource engine;
    private final JdbcTemplate registry;
    private final EventRuntime events;
    private final DefaultCamelContext camel = new DefaultCamelContext();
    final SwitchedDataSource scheduler;
    private volatile Map<String, String> tenants;

    ScheduleHub(TestDatabase database, RoutesBuilder routes) {
        this.registry = new JdbcTemplate(database.as("postgres"));
        this.writer = pool(database, "hub_writer", 1);
        this.engine = pool(database, "hub_engine", 4);
        this.scheduler = new SwitchedDataSource(engine);
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        this.events = new EventRuntime(
                writer,
                engine,
                () -> database.as("hub_engine").getConnection(),
                new EventProperties(
                        256,
                        1 << 20,
                        1_000,
                        Duration.ofHours(48),
                        Duration.ofSeconds(30),
                        Duration.ofMinutes(10),
                        Duration.ofMillis(50),
                        Duration.ofMillis(5),
                        200,
                        4,
                        Duration.ofSeconds(5),
                        false,
                        Duration.ofDays(30),
                        Duration.ofDays(400),
                        Duration.ofDays(30),
                        Duration.ofHours(1),
                        Duration.ofMillis(10)),
                meters);
        refresh();
        camel.addComponent(
                "event",
                new EventComponent(
                        events,
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
        camel.addComponent(
                "schedule",
                new ScheduleComponent(new ScheduleRuntime(
                        scheduler,
                        () -> events.log().available(),
                        () -> tenants,
                        new ScheduleProperties(POLL, 200),
                        meters)));
        try {
            camel.addRoutes(routes);
            camel.start();
        } catch (Exception e) {
            close();
            throw new IllegalStateException(e);
        }
        events.start();
        Awaitility.await().until(events.log()::available);
    }

    private static HikariDataSource pool(TestDatabase database, String role, int connections) {
        HikariDataSource pool = new HikariDataSource();
        pool.setDataSource(database.as(role));
        pool.setMaximumPoolSize(connections);
        pool.setMinimumIdle(0);
        return pool;
    }

    DefaultCamelContext camel() {
        return camel;
    }

    /** What the hub's registry does when it hears of a change. */
    void refresh() {
        tenants = registry.queryForList("select rut from public.tenants", String.class).stream()
                .collect(Collectors.toMap(Function.identity(), Function.identity()));
    }

    /** Makes the registry know one tenant less. */
    void ignore(String rut) {
        Map<String, String> fewer = new java.util.HashMap<>(tenants);
        fewer.remove(rut);
        tenants = fewer;
    }

    @Override
    public void close() {
        camel.stop();
        events.close();
        writer.close();
        engine.close();
    }
}
