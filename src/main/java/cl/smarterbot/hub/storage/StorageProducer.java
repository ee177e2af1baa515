package cl.smarterbot.hub.storage;

import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.support.DefaultAsyncProducer;

/** Stores files without holding the calling thread; the route goes on on a thread that may block. */
final class StorageProducer extends DefaultAsyncProducer {

    private final StorageEndpoint endpoint;
    private Expression url;
    private Expression content;
    private Expression path;

    StorageProducer(StorageEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        url = simple(endpoint.getUrl());
        content = simple(endpoint.getContent());
        path = simple(endpoint.getPath());
    }

    private Expression simple(String text) {
        if (text == null) {
            return null;
        }
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
        if (endpoint.operation().equals(StorageEndpoint.PUT)) {
            return put(to, name, content.evaluate(exchange, Object.class));
        }
        String base = component.connections().source(exchange, endpoint.getFrom());
        return component
                .source()
                .open(to.tenant(), base, url.evaluate(exchange, String.class))
                .thenCompose(file -> component.store().store(to, name, file));
    }

    private CompletableFuture<ObjectStore.Stored> put(StorageConnection to, StoragePath name, Object given) {
        byte[] bytes;
        try {
            bytes = given instanceof byte[] raw
                    ? raw
                    // Odoo's has line breaks.
                    : Base64.getMimeDecoder().decode(given == null ? "" : given.toString());
        } catch (IllegalArgumentException e) {
            throw new RefusedException(RefusedException.Reason.TYPE_NOT_ALLOWED);
        }
        if (bytes.length == 0) {
            throw new RefusedException(RefusedException.Reason.NOT_FOUND);
        }
        return endpoint.getComponent().store().store(to, name, bytes);
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
