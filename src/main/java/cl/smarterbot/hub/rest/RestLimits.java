package cl.smarterbot.hub.rest;

import java.time.Duration;

/**
 * Bounds that hold for every call of a client.
 *
 * @param connectTimeout time to get a connection
 * @param mostInFlight calls under way for one tenant and origin; more wait in line
 * @param mostWaiting length of that line; more fail at once
 * @param breakerOpenTime how long a destination whose calls mostly failed is left alone
 */
public record RestLimits(Duration connectTimeout, int mostInFlight, int mostWaiting, Duration breakerOpenTime) {

    /** 3 s to connect, 24 calls under way and 1000 waiting, 5 s of rest. */
    public static final RestLimits DEFAULT = new RestLimits(Duration.ofSeconds(3), 24, 1_000, Duration.ofSeconds(5));
}
