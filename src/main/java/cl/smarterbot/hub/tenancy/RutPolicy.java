package cl.smarterbot.hub.tenancy;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which RUTs pass although the arithmetic, or the rule against placeholders, says no: ids that a deployment has had since before
 * they were checked. Nothing passes unless it is listed, and every listed id is logged when it is first used.
 */
public final class RutPolicy {
    private static final Logger LOG = LoggerFactory.getLogger(RutPolicy.class);

    /** No exceptions. */
    public static final RutPolicy STRICT = new RutPolicy(Set.of());

    private final Set<String> allowed;
    private final Set<String> used = ConcurrentHashMap.newKeySet();

    private RutPolicy(Set<String> allowed) {
        this.allowed = allowed;
    }

    /**
     * Strict but for the given ids.
     *
     * @param ids legacy RUTs in any input form; blank entries are skipped
     * @throws InvalidRutException if an entry has not even the shape of a RUT
     */
    public static RutPolicy allowing(Collection<String> ids) {
        Set<String> canonical = ids.stream()
                .filter(id -> id != null && !id.isBlank())
                .map(Rut::canonicalShape)
                .collect(Collectors.toUnmodifiableSet());
        return canonical.isEmpty() ? STRICT : new RutPolicy(canonical);
    }

    boolean allows(String canonical) {
        if (!allowed.contains(canonical)) {
            return false;
        }
        if (used.add(canonical)) {
            LOG.warn("RUT {} fails the check but is on the legacy allow-list: accepted", canonical);
        }
        return true;
    }
}
