package cl.smarterbot.hub.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The client's address")
class ClientAddressTest {

    private static final ClientAddress BEHIND_PROXIES =
            new ClientAddress(List.of("10.0.0.0/8", "192.168.7.3", "fd00::/8", " 172.16.0.0/12 "), "X-Forwarded-For");

    private static ClientAddress trusting(String... proxies) {
        return new ClientAddress(List.of(proxies), "X-Forwarded-For");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "203.0.113.9 | 198.51.100.1               | 203.0.113.9  | the peer is no proxy of ours",
                "10.1.2.3    | 198.51.100.1               | 198.51.100.1 | the proxy names the client",
                "10.1.2.3    | 1.1.1.1, 198.51.100.1      | 198.51.100.1 | what stands further left was sent by the client",
                "10.1.2.3    | 9.9.9.9, 198.51.100.1, 192.168.7.3, 172.31.0.1 | 198.51.100.1 | several proxies",
                "192.168.7.4 | 198.51.100.1               | 192.168.7.4  | a neighbour of the proxy is no proxy",
                "172.32.0.1  | 198.51.100.1               | 172.32.0.1   | just outside the block",
                "10.1.2.3    | 10.9.9.9, 172.16.0.1       | 10.9.9.9     | all are ours: the first one asked",
                "10.1.2.3    | evil, 198.51.100.1         | 198.51.100.1 | rubbish left of the client is never read",
                "10.1.2.3    | 198.51.100.1, evil         | 10.1.2.3     | malformed",
                "10.1.2.3    | ''                         | 10.1.2.3     | empty",
                "10.1.2.3    | 198.51.100.1,              | 10.1.2.3     | empty entry",
                "10.1.2.3    | 198.51.100.256             | 10.1.2.3     | no address",
                "10.1.2.3    | localhost                  | 10.1.2.3     | a name is not looked up",
                "10.1.2.3    | 198.51.100.1:4711          | 10.1.2.3     | with a port",
                "10.1.2.3    | unknown                    | 10.1.2.3     | as RFC 7239 has it",
                "10.1.2.3    | ::ffff:198.51.100.1        | 198.51.100.1 | IPv4 in IPv6",
                "::ffff:10.1.2.3 | 198.51.100.1           | 198.51.100.1 | the proxy as IPv4 in IPv6",
                "fd00::5     | 2001:db8:1:2:3:4:5:6       | 20010db800010002::/64 | IPv6",
                "2001:db8::1 | 198.51.100.1               | 20010db800000000::/64 | an IPv6 peer that is no proxy",
                "10.1.2.3    | fe80::1%eth0               | 10.1.2.3     | with a zone",
            })
    @DisplayName("is the right-most one that no trusted proxy has, and the peer's if anything is wrong")
    void forwardedFor(String peer, String header, String client, String why) {
        assertThat(BEHIND_PROXIES.bucketOf(peer, List.of(header))).as(why).isEqualTo(client);
    }

    @Test
    @DisplayName("over several header lines is read as if they were one")
    void severalLines() {
        assertThat(BEHIND_PROXIES.bucketOf("10.0.0.1", List.of("198.51.100.1", "10.0.0.2")))
                .isEqualTo("198.51.100.1");
        assertThat(BEHIND_PROXIES.bucketOf("10.0.0.1", List.of())).isEqualTo("10.0.0.1");
    }

    @Test
    @DisplayName("is not searched for in an endless list")
    void endless() {
        String list = "198.51.100.1" + ", 10.0.0.2".repeat(5_000);
        assertThat(BEHIND_PROXIES.bucketOf("10.0.0.1", List.of(list))).isEqualTo("10.0.0.2");
    }

    @Test
    @DisplayName("without a trusted proxy is the peer's, whatever is claimed")
    void nobodyTrusted() {
        assertThat(trusting().bucketOf("127.0.0.1", List.of("198.51.100.1"))).isEqualTo("127.0.0.1");
        assertThat(trusting("").bucketOf("127.0.0.1", List.of("198.51.100.1"))).isEqualTo("127.0.0.1");
    }

    @Test
    @DisplayName("is the same for all addresses of an IPv6 /64 network, and another one beside it")
    void ipv6Network() {
        ClientAddress all = trusting();
        assertThat(all.bucketOf("2001:db8:1:2::1", List.of()))
                .isEqualTo(all.bucketOf("2001:db8:1:2:ffff:ffff:ffff:ffff", List.of()))
                .isNotEqualTo(all.bucketOf("2001:db8:1:3::1", List.of()));
    }

    @Test
    @DisplayName("is taken from another header only if the setting names it, and then alone")
    void otherHeader() {
        ClientAddress cloud = new ClientAddress(List.of("10.0.0.0/8"), "CF-Connecting-IP");
        assertThat(cloud.bucketOf("10.0.0.1", List.of("198.51.100.1"))).isEqualTo("198.51.100.1");
        assertThat(cloud.bucketOf("10.0.0.1", List.of("198.51.100.1, 198.51.100.2")))
                .isEqualTo("10.0.0.1");
        assertThat(cloud.bucketOf("10.0.0.1", List.of("198.51.100.1", "198.51.100.2")))
                .isEqualTo("10.0.0.1");
        assertThat(cloud.bucketOf("203.0.113.9", List.of("198.51.100.1"))).isEqualTo("203.0.113.9");
    }

    @Test
    @DisplayName("cannot be told with settings that are wrong, and all of them are named at once")
    void wrongSettings() {
        assertThatThrownBy(() -> trusting("10.0.0.0/33", "proxy.example", "10.0.0.1", "::1/129", "10.0.0.0/", "/8"))
                .hasMessageContaining("HUB_TRUSTED_PROXIES")
                .hasMessageContaining("10.0.0.0/33, proxy.example, ::1/129, 10.0.0.0/, /8");
        assertThatThrownBy(() -> new ClientAddress(List.of(), "X Y")).hasMessageContaining("HUB_CLIENT_IP_HEADER");
    }
}
