package cl.smarterbot.hub.odoo;

import java.util.concurrent.CompletableFuture;

/** One way to carry a call to a server. */
interface Wire {
    /** Runs the call; the value is in the plain form of {@link OdooValues}, null when the method returned None. */
    CompletableFuture<Object> execute(OdooCall call, CallLimits limits);

    /** The database id of the user that the connection logs in as. */
    CompletableFuture<Long> userId(CallLimits limits);

    OdooTransport transport();
}
