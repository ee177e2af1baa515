package cl.smarterbot.hub.event;

import static cl.smarterbot.hub.event.TestHub.FERRETERIA;
import static cl.smarterbot.hub.event.TestHub.PASTELERIA;
import static cl.smarterbot.hub.event.TestHub.done;
import static cl.smarterbot.hub.event.TestHub.event;
import static cl.smarterbot.hub.event.TestHub.failed;
import static cl.smarterbot.hub.event.TestHub.quick;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.testing.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class DeliveryTest {

    private final TestDatabase database = TestDatabase.fresh();
    private final Sql sql = new Sql(database);
    private final List<TestHub> hubs = new ArrayList<>();
    private final ScheduledExecutorService elsewhere = Executors.newScheduledThreadPool(4);

    @AfterEach
    void stop() {
        hubs.forEach(TestHub::close);
        elsewhere.shutdownNow();
    }

    private TestHub hub(Consumer<TestHub.Settings> change) {
        TestHub hub = TestHub.of(database, change).start();
        hubs.add(hub);
        return hub;
    }

    private TestHub hub() {
        return hub(s -> {});
    }

    private void settled() {
        await().atMost(Duration.ofSeconds(40)).until(sql::settled);
    }

    private void appendAndSettle(TestHub hub, int events) {
        List<CompletableFuture<Appended>> all = IntStream.range(0, events)
                .mapToObj(i -> hub.append(FERRETERIA, "x.y", "k" + i))
                .toList();
        all.forEach(TestHub::now);
        settled();
    }

    /** Ends a delivery well after 5 ms, on a thread of its own, and counts it out. */
    private void endSoon(Delivery d, AtomicInteger now, Consumer<Outcome> report) {
        elsewhere.schedule(
                () -> {
                    now.decrementAndGet();
                    report.accept(done(d));
                },
                5,
                TimeUnit.MILLISECONDS);
    }

    @Test
    @DisplayName("every event ends done or dead, and the sum balances: appended = done + dead")
    void sumBalances() {
        TestHub hub = hub();
        RetryPolicy policy = quick(3);
        hub.subscribe("balance", "contact.*", policy, (d, report) -> {
            int n = Integer.parseInt(d.key());
            if (n % 10 == 3 || n % 10 == 7 && d.attempt() == 1) {
                report.accept(failed(d, policy, "refused"));
            } else {
                report.accept(done(d));
            }
        });
        List<CompletableFuture<Appended>> all = IntStream.range(0, 300)
                .mapToObj(i -> hub.append(i % 2 == 0 ? FERRETERIA : PASTELERIA, "contact.received", "" + i))
                .toList();
        all.forEach(TestHub::now);
        settled();
        assertThat(sql.deliveries("done")).isEqualTo(270);
        assertThat(sql.deliveries("dead")).isEqualTo(30);
        assertThat(sql.number("select count(*) from hub.attempt where outcome = 'done'"))
                .isEqualTo(270);
        assertThat(sql.number("select count(*) from hub.attempt")).isEqualTo(270 + 30 + 3 * 30);
    }

    @Test
    @DisplayName("order holds per key under random delays and failures on two hubs, never two of one key at once")
    void orderPerKey() {
        long seed = Long.getLong("hub.test.seed", System.nanoTime());
        System.out.println("DeliveryTest.orderPerKey: -Dhub.test.seed=" + seed);
        Random random = new Random(seed);
        TestHub one = hub();
        TestHub two = hub();
        RetryPolicy policy = quick(4);
        Map<String, Queue<UUID>> ended = new ConcurrentHashMap<>();
        Map<String, AtomicInteger> running = new ConcurrentHashMap<>();
        AtomicInteger overlaps = new AtomicInteger();
        BiConsumer<Delivery, Consumer<Outcome>> runner = (d, report) -> {
            String key = d.tenant() + d.key();
            if (running.computeIfAbsent(key, k -> new AtomicInteger()).incrementAndGet() > 1) {
                overlaps.incrementAndGet();
            }
            int dice =
                    Math.floorMod(Long.hashCode(d.eventId().getLeastSignificantBits() ^ seed) * 31 + d.attempt(), 10);
            Runnable end = () -> {
                Outcome outcome = dice < 3 ? failed(d, policy, "dice") : done(d);
                if (!outcome.state().equals("retry")) {
                    ended.computeIfAbsent(key, k -> new ConcurrentLinkedQueue<>())
                            .add(d.eventId());
                }
                running.get(key).decrementAndGet();
                report.accept(outcome);
            };
            if (dice % 2 == 0) {
                elsewhere.schedule(end, dice * 2L, TimeUnit.MILLISECONDS);
            } else {
                end.run();
            }
        };
        one.subscribe("order", "*", policy, runner);
        two.subscribe("order", "*", policy, runner);
        Map<String, List<UUID>> appended = new ConcurrentHashMap<>();
        for (int round = 0; round < 12; round++) {
            List<CompletableFuture<Appended>> group = new ArrayList<>();
            List<String> keys = new ArrayList<>();
            for (int k = 0; k < 24; k++) {
                String tenant = k % 3 == 0 ? PASTELERIA : FERRETERIA;
                group.add((random.nextBoolean() ? one : two).append(tenant, "conversation.message", "key" + k));
                keys.add(tenant + "key" + k);
            }
            for (int i = 0; i < group.size(); i++) {
                appended.computeIfAbsent(keys.get(i), k -> new ArrayList<>())
                        .add(TestHub.now(group.get(i)).id());
            }
        }
        settled();
        assertThat(overlaps).hasValue(0);
        assertThat(ended.keySet()).isEqualTo(appended.keySet());
        appended.forEach(
                (key, ids) -> assertThat(List.copyOf(ended.get(key))).as(key).isEqualTo(ids));
        assertThat(sql.number("select count(distinct lease) from (select node as lease from hub.attempt) n"))
                .as("hubs that took part")
                .isEqualTo(2);
    }

    @Test
    @DisplayName("a poison event blocks no other key, and later events of its own key go on once it is dead")
    void poison() {
        TestHub hub = hub();
        RetryPolicy policy = new RetryPolicy(3, Duration.ofMillis(700), 1, Duration.ofSeconds(1), 0);
        AtomicReference<UUID> poison = new AtomicReference<>();
        Queue<String> ran = new ConcurrentLinkedQueue<>();
        hub.subscribe("poisoned", "*", policy, (d, report) -> {
            if (d.eventId().equals(poison.get())) {
                report.accept(failed(d, policy, "poison"));
            } else {
                ran.add(d.key());
                report.accept(done(d));
            }
        });
        NewEvent bad = event(FERRETERIA, "x.y", "bad");
        poison.set(bad.id());
        TestHub.now(hub.runtime.log().append(bad));
        hub.appendNow(FERRETERIA, "x.y", "bad");
        for (int i = 0; i < 20; i++) {
            hub.appendNow(FERRETERIA, "x.y", "good" + i);
        }
        await().until(() -> ran.size() == 20);
        assertThat(ran).doesNotContain("bad");
        assertThat(sql.number("select count(*) from hub.delivery where state = 'dead'"))
                .isZero();
        settled();
        assertThat(ran).hasSize(21).contains("bad");
        assertThat(sql.column(String.class, "select state from hub.delivery where event_key = 'bad' order by id"))
                .containsExactly("dead", "done");
    }

    @Test
    @DisplayName("thousands of events behind a poison event of the same key do not hide the other keys of the tenant")
    void deepPoison() {
        TestHub hub = hub();
        RetryPolicy policy = new RetryPolicy(2, Duration.ofHours(1), 1, Duration.ofHours(1), 0);
        Queue<String> ran = new ConcurrentLinkedQueue<>();
        hub.subscribe("deep", "*", policy, (d, report) -> {
            ran.add(d.key());
            report.accept(d.key().equals("bad") ? failed(d, policy, "poison") : done(d));
        });
        hub.appendNow(FERRETERIA, "x.y", "bad");
        await().until(() -> sql.deliveries("retry") == 1);
        List<CompletableFuture<Appended>> behind = IntStream.range(0, 3_000)
                .mapToObj(i -> hub.append(FERRETERIA, "x.y", "bad"))
                .toList();
        behind.forEach(TestHub::now);
        hub.appendNow(FERRETERIA, "x.y", "good");
        await().until(() -> ran.contains("good"));
        assertThat(sql.deliveries("pending")).isEqualTo(3_000);
    }

    @Test
    @DisplayName(
            "a delivery that fails is tried again and is dead with its reason after the last attempt; each attempt is kept")
    void deadWithReason() {
        TestHub hub = hub();
        RetryPolicy policy = quick(3);
        hub.subscribe("failing", "*", policy, (d, report) -> report.accept(failed(d, policy, "no " + d.attempt())));
        hub.appendNow(FERRETERIA, "x.y", "k");
        settled();
        assertThat(sql.rows("select state, attempt, last_error, next_at from hub.delivery"))
                .singleElement()
                .satisfies(row -> {
                    assertThat(row).containsEntry("state", "dead").containsEntry("attempt", 3);
                    assertThat(row).containsEntry("last_error", "no 3").containsEntry("next_at", null);
                });
        assertThat(sql.rows("select attempt, outcome, error, node from hub.attempt order by attempt"))
                .extracting(r -> r.get("attempt") + " " + r.get("outcome") + " " + r.get("error"))
                .containsExactly("1 retry no 1", "2 retry no 2", "3 dead no 3");
        assertThat(sql.text("select distinct node from hub.attempt")).isEqualTo(hub.runtime.node());
    }

    @Test
    @DisplayName("a failed attempt is not repeated before its pause is over, by the database's clock")
    void pauseHonoured() {
        TestHub hub = hub();
        RetryPolicy policy = new RetryPolicy(5, Duration.ofHours(1), 1, Duration.ofHours(1), 0);
        AtomicInteger runs = new AtomicInteger();
        hub.subscribe("pausing", "*", policy, (d, report) -> {
            runs.incrementAndGet();
            report.accept(failed(d, policy, "later"));
        });
        hub.appendNow(FERRETERIA, "x.y", "k");
        await().until(() -> sql.deliveries("retry") == 1);
        assertThat(sql.number("select extract(epoch from next_at - now())::int from hub.delivery"))
                .isBetween(3_500, 3_600);
        await().during(Duration.ofMillis(400)).until(() -> runs.get() == 1);
        sql.run("update hub.delivery set next_at = now()");
        await().until(() -> runs.get() == 2);
    }

    @Test
    @DisplayName("a delivery that was given back untried does not count as an attempt, and no attempt is recorded")
    void releasedNotCounted() {
        TestHub hub = hub();
        RetryPolicy policy = new RetryPolicy(9, Duration.ofHours(1), 1, Duration.ofHours(1), 0);
        Queue<Integer> attempts = new ConcurrentLinkedQueue<>();
        sql.run("insert into hub.subscription (name, pattern, paused) values ('chain', '*', true)");
        hub.subscribe("chain", "*", policy, (d, report) -> {
            attempts.add(d.attempt());
            report.accept(failed(d, policy, "head fails"));
        });
        for (int i = 0; i < 5; i++) {
            hub.appendNow(FERRETERIA, "x.y", "same");
        }
        sql.run("select hub.set_paused('chain', false)");
        await().until(() -> sql.deliveries("retry") == 1 && sql.deliveries("pending") == 4);
        assertThat(sql.column(Integer.class, "select attempt from hub.delivery order by id"))
                .containsExactly(1, 0, 0, 0, 0);
        assertThat(sql.number("select count(*) from hub.attempt")).isEqualTo(1);
        assertThat(attempts).containsExactly(1);
    }

    @Test
    @DisplayName("5,000 pending deliveries of one tenant do not hold up another tenant's single event")
    void fairBetweenTenants() {
        TestHub hub = hub(s -> s.claimBatch = 50);
        sql.run("insert into hub.subscription (name, pattern, paused) values ('fair', '*', true)");
        Queue<String> order = new ConcurrentLinkedQueue<>();
        hub.subscribe("fair", "*", RetryPolicy.DEFAULT, (d, report) -> {
            order.add(d.tenant());
            report.accept(done(d));
        });
        List<CompletableFuture<Appended>> many = IntStream.range(0, 5_000)
                .mapToObj(i -> hub.append(FERRETERIA, "x.y", "k" + i))
                .toList();
        many.forEach(TestHub::now);
        hub.appendNow(PASTELERIA, "x.y", "single");
        sql.run("select hub.set_paused('fair', false)");
        await().until(() -> order.contains(PASTELERIA));
        assertThat(List.copyOf(order).indexOf(PASTELERIA))
                .as("deliveries of the big tenant that ran before")
                .isLessThan(100);
    }

    @Test
    @DisplayName("a tenant whose deliveries all hang keeps neither threads nor claims from another tenant")
    void slowTenant() {
        TestHub hub = hub();
        CountDownLatch release = new CountDownLatch(1);
        AtomicInteger hanging = new AtomicInteger();
        AtomicInteger others = new AtomicInteger();
        hub.subscribe("slow", "*", RetryPolicy.DEFAULT, (d, report) -> {
            if (d.tenant().equals(FERRETERIA)) {
                hanging.incrementAndGet();
                try {
                    release.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            } else {
                others.incrementAndGet();
            }
            report.accept(done(d));
        });
        List<CompletableFuture<Appended>> slow = IntStream.range(0, 400)
                .mapToObj(i -> hub.append(FERRETERIA, "x.y", "k" + i))
                .toList();
        slow.forEach(TestHub::now);
        await().until(() -> hanging.get() > 0 && sql.deliveries("leased") >= 192);
        assertThat(sql.deliveries("leased"))
                .as("in flight for one tenant: three quarters of the concurrency")
                .isEqualTo(192);
        for (int i = 0; i < 10; i++) {
            hub.appendNow(PASTELERIA, "x.y", "k" + i);
        }
        await().atMost(Duration.ofSeconds(5)).until(() -> others.get() == 10);
        release.countDown();
        settled();
    }

    @Test
    @DisplayName("while appends wait for their commits few deliveries are begun, and all of them in the end")
    void appendsFirst() {
        // No append of this test waits so long: the share shrinks here and only grows afterwards.
        TestHub hub = hub(s -> {
            s.workers = 16;
            s.promptCommit = Duration.ofMinutes(1);
        });
        DoorFirst doorFirst = hub.runtime.doorFirst();
        doorFirst.committed(Duration.ofMillis(1).toNanos());
        doorFirst.adjust();
        for (int i = 0; i < 20; i++) {
            doorFirst.committed(Duration.ofHours(1).toNanos());
            doorFirst.adjust();
        }
        assertThat(doorFirst.of(64)).isLessThan(10);
        AtomicInteger now = new AtomicInteger();
        AtomicInteger begun = new AtomicInteger();
        AtomicInteger tooMany = new AtomicInteger();
        hub.subscribe("held-back", "*", RetryPolicy.DEFAULT, 64, 64, (d, report) -> {
            begun.incrementAndGet();
            // What is allowed now is no less than what was at the claim.
            if (now.incrementAndGet() > doorFirst.of(64)) {
                tooMany.incrementAndGet();
            }
            endSoon(d, now, report);
        });
        appendAndSettle(hub, 200);
        assertThat(begun).hasValue(200);
        assertThat(tooMany).hasValue(0);
    }

    @Test
    @DisplayName("a tenant never has more deliveries in flight on a node than its share")
    void perTenantCap() {
        TestHub hub = hub(s -> s.workers = 16);
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        hub.subscribe("capped", "*", RetryPolicy.DEFAULT, 12, 3, (d, report) -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            endSoon(d, now, report);
        });
        appendAndSettle(hub, 60);
        assertThat(most.get()).isBetween(1, 3);
    }

    @Test
    @DisplayName("the outcome of a node whose lease was taken over is refused, together with the events it emitted")
    void fencing() throws Exception {
        TestHub frozen = hub(s -> s.lease = Duration.ofSeconds(1));
        AtomicReference<Consumer<Outcome>> late = new AtomicReference<>();
        AtomicReference<Delivery> held = new AtomicReference<>();
        frozen.subscribe("fenced", "x.*", RetryPolicy.DEFAULT, (d, report) -> {
            held.set(d);
            late.set(report);
        });
        frozen.appendNow(FERRETERIA, "x.y", "k");
        await().until(() -> late.get() != null);
        frozen.engine.cut();
        TestHub other = hub(s -> s.lease = Duration.ofSeconds(1));
        AtomicInteger attempt = new AtomicInteger();
        AtomicReference<Runnable> second = new AtomicReference<>();
        other.subscribe("fenced", "x.*", RetryPolicy.DEFAULT, (d, report) -> {
            attempt.set(d.attempt());
            second.set(() -> report.accept(done(d, event(FERRETERIA, "from.second", "k"))));
        });
        await().until(() -> second.get() != null);
        assertThat(attempt).hasValue(2);
        frozen.engine.mend();
        late.get().accept(done(held.get(), event(FERRETERIA, "from.first", "k")));
        await().until(() -> frozen.meters
                        .find("hub.delivery.attempts")
                        .tag("outcome", "fenced")
                        .counter()
                != null);
        assertThat(sql.deliveries("leased"))
                .as("the second node's lease stands")
                .isEqualTo(1);
        second.get().run();
        settled();
        assertThat(sql.column(String.class, "select type from public.events order by id"))
                .containsExactly("x.y", "from.second");
        assertThat(sql.text("select lease_owner from hub.delivery")).isNull();
        assertThat(sql.column(String.class, "select outcome from hub.attempt order by attempt"))
                .containsExactly("lease-expired", "done");
    }

    @Test
    @DisplayName("a node that lost its leases does not begin what it had claimed but not yet begun")
    void lostChainNotBegun() throws Exception {
        TestHub frozen = hub(s -> s.lease = Duration.ofSeconds(1));
        sql.run("insert into hub.subscription (name, pattern, paused) values ('lost', '*', true)");
        AtomicReference<Runnable> late = new AtomicReference<>();
        AtomicInteger begun = new AtomicInteger();
        frozen.subscribe("lost", "*", RetryPolicy.DEFAULT, (d, report) -> {
            begun.incrementAndGet();
            late.set(() -> report.accept(done(d)));
        });
        for (int i = 0; i < 4; i++) {
            frozen.appendNow(FERRETERIA, "x.y", "same");
        }
        sql.run("select hub.set_paused('lost', false)");
        await().until(() -> begun.get() == 1);
        frozen.engine.cut();
        TestHub other = hub(s -> s.lease = Duration.ofSeconds(1));
        other.subscribe("lost", "*", RetryPolicy.DEFAULT, (d, report) -> report.accept(done(d)));
        settled();
        late.get().run();
        frozen.engine.mend();
        await().during(Duration.ofMillis(500)).until(() -> begun.get() == 1);
    }

    @Test
    @DisplayName("a delivery in progress keeps its lease for as long as it takes, up to the longest run")
    void renewed() {
        TestHub hub = hub(s -> s.lease = Duration.ofSeconds(1));
        AtomicReference<Runnable> end = new AtomicReference<>();
        AtomicInteger runs = new AtomicInteger();
        hub.subscribe("long", "*", RetryPolicy.DEFAULT, (d, report) -> {
            runs.incrementAndGet();
            end.set(() -> report.accept(done(d)));
        });
        hub.appendNow(FERRETERIA, "x.y", "k");
        await().until(() -> end.get() != null);
        await().during(Duration.ofMillis(2_500)).atMost(Duration.ofSeconds(10)).until(() -> runs.get() == 1);
        end.get().run();
        settled();
        assertThat(sql.column(String.class, "select outcome from hub.attempt")).containsExactly("done");
    }

    @Test
    @DisplayName(
            "a run that hangs is given up after the longest run and tried again; its late outcome and events do not count")
    void hangingRun() {
        TestHub hub = hub(s -> {
            s.lease = Duration.ofMillis(600);
            s.longestRun = Duration.ofSeconds(1);
        });
        AtomicReference<Runnable> late = new AtomicReference<>();
        List<String> order = new ArrayList<>();
        hub.subscribe("hanging", "x.y", quick(3), (d, report) -> {
            synchronized (order) {
                order.add(d.eventId() + " " + d.attempt());
            }
            if (late.get() == null) {
                late.set(() -> report.accept(done(d, event(FERRETERIA, "emitted.late", "k"))));
            } else {
                report.accept(done(d));
            }
        });
        UUID first = hub.appendNow(FERRETERIA, "x.y", "k").id();
        UUID second = hub.appendNow(FERRETERIA, "x.y", "k").id();
        settled();
        assertThat(order).containsExactly(first + " 1", first + " 2", second + " 1");
        assertThat(sql.column(
                        String.class,
                        "select outcome || coalesce(': ' || error, '') from hub.attempt order by finished_at"))
                .containsExactly("retry: ran longer than 1 s", "done", "done");
        late.get().run();
        hub.appendNow(FERRETERIA, "x.y", "k");
        settled();
        assertThat(sql.deliveries("done")).isEqualTo(3);
        assertThat(sql.number("select count(*) from public.events where type = 'emitted.late'"))
                .isZero();
    }

    @Test
    @DisplayName("a run that hangs at the last attempt leaves a dead delivery, and the key goes on")
    void hangingToDeath() {
        TestHub hub = hub(s -> {
            s.lease = Duration.ofMillis(600);
            s.longestRun = Duration.ofMillis(300);
        });
        hub.subscribe("hanging", "*", quick(1), (d, report) -> {
            if (d.type().equals("x.bad")) {
                return;
            }
            report.accept(done(d));
        });
        hub.appendNow(FERRETERIA, "x.bad", "k");
        hub.appendNow(FERRETERIA, "x.good", "k");
        settled();
        assertThat(sql.deliveries("dead")).isEqualTo(1);
        assertThat(sql.deliveries("done")).isEqualTo(1);
    }

    @Test
    @DisplayName("an emitted event that the database refuses kills its own delivery and no other outcome")
    void badEmission() {
        TestHub hub = hub();
        hub.subscribe(
                "bad-emission",
                "x.y",
                RetryPolicy.DEFAULT,
                (d, report) -> report.accept(
                        d.key().equals("bad")
                                ? done(d, event(FERRETERIA, "emitted.bad", "k", "{no json", null))
                                : done(d, event(FERRETERIA, "emitted.good", "k"))));
        List<CompletableFuture<Appended>> all = IntStream.range(0, 40)
                .mapToObj(i -> hub.append(FERRETERIA, "x.y", i == 17 ? "bad" : "k" + i))
                .toList();
        all.forEach(TestHub::now);
        settled();
        assertThat(sql.deliveries("done")).isEqualTo(39);
        assertThat(sql.text("select last_error from hub.delivery where state = 'dead'"))
                .contains("22P02")
                .doesNotContain("no json");
        assertThat(sql.number("select count(*) from public.events where type = 'emitted.good'"))
                .isEqualTo(39);
    }

    @Test
    @DisplayName("a notification wakes the hub: an event runs at once although the poll is an hour away")
    void wokenByNotification() {
        TestHub hub = hub(s -> s.poll = Duration.ofHours(1));
        TestHub sender = hub(s -> s.poll = Duration.ofHours(1));
        AtomicInteger runs = new AtomicInteger();
        hub.subscribe("woken", "*", RetryPolicy.DEFAULT, (d, report) -> {
            runs.incrementAndGet();
            report.accept(done(d));
        });
        for (int i = 1; i <= 5; i++) {
            int expected = i;
            await().until(() -> sql.number("select count(*) from pg_stat_activity where query = 'listen hub_delivery'"
                            + " and datname = current_database()")
                    == 2);
            sender.appendNow(FERRETERIA, "x.y", "k" + i);
            await().atMost(Duration.ofSeconds(5)).until(() -> runs.get() == expected);
        }
    }

    @Test
    @DisplayName("with notifications cut the poll alone brings every event")
    void pollAlone() {
        TestHub hub = hub(s -> s.listening = false);
        TestHub sender = hub();
        AtomicInteger runs = new AtomicInteger();
        hub.subscribe("polled", "*", RetryPolicy.DEFAULT, (d, report) -> {
            runs.incrementAndGet();
            report.accept(done(d));
        });
        for (int i = 0; i < 20; i++) {
            sender.appendNow(FERRETERIA, "x.y", "k" + i);
        }
        await().until(() -> runs.get() == 20);
    }

    @Test
    @DisplayName("a stopping hub ends what runs and gives back what it had not begun, at once and without an attempt")
    void gracefulStop() {
        TestHub hub = hub(s -> s.workers = 1);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch letGo = new CountDownLatch(1);
        sql.run("insert into hub.subscription (name, pattern, paused) values ('stopping', '*', true)");
        hub.subscribe("stopping", "*", RetryPolicy.DEFAULT, (d, report) -> {
            begun.countDown();
            try {
                letGo.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            report.accept(done(d));
        });
        for (int i = 0; i < 30; i++) {
            hub.appendNow(FERRETERIA, "x.y", "k" + i % 3);
        }
        sql.run("select hub.set_paused('stopping', false)");
        await().until(() -> begun.getCount() == 0 && sql.deliveries("leased") == 30);
        CompletableFuture<Void> closing = CompletableFuture.runAsync(hub.runtime::close);
        await().until(() -> !hub.runtime.engine().claiming());
        letGo.countDown();
        TestHub.now(closing);
        assertThat(sql.deliveries("leased")).isZero();
        assertThat(sql.deliveries("done")).isPositive();
        assertThat(sql.number("select coalesce(max(attempt), 0) from hub.delivery where state = 'pending'"))
                .isZero();
    }

    @Test
    @DisplayName("a pause is kept in the database: it holds on every hub and over a restart, until resumed")
    void pausePersists() {
        TestHub first = hub(s -> s.paused = true);
        AtomicInteger runs = new AtomicInteger();
        BiConsumer<Delivery, Consumer<Outcome>> runner = (d, report) -> {
            runs.incrementAndGet();
            report.accept(done(d));
        };
        first.subscribe("paused", "*", RetryPolicy.DEFAULT, runner);
        first.appendNow(FERRETERIA, "x.y", "k1");
        TestHub second = hub();
        second.subscribe("paused", "*", RetryPolicy.DEFAULT, runner);
        second.appendNow(FERRETERIA, "x.y", "k2");
        await().during(Duration.ofMillis(400)).until(() -> runs.get() == 0 && sql.deliveries("pending") == 2);
        sql.run("select hub.set_paused('paused', false)");
        await().until(() -> runs.get() == 2);
        first.subscribe("another", "*", RetryPolicy.DEFAULT, runner);
        assertThat(sql.text("select string_agg(name || ' ' || paused, ', ' order by name) from hub.subscription"))
                .as("a later route is paused as well, the resumed one stays resumed")
                .isEqualTo("another true, paused false");
    }

    @Test
    @DisplayName("a subscription is known to the log before the route that declares it counts as started")
    void declaredAtOnce() {
        TestHub hub = hub();
        for (int i = 0; i < 60; i++) {
            String name = "route-" + i;
            hub.subscribe(name, "*", RetryPolicy.DEFAULT, (d, report) -> report.accept(done(d)));
            assertThat(sql.number("select count(*) from hub.subscription where name = ? and active", name))
                    .as(name)
                    .isEqualTo(1);
        }
    }

    @Test
    @DisplayName("one subscription that cannot be claimed does not keep the others from their deliveries")
    void brokenSubscription() {
        TestHub hub = hub();
        Queue<String> ran = new ConcurrentLinkedQueue<>();
        for (String name : List.of("a", "b", "broken", "c", "d")) {
            hub.subscribe(name, "*", RetryPolicy.DEFAULT, (d, report) -> {
                ran.add(name);
                report.accept(done(d));
            });
        }
        sql.run("create function pg_temp_break() returns trigger language plpgsql as $$ begin"
                + " if new.subscription = 'broken' and new.state = 'leased' then raise exception 'broken'; end if;"
                + " return new; end $$");
        sql.run("create trigger break_it before update on hub.delivery for each row execute function pg_temp_break()");
        hub.appendNow(FERRETERIA, "x.y", "k");
        await().until(() -> ran.containsAll(List.of("a", "b", "c", "d")));
        assertThat(sql.number("select count(*) from hub.delivery where state = 'pending'"))
                .isEqualTo(1);
    }

    @Test
    @DisplayName("a route that throws an Error fails its delivery and leaves the hub running")
    void errorInRunner() {
        TestHub hub = hub();
        RetryPolicy policy = quick(2);
        hub.subscribe("erring", "*", policy, (d, report) -> {
            if (d.key().equals("bad")) {
                throw new StackOverflowError("too deep");
            }
            report.accept(done(d));
        });
        hub.appendNow(FERRETERIA, "x.y", "bad");
        hub.appendNow(FERRETERIA, "x.y", "good");
        settled();
        assertThat(sql.deliveries("dead")).isEqualTo(1);
        assertThat(sql.deliveries("done")).isEqualTo(1);
    }

    @Test
    @DisplayName("a delivery whose node died is given up by its own subscription's limit of attempts")
    void ownLimitOfAttempts() {
        TestHub hub = hub(s -> {
            s.lease = Duration.ofMillis(600);
            s.drain = Duration.ofMillis(100);
        });
        hub.subscribe("fragile", "*", quick(1), (d, report) -> {});
        hub.subscribe("sturdy", "*", quick(3), (d, report) -> {});
        hub.appendNow(FERRETERIA, "x", "k");
        await().until(() -> sql.deliveries("leased") == 2);
        // As if the node had stood still: its leases are over, and their renewal finds them gone.
        sql.run("update hub.delivery set lease_until = now() - interval '1 second', lease_token = 0");
        await().until(() -> sql.deliveries("leased") == 0 || sql.deliveries("dead") == 1);
        assertThat(sql.text("select subscription from hub.delivery where state = 'dead'"))
                .isEqualTo("fragile");
    }

    @Test
    @DisplayName("a running hub keeps its subscriptions marked as declared, and revives one that was retired meanwhile")
    void stillDeclared() {
        TestHub hub = hub();
        hub.subscribe("marked", "*", RetryPolicy.DEFAULT, (d, report) -> report.accept(done(d)));
        hub.subscribe("retired", "*", RetryPolicy.DEFAULT, (d, report) -> report.accept(done(d)));
        sql.run("update hub.subscription set last_declared_at = now() - interval '1 hour', active = name <> 'retired'");
        await().atMost(Duration.ofSeconds(20))
                .until(() -> sql.number("select count(*) from hub.subscription where active"
                                + " and last_declared_at > now() - interval '1 minute'")
                        == 2);
    }

    @Test
    @DisplayName("deliveries go on by themselves after the database was away")
    void databaseAway() throws Exception {
        // A claim whose answer was lost on the way leaves a lease that must run out.
        TestHub hub = hub(s -> s.lease = Duration.ofSeconds(1));
        AtomicInteger runs = new AtomicInteger();
        hub.subscribe("away", "*", RetryPolicy.DEFAULT, (d, report) -> {
            runs.incrementAndGet();
            report.accept(done(d));
        });
        hub.appendNow(FERRETERIA, "x.y", "before");
        await().until(() -> runs.get() == 1);
        hub.engine.cut();
        hub.appendNow(FERRETERIA, "x.y", "during");
        await().during(Duration.ofMillis(300)).until(() -> runs.get() == 1);
        hub.engine.mend();
        await().untilAsserted(
                        () -> assertThat(sql.rows("select event_key, state, lease_owner from hub.delivery order by id"))
                                .extracting(row -> row.get("event_key") + " " + row.get("state"))
                                .containsExactly("before done", "during done"));
        assertThat(runs).hasValueGreaterThanOrEqualTo(2);
    }
}
