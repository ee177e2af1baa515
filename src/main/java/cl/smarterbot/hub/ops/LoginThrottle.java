package cl.smarterbot.hub.ops;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;

/**
 * Slows down guessing: after {@value #MAX_FAILURES} wrong passwords from one address within a minute, nothing that carries
 * credentials is looked at from there for a minute. An IPv6 address counts as its /64 network. Thread-safe; remembers a bounded
 * number of addresses.
 */
final class LoginThrottle {

    static final int MAX_FAILURES = 10;
    static final Duration WINDOW = Duration.ofMinutes(1);

    private static final int MAX_ADDRESSES = 10_000;
    private static final int IPV6_NETWORK_BYTES = 8;

    private final Cache<String, Failures> failures;
    private final Ticker clock;

    LoginThrottle(Ticker clock) {
        this.clock = clock;
        failures = Caffeine.newBuilder()
                .ticker(clock)
                .expireAfterWrite(WINDOW.multipliedBy(2))
                .maximumSize(MAX_ADDRESSES)
                .build();
    }

    /** Count of failures in the window that began at {@code since}, in nanoseconds of the clock. */
    private record Failures(int count, long since, long blockedUntil) {}

    /** Seconds to wait before the next try from this address; 0 when it may try now. */
    long waitSeconds(String address) {
        Failures seen = failures.getIfPresent(network(address));
        if (seen == null || seen.count() < MAX_FAILURES) {
            return 0;
        }
        long left = seen.blockedUntil() - clock.read();
        return left <= 0 ? 0 : Math.max(1, Duration.ofNanos(left).toSeconds());
    }

    /** Notes a wrong password from this address. */
    void failed(String address) {
        long now = clock.read();
        failures.asMap().compute(network(address), (key, seen) -> {
            boolean fresh = seen == null
                    || now - seen.since() > WINDOW.toNanos()
                    || (seen.count() >= MAX_FAILURES && now - seen.blockedUntil() >= 0);
            int count = fresh ? 1 : seen.count() + 1;
            long blockedUntil = count >= MAX_FAILURES ? now + WINDOW.toNanos() : now;
            return new Failures(count, fresh ? now : seen.since(), blockedUntil);
        });
    }

    private static String network(String address) {
        if (address.indexOf(':') < 0) {
            return address;
        }
        try {
            // A literal: no name is looked up.
            if (InetAddress.getByName(address) instanceof Inet6Address six) {
                return Arrays.toString(Arrays.copyOf(six.getAddress(), IPV6_NETWORK_BYTES));
            }
        } catch (UnknownHostException e) {
            return address;
        }
        return address;
    }
}
