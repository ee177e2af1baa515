package cl.smarterbot.hub.tenancy;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What to write into the registry about a tenant. What is not given is left as it is; for a new tenant the defaults apply.
 * Immutable.
 */
public final class TenantDetails {
    private final String rut;
    private final Map<TenantField, Object> values;

    private TenantDetails(String rut, Map<TenantField, Object> values) {
        this.rut = rut;
        this.values = Collections.unmodifiableMap(values);
    }

    /** A tenant by its RUT in any input form. */
    public static TenantDetails of(String rut) {
        return new TenantDetails(rut, new EnumMap<>(TenantField.class));
    }

    /** A tenant with its name, which a new one must have. */
    public static TenantDetails of(String rut, String businessName) {
        return of(rut).with(TenantField.BUSINESS_NAME, businessName);
    }

    /**
     * With one more field.
     *
     * @param value a text, an {@link Integer}, a {@link java.math.BigDecimal} or a {@link Boolean}, as the field's type wants; null and blank mean "leave as it is"
     * @throws IllegalArgumentException if the value is of another type
     */
    public TenantDetails with(TenantField field, Object value) {
        if (value == null || value instanceof String text && text.isBlank()) {
            return this;
        }
        boolean fits =
                switch (field.type()) {
                    case TEXT -> value instanceof String;
                    case WHOLE, MILLISECONDS -> value instanceof Integer;
                    case SHARE -> value instanceof java.math.BigDecimal;
                    case FLAG -> value instanceof Boolean;
                };
        if (!fits) {
            throw new IllegalArgumentException(field.label() + " is of type " + field.type());
        }
        Map<TenantField, Object> more = new EnumMap<>(TenantField.class);
        more.putAll(values);
        more.put(field, value instanceof String text ? text.trim() : value);
        return new TenantDetails(rut, more);
    }

    String rut() {
        return rut;
    }

    Map<TenantField, Object> values() {
        return values;
    }
}
