package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Secrets in memory, for tests. */
final class MemorySecrets implements SecretStore {

    private final Map<String, Secret> values = new ConcurrentHashMap<>();

    @Override
    public Optional<Secret> find(String tenantRut, String system, String field) {
        return Optional.ofNullable(values.get(tenantRut + "/" + system + "/" + field));
    }

    @Override
    public void put(String tenantRut, String system, String field, Secret value) {
        values.put(tenantRut + "/" + system + "/" + field, value);
    }
}
