package cl.smarterbot.hub.odoo;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.Message;
import org.apache.camel.support.DefaultAsyncProducer;

/** Sends exchanges to Odoo without ever holding the calling thread for the network. */
class OdooProducer extends DefaultAsyncProducer {
    private final OdooEndpoint endpoint;
    /** Odoo's own marks of an import that leaves alone what it made before. */
    private static final Map<String, Object> LEAVE_EXISTING = Map.of("mode", "update", "noupdate", true);

    private final Map<String, Expression> columns = new LinkedHashMap<>();
    private final Map<String, Expression> createOnly = new LinkedHashMap<>();
    private Expression key;
    private List<Object> domain;
    private Map<String, Object> context = Map.of();

    OdooProducer(OdooEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        OdooConfiguration options = endpoint.getConfiguration();
        if (options.getKey() != null && !options.getKey().isBlank()) {
            key = endpoint.getCamelContext().resolveLanguage("simple").createExpression(options.getKey());
            key.init(endpoint.getCamelContext());
        }
        endpoint.getValues().forEach((column, text) -> columns.put(column, expression(text)));
        endpoint.getCreateOnly().forEach((column, text) -> createOnly.put(column, expression(text)));
        if (options.getDomain() != null && !options.getDomain().isBlank()) {
            domain = domain(options.getDomain());
        }
        if (options.getContext() != null && !options.getContext().isBlank()) {
            context = asMap(OdooValues.parseJson(options.getContext(), "the option context"), "the option context");
        }
    }

    private Expression expression(Object text) {
        Expression expression =
                endpoint.getCamelContext().resolveLanguage("simple").createExpression(text.toString());
        expression.init(endpoint.getCamelContext());
        return expression;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        CompletableFuture<Void> work;
        OdooClient client;
        try {
            client = endpoint.getComponent().client();
            work = run(exchange, client);
        } catch (Exception e) {
            exchange.setException(e);
            callback.done(true);
            return true;
        }
        work.whenCompleteAsync(
                (nothing, failure) -> {
                    if (failure != null) {
                        exchange.setException(OdooClient.typed(failure));
                    }
                    callback.done(false);
                },
                client.workers());
        return false;
    }

    private CompletableFuture<Void> run(Exchange exchange, OdooClient client) {
        OdooConnection connection = connection(exchange);
        OdooConfiguration options = endpoint.getConfiguration();
        Message message = exchange.getMessage();
        CallLimits limits = options.limits();
        return switch (options.getOperation()) {
            case search ->
                client.call(connection, search(message, "search", false), limits)
                        .thenAccept(found -> message.setBody(OdooValues.ids(found, place("search"))));
            case searchRead ->
                client.call(connection, search(message, "search_read", true), limits)
                        .thenAccept(found -> message.setBody(OdooValues.records(found, place("search_read"))));
            case count ->
                client.call(connection, count(message), limits)
                        .thenAccept(found -> message.setBody(OdooValues.count(found, place("search_count"))));
            case read ->
                client.call(connection, read(message), limits)
                        .thenAccept(found -> message.setBody(OdooValues.records(found, place("read"))));
            case create -> create(client, connection, message, limits);
            case write -> client.call(connection, write(message), limits).thenAccept(message::setBody);
            case unlink ->
                client.call(
                                connection,
                                call(message, "unlink", ids(message, message.getBody()), List.of(), Map.of()),
                                limits)
                        .thenAccept(message::setBody);
            case call -> client.call(connection, anyMethod(message), limits).thenAccept(message::setBody);
            case upsert -> upsert(exchange, client, connection, message, limits);
            case version -> version(client, connection, message, limits);
        };
    }

    private OdooConnection connection(Exchange exchange) {
        OdooConnectionResolver resolver = endpoint.getComponent().getConnectionResolver();
        if (resolver == null) {
            return endpoint.getConfiguration().connection();
        }
        OdooConnection connection = resolver.resolve(exchange);
        if (connection == null) {
            throw OdooException.badRequest("no Odoo connection is known for this exchange");
        }
        return connection;
    }

    private String place(String method) {
        return endpoint.getModel() + "." + method;
    }

    private OdooCall call(
            Message message,
            String method,
            List<Long> ids,
            List<OdooCall.Argument> arguments,
            Map<String, Object> options) {
        return new OdooCall(endpoint.getModel(), method, ids, arguments, options, context(message));
    }

    private Map<String, Object> context(Message message) {
        Object own = message.getHeader(OdooConstants.CONTEXT);
        if (own == null) {
            return context;
        }
        Map<String, Object> merged = new LinkedHashMap<>(context);
        merged.putAll(asMap(OdooValues.plain(own, "context"), "the header " + OdooConstants.CONTEXT));
        return merged;
    }

    private OdooCall search(Message message, String method, boolean withFields) {
        OdooConfiguration options = endpoint.getConfiguration();
        Map<String, Object> named = new LinkedHashMap<>();
        if (withFields) {
            named.put("fields", fields(message));
        }
        Long limit = number(message, OdooConstants.LIMIT, options.getLimit());
        if (limit != null && limit > 0) {
            named.put("limit", limit);
        }
        Long offset = number(message, OdooConstants.OFFSET, options.getOffset());
        if (offset != null && offset > 0) {
            named.put("offset", offset);
        }
        String order = message.getHeader(OdooConstants.ORDER, options.getOrder(), String.class);
        if (order != null && !order.isBlank()) {
            named.put("order", order);
        }
        return call(message, method, null, List.of(new OdooCall.Argument("domain", domain(message))), named);
    }

    private OdooCall count(Message message) {
        return call(message, "search_count", null, List.of(new OdooCall.Argument("domain", domain(message))), Map.of());
    }

    private OdooCall read(Message message) {
        return call(
                message,
                "read",
                ids(message, message.getBody()),
                List.of(new OdooCall.Argument("fields", fields(message))),
                Map.of());
    }

    private CompletableFuture<Void> create(
            OdooClient client, OdooConnection connection, Message message, CallLimits limits) {
        Object body = OdooValues.plain(message.getBody(), "");
        boolean several = body instanceof List;
        List<Object> rows = new ArrayList<>();
        for (Object row : several ? (List<?>) body : Collections.singletonList(body)) {
            Map<String, Object> values = new LinkedHashMap<>(asMap(row, "the body of a create"));
            if (companyField() != null && connection.companyId() != null) {
                values.put(companyField(), connection.companyId());
            }
            rows.add(values);
        }
        OdooCall call = call(message, "create", null, List.of(new OdooCall.Argument("vals_list", rows)), Map.of());
        return client.call(connection, call, limits).thenAccept(answer -> {
            List<Long> ids = answer instanceof Long id ? List.of(id) : OdooValues.ids(answer, place("create"));
            if (ids.size() != rows.size()) {
                throw OdooException.permanent(
                        OdooException.Kind.PROTOCOL, place("create") + ": another number of ids than rows");
            }
            if (several) {
                message.setHeader(OdooConstants.IDS, ids);
                message.setBody(ids);
            } else {
                record(message, OdooValues.id(ids.get(0), place("create")));
            }
        });
    }

    private OdooCall write(Message message) {
        Map<String, Object> values =
                new LinkedHashMap<>(asMap(OdooValues.plain(message.getBody(), ""), "the body of a write"));
        Object inBody = values.remove("id");
        return call(message, "write", ids(message, inBody), List.of(new OdooCall.Argument("vals", values)), Map.of());
    }

    private OdooCall anyMethod(Message message) {
        String method = message.getHeader(
                OdooConstants.METHOD, endpoint.getConfiguration().getMethod(), String.class);
        if (method == null || method.isBlank()) {
            throw OdooException.badRequest(
                    "call needs a method: the option method or the header " + OdooConstants.METHOD);
        }
        Object body = OdooValues.plain(message.getBody(), "");
        List<Long> ids = hasIds(message) ? ids(message, null) : null;
        if (body == null || body instanceof String text && text.isBlank()) {
            return call(message, method, ids, List.of(), Map.of());
        }
        if (body instanceof List<?> list) {
            List<OdooCall.Argument> positional = new ArrayList<>();
            list.forEach(value -> positional.add(new OdooCall.Argument(null, value)));
            return call(message, method, ids, positional, Map.of());
        }
        Map<String, Object> named = new LinkedHashMap<>(asMap(body, "the body of a call"));
        Object inBody = named.remove("ids");
        if (ids == null && inBody != null) {
            ids = ids(message, inBody);
        }
        Object own = named.remove("context");
        OdooCall call = call(message, method, ids, List.of(), named);
        if (own == null) {
            return call;
        }
        Map<String, Object> merged = new LinkedHashMap<>(call.context());
        merged.putAll(asMap(own, "the context in the body"));
        return new OdooCall(call.model(), method, ids, List.of(), named, merged);
    }

    private CompletableFuture<Void> upsert(
            Exchange exchange, OdooClient client, OdooConnection connection, Message message, CallLimits limits) {
        String name =
                key != null ? key.evaluate(exchange, String.class) : message.getHeader(OdooConstants.KEY, String.class);
        String externalId = ExternalIds.of(connection, name);
        Map<String, Object> context = context(message);
        if (createOnly.isEmpty()) {
            return load(client, connection, externalId, values(exchange), context, limits)
                    .thenAccept(id -> record(message, id));
        }
        Map<String, Object> always = evaluated(columns, exchange);
        Map<String, Object> all = evaluated(createOnly, exchange);
        all.putAll(always);
        Map<String, Object> leaveExisting = new LinkedHashMap<>(context);
        leaveExisting.putAll(LEAVE_EXISTING);
        // New records are complete after the first call, and old ones untouched. Whether it was new is not said: what
        // is to be
        // written always goes once more.
        return load(client, connection, externalId, all, leaveExisting, limits)
                .thenCompose(id -> always.isEmpty()
                        ? CompletableFuture.completedFuture(id)
                        : load(client, connection, externalId, always, context, limits))
                .thenAccept(id -> record(message, id));
    }

    private CompletableFuture<Long> load(
            OdooClient client,
            OdooConnection connection,
            String externalId,
            Map<String, Object> values,
            Map<String, Object> context,
            CallLimits limits) {
        return client.lanes()
                .add(
                        connection,
                        endpoint.getModel(),
                        externalId,
                        Cells.of(values, companyField(), connection.companyId()),
                        context,
                        endpoint.getConfiguration().getBatchSize(),
                        limits);
    }

    /** The columns of an upsert: those that the options name by {@code value.<column>}, else the body. */
    private Map<String, Object> values(Exchange exchange) {
        if (columns.isEmpty()) {
            return asMap(body(exchange.getMessage().getBody()), "the body of an upsert");
        }
        return evaluated(columns, exchange);
    }

    private static Map<String, Object> evaluated(Map<String, Expression> expressions, Exchange exchange) {
        Map<String, Object> values = new LinkedHashMap<>();
        expressions.forEach((column, expression) -> {
            Object value = expression.evaluate(exchange, Object.class);
            if (value != null && !value.toString().isEmpty()) {
                values.put(column, value);
            }
        });
        return values;
    }

    private static Object body(Object body) {
        return body instanceof Map ? body : OdooValues.plain(body, "");
    }

    private CompletableFuture<Void> version(
            OdooClient client, OdooConnection connection, Message message, CallLimits limits) {
        return client.version(connection, limits).thenAccept(server -> {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("version", server.version());
            body.put("major", server.major());
            body.put("transport", server.wire().transport().name().toLowerCase(Locale.ROOT));
            message.setBody(body);
        });
    }

    private static void record(Message message, long id) {
        message.setHeader(OdooConstants.RECORD_ID, id);
        message.setBody(id);
    }

    private String companyField() {
        String field = endpoint.getConfiguration().getCompanyField();
        return field == null || field.isBlank() || field.equalsIgnoreCase("none") ? null : field.trim();
    }

    private List<Object> domain(Message message) {
        Object own = message.getHeader(OdooConstants.DOMAIN);
        if (own != null) {
            return domain(own);
        }
        if (domain != null) {
            return domain;
        }
        return message.getBody() instanceof List<?> body ? domain(body) : List.of();
    }

    private static List<Object> domain(Object source) {
        Object value =
                source instanceof CharSequence text ? OdooValues.parseJson(text.toString(), "the domain") : source;
        if (OdooValues.plain(value, "the domain") instanceof List<?> list) {
            return new ArrayList<>(list);
        }
        throw OdooException.badRequest("a domain is a list such as [[\"ref\",\"=\",\"A1\"]]");
    }

    private List<String> fields(Message message) {
        Object own = message.getHeader(OdooConstants.FIELDS);
        Object source = own == null ? endpoint.getConfiguration().getFields() : own;
        Collection<?> names = source instanceof Collection<?> list
                ? list
                : Arrays.asList(
                        source == null ? new String[0] : source.toString().split(","));
        List<String> fields = names.stream()
                .map(name -> String.valueOf(name).trim())
                .filter(name -> !name.isEmpty())
                .toList();
        if (fields.isEmpty()) {
            // Without names Odoo computes every field: many times slower, and forbidden for ordinary users on 19.
            throw OdooException.badRequest(
                    "reading needs field names: the option fields or the header " + OdooConstants.FIELDS);
        }
        return fields;
    }

    private static boolean hasIds(Message message) {
        return message.getHeader(OdooConstants.IDS) != null || message.getHeader(OdooConstants.RECORD_ID) != null;
    }

    /** Ids from the headers, else from the given value. */
    private static List<Long> ids(Message message, Object otherwise) {
        Object source = message.getHeader(OdooConstants.IDS);
        if (source == null) {
            source = message.getHeader(OdooConstants.RECORD_ID);
        }
        if (source == null) {
            source = otherwise;
        }
        Collection<?> items = source instanceof Collection<?> list ? list : Arrays.asList(source);
        List<Long> ids = new ArrayList<>();
        for (Object item : items) {
            try {
                long id = item instanceof Number number
                        ? new BigDecimal(number.toString()).longValueExact()
                        : Long.parseLong(String.valueOf(item).trim());
                if (id <= 0) {
                    throw new NumberFormatException();
                }
                ids.add(id);
            } catch (ArithmeticException e) {
                throw noIds();
            } catch (NumberFormatException e) {
                throw noIds();
            }
        }
        if (ids.isEmpty()) {
            throw noIds();
        }
        return ids;
    }

    private static OdooException noIds() {
        return OdooException.badRequest("record ids are missing or not positive numbers: set the header "
                + OdooConstants.RECORD_ID + " or " + OdooConstants.IDS);
    }

    private static Long number(Message message, String header, Integer option) {
        Long value = message.getHeader(header, option, Long.class);
        if (value != null && value < 0) {
            throw OdooException.badRequest(header + " must not be negative");
        }
        return value;
    }

    private static Map<String, Object> asMap(Object value, String what) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> copy = new LinkedHashMap<>();
            map.forEach((name, item) -> copy.put(String.valueOf(name), item));
            return copy;
        }
        throw OdooException.badRequest(what + " must be a map of field names to values");
    }
}
