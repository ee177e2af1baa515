package cl.smarterbot.hub.storage;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.support.DefaultAsyncProducer;

/** Copies files without holding the calling thread; the route goes on on a thread that may block. */
final class StorageProducer extends DefaultAsyncProducer {

    private final StorageEndpoint endpoint;
    private Expression url;
    private Expression path;

    StorageProducer(StorageEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        url = simple(endpoint.getUrl());
        path = simple(endpoint.getPath());
    }

    private Expression simple(String text) {
        Expression expression =
                endpoint.getCamelContext().resolveLanguage("simple").createExpression(text);
        expression.init(endpoint.getCamelContext());
        return expression;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        CompletableFuture<ObjectStore.Stored> work;
        try {
            StorageConnection to = endpoint.getComponent().connections().resolve(exchange);
            if (to == null) {
                exchange.getMessage().setBody(null);
                callback.done(true);
                return true;
            }
            work = copy(exchange, to);
        } catch (Exception e) {
            end(exchange, null, e);
            callback.done(true);
            return true;
        }
        work.whenComplete((stored, failure) -> {
            end(exchange, stored, failure);
            callback.done(false);
        });
        return false;
    }

    private CompletableFuture<ObjectStore.Stored> copy(Exchange exchange, StorageConnection to) {
        StorageComponent component = endpoint.getComponent();
        // First the name: what a route may not write is not fetched either.
        StoragePath name = StoragePath.of(to.tenant(), path.evaluate(exchange, String.class));
        String base = component.connections().source(exchange, endpoint.getFrom());
        return component
                .source()
                .open(to.tenant(), base, url.evaluate(exchange, String.class))
                .thenCompose(file -> component.store().store(to, name, file));
    }

    private static void end(Exchange exchange, ObjectStore.Stored stored, Throwable failure) {
        Throwable cause = failure == null ? null : FileSource.cause(failure);
        Map<String, Object> fate = new LinkedHashMap<>();
        if (cause instanceof RefusedException refused) {
            fate.put("refused", refused.reason().word());
        } else if (cause != null) {
            exchange.setException(cause);
            return;
        } else {
            fate.put("stored_path", stored.path());
            fate.put("stored_size", stored.size());
            fate.put("stored_type", stored.type());
        }
        exchange.getMessage().setBody(fate);
    }
}
