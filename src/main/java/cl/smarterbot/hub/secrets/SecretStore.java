package cl.smarterbot.hub.secrets;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The secrets of tenants. Field names are taken in any letter case and under their usual aliases: {@code BASE_URL} and
 * {@code url}, {@code database} and {@code db}, {@code username} and {@code user}, {@code api_access_token} and
 * {@code api_token}, {@code service_role_key} and {@code service_role}, {@code webhook_secret} and {@code hmac_secret}.
 */
public interface SecretStore {

    /**
     * Looks a secret up.
     *
     * @param tenantRut canonical RUT
     * @param system {@code odoo}, {@code chatwoot}, {@code botpress} or {@code supabase}
     * @param field name of the value, such as {@code password}
     * @return empty if there is none
     * @throws SecretStoreException if the store cannot be read
     * @throws IllegalArgumentException if a name is malformed
     */
    Optional<Secret> find(String tenantRut, String system, String field);

    /** Whether {@link #find} answers from memory at this moment, so that an event loop may ask; false if it may wait for a disk or a server. */
    default boolean atHand() {
        return false;
    }

    /**
     * Stores a secret, in place of the one there was.
     *
     * @throws SecretStoreException if the store cannot be written; it is then as before
     * @throws IllegalArgumentException if a name is malformed
     */
    void put(String tenantRut, String system, String field, Secret value);

    /**
     * This store with fixed values in front of it, which cannot be overwritten.
     *
     * @param values values by {@code rut/system/field}
     */
    default SecretStore overlay(Map<String, String> values) {
        Map<SecretName, Secret> fixed = new HashMap<>();
        values.forEach((path, value) -> fixed.put(SecretName.parse(path), Secret.of(value)));
        SecretStore behind = this;
        return new SecretStore() {
            @Override
            public Optional<Secret> find(String tenantRut, String system, String field) {
                Secret value = fixed.get(SecretName.of(tenantRut, system, field));
                return value != null ? Optional.of(value) : behind.find(tenantRut, system, field);
            }

            @Override
            public boolean atHand() {
                return behind.atHand();
            }

            @Override
            public void put(String tenantRut, String system, String field, Secret value) {
                SecretName name = SecretName.of(tenantRut, system, field);
                if (fixed.containsKey(name)) {
                    throw new SecretStoreException("the secret is fixed by configuration: " + name.path());
                }
                behind.put(tenantRut, system, field, value);
            }
        };
    }
}
