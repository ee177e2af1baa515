package cl.smarterbot.hub.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.schedule.ScheduleAdmin;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import com.fasterxml.jackson.databind.JsonNode;
import com.github.benmanes.caffeine.cache.Ticker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.builder.RouteBuilder;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.web.servlet.handler.AbstractUrlHandlerMapping;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;

@DisplayName("The management port")
@SpringBootTest(
        classes = ManagementPortTest.App.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "camel.main.routes-include-pattern=false",
            "hub.admin.password=" + Http.PASSWORD,
            "camel.main.name=hub",
            "management.prometheus.metrics.export.enabled=true"
        })
class ManagementPortTest {

    @SpringBootConfiguration
    @EnableAutoConfiguration(exclude = {DataSourceAutoConfiguration.class, FlywayAutoConfiguration.class})
    @Import(OpsConfiguration.class)
    static class App {
        /** A database that is away: nothing here may need one. */
        @Bean
        EventAdmin eventAdmin() {
            return new EventAdmin(away());
        }

        @Bean
        ScheduleAdmin scheduleAdmin() {
            return new ScheduleAdmin(away());
        }

        @Bean
        TenantAdmin tenantAdmin() {
            return new TenantAdmin(away(), RutPolicy.STRICT);
        }

        @Bean
        SecretStore secrets() {
            return new MemorySecrets();
        }

        private static DataSource away() {
            PGSimpleDataSource away = new PGSimpleDataSource();
            away.setServerNames(new String[] {"127.0.0.1"});
            away.setPortNumbers(new int[] {1});
            away.setConnectTimeout(2);
            return away;
        }

        @Bean
        AtomicLong nanos() {
            return new AtomicLong();
        }

        @Bean
        @Primary
        LoginThrottle throttleWithClock(AtomicLong nanos) {
            Ticker ticker = nanos::get;
            return new LoginThrottle(ticker);
        }

        @Bean
        RouteBuilder probe() {
            return new RouteBuilder() {
                @Override
                public void configure() {
                    from("direct:probe").routeId("probe").log("never called");
                }
            };
        }
    }

    @LocalServerPort
    private int port;

    @Autowired
    private ApplicationContext context;

    @Autowired
    private CamelContext camel;

    @Autowired
    private AtomicLong nanos;

    private Http http() {
        nanos.addAndGet(LoginThrottle.WINDOW.toNanos() * 3);
        return new Http(port);
    }

    private Set<String> mappedPaths() {
        Set<String> patterns = new TreeSet<>();
        context.getBeansOfType(RequestMappingInfoHandlerMapping.class)
                .values()
                .forEach(mapping ->
                        mapping.getHandlerMethods().keySet().forEach(info -> patterns.addAll(info.getPatternValues())));
        context.getBeansOfType(AbstractUrlHandlerMapping.class)
                .values()
                .forEach(mapping -> patterns.addAll(mapping.getHandlerMap().keySet()));
        for (ServletRegistrationBean<?> servlet :
                context.getBeansOfType(ServletRegistrationBean.class).values()) {
            patterns.addAll(servlet.getUrlMappings());
        }
        Set<String> paths = new TreeSet<>();
        patterns.forEach(pattern ->
                paths.add(pattern.replace("/**", "/x").replace("/*", "/x").replaceAll("\\{[^}]*}", "x")));
        return paths;
    }

    @Test
    @DisplayName("answers 401 on every path it maps, whatever the method, without credentials")
    void everyPathIsClosed() {
        Set<String> paths = mappedPaths();
        assertThat(paths)
                .contains("/admin/events", "/admin/dead/replay", "/actuator/health", "/actuator/prometheus")
                .anyMatch(path -> path.startsWith("/actuator/jolokia"))
                .anyMatch(path -> path.startsWith("/actuator/hawtio"))
                .hasSizeGreaterThan(15);
        paths.addAll(List.of("/", "/error", "/actuator", "/actuator/", "/unknown", "/admin//events", "/ADMIN/events"));
        List<String> open = new ArrayList<>();
        Http http = http();
        for (String path : paths) {
            for (String method : List.of("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD")) {
                int status = http.send(method, path.startsWith("/") ? path : "/" + path, null)
                        .status();
                // 400: the firewall refuses a path that is not normalised before anything looks at it.
                if (status != 401 && !(status == 400 && path.contains("//"))) {
                    open.add(method + " " + path + " " + status);
                }
            }
        }
        assertThat(open).isEmpty();
    }

    @ParameterizedTest(name = "{0}:{1}")
    @CsvSource({
        "operator,wrong",
        "operator,''",
        "operator,correct horse battery stapl",
        "operator,CORRECT HORSE BATTERY STAPLE",
        "root,correct horse battery staple",
        "OPERATOR,correct horse battery staple",
        "'',correct horse battery staple",
        "operator,operator",
        "admin,admin"
    })
    @DisplayName("answers 401 to a wrong user or password")
    void wrongCredentials(String user, String password) {
        Http.Answer answer = http().as(user, password).get("/actuator/health");
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
        assertThat(answer.header("WWW-Authenticate")).startsWith("Basic ");
        assertThat(answer.json().get("type").asText()).isEqualTo("urn:smarteros:problem:unauthenticated");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Basic", "Basic !!!", "Basic b3BlcmF0b3I=", "Bearer abc", "Basic Og=="})
    @DisplayName("answers 401 to a malformed Authorization header")
    void malformedCredentials(String header) {
        assertThat(http().with("Authorization", header).get("/admin/events").status())
                .isEqualTo(401);
    }

    @Test
    @DisplayName("answers 429 for a minute after ten wrong passwords, even to the right one, and then forgets")
    void lockOut() {
        Http http = http();
        for (int i = 0; i < LoginThrottle.MAX_FAILURES; i++) {
            assertThat(http.as("operator", "wrong" + i).get("/actuator/health").status())
                    .isEqualTo(401);
        }
        Http.Answer locked = http.operator().get("/actuator/health");
        assertThat(locked.status()).isEqualTo(429);
        assertThat(Integer.parseInt(locked.header("Retry-After"))).isBetween(1, 60);
        assertThat(http.get("/actuator/health").status()).isEqualTo(401);
        nanos.addAndGet(LoginThrottle.WINDOW.toNanos() + 1);
        assertThat(http.operator().get("/actuator/health").status()).isEqualTo(200);
    }

    @Test
    @DisplayName("never sets a cookie, and sends the security headers")
    void headers() {
        Set<String> paths = mappedPaths();
        paths.addAll(List.of("/actuator/hawtio/index.html", "/unknown"));
        for (String path : paths) {
            Http.Answer answer = http().operator().get(path);
            assertThat(answer.header("Set-Cookie")).as(path).isNull();
            assertThat(answer.header("X-Content-Type-Options")).as(path).isEqualTo("nosniff");
            assertThat(answer.header("X-Frame-Options")).as(path).isEqualTo("DENY");
            assertThat(answer.header("Server")).as(path).isNull();
        }
    }

    @Test
    @DisplayName("tells health details to the operator only")
    void healthDetails() {
        assertThat(http().get("/actuator/health").body()).doesNotContain("components", "UP");
        JsonNode health = http().operator().get("/actuator/health").json();
        assertThat(health.get("status").asText()).isEqualTo("UP");
        assertThat(health.get("components").size()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "env",
                "configprops",
                "heapdump",
                "threaddump",
                "beans",
                "loggers",
                "logfile",
                "shutdown",
                "mappings",
                "httpexchanges",
                "scheduledtasks",
                "caches",
                "conditions",
                "flyway",
                "sbom",
                "camelroutes"
            })
    @DisplayName("does not have the actuators that tell secrets or change things")
    void closedActuators(String name) {
        assertThat(http().operator().get("/actuator/" + name).status()).isEqualTo(404);
        assertThat(http().change().post("/actuator/" + name, "{}").status()).isIn(404, 405);
    }

    @Test
    @DisplayName("serves Prometheus metrics to the operator")
    void prometheus() {
        assertThat(http().operator().get("/actuator/prometheus").body()).contains("jvm_memory_used_bytes");
    }

    @Test
    @DisplayName("serves the Hawtio console behind the operator's password, without a login of its own")
    void hawtio() {
        Http.Answer page = http().operator().get("/actuator/hawtio/index.html");
        assertThat(page.status()).isEqualTo(200);
        assertThat(page.body()).contains("<html");
        Http.Answer root = http().operator().get("/actuator/hawtio");
        assertThat(root.status()).isIn(200, 302);
        Http.Answer jolokia = http().operator().get("/actuator/hawtio/jolokia/version");
        assertThat(jolokia.status()).isEqualTo(200);
        assertThat(jolokia.json().at("/value/protocol").asText()).isNotEmpty();
    }

    @Test
    @DisplayName("does not let Hawtio forward requests to other hosts")
    void hawtioProxy() {
        assertThat(http().operator()
                        .get("/actuator/hawtio/proxy/http/127.0.0.1/" + port + "/actuator/health")
                        .status())
                .isEqualTo(403);
    }

    private JsonNode jolokia(String request) {
        return http().operator()
                .with("Content-Type", "application/json")
                .post("/actuator/jolokia", request)
                .json();
    }

    @Test
    @DisplayName("shows the Camel routes over Jolokia")
    void camelRoutes() {
        String routes = "org.apache.camel:context=" + camel.getManagementName() + ",type=routes,*";
        JsonNode found = jolokia("{\"type\":\"search\",\"mbean\":\"" + routes + "\"}");
        assertThat(found.get("status").asInt()).isEqualTo(200);
        assertThat(found.get("value").toString()).contains("probe");
        String contextBean = "org.apache.camel:context=" + camel.getManagementName() + ",type=context,name=\\\""
                + camel.getName() + "\\\"";
        JsonNode xml =
                jolokia("{\"type\":\"exec\",\"mbean\":\"" + contextBean + "\",\"operation\":\"dumpRoutesAsXml()\"}");
        assertThat(xml.get("status").asInt()).as(xml.toString()).isEqualTo(200);
        assertThat(xml.get("value").asText()).contains("id=\"probe\"");
        JsonNode stats = jolokia("{\"type\":\"exec\",\"mbean\":\"" + contextBean
                + "\",\"operation\":\"dumpRoutesStatsAsXml(boolean,boolean)\",\"arguments\":[true,true]}");
        assertThat(stats.get("status").asInt()).as(stats.toString()).isEqualTo(200);
        JsonNode state = jolokia("{\"type\":\"read\",\"mbean\":\"" + contextBean + "\",\"attribute\":\"State\"}");
        assertThat(state.get("value").asText()).isEqualTo("Started");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stop()",
                "restart()",
                "suspend()",
                "stopAllRoutes()",
                "sendStringBody(java.lang.String,java.lang.String)",
                "createEndpoint(java.lang.String)",
                "reset(boolean)",
                "getGlobalOption(java.lang.String)"
            })
    @DisplayName("refuses operations of the Camel context over Jolokia that change or send anything")
    void contextOperations(String operation) {
        String bean = "org.apache.camel:context=" + camel.getManagementName() + ",type=context,name=\\\""
                + camel.getName() + "\\\"";
        assertForbidden(
                "{\"type\":\"exec\",\"mbean\":\"" + bean + "\",\"operation\":\"" + operation + "\",\"arguments\":[]}");
        assertThat(camel.getStatus().isStarted()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stop()",
                "remove()",
                "restart()",
                "updateRouteFromXml(java.lang.String)",
                "stopAndFail()",
                "start()"
            })
    @DisplayName("refuses to stop, remove or change a route over Jolokia")
    void routeOperations(String operation) {
        String bean = "org.apache.camel:context=" + camel.getManagementName() + ",type=routes,name=\\\"probe\\\"";
        assertForbidden(
                "{\"type\":\"exec\",\"mbean\":\"" + bean + "\",\"operation\":\"" + operation + "\",\"arguments\":[]}");
        assertThat(camel.getRouteController().getRouteStatus("probe").isStarted())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "com.sun.management:type=HotSpotDiagnostic|dumpHeap",
                "com.sun.management:type=DiagnosticCommand|vmSystemProperties",
                "java.lang:type=Memory|gc",
                "java.lang:type=Threading|dumpAllThreads(boolean,boolean)",
                "java.util.logging:type=Logging|setLoggerLevel"
            })
    @DisplayName("refuses operations of the JVM over Jolokia")
    void jvmOperations(String bean, String operation) {
        assertForbidden(
                "{\"type\":\"exec\",\"mbean\":\"" + bean + "\",\"operation\":\"" + operation + "\",\"arguments\":[]}");
    }

    @Test
    @DisplayName("refuses to dump or browse messages over Jolokia")
    void messageBodies() {
        String context = "org.apache.camel:context=" + camel.getManagementName();
        for (String tracer : List.of("BacklogTracer", "BacklogDebugger")) {
            for (String operation :
                    List.of("dumpAllTracedMessagesAsXml()", "dumpTracedMessagesAsXml(java.lang.String)")) {
                assertForbidden("{\"type\":\"exec\",\"mbean\":\"" + context + ",type=tracer,name=" + tracer
                        + "\",\"operation\":\"" + operation + "\",\"arguments\":[]}");
            }
        }
        assertForbidden("{\"type\":\"exec\",\"mbean\":\"" + context
                + ",type=endpoints,name=\\\"direct://probe\\\"\",\"operation\":\"browseAllMessagesAsXml(java.lang.Boolean)\","
                + "\"arguments\":[true]}");
        assertForbidden("{\"type\":\"exec\",\"mbean\":\"" + context
                + ",type=services,name=DefaultInflightRepository\",\"operation\":\"browse()\",\"arguments\":[]}");
    }

    @Test
    @DisplayName("refuses to write attributes over Jolokia, by POST and by GET, alone and in a bulk")
    void writes() {
        assertForbidden(
                "{\"type\":\"write\",\"mbean\":\"java.lang:type=Memory\",\"attribute\":\"Verbose\",\"value\":true}");
        JsonNode get = http().operator()
                .get("/actuator/jolokia/write/java.lang:type=Memory/Verbose/true")
                .json();
        assertThat(get.get("status").asInt()).isEqualTo(403);
        JsonNode bulk = jolokia(
                "[{\"type\":\"version\"},{\"type\":\"write\",\"mbean\":\"java.lang:type=Memory\",\"attribute\":\"Verbose\",\"value\":true}]");
        assertThat(bulk.get(1).get("status").asInt()).isEqualTo(403);
        assertThat(java.lang.management.ManagementFactory.getMemoryMXBean().isVerbose())
                .isFalse();
    }

    @Test
    @DisplayName("does not tell system properties or start-up arguments over Jolokia")
    void systemProperties() {
        assertForbidden("{\"type\":\"read\",\"mbean\":\"java.lang:type=Runtime\",\"attribute\":\"SystemProperties\"}");
        assertForbidden("{\"type\":\"read\",\"mbean\":\"java.lang:type=Runtime\",\"attribute\":\"InputArguments\"}");
        System.setProperty("hub.test.canary", "canary-7f3a");
        try {
            assertThat(jolokia("{\"type\":\"read\",\"mbean\":\"java.lang:type=Runtime\"}")
                            .toString())
                    .doesNotContain("canary-7f3a");
            assertThat(jolokia("{\"type\":\"read\",\"mbean\":\"*:*\"}").toString())
                    .doesNotContain("canary-7f3a")
                    .doesNotContain(Http.PASSWORD);
        } finally {
            System.clearProperty("hub.test.canary");
        }
    }

    @Test
    @DisplayName("does not let Jolokia call other JVMs: a target is ignored, nothing connects to it")
    void jolokiaProxy() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            jolokia("{\"type\":\"read\",\"mbean\":\"java.lang:type=Memory\",\"attribute\":\"HeapMemoryUsage\","
                    + "\"target\":{\"url\":\"service:jmx:rmi:///jndi/rmi://127.0.0.1:" + other.getLocalPort()
                    + "/x\"}}");
            other.setSoTimeout(200);
            assertThatThrownBy(other::accept).isInstanceOf(SocketTimeoutException.class);
        }
    }

    private void assertForbidden(String request) {
        JsonNode answer = jolokia(request);
        assertThat(answer.path("status").asInt()).as(answer.toString()).isEqualTo(403);
    }

    @ParameterizedTest
    @CsvSource({
        "http://evil.example, POST, /actuator/jolokia",
        "http://evil.example, GET, /actuator/jolokia/version",
        "http://evil.example, GET, /admin/events",
        "null, POST, /actuator/jolokia",
        "http://127.0.0.1:1, POST, /admin/dead/replay",
        "https://127.0.0.1, DELETE, /admin/events",
        "http://127.0.0.1.evil.example, POST, /admin/dead/replay"
    })
    @DisplayName("refuses what a browser sends on behalf of another site, with the right password")
    void crossSite(String origin, String method, String path) {
        Http.Answer answer = http().change().with("Origin", origin).send(method, path, "{}");
        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.json().get("type").asText()).endsWith(":cross-site");
        assertThat(answer.header("Access-Control-Allow-Origin")).isNull();
    }

    @Test
    @DisplayName("accepts what its own pages send")
    void sameSite() {
        Http.Answer answer = http().operator()
                .with("Content-Type", "application/json")
                .with("Origin", "http://127.0.0.1:" + port)
                .post("/actuator/jolokia", "{\"type\":\"version\"}");
        assertThat(answer.status()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "text/plain,1,415",
        "application/x-www-form-urlencoded,1,415",
        "multipart/form-data,1,415",
        "application/jsonx,1,415",
        "application/json,0,403",
        "application/json,true,403",
        "application/json,'',403"
    })
    @DisplayName("takes changes as JSON with the header of the admin API only")
    void changesNeedTheHeader(String contentType, String header, int status) {
        Http.Answer answer = http().operator()
                .with("Content-Type", contentType)
                .with("X-Hub-Admin", header)
                .post("/admin/dead/replay", "{}");
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
    }

    @Test
    @DisplayName("refuses a change without Content-Type, and methods it does not use")
    void oddMethods() {
        assertThat(http().operator()
                        .with("X-Hub-Admin", "1")
                        .post("/admin/dead/replay", null)
                        .status())
                .isEqualTo(415);
        for (String method : List.of("PUT", "PATCH", "OPTIONS", "TRACE")) {
            assertThat(http().change().send(method, "/admin/events", null).status())
                    .as(method)
                    .isIn(400, 405);
        }
    }

    @Test
    @DisplayName("refuses a body of more than 64 KiB")
    void largeBody() {
        assertThat(http().change()
                        .post("/admin/dead/replay", "{\"since\":\"" + "x".repeat(70_000) + "\"}")
                        .status())
                .isEqualTo(413);
    }

    @Test
    @DisplayName("says 503 and when to come back, and nothing of the inside, while the database is away")
    void databaseAway() {
        Http.Answer answer = http().operator().get("/admin/events");
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.header("Retry-After")).isNotNull();
        assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
        assertThat(answer.body()).doesNotContain("Exception", "select", "127.0.0.1", "postgres");
    }

    @Test
    @DisplayName("answers 404, 405 and malformed JSON with a problem and without a stack trace")
    void otherErrors() {
        assertProblem(http().operator().get("/admin/nothing-here"), 404, "not-found");
        assertProblem(http().change().post("/admin/events", "{}"), 405, "method-not-allowed");
        assertProblem(http().change().post("/admin/dead/replay", "{\"since\":"), 400, "malformed");
        assertProblem(http().change().post("/admin/dead/replay", "[]"), 422, "invalid-fields");
    }

    private static void assertProblem(Http.Answer answer, int status, String type) {
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
        assertThat(answer.json().get("type").asText()).isEqualTo("urn:smarteros:problem:" + type);
        assertThat(answer.body()).doesNotContain("at cl.smarterbot", "Exception", "trace");
    }

    @Test
    @DisplayName("names all invalid fields of a request at once")
    void allFieldsAtOnce() {
        Http.Answer answer = http().change()
                .post(
                        "/admin/dead/replay",
                        "{\"since\":\"yesterday\",\"limit\":0,\"dryRun\":\"no\",\"tenant\":\"a\\u0000b\",\"other\":1}");
        assertThat(answer.status()).isEqualTo(422);
        JsonNode errors = answer.json().get("errors");
        List<String> names = new ArrayList<>();
        errors.fieldNames().forEachRemaining(names::add);
        assertThat(names).containsExactlyInAnyOrder("since", "limit", "dryRun", "tenant", "other");
    }
}
