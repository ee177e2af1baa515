package cl.smarterbot.hub.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.rest.RestException.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RestClientTest {

    private static final AddressPolicy LOOPBACK = AddressPolicy.allowing(List.of("127.0.0.0/8"));
    private static final RestLimits LIMITS = new RestLimits(Duration.ofSeconds(2), 2, 3, Duration.ofMinutes(1));

    private RawServer server;
    private RestClient client;

    @BeforeEach
    void start() throws IOException {
        server = new RawServer(RawServer.json(200, "{\"id\":7}"));
        client = new RestClient(LOOPBACK, LIMITS);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.close();
    }

    private RestCall.Builder get(String path) {
        return RestCall.builder("Vendor", "76000012-4", "GET", server.url(path)).timeout(Duration.ofSeconds(5));
    }

    private RestException failure(RestCall.Builder call) {
        try {
            RestAnswer answer = client.send(call.build()).join();
            throw new AssertionError("answered " + answer);
        } catch (CompletionException e) {
            return (RestException) e.getCause();
        }
    }

    @Test
    void sendsMethodPathQueryHeadersAndBodyAsGiven() {
        RestAnswer answer = client.send(
                        RestCall.builder("Vendor", "76000012-4", "POST", server.url("/a%20b/c?q=%2B569&x=%C3%B1"))
                                .header("api_access_token", "token-1")
                                .json(java.util.Map.of("name", "Ñandú"))
                                .build())
                .join();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().path("id").asInt()).isEqualTo(7);
        assertThat(server.requests())
                .singleElement()
                .asString()
                .startsWith("POST /a%20b/c?q=%2B569&x=%C3%B1 HTTP/1.1\r\n")
                .containsIgnoringCase("host: 127.0.0.1:" + server.port() + "\r\n")
                .contains("api_access_token: token-1\r\n")
                .containsIgnoringCase("content-type: application/json\r\n")
                .endsWith("\r\n\r\n{\"name\":\"Ñandú\"}");
    }

    @Test
    void callsFollowEachOtherOnOneConnection() {
        for (int i = 0; i < 5; i++) {
            client.send(get("/").build()).join();
        }
        assertThat(server.connections()).isEqualTo(1);
    }

    @Test
    void oneAnswerLeadsToTheNextCall() {
        List<String> between = new ArrayList<>();
        Ended ended = ended(first -> {
            between.add(Thread.currentThread().getName());
            return Optional.of(
                    get("/second?of=" + first.json().path("id").asInt()).build());
        });
        assertThat(ended.answer().status()).isEqualTo(200);
        assertThat(server.requests()).hasSize(2);
        assertThat(server.requests().get(1)).startsWith("GET /second?of=7 ");
        assertThat(between).singleElement().asString().contains("eventloop");
    }

    @Test
    void anAnswerThatLeadsToNoOtherCallIsTheResult() {
        assertThat(ended(first -> Optional.empty()).answer().json().path("id").asInt())
                .isEqualTo(7);
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void aFailureBeforeTheNextCallAndOneInBetweenFailTheWhole() {
        assertThat(ended(first -> {
                            throw new IllegalStateException("no such field");
                        })
                        .failure())
                .isInstanceOf(IllegalStateException.class);
        assertThat(ended(first -> {
                            throw new AssertionError("a fault of ours");
                        })
                        .failure())
                .isInstanceOf(AssertionError.class);
        status = 503;
        assertThat(ended(first -> Optional.empty()).failure()).isInstanceOf(RestException.class);
    }

    private record Ended(RestAnswer answer, Throwable failure) {}

    private volatile int status = 200;

    /** How it ended, on a thread that may block: nothing is answered before somebody waits for it. */
    private Ended ended(Function<RestAnswer, Optional<RestCall>> next) {
        CountDownLatch waiting = new CountDownLatch(1);
        server.script((request, out) -> {
            waiting.await();
            return RawServer.json(status, "{\"id\":7}").answer(request, out);
        });
        CompletableFuture<Ended> ended = client.sendThen(get("/first").build(), next)
                .handle((answer, failure) -> {
                    assertThat(Thread.currentThread().getName()).startsWith("rest-work-");
                    return new Ended(answer, failure);
                });
        waiting.countDown();
        return ended.join();
    }

    @Test
    void completesOnAThreadThatMayBlock() {
        String thread = client.send(get("/").build())
                .thenApply(answer -> Thread.currentThread().getName())
                .join();
        assertThat(thread).matches("rest-work-\\d+|main");
    }

    @ParameterizedTest
    @CsvSource({
        "400,REFUSED,false",
        "401,CREDENTIALS,false",
        "403,CREDENTIALS,false",
        "404,NOT_FOUND,false",
        "409,CONFLICT,false",
        "422,REFUSED,false",
        "301,REDIRECT,false",
        "302,REDIRECT,false",
        "307,REDIRECT,false",
        "408,UNAVAILABLE,true",
        "425,UNAVAILABLE,true",
        "429,THROTTLED,true",
        "500,UNAVAILABLE,true",
        "502,UNAVAILABLE,true",
        "503,UNAVAILABLE,true"
    })
    void aStatusSaysWhetherTryingAgainCanHelp(int status, Kind kind, boolean passing) {
        server.script(RawServer.json(status, "{}", "Location: " + server.url("/elsewhere")));
        RestException failure = failure(get("/things/12"));
        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure.isTransient()).isEqualTo(passing);
        assertThat(failure.status()).isEqualTo(status);
        assertThat(server.requests()).as("no redirect is followed").hasSize(1);
    }

    @Test
    void aFailureShowsNoQueryBodySecretOrCustomer() {
        server.script(RawServer.json(
                422,
                "{\"message\":\"Email ana@ejemplo.cl\\nof +56 9 8765 4321 with key sekret-9 " + "x".repeat(400)
                        + "\"}"));
        RestException failure = failure(
                RestCall.builder("Vendor", "76000012-4", "POST", server.url("/contacts/12345/ana%40ejemplo.cl?q=ana"))
                        .header("Authorization", "Bearer sekret-9")
                        .json("hola mundo"));
        assertThat(failure.getMessage())
                .startsWith("POST /contacts/{}/{}: the server answered HTTP 422: Email *** of *** with key *** xxx")
                .doesNotContain("ana", "8765", "sekret-9", "hola", "q=", "\n")
                .hasSizeLessThan(300);
    }

    @ParameterizedTest
    @ValueSource(strings = {"7200", "date", "5", "-3", "soon"})
    void retryAfterIsReadAndCapped(String value) {
        String header = value.equals("date")
                ? DateTimeFormatter.RFC_1123_DATE_TIME.format(
                        Instant.now().plusSeconds(9_000).atZone(ZoneOffset.UTC))
                : value;
        server.script(RawServer.json(429, "slow down", "Retry-After: " + header));
        Duration asked = failure(get("/")).retryAfter().orElse(null);
        switch (value) {
            case "7200", "date" -> assertThat(asked).isEqualTo(Duration.ofHours(1));
            case "5" -> assertThat(asked).isEqualTo(Duration.ofSeconds(5));
            default -> assertThat(asked).isNull();
        }
    }

    @Test
    void successThatIsNotJsonIsTransientGarbage() {
        for (RawServer.Script script : List.<RawServer.Script>of(
                (request, out) -> {
                    out.write(RawServer.head(200, 6, "text/html"));
                    out.write("<html>".getBytes(StandardCharsets.UTF_8));
                    return true;
                },
                RawServer.json(200, ""),
                RawServer.json(200, "{\"id\":"),
                RawServer.json(200, "{\"id\":1}x"),
                (request, out) -> {
                    out.write(RawServer.head(200, 12, "application/json; charset=utf-8"));
                    out.write("{\"name\":\"\u00f1\"}".getBytes(StandardCharsets.ISO_8859_1));
                    return true;
                })) {
            server.script(script);
            RestException failure = failure(get("/"));
            assertThat(failure.kind()).isEqualTo(Kind.GARBAGE);
            assertThat(failure.isTransient()).isTrue();
        }
    }

    @Test
    void aHugeAnswerIsCutAtTheLimit() throws Exception {
        CountDownLatch gone = new CountDownLatch(1);
        for (long announced : new long[] {100L << 20, -1}) {
            server.script((request, out) -> {
                try {
                    out.write(RawServer.head(200, announced, "application/json", "Connection: close"));
                    byte[] part = new byte[1 << 20];
                    for (int i = 0; i < 100; i++) {
                        out.write(part);
                    }
                } catch (IOException e) {
                    gone.countDown();
                    throw e;
                }
                return false;
            });
            RestException failure = failure(get("/").maxResponseBytes(1 << 20));
            assertThat(failure.kind()).isEqualTo(Kind.GARBAGE);
            assertThat(failure).hasMessageContaining("larger than 1048576 bytes");
        }
        assertThat(gone.await(20, TimeUnit.SECONDS))
                .as("the connection was dropped")
                .isTrue();
    }

    @Test
    void silenceDripsAndCutsAreTransient() {
        server.script((request, out) -> false);
        assertThat(failure(get("/")).kind()).isEqualTo(Kind.UNREACHABLE);

        server.script((request, out) -> {
            out.write(RawServer.head(200, 100, "application/json"));
            out.write("{\"id\":".getBytes(StandardCharsets.UTF_8));
            return false;
        });
        assertThat(failure(get("/")).kind()).isEqualTo(Kind.UNREACHABLE);

        server.script((request, out) -> {
            out.write("SSH-2.0-OpenSSH\r\n".getBytes(StandardCharsets.UTF_8));
            return false;
        });
        assertThat(failure(get("/")).isTransient()).isTrue();

        Semaphore never = new Semaphore(0);
        server.script((request, out) -> {
            never.acquire();
            return false;
        });
        RestException late = failure(get("/").timeout(Duration.ofMillis(150)));
        assertThat(late.kind()).isEqualTo(Kind.TIMEOUT);
        assertThat(late.isTransient()).isTrue();

        server.script((request, out) -> {
            out.write(RawServer.head(200, 1_000, "application/json"));
            while (!never.tryAcquire(10, TimeUnit.MILLISECONDS)) {
                out.write(' ');
                out.flush();
            }
            return false;
        });
        assertThat(failure(get("/").timeout(Duration.ofMillis(150))).kind()).isEqualTo(Kind.TIMEOUT);

        server.script(RawServer.json(200, "{}"));
        assertThat(client.send(get("/").build()).join().status())
                .as("the slots are free again")
                .isEqualTo(200);
    }

    @Test
    void aSecondAnswerIsNobodys() {
        server.script((request, out) -> {
            RawServer.json(200, "{\"id\":1}").answer(request, out);
            RawServer.json(200, "{\"id\":666}").answer(request, out);
            return true;
        });
        assertThat(client.send(get("/").build()).join().json().path("id").asInt())
                .isEqualTo(1);
        server.script(RawServer.json(200, "{\"id\":2}"));
        assertThat(client.send(get("/").build())
                        .handle((answer, failure) ->
                                answer == null ? 2 : answer.json().path("id").asInt())
                        .join())
                .isEqualTo(2);
    }

    @Test
    void callsBeyondTheLimitWaitAndBeyondTheLineFail() throws Exception {
        Semaphore gate = new Semaphore(0);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        server.script((request, out) -> {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            gate.acquire();
            inside.decrementAndGet();
            return RawServer.json(200, "{}").answer(request, out);
        });
        List<CompletableFuture<RestAnswer>> calls = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            calls.add(client.send(get("/").build()));
        }
        assertThatThrownBy(() -> calls.get(5).get(5, TimeUnit.SECONDS))
                .cause()
                .isInstanceOfSatisfying(
                        RestException.class, e -> assertThat(e.kind()).isEqualTo(Kind.OVERLOADED));
        assertThat(client.send(RestCall.builder("Vendor", "77000005-K", "GET", server.url("/"))
                                .timeout(Duration.ofSeconds(5))
                                .build())
                        .isCompletedExceptionally())
                .as("another tenant has its own line")
                .isFalse();
        gate.release(100);
        for (int i = 0; i < 5; i++) {
            assertThat(calls.get(i).get(5, TimeUnit.SECONDS).status()).isEqualTo(200);
        }
        assertThat(most.get()).isLessThanOrEqualTo(3);
    }

    @Test
    void aSickDestinationIsLeftAloneForThatTenantOnly() {
        server.script(RawServer.json(500, "{}"));
        for (int i = 0; i < 10; i++) {
            assertThat(failure(get("/")).kind()).isEqualTo(Kind.UNAVAILABLE);
        }
        RestException open = failure(get("/"));
        assertThat(open.kind()).isEqualTo(Kind.CIRCUIT_OPEN);
        assertThat(open.retryAfter().orElseThrow())
                .as("until the breaker lets calls through")
                .isBetween(Duration.ofSeconds(1), Duration.ofMinutes(1));
        assertThat(server.requests()).hasSize(10);
        server.script(RawServer.json(200, "{}"));
        assertThat(client.send(RestCall.builder("Vendor", "77000005-K", "GET", server.url("/"))
                                .build())
                        .join()
                        .status())
                .isEqualTo(200);
    }

    @Test
    void refusalsDoNotOpenTheCircuit() {
        server.script(RawServer.json(422, "{}"));
        for (int i = 0; i < 20; i++) {
            assertThat(failure(get("/")).kind()).isEqualTo(Kind.REFUSED);
        }
    }

    @Test
    void aClosedPortIsTransient() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            port = socket.getLocalPort();
        }
        RestException failure = failure(RestCall.builder("Vendor", null, "GET", "http://127.0.0.1:" + port + "/"));
        assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
    }

    @Test
    void closingFailsWhatIsUnderWay() {
        CountDownLatch arrived = new CountDownLatch(1);
        Semaphore never = new Semaphore(0);
        server.script((request, out) -> {
            arrived.countDown();
            never.acquire();
            return false;
        });
        CompletableFuture<RestAnswer> call = client.send(get("/").build());
        assertThatThrownBy(() -> {
                    assertThat(arrived.await(5, TimeUnit.SECONDS)).isTrue();
                    client.close();
                    call.get(5, TimeUnit.SECONDS);
                })
                .cause()
                .isInstanceOfSatisfying(
                        RestException.class, e -> assertThat(e.isTransient()).isTrue());
        assertThat(failure(get("/")).isTransient()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "file:///etc/passwd",
                "gopher://host/",
                "ftp://host/x",
                "//host/x",
                "http:///x",
                "http://user:pw@host/",
                "http://host/#x",
                "http://ho st/",
                "http://host:99999/",
                ""
            })
    void onlyPlainHttpUrlsAreCalls(String url) {
        assertThatThrownBy(() -> RestCall.builder("Vendor", null, "GET", url))
                .isInstanceOfSatisfying(RestException.class, e -> {
                    assertThat(e.kind()).isEqualTo(Kind.BAD_CALL);
                    assertThat(e.isTransient()).isFalse();
                });
    }

    @Test
    void aHeaderThatWouldSplitIsRefusedWithoutBeingQuoted() {
        RestException failure = failure(get("/").header("api_access_token", "sekret\r\nx: y"));
        assertThat(failure.kind()).isEqualTo(Kind.BAD_CALL);
        assertThat(failure).hasMessageNotContaining("sekret");
        assertThat(server.requests()).isEmpty();
    }
}
