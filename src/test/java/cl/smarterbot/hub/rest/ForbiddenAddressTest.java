package cl.smarterbot.hub.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.rest.RestException.Kind;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A tenant's URL reaches the public internet only, unless the deployment allows more. */
class ForbiddenAddressTest {

    private static RestException failure(RestClient client, String url) {
        try {
            RestAnswer answer = client.send(RestCall.builder("Vendor", "76000012-4", "GET", url)
                            .timeout(Duration.ofSeconds(5))
                            .build())
                    .join();
            throw new AssertionError("answered " + answer);
        } catch (CompletionException e) {
            return (RestException) e.getCause();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.8.8.8",
                "0.0.0.0",
                "10.0.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "169.254.169.254",
                "100.100.100.200",
                "168.63.129.16",
                "192.0.0.192",
                "198.18.0.1",
                "224.0.0.1",
                "255.255.255.255",
                "::1",
                "::",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "::127.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b::a9fe:a9fe",
                "2002:7f00:1::",
                "2001:0:7f00:1::",
                "fe80::1",
                "fd00:ec2::254",
                "fc00::1",
                "ff02::1"
            })
    void addressesThatAreNotPublicAreRefused(String address) throws UnknownHostException {
        assertThat(AddressPolicy.publicOnly().allows("host.example", InetAddress.getByName(address)))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "8.8.8.8",
                "172.32.0.1",
                "172.15.0.1",
                "11.0.0.1",
                "100.128.0.1",
                "169.253.1.1",
                "2606:4700::1111"
            })
    void publicAddressesAreCalled(String address) throws UnknownHostException {
        assertThat(AddressPolicy.publicOnly().allows("host.example", InetAddress.getByName(address)))
                .isTrue();
    }

    @Test
    void theDeploymentOpensHostsAddressesAndRanges() throws UnknownHostException {
        AddressPolicy policy =
                AddressPolicy.allowing(List.of("10.1.0.0/16", " Chatwoot-Web ", "fd00::/8", "192.168.1.9", ""));
        assertThat(policy.allows("x.example", InetAddress.getByName("10.1.2.3")))
                .isTrue();
        assertThat(policy.allows("x.example", InetAddress.getByName("10.2.2.3")))
                .isFalse();
        assertThat(policy.allows("chatwoot-web", InetAddress.getByName("172.18.0.4")))
                .isTrue();
        assertThat(policy.allows("other-web", InetAddress.getByName("172.18.0.4")))
                .isFalse();
        assertThat(policy.allows("x.example", InetAddress.getByName("fd12::1"))).isTrue();
        assertThat(policy.allows("x.example", InetAddress.getByName("192.168.1.9")))
                .isTrue();
        assertThat(policy.allows("x.example", InetAddress.getByName("192.168.1.8")))
                .isFalse();
    }

    @Test
    void anEntryThatIsNothingIsNamed() {
        assertThatThrownBy(() -> AddressPolicy.allowing(List.of("10.0.0.0/99", "fine.example", "1.2.3", "a b")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("10.0.0.0/99, 1.2.3, a b");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://127.0.0.1:%d/",
                "http://localhost:%d/",
                "http://2130706433:%d/",
                "http://127.1:%d/",
                "http://[::1]:%d/",
                "http://[::ffff:127.0.0.1]:%d/",
                "http://[::ffff:7f00:1]:%d/"
            })
    void noSpellingOfLoopbackReachesIt(String url) throws Exception {
        try (RawServer server = new RawServer(RawServer.json(200, "{}"));
                RestClient client = new RestClient(AddressPolicy.publicOnly())) {
            assertThatThrownBy(() -> {
                        throw failure(client, url.formatted(server.port()));
                    })
                    .isInstanceOfSatisfying(RestException.class, e -> assertThat(e.kind())
                            .isIn(Kind.FORBIDDEN_ADDRESS, Kind.UNREACHABLE, Kind.BAD_CALL));
            assertThat(server.connections()).isZero();
        }
    }

    @Test
    void oneForbiddenAddressCondemnsTheName() throws Exception {
        try (RawServer server = new RawServer(RawServer.json(200, "{}"));
                RestClient client = new RestClient(
                        AddressPolicy.publicOnly(),
                        RestLimits.DEFAULT,
                        host -> new InetAddress[] {InetAddress.getByName("8.8.8.8"), InetAddress.getByName("127.0.0.1")
                        },
                        options -> {})) {
            RestException failure = failure(client, "http://mixed.example:" + server.port() + "/");
            assertThat(failure.kind()).isEqualTo(Kind.FORBIDDEN_ADDRESS);
            assertThat(failure.isTransient()).isFalse();
        }
    }

    @Test
    void theCheckedAddressIsTheOneConnectedTo() throws Exception {
        AtomicInteger lookups = new AtomicInteger();
        try (RawServer server = new RawServer(RawServer.json(200, "{}"));
                // The first answer is allowed here; any later one would lead elsewhere.
                RestClient client = new RestClient(
                        AddressPolicy.allowing(List.of("127.0.0.1")),
                        RestLimits.DEFAULT,
                        host -> new InetAddress[] {
                            InetAddress.getByName(lookups.incrementAndGet() == 1 ? "127.0.0.1" : "127.0.0.2")
                        },
                        options -> {})) {
            String url = "http://rebinds.example:" + server.port() + "/";
            client.send(RestCall.builder("Vendor", null, "GET", url).build()).join();
            assertThat(lookups).hasValue(1);
            assertThat(server.requests())
                    .singleElement()
                    .asString()
                    .containsIgnoringCase("host: rebinds.example:" + server.port());
        }
    }

    @Test
    void aNameThatIsNotKnownMayComeLater() throws Exception {
        AtomicInteger lookups = new AtomicInteger();
        try (RawServer server = new RawServer(RawServer.json(200, "{}"));
                RestClient client = new RestClient(
                        AddressPolicy.allowing(List.of("127.0.0.1")),
                        RestLimits.DEFAULT,
                        host -> {
                            if (lookups.incrementAndGet() == 1) {
                                throw new UnknownHostException(host);
                            }
                            return new InetAddress[] {InetAddress.getByName("127.0.0.1")};
                        },
                        options -> {})) {
            String url = "http://late.example:" + server.port() + "/";
            assertThat(failure(client, url).kind()).isEqualTo(Kind.UNREACHABLE);
            assertThat(client.send(RestCall.builder("Vendor", "76000012-4", "GET", url)
                                    .build())
                            .join()
                            .status())
                    .isEqualTo(200);
        }
    }

    @Test
    void theNextAddressIsTriedWhenOneDoesNotAnswer() throws Exception {
        try (RawServer server = new RawServer(RawServer.json(200, "{}"));
                RestClient client = new RestClient(
                        AddressPolicy.allowing(List.of("127.0.0.0/8")),
                        RestLimits.DEFAULT,
                        host -> new InetAddress[] {
                            InetAddress.getByName("127.0.0.9"), InetAddress.getByName("127.0.0.1")
                        },
                        options -> {})) {
            String url = "http://two.example:" + server.port() + "/";
            assertThat(client.send(RestCall.builder("Vendor", null, "GET", url).build())
                            .join()
                            .status())
                    .isEqualTo(200);
        }
    }
}
