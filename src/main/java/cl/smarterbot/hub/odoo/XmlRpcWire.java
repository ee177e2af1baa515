package cl.smarterbot.hub.odoo;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** XML-RPC on {@code /xmlrpc/2}: log in once for a user id, then send id and secret with every call. */
final class XmlRpcWire implements Wire {
    private static final Map<String, String> HEADERS =
            OdooHttp.headers("Content-Type", "text/xml; charset=utf-8", "User-Agent", "camel-odoo");

    private final Exchanger exchanger;
    private final OdooConnection connection;
    private final URI common;
    private final URI object;
    private final Shared<Long> login = new Shared<>();

    XmlRpcWire(Exchanger exchanger, OdooConnection connection) {
        this.exchanger = exchanger;
        this.connection = connection;
        common = URI.create(connection.url() + "/xmlrpc/2/common");
        object = URI.create(connection.url() + "/xmlrpc/2/object");
    }

    @Override
    public OdooTransport transport() {
        return OdooTransport.XMLRPC;
    }

    /** The server's version text, such as {@code 18.0}; needs no login. */
    CompletableFuture<String> version(CallLimits limits) {
        return post(
                common,
                XmlRpcWriter.call("version", List.of()),
                null,
                limits,
                value -> String.valueOf(OdooValues.map(value, "the version").get("server_version")));
    }

    @Override
    public CompletableFuture<Object> execute(OdooCall call, CallLimits limits) {
        CompletableFuture<Long> uid = login(limits);
        return uid.thenCompose(id -> execute(id, call, limits))
                .handle((value, failure) -> {
                    if (failure != null && denied(failure) && !uid.isCompletedExceptionally()) {
                        // The user id may be from before a change on the server: log in again, once.
                        login.discard(uid);
                        return login(limits).thenCompose(id -> execute(id, call, limits));
                    }
                    return failure == null
                            ? CompletableFuture.completedFuture(value)
                            : CompletableFuture.<Object>failedFuture(failure);
                })
                .thenCompose(Function.identity());
    }

    private static boolean denied(Throwable failure) {
        return Failures.unwrap(failure) instanceof OdooException typed && typed.kind() == Kind.ACCESS_DENIED;
    }

    @Override
    public CompletableFuture<Long> userId(CallLimits limits) {
        return login(limits);
    }

    private CompletableFuture<Long> login(CallLimits limits) {
        return login.get(() -> {
            if (blank(connection.db()) || blank(connection.user())) {
                throw OdooException.badRequest("XML-RPC needs the db and the user of the connection");
            }
            List<Object> parameters = new ArrayList<>();
            parameters.add(connection.db());
            parameters.add(connection.user());
            parameters.add(connection.secret());
            parameters.add(Map.of());
            return post(common, XmlRpcWriter.call("authenticate", parameters), null, limits, value -> {
                if (value instanceof Long uid && uid > 0) {
                    return uid;
                }
                if (Boolean.FALSE.equals(value)) {
                    throw OdooException.permanent(
                            Kind.ACCESS_DENIED, "Odoo refused the login: wrong user, password or API key");
                }
                throw OdooException.permanent(Kind.PROTOCOL, "the answer to the login is no user id");
            });
        });
    }

    private CompletableFuture<Object> execute(long uid, OdooCall call, CallLimits limits) {
        List<Object> positional = new ArrayList<>();
        if (call.ids() != null) {
            positional.add(call.ids());
        }
        call.arguments().forEach(argument -> positional.add(argument.value()));
        Map<String, Object> named = new LinkedHashMap<>(call.options());
        named.put("context", call.context());
        List<Object> parameters = new ArrayList<>();
        parameters.add(connection.db());
        parameters.add(uid);
        parameters.add(connection.secret());
        parameters.add(call.model());
        parameters.add(call.method());
        parameters.add(positional);
        parameters.add(named);
        return post(object, XmlRpcWriter.call("execute_kw", parameters), call.model(), limits, Function.identity());
    }

    private <T> CompletableFuture<T> post(
            URI service, String body, String model, CallLimits limits, Function<Object, T> decode) {
        OdooHttp.Request request = OdooHttp.Request.post(service, HEADERS, body.getBytes(StandardCharsets.UTF_8));
        return exchanger.send(connection, request, limits, answer -> decode.apply(decode(answer, model)));
    }

    static Object decode(OdooHttp.Answer answer, String model) {
        if (answer.status() != 200) {
            throw Failures.ofStatus(answer.status(), answer.retryAfter());
        }
        XmlRpcReader.Answer read = XmlRpcReader.read(answer.body());
        if (read.fault() == null) {
            return read.value();
        }
        if (Failures.meansNull(read.fault())) {
            return null;
        }
        throw Failures.of(read.fault(), model);
    }

    private static boolean blank(String text) {
        return text == null || text.isBlank();
    }
}
