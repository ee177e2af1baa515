package cl.smarterbot.hub.event;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import javax.sql.DataSource;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.namedparam.MapSqlParameterSource;
import org.springframework.jdbc.core.namedparam.NamedParameterJdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What an operator sees and does with the event log: lists, replays, backfills, pauses. Works across tenants, so its data source
 * is of the role {@code hub_ops}, which can read neither bodies nor contacts. Every change is audited in the transaction that
 * makes it. Thread-safe.
 *
 * <p>All methods throw {@link DataAccessException} when the database cannot be reached or refuses.
 */
public final class EventAdmin {

    /** Upper bound of one page of a list. */
    public static final int MAX_PAGE = 500;

    /** Upper bound of the deliveries made by one bulk replay or backfill. */
    public static final int MAX_BULK = 100_000;

    private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(30);

    /** SQL functions raise it for a subscription that they do not know. */
    private static final String UNKNOWN_SUBSCRIPTION = "HB404";

    /** {@code hub.retire_subscription} raises it for a subscription that a running node declares. */
    private static final String DECLARED_SUBSCRIPTION = "HB409";

    private final NamedParameterJdbcTemplate jdbc;
    private final TransactionTemplate write;
    private final TransactionTemplate snapshot;
    private final ObjectMapper json = new ObjectMapper();

    /** @param ops connections of the role {@code hub_ops} */
    public EventAdmin(DataSource ops) {
        JdbcTemplate template = new JdbcTemplate(ops);
        template.setQueryTimeout((int) STATEMENT_TIMEOUT.toSeconds());
        jdbc = new NamedParameterJdbcTemplate(template);
        DataSourceTransactionManager transactions = new DataSourceTransactionManager(ops);
        write = new TransactionTemplate(transactions);
        snapshot = new TransactionTemplate(transactions);
        snapshot.setReadOnly(true);
        snapshot.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
    }

    /** What was asked for does not exist. The message is safe to show. */
    public static final class NotFoundException extends RuntimeException {
        NotFoundException(String message) {
            super(message);
        }
    }

    /** What was asked for exists but cannot be done to it. The message is safe to show. */
    public static final class RefusedException extends RuntimeException {
        public RefusedException(String message) {
            super(message);
        }
    }

    /**
     * A route's durable interest and how it stands.
     *
     * @param active false once it was retired
     * @param lastDeclaredAt when a running node last said that one of its routes declares it; more than a minute ago: none does
     * @param deliveries unfinished and dead (not replayed) deliveries by state
     * @param doneLastDay deliveries done in the last 24 hours
     * @param oldestSeconds age of the oldest unfinished delivery, null when there is none
     */
    public record Subscription(
            String name,
            String pattern,
            boolean paused,
            boolean active,
            Instant lastDeclaredAt,
            Map<String, Long> deliveries,
            long doneLastDay,
            Double oldestSeconds) {}

    /** One committed event, without its body. */
    public record Event(
            UUID id,
            String tenant,
            String type,
            String source,
            String key,
            String correlationId,
            Instant occurredAt,
            Instant receivedAt) {}

    /**
     * Which events to list.
     *
     * @param tenant canonical RUT, null for all
     * @param type exact, or with {@code *} for any number of characters, null for all
     * @param since received at or after, null for all that are kept
     */
    public record EventFilter(String tenant, String type, Instant since) {}

    /** @param metadata the event's metadata as JSON text; it holds no personal data */
    public record EventDetail(Event event, @JsonRawValue String metadata, List<Delivery> deliveries) {}

    /** One event for one subscription. */
    public record Delivery(
            long id,
            String subscription,
            String state,
            int attempt,
            Instant nextAt,
            String lastError,
            String routeVersion,
            Long replayOf,
            Instant replayedAt,
            Instant createdAt,
            Instant finishedAt,
            List<Attempt> attempts) {}

    /** One run of a delivery. */
    public record Attempt(
            int attempt, String outcome, String error, String node, Integer durationMs, Instant finishedAt) {}

    /** A delivery that was given up and waits for a person. */
    public record Dead(
            long id,
            String subscription,
            String tenant,
            String type,
            String key,
            UUID eventId,
            int attempts,
            String reason,
            Instant createdAt,
            Instant finishedAt) {}

    /** Which dead deliveries to list; null means all. {@code since} is the time of death. */
    public record DeadFilter(String subscription, String tenant, Instant since) {}

    /** @param next cursor of the following page, null when this is the last */
    public record Page<T>(List<T> items, String next) {}

    /**
     * @param delivery id of the new delivery
     * @param already true when the delivery had been replayed before, and that replay is returned
     */
    public record Replay(long delivery, long replayOf, boolean already) {}

    /**
     * @param count deliveries made, or that would be made
     * @param more the limit was reached: the same call again takes the next ones
     */
    public record Bulk(int count, boolean more, boolean dryRun, Instant since) {}

    /**
     * Where the events received since a moment stand. An event is pending while any of its deliveries is unfinished, else dead
     * while any is dead and not replayed, else done; without a delivery it interested nobody.
     *
     * @param deliveries by state; the sum is {@code deliveryCount}
     * @param missing pairs of an event and an active, matching, older subscription without a delivery: must be 0 as long as
     *     {@code since} lies within the retention of deliveries
     */
    public record Balance(
            Instant since,
            String tenant,
            long events,
            long done,
            long dead,
            long pending,
            long withoutSubscriber,
            long deliveryCount,
            Map<String, Long> deliveries,
            long missing) {

        /** True when every event and every delivery is accounted for. */
        @JsonProperty
        public boolean balanced() {
            return events == done + dead + pending + withoutSubscriber
                    && deliveryCount
                            == deliveries.values().stream()
                                    .mapToLong(Long::longValue)
                                    .sum()
                    && missing == 0;
        }
    }

    /** One line of the audit trail. */
    public record Audit(
            long id,
            Instant at,
            String actor,
            String action,
            String tenant,
            @JsonRawValue String detail) {}

    /** All subscriptions, by name. */
    public List<Subscription> subscriptions() {
        return snapshot.execute(status -> {
            Map<String, Map<String, Long>> counts = new LinkedHashMap<>();
            Map<String, Double> oldest = new LinkedHashMap<>();
            jdbc.query(
                    "select subscription, state, sum(n) as n, max(oldest_s) as oldest from hub.backlog() group by 1, 2",
                    rs -> {
                        String name = rs.getString("subscription");
                        counts.computeIfAbsent(name, n -> new LinkedHashMap<>())
                                .put(rs.getString("state"), rs.getLong("n"));
                        if (!"dead".equals(rs.getString("state"))) {
                            oldest.merge(name, rs.getDouble("oldest"), Math::max);
                        }
                    });
            Map<String, Long> done = new LinkedHashMap<>();
            jdbc.query(
                    "select subscription, count(*) as n from hub.delivery"
                            + " where state = 'done' and finished_at >= now() - interval '1 day' group by 1",
                    rs -> {
                        done.put(rs.getString("subscription"), rs.getLong("n"));
                    });
            String all = "select name, pattern, paused, active, last_declared_at from hub.subscription order by name";
            return jdbc.query(all, (rs, row) -> {
                String name = rs.getString("name");
                return new Subscription(
                        name,
                        rs.getString("pattern"),
                        rs.getBoolean("paused"),
                        rs.getBoolean("active"),
                        instant(rs, "last_declared_at"),
                        states(counts.getOrDefault(name, Map.of()), List.of("pending", "leased", "retry", "dead")),
                        done.getOrDefault(name, 0L),
                        oldest.get(name));
            });
        });
    }

    /**
     * Events, newest first.
     *
     * @param limit 1 to {@link #MAX_PAGE}
     * @param cursor {@link Page#next} of the page before, null for the first
     * @throws IllegalArgumentException for a limit out of bounds or a cursor that is none
     */
    public Page<Event> events(EventFilter filter, int limit, String cursor) {
        checkPage(limit);
        StringBuilder sql = new StringBuilder("select " + EVENT + " from public.events e where true");
        MapSqlParameterSource parameters = new MapSqlParameterSource("limit", limit + 1);
        if (filter.tenant() != null) {
            sql.append(" and e.tenant_rut = :tenant");
            parameters.addValue("tenant", filter.tenant());
        }
        if (filter.type() != null) {
            sql.append(" and hub.type_matches(e.type, :type)");
            parameters.addValue("type", filter.type());
        }
        if (filter.since() != null) {
            sql.append(" and e.id >= :floor and e.received_at >= :since");
            parameters.addValue("floor", floor(filter.since())).addValue("since", at(filter.since()));
        }
        if (cursor != null) {
            sql.append(" and e.id < :cursor");
            parameters.addValue("cursor", UUID.fromString(cursor));
        }
        sql.append(" order by e.id desc limit :limit");
        return page(jdbc.query(sql.toString(), parameters, (rs, row) -> event(rs)), limit, event -> event.id()
                .toString());
    }

    /**
     * One event with its deliveries and attempts.
     *
     * @throws NotFoundException when there is no such event
     */
    public EventDetail event(UUID id) {
        Objects.requireNonNull(id, "id");
        return snapshot.execute(status -> {
            Map<String, Object> parameters = Map.of("id", id);
            Map<Long, List<Attempt>> attempts = new LinkedHashMap<>();
            jdbc.query(
                    "select a.* from hub.attempt a join hub.delivery d on d.id = a.delivery_id where d.event_id = :id"
                            + " order by a.delivery_id, a.finished_at, a.attempt",
                    parameters,
                    rs -> {
                        attempts.computeIfAbsent(rs.getLong("delivery_id"), d -> new ArrayList<>())
                                .add(new Attempt(
                                        rs.getInt("attempt"),
                                        rs.getString("outcome"),
                                        rs.getString("error"),
                                        rs.getString("node"),
                                        rs.getObject("duration_ms", Integer.class),
                                        instant(rs, "finished_at")));
                    });
            List<Delivery> deliveries = jdbc.query(
                    "select * from hub.delivery where event_id = :id order by id",
                    parameters,
                    (rs, row) -> new Delivery(
                            rs.getLong("id"),
                            rs.getString("subscription"),
                            rs.getString("state"),
                            rs.getInt("attempt"),
                            instant(rs, "next_at"),
                            rs.getString("last_error"),
                            rs.getString("route_version"),
                            rs.getObject("replay_of", Long.class),
                            instant(rs, "replayed_at"),
                            instant(rs, "created_at"),
                            instant(rs, "finished_at"),
                            attempts.getOrDefault(rs.getLong("id"), List.of())));
            return jdbc
                    .query(
                            "select " + EVENT + ", e.metadata::text as metadata from public.events e where e.id = :id",
                            parameters,
                            (rs, row) -> new EventDetail(event(rs), rs.getString("metadata"), deliveries))
                    .stream()
                    .findFirst()
                    .orElseThrow(() -> new NotFoundException("There is no event " + id + "."));
        });
    }

    /**
     * Dead deliveries that nobody has replayed yet, latest first.
     *
     * @param limit 1 to {@link #MAX_PAGE}
     * @param cursor {@link Page#next} of the page before, null for the first
     * @throws IllegalArgumentException for a limit out of bounds or a cursor that is none
     */
    public Page<Dead> dead(DeadFilter filter, int limit, String cursor) {
        checkPage(limit);
        StringBuilder sql =
                new StringBuilder("select d.id, d.subscription, d.tenant_rut, e.type, d.event_key, d.event_id,"
                        + " d.attempt, d.last_error, d.created_at, d.finished_at"
                        + " from hub.delivery d left join public.events e on e.id = d.event_id"
                        + " where d.state = 'dead' and d.replayed_at is null");
        MapSqlParameterSource parameters = new MapSqlParameterSource("limit", limit + 1);
        if (filter.subscription() != null) {
            sql.append(" and d.subscription = :subscription");
            parameters.addValue("subscription", filter.subscription());
        }
        if (filter.tenant() != null) {
            sql.append(" and d.tenant_rut = :tenant");
            parameters.addValue("tenant", filter.tenant());
        }
        if (filter.since() != null) {
            sql.append(" and d.finished_at >= :since");
            parameters.addValue("since", at(filter.since()));
        }
        if (cursor != null) {
            sql.append(" and d.id < :cursor");
            parameters.addValue("cursor", Long.parseLong(cursor));
        }
        sql.append(" order by d.id desc limit :limit");
        List<Dead> rows = jdbc.query(
                sql.toString(),
                parameters,
                (rs, row) -> new Dead(
                        rs.getLong("id"),
                        rs.getString("subscription"),
                        rs.getString("tenant_rut"),
                        rs.getString("type"),
                        rs.getString("event_key"),
                        rs.getObject("event_id", UUID.class),
                        rs.getInt("attempt"),
                        rs.getString("last_error"),
                        instant(rs, "created_at"),
                        instant(rs, "finished_at")));
        return page(rows, limit, dead -> Long.toString(dead.id()));
    }

    /**
     * Runs a finished delivery once more. A delivery that was replayed before is not replayed again: the earlier replay is
     * returned, and to run it once more is to replay that one.
     *
     * @param actor who asks, for the audit trail
     * @throws NotFoundException when there is no such delivery
     * @throws RefusedException when it is not finished, or the body of its event is past its retention
     */
    public Replay replay(String actor, long delivery) {
        return write.execute(status -> {
            lockReplays();
            Map<String, Object> old = jdbc
                    .queryForList(
                            "select d.tenant_rut, d.state, d.replayed_at is not null as replayed,"
                                    + " (select min(r.id) from hub.delivery r"
                                    + "   where r.event_id = d.event_id and r.replay_of = d.id) as replay"
                                    + " from hub.delivery d where d.id = :id",
                            Map.of("id", delivery))
                    .stream()
                    .findFirst()
                    .orElseThrow(() -> new NotFoundException("There is no delivery " + delivery + "."));
            if (!List.of("done", "dead").contains(old.get("state"))) {
                throw new RefusedException("Delivery " + delivery + " is " + old.get("state") + ", not finished.");
            }
            if (old.get("replay") instanceof Long earlier) {
                return new Replay(earlier, delivery, true);
            }
            Long made = jdbc.queryForObject("select hub.replay(:id)", Map.of("id", delivery), Long.class);
            if (made == null) {
                throw new RefusedException("The body of the event of delivery " + delivery
                        + " is past its retention: it cannot run again.");
            }
            audit(actor, "replay", (String) old.get("tenant_rut"), Map.of("delivery", delivery, "made", made));
            return new Replay(made, delivery, false);
        });
    }

    /**
     * Runs what is dead and was not replayed once more, oldest first.
     *
     * @param subscription null for all
     * @param tenant canonical RUT, null for all
     * @param since time of death
     * @param limit 1 to {@link #MAX_BULK}
     * @param dryRun only count
     * @throws NotFoundException when the subscription or the tenant is unknown
     */
    public Bulk replayDead(String actor, String subscription, String tenant, Instant since, int limit, boolean dryRun) {
        checkBulk(limit);
        return write.execute(status -> {
            requireKnown(subscription, tenant);
            int count = bulk(
                    "select hub.replay_dead(:subscription, :tenant, :since, :limit, :dry)",
                    subscription,
                    tenant,
                    since,
                    limit,
                    dryRun);
            if (!dryRun) {
                audit(actor, "replay-dead", tenant, bulkDetail(subscription, since, limit, count));
            }
            return new Bulk(count, count >= limit, dryRun, since);
        });
    }

    /**
     * Makes deliveries for a subscription from events that it has none of, oldest first. Doing it twice makes no second delivery.
     *
     * @param tenant canonical RUT, null for all
     * @param since received at or after
     * @param limit 1 to {@link #MAX_BULK}
     * @param dryRun only count
     * @throws NotFoundException when the subscription or the tenant is unknown
     */
    public Bulk backfill(String actor, String subscription, String tenant, Instant since, int limit, boolean dryRun) {
        Objects.requireNonNull(subscription, "subscription");
        checkBulk(limit);
        return write.execute(status -> {
            requireKnown(subscription, tenant);
            int count;
            try {
                count = bulk(
                        "select hub.backfill(:subscription, :tenant, :since, :limit, :dry)",
                        subscription,
                        tenant,
                        since,
                        limit,
                        dryRun);
            } catch (DataAccessException e) {
                if (UNKNOWN_SUBSCRIPTION.equals(sqlState(e))) {
                    throw unknownSubscription(subscription);
                }
                throw e;
            }
            if (!dryRun) {
                audit(actor, "backfill", tenant, bulkDetail(subscription, since, limit, count));
            }
            return new Bulk(count, count >= limit, dryRun, since);
        });
    }

    /**
     * Stops the delivery of new events to a subscription. What is running ends; what comes in waits.
     *
     * @throws NotFoundException when the subscription is unknown
     */
    public void pause(String actor, String subscription) {
        setPaused(actor, subscription, true);
    }

    /**
     * Takes delivery up again, from where it stood.
     *
     * @throws NotFoundException when the subscription is unknown
     */
    public void resume(String actor, String subscription) {
        setPaused(actor, subscription, false);
    }

    /**
     * Where the events received since a moment stand.
     *
     * @param tenant canonical RUT, null for all
     */
    public Balance balance(String tenant, Instant since) {
        MapSqlParameterSource parameters = new MapSqlParameterSource("floor", floor(since))
                .addValue("since", at(since))
                .addValue("tenant", tenant);
        String fence = tenant == null ? "" : " and tenant_rut = :tenant";
        // One statement, so that one snapshot counts everything.
        return jdbc.queryForObject(
                "with ev as materialized (select id, type, received_at from public.events"
                        + " where id >= :floor and received_at >= :since" + fence + "),"
                        + " del as materialized (select d.event_id, d.subscription, d.state, d.replayed_at from hub.delivery d"
                        + " join ev on ev.id = d.event_id),"
                        + " per as (select ev.id, count(del.event_id) as n,"
                        + " count(*) filter (where del.state in ('pending', 'leased', 'retry')) as unfinished,"
                        + " count(*) filter (where del.state = 'dead' and del.replayed_at is null) as dead"
                        + " from ev left join del on del.event_id = ev.id group by ev.id)"
                        + " select (select count(*) from ev) as events,"
                        + " (select count(*) from per where n = 0) as nobody,"
                        + " (select count(*) from per where unfinished > 0) as pending_events,"
                        + " (select count(*) from per where unfinished = 0 and dead > 0) as dead_events,"
                        + " (select count(*) from per where n > 0 and unfinished = 0 and dead = 0) as done_events,"
                        + " (select count(*) from del) as deliveries,"
                        + " (select count(*) from del where state = 'pending') as pending,"
                        + " (select count(*) from del where state = 'leased') as leased,"
                        + " (select count(*) from del where state = 'retry') as retry,"
                        + " (select count(*) from del where state = 'done') as done,"
                        + " (select count(*) from del where state = 'dead') as dead,"
                        + " (select count(*) from ev join hub.subscription s on s.active and s.updated_at < ev.received_at"
                        + " and hub.type_matches(ev.type, s.pattern) where not exists (select from del"
                        + " where del.event_id = ev.id and del.subscription = s.name)) as missing",
                parameters,
                (rs, row) -> {
                    Map<String, Long> deliveries = new LinkedHashMap<>();
                    for (String state : List.of("pending", "leased", "retry", "done", "dead")) {
                        deliveries.put(state, rs.getLong(state));
                    }
                    return new Balance(
                            since,
                            tenant,
                            rs.getLong("events"),
                            rs.getLong("done_events"),
                            rs.getLong("dead_events"),
                            rs.getLong("pending_events"),
                            rs.getLong("nobody"),
                            rs.getLong("deliveries"),
                            deliveries,
                            rs.getLong("missing"));
                });
    }

    /**
     * The audit trail, latest first.
     *
     * @param tenant canonical RUT, null for all
     * @param limit 1 to {@link #MAX_PAGE}
     * @param cursor {@link Page#next} of the page before, null for the first
     * @throws IllegalArgumentException for a limit out of bounds or a cursor that is none
     */
    public Page<Audit> audit(String tenant, int limit, String cursor) {
        checkPage(limit);
        StringBuilder sql = new StringBuilder("select a.*, a.detail::text as detail_text from hub.audit a where true");
        MapSqlParameterSource parameters = new MapSqlParameterSource("limit", limit + 1);
        if (tenant != null) {
            sql.append(" and a.tenant_rut = :tenant");
            parameters.addValue("tenant", tenant);
        }
        if (cursor != null) {
            sql.append(" and a.id < :cursor");
            parameters.addValue("cursor", Long.parseLong(cursor));
        }
        sql.append(" order by a.id desc limit :limit");
        List<Audit> rows = jdbc.query(
                sql.toString(),
                parameters,
                (rs, row) -> new Audit(
                        rs.getLong("id"),
                        instant(rs, "at"),
                        rs.getString("actor"),
                        rs.getString("action"),
                        rs.getString("tenant_rut"),
                        rs.getString("detail_text")));
        return page(rows, limit, line -> Long.toString(line.id()));
    }

    /**
     * Writes a line of the audit trail for a change that is made elsewhere.
     *
     * @param tenant canonical RUT, null when it concerns none
     * @param detail without any secret
     */
    public void record(String actor, String action, String tenant, Map<String, ?> detail) {
        audit(actor, action, tenant, detail);
    }

    /** @param count waiting deliveries ended as dead, or that would be; with {@code more}, the same call again takes the next */
    public record Retired(String subscription, int count, boolean more, boolean dryRun) {}

    /**
     * Ends a subscription that no route declares any more: it gets no new deliveries, and those that wait become dead. A route
     * that declares it again revives it.
     *
     * @param limit 1 to {@link #MAX_BULK}
     * @param dryRun only count
     * @throws NotFoundException when the subscription is unknown
     * @throws RefusedException while a running node declares it, or did within the last two minutes
     */
    public Retired retire(String actor, String subscription, int limit, boolean dryRun) {
        Objects.requireNonNull(subscription, "subscription");
        checkBulk(limit);
        return write.execute(status -> {
            Integer count;
            try {
                count = jdbc.queryForObject(
                        "select hub.retire_subscription(:name, :limit, :dry)",
                        Map.of("name", subscription, "limit", limit, "dry", dryRun),
                        Integer.class);
            } catch (DataAccessException e) {
                if (UNKNOWN_SUBSCRIPTION.equals(sqlState(e))) {
                    throw unknownSubscription(subscription);
                }
                if (DECLARED_SUBSCRIPTION.equals(sqlState(e))) {
                    throw new RefusedException(
                            "A running hub has a route that declares the subscription " + subscription
                                    + ", or had one within the last two minutes. Remove or stop the route first.");
                }
                throw e;
            }
            int ended = count == null ? 0 : count;
            if (!dryRun) {
                audit(actor, "retire", null, Map.of("subscription", subscription, "limit", limit, "count", ended));
            }
            return new Retired(subscription, ended, ended >= limit, dryRun);
        });
    }

    private void setPaused(String actor, String subscription, boolean paused) {
        Objects.requireNonNull(subscription, "subscription");
        write.executeWithoutResult(status -> {
            Boolean found = jdbc.queryForObject(
                    "select hub.set_paused(:name, :paused)",
                    Map.of("name", subscription, "paused", paused),
                    Boolean.class);
            if (!Boolean.TRUE.equals(found)) {
                throw unknownSubscription(subscription);
            }
            audit(actor, paused ? "pause" : "resume", null, Map.of("subscription", subscription));
        });
    }

    private static String sqlState(DataAccessException e) {
        return e.getMostSpecificCause() instanceof SQLException sql ? sql.getSQLState() : null;
    }

    private int bulk(String sql, String subscription, String tenant, Instant since, int limit, boolean dryRun) {
        Objects.requireNonNull(since, "since");
        if (!dryRun) {
            lockReplays();
        }
        MapSqlParameterSource parameters = new MapSqlParameterSource("subscription", subscription)
                .addValue("tenant", tenant)
                .addValue("since", at(since))
                .addValue("limit", limit)
                .addValue("dry", dryRun);
        Integer count = jdbc.queryForObject(sql, parameters, Integer.class);
        return count == null ? 0 : count;
    }

    /** Two operators at once, or one who is impatient, must not make two deliveries out of one. */
    private void lockReplays() {
        jdbc.query("select pg_advisory_xact_lock(hashtextextended('hub.replay', 0))", rs -> {});
    }

    private void requireKnown(String subscription, String tenant) {
        if (subscription != null && !exists("hub.subscription where name = :value", subscription)) {
            throw unknownSubscription(subscription);
        }
        if (tenant != null && !exists("public.tenants where rut = :value", tenant)) {
            throw new NotFoundException("There is no tenant " + tenant + ".");
        }
    }

    private boolean exists(String from, String value) {
        return Boolean.TRUE.equals(
                jdbc.queryForObject("select exists (select from " + from + ")", Map.of("value", value), Boolean.class));
    }

    private void audit(String actor, String action, String tenant, Map<String, ?> detail) {
        String text;
        try {
            text = json.writeValueAsString(detail);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("audit detail of " + action + " is not JSON", e);
        }
        jdbc.update(
                "insert into hub.audit (actor, action, tenant_rut, detail) values (:actor, :action, :tenant, :detail::jsonb)",
                new MapSqlParameterSource("actor", Objects.requireNonNull(actor, "actor"))
                        .addValue("action", action)
                        .addValue("tenant", tenant)
                        .addValue("detail", text));
    }

    private static Map<String, Object> bulkDetail(String subscription, Instant since, int limit, int count) {
        Map<String, Object> detail = new LinkedHashMap<>();
        detail.put("subscription", subscription);
        detail.put("since", since.toString());
        detail.put("limit", limit);
        detail.put("count", count);
        return detail;
    }

    private static NotFoundException unknownSubscription(String name) {
        return new NotFoundException("There is no subscription " + name + ".");
    }

    private static final String EVENT =
            "e.id, e.tenant_rut, e.type, e.source, e.event_key, e.correlation_id, e.occurred_at, e.received_at";

    private static Event event(ResultSet rs) throws SQLException {
        return new Event(
                rs.getObject("id", UUID.class),
                rs.getString("tenant_rut"),
                rs.getString("type"),
                rs.getString("source"),
                rs.getString("event_key"),
                rs.getString("correlation_id"),
                instant(rs, "occurred_at"),
                instant(rs, "received_at"));
    }

    private static Map<String, Long> states(Map<String, Long> counts, List<String> names) {
        Map<String, Long> all = new LinkedHashMap<>();
        names.forEach(name -> all.put(name, counts.getOrDefault(name, 0L)));
        return all;
    }

    private static <T> Page<T> page(List<T> rows, int limit, Function<T, String> cursor) {
        if (rows.size() <= limit) {
            return new Page<>(rows, null);
        }
        List<T> items = List.copyOf(rows.subList(0, limit));
        return new Page<>(items, cursor.apply(items.get(limit - 1)));
    }

    private static void checkPage(int limit) {
        if (limit < 1 || limit > MAX_PAGE) {
            throw new IllegalArgumentException("limit must be 1 to " + MAX_PAGE);
        }
    }

    private static void checkBulk(int limit) {
        if (limit < 1 || limit > MAX_BULK) {
            throw new IllegalArgumentException("limit must be 1 to " + MAX_BULK);
        }
    }

    /** Lower bound of the UUIDv7 ids of a day before, so that a node's wrong clock hides nothing (RFC 9562 section 5.7). */
    private static UUID floor(Instant since) {
        long millis = Math.max(0, since.minus(Duration.ofDays(1)).toEpochMilli());
        return new UUID(millis << 16, 0);
    }

    private static OffsetDateTime at(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }

    private static Instant instant(ResultSet rs, String column) throws SQLException {
        OffsetDateTime value = rs.getObject(column, OffsetDateTime.class);
        return value == null ? null : value.toInstant();
    }
}
