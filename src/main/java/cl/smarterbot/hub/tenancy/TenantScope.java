package cl.smarterbot.hub.tenancy;

import java.util.Optional;
import org.apache.camel.Exchange;
import org.apache.camel.SafeCopyProperty;

/**
 * The tenant of an exchange. It is neither a header nor an ordinary property, so nothing a route can write in YAML changes it,
 * no header filter drops it, and every copy (split, multicast, wire tap) carries it on.
 */
public final class TenantScope implements SafeCopyProperty {
    private static final String KEY = TenantScope.class.getName();

    private final String rut;

    private TenantScope(String rut) {
        this.rut = rut;
    }

    /**
     * Binds an exchange to a tenant, for good.
     *
     * @param rut canonical RUT
     * @throws IllegalArgumentException if {@code rut} is null or not in canonical form
     * @throws IllegalStateException if the exchange belongs to another tenant already
     */
    public static void bind(Exchange exchange, String rut) {
        if (!Rut.isCanonicalShape(rut)) {
            throw new IllegalArgumentException("a tenant is named by its RUT in canonical form");
        }
        TenantScope bound = scope(exchange);
        if (bound == null) {
            exchange.getExchangeExtension().setSafeCopyProperty(KEY, new TenantScope(rut));
        } else if (!bound.rut.equals(rut)) {
            throw new IllegalStateException("the exchange belongs to another tenant");
        }
    }

    /** The canonical RUT of the tenant of an exchange; empty if it was never bound. */
    public static Optional<String> of(Exchange exchange) {
        return Optional.ofNullable(rutOf(exchange));
    }

    static String rutOf(Exchange exchange) {
        TenantScope bound = scope(exchange);
        return bound == null ? null : bound.rut;
    }

    private static TenantScope scope(Exchange exchange) {
        return exchange.getExchangeExtension().getSafeCopyProperty(KEY, TenantScope.class);
    }

    @Override
    public SafeCopyProperty safeCopy() {
        return this;
    }

    @Override
    public String toString() {
        return rut;
    }
}
