package cl.smarterbot.hub.door;

import cl.smarterbot.hub.tenancy.Caller;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Knows signed-in users by the token they send. */
public interface SignedInUsers {

    /** Where nobody can sign in: every token is unknown. */
    SignedInUsers NONE = token -> CompletableFuture.completedFuture(Optional.empty());

    /**
     * Never blocks.
     *
     * @param token as sent, without the word Bearer
     * @return the caller; empty if the token is no good, whatever the reason. Fails with {@link ProblemException} if it cannot be
     *     told now.
     */
    CompletableFuture<Optional<Caller>> byToken(String token);
}
