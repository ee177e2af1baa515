package cl.smarterbot.hub.tenancy;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.RuntimeExchangeException;
import org.apache.camel.component.sql.DefaultSqlPrepareStatementStrategy;

/**
 * The parameters {@code :#name} and {@code :#${simple}} of SQL in routes, as Camel's own strategy reads them; a text is read once
 * and not for each exchange, and a body that is no map is not converted into one. Whatever else a text has, such as {@code in:} or
 * plain {@code #}, is left to Camel's own.
 */
final class NamedParameters extends DefaultSqlPrepareStatementStrategy {

    /** A text for the driver and what goes in; {@code values} is null if Camel's own strategy is to read it. */
    private record Parsed(String sql, List<Value> values) {}

    /** @param name of a key in the body or of a header; null if it is an expression */
    private record Value(String name, Expression expression) {}

    private final Map<String, Parsed> texts = new ConcurrentHashMap<>();

    @Override
    public String prepareQuery(String query, boolean named, Exchange exchange) throws java.sql.SQLException {
        Parsed parsed = named ? parsed(query, exchange) : null;
        return parsed == null || parsed.values() == null ? super.prepareQuery(query, named, exchange) : parsed.sql();
    }

    @Override
    public Iterator<?> createPopulateIterator(
            String query, String prepared, int expected, Exchange exchange, Object body) throws java.sql.SQLException {
        Parsed parsed = parsed(query, exchange);
        if (parsed.values() == null || parsed.values().size() != expected) {
            return super.createPopulateIterator(query, prepared, expected, exchange, body);
        }
        List<Object> values = new ArrayList<>(expected);
        for (Value value : parsed.values()) {
            values.add(
                    value.expression() == null
                            ? lookUp(value.name(), query, exchange, body)
                            : value.expression().evaluate(exchange, Object.class));
        }
        return values.iterator();
    }

    private static Object lookUp(String name, String query, Exchange exchange, Object body) {
        if (body instanceof Map<?, ?> map && map.containsKey(name)) {
            return map.get(name);
        }
        Map<String, Object> headers = exchange.getMessage().getHeaders();
        if (!headers.containsKey(name)) {
            throw new RuntimeExchangeException(
                    "Cannot find key [" + name
                            + "] in message body or headers to use when setting named parameter in query [" + query
                            + "]",
                    exchange);
        }
        return headers.get(name);
    }

    /** A producer's text; texts that are put together anew for each exchange would fill the memory and are Camel's own matter. */
    private Parsed parsed(String query, Exchange exchange) {
        Parsed known = texts.get(query);
        if (known == null) {
            known = parse(query, exchange);
            if (texts.size() < 1_000) {
                texts.put(query, known);
            }
        }
        return known;
    }

    private static Parsed parse(String query, Exchange exchange) {
        List<Value> values = new ArrayList<>();
        StringBuilder sql = new StringBuilder(query.length());
        int at = 0;
        while (at < query.length()) {
            char c = query.charAt(at);
            boolean parameter = c == ':' && at + 2 < query.length() && query.charAt(at + 1) == '?';
            if (!parameter) {
                if (c == '?') {
                    return new Parsed(query, null);
                }
                sql.append(c);
                at++;
                continue;
            }
            int from = at + 2;
            int to;
            if (query.startsWith("${", from)) {
                to = closing(query, from);
                if (to < 0) {
                    return new Parsed(query, null);
                }
                Expression expression =
                        exchange.getContext().resolveLanguage("simple").createExpression(query.substring(from, to));
                expression.init(exchange.getContext());
                values.add(new Value(null, expression));
            } else {
                to = from;
                while (to < query.length()
                        && (Character.isLetterOrDigit(query.charAt(to)) || query.charAt(to) == '_')) {
                    to++;
                }
                String name = query.substring(from, to);
                if (name.isEmpty() || to < query.length() && query.charAt(to) == ':' && name.equals("in")) {
                    return new Parsed(query, null);
                }
                values.add(new Value(name, null));
            }
            sql.append('?');
            at = to;
        }
        return new Parsed(sql.toString(), List.copyOf(values));
    }

    /** Behind the bracket that closes the one at {@code from + 1}; -1 if none does. */
    private static int closing(String query, int from) {
        int depth = 0;
        for (int i = from + 1; i < query.length(); i++) {
            depth += query.charAt(i) == '{' ? 1 : query.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return i + 1;
            }
        }
        return -1;
    }
}
