package cl.smarterbot.hub.event;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Meters of the log. The tenant label is capped, so that a thousand tenants do not become a million series. */
final class DeliveryMetrics {

    private static final int TENANTS_WITH_A_LABEL = 200;

    private record Series(String name, String subscription, String tenant, String outcome) {}

    private final MeterRegistry registry;
    private final Map<Series, Counter> counters = new ConcurrentHashMap<>();
    private final Map<String, Timer> timers = new ConcurrentHashMap<>();
    private final Set<String> labelled = ConcurrentHashMap.newKeySet();
    private final MultiGauge deliveries;
    private final MultiGauge lag;

    DeliveryMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.deliveries = MultiGauge.builder("hub.deliveries")
                .description("Unfinished and dead deliveries by state, as the database counts them")
                .register(registry);
        this.lag = MultiGauge.builder("hub.delivery.lag")
                .description("Age of the oldest unfinished delivery")
                .baseUnit("seconds")
                .register(registry);
    }

    void appended(String type, String tenant, Appended.Outcome outcome) {
        count("hub.events.appended", type, tenant, outcome.name().toLowerCase(java.util.Locale.ROOT), "type");
    }

    void outcome(String subscription, Outcome o, boolean accepted) {
        count(
                "hub.delivery.attempts",
                subscription,
                o.delivery().tenant(),
                accepted ? o.state() : "fenced",
                "subscription");
        if (!o.state().equals("released")) {
            timers.computeIfAbsent(subscription, s -> Timer.builder("hub.delivery.duration")
                            .description("Run of the route for one delivery")
                            .tag("subscription", s)
                            .register(registry))
                    .record(o.durationMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void count(String name, String subject, String tenant, String outcome, String subjectLabel) {
        counters.computeIfAbsent(new Series(name, subject, label(tenant), outcome), s -> Counter.builder(s.name())
                        .tag(subjectLabel, s.subscription())
                        .tag("tenant", s.tenant())
                        .tag("outcome", s.outcome())
                        .register(registry))
                .increment();
    }

    private String label(String tenant) {
        if (labelled.contains(tenant)) {
            return tenant;
        }
        if (labelled.size() < TENANTS_WITH_A_LABEL) {
            labelled.add(tenant);
            return tenant;
        }
        return "other";
    }

    void backlog(List<DeliveryStore.Backlog> rows) {
        Map<Tags, Double> counts = new java.util.HashMap<>();
        Map<Tags, Double> ages = new java.util.HashMap<>();
        for (DeliveryStore.Backlog b : rows) {
            Tags tags = Tags.of("subscription", b.subscription(), "tenant", label(b.tenant()));
            counts.merge(tags.and("state", b.state()), (double) b.count(), Double::sum);
            if (!b.state().equals("dead")) {
                ages.merge(tags, b.oldestSeconds(), Math::max);
            }
        }
        deliveries.register(
                counts.entrySet().stream()
                        .map(e -> MultiGauge.Row.of(e.getKey(), e.getValue()))
                        .toList(),
                true);
        lag.register(
                ages.entrySet().stream()
                        .map(e -> MultiGauge.Row.of(e.getKey(), e.getValue()))
                        .toList(),
                true);
    }
}
