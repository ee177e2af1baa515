package cl.smarterbot.hub.odoo;

import java.time.Duration;

/** Bounds on one call, from the endpoint's options. */
record CallLimits(
        Duration connectTimeout,
        Duration requestTimeout,
        int maxResponseSize,
        int maxConcurrentCalls,
        int maxConcurrentCallsPerConnection,
        Duration breakerOpenTime) {}
