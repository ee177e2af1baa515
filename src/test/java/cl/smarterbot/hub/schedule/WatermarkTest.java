package cl.smarterbot.hub.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.tenancy.TenantInterceptStrategy;
import cl.smarterbot.hub.tenancy.TenantScope;
import cl.smarterbot.hub.testing.TestDatabase;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.sql.SqlComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;

/** How far a flow has come with each tenant, as routes read and write it. */
class WatermarkTest {

    private static final String A = "76000012-4";
    private static final String B = "77000005-K";

    private final TestDatabase database = TestDatabase.fresh();
    private final DefaultCamelContext camel = new DefaultCamelContext();

    @BeforeEach
    void start() throws Exception {
        SqlComponent sql = new SqlComponent();
        sql.setDataSource(new TenantBoundDataSource(database.as("hub_app")));
        camel.addComponent("sql", sql);
        camel.getCamelContextExtension().addInterceptStrategy(new TenantInterceptStrategy());
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from("direct:get").to("sql:classpath:sql/watermark-get.sql?outputType=SelectOne");
                from("direct:set").to("sql:classpath:sql/watermark-set.sql?noop=true");
            }
        });
        camel.start();
    }

    @AfterEach
    void stop() {
        camel.stop();
    }

    private Object send(String to, String tenant, String name, String value) {
        Exchange exchange = new DefaultExchange(camel);
        if (tenant != null) {
            TenantScope.bind(exchange, tenant);
        }
        exchange.setVariable("watermarkName", name);
        exchange.setVariable("watermark", value);
        camel.createProducerTemplate().send(to, exchange);
        if (exchange.getException() != null) {
            throw new IllegalStateException(exchange.getException());
        }
        return exchange.getMessage().getBody();
    }

    @Test
    @DisplayName("is kept for each tenant and name, replaced by the next one, and nobody else's to see")
    void perTenant() {
        send("direct:set", A, "products", "{\"since\":\"2026-01-01\"}");
        send("direct:set", A, "products", "{\"since\":\"2026-02-02\"}");
        send("direct:set", A, "stock", "17");
        send("direct:set", B, "products", "{\"since\":\"2020-01-01\"}");
        assertThat(send("direct:get", A, "products", null))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
                .containsEntry("value", "{\"since\": \"2026-02-02\"}");
        assertThat(send("direct:get", B, "stock", null)).isNull();
        assertThat(new JdbcTemplate(database.as("postgres"))
                        .queryForMap("select count(*) as n, count(distinct tenant_rut) as t from hub.watermark"))
                .isEqualTo(Map.of("n", 3L, "t", 2L));
    }

    @Test
    @DisplayName("of another tenant cannot be written, and without a tenant nothing is there")
    void fenced() {
        send("direct:set", A, "products", "1");
        JdbcTemplate app = new JdbcTemplate(database.as("hub_app"));
        assertThat(app.queryForList("select * from hub.watermark")).isEmpty();
        assertThat(app.update("update hub.watermark set value = '2'")).isZero();
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> app.update("insert into hub.watermark (tenant_rut, name, value) values (?, 'x', '1')", A))
                .rootCause()
                .hasMessageContaining("row-level security");
    }
}
