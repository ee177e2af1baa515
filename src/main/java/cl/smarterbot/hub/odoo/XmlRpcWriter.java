package cl.smarterbot.hub.odoo;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/** Writes XML-RPC calls. Values must be in the plain form of {@link OdooValues}. */
final class XmlRpcWriter {
    private final StringBuilder out = new StringBuilder(1024);

    private XmlRpcWriter() {}

    /**
     * The document for one call.
     *
     * @throws OdooException of kind BAD_REQUEST for an integer beyond 32 bits, naming its field: Odoo's integer columns
     *     and the plain XML-RPC integer have no more
     */
    static String call(String method, List<?> parameters) {
        XmlRpcWriter writer = new XmlRpcWriter();
        writer.out.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?><methodCall><methodName>");
        writer.text(method);
        writer.out.append("</methodName><params>");
        for (Object parameter : parameters) {
            writer.out.append("<param>");
            writer.value(parameter, "");
            writer.out.append("</param>");
        }
        writer.out.append("</params></methodCall>");
        return writer.out.toString();
    }

    private void value(Object value, String path) {
        out.append("<value>");
        if (value == null) {
            out.append("<nil/>");
        } else if (value instanceof Boolean flag) {
            out.append("<boolean>").append(flag ? '1' : '0').append("</boolean>");
        } else if (value instanceof Long number) {
            if (number != number.intValue()) {
                throw tooLong(path);
            }
            out.append("<int>").append(number).append("</int>");
        } else if (value instanceof BigInteger) {
            throw tooLong(path);
        } else if (value instanceof Double number) {
            out.append("<double>").append(number).append("</double>");
        } else if (value instanceof Map<?, ?> map) {
            out.append("<struct>");
            map.forEach((key, item) -> {
                out.append("<member><name>");
                text(String.valueOf(key));
                out.append("</name>");
                value(item, path.isEmpty() ? String.valueOf(key) : path + "." + key);
                out.append("</member>");
            });
            out.append("</struct>");
        } else if (value instanceof List<?> list) {
            out.append("<array><data>");
            for (Object item : list) {
                value(item, path);
            }
            out.append("</data></array>");
        } else {
            out.append("<string>");
            text(value.toString());
            out.append("</string>");
        }
        out.append("</value>");
    }

    private void text(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '&' -> out.append("&amp;");
                // A bare carriage return would reach the server as a line feed.
                case '\r' -> out.append("&#13;");
                default -> out.append(c);
            }
        }
    }

    private static OdooException tooLong(String path) {
        return OdooException.badRequest("the integer in " + (path.isEmpty() ? "the arguments" : path)
                + " does not fit in 32 bits; send a decimal or text if the field is not an integer");
    }
}
