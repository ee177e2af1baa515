package cl.smarterbot.hub.odoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ResolveEndpointFailedException;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class OdooComponentTest {
    private final FakeOdoo odoo = new FakeOdoo();
    private final CamelContext camel = new DefaultCamelContext();

    @BeforeEach
    void start() {
        camel.start();
    }

    @AfterEach
    void stop() {
        camel.stop();
        odoo.close();
    }

    private String uri(String rest) {
        return "odoo:res.partner?url=" + odoo.url() + "&db=demo&user=bot&password=" + FakeOdoo.SECRET
                + "&companyId=1&externalIdPrefix=hub_t1&" + rest;
    }

    private Exchange send(String uri, Object body, Map<String, Object> headers) {
        return camel.createProducerTemplate().request(uri, exchange -> {
            exchange.getMessage().setBody(body);
            exchange.getMessage().setHeaders(new LinkedHashMap<>(headers));
        });
    }

    private Object ok(String uri, Object body, Map<String, Object> headers) {
        Exchange exchange = send(uri, body, headers);
        if (exchange.getException() != null) {
            throw new AssertionError(exchange.getException());
        }
        return exchange.getMessage().getBody();
    }

    private OdooException failure(String uri, Object body, Map<String, Object> headers) {
        Exception failure = send(uri, body, headers).getException();
        assertThat(failure).isInstanceOf(OdooException.class);
        return (OdooException) failure;
    }

    private FakeOdoo.Call last() {
        return odoo.calls.get(odoo.calls.size() - 1);
    }

    @Test
    @DisplayName("Every option of a URI is bound, with durations in Camel's notation")
    void binding() {
        OdooEndpoint endpoint = camel.getEndpoint(
                "odoo:sale.order?operation=upsert&key=so-${body[ref]}&fields=name,ref&domain=[[\"a\",\"=\",1]]&limit=5"
                        + "&offset=6&order=id desc&method=action_confirm&context={\"active_test\":false}&companyField=none"
                        + "&url=https://erp.example.com&db=d&user=u&password=RAW(p&w)&apiKey=k&companyId=3"
                        + "&externalIdPrefix=hub_x&transport=json2&connectTimeout=2s&requestTimeout=1500"
                        + "&maxConcurrentCalls=3&maxConcurrentCallsPerConnection=2&maxResponseSize=1000&batchSize=7"
                        + "&breakerOpenTime=1m",
                OdooEndpoint.class);
        OdooConfiguration options = endpoint.getConfiguration();
        assertThat(endpoint.getModel()).isEqualTo("sale.order");
        assertThat(options.getOperation()).isEqualTo(OdooOperation.upsert);
        assertThat(options.getKey()).isEqualTo("so-${body[ref]}");
        assertThat(options.getFields()).isEqualTo("name,ref");
        assertThat(options.getDomain()).isEqualTo("[[\"a\",\"=\",1]]");
        assertThat(options.getLimit()).isEqualTo(5);
        assertThat(options.getOffset()).isEqualTo(6);
        assertThat(options.getOrder()).isEqualTo("id desc");
        assertThat(options.getMethod()).isEqualTo("action_confirm");
        assertThat(options.getContext()).isEqualTo("{\"active_test\":false}");
        assertThat(options.getCompanyField()).isEqualTo("none");
        assertThat(options.getPassword()).isEqualTo("p&w");
        assertThat(options.connection().secret()).isEqualTo("k");
        assertThat(options.connection().companyId()).isEqualTo(3);
        assertThat(options.connection().transport()).isEqualTo(OdooTransport.JSON2);
        assertThat(options.getConnectTimeout()).isEqualTo(Duration.ofSeconds(2));
        assertThat(options.getRequestTimeout()).isEqualTo(Duration.ofMillis(1500));
        assertThat(options.getMaxConcurrentCalls()).isEqualTo(3);
        assertThat(options.getMaxConcurrentCallsPerConnection()).isEqualTo(2);
        assertThat(options.getMaxResponseSize()).isEqualTo(1000);
        assertThat(options.getBatchSize()).isEqualTo(7);
        assertThat(options.getBreakerOpenTime()).isEqualTo(Duration.ofMinutes(1));
        assertThat(endpoint.toString()).doesNotContain("p&w").doesNotContain("apiKey=k");
    }

    @Test
    @DisplayName(
            "Columns for new records alone cost one load and gather like others; beside lasting ones they cost two")
    void createOnlyLoads() {
        String onlyNew =
                uri("operation=upsert&key=${body[k]}&createOnly.name=${body[name]}&createOnly.phone=${body[phone]}");
        Map<String, Object> row = Map.of("k", "k1", "name", "Ana");
        ok(onlyNew, row, Map.of());
        assertThat(odoo.calls).hasSize(1);
        assertThat(last().positional().get(0)).isEqualTo(List.of("id", "company_id/.id", "name"));
        assertThat(last().named().get("context"))
                .isEqualTo(Map.of("allowed_company_ids", List.of(1L), "mode", "update", "noupdate", true));

        CountDownLatch go = new CountDownLatch(1);
        odoo.onCall = call -> {
            await(go);
            return odoo.load(call);
        };
        List<CompletableFuture<Exchange>> sent = IntStream.range(0, 60)
                .mapToObj(i -> camel.createProducerTemplate()
                        .asyncSend(onlyNew, e -> e.getMessage().setBody(Map.of("k", "many" + i, "name", "n"))))
                .toList();
        go.countDown();
        sent.forEach(one -> assertThat(one.join().getException()).isNull());
        assertThat(odoo.calls).hasSizeLessThan(20);

        odoo.calls.clear();
        ok(onlyNew + "&value.ref=R", row, Map.of());
        assertThat(odoo.calls).hasSize(2);
        assertThat(odoo.calls.get(0).positional().get(0)).isEqualTo(List.of("id", "company_id/.id", "name", "ref"));
        assertThat(last().positional().get(0)).isEqualTo(List.of("id", "company_id/.id", "ref"));
        assertThat(last().named().get("context")).isEqualTo(Map.of("allowed_company_ids", List.of(1L)));
    }

    @ParameterizedTest
    @DisplayName("An endpoint with an unknown or impossible option does not start")
    @ValueSource(
            strings = {
                "odoo:res.partner?nope=1",
                "odoo:res.partner?operation=drop",
                "odoo:res.partner?batchSize=0",
                "odoo:res.partner?transport=soap",
                "odoo:res.partner?requestTimeout=0",
                "odoo:?operation=read",
            })
    void badOptions(String uri) {
        assertThatThrownBy(() -> camel.getEndpoint(uri)).isInstanceOf(ResolveEndpointFailedException.class);
    }

    @Test
    @DisplayName("A YAML route with parameters upserts and continues with the record id")
    void yamlRoute() throws Exception {
        String yaml = """
                - route:
                    from:
                      uri: direct:in
                      steps:
                        - to:
                            uri: odoo:res.partner
                            parameters:
                              operation: upsert
                              key: contact-${header.ref}
                              url: "%s"
                              db: demo
                              user: bot
                              password: %s
                              companyId: 4
                              externalIdPrefix: hub_t1
                        - setBody:
                            simple: "partner ${body} ${header.CamelOdooRecordId}"
                """.formatted(odoo.url(), FakeOdoo.SECRET);
        PluginHelper.getRoutesLoader(camel).loadRoutes(ResourceHelper.fromString("flow.yaml", yaml));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("name", "Ana");
        body.put("email", null);
        body.put("is_company", true);
        body.put("company_id", 99);
        assertThat(ok("direct:in", body, Map.of("ref", "A1"))).isEqualTo("partner 101 101");
        assertThat(last().positional().get(0)).isEqualTo(List.of("id", "company_id/.id", "is_company", "name"));
        assertThat(last().loadRows()).isEqualTo(List.of(List.of("hub_t1.contact-A1", "4", "1", "Ana")));
        assertThat(last().named().get("context")).isEqualTo(Map.of("allowed_company_ids", List.of(4L)));
    }

    @Test
    @DisplayName("The resolver in the registry decides the connection of every exchange")
    void resolver() throws Exception {
        camel.getRegistry().bind("tenants", (OdooConnectionResolver)
                exchange -> exchange.getMessage().getHeader("tenant") == null
                        ? null
                        : new OdooConnection(
                                odoo.url(),
                                FakeOdoo.DB,
                                FakeOdoo.USER,
                                FakeOdoo.SECRET,
                                exchange.getMessage().getHeader("tenant", Long.class),
                                "hub_x",
                                OdooTransport.XMLRPC));
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:a").to("odoo:res.partner?operation=count&companyId=1");
            }
        });
        odoo.onCall = call -> 3L;
        assertThat(ok("direct:a", null, Map.of("tenant", 5L))).isEqualTo(3L);
        assertThat(last().named().get("context")).isEqualTo(Map.of("allowed_company_ids", List.of(5L)));
        assertThat(failure("direct:a", null, Map.of()).kind()).isEqualTo(Kind.BAD_REQUEST);
    }

    @Test
    @DisplayName("XML-RPC: each operation calls its method with the company and answers plain values")
    void xmlRpcOperations() {
        odoo.onCall = call -> switch (call.method()) {
            case "search" -> List.of(1L, 2L);
            case "search_count" -> 2L;
            case "search_read", "read" -> List.of(Map.of("id", 1L, "name", "Ana", "email", false));
            case "create" -> List.of(9L);
            default -> true;
        };
        assertThat(ok(uri("operation=search&limit=2&offset=1&order=id"), List.of(List.of("a", "=", 1)), Map.of()))
                .isEqualTo(List.of(1L, 2L));
        assertThat(last().positional()).isEqualTo(List.of(List.of(List.of("a", "=", 1L))));
        assertThat(last().named())
                .isEqualTo(Map.of(
                        "limit",
                        2L,
                        "offset",
                        1L,
                        "order",
                        "id",
                        "context",
                        Map.of("allowed_company_ids", List.of(1L))));
        assertThat(ok(uri("operation=count"), null, Map.of(OdooConstants.DOMAIN, "[[\"a\",\"=\",\"${body}\"]]")))
                .isEqualTo(2L);
        assertThat(last().positional()).isEqualTo(List.of(List.of(List.of("a", "=", "${body}"))));
        assertThat(ok(
                        uri("fields=name, email&context={\"active_test\":false}"),
                        null,
                        Map.of(OdooConstants.CONTEXT, Map.of("allowed_company_ids", List.of(2), "lang", "es_CL"))))
                .isEqualTo(List.of(Map.of("id", 1L, "name", "Ana", "email", false)));
        assertThat(last().named())
                .isEqualTo(Map.of(
                        "fields",
                        List.of("name", "email"),
                        "context",
                        Map.of("active_test", false, "lang", "es_CL", "allowed_company_ids", List.of(1L))));
        ok(uri("operation=read"), List.of(1, "2"), Map.of(OdooConstants.FIELDS, List.of("name")));
        assertThat(last().positional()).isEqualTo(List.of(List.of(1L, 2L), List.of("name")));
        Exchange created = send(uri("operation=create"), Map.of("name", "Ñ", "company_id", 2), Map.of());
        assertThat(created.getMessage().getBody()).isEqualTo(9L);
        assertThat(created.getMessage().getHeader(OdooConstants.RECORD_ID)).isEqualTo(9L);
        assertThat(last().positional()).isEqualTo(List.of(List.of(Map.of("name", "Ñ", "company_id", 1L))));
        assertThat(ok(uri("operation=create&companyField=none"), List.of(Map.of("name", "Ñ")), Map.of()))
                .isEqualTo(List.of(9L));
        assertThat(ok(uri("operation=write"), Map.of("name", "x"), Map.of(OdooConstants.RECORD_ID, 9)))
                .isEqualTo(true);
        assertThat(last().positional()).isEqualTo(List.of(List.of(9L), Map.of("name", "x")));
        assertThat(ok(uri("operation=unlink"), 9L, Map.of())).isEqualTo(true);
        assertThat(last().positional()).isEqualTo(List.of(List.of(9L)));
        ok(uri("operation=call&method=action_x"), Map.of("ids", List.of(4), "a", 1), Map.of());
        assertThat(last().positional()).isEqualTo(List.of(List.of(4L)));
        assertThat(last().named()).containsEntry("a", 1L);
        ok(uri("operation=call"), List.of("p"), Map.of(OdooConstants.METHOD, "m", OdooConstants.RECORD_ID, 4L));
        assertThat(last().positional()).isEqualTo(List.of(List.of(4L), "p"));
        assertThat(odoo.logins).hasValue(1);
    }

    @Test
    @DisplayName("JSON-2: arguments go by name and ids beside them")
    void json2Operations() {
        odoo.version = "19.0";
        odoo.apiKey = FakeOdoo.SECRET;
        odoo.onCall = call -> switch (call.method()) {
            case "search" -> List.of(1L);
            case "create" -> List.of(9L);
            case "context_get" -> Map.of();
            default -> true;
        };
        assertThat(ok(uri("operation=search&limit=2"), null, Map.of())).isEqualTo(List.of(1L));
        assertThat(last().named())
                .isEqualTo(Map.of(
                        "domain", List.of(), "limit", 2L, "context", Map.of("allowed_company_ids", List.of(1L))));
        assertThat(ok(uri("operation=create"), Map.of("name", "x"), Map.of())).isEqualTo(9L);
        assertThat(last().named()).containsEntry("vals_list", List.of(Map.of("name", "x", "company_id", 1L)));
        ok(uri("operation=write"), Map.of("name", "x"), Map.of(OdooConstants.RECORD_ID, 9));
        assertThat(last().named()).containsEntry("ids", List.of(9L)).containsEntry("vals", Map.of("name", "x"));
        assertThat(failure(uri("operation=call&method=m"), List.of(1), Map.of()).getMessage())
                .contains("by name");
        assertThat(odoo.paths).noneMatch(path -> path.startsWith("/xmlrpc"));
        assertThat(ok(uri("operation=version"), null, Map.of()))
                .isEqualTo(Map.of("version", "19.0", "major", 19, "transport", "json2"));
    }

    @ParameterizedTest(name = "{0} is spoken to by {1}")
    @DisplayName("The version decides the transport; a password on 19 falls back to XML-RPC")
    @CsvSource({"17.0, xmlrpc, 17", "18.0+e-20260101, xmlrpc, 18", "saas~18.2, xmlrpc, 18", "19.0, xmlrpc, 19"})
    void detection(String version, String transport, int major) {
        odoo.version = version;
        odoo.onCall = call -> 1L;
        assertThat(ok(uri("operation=version"), null, Map.of()))
                .isEqualTo(Map.of("version", version, "major", major, "transport", transport));
        assertThat(ok(uri("operation=count"), null, Map.of())).isEqualTo(1L);
        long asked = odoo.paths.size();
        ok(uri("operation=count"), null, Map.of());
        assertThat(odoo.paths).hasSize((int) asked + 1);
    }

    @ParameterizedTest
    @EnumSource(names = {"read", "searchRead"})
    @DisplayName("Reading without field names is refused before anything is sent")
    void fieldsAreRequired(OdooOperation operation) {
        OdooException failure = failure(uri("operation=" + operation), null, Map.of(OdooConstants.RECORD_ID, 1));
        assertThat(failure.kind()).isEqualTo(Kind.BAD_REQUEST);
        assertThat(failure.getMessage()).contains("field names");
        assertThat(odoo.paths).isEmpty();
    }

    @ParameterizedTest
    @DisplayName("An unsafe or missing external id is refused before anything is sent")
    @ValueSource(strings = {"", "a b", "a.b", "ñ", "a/b", "a\tb", "a'b"})
    void badKeys(String key) {
        OdooException failure = failure(uri("operation=upsert"), Map.of("name", "x"), Map.of(OdooConstants.KEY, key));
        assertThat(failure.kind()).isEqualTo(Kind.BAD_REQUEST);
        assertThat(odoo.paths).isEmpty();
    }

    @ParameterizedTest
    @DisplayName("A prefix that is no module name is refused")
    @ValueSource(strings = {"Hub", "1hub", "hub.x", "hub x", "hub-x", "__import__"})
    void badPrefixes(String prefix) {
        assertThat(catchThrowable(() -> new OdooConnection("http://h", "d", "u", "s", 1L, prefix, OdooTransport.AUTO)))
                .isInstanceOf(OdooException.class)
                .hasMessageContaining("externalIdPrefix");
    }

    @ParameterizedTest
    @DisplayName("A url that is not a plain http address is refused without repeating it")
    @ValueSource(strings = {"ftp://h", "file:///etc/passwd", "http://u:pw@h", "http://h?x=1", "h", "http://", "::"})
    void badUrls(String url) {
        assertThat(catchThrowable(() -> new OdooConnection(url, "d", "u", "s", 1L, null, null)))
                .isInstanceOf(OdooException.class)
                .hasMessageNotContaining("pw@");
    }

    @Test
    @DisplayName("Cells that a spreadsheet row cannot hold are refused by name")
    void badCells() {
        assertThat(failure(uri("operation=upsert&key=a"), Map.of("child_ids", Map.of("a", 1)), Map.of())
                        .getMessage())
                .contains("child_ids");
        assertThat(failure(uri("operation=upsert&key=a"), Map.of(".id", 5), Map.of())
                        .getMessage())
                .contains(".id");
        ok(
                uri("operation=upsert&key=a"),
                Map.of("category_id/id", List.of("base.a", "base.b"), "credit", 1.5e9),
                Map.of());
        assertThat(last().loadRows()).isEqualTo(List.of(List.of("hub_t1.a", "base.a,base.b", "1", "1500000000")));
    }

    @Test
    @DisplayName("A wrong password is a permanent ACCESS_DENIED and is never shown")
    void wrongPassword() {
        odoo.password = "other";
        OdooException failure = failure(uri("operation=count"), null, Map.of());
        assertThat(failure.kind()).isEqualTo(Kind.ACCESS_DENIED);
        assertThat(failure.isTransient()).isFalse();
        assertThat(failure.getMessage())
                .startsWith("res.partner.search_count: ")
                .doesNotContain(FakeOdoo.SECRET);
        assertThat(odoo.connection(OdooTransport.AUTO).toString()).doesNotContain(FakeOdoo.SECRET);
    }

    @Test
    @DisplayName("A refused user id is logged in again exactly once; a dead password then fails")
    void relogin() {
        odoo.onCall = call -> odoo.logins.get() == 1 ? new FakeOdoo.Fault(3, "Access Denied") : 5L;
        assertThat(ok(uri("operation=count"), null, Map.of())).isEqualTo(5L);
        assertThat(odoo.logins).hasValue(2);
        odoo.onCall = call -> new FakeOdoo.Fault(3, "Access Denied");
        assertThat(failure(uri("operation=count"), null, Map.of()).kind()).isEqualTo(Kind.ACCESS_DENIED);
        assertThat(odoo.logins).hasValue(3);
        odoo.password = "changed";
        assertThat(failure(uri("operation=count"), null, Map.of()).kind()).isEqualTo(Kind.ACCESS_DENIED);
        odoo.onCall = call -> 6L;
        assertThat(ok(uri("operation=count").replace(FakeOdoo.SECRET, "changed"), null, Map.of()))
                .isEqualTo(6L);
    }

    @Test
    @DisplayName("An API key that JSON-2 stops taking is tried once more by detection, then fails")
    void json2KeyRevoked() {
        odoo.version = "19.0";
        odoo.apiKey = FakeOdoo.SECRET;
        odoo.onCall = call -> 1L;
        ok(uri("operation=count"), null, Map.of());
        odoo.apiKey = "revoked";
        odoo.password = "revoked";
        assertThat(failure(uri("operation=count"), null, Map.of()).kind()).isEqualTo(Kind.ACCESS_DENIED);
        odoo.password = FakeOdoo.SECRET;
        assertThat(ok(uri("operation=count"), null, Map.of())).isEqualTo(1L);
    }

    @Test
    @DisplayName("Concurrent first calls share one detection and one login")
    void oneLogin() {
        odoo.onCall = call -> 1L;
        List<CompletableFuture<Object>> all = java.util.stream.IntStream.range(0, 30)
                .mapToObj(i -> camel.createProducerTemplate().asyncRequestBody(uri("operation=count"), null))
                .toList();
        all.forEach(CompletableFuture::join);
        assertThat(odoo.logins).hasValue(1);
        assertThat(odoo.paths.stream().filter("/web/version"::equals)).hasSize(1);
    }

    @Test
    @DisplayName("The calling thread is free while Odoo thinks, and the route goes on elsewhere")
    void asynchronous() throws Exception {
        CountDownLatch answer = new CountDownLatch(1);
        odoo.onCall = call -> {
            await(answer);
            return 1L;
        };
        OdooEndpoint endpoint = camel.getEndpoint(uri("operation=count"), OdooEndpoint.class);
        OdooProducer producer = (OdooProducer) endpoint.createProducer();
        producer.start();
        Exchange exchange = endpoint.createExchange();
        CompletableFuture<String> done = new CompletableFuture<>();
        boolean sync = producer.process(
                exchange, doneSync -> done.complete(Thread.currentThread().getName()));
        assertThat(sync).isFalse();
        assertThat(done).isNotDone();
        answer.countDown();
        assertThat(done.get(10, TimeUnit.SECONDS)).startsWith("odoo-work");
        assertThat(exchange.getMessage().getBody()).isEqualTo(1L);
    }

    @Test
    @DisplayName("Stopping fails what is under way or waiting with a transient error and ends the threads")
    void stopping() {
        CountDownLatch never = new CountDownLatch(1);
        odoo.onCall = call -> {
            await(never);
            return true;
        };
        OdooComponent component = camel.getComponent("odoo", OdooComponent.class);
        OdooClient client = component.client();
        OdooConnection connection = odoo.connection(OdooTransport.XMLRPC);
        CallLimits limits = new OdooConfiguration().limits();
        List<CompletableFuture<Long>> rows = java.util.stream.IntStream.range(0, 500)
                .mapToObj(i -> client.lanes()
                        .add(
                                connection,
                                "res.partner",
                                "hub_t1.k" + i,
                                new java.util.TreeMap<>(Map.of("name", "x")),
                                Map.of(),
                                100,
                                limits))
                .toList();
        Awaitility.await().until(() -> odoo.count("load") == 2);
        component.stop();
        never.countDown();
        assertThat(catchThrowable(component::client)).isInstanceOf(OdooException.class);
        assertThat(rows).allSatisfy(row -> {
            Throwable failure = Failures.unwrap(catchThrowable(() -> row.get(10, TimeUnit.SECONDS)));
            assertThat(failure).isInstanceOf(OdooException.class);
            assertThat(((OdooException) failure).isTransient()).isTrue();
        });
        Awaitility.await()
                .untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                        .noneMatch(thread -> thread.getName().startsWith("odoo-") && thread.isAlive()));
    }

    @Test
    @DisplayName("The answer of a wrong type is a protocol error that names the call")
    void wrongTypes() {
        odoo.onCall = call -> false;
        assertThat(failure(uri("operation=count"), null, Map.of()).getMessage()).contains("search_count");
        assertThat(failure(uri("operation=search"), null, Map.of()).kind()).isEqualTo(Kind.PROTOCOL);
        assertThat(failure(uri("operation=create"), Map.of("name", "x"), Map.of())
                        .kind())
                .isEqualTo(Kind.PROTOCOL);
        assertThat(failure(uri("operation=upsert&key=a"), Map.of("name", "x"), Map.of())
                        .kind())
                .isEqualTo(Kind.PROTOCOL);
    }

    static void await(CountDownLatch latch) {
        try {
            latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
