package cl.smarterbot.hub.faults;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Compares what was promised with the database and with Odoo, by its own queries and its own client. Every difference becomes a
 * line of the result: lost (promised, not there), orphan (there, but its work did not end), double (one cause, two effects) or
 * phantom (an effect without a cause).
 */
final class Checker {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final int SHOWN = 5;

    private record Contact(UUID id, String rut, String name, String email, int partner, int lead) {}

    private final World world;
    private final Driver driver;
    private final List<String> findings = new ArrayList<>();

    Checker(World world, Driver driver) {
        this.world = world;
        this.driver = driver;
    }

    /**
     * Waits until no delivery is under way, then balances the ledger.
     *
     * @return the differences; empty if all promises were held
     */
    List<String> differences(Duration bound) {
        try {
            awaitQuiet(bound);
            try (Connection c = world.connect()) {
                List<Contact> contacts = contacts(c);
                checkLedger(contacts);
                checkLog(c);
                for (Tenant tenant : Tenant.values()) {
                    checkOdoo(
                            tenant,
                            contacts.stream()
                                    .filter(x -> x.rut().equals(tenant.rut()))
                                    .toList());
                }
                System.out.printf(
                        "%s: %s; %d contacts in the database, %d differences%n",
                        world.name, driver, contacts.size(), findings.size());
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return List.copyOf(findings);
    }

    private void awaitQuiet(Duration bound) throws SQLException {
        long end = System.nanoTime() + bound.toNanos();
        while (true) {
            long open;
            try (Connection c = world.connect()) {
                open = number(c, "select count(*) from hub.delivery where state in ('pending', 'leased', 'retry')");
                if (open == 0) {
                    return;
                }
                if (System.nanoTime() > end) {
                    findings.addAll(lines(
                            c,
                            "orphan",
                            "select subscription || ' ' || state || ', attempt ' || attempt || ', ' || count(*) || ' times: '"
                                    + " || coalesce(last_error, '') from hub.delivery"
                                    + " where state in ('pending', 'leased', 'retry')"
                                    + " group by subscription, state, attempt, last_error"));
                    return;
                }
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
        }
    }

    private void checkLedger(List<Contact> contacts) {
        Map<UUID, Contact> byId = new HashMap<>();
        Map<String, UUID> byName = new HashMap<>();
        List<String> doubled = new ArrayList<>();
        for (Contact contact : contacts) {
            byId.put(contact.id(), contact);
            if (byName.put(contact.name(), contact.id()) != null) {
                doubled.add(contact.name());
            }
        }
        List<String> lost = new ArrayList<>();
        for (Driver.Line line : driver.ledger()) {
            Contact contact = byId.get(line.id());
            Driver.Form form = line.form();
            if (contact == null
                    || !contact.name().equals(form.name())
                    || !contact.rut().equals(form.tenant().rut())
                    || !contact.email().equals(form.email())) {
                lost.add(line.id() + " " + form.name());
            }
        }
        found("lost: promised, but not in contacts", lost);
        found("double: one form, two contacts", doubled);
    }

    private void checkLog(Connection c) throws SQLException {
        check(
                c,
                "lost: contact without its event or payload",
                "select c.id from public.contacts c where not exists (select from public.events e where e.id = c.id"
                        + " and e.tenant_rut = c.tenant_rut and e.type = 'contact.received')"
                        + " or not exists (select from hub.payload p where p.event_id = c.id)");
        check(
                c,
                "phantom: event without its contact",
                "select e.id from public.events e where e.type = 'contact.received'"
                        + " and not exists (select from public.contacts c where c.id = e.id)");
        check(
                c,
                "lost: no subscription takes an event of the chain",
                "select t from unnest(array['contact.received', 'contact.enriched']) t where not exists (select"
                        + " from hub.subscription s where s.active and hub.type_matches(t, s.pattern))");
        check(
                c,
                "orphan: event without its one delivery for each subscription that takes it",
                "select e.type || ' ' || e.id || ' for ' || s.name from public.events e join hub.subscription s"
                        + " on s.active and hub.type_matches(e.type, s.pattern) where (select count(*)"
                        + " from hub.delivery d where d.event_id = e.id and d.subscription = s.name"
                        + " and d.replay_of is null) <> 1");
        check(
                c,
                "orphan: delivery not done",
                "select state || ' after ' || attempt || ' attempts: ' || coalesce(last_error, '') from hub.delivery"
                        + " where state <> 'done' and replayed_at is null");
        check(
                c,
                "orphan: contact without its partner",
                "select id from public.contacts where odoo_partner_id is null or synced_at is null");
        check(c, "orphan: contact not enriched", "select id from public.contacts where display_name is null");
        for (String type : List.of("contact.enriched", "partner.synced")) {
            check(
                    c,
                    "double or lost: not exactly one " + type + " for a contact",
                    "select c.id || ' has ' || count(e.id) from public.contacts c left join public.events e on e.type = '"
                            + type + "' and e.correlation_id = c.id::text and e.tenant_rut = c.tenant_rut group by c.id"
                            + " having count(e.id) <> 1");
            check(
                    c,
                    "phantom: " + type + " without a contact",
                    "select e.id from public.events e where e.type = '" + type + "'"
                            + " and not exists (select from public.contacts c where c.id::text = e.correlation_id)");
        }
        check(
                c,
                "phantom: duplicate of a contact that is not there, or of another address",
                "select d.id from public.contacts d where d.duplicate_of is not null and not exists (select"
                        + " from public.contacts f where f.id = d.duplicate_of and f.tenant_rut = d.tenant_rut"
                        + " and lower(f.email) = lower(d.email))");
    }

    private void checkOdoo(Tenant tenant, List<Contact> contacts) {
        int uid = rpc("common", "login", List.of("demo", tenant.slug(), "demo")).asInt();
        Map<String, List<Integer>> partners = new HashMap<>();
        for (JsonNode row : search(tenant, uid, "res.partner", "email", "@faults.example", List.of("email"))) {
            partners.computeIfAbsent(row.path("email").asText().toLowerCase(Locale.ROOT), e -> new ArrayList<>())
                    .add(row.path("id").asInt());
        }
        Set<String> emails = new HashSet<>();
        List<String> missing = new ArrayList<>();
        for (Contact contact : contacts) {
            String email = contact.email().toLowerCase(Locale.ROOT);
            emails.add(email);
            if (!partners.getOrDefault(email, List.of()).contains(contact.partner())) {
                missing.add(email);
            }
        }
        found("lost: the partner that the contact names is not in Odoo", missing);
        found(
                "double: more than one partner for an e-mail",
                partners.entrySet().stream()
                        .filter(e -> e.getValue().size() > 1)
                        .map(Object::toString)
                        .toList());
        found(
                "phantom: partner without a contact",
                partners.keySet().stream().filter(e -> !emails.contains(e)).toList());

        Map<String, List<Integer>> leads = new HashMap<>();
        for (JsonNode row : search(tenant, uid, "crm.lead", "email_from", "@faults.example", List.of("contact_name"))) {
            leads.computeIfAbsent(row.path("contact_name").asText(), n -> new ArrayList<>())
                    .add(row.path("id").asInt());
        }
        Set<String> names = new HashSet<>();
        contacts.forEach(c -> names.add(c.name()));
        if (tenant.wantsLeads()) {
            found(
                    "lost: contact without its lead",
                    contacts.stream()
                            .filter(c ->
                                    !leads.getOrDefault(c.name(), List.of()).contains(c.lead()))
                            .map(Contact::name)
                            .toList());
            found(
                    "double: more than one lead for a form",
                    leads.entrySet().stream()
                            .filter(e -> e.getValue().size() > 1)
                            .map(Object::toString)
                            .toList());
        }
        found(
                "phantom: lead without a contact that wants one",
                leads.keySet().stream()
                        .filter(n -> !tenant.wantsLeads() || !names.contains(n))
                        .toList());
    }

    private JsonNode search(Tenant tenant, int uid, String model, String field, String like, List<String> fields) {
        return rpc(
                "object",
                "execute_kw",
                List.of(
                        "demo",
                        uid,
                        "demo",
                        model,
                        "search_read",
                        List.of(List.of(List.of(field, "ilike", like))),
                        Map.of(
                                "fields",
                                fields,
                                "context",
                                Map.of("allowed_company_ids", List.of(tenant.company()), "active_test", false))));
    }

    private JsonNode rpc(String service, String method, List<Object> args) {
        try {
            byte[] body = JSON.writeValueAsBytes(Map.of(
                    "jsonrpc",
                    "2.0",
                    "id",
                    1,
                    "method",
                    "call",
                    "params",
                    Map.of("service", service, "method", method, "args", args)));
            HttpResponse<byte[]> response = HTTP.send(
                    HttpRequest.newBuilder(URI.create(world.odooUrl() + "/jsonrpc"))
                            .header("Content-Type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            JsonNode answer = JSON.readTree(response.body());
            if (!answer.has("result")) {
                throw new IllegalStateException("Odoo answered " + answer);
            }
            return answer.get("result");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static List<Contact> contacts(Connection c) throws SQLException {
        List<Contact> all = new ArrayList<>();
        try (Statement s = c.createStatement();
                ResultSet r = s.executeQuery("select id, tenant_rut, name, email, odoo_partner_id, odoo_lead_id"
                        + " from public.contacts where email ilike '%@faults.example'")) {
            while (r.next()) {
                all.add(new Contact(
                        r.getObject(1, UUID.class),
                        r.getString(2),
                        r.getString(3),
                        r.getString(4),
                        r.getInt(5),
                        r.getInt(6)));
            }
        }
        return all;
    }

    private static long number(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet r = s.executeQuery(sql)) {
            r.next();
            return r.getLong(1);
        }
    }

    private void check(Connection c, String what, String sql) throws SQLException {
        found(what, lines(c, null, sql));
    }

    private static List<String> lines(Connection c, String prefix, String sql) throws SQLException {
        List<String> lines = new ArrayList<>();
        try (Statement s = c.createStatement();
                ResultSet r = s.executeQuery(sql)) {
            while (r.next()) {
                lines.add(prefix == null ? r.getString(1) : prefix + ": " + r.getString(1));
            }
        }
        return lines;
    }

    private void found(String what, List<String> cases) {
        if (!cases.isEmpty()) {
            findings.add(what + ", " + cases.size() + " times: "
                    + cases.stream().distinct().limit(SHOWN).toList());
        }
    }
}
