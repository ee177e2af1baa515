package cl.smarterbot.hub.ops;

import java.util.List;

/** Tries whether a system works for a tenant, without changing anything that people would see there. */
public interface TenantCheck {

    /**
     * One finding.
     *
     * @param system such as {@code Chatwoot}
     * @param part what was tried, such as {@code token}
     * @param works whether it works; null if it could not be tried
     * @param says for an operator, in plain words, without secrets
     */
    record Line(String system, String part, Boolean works, String says) {}

    /** Which one, such as {@code Chatwoot}. */
    String system();

    /** Tries it; empty if the tenant does not have the system. Blocks for some seconds at most. */
    List<Line> check(String rut);
}
