package cl.smarterbot.hub.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.camel.AsyncCallback;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.impl.engine.PooledExchangeFactory;
import org.apache.camel.support.AsyncProcessorSupport;
import org.apache.camel.support.DefaultExchange;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The tenant of an exchange")
class TenantScopeTest {
    private static final String A = "76000012-4";
    private static final String B = "77000005-K";

    private final List<String> seen = Collections.synchronizedList(new ArrayList<>());
    private final ExecutorService elsewhere = Executors.newSingleThreadExecutor();
    private CamelContext camel;
    private ProducerTemplate send;

    @BeforeEach
    void start() throws Exception {
        camel = new DefaultCamelContext();
        camel.getCamelContextExtension().addInterceptStrategy(new TenantInterceptStrategy());
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:plain").process(e -> note("plain"));
                from("direct:split")
                        .split(body())
                        .parallelProcessing()
                        .process(e -> note("split"))
                        .end()
                        .process(e -> note("after"));
                from("direct:multicast")
                        .multicast()
                        .to("direct:plain", "direct:plain")
                        .end();
                from("direct:wiretap").wireTap("direct:plain").process(e -> note("main"));
                from("direct:enrich").enrich("direct:plain").process(e -> note("main"));
                from("direct:async")
                        .process(new Elsewhere())
                        .process(e -> note("then"))
                        .process(new Elsewhere())
                        .process(e -> note("last"));
                from("direct:threads").threads(1, 1).process(e -> note("pooled"));
                from("direct:fails")
                        .doTry()
                        .process(e -> {
                            throw new IllegalStateException("x");
                        })
                        .doCatch(IllegalStateException.class)
                        .process(e -> note("caught"))
                        .end();
                from("direct:throws").process(e -> {
                    throw new IllegalStateException("x");
                });
                from("direct:nested").process(e -> {
                    note("outer");
                    send.send("direct:plain", other -> {});
                    note("outer");
                });
                from("direct:route-tries")
                        .setHeader(TenantScope.class.getName(), constant(B))
                        .setProperty(TenantScope.class.getName(), constant(B))
                        .removeHeaders("*")
                        .removeProperties("*")
                        .process(e -> note("tried"));
                from("direct:late").process(e -> TenantScope.bind(e, A)).process(e -> note("late"));
            }
        });
        camel.start();
        send = camel.createProducerTemplate();
    }

    @AfterEach
    void stop() throws Exception {
        send.close();
        camel.close();
        elsewhere.shutdown();
        assertThat(TenantContext.current()).as("left on the caller's thread").isNull();
    }

    private void note(String step) {
        seen.add(step + " " + TenantContext.current());
    }

    private Exchange as(String tenant, String endpoint, Object body) {
        return send.send(endpoint, exchange -> {
            if (tenant != null) {
                TenantScope.bind(exchange, tenant);
            }
            exchange.getMessage().setBody(body);
        });
    }

    @Test
    @DisplayName("is bound once, for good, in canonical form")
    void boundOnce() {
        Exchange exchange = new DefaultExchange(camel);
        assertThat(TenantScope.of(exchange)).isEmpty();
        TenantScope.bind(exchange, A);
        TenantScope.bind(exchange, A);
        assertThat(TenantScope.of(exchange)).contains(A);
        assertThatThrownBy(() -> TenantScope.bind(exchange, B)).isInstanceOf(IllegalStateException.class);
        for (String wrong : new String[] {null, "", "76.000.012-4", "x' or '1'='1", "76000012-4\n"}) {
            assertThatThrownBy(() -> TenantScope.bind(new DefaultExchange(camel), wrong))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(TenantScope.of(exchange)).contains(A);
    }

    @Test
    @DisplayName("goes with every copy: split, multicast, wire tap, enrich")
    void copies() {
        as(A, "direct:split", List.of(1, 2, 3));
        assertThat(seen).containsExactly("split " + A, "split " + A, "split " + A, "after " + A);
        seen.clear();
        as(A, "direct:multicast", "x");
        assertThat(seen).containsExactly("plain " + A, "plain " + A);
        seen.clear();
        as(A, "direct:wiretap", "x");
        Awaitility.await().until(() -> seen.size() == 2);
        assertThat(seen).containsExactlyInAnyOrder("plain " + A, "main " + A);
        seen.clear();
        as(A, "direct:enrich", "x");
        assertThat(seen).containsExactly("plain " + A, "main " + A);
    }

    @Test
    @DisplayName("goes with work to other threads and is left on none of them")
    void otherThreads() throws Exception {
        for (String tenant : new String[] {A, null, B, null}) {
            as(tenant, "direct:async", "x");
            as(tenant, "direct:threads", "x");
            assertThat(seen).containsExactly("then " + tenant, "last " + tenant, "pooled " + tenant);
            seen.clear();
            assertThat(elsewhere.submit(TenantContext::current).get()).isNull();
        }
    }

    @Test
    @DisplayName("ends with the step, also when it fails, and the steps that handle the failure have it")
    void failures() {
        as(A, "direct:fails", "x");
        assertThat(seen).containsExactly("caught " + A);
        assertThat(as(A, "direct:throws", "x").getException()).hasMessage("x");
        assertThat(TenantContext.current()).isNull();
    }

    @Test
    @DisplayName("is not lent to an exchange of nobody that is sent from within")
    void nested() {
        as(A, "direct:nested", "x");
        assertThat(seen).containsExactly("outer " + A, "plain null", "outer " + A);
    }

    @Test
    @DisplayName("cannot be set or dropped by what a route can write")
    void routeCannotChangeIt() {
        as(A, "direct:route-tries", "x");
        as(null, "direct:route-tries", "x");
        assertThat(seen).containsExactly("tried " + A, "tried null");
    }

    @Test
    @DisplayName("counts from the step after the one that bound it")
    void late() {
        as(null, "direct:late", "x");
        assertThat(seen).containsExactly("late " + A);
    }

    @Test
    @DisplayName("does not stay on an exchange that goes back to a pool")
    void pooledExchange() throws Exception {
        PooledExchangeFactory factory = new PooledExchangeFactory();
        try (DefaultCamelContext pooled = new DefaultCamelContext()) {
            pooled.getCamelContextExtension().setExchangeFactory(factory);
            pooled.addRoutes(new RouteBuilder() {
                @Override
                public void configure() {
                    from("timer:t?period=5&repeatCount=20&delay=0").process(e -> {
                        seen.add(String.valueOf(TenantScope.of(e).orElse(null)));
                        TenantScope.bind(e, seen.size() % 2 == 0 ? A : B);
                    });
                }
            });
            pooled.start();
            Awaitility.await().until(() -> seen.size() == 20);
        }
        assertThat(seen).containsOnly("null");
    }

    /** Goes on another thread, as a connector that waits for an answer does. */
    private final class Elsewhere extends AsyncProcessorSupport {
        @Override
        public boolean process(Exchange exchange, AsyncCallback callback) {
            elsewhere.submit(() -> callback.done(false));
            return false;
        }
    }
}
