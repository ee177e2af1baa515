package cl.smarterbot.hub.storage;

import cl.smarterbot.hub.rest.RestException;
import java.util.regex.Pattern;

/**
 * Name of an object, below its tenant's folder. A service key can write everywhere in a project, so this is the fence: of a name
 * that a route gives, each part is checked, and none can mean another folder, however often it is decoded on its way.
 */
record StoragePath(String name) {

    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}");
    private static final int LONGEST = 900;

    /**
     * @param tenant canonical RUT
     * @param below what comes after the tenant's folder, such as {@code conversations/7/12/3-foto.png}
     * @throws RestException of kind {@link RestException.Kind#BAD_CALL} if a part is empty, begins with a dot, or has anything but
     *     letters, digits, dots, hyphens and {@code _}
     */
    static StoragePath of(String tenant, String below) {
        boolean right = below != null && below.length() <= LONGEST;
        for (String part : right ? below.split("/", -1) : new String[0]) {
            right &= PART.matcher(part).matches();
        }
        if (!right) {
            throw RestException.of(
                    ObjectStore.SYSTEM,
                    RestException.Kind.BAD_CALL,
                    "storage",
                    "the path must be parts of letters, digits, dots, hyphens and _, divided by single slashes");
        }
        return new StoragePath(tenant + "/" + below);
    }
}
