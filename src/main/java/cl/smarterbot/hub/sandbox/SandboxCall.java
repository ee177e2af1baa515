package cl.smarterbot.hub.sandbox;

import java.util.function.Supplier;

/**
 * One vendor call, read but not yet done. {@code model} and {@code method} are the vendor's own words (null where it has
 * none), {@code company} is the company it is made for, or null.
 */
record SandboxCall(String model, String method, Integer company, Supplier<SandboxAnswer> work) {

    static SandboxCall of(Supplier<SandboxAnswer> work) {
        return new SandboxCall(null, null, null, work);
    }
}
