package cl.smarterbot.hub.door;

import java.util.Set;

/** What can have become of a contact. */
final class ContactStatus {

    /** As the check on {@code public.contacts.status} has it. */
    private static final Set<String> ALL = Set.of("new", "contacted", "closed");

    private ContactStatus() {}

    static boolean isOne(String text) {
        return ALL.contains(text);
    }

    static Problem.Invalid invalid() {
        return new Problem.Invalid("status", "one-of", "Debe ser new, contacted o closed.");
    }
}
