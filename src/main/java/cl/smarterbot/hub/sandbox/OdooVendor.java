package cl.smarterbot.hub.sandbox;

import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The sandbox's Odoo: database {@code demo} with two companies, over XML-RPC, JSON-RPC and, from version 19 on, JSON-2.
 * Thread-safe: one lock around each call, so that calls are serial as transactions seem to be.
 */
final class OdooVendor implements SandboxVendor {
    private static final String JSON = "application/json";

    private final OdooMethods methods = new OdooMethods();
    private final ReentrantLock lock = new ReentrantLock();
    private final Clock clock;
    private final Map<String, Long> calls = new TreeMap<>();
    /** Records that were read out, by model. */
    private final Map<String, Long> told = new TreeMap<>();

    private OdooStore store;
    private LocalDateTime last = LocalDateTime.MIN;
    private volatile int version = 19;

    OdooVendor(Clock clock) {
        this.clock = clock;
        reset();
    }

    void version(int major) {
        version = major;
    }

    int version() {
        return version;
    }

    @Override
    public String name() {
        return "odoo";
    }

    @Override
    public boolean owns(String path) {
        return path.startsWith("/xmlrpc/")
                || path.equals("/jsonrpc")
                || path.startsWith("/json/2")
                || path.startsWith("/web/");
    }

    /** Back to the seed data; the version stays. */
    @Override
    public void reset() {
        locked(() -> {
            OdooStore fresh = new OdooStore();
            OdooModels.define(fresh);
            OdooSeed.fill(new OdooEnv(fresh, OdooSeed.ADMIN, Map.of(), version, now()));
            fresh.begin();
            store = fresh;
            calls.clear();
            told.clear();
            return null;
        });
    }

    private <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /** Strictly increasing, so that no two transactions carry one stamp. */
    private LocalDateTime now() {
        LocalDateTime time = OdooStore.micros(LocalDateTime.ofInstant(Instant.now(clock), ZoneOffset.UTC));
        last = time.isAfter(last) ? time : last.plusNanos(1000);
        return last;
    }

    @Override
    public SandboxCall open(SandboxRequest request) {
        String path = request.path();
        if (path.startsWith("/xmlrpc/")) {
            return xmlRpc(request);
        }
        if (path.equals("/jsonrpc")) {
            return jsonRpc(request);
        }
        if (path.startsWith("/json/2")) {
            return version >= 19 ? json2(request) : SandboxCall.of(OdooVendor::notFound);
        }
        return SandboxCall.of(() -> web(request));
    }

    private static SandboxAnswer notFound() {
        return SandboxAnswer.html(
                404,
                "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not"
                        + " found on the server. If you entered the URL manually please check your spelling and try"
                        + " again.</p>\n");
    }

    private SandboxAnswer web(SandboxRequest request) {
        switch (request.path()) {
            case "/web/version":
                if (version >= 19) {
                    Map<String, Object> body = new LinkedHashMap<>();
                    body.put("version_info", versionInfo());
                    body.put("version", version + ".0");
                    return SandboxAnswer.json(200, body);
                }
                return notFound();
            case "/web/webclient/version_info":
                if (!request.method().equals("POST") || !isJson(request)) {
                    return wrongType("/web/webclient/version_info");
                }
                return rpc(null, "result", versions());
            case "/web/health":
                return SandboxAnswer.json(200, Map.of("status", "pass"));
            default:
                return notFound();
        }
    }

    private List<Object> versionInfo() {
        return List.of(version, 0, 0, "final", 0, "");
    }

    private Map<String, Object> versions() {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("server_version", version + ".0");
        body.put("server_version_info", versionInfo());
        body.put("server_serie", version + ".0");
        body.put("protocol_version", 1);
        return body;
    }

    // XML-RPC

    private SandboxCall xmlRpc(SandboxRequest request) {
        if (!request.method().equals("POST")) {
            return SandboxCall.of(() -> SandboxAnswer.html(
                            405,
                            "<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n<h1>Method Not"
                                    + " Allowed</h1>\n<p>The method is not allowed for the requested URL.</p>\n")
                    .with("Allow", "POST, OPTIONS"));
        }
        String rest = request.path().substring("/xmlrpc/".length());
        String service = rest.startsWith("2/") ? rest.substring(2) : rest;
        String name = service.endsWith("/") ? service.substring(0, service.length() - 1) : service;
        try {
            XmlRpc.Call call = XmlRpc.read(request.body());
            List<Object> params = call.params();
            return new SandboxCall(
                    part(params, 3),
                    method(call.method(), params),
                    company(params),
                    () -> xml(() -> serve(name, call.method(), params)));
        } catch (OdooFault fault) {
            return SandboxCall.of(() -> xml(() -> {
                throw fault;
            }));
        }
    }

    private static SandboxAnswer xml(Supplier<Object> work) {
        byte[] body;
        try {
            body = XmlRpc.response(work.get());
        } catch (OdooFault fault) {
            body = XmlRpc.fault(fault.kind.faultCode, fault.faultString());
        }
        return SandboxAnswer.of(200, "text/xml; charset=utf-8", body).with("X-Content-Type-Options", "nosniff");
    }

    private static String part(List<?> params, int at) {
        return params.size() > at && params.get(at) instanceof String text ? text : null;
    }

    private static String method(String rpc, List<?> params) {
        return params.size() > 4 && rpc.startsWith("execute") ? part(params, 4) : rpc;
    }

    private static Integer company(List<?> params) {
        if (params.size() > 6
                && params.get(6) instanceof Map<?, ?> named
                && named.get("context") instanceof Map<?, ?> context) {
            Integer first = firstCompany(context);
            if (first != null) {
                return first;
            }
        }
        OdooUser user = params.size() > 1 ? user(params.get(1)) : null;
        return user == null ? null : user.companies().get(0);
    }

    private static Integer firstCompany(Map<?, ?> context) {
        return context.get("allowed_company_ids") instanceof List<?> list
                        && !list.isEmpty()
                        && list.get(0) instanceof Integer id
                ? id
                : null;
    }

    private static OdooUser user(Object uidOrLogin) {
        for (OdooUser user : OdooSeed.USERS) {
            if (uidOrLogin instanceof Integer uid && uid == user.id()
                    || user.login().equals(uidOrLogin)) {
                return user;
            }
        }
        return null;
    }

    // Services shared by XML-RPC and JSON-RPC

    private Object serve(String service, String method, List<?> params) {
        return switch (service) {
            case "common" -> common(method, params);
            case "object" -> object(method, params);
            default -> throw OdooFault.error("KeyError", OdooValues.repr(service));
        };
    }

    private Object common(String method, List<?> params) {
        switch (method) {
            case "version":
                return versions();
            case "about":
                return "Sandbox of Odoo " + version + ".0";
            case "login":
                arity("exp_login", params, List.of("db", "login", "password"));
                return authenticate(params);
            case "authenticate":
                arity("exp_authenticate", params, List.of("db", "login", "password", "user_agent_env"));
                return authenticate(params);
            default:
                throw OdooFault.error("Exception", "Method not found: " + method);
        }
    }

    private static void arity(String name, List<?> params, List<String> wanted) {
        if (params.size() < wanted.size()) {
            throw OdooFault.error(
                    "TypeError",
                    name + "() missing " + (wanted.size() - params.size()) + " required positional argument"
                            + (wanted.size() - params.size() > 1 ? "s" : "") + ": "
                            + String.join(
                                    " and ",
                                    wanted.subList(params.size(), wanted.size()).stream()
                                            .map(OdooValues::repr)
                                            .toList()));
        }
        if (params.size() > wanted.size()) {
            throw OdooFault.error(
                    "TypeError",
                    name + "() takes " + wanted.size() + " positional arguments but " + params.size() + " were given");
        }
    }

    private Object authenticate(List<?> params) {
        database(params.get(0));
        count("common", "authenticate");
        OdooUser user = params.get(1) instanceof String login ? user(login) : null;
        return user != null && user.accepts(params.get(2)) ? user.id() : (Object) false;
    }

    private static void database(Object name) {
        if (!OdooSeed.DATABASE.equals(name)) {
            throw OdooFault.error(
                    "psycopg2.OperationalError",
                    "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database \"" + name
                            + "\" does not exist\n",
                    "KeyError: " + OdooValues.repr(name));
        }
    }

    private Object object(String method, List<?> params) {
        boolean keywords = method.equals("execute_kw");
        if (!keywords && !method.equals("execute")) {
            throw OdooFault.error("NameError", "Method not available " + method);
        }
        arity(
                method,
                params.subList(0, Math.min(params.size(), 5)),
                List.of("db", "uid", "password", "model", "method"));
        database(params.get(0));
        OdooUser user = params.get(1) instanceof Integer uid ? user(uid) : null;
        if (user == null || !user.accepts(params.get(2))) {
            throw OdooFault.of(OdooFault.Kind.DENIED, "Access Denied");
        }
        List<?> positional = keywords
                ? params.size() > 5 && params.get(5) instanceof List<?> list ? list : List.of()
                : params.subList(5, params.size());
        Map<?, ?> named = keywords && params.size() > 6 && params.get(6) instanceof Map<?, ?> map ? map : Map.of();
        String model = String.valueOf(params.get(3));
        String name = String.valueOf(params.get(4));
        return transaction(user, named.get("context"), env -> {
            OdooModel on = store.model(model);
            if (name.startsWith("_")) {
                throw OdooFault.access("Private methods (such as " + name + ") cannot be called remotely.");
            }
            OdooMethods.Method found = methods.find(model, name);
            if (found == null) {
                throw OdooFault.error(
                        "AttributeError",
                        "The method " + OdooValues.repr(name) + " does not exist on the model "
                                + OdooValues.repr(model));
            }
            count(model, name);
            List<Integer> ids = List.of();
            List<?> rest = positional;
            if (found.onRecords()) {
                if (positional.isEmpty()) {
                    throw OdooFault.error("IndexError", "list index out of range");
                }
                ids = OdooMethods.ids(positional.get(0));
                rest = positional.subList(1, positional.size());
            }
            return noted(model, name, found.body().run(env, on, ids, OdooMethods.bind(found, on, rest, named)));
        });
    }

    private interface Work {
        Object run(OdooEnv env);
    }

    private Object transaction(OdooUser user, Object context, Work work) {
        return locked(() -> {
            store.begin();
            boolean done = false;
            try {
                OdooEnv env =
                        new OdooEnv(store, user, context instanceof Map<?, ?> map ? map : Map.of(), version, now());
                Object result = work.run(env);
                done = true;
                return result;
            } finally {
                if (!done) {
                    store.rollback(0);
                }
                store.begin();
            }
        });
    }

    private Object noted(String model, String method, Object result) {
        if ((method.equals("search_read") || method.equals("read")) && result instanceof List<?> rows) {
            told.merge(model, (long) rows.size(), Long::sum);
        }
        return result;
    }

    private void count(String model, String method) {
        locked(() -> calls.merge(model + "." + method, 1L, Long::sum));
    }

    // JSON-RPC

    private static boolean isJson(SandboxRequest request) {
        String type = request.header("content-type").toLowerCase(Locale.ROOT);
        return type.equals(JSON) || type.startsWith(JSON + ";");
    }

    private SandboxAnswer wrongType(String path) {
        int status = version >= 19 ? 415 : 400;
        String title = version >= 19 ? "415 Unsupported Media Type" : "400 Bad Request";
        return SandboxAnswer.html(
                status,
                "<!doctype html>\n<html lang=en>\n<title>" + title + "</title>\n<h1>" + title.substring(4)
                        + "</h1>\n<p>Request inferred type is compatible with [&#39;http&#39;] but &#39;" + path
                        + "&#39; is type=&#39;json&#39;.</p>\n");
    }

    private SandboxCall jsonRpc(SandboxRequest request) {
        if (!request.method().equals("POST") || !isJson(request)) {
            return SandboxCall.of(() -> wrongType("/jsonrpc"));
        }
        Object body;
        try {
            body = SandboxJson.read(request.body());
        } catch (IOException e) {
            return SandboxCall.of(() -> SandboxAnswer.html(400, "Invalid JSON data"));
        }
        if (!(body instanceof Map<?, ?> call)) {
            return SandboxCall.of(() -> SandboxAnswer.html(400, "Invalid JSON-RPC data"));
        }
        Object id = call.get("id");
        if (!(call.get("params") instanceof Map<?, ?> params)
                || !(params.get("service") instanceof String service)
                || !(params.get("method") instanceof String method)
                || !(params.get("args") instanceof List<?> args)) {
            return SandboxCall.of(() -> rpcError(
                    id,
                    OdooFault.error(
                            "TypeError",
                            "RPC.jsonrpc() missing 3 required positional arguments: 'service', 'method', and 'args'")));
        }
        return new SandboxCall(part(args, 3), method(method, args), company(args), () -> {
            try {
                return rpc(id, "result", serve(service, method, args));
            } catch (OdooFault fault) {
                return rpcError(id, fault);
            }
        });
    }

    private static SandboxAnswer rpc(Object id, String key, Object value) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("jsonrpc", "2.0");
        body.put("id", id);
        if (value != null) {
            body.put(key, value);
        }
        return SandboxAnswer.json(200, body);
    }

    private SandboxAnswer rpcError(Object id, OdooFault fault) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("name", fault.python);
        data.put("debug", fault.traceback());
        data.put("message", fault.getMessage());
        data.put("arguments", List.of(fault.getMessage()));
        data.put("context", Map.of());
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("code", version >= 19 ? 0 : 200);
        error.put("message", "Odoo Server Error");
        error.put("data", data);
        return rpc(id, "error", error);
    }

    // JSON-2

    private SandboxCall json2(SandboxRequest request) {
        String database = request.header("x-odoo-database");
        if (!database.isEmpty() && !database.equals(OdooSeed.DATABASE)) {
            return SandboxCall.of(() -> SandboxAnswer.html(
                    404,
                    "<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>No database is selected and the"
                            + " requested URL was not found in the server-wide controllers.</p>\n<p>Please verify the"
                            + " hostname, <a href=/web/login>login</a> and try again.</p>\n\n<!-- Alternatively, use the"
                            + " X-Odoo-Database header. -->\n"));
        }
        String[] parts = request.path().split("/");
        if (!request.method().equals("POST") || parts.length != 5) {
            return failed(OdooFault.of(OdooFault.Kind.NOT_FOUND, "Did you mean POST /json/2/<model>/<method>?"));
        }
        if (!isJson(request)) {
            return SandboxCall.of(() -> SandboxAnswer.html(
                            415,
                            "<!doctype html>\n<html lang=en>\n<title>415 Unsupported Media Type</title>\n<h1>Unsupported Media"
                                    + " Type</h1>\n<p>Request inferred type is compatible with [&#39;http&#39;] but"
                                    + " &#39;/json/2/&lt;__model__&gt;/&lt;__method__&gt;&#39; is"
                                    + " type=&#39;json2&#39;.<br><br>Please verify the Content-Type request header and"
                                    + " try again.</p>\n")
                    .with("Accept", JSON));
        }
        OdooUser user;
        try {
            user = bearer(request.header("authorization"));
        } catch (OdooFault fault) {
            return failed(fault);
        }
        Map<?, ?> body;
        try {
            Object read = request.body().length == 0 ? Map.of() : SandboxJson.read(request.body());
            body = read instanceof Map<?, ?> map ? map : Map.of();
        } catch (IOException e) {
            return failed(OdooFault.of(
                    OdooFault.Kind.BAD_REQUEST,
                    "could not parse the body as json: Expecting value: line 1 column " + (request.body().length + 1)
                            + " (char " + request.body().length + ")"));
        }
        String model = parts[3];
        String method = parts[4];
        Integer asked = body.get("context") instanceof Map<?, ?> context ? firstCompany(context) : null;
        Integer company = asked == null ? user.companies().get(0) : asked;
        return new SandboxCall(model, method, company, () -> {
            try {
                return json2(user, model, method, body);
            } catch (OdooFault fault) {
                return json2Error(fault);
            }
        });
    }

    private static OdooUser bearer(String authorization) {
        if (!authorization.toLowerCase(Locale.ROOT).startsWith("bearer ")) {
            throw OdooFault.of(
                    OdooFault.Kind.UNAUTHORIZED,
                    "User not authenticated, use an API Key with a Bearer Authorization header.");
        }
        String key = authorization.substring("bearer ".length()).trim();
        for (OdooUser user : OdooSeed.USERS) {
            if (user.key().equals(key)) {
                return user;
            }
        }
        throw OdooFault.of(OdooFault.Kind.UNAUTHORIZED, "Invalid apikey");
    }

    private static SandboxCall failed(OdooFault fault) {
        return SandboxCall.of(() -> json2Error(fault));
    }

    private SandboxAnswer json2(OdooUser user, String model, String method, Map<?, ?> body) {
        Object result = transaction(user, body.get("context"), env -> {
            OdooModel on = store.models.get(model);
            if (on == null) {
                throw OdooFault.of(OdooFault.Kind.NOT_FOUND, "the model " + OdooValues.repr(model) + " does not exist");
            }
            if (method.startsWith("_")) {
                throw OdooFault.access("Private methods (such as " + OdooValues.repr(model + "." + method)
                        + ") cannot be called remotely.");
            }
            OdooMethods.Method found = methods.find(model, method);
            if (found == null) {
                throw OdooFault.of(
                        OdooFault.Kind.NOT_FOUND,
                        "The method " + OdooValues.repr(model + "." + method) + " does not exist");
            }
            List<Integer> ids = OdooMethods.ids(body.get("ids"));
            if (!found.onRecords() && !ids.isEmpty()) {
                throw OdooFault.of(OdooFault.Kind.UNPROCESSABLE, "cannot call " + model + "." + method + " with ids");
            }
            count(model, method);
            return noted(model, method, found.body().run(env, on, ids, OdooMethods.bindNames(found, body)));
        });
        boolean records = method.equals("create") || method.equals("message_post");
        return SandboxAnswer.json(200, records && result instanceof Integer id ? List.of(id) : result)
                .with("X-Content-Type-Options", "nosniff");
    }

    private static SandboxAnswer json2Error(OdooFault fault) {
        List<Object> arguments = new ArrayList<>(List.of(fault.getMessage()));
        if (fault.python.startsWith("werkzeug.")) {
            arguments.add(fault.kind.status);
        }
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("name", fault.python);
        body.put("message", fault.getMessage());
        body.put("arguments", arguments);
        body.put("context", Map.of());
        body.put("debug", fault.traceback());
        SandboxAnswer answer = SandboxAnswer.json(fault.kind.status, body);
        return fault.kind == OdooFault.Kind.UNAUTHORIZED ? answer.with("WWW-Authenticate", "Bearer ") : answer;
    }

    // Looking

    @Override
    public SandboxAnswer look(String rest, SandboxRequest request) {
        if (rest.equals("stats")) {
            return SandboxAnswer.json(200, stats());
        }
        Map<String, String> filter = new LinkedHashMap<>(request.query());
        String limit = filter.remove("limit");
        String order = filter.remove("order");
        String company = filter.remove("company");
        if (company != null) {
            filter.put("company_id", company);
        }
        try {
            int most = limit == null || limit.isEmpty() ? 100 : Integer.parseInt(limit);
            List<Map<String, Object>> rows =
                    locked(() -> store.models.containsKey(rest) ? records(rest, filter, most, order) : null);
            return rows == null ? null : SandboxAnswer.json(200, rows);
        } catch (OdooFault | NumberFormatException e) {
            return SandboxAnswer.json(400, Map.of("error", String.valueOf(e.getMessage())));
        }
    }

    /** Fills a catalogue, or changes a part of it. */
    @Override
    public SandboxAnswer steer(String rest, Map<?, ?> body) {
        boolean touch = rest.equals("products/touch");
        if (!touch && !rest.equals("products")) {
            return null;
        }
        int company = number(body, "company", 1, OdooSeed.PASTELERIA);
        int count = number(body, "count", 1, OdooBulk.MOST);
        int ago = touch || !body.containsKey("hoursAgo") ? 0 : number(body, "hoursAgo", 0, 100_000);
        int n = touch ? touchProducts(company, count) : products(company, count, ago);
        return SandboxAnswer.json(200, Map.of(touch ? "touched" : "made", n));
    }

    private static int number(Map<?, ?> body, String name, int least, int most) {
        if (body.get(name) instanceof Integer n && n >= least && n <= most) {
            return n;
        }
        throw new IllegalArgumentException(name + " must be a whole number from " + least + " to " + most);
    }

    int products(int company, int count, int hoursAgo) {
        return (Integer) transaction(
                OdooSeed.ADMIN, Map.of(), env -> OdooBulk.products(env, company, count, env.now.minusHours(hoursAgo)));
    }

    int touchProducts(int company, int count) {
        return (Integer) transaction(OdooSeed.ADMIN, Map.of(), env -> OdooBulk.touch(env, company, count));
    }

    private OdooEnv eye() {
        return new OdooEnv(store, OdooSeed.ADMIN, Map.of("active_test", false), version, last);
    }

    /** Records of all companies, archived ones too; the filter compares fields as texts. */
    List<Map<String, Object>> records(String name, Map<String, String> filter, int limit, String order) {
        return locked(() -> {
            OdooEnv env = eye();
            OdooModel model = store.model(name);
            List<Object> domain = new ArrayList<>();
            filter.forEach(
                    (field, value) -> domain.add(List.of(field, "=", literal(model.field(field, version), value))));
            List<Map<String, Object>> rows = new ArrayList<>();
            for (Integer id :
                    store.search(env, model, domain, 0, limit, order == null || order.isEmpty() ? "id" : order)) {
                OdooRecord record = model.records.get(id);
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("id", id);
                String external = store.externalId(model, id);
                row.put("external_id", external == null ? false : external);
                for (OdooField field : model.fields.values()) {
                    if (field.until >= version && field.type != OdooField.Type.BINARY) {
                        row.put(field.name, store.shown(env, model, record, field, true));
                    }
                }
                rows.add(row);
            }
            return rows;
        });
    }

    private static Object literal(OdooField field, String value) {
        if (field == null) {
            return value;
        }
        if (value.equals("false")) {
            return false;
        }
        return switch (field.type) {
            case BOOLEAN -> value.equals("true") || value.equals("1");
            case INTEGER, MANY2ONE, MANY2MANY -> Integer.valueOf(value);
            case FLOAT, MONETARY -> Double.valueOf(value);
            default -> value;
        };
    }

    /** Counts per model, calls per method, and partners that share company and address. */
    Map<String, Object> stats() {
        return locked(() -> {
            Map<String, Object> counts = new TreeMap<>();
            store.models.forEach((name, model) -> counts.put(name, model.records.size()));
            OdooModel partners = store.model("res.partner");
            Map<List<Object>, Integer> seen = new HashMap<>();
            for (OdooRecord partner : partners.records.values()) {
                Object email = partners.raw(partner, "email_normalized");
                if (email != null) {
                    seen.merge(Arrays.asList(partners.raw(partner, "company_id"), email), 1, Integer::sum);
                }
            }
            Map<String, Object> stats = new LinkedHashMap<>();
            stats.put("version", version);
            stats.put("records", counts);
            stats.put("calls", new TreeMap<>(calls));
            stats.put("read", new TreeMap<>(told));
            stats.put(
                    "duplicatePartners",
                    seen.values().stream().filter(count -> count > 1).count());
            return stats;
        });
    }

    @Override
    public String page() {
        return locked(() -> {
            StringBuilder out = new StringBuilder("<h2>Odoo ").append(version).append("</h2>");
            table(
                    out,
                    "Últimos contactos",
                    "res.partner",
                    List.of("name", "email", "phone", "company_id", "write_date"));
            table(
                    out,
                    "Últimas oportunidades",
                    "crm.lead",
                    List.of("name", "contact_name", "email_from", "stage_id", "company_id", "write_date"));
            table(
                    out,
                    "Últimos pedidos",
                    "sale.order",
                    List.of("name", "state", "amount_total", "company_id", "write_date"));
            out.append("<section><h3>Llamadas recibidas</h3>");
            if (calls.isEmpty()) {
                out.append("<p class=none>Ninguna todavía.</p>");
            } else {
                out.append("<table><tr><th>Llamada</th><th class=n>Veces</th></tr>");
                calls.forEach((call, times) -> {
                    out.append("<tr><td>");
                    SandboxPage.escape(out, call);
                    out.append("</td><td class=n>").append(times).append("</td></tr>");
                });
                out.append("</table>");
            }
            return out.append("</section>").toString();
        });
    }

    private static final Map<String, String> HEADINGS = Map.of(
            "name",
            "Nombre",
            "email",
            "Correo",
            "email_from",
            "Correo",
            "phone",
            "Teléfono",
            "company_id",
            "Empresa",
            "write_date",
            "Cambio (UTC)",
            "contact_name",
            "Contacto",
            "stage_id",
            "Etapa",
            "state",
            "Estado",
            "amount_total",
            "Total");

    private void table(StringBuilder out, String title, String name, List<String> columns) {
        OdooEnv env = eye();
        OdooModel model = store.model(name);
        out.append("<section><h3>")
                .append(title)
                .append(" <small>")
                .append(model.records.size())
                .append("</small></h3>");
        if (model.records.isEmpty()) {
            out.append("<p class=none>Ninguno todavía.</p></section>");
            return;
        }
        out.append("<table><tr>");
        columns.forEach(
                column -> out.append("<th>").append(HEADINGS.get(column)).append("</th>"));
        out.append("</tr>");
        model.records.descendingMap().values().stream().limit(10).forEach(record -> {
            out.append("<tr>");
            for (String column : columns) {
                Object value = store.shown(env, model, record, model.fields.get(column), true);
                String text = value instanceof List<?> pair
                        ? String.valueOf(pair.get(1))
                        : Boolean.FALSE.equals(value) ? "—" : value.toString();
                out.append("<td>");
                SandboxPage.escape(out, text);
                out.append("</td>");
            }
            out.append("</tr>");
        });
        out.append("</table></section>");
    }
}
