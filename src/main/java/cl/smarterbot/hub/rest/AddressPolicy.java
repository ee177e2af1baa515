package cl.smarterbot.hub.rest;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which addresses the hub may call. A tenant names its own servers, so that by default only addresses of the public internet are
 * reachable: not the hub's host, not its network, not a cloud's metadata service.
 */
public final class AddressPolicy {

    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    /** IPv4 ranges that are not the public internet (IANA special-purpose registry), and a cloud's host service in a public one. */
    private static final List<Range> CLOSED = ranges(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "168.63.129.16/32",
            // Within 2000::/3: Teredo and other protocols, documentation, 6to4 (which holds an IPv4 address).
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20");

    /** The only IPv6 range that is handed out; loopback, local, mapped, translated and multicast addresses are outside. */
    private static final Range PUBLIC_IPV6 = Range.parse("2000::/3");

    private final Set<String> hosts = new HashSet<>();
    private final List<Range> open = new ArrayList<>();

    private AddressPolicy() {}

    /** Public addresses only. */
    public static AddressPolicy publicOnly() {
        return new AddressPolicy();
    }

    /**
     * Public addresses and those named.
     *
     * @param allowed host names, addresses, or ranges such as {@code 10.1.0.0/16}; blank ones are ignored
     * @throws IllegalArgumentException naming each entry that is none of these
     */
    public static AddressPolicy allowing(List<String> allowed) {
        AddressPolicy policy = new AddressPolicy();
        List<String> wrong = new ArrayList<>();
        for (String entry : allowed) {
            String text = entry.trim().toLowerCase(Locale.ROOT);
            if (text.isEmpty()) {
                continue;
            }
            try {
                if (text.contains("/") || ADDRESS.matcher(text).matches()) {
                    policy.open.add(Range.parse(text));
                } else if (text.matches("[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9])?")) {
                    policy.hosts.add(text);
                } else {
                    wrong.add(text);
                }
            } catch (IllegalArgumentException e) {
                wrong.add(text);
            }
        }
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException(
                    "hub.rest.allow-private: not a host, an address or a range: " + String.join(", ", wrong));
        }
        return policy;
    }

    /**
     * Whether the hub may call an address.
     *
     * @param host the name that was resolved to it, or the address itself
     */
    public boolean allows(String host, InetAddress address) {
        if (hosts.contains(host.toLowerCase(Locale.ROOT))) {
            return true;
        }
        byte[] bytes = address.getAddress();
        if (open.stream().anyMatch(range -> range.contains(bytes))) {
            return true;
        }
        if (bytes.length == 16 && !PUBLIC_IPV6.contains(bytes)) {
            return false;
        }
        return CLOSED.stream().noneMatch(range -> range.contains(bytes));
    }

    private static List<Range> ranges(String... texts) {
        return List.of(texts).stream().map(Range::parse).toList();
    }

    private record Range(byte[] network, int bits) {

        static Range parse(String text) {
            int slash = text.indexOf('/');
            String address = slash < 0 ? text : text.substring(0, slash);
            if (!ADDRESS.matcher(address).matches() || !address.contains(":") && address.split("\\.", -1).length != 4) {
                throw new IllegalArgumentException("not an address");
            }
            byte[] network;
            try {
                network = InetAddress.getByName(address).getAddress();
            } catch (UnknownHostException e) {
                throw new IllegalArgumentException("not an address", e);
            }
            int longest = network.length * 8;
            int bits = slash < 0 ? longest : Integer.parseInt(text.substring(slash + 1));
            if (bits < 0 || bits > longest) {
                throw new IllegalArgumentException("not a prefix length");
            }
            return new Range(network, bits);
        }

        boolean contains(byte[] address) {
            if (address.length != network.length) {
                return false;
            }
            for (int bit = 0; bit < bits; bit += 8) {
                int mask = bits - bit >= 8 ? 0xff : 0xff << (8 - (bits - bit)) & 0xff;
                if (((address[bit / 8] ^ network[bit / 8]) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }
    }
}
