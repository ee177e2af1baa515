package cl.smarterbot.hub.chatwoot;

import cl.smarterbot.hub.rest.RestException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.support.DefaultAsyncProducer;

/** Sends exchanges to Chatwoot without holding the calling thread; the route goes on on a thread that may block. */
final class ChatwootProducer extends DefaultAsyncProducer {
    private static final String ATTRIBUTE = "attributes.";
    private static final String DEFAULT = "defaults.";
    private static final int LONGEST_CONTENT = 150_000;

    private final ChatwootEndpoint endpoint;
    private final Map<String, Expression> values = new LinkedHashMap<>();
    private Expression key;
    private Expression marker;
    private Expression unsent;

    ChatwootProducer(ChatwootEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        endpoint.getValues().forEach((name, text) -> values.put(name, simple(text.toString())));
        key = simple(endpoint.getKey());
        marker = simple(endpoint.getMarker());
        unsent = simple(endpoint.getUnsent());
    }

    private Expression simple(String text) {
        Expression expression =
                endpoint.getCamelContext().resolveLanguage("simple").createExpression(text);
        expression.init(endpoint.getCamelContext());
        return expression;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        CompletableFuture<?> work;
        try {
            ChatwootConnection connection =
                    endpoint.getComponent().connections().resolve(exchange);
            if (connection == null) {
                throw ChatwootApi.wrong("the tenant has no Chatwoot account");
            }
            work = run(exchange, connection);
        } catch (Exception e) {
            exchange.setException(e);
            callback.done(true);
            return true;
        }
        work.whenComplete((result, failure) -> {
            if (failure != null) {
                exchange.setException(
                        failure instanceof CompletionException && failure.getCause() != null
                                ? failure.getCause()
                                : failure);
            } else if (result != null) {
                exchange.getMessage().setBody(result);
            }
            callback.done(false);
        });
        return false;
    }

    private CompletableFuture<?> run(Exchange exchange, ChatwootConnection to) {
        Values in = new Values(evaluated(exchange));
        Conversations conversations = endpoint.getComponent().conversations();
        return switch (endpoint.operation()) {
            case CONTACT_UPSERT ->
                endpoint.getComponent()
                        .contacts()
                        .upsert(to, person(in, to))
                        .thenApply(found -> Map.of("id", found.contactId(), "source_id", found.sourceId()));
            case CONVERSATION ->
                conversations.open(
                        to,
                        effect(exchange),
                        in.id("contact_id"),
                        in.text("source_id"),
                        in.text("status"),
                        in.below(ATTRIBUTE));
            case MESSAGE -> message(exchange, to, in);
            case ATTRIBUTES -> conversations.merge(to, in.id("conversation_id"), in.below(ATTRIBUTE));
            case TOGGLE_STATUS -> conversations.status(to, in.id("conversation_id"), in.required("status"));
            case LABELS -> conversations.label(to, in.id("conversation_id"), in.list("labels"));
            case ASSIGN -> conversations.assign(to, in.id("conversation_id"), in.assignment());
            case CONVERSATIONS -> conversations.page(to, in.id("page"));
            case MESSAGES -> conversations.since(to, in.id("conversation_id"), in.id("since"));
        };
    }

    private CompletableFuture<Long> message(Exchange exchange, ChatwootConnection to, Values in) {
        Conversations conversations = endpoint.getComponent().conversations();
        long conversation = in.id("conversation_id");
        String content = in.required("content");
        if (content.length() > LONGEST_CONTENT) {
            throw ChatwootApi.wrong("content is longer than " + LONGEST_CONTENT + " characters");
        }
        Effect effect = effect(exchange);
        String as = in.text("as");
        return switch (as == null ? "visitor" : as) {
            case "visitor" -> conversations.visitorSays(to, effect, conversation, content, in.text("from"));
            case "reply" -> conversations.says(to, effect, conversation, content, false);
            case "note" -> conversations.says(to, effect, conversation, content, true);
            default -> throw ChatwootApi.wrong("as must be visitor, reply or note");
        };
    }

    private static Person person(Values in, ChatwootConnection to) {
        Map<String, Object> attributes = new LinkedHashMap<>(in.below(ATTRIBUTE));
        attributes.put("tenant_inbox", "tenant-" + to.tenant());
        return new Person(
                in.text("name"),
                in.text("email"),
                in.text("phone"),
                in.text("identifier"),
                attributes,
                in.below(DEFAULT));
    }

    private Map<String, Object> evaluated(Exchange exchange) {
        Map<String, Object> found = new LinkedHashMap<>();
        values.forEach((name, expression) -> {
            Object value = expression.evaluate(exchange, Object.class);
            if (value != null && !value.toString().isBlank()) {
                found.put(name, value);
            }
        });
        return found;
    }

    private Effect effect(Exchange exchange) {
        String own = key.evaluate(exchange, String.class);
        String mark = marker.evaluate(exchange, String.class);
        String step =
                endpoint.getStep().isBlank() ? "" : "/" + endpoint.getStep().trim();
        Integer attempt = exchange.getMessage().getHeader("CamelEventAttempt", 1, Integer.class);
        boolean replay = exchange.getMessage().getHeader("CamelEventReplay", false, Boolean.class);
        return new Effect(
                own == null || own.isBlank()
                        ? null
                        : own + ":" + endpoint.operation().path() + step,
                mark == null || mark.isBlank() ? null : mark + step,
                attempt > 1 || replay,
                unsent.evaluate(exchange, Boolean.class) == Boolean.TRUE,
                exchange);
    }

    /** What a route gave, by name. */
    private record Values(Map<String, Object> given) {

        String text(String name) {
            Object value = given.get(name);
            return value == null ? null : value.toString().strip();
        }

        String required(String name) {
            String value = text(name);
            if (value == null) {
                throw missing(name);
            }
            return value;
        }

        long id(String name) {
            String text = required(name);
            try {
                long id = Long.parseLong(text);
                if (id > 0) {
                    return id;
                }
            } catch (NumberFormatException e) {
                throw notAnId(name);
            }
            throw notAnId(name);
        }

        /** The values below a prefix, without it. */
        Map<String, Object> below(String prefix) {
            Map<String, Object> found = new LinkedHashMap<>();
            given.forEach((name, value) -> {
                if (name.startsWith(prefix)) {
                    found.put(name.substring(prefix.length()), value);
                }
            });
            return found;
        }

        /** A list, or text with commas. */
        List<String> list(String name) {
            Object value = given.get(name);
            if (value == null) {
                throw missing(name);
            }
            List<?> items = value instanceof List<?> list
                    ? list
                    : Arrays.asList(value.toString().split(","));
            List<String> texts = new ArrayList<>();
            items.forEach(item -> texts.add(item.toString().strip()));
            return texts;
        }

        Map<String, Object> assignment() {
            Map<String, Object> to = new LinkedHashMap<>();
            if (given.containsKey("team_id")) {
                to.put("team_id", id("team_id"));
            } else {
                to.put("assignee_id", id("assignee_id"));
                if (text("assignee_type") != null) {
                    to.put("assignee_type", text("assignee_type"));
                }
            }
            return to;
        }

        private static RestException missing(String name) {
            return ChatwootApi.wrong("value." + name + " is missing");
        }

        private static RestException notAnId(String name) {
            return ChatwootApi.wrong("value." + name + " is not an id");
        }
    }
}
