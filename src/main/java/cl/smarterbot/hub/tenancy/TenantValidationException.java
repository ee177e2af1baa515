package cl.smarterbot.hub.tenancy;

import java.util.List;
import java.util.stream.Collectors;

/** What was asked for cannot be: all problems at once, each naming the field and the rule it breaks. */
public final class TenantValidationException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    /** @param problems at least one */
    public TenantValidationException(List<Problem> problems) {
        super(problems.stream().map(p -> p.field() + ": " + p.rule()).collect(Collectors.joining("; ")));
        this.problems = List.copyOf(problems);
    }

    /** One problem: the rule that a field breaks. */
    public TenantValidationException(String field, String rule) {
        this(List.of(new Problem(field, rule)));
    }

    /** At least one. */
    public List<Problem> problems() {
        return problems;
    }

    /** One rule that one field breaks. */
    public record Problem(String field, String rule) {}
}
