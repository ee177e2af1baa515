package cl.smarterbot.hub.tenancy;

import org.apache.camel.AsyncCallback;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Processor;
import org.apache.camel.spi.InterceptStrategy;
import org.apache.camel.support.processor.DelegateAsyncProcessor;

/**
 * Lets every step of every route run as the tenant of its exchange. An exchange of no tenant runs as nobody, also on a thread
 * that works for a tenant further up. A step that goes on elsewhere gets its tenant there from the exchange again, so
 * nothing stays behind on a pooled thread.
 */
public final class TenantInterceptStrategy implements InterceptStrategy {

    @Override
    public Processor wrapProcessorInInterceptors(
            CamelContext context, NamedNode definition, Processor target, Processor nextTarget) {
        return new DelegateAsyncProcessor(target) {
            @Override
            @SuppressWarnings("try") // The scope is there to be closed.
            public boolean process(Exchange exchange, AsyncCallback callback) {
                try (TenantContext.Scope scope = TenantContext.replace(TenantScope.rutOf(exchange))) {
                    return super.process(exchange, callback);
                }
            }
        };
    }
}
