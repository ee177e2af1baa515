package cl.smarterbot.hub.event;

import static cl.smarterbot.hub.event.TestHub.FERRETERIA;
import static cl.smarterbot.hub.event.TestHub.PASTELERIA;
import static cl.smarterbot.hub.event.TestHub.dedup;
import static cl.smarterbot.hub.event.TestHub.event;
import static cl.smarterbot.hub.event.TestHub.now;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.testing.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class AppendTest {

    private final TestDatabase database = TestDatabase.fresh();
    private final Sql sql = new Sql(database);
    private final List<TestHub> hubs = new ArrayList<>();
    private TestHub hub;

    @BeforeEach
    void start() {
        hub = another();
    }

    @AfterEach
    void stop() {
        hubs.forEach(TestHub::close);
    }

    private TestHub another() {
        TestHub started = TestHub.of(database).start();
        hubs.add(started);
        return started;
    }

    @Test
    @DisplayName("an append completes after its commit: another connection sees the row at once")
    void afterCommit() {
        for (int i = 0; i < 50; i++) {
            CompletableFuture<Integer> seen = hub.append(FERRETERIA, "contact.received", "k" + i)
                    .thenApply(a -> sql.number("select count(*) from public.events where id = ?", a.id()));
            assertThat(now(seen)).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("one commit may hold events of many tenants, and each row carries its own tenant in every table")
    void groupSpansTenants() {
        hub.subscribe("everything", "*", RetryPolicy.DEFAULT, (d, r) -> r.accept(TestHub.done(d)));
        await().until(() -> sql.number("select count(*) from hub.subscription") == 1);
        List<NewEvent> events = IntStream.range(0, 400)
                .mapToObj(i -> event(i % 3 == 0 ? FERRETERIA : PASTELERIA, "contact.received", "k" + i))
                .toList();
        List<CompletableFuture<Appended>> answers =
                events.stream().map(hub.runtime.log()::append).toList();
        answers.forEach(TestHub::now);
        for (NewEvent e : events) {
            assertThat(sql.text("select tenant_rut from public.events where id = ?", e.id()))
                    .isEqualTo(e.tenant());
        }
        assertThat(sql.number("select count(*) from public.events e join hub.payload p on p.event_id = e.id"
                        + " join hub.delivery d on d.event_id = e.id"
                        + " where p.tenant_rut = e.tenant_rut and d.tenant_rut = e.tenant_rut"))
                .isEqualTo(400);
        assertThat(sql.number("select count(*) from (select xmin::text from public.events group by xmin::text"
                        + " having count(distinct tenant_rut) > 1) mixed"))
                .as("commits that hold more than one tenant")
                .isPositive();
    }

    @Test
    @DisplayName(
            "what a route learned about a contact changes its row with the event: what is not given stays, the last word counts")
    void contactUpdate() {
        UUID contact = now(hub.runtime.log().append(TestHub.record(FERRETERIA, "contact.received", "contacts", """
                {"name":"Ana","email":"ana@ejemplo.cl","message":"Hola"}""")))
                .id();
        List<CompletableFuture<Appended>> updates = List.of(
                        "{\"contact_id\":\"%s\",\"odoo_partner_id\":7,\"odoo_lead_id\":null}",
                        "{\"contact_id\":\"%s\",\"phone_e164\":\"+56987654321\",\"odoo_partner_id\":8}",
                        "{\"contact_id\":\"%s\",\"odoo_lead_id\":9}")
                .stream()
                .map(body -> hub.runtime
                        .log()
                        .append(TestHub.record(
                                FERRETERIA, "partner.synced", "contact-update", body.formatted(contact))))
                .toList();
        updates.forEach(TestHub::now);
        assertThat(sql.rows(
                        "select name, odoo_partner_id, odoo_lead_id, phone_e164, synced_at is not null as synced"
                                + " from public.contacts where id = ?",
                        contact))
                .containsExactly(java.util.Map.of(
                        "name",
                        "Ana",
                        "odoo_partner_id",
                        8,
                        "odoo_lead_id",
                        9,
                        "phone_e164",
                        "+56987654321",
                        "synced",
                        true));
    }

    @Test
    @DisplayName("an event of one tenant cannot change another tenant's contact")
    void contactUpdateOfAnotherTenant() {
        UUID contact = now(hub.runtime.log().append(TestHub.record(FERRETERIA, "contact.received", "contacts", """
                {"name":"Ana","email":"ana@ejemplo.cl","message":"Hola"}""")))
                .id();
        now(hub.runtime
                .log()
                .append(TestHub.record(
                        PASTELERIA,
                        "partner.synced",
                        "contact-update",
                        "{\"contact_id\":\"" + contact + "\",\"odoo_partner_id\":7}")));
        assertThat(sql.number("select count(*) from public.contacts where odoo_partner_id is not null"))
                .isZero();
    }

    @Test
    @DisplayName("appends that arrive together share commits: far fewer transactions than events")
    void grouped() {
        List<CompletableFuture<Appended>> answers = IntStream.range(0, 1_000)
                .mapToObj(i -> hub.append(FERRETERIA, "contact.received", "k" + i))
                .toList();
        answers.forEach(TestHub::now);
        assertThat(sql.events()).isEqualTo(1_000);
        assertThat(sql.number("select count(distinct xmin::text) from public.events"))
                .as("transactions for 1,000 events")
                .isLessThan(200);
    }

    @Test
    @DisplayName("events that the database refuses fail alone; their neighbours in the group are committed")
    void badOnesFailAlone() {
        List<CompletableFuture<Appended>> good = new ArrayList<>();
        List<CompletableFuture<Appended>> bad = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            good.add(hub.append(FERRETERIA, "contact.received", "k" + i));
            if (i == 70) {
                bad.add(hub.runtime.log().append(event(FERRETERIA, "contact.received", "bad", "{not json", null)));
            }
            if (i == 90) {
                bad.add(hub.runtime.log().append(event(FERRETERIA, "contact.received", "nul\u0000", "{}", null)));
                bad.add(hub.runtime
                        .log()
                        .append(event(FERRETERIA, "contact.received", "bad", "{\"a\":\"\\u0000\"}", null)));
            }
        }
        good.forEach(TestHub::now);
        for (CompletableFuture<Appended> b : bad) {
            assertThatThrownBy(() -> now(b))
                    .isInstanceOf(CompletionException.class)
                    .cause()
                    .isInstanceOf(EventRejectedException.class)
                    .hasMessageNotContaining("not json");
        }
        assertThat(sql.events()).isEqualTo(200);
        assertThat(hub.runtime.log().available()).isTrue();
    }

    @Test
    @DisplayName("a key too long to be indexed is refused alone and the log stays open")
    void longKeyRefused() {
        String noise = new java.util.Random(7)
                .ints(6_000, 'a', 'z')
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
        CompletableFuture<Appended> byKey = hub.append(FERRETERIA, "contact.received", noise);
        CompletableFuture<Appended> byDedup =
                hub.runtime.log().append(event(FERRETERIA, "contact.received", "k", "{}", dedup(noise, "a")));
        CompletableFuture<Appended> good = hub.append(FERRETERIA, "contact.received", "good");
        assertThatThrownBy(() -> now(byKey)).cause().isInstanceOf(EventRejectedException.class);
        assertThatThrownBy(() -> now(byDedup)).cause().isInstanceOf(EventRejectedException.class);
        assertThat(now(good).outcome()).isEqualTo(Appended.Outcome.ACCEPTED);
        assertThat(hub.runtime.log().available()).isTrue();
    }

    @Test
    @DisplayName("a full queue refuses at once instead of making callers wait")
    void fullQueue() throws Exception {
        TestHub small = TestHub.of(database, s -> s.queue = 4).start();
        hubs.add(small);
        try (var blocker = database.as("postgres").getConnection();
                var statement = blocker.createStatement()) {
            blocker.setAutoCommit(false);
            statement.execute("lock table public.events in access exclusive mode");
            List<CompletableFuture<Appended>> answers = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                answers.add(small.append(FERRETERIA, "contact.received", "k" + i));
            }
            await().atMost(Duration.ofSeconds(2))
                    .until(() -> answers.stream().anyMatch(CompletableFuture::isCompletedExceptionally));
            CompletableFuture<Appended> refused = answers.stream()
                    .filter(CompletableFuture::isCompletedExceptionally)
                    .findFirst()
                    .orElseThrow();
            assertThatThrownBy(() -> now(refused))
                    .cause()
                    .isInstanceOf(EventLogUnavailableException.class)
                    .hasMessageContaining("busy");
            blocker.rollback();
            long accepted = 0;
            for (CompletableFuture<Appended> a : answers) {
                try {
                    now(a);
                    accepted++;
                } catch (CompletionException e) {
                    assertThat(e.getCause()).isInstanceOf(EventLogUnavailableException.class);
                }
            }
            assertThat(accepted).isPositive().isEqualTo(sql.events());
        }
    }

    @Test
    @DisplayName("with the database away an append fails at once, and the log opens again by itself")
    void databaseAway() throws Exception {
        hub.appendNow(FERRETERIA, "contact.received", "before");
        hub.writer.cut();
        CompletableFuture<Appended> during = hub.append(FERRETERIA, "contact.received", "during");
        assertThatThrownBy(() -> now(during)).cause().isInstanceOf(EventLogUnavailableException.class);
        await().until(() -> !hub.runtime.log().available());
        CompletableFuture<Appended> later = hub.append(FERRETERIA, "contact.received", "later");
        assertThat(later).as("refused without waiting").isCompletedExceptionally();
        hub.writer.mend();
        await().until(hub.runtime.log()::available);
        hub.appendNow(FERRETERIA, "contact.received", "after");
        assertThat(sql.column(String.class, "select event_key from public.events order by id"))
                .containsExactly("before", "after");
    }

    @Test
    @DisplayName("an idle log notices by itself that its connection is gone")
    void idleConnectionLost() {
        hub.appendNow(FERRETERIA, "contact.received", "before");
        sql.run("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'hub_writer'"
                + " and datname = current_database()");
        await().atMost(Duration.ofSeconds(5)).untilAsserted(() -> {
            assertThat(sql.number("select count(*) from pg_stat_activity where usename = 'hub_writer'"
                            + " and datname = current_database()"))
                    .isEqualTo(1);
            assertThat(hub.runtime.log().available()).isTrue();
        });
        hub.appendNow(FERRETERIA, "contact.received", "after");
    }

    @Test
    @DisplayName("the same key and body again gets the first answer and adds nothing")
    void duplicate() {
        NewEvent first = event(FERRETERIA, "contact.received", "k", "{}", dedup("d1", "body"));
        NewEvent again = event(FERRETERIA, "contact.received", "k", "{}", dedup("d1", "body"));
        assertThat(now(hub.runtime.log().append(first))).isEqualTo(new Appended(first.id(), Appended.Outcome.ACCEPTED));
        assertThat(now(hub.runtime.log().append(again)))
                .isEqualTo(new Appended(first.id(), Appended.Outcome.DUPLICATE));
        assertThat(sql.events()).isEqualTo(1);
    }

    @Test
    @DisplayName("the same key with another body is a conflict; the first event stays")
    void conflict() {
        NewEvent first = event(FERRETERIA, "contact.received", "k", "{}", dedup("d1", "body"));
        NewEvent other = event(FERRETERIA, "contact.received", "k", "{}", dedup("d1", "other"));
        now(hub.runtime.log().append(first));
        assertThat(now(hub.runtime.log().append(other))).isEqualTo(new Appended(first.id(), Appended.Outcome.CONFLICT));
        assertThat(sql.column(UUID.class, "select id from public.events")).containsExactly(first.id());
    }

    @Test
    @DisplayName("another tenant may use the same key: the two know nothing of each other")
    void otherTenant() {
        assertThat(now(hub.runtime.log().append(event(FERRETERIA, "contact.received", "k", "{}", dedup("d1", "body"))))
                        .outcome())
                .isEqualTo(Appended.Outcome.ACCEPTED);
        assertThat(now(hub.runtime.log().append(event(PASTELERIA, "contact.received", "k", "{}", dedup("d1", "other"))))
                        .outcome())
                .isEqualTo(Appended.Outcome.ACCEPTED);
    }

    @Test
    @DisplayName("1,000 duplicates at once on two hubs make one event, and all get its id")
    void stormOfDuplicates() {
        TestHub second = another();
        List<CompletableFuture<Appended>> answers = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            answers.add(
                    hub.runtime.log().append(event(FERRETERIA, "contact.received", "k", "{}", dedup("storm", "body"))));
            answers.add(second.runtime
                    .log()
                    .append(event(FERRETERIA, "contact.received", "k", "{}", dedup("storm", "body"))));
        }
        List<Appended> all = answers.stream().map(TestHub::now).toList();
        assertThat(all.stream().map(Appended::id).distinct()).hasSize(1);
        assertThat(all.stream().filter(a -> a.outcome() == Appended.Outcome.ACCEPTED))
                .hasSize(1);
        assertThat(sql.events()).isEqualTo(1);
    }

    @Test
    @DisplayName("two hubs that take the same keys in crossing order do not deadlock")
    void crossingKeys() {
        TestHub second = another();
        List<CompletableFuture<Appended>> answers = new ArrayList<>();
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 100; i++) {
                answers.add(hub.runtime.log().append(event(FERRETERIA, "x.y", "k", "{}", dedup(round + "-" + i, "b"))));
                answers.add(second.runtime
                        .log()
                        .append(event(FERRETERIA, "x.y", "k", "{}", dedup(round + "-" + (99 - i), "b"))));
            }
        }
        Set<Appended.Outcome> outcomes =
                answers.stream().map(TestHub::now).map(Appended::outcome).collect(Collectors.toSet());
        assertThat(outcomes).containsExactlyInAnyOrder(Appended.Outcome.ACCEPTED, Appended.Outcome.DUPLICATE);
        assertThat(sql.events()).isEqualTo(1_000);
        assertThat(sql.number("select deadlocks from pg_stat_database where datname = current_database()"))
                .isZero();
    }

    @Test
    @DisplayName("what waits when the hub stops is refused, never left without an answer")
    void closeAnswersAll() {
        TestHub closing = another();
        List<CompletableFuture<Appended>> answers = IntStream.range(0, 2_000)
                .mapToObj(i -> closing.append(FERRETERIA, "contact.received", "c" + i))
                .toList();
        closing.runtime.close();
        await().untilAsserted(() -> assertThat(answers).allMatch(CompletableFuture::isDone));
        long accepted =
                answers.stream().filter(a -> !a.isCompletedExceptionally()).count();
        assertThat(sql.events()).isEqualTo((int) accepted);
    }
}
