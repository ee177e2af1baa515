package cl.smarterbot.hub.door;

import io.netty.util.NetUtil;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Which address a request comes from. Headers count only as far as configured proxies vouch for them: the right-most address that
 * is no trusted proxy is the client. Whatever is malformed is not believed, and the peer itself is taken.
 */
final class ClientAddress {

    private static final String FORWARDED_FOR = "X-Forwarded-For";
    /** More proxies in a row than anyone has: a longer list is not worth walking. */
    private static final int MOST_HOPS = 32;

    private static final byte[] MAPPED = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};

    private record Block(byte[] network, int bits) {
        boolean contains(byte[] address) {
            if (address.length != network.length) {
                return false;
            }
            int whole = bits / 8;
            if (!Arrays.equals(network, 0, whole, address, 0, whole)) {
                return false;
            }
            int mask = 0xff00 >> bits % 8 & 0xff;
            return mask == 0 || (network[whole] & mask) == (address[whole] & mask);
        }
    }

    private final List<Block> trusted = new ArrayList<>();
    private final String header;

    /**
     * @param trustedProxies addresses or CIDR blocks, IPv4 or IPv6
     * @param header where trusted proxies name the client
     * @throws IllegalArgumentException with all entries that are neither
     */
    ClientAddress(List<String> trustedProxies, String header) {
        List<String> wrong = new ArrayList<>();
        for (String entry : trustedProxies) {
            if (!entry.isBlank()) {
                Block block = block(entry.trim());
                if (block == null) {
                    wrong.add(entry);
                } else {
                    trusted.add(block);
                }
            }
        }
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException(
                    "hub.door.trusted-proxies (HUB_TRUSTED_PROXIES) takes addresses and CIDR blocks,"
                            + " such as 10.0.0.0/8 or fd00::/8; these are neither: " + String.join(", ", wrong));
        }
        if (!header.matches("[A-Za-z0-9-]{1,64}")) {
            throw new IllegalArgumentException(
                    "hub.door.client-ip-header (HUB_CLIENT_IP_HEADER) is no header name: " + header);
        }
        this.header = header;
    }

    private static Block block(String entry) {
        int slash = entry.indexOf('/');
        byte[] address = parse(slash < 0 ? entry : entry.substring(0, slash));
        if (address == null) {
            return null;
        }
        int most = address.length * 8;
        if (slash < 0) {
            return new Block(address, most);
        }
        String bits = entry.substring(slash + 1);
        return bits.matches("[0-9]{1,3}") && Integer.parseInt(bits) <= most
                ? new Block(address, Integer.parseInt(bits))
                : null;
    }

    /** A literal address as 4 or 16 bytes; null if it is none. Never asks a name server. */
    private static byte[] parse(String literal) {
        if (literal.length() > 45 || literal.indexOf('%') >= 0 || literal.indexOf('[') >= 0) {
            return null;
        }
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(literal);
        // The same client over a socket that speaks both families.
        return bytes != null && bytes.length == 16 && Arrays.equals(bytes, 0, 12, MAPPED, 0, 12)
                ? Arrays.copyOfRange(bytes, 12, 16)
                : bytes;
    }

    private boolean isTrusted(byte[] address) {
        for (Block block : trusted) {
            if (block.contains(address)) {
                return true;
            }
        }
        return false;
    }

    /** The bucket that the client of a request is counted in: an IPv4 address, or the /64 network of an IPv6 one. */
    String bucketOf(HttpServerRequest request) {
        SocketAddress remote = request.remoteAddress();
        String peer = remote == null || remote.hostAddress() == null ? "" : remote.hostAddress();
        int zone = peer.indexOf('%');
        return bucket(
                parse(zone < 0 ? peer : peer.substring(0, zone)),
                request.headers().getAll(header));
    }

    private String bucket(byte[] peer, List<String> values) {
        if (peer == null) {
            return "unknown";
        }
        return printed(trusted.isEmpty() || values.isEmpty() || !isTrusted(peer) ? peer : client(peer, values));
    }

    /** For tests and for {@link #bucketOf}: the client of a connection from {@code peer} that sent these header lines. */
    String bucketOf(String peer, List<String> values) {
        return bucket(parse(peer), values);
    }

    private byte[] client(byte[] peer, List<String> values) {
        if (!header.equalsIgnoreCase(FORWARDED_FOR)) {
            byte[] named = values.size() == 1 ? parse(values.get(0).trim()) : null;
            return named == null ? peer : named;
        }
        String[] hops = String.join(",", values).split(",", -1);
        byte[] client = peer;
        for (int i = hops.length - 1; i >= 0 && i >= hops.length - MOST_HOPS; i--) {
            byte[] hop = parse(hops[i].trim());
            if (hop == null) {
                return peer;
            }
            if (!isTrusted(hop)) {
                return hop;
            }
            client = hop;
        }
        // Trusted all the way: the client is one of our own machines.
        return client;
    }

    private static String printed(byte[] address) {
        if (address.length == 4) {
            return (address[0] & 0xff) + "." + (address[1] & 0xff) + "." + (address[2] & 0xff) + "."
                    + (address[3] & 0xff);
        }
        // Whoever has one address of a /64 network has all of them.
        return HexFormat.of().formatHex(address, 0, 8) + "::/64";
    }
}
