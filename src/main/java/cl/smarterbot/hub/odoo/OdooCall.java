package cl.smarterbot.hub.odoo;

import java.util.List;
import java.util.Map;

/**
 * One method call, independent of the transport.
 *
 * @param ids records the method works on, or null for a model-level method
 * @param arguments in the order of the method's signature: XML-RPC sends them by position (a model may rename a
 *     parameter, as res.partner's write does in 18), JSON-2 by name; an argument whose name is null has only a position
 * @param options sent by name on both transports
 * @param context Odoo's context, with the company already in it
 */
record OdooCall(
        String model,
        String method,
        List<Long> ids,
        List<Argument> arguments,
        Map<String, Object> options,
        Map<String, Object> context) {

    record Argument(String name, Object value) {}

    String place() {
        return model + "." + method;
    }
}
