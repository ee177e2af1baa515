package cl.smarterbot.hub.sandbox;

import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * XML-RPC as Python's {@code xmlrpc.client} reads and writes it. Values are {@code String}, {@code Boolean},
 * {@code Integer}, {@code Long}, {@code Double}, {@code List}, {@code Map} and null for {@code <nil/>}.
 */
final class XmlRpc {

    /** Deep nesting would cost stack in the reader; no Odoo call comes near. */
    private static final int MAX_DEPTH = 64;

    record Call(String method, List<Object> params) {}

    /** An {@code <base64>} or {@code <dateTime.iso8601>} value, which Odoo's fields do not take. */
    record Special(String type, String text) {}

    private static final XMLInputFactory FACTORY = factory();

    private XmlRpc() {}

    private static XMLInputFactory factory() {
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_COALESCING, true);
        return factory;
    }

    /** @throws OdooFault of {@code xml.parsers.expat.ExpatError} for anything but a well-formed call without DOCTYPE */
    static Call read(byte[] body) {
        if (body.length == 0) {
            throw expat("no element found: line 1, column 0");
        }
        try {
            XMLStreamReader in = FACTORY.createXMLStreamReader(new ByteArrayInputStream(body));
            try {
                return call(in);
            } finally {
                in.close();
            }
        } catch (XMLStreamException e) {
            var at = e.getLocation();
            throw expat("not well-formed (invalid token): line " + (at == null ? 1 : at.getLineNumber()) + ", column "
                    + (at == null ? 0 : at.getColumnNumber()));
        } catch (NumberFormatException e) {
            throw OdooFault.value("invalid literal in XML-RPC value");
        }
    }

    private static OdooFault expat(String message) {
        return OdooFault.error("xml.parsers.expat.ExpatError", message);
    }

    private static Call call(XMLStreamReader in) throws XMLStreamException {
        String method = null;
        List<Object> params = new ArrayList<>();
        boolean rooted = false;
        while (in.hasNext()) {
            int event = in.next();
            if (event == XMLStreamConstants.DTD || event == XMLStreamConstants.ENTITY_REFERENCE) {
                throw expat("DOCTYPE and entities are not accepted");
            }
            if (event != XMLStreamConstants.START_ELEMENT) {
                continue;
            }
            String name = in.getLocalName();
            if (!rooted && !name.equals("methodCall")) {
                throw OdooFault.error("xmlrpc.client.ResponseError", "ResponseError()");
            }
            rooted = true;
            if (name.equals("methodName")) {
                method = in.getElementText();
            } else if (name.equals("value")) {
                params.add(value(in, 0));
            }
        }
        if (method == null) {
            throw OdooFault.error("xmlrpc.client.ResponseError", "ResponseError()");
        }
        return new Call(method, params);
    }

    /** The reader stands on {@code <value>}; afterwards on its end. */
    private static Object value(XMLStreamReader in, int depth) throws XMLStreamException {
        if (depth > MAX_DEPTH) {
            throw OdooFault.error("RecursionError", "maximum recursion depth exceeded");
        }
        StringBuilder untyped = new StringBuilder();
        Object result = null;
        boolean typed = false;
        while (true) {
            int event = in.next();
            switch (event) {
                case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA, XMLStreamConstants.SPACE -> {
                    if (!typed) {
                        untyped.append(in.getText());
                    }
                }
                case XMLStreamConstants.START_ELEMENT -> {
                    typed = true;
                    result = typed(in, depth);
                }
                case XMLStreamConstants.END_ELEMENT -> {
                    return typed ? result : untyped.toString();
                }
                case XMLStreamConstants.ENTITY_REFERENCE, XMLStreamConstants.DTD ->
                    throw expat("DOCTYPE and entities are not accepted");
                default -> {}
            }
        }
    }

    private static Object typed(XMLStreamReader in, int depth) throws XMLStreamException {
        String type = in.getLocalName();
        switch (type) {
            case "string":
                return in.getElementText();
            case "int", "i1", "i2", "i4", "i8", "biginteger": {
                BigInteger number = new BigInteger(in.getElementText().trim());
                return number.bitLength() < 32
                        ? (Object) number.intValue()
                        : number.bitLength() < 64 ? (Object) number.longValue() : number;
            }
            case "boolean": {
                String text = in.getElementText().trim();
                if (!text.equals("0") && !text.equals("1")) {
                    throw OdooFault.error("TypeError", "bad boolean value");
                }
                return text.equals("1");
            }
            case "double", "float", "bigdecimal":
                return Double.valueOf(in.getElementText().trim());
            case "nil":
                in.getElementText();
                return null;
            case "base64", "dateTime.iso8601":
                return new Special(type, in.getElementText());
            case "array": {
                List<Object> list = new ArrayList<>();
                for (int open = 1; open > 0; ) {
                    int event = in.next();
                    if (event == XMLStreamConstants.START_ELEMENT) {
                        if (in.getLocalName().equals("value")) {
                            list.add(value(in, depth + 1));
                        } else {
                            open++;
                        }
                    } else if (event == XMLStreamConstants.END_ELEMENT) {
                        open--;
                    }
                }
                return list;
            }
            case "struct": {
                Map<String, Object> map = new LinkedHashMap<>();
                String name = null;
                for (int open = 1; open > 0; ) {
                    int event = in.next();
                    if (event == XMLStreamConstants.START_ELEMENT) {
                        switch (in.getLocalName()) {
                            case "name" -> name = in.getElementText();
                            case "value" -> map.put(String.valueOf(name), value(in, depth + 1));
                            default -> open++;
                        }
                    } else if (event == XMLStreamConstants.END_ELEMENT) {
                        open--;
                    }
                }
                return map;
            }
            default:
                throw OdooFault.error("xmlrpc.client.ResponseError", "unknown type '" + type + "'");
        }
    }

    /** @throws OdooFault where Python's marshaller would: None, a non-string key, an int beyond 32 bits */
    static byte[] response(Object result) {
        StringBuilder out = new StringBuilder(256);
        out.append("<?xml version=\"1.0\"?>\n<methodResponse>\n<params>\n<param>\n");
        write(out, result);
        out.append("</param>\n</params>\n\n</methodResponse>\n");
        return out.toString().getBytes(StandardCharsets.UTF_8);
    }

    static byte[] fault(int code, String text) {
        StringBuilder out = new StringBuilder(256);
        out.append("<?xml version=\"1.0\"?>\n<methodResponse>\n<fault>\n");
        Map<String, Object> fault = new LinkedHashMap<>();
        fault.put("faultCode", code);
        fault.put("faultString", text);
        write(out, fault);
        out.append("</fault>\n\n</methodResponse>\n");
        return out.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void write(StringBuilder out, Object value) {
        out.append("<value>");
        if (value == null) {
            throw OdooFault.error("TypeError", "cannot marshal None unless allow_none is enabled");
        } else if (value instanceof String text) {
            out.append("<string>");
            escape(out, text);
            out.append("</string>");
        } else if (value instanceof Boolean flag) {
            out.append("<boolean>").append(flag ? 1 : 0).append("</boolean>");
        } else if (value instanceof Integer number) {
            out.append("<int>").append(number).append("</int>");
        } else if (value instanceof Double || value instanceof Float) {
            out.append("<double>").append(plain(((Number) value).doubleValue())).append("</double>");
        } else if (value instanceof Number) {
            throw OdooFault.error("OverflowError", "int exceeds XML-RPC limits");
        } else if (value instanceof byte[] bytes) {
            out.append("<string>")
                    .append(Base64.getEncoder().encodeToString(bytes))
                    .append("</string>");
        } else if (value instanceof Iterable<?> list) {
            out.append("<array><data>\n");
            for (Object item : list) {
                write(out, item);
            }
            out.append("</data></array>");
        } else if (value instanceof Map<?, ?> map) {
            out.append("<struct>\n");
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                if (!(entry.getKey() instanceof String name)) {
                    throw OdooFault.error("TypeError", "dictionary key must be string");
                }
                out.append("<member>\n<name>");
                escape(out, name);
                out.append("</name>\n");
                write(out, entry.getValue());
                out.append("</member>\n");
            }
            out.append("</struct>");
        } else {
            throw OdooFault.error(
                    "TypeError", "cannot marshal " + value.getClass().getSimpleName() + " objects");
        }
        out.append("</value>\n");
    }

    static String plain(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        String text = new BigDecimal(Double.toString(value)).toPlainString();
        return text.indexOf('.') < 0 ? text + ".0" : text;
    }

    /** Odoo leaves out the characters which XML 1.0 cannot carry. */
    private static void escape(StringBuilder out, String text) {
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '\r' -> out.append("&#13;");
                default -> {
                    boolean legal = c == 9
                            || c == 10
                            || (c >= 0x20 && c <= 0xD7FF)
                            || (c >= 0xE000 && c <= 0xFFFD)
                            || c >= 0x10000;
                    if (legal) {
                        out.appendCodePoint(c);
                    }
                }
            }
        });
    }
}
