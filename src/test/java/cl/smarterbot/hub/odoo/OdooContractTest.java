package cl.smarterbot.hub.odoo;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the component promises against any Odoo from 17 on. Runs against the server named by the system properties of
 * {@link OdooUnderTest}, else against the sandbox. Names are unique per run and nothing is assumed of ids, so that it may
 * run again and again on one database.
 */
@Timeout(120)
class OdooContractTest {
    private static final String RUN = UUID.randomUUID().toString().substring(0, 8);

    private static OdooUnderTest server;
    private static CamelContext camel;

    @BeforeAll
    static void start() {
        server = OdooUnderTest.find();
        camel = new DefaultCamelContext();
        camel.getRegistry().bind("connections", (OdooConnectionResolver)
                exchange -> exchange.getMessage().getHeader("connection", OdooConnection.class));
        camel.start();
    }

    @AfterAll
    static void stop() throws Exception {
        camel.stop();
        server.close();
    }

    static List<OdooTransport> transports() {
        return OdooUnderTest.find().transports();
    }

    private static Exchange send(OdooConnection connection, String uri, Object body, Map<String, Object> headers) {
        return camel.createProducerTemplate().request(uri, exchange -> {
            exchange.getMessage().setBody(body);
            exchange.getMessage().setHeaders(new LinkedHashMap<>(headers));
            exchange.getMessage().setHeader("connection", connection);
        });
    }

    private static <T> T ok(
            OdooConnection connection, String uri, Object body, Map<String, Object> headers, Class<T> type) {
        Exchange exchange = send(connection, uri, body, headers);
        if (exchange.getException() != null) {
            throw new AssertionError(exchange.getException());
        }
        return type.cast(exchange.getMessage().getBody());
    }

    private static OdooException failure(
            OdooConnection connection, String uri, Object body, Map<String, Object> headers) {
        Exception failure = send(connection, uri, body, headers).getException();
        assertThat(failure).isInstanceOf(OdooException.class);
        assertThat(failure.getMessage()).doesNotContain("Traceback").doesNotContain(connection.secret() + " ");
        return (OdooException) failure;
    }

    private static String unique(String name) {
        return name + " " + RUN + " " + UUID.randomUUID().toString().substring(0, 8);
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    private static long create(OdooConnection connection, Map<String, Object> values) {
        return ok(connection, "odoo:res.partner?operation=create", values, Map.of(), Long.class);
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> read(OdooConnection connection, Object ids, String fields) {
        return ok(connection, "odoo:res.partner?operation=read&fields=" + fields, ids, Map.of(), List.class);
    }

    private static CompletableFuture<Exchange> upsert(OdooConnection connection, String key, Object row) {
        return begin(connection, "odoo:res.partner?operation=upsert", key, row);
    }

    private static CompletableFuture<Exchange> begin(OdooConnection connection, String uri, String key, Object row) {
        return camel.createProducerTemplate().asyncSend(uri, exchange -> {
            exchange.getMessage().setBody(row);
            exchange.getMessage().setHeader(OdooConstants.KEY, key);
            exchange.getMessage().setHeader("connection", connection);
        });
    }

    private static List<Object> nameIs(String name) {
        return List.of(List.of("name", "=", name));
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("A connection without a company works in the one that its user belongs to")
    void ownCompany(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        OdooConnection unsaid =
                new OdooConnection(c.url(), c.db(), c.user(), c.secret(), null, c.externalIdPrefix(), c.transport());
        String name = unique("Own company");
        create(c, Map.of("name", name));
        assertThat(ok(unsaid, "odoo:res.partner?operation=count", nameIs(name), Map.of(), Long.class))
                .isEqualTo(1L);
    }

    private static OdooConnection with(OdooConnection c, String db, String secret) {
        return new OdooConnection(c.url(), db, c.user(), secret, c.companyId(), c.externalIdPrefix(), c.transport());
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("The version is known and names the transport")
    void version(OdooTransport transport) {
        Map<?, ?> version =
                ok(server.connection(transport), "odoo:res.users?operation=version", null, Map.of(), Map.class);
        assertThat((Integer) version.get("major")).isGreaterThanOrEqualTo(17);
        assertThat(version.get("transport")).isIn("xmlrpc", "json2");
        if (transport != OdooTransport.AUTO) {
            assertThat(version.get("transport")).isEqualTo(transport.name().toLowerCase(java.util.Locale.ROOT));
        }
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Wrong credentials are a permanent ACCESS_DENIED")
    void wrongCredentials(OdooTransport transport) {
        OdooConnection good = server.connection(transport);
        OdooException failure =
                failure(with(good, good.db(), "wrong-" + RUN), "odoo:res.partner?operation=count", null, Map.of());
        assertThat(failure.kind()).isEqualTo(Kind.ACCESS_DENIED);
        assertThat(failure.isTransient()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("An unknown database is permanent")
    void unknownDatabase(OdooTransport transport) {
        OdooConnection good = server.connection(transport);
        OdooException failure = failure(
                with(good, "no-such-db-" + RUN, good.secret()), "odoo:res.partner?operation=count", null, Map.of());
        // A server whose host name decides the database may not get as far as looking for it.
        assertThat(failure.kind()).isIn(Kind.NOT_FOUND, Kind.ACCESS_DENIED);
        assertThat(failure.isTransient()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("A record is created, read, found, counted, changed and deleted")
    @SuppressWarnings("unchecked")
    void lifeCycle(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        String name = unique("Ñandú 👩‍👧 <a>&\"' José");
        long id = create(c, Map.of("name", name, "is_company", true, "email", "Ana@Example.com"));
        assertThat(id).isPositive();
        Map<String, Object> read =
                read(c, id, "name,is_company,email,phone,company_id").get(0);
        assertThat(read)
                .containsEntry("id", id)
                .containsEntry("name", name)
                .containsEntry("is_company", true)
                .containsEntry("email", "Ana@Example.com")
                .containsEntry("phone", false);
        assertThat((List<Object>) read.get("company_id")).first().isEqualTo(c.companyId());
        assertThat(ok(c, "odoo:res.partner?operation=search", nameIs(name), Map.of(), List.class))
                .isEqualTo(List.of(id));
        assertThat(ok(c, "odoo:res.partner?operation=count", nameIs(name), Map.of(), Long.class))
                .isEqualTo(1L);
        assertThat(ok(c, "odoo:res.partner?operation=searchRead&fields=name", nameIs(name), Map.of(), List.class))
                .isEqualTo(List.of(Map.of("id", id, "name", name)));
        assertThat(ok(
                        c,
                        "odoo:res.partner?operation=write",
                        Map.of("phone", "+56 9 1234 5678"),
                        Map.of(OdooConstants.RECORD_ID, id),
                        Boolean.class))
                .isTrue();
        assertThat(read(c, id, "phone").get(0)).containsEntry("phone", "+56 9 1234 5678");
        assertThat(ok(c, "odoo:res.partner?operation=unlink", id, Map.of(), Boolean.class))
                .isTrue();
        assertThat(ok(c, "odoo:res.partner?operation=count", nameIs(name), Map.of(), Long.class))
                .isZero();
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Characters that XML cannot carry are left out and the rest arrives")
    void controlCharacters(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        long id = create(c, Map.of("name", unique("a\u0000b\u0007c")));
        assertThat(read(c, id, "name").get(0).get("name").toString()).startsWith("abc ");
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Several records are created in one call, in order")
    @SuppressWarnings("unchecked")
    void createMany(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        List<String> names = List.of(unique("uno"), unique("dos"), unique("tres"));
        List<Long> ids = ok(
                c,
                "odoo:res.partner?operation=create",
                names.stream().map(name -> Map.of("name", name)).toList(),
                Map.of(),
                List.class);
        assertThat(ids).hasSize(3);
        for (int i = 0; i < 3; i++) {
            assertThat(read(c, ids.get(i), "name").get(0)).containsEntry("name", names.get(i));
        }
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Pages follow the order; limit 0 is everything; past the end is empty")
    @SuppressWarnings("unchecked")
    void paging(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        String name = unique("page");
        List<Map<String, String>> rows = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            rows.add(Map.of("name", name, "ref", "r" + i));
        }
        List<Long> ids = ok(c, "odoo:res.partner?operation=create", rows, Map.of(), List.class);
        String search = "odoo:res.partner?operation=search&order=id";
        assertThat(ok(c, search + "&limit=3", nameIs(name), Map.of(), List.class))
                .isEqualTo(ids.subList(0, 3));
        assertThat(ok(c, search + "&limit=3&offset=6", nameIs(name), Map.of(), List.class))
                .isEqualTo(ids.subList(6, 7));
        assertThat(ok(c, search + "&limit=0", nameIs(name), Map.of(), List.class))
                .isEqualTo(ids);
        assertThat(ok(c, search + "&limit=3&offset=70", nameIs(name), Map.of(), List.class))
                .isEqualTo(List.of());
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Mistakes in the request are permanent and typed")
    void mistakes(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        OdooException field = failure(c, "odoo:res.partner?fields=no_such_field&limit=1", null, Map.of());
        assertThat(field.kind()).isEqualTo(Kind.BAD_REQUEST);
        OdooException model = failure(c, "odoo:no.such.model?operation=count", null, Map.of());
        assertThat(model.kind()).isEqualTo(Kind.NOT_FOUND);
        OdooException method = failure(c, "odoo:res.partner?operation=call&method=no_such_method", null, Map.of());
        assertThat(method.kind()).isEqualTo(Kind.NOT_FOUND);
        OdooException hidden =
                failure(c, "odoo:res.partner?operation=call&method=_compute_display_name", null, Map.of());
        assertThat(hidden.kind()).isIn(Kind.ACCESS, Kind.NOT_FOUND);
        OdooException required =
                failure(c, "odoo:res.partner?operation=create", Map.of("email", "x@example.com"), Map.of());
        assertThat(required.kind()).isEqualTo(Kind.VALIDATION);
        assertThat(List.of(field, model, method, hidden, required)).noneMatch(OdooException::isTransient);
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Deleted records are left out when read and MISSING when written")
    void deleted(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        long kept = create(c, Map.of("name", unique("kept")));
        long gone = create(c, Map.of("name", unique("gone")));
        ok(c, "odoo:res.partner?operation=unlink", gone, Map.of(), Boolean.class);
        assertThat(read(c, List.of(kept, gone), "name")).hasSize(1);
        OdooException failure = failure(
                c, "odoo:res.partner?operation=write", Map.of("name", "x"), Map.of(OdooConstants.RECORD_ID, gone));
        assertThat(failure.kind()).isEqualTo(Kind.MISSING);
        assertThat(failure.isTransient()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("A generic call works on records and by name")
    void call(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        Map<?, ?> fields = ok(
                c,
                "odoo:res.partner?operation=call&method=fields_get",
                Map.of("allfields", List.of("name"), "attributes", List.of("type")),
                Map.of(),
                Map.class);
        assertThat(fields.get("name")).isEqualTo(Map.of("type", "char"));
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("An upsert with the same key is the same record; columns that are absent or null stay")
    void upsertIsIdempotent(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        String uri = "odoo:res.partner?operation=upsert&key=${header.ref}";
        Map<String, Object> headers = Map.of("ref", key());
        String name = unique("Ñuñoa");
        Map<String, Object> first = new LinkedHashMap<>();
        first.put("name", name);
        first.put("email", "uno@example.com");
        first.put("is_company", true);
        long id = ok(c, uri, first, headers, Long.class);
        Map<String, Object> second = new LinkedHashMap<>();
        second.put("name", name + " bis");
        second.put("email", null);
        assertThat(ok(c, uri, second, headers, Long.class)).isEqualTo(id);
        assertThat(ok(c, uri, second, headers, Long.class)).isEqualTo(id);
        Map<String, Object> read =
                read(c, id, "name,email,is_company,company_id").get(0);
        assertThat(read)
                .containsEntry("name", name + " bis")
                .containsEntry("email", "uno@example.com")
                .containsEntry("is_company", true);
        assertThat((List<?>) read.get("company_id")).first().isEqualTo(c.companyId());
        Map<String, Object> clear = Map.of("name", name, "email", "");
        assertThat(ok(c, uri, clear, headers, Long.class)).isEqualTo(id);
        assertThat(read(c, id, "email").get(0)).containsEntry("email", false);
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName(
            "Columns that only a new record gets leave an old one as it is, alone and beside columns that are always written")
    void createOnly(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        String onlyNew = "odoo:res.partner?operation=upsert&key=${header.ref}&createOnly.name=${body[name]}"
                + "&createOnly.phone=${body[phone]}";
        Map<String, Object> headers = Map.of("ref", key());
        String name = unique("Clienta");
        long id = ok(c, onlyNew, Map.of("name", name), headers, Long.class);
        assertThat(read(c, id, "name,phone").get(0)).containsEntry("name", name).containsEntry("phone", false);
        Map<String, Object> visitor = Map.of("name", "Nobody", "phone", "+56 9 0000 0000", "ref", "R1");
        assertThat(ok(c, onlyNew, visitor, headers, Long.class)).isEqualTo(id);
        assertThat(read(c, id, "name,phone").get(0)).containsEntry("name", name).containsEntry("phone", false);

        String both = onlyNew + "&value.ref=${body[ref]}";
        assertThat(ok(c, both, visitor, headers, Long.class)).isEqualTo(id);
        assertThat(read(c, id, "name,phone,ref").get(0))
                .containsEntry("name", name)
                .containsEntry("phone", false)
                .containsEntry("ref", "R1");
        long fresh = ok(c, both, visitor, Map.of("ref", key()), Long.class);
        assertThat(read(c, fresh, "name,phone,ref").get(0))
                .containsEntry("name", "Nobody")
                .containsEntry("phone", "+56 9 0000 0000")
                .containsEntry("ref", "R1");
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Of many at once, old records keep what only new ones get, and each row gets its own record")
    void createOnlyMany(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        String onlyNew =
                "odoo:res.partner?operation=upsert&createOnly.name=${body[name]}&createOnly.phone=${body[phone]}";
        List<String> keys = Stream.generate(OdooContractTest::key).limit(20).toList();
        List<Long> old = new ArrayList<>();
        for (int i = 0; i < 20; i += 2) {
            Map<String, Object> headers = Map.of(OdooConstants.KEY, keys.get(i));
            old.add(ok(c, onlyNew, Map.of("name", "Old " + i, "phone", "1"), headers, Long.class));
        }
        List<CompletableFuture<Exchange>> sent = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            sent.add(begin(c, onlyNew, keys.get(i), Map.of("name", "New " + i, "phone", "2")));
        }
        for (int i = 0; i < 20; i++) {
            Long id = sent.get(i).join().getMessage().getBody(Long.class);
            assertThat(read(c, id, "name,phone").get(0))
                    .containsEntry("name", (i % 2 == 0 ? "Old " : "New ") + i)
                    .containsEntry("phone", i % 2 == 0 ? "1" : "2");
            if (i % 2 == 0) {
                assertThat(id).isEqualTo(old.get(i / 2));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("A lead has its partner's e-mail and phone; its own ones would go to the partner")
    void leadAndPartner(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        Assumptions.assumeTrue(
                send(c, "odoo:crm.lead?operation=count", null, Map.of()).getException() == null,
                "no crm.lead on this server");
        String name = unique("Clienta");
        long partner = create(c, Map.of("name", name, "email", "suyo@example.com", "phone", "+56 2 2123 4567"));
        String uri = "odoo:crm.lead?operation=upsert";
        Map<String, Object> headers = Map.of(OdooConstants.KEY, key());
        Map<String, Object> linked =
                Map.of("name", name, "type", "lead", "contact_name", "Otra", "partner_id/.id", partner);
        long lead = ok(c, uri, linked, headers, Long.class);
        assertThat(ok(c, uri, linked, headers, Long.class)).isEqualTo(lead);
        String readLead = "odoo:crm.lead?operation=read&fields=email_from,phone,contact_name";
        assertThat((Map<?, ?>) ok(c, readLead, lead, Map.of(), List.class).get(0))
                .isEqualTo(Map.of(
                        "id",
                        lead,
                        "email_from",
                        "suyo@example.com",
                        "phone",
                        "+56 2 2123 4567",
                        "contact_name",
                        "Otra"));
        assertThat(read(c, partner, "name,email,phone").get(0))
                .containsEntry("name", name)
                .containsEntry("email", "suyo@example.com")
                .containsEntry("phone", "+56 2 2123 4567");

        ok(c, uri, Map.of("phone", "+56 9 8765 4321"), headers, Long.class);
        assertThat(read(c, partner, "email,phone").get(0))
                .containsEntry("email", "suyo@example.com")
                .containsEntry("phone", "+56 9 8765 4321");
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("A word that is no flag fails its row for good")
    void upsertBadFlag(OdooTransport transport) {
        OdooException failure = failure(
                server.connection(transport),
                "odoo:res.partner?operation=upsert",
                Map.of("name", "x", "is_company", "quizas"),
                Map.of(OdooConstants.KEY, key()));
        assertThat(failure.kind()).isEqualTo(Kind.VALIDATION);
        assertThat(failure.isTransient()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Of many upserts at once, with one bad row, only the bad row fails")
    void upsertMany(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        String name = unique("lote");
        List<CompletableFuture<Exchange>> sent = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            Map<String, Object> row =
                    Map.of("name", name, "country_id/id", i == 13 ? "base.no_such_country" : "base.cl");
            sent.add(upsert(c, key(), row));
        }
        for (int i = 0; i < 30; i++) {
            Exchange exchange = sent.get(i).join();
            if (i == 13) {
                assertThat(exchange.getException()).isInstanceOf(OdooException.class);
                assertThat(((OdooException) exchange.getException()).kind()).isEqualTo(Kind.VALIDATION);
                assertThat(((OdooException) exchange.getException()).isTransient())
                        .isFalse();
            } else {
                assertThat(exchange.getException()).isNull();
                assertThat(exchange.getMessage().getBody(Long.class)).isPositive();
            }
        }
        assertThat(ok(c, "odoo:res.partner?operation=count", nameIs(name), Map.of(), Long.class))
                .isEqualTo(29L);
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Concurrent upserts of one key make one record")
    void upsertSameKey(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        String name = unique("igual");
        String key = key();
        List<CompletableFuture<Exchange>> sent = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            sent.add(upsert(c, key, Map.of("name", name)));
        }
        assertThat(sent.stream().map(row -> row.join().getMessage().getBody(Long.class)))
                .doesNotContainNull()
                .hasSize(10)
                .containsOnly(sent.get(0).join().getMessage().getBody(Long.class));
        assertThat(ok(c, "odoo:res.partner?operation=count", nameIs(name), Map.of(), Long.class))
                .isEqualTo(1L);
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("An unknown column fails the upsert for good")
    void upsertUnknownColumn(OdooTransport transport) {
        OdooException failure = failure(
                server.connection(transport),
                "odoo:res.partner?operation=upsert",
                Map.of("name", "x", "no_such_field", "y"),
                Map.of(OdooConstants.KEY, key()));
        assertThat(failure.kind()).isIn(Kind.BAD_REQUEST, Kind.VALIDATION);
        assertThat(failure.isTransient()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Another company's record is neither found nor read nor taken over")
    @SuppressWarnings("unchecked")
    void otherCompany(OdooTransport transport) {
        OdooConnection other = server.otherCompany(transport);
        Assumptions.assumeTrue(other != null, "no second company is configured");
        OdooConnection c = server.connection(transport);
        String name = unique("ajeno");
        long id = create(other, Map.of("name", name));
        assertThat(ok(c, "odoo:res.partner?operation=search", nameIs(name), Map.of(), List.class))
                .isEqualTo(List.of());
        assertThat(failure(c, "odoo:res.partner?operation=read&fields=name", id, Map.of())
                        .kind())
                .isEqualTo(Kind.ACCESS);
        OdooConnection beyond = new OdooConnection(
                c.url(), c.db(), c.user(), c.secret(), other.companyId(), c.externalIdPrefix(), c.transport());
        if (!c.user().equals(other.user())) {
            assertThat(failure(beyond, "odoo:res.partner?operation=count", null, Map.of())
                            .kind())
                    .isEqualTo(Kind.ACCESS);
        }
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("Orders and invoices can be read with their states, of the own company only")
    void ordersAndInvoices(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        for (Map<String, Object> order : salesDocuments(
                c,
                "sale.order",
                "name,partner_id,state,date_order,amount_total,order_line,invoice_status,company_id")) {
            assertThat(order.get("state")).isIn("draft", "sent", "sale", "cancel");
            assertThat(order.get("invoice_status")).isIn("upselling", "invoiced", "to invoice", "no", false);
            assertThat(order.get("partner_id")).isInstanceOf(List.class);
            assertThat(order.get("order_line")).isInstanceOf(List.class);
            assertThat(order.get("amount_total")).isInstanceOf(Number.class);
        }
        for (Map<String, Object> move : salesDocuments(
                c,
                "account.move",
                "name,move_type,partner_id,state,payment_state,invoice_date,invoice_date_due,amount_total,amount_residual,company_id")) {
            assertThat(move.get("state")).isIn("draft", "posted", "cancel");
            assertThat(move.get("amount_residual")).isInstanceOf(Number.class);
            assertThat(move.get("payment_state")).isInstanceOf(String.class);
        }
    }

    /** Some records; the test ends if a server has not the app, or its user not the right. */
    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> salesDocuments(OdooConnection connection, String model, String fields) {
        Exchange exchange =
                send(connection, "odoo:" + model + "?operation=searchRead&limit=20&fields=" + fields, null, Map.of());
        if (exchange.getException() instanceof OdooException e) {
            Assumptions.assumeFalse(
                    e.kind() == Kind.NOT_FOUND || e.kind() == Kind.ACCESS, "no " + model + " on this server");
            throw e;
        }
        List<Map<String, Object>> found = exchange.getMessage().getBody(List.class);
        assertThat(found).allSatisfy(record -> assertThat(record.get("company_id"))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                .first()
                .hasToString(String.valueOf(connection.companyId())));
        if (System.getProperty("odoo.url") == null) {
            assertThat(found).isNotEmpty();
        }
        return found;
    }

    @ParameterizedTest
    @MethodSource("transports")
    @DisplayName("An integer that does not fit is refused, not cut")
    void bigInteger(OdooTransport transport) {
        OdooConnection c = server.connection(transport);
        OdooException failure = failure(
                c, "odoo:res.partner?operation=create", Map.of("name", unique("n"), "color", 1L << 40), Map.of());
        assertThat(failure.isTransient()).isFalse();
    }
}
