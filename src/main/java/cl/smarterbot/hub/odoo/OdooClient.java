package cl.smarterbot.hub.odoo;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionHandler;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Everything that one component shares between its endpoints: threads, sessions, limits and upsert lanes. */
final class OdooClient implements AutoCloseable {
    private static final int FIRST_JSON2_VERSION = 19;
    private static final int MOST_SESSIONS = 1_000;
    private static final int HTTP_THREADS = 4;
    private static final int MOST_WORKERS = 256;
    /** A server may be upgraded under us, so what it is gets asked again after this time. */
    private static final long DETECTION_NANOS = TimeUnit.HOURS.toNanos(1);

    private static final String COMPANIES = "allowed_company_ids";

    private static final Pattern NUMBER = Pattern.compile("\\d+");
    private static final Pattern MODEL = Pattern.compile("[A-Za-z][A-Za-z0-9_]*(\\.[A-Za-z0-9_]+)*");
    private static final Pattern METHOD = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /**
     * What the server is, and as whom we are there.
     *
     * @param company the company that the user belongs to, asked once for connections that name none
     */
    record Server(String version, Wire wire, long since, Shared<Long> company) {
        Server(String version, Wire wire, long since) {
            this(version, wire, since, new Shared<>());
        }

        int major() {
            return OdooClient.major(version);
        }
    }

    private static final class Session {
        private final Shared<Server> server = new Shared<>();
    }

    private final ThreadPoolExecutor httpThreads;
    private final ThreadPoolExecutor workers;
    private final ScheduledThreadPoolExecutor timer;
    private final OdooHttp http;
    private final Exchanger exchanger;
    private final UpsertLanes lanes;
    private final Map<String, Session> sessions = new LinkedHashMap<>(16, 0.75f, true);

    OdooClient() {
        RejectedExecutionHandler inline = (task, pool) -> task.run();
        httpThreads = new ThreadPoolExecutor(
                HTTP_THREADS,
                HTTP_THREADS,
                30,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                named("odoo-http"),
                inline);
        httpThreads.allowCoreThreadTimeOut(true);
        // Runs the rest of the routes: grows with the exchanges in flight, since a route may block.
        workers = new ThreadPoolExecutor(
                0, MOST_WORKERS, 30, TimeUnit.SECONDS, new SynchronousQueue<>(), named("odoo-work"), inline);
        timer = new ScheduledThreadPoolExecutor(1, named("odoo-timer"));
        timer.setRemoveOnCancelPolicy(true);
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        http = new OdooHttp(httpThreads);
        exchanger = new Exchanger(http, httpThreads);
        lanes = new UpsertLanes(this::call, httpThreads, timer);
    }

    private static ThreadFactory named(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Where exchanges continue after an answer, so that a blocking route never holds the network's threads. */
    Executor workers() {
        return workers;
    }

    UpsertLanes lanes() {
        return lanes;
    }

    /** Runs one call. The future fails with an {@link OdooException} only, whose message names model and method. */
    CompletableFuture<Object> call(OdooConnection connection, OdooCall call, CallLimits limits) {
        if (!MODEL.matcher(call.model()).matches()
                || !METHOD.matcher(call.method()).matches()) {
            return CompletableFuture.failedFuture(OdooException.badRequest("model or method is not a valid name"));
        }
        Session session = session(connection);
        CompletableFuture<Server> server = server(session, connection, limits);
        return server.thenCompose(found -> execute(found, connection, call, limits))
                .handle((value, failure) -> {
                    if (failure == null) {
                        return CompletableFuture.completedFuture(value);
                    }
                    if (redetect(connection, server, failure)) {
                        session.server.discard(server);
                        return server(session, connection, limits)
                                .thenCompose(found -> execute(found, connection, call, limits));
                    }
                    return CompletableFuture.<Object>failedFuture(failure);
                })
                .thenCompose(Function.identity())
                .handle((value, failure) -> {
                    if (failure == null) {
                        return CompletableFuture.completedFuture(value);
                    }
                    return CompletableFuture.<Object>failedFuture(typed(failure).at(call.place(), connection.secret()));
                })
                .thenCompose(Function.identity());
    }

    /** A key that JSON-2 no longer takes may still be a password that XML-RPC does. */
    private static boolean redetect(OdooConnection connection, CompletableFuture<Server> server, Throwable failure) {
        return connection.transport() == OdooTransport.AUTO
                && server.isDone()
                && !server.isCompletedExceptionally()
                && server.join().wire().transport() == OdooTransport.JSON2
                && typed(failure).kind() == Kind.ACCESS_DENIED;
    }

    static OdooException typed(Throwable failure) {
        Throwable cause = Failures.unwrap(failure);
        return cause instanceof OdooException typed
                ? typed
                : new OdooException(
                        Kind.PROTOCOL,
                        false,
                        "the answer could not be handled (" + cause.getClass().getSimpleName() + ")",
                        null,
                        cause);
    }

    /** Without a company a user of several gets sums over them, so each call names one: the connection's, else the user's own. */
    private static CompletableFuture<Object> execute(
            Server server, OdooConnection connection, OdooCall call, CallLimits limits) {
        if (connection.companyId() != null) {
            return server.wire().execute(inCompany(connection.companyId(), call), limits);
        }
        if (call.context().containsKey(COMPANIES)) {
            return server.wire().execute(call, limits);
        }
        return company(server, limits).thenCompose(company -> server.wire().execute(inCompany(company, call), limits));
    }

    private static OdooCall inCompany(Long company, OdooCall call) {
        Map<String, Object> context = new LinkedHashMap<>(call.context());
        context.put(COMPANIES, List.of(company));
        return new OdooCall(call.model(), call.method(), call.ids(), call.arguments(), call.options(), context);
    }

    private static CompletableFuture<Long> company(Server server, CallLimits limits) {
        return server.company().get(() -> server.wire()
                .userId(limits)
                .thenCompose(user -> server.wire()
                        .execute(
                                new OdooCall(
                                        "res.users",
                                        "read",
                                        List.of(user),
                                        List.of(new OdooCall.Argument("fields", List.of("company_id"))),
                                        Map.of(),
                                        Map.of()),
                                limits))
                .thenApply(OdooClient::companyOf));
    }

    private static Long companyOf(Object answer) {
        List<Map<String, Object>> users = OdooValues.records(answer, "the user's own record");
        Object company = users.isEmpty() ? null : users.get(0).get("company_id");
        return OdooValues.id(
                company instanceof List<?> pair && !pair.isEmpty() ? pair.get(0) : company, "company_id of the user");
    }

    /** What the server is and which transport serves it; cached. */
    CompletableFuture<Server> server(OdooConnection connection, CallLimits limits) {
        return server(session(connection), connection, limits);
    }

    private CompletableFuture<Server> server(Session session, OdooConnection connection, CallLimits limits) {
        CompletableFuture<Server> known = session.server.get(() -> detect(connection, limits));
        if (known.isDone() && !known.isCompletedExceptionally()) {
            if (System.nanoTime() - known.join().since() > DETECTION_NANOS) {
                session.server.discard(known);
                return session.server.get(() -> detect(connection, limits));
            }
        }
        return known;
    }

    private CompletableFuture<Server> detect(OdooConnection connection, CallLimits limits) {
        XmlRpcWire xmlrpc = new XmlRpcWire(exchanger, connection);
        Json2Wire json2 = new Json2Wire(exchanger, connection);
        long now = System.nanoTime();
        switch (connection.transport()) {
            case XMLRPC -> {
                return CompletableFuture.completedFuture(new Server(null, xmlrpc, now));
            }
            case JSON2 -> {
                return CompletableFuture.completedFuture(new Server(null, json2, now));
            }
            default -> {
                return json2.version(limits).thenCompose(version -> {
                    if (version == null || major(version) < FIRST_JSON2_VERSION) {
                        return xmlrpc.version(limits).thenApply(text -> new Server(text, xmlrpc, now));
                    }
                    return json2.accepts(limits)
                            .thenApply(accepted -> new Server(version, accepted ? json2 : xmlrpc, now));
                });
            }
        }
    }

    /** The server's version, asked anew when the transport was chosen by hand and so nothing had to be detected. */
    CompletableFuture<Server> version(OdooConnection connection, CallLimits limits) {
        return server(connection, limits)
                .thenCompose(server -> {
                    if (server.version() != null) {
                        return CompletableFuture.completedFuture(server);
                    }
                    return new Json2Wire(exchanger, connection)
                            .version(limits)
                            .thenCompose(version -> version != null
                                    ? CompletableFuture.completedFuture(version)
                                    : new XmlRpcWire(exchanger, connection).version(limits))
                            .thenApply(version -> new Server(version, server.wire(), server.since(), server.company()));
                })
                .handle((server, failure) -> failure == null
                        ? CompletableFuture.completedFuture(server)
                        : CompletableFuture.<Server>failedFuture(typed(failure).at("version", connection.secret())))
                .thenCompose(Function.identity());
    }

    /** The first number of a version text: 18 for {@code 18.0}, {@code saas~18.2} and {@code 18.0+e-20260101}. */
    static int major(String version) {
        Matcher number = NUMBER.matcher(version == null ? "" : version);
        if (!number.find() || number.group().length() > 6) {
            throw OdooException.permanent(Kind.PROTOCOL, "the server's version is not a version");
        }
        return Integer.parseInt(number.group());
    }

    private Session session(OdooConnection connection) {
        synchronized (sessions) {
            Session session = sessions.computeIfAbsent(connection.workKey(), key -> new Session());
            if (sessions.size() > MOST_SESSIONS) {
                Iterator<Session> eldest = sessions.values().iterator();
                eldest.next();
                eldest.remove();
            }
            return session;
        }
    }

    /** Fails what waits and what is under way with a transient error, and ends the threads. */
    @Override
    public void close() {
        lanes.close();
        exchanger.close();
        http.close();
        timer.shutdownNow();
        httpThreads.shutdown();
        workers.shutdown();
    }
}
