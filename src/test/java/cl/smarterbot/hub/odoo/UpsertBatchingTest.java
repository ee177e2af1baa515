package cl.smarterbot.hub.odoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class UpsertBatchingTest {
    private final FakeOdoo odoo = new FakeOdoo();
    private final OdooClient client = new OdooClient();
    private final CallLimits limits = new OdooConfiguration().limits();
    private final OdooConnection connection = odoo.connection(OdooTransport.XMLRPC);

    @AfterEach
    void stop() {
        client.close();
        odoo.close();
    }

    private CompletableFuture<Long> upsert(String key, String name) {
        return upsert(key, Map.of("name", name));
    }

    private CompletableFuture<Long> upsert(String key, Map<String, String> cells) {
        return client.lanes()
                .add(connection, "res.partner", "hub_t1." + key, new TreeMap<>(cells), Map.of(), 100, limits);
    }

    private List<FakeOdoo.Call> loads() {
        return odoo.calls.stream().filter(call -> call.method().equals("load")).toList();
    }

    private static OdooException failure(CompletableFuture<?> future) {
        Throwable failure = Failures.unwrap(catchThrowable(() -> future.get(30, TimeUnit.SECONDS)));
        assertThat(failure).isInstanceOf(OdooException.class);
        return (OdooException) failure;
    }

    /** Holds the answers back until as many calls are under way, so that rows gather behind them. */
    private CountDownLatch hold() {
        CountDownLatch go = new CountDownLatch(1);
        var before = odoo.onCall;
        odoo.onCall = call -> {
            OdooComponentTest.await(go);
            return before.apply(call);
        };
        return go;
    }

    @Test
    @DisplayName("Three hundred concurrent upserts become five loads, and the first one does not wait for company")
    void concurrentUpserts() {
        CountDownLatch go = hold();
        List<CompletableFuture<Long>> rows = new ArrayList<>();
        rows.add(upsert("k0", "n"));
        Awaitility.await().until(() -> loads().size() == 1);
        assertThat(loads().get(0).loadRows()).hasSize(1);
        IntStream.range(1, 300).forEach(i -> rows.add(upsert("k" + i, "n")));
        go.countDown();
        Set<Long> ids = new HashSet<>();
        rows.forEach(row -> ids.add(row.join()));
        assertThat(ids).hasSize(300);
        assertThat(loads()).hasSizeLessThanOrEqualTo(5);
        assertThat(loads()).allSatisfy(call -> assertThat(call.loadRows()).hasSizeLessThanOrEqualTo(100));
        assertThat(odoo.logins).hasValue(1);
    }

    @Test
    @DisplayName("The same key never travels twice at a time, keeps its order and its record")
    void sameKey() {
        Set<String> travelling = ConcurrentHashMap.newKeySet();
        AtomicBoolean doubled = new AtomicBoolean();
        List<String> order = new ArrayList<>();
        odoo.onCall = call -> {
            List<String> mine = call.loadRows().stream().map(row -> row.get(0)).toList();
            mine.forEach(id -> {
                if (!travelling.add(id)) {
                    doubled.set(true);
                }
            });
            synchronized (order) {
                call.loadRows().stream()
                        .filter(row -> row.get(0).equals("hub_t1.same"))
                        .forEach(row -> order.add(row.get(1)));
            }
            Object answer = odoo.load(call);
            mine.forEach(travelling::remove);
            return answer;
        };
        CountDownLatch go = hold();
        List<CompletableFuture<Long>> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add(upsert("same", "v" + (i + 10)));
            rows.add(upsert("other" + i, "x"));
        }
        // Other columns are another lane; the record is the same.
        rows.add(upsert("same", Map.of("name", "last", "phone", "1")));
        go.countDown();
        rows.forEach(CompletableFuture::join);
        assertThat(doubled).isFalse();
        assertThat(order.subList(0, 20).stream().filter(v -> v.startsWith("v")).toList())
                .isSorted();
        assertThat(odoo.records()).isEqualTo(21);
    }

    @Test
    @DisplayName("A refused batch is halved: only the bad rows fail, each with its own error")
    void bisect() {
        odoo.onCall = call -> {
            List<String> bad = call.loadRows().stream()
                    .map(row -> row.get(1))
                    .filter(name -> name.startsWith("bad"))
                    .toList();
            // The message is pinned on the first row, guilty or not, as Odoo 18 and 19 do.
            return bad.isEmpty() ? odoo.load(call) : FakeOdoo.loadRefusal("not valid: " + bad.get(0));
        };
        CountDownLatch go = hold();
        List<CompletableFuture<Long>> rows = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            rows.add(upsert("k" + i, i == 17 || i == 40 ? "bad" + i : "good"));
        }
        go.countDown();
        for (int i = 0; i < 64; i++) {
            if (i == 17 || i == 40) {
                OdooException failure = failure(rows.get(i));
                assertThat(failure.kind()).isEqualTo(Kind.VALIDATION);
                assertThat(failure.isTransient()).isFalse();
                assertThat(failure.getMessage()).isEqualTo("res.partner.load: not valid: bad" + i);
            } else {
                assertThat(rows.get(i).join()).isPositive();
            }
        }
        assertThat(loads()).hasSizeLessThan(40);
    }

    @Test
    @DisplayName(
            "A batch that the database has no room for fails as a whole, to be tried again later, and is not halved")
    void diskFull() {
        odoo.onCall = call -> FakeOdoo.loadRefusal("could not extend file \"base/1/2\": No space left on device");
        CountDownLatch go = hold();
        List<CompletableFuture<Long>> rows =
                IntStream.range(0, 8).mapToObj(i -> upsert("k" + i, "n")).toList();
        go.countDown();
        rows.forEach(row -> {
            OdooException failure = failure(row);
            assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(failure.isTransient()).isTrue();
        });
        assertThat(loads()).hasSizeLessThanOrEqualTo(3);
    }

    @Test
    @DisplayName("A fault of the whole call by one row is halved too; an unknown column fails all rows in one call")
    void bisectFaults() {
        odoo.onCall =
                call -> call.loadRows().stream().anyMatch(row -> row.get(1).equals("bad"))
                        ? new FakeOdoo.Fault(1, "Traceback (most recent call last):\n  x\nAttributeError: no lower\n")
                        : odoo.load(call);
        CountDownLatch go = hold();
        List<CompletableFuture<Long>> rows = IntStream.range(0, 16)
                .mapToObj(i -> upsert("k" + i, i == 9 ? "bad" : "good"))
                .toList();
        go.countDown();
        assertThat(failure(rows.get(9)).kind()).isEqualTo(Kind.BAD_REQUEST);
        IntStream.range(0, 16)
                .filter(i -> i != 9)
                .forEach(i -> assertThat(rows.get(i).join()).isPositive());

        odoo.calls.clear();
        odoo.onCall = call -> new FakeOdoo.Fault(
                1, "Traceback (most recent call last):\n  x\nValueError: Invalid field name 'nope'\n");
        CountDownLatch again = hold();
        List<CompletableFuture<Long>> wrong = IntStream.range(0, 50)
                .mapToObj(i -> upsert("w" + i, Map.of("nope", "1")))
                .toList();
        again.countDown();
        wrong.forEach(row -> assertThat(failure(row).getMessage()).contains("nope"));
        assertThat(loads()).hasSizeLessThanOrEqualTo(3);
    }

    @Test
    @DisplayName("A serialisation failure is retried with a pause and then succeeds")
    void serialization() {
        AtomicInteger tries = new AtomicInteger();
        odoo.onCall = call -> tries.incrementAndGet() <= 2
                ? FakeOdoo.loadRefusal("could not serialize access due to concurrent update")
                : odoo.load(call);
        assertThat(upsert("k", "n").join()).isPositive();
        assertThat(tries).hasValue(3);
    }

    @Test
    @DisplayName("A lasting serialisation failure ends transient after three retries")
    void lastingSerialization() {
        odoo.onCall = call -> FakeOdoo.loadRefusal("could not serialize access due to concurrent update");
        OdooException failure = failure(upsert("k", "n"));
        assertThat(failure.kind()).isEqualTo(Kind.CONFLICT);
        assertThat(failure.isTransient()).isTrue();
        assertThat(loads()).hasSize(4);
    }

    @Test
    @DisplayName("A lost answer is transient, and the retry finds the record by its external id")
    void lostAnswer() {
        AtomicBoolean lose = new AtomicBoolean(true);
        CountDownLatch lost = new CountDownLatch(1);
        odoo.onCall = call -> {
            Object answer = odoo.load(call);
            if (lose.getAndSet(false)) {
                OdooComponentTest.await(lost);
            }
            return answer;
        };
        CallLimits hasty = new CallLimits(
                limits.connectTimeout(),
                java.time.Duration.ofMillis(400),
                limits.maxResponseSize(),
                8,
                4,
                limits.breakerOpenTime());
        OdooException failure = failure(client.lanes()
                .add(connection, "res.partner", "hub_t1.k", new TreeMap<>(Map.of("name", "n")), Map.of(), 100, hasty));
        assertThat(failure.isTransient()).isTrue();
        assertThat(upsert("k", "n").join()).isEqualTo(101);
        assertThat(odoo.records()).isEqualTo(1);
        lost.countDown();
    }

    @Test
    @DisplayName("A transient failure of the call fails its rows without halving")
    void transientFailure() {
        odoo.onRequest = path -> path.endsWith("/object")
                ? new FakeOdoo.Http(503, "text/html", "<html>", Map.of("Retry-After", "9"))
                : null;
        List<CompletableFuture<Long>> rows =
                IntStream.range(0, 20).mapToObj(i -> upsert("k" + i, "n")).toList();
        rows.forEach(row -> {
            OdooException failure = failure(row);
            assertThat(failure.kind()).isEqualTo(Kind.UNAVAILABLE);
            assertThat(failure.retryAfter()).contains(java.time.Duration.ofSeconds(9));
        });
        assertThat(odoo.paths.stream().filter(path -> path.endsWith("/object")).count())
                .isLessThanOrEqualTo(3);
    }

    @Test
    @DisplayName("A lane that is full refuses more rows at once, transiently")
    void fullLane() {
        CountDownLatch go = hold();
        List<CompletableFuture<Long>> rows = new ArrayList<>();
        for (int i = 0; i < UpsertLanes.MOST_WAITING + 300; i++) {
            rows.add(upsert("k" + i, "n"));
        }
        OdooException failure = failure(rows.get(rows.size() - 1));
        assertThat(failure.kind()).isEqualTo(Kind.OVERLOADED);
        assertThat(failure.isTransient()).isTrue();
        go.countDown();
        assertThat(rows.get(0).join()).isPositive();
        CompletableFuture.allOf(rows.toArray(CompletableFuture[]::new))
                .handle((done, refused) -> assertThat(refused).isInstanceOf(CompletionException.class))
                .join();
    }

    @Test
    @DisplayName("Ten thousand waiting rows of one key fail without recursion when the server is away")
    void noRecursion() {
        odoo.onRequest = path -> new FakeOdoo.Http(503, "text/plain", "", Map.of());
        List<CompletableFuture<Long>> rows = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            rows.add(upsert("same", "n"));
        }
        rows.forEach(row -> assertThat(failure(row).isTransient()).isTrue());
    }
}
