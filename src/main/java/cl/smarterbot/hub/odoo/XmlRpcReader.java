package cl.smarterbot.hub.odoo;

import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Reads XML-RPC answers from servers that may be hostile: no DOCTYPE, no entities beyond XML's own five, bounded depth and
 * element count. The size is bounded by whoever read the bytes.
 */
final class XmlRpcReader {
    static final int DEEPEST_VALUE = 64;
    static final int MOST_ELEMENTS = 1_000_000;

    /** Of the JDK's own parser, which takes more time to be made than to read a small answer. */
    private static final String REUSE = "reuse-instance";

    private static final int SMALL = 32 << 10;
    private static final BlockingQueue<XMLInputFactory> PARSERS = new ArrayBlockingQueue<>(16);

    /** What a server answered: a value, or a fault with code and text. */
    record Answer(Object value, Fault fault) {}

    /** An XML-RPC fault. */
    record Fault(String code, String text) {}

    private final XMLStreamReader in;
    private int elements;

    private XmlRpcReader(XMLStreamReader in) {
        this.in = in;
    }

    /**
     * Parses a whole answer.
     *
     * @throws OdooException of kind PROTOCOL; permanent for a DOCTYPE or an answer past its limits, else transient: garbage comes
     *     from a proxy or a dying server and passes
     */
    static Answer read(byte[] body) {
        String text = utf8(body);
        if (text.isBlank()) {
            throw OdooException.passing(OdooException.Kind.PROTOCOL, "the server sent an empty answer");
        }
        if (looksLikeHtml(text)) {
            throw OdooException.passing(
                    OdooException.Kind.PROTOCOL, "the server sent a web page instead of an XML-RPC answer");
        }
        refuseDeclarations(text);
        XMLInputFactory factory = PARSERS.poll();
        if (factory == null) {
            factory = parser();
        }
        try {
            // A reader, not a stream: the declared encoding cannot smuggle in another reading of the bytes.
            XMLStreamReader in = factory.createXMLStreamReader(new StringReader(text));
            Answer answer;
            try {
                answer = new XmlRpcReader(in).document();
            } finally {
                in.close();
            }
            // One that met something odd is not used again; nor one that might hold on to a large text.
            if (text.length() < SMALL) {
                PARSERS.offer(factory);
            }
            return answer;
        } catch (XMLStreamException e) {
            // The parser's message may quote the document, so it is not repeated.
            if (!text.stripTrailing().endsWith("</methodResponse>")) {
                throw OdooException.passing(
                        OdooException.Kind.PROTOCOL, "the server's XML-RPC answer is cut off or not XML");
            }
            throw malformed("it is not well-formed XML");
        }
    }

    private static XMLInputFactory parser() {
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_VALIDATING, false);
        if (factory.isPropertySupported(REUSE)) {
            factory.setProperty(REUSE, true);
        }
        factory.setXMLResolver((publicId, systemId, base, namespace) -> {
            throw new XMLStreamException("external entity");
        });
        return factory;
    }

    static String utf8(byte[] body) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(body))
                    .toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw OdooException.passing(OdooException.Kind.PROTOCOL, "the server's answer is not UTF-8");
        }
    }

    static boolean looksLikeHtml(String text) {
        String start = text.stripLeading();
        start = start.substring(0, Math.min(start.length(), 200)).toLowerCase(Locale.ROOT);
        return start.startsWith("<!doctype html") || start.startsWith("<html");
    }

    /** Text cannot hold a bare "&lt;!", so any that is no comment or CDATA section starts a declaration. */
    private static void refuseDeclarations(String text) {
        for (int i = text.indexOf("<!"); i >= 0; i = text.indexOf("<!", i + 2)) {
            if (!text.startsWith("<!--", i) && !text.startsWith("<![CDATA[", i)) {
                throw OdooException.permanent(
                        OdooException.Kind.PROTOCOL, "the server's answer has a DOCTYPE, which is refused");
            }
        }
    }

    private Answer document() throws XMLStreamException {
        open("methodResponse");
        String child = open();
        Answer answer;
        if (child.equals("params")) {
            open("param");
            open("value");
            answer = new Answer(value(0), null);
            close();
            close();
        } else if (child.equals("fault")) {
            open("value");
            answer = new Answer(null, fault(value(0)));
            close();
        } else {
            throw malformed("methodResponse holds <" + printable(child) + ">");
        }
        close();
        while (in.hasNext()) {
            next();
        }
        return answer;
    }

    private static Fault fault(Object value) {
        if (!(value instanceof Map<?, ?> map) || map.get("faultCode") == null) {
            throw malformed("the fault has no faultCode");
        }
        Object text = map.get("faultString");
        return new Fault(String.valueOf(map.get("faultCode")), text == null ? "" : text.toString());
    }

    /** Reads the content of a value element up to and including its end tag. */
    private Object value(int depth) throws XMLStreamException {
        if (depth > DEEPEST_VALUE) {
            throw malformed("its values are nested too deeply");
        }
        StringBuilder text = new StringBuilder();
        Object result = null;
        boolean typed = false;
        while (true) {
            switch (next()) {
                case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA, XMLStreamConstants.SPACE -> {
                    if (!typed) {
                        text.append(in.getTextCharacters(), in.getTextStart(), in.getTextLength());
                    }
                }
                case XMLStreamConstants.START_ELEMENT -> {
                    if (typed) {
                        throw malformed("a value holds two types");
                    }
                    typed = true;
                    result = typed(in.getLocalName(), depth);
                }
                case XMLStreamConstants.END_ELEMENT -> {
                    return typed ? result : text.toString();
                }
                default -> {}
            }
        }
    }

    private Object typed(String type, int depth) throws XMLStreamException {
        return switch (type) {
            case "string" -> text();
            case "int", "i4", "i8", "i2", "i1" -> integer(text());
            case "boolean" -> bool(text().trim());
            case "double" -> decimal(text().trim());
            case "dateTime.iso8601" -> dateTime(text().trim());
            case "base64" -> base64(text());
            case "nil" -> nil();
            case "struct" -> struct(depth);
            case "array" -> array(depth);
            default -> throw malformed("it has a value of the unknown type " + printable(type));
        };
    }

    private Map<String, Object> struct(int depth) throws XMLStreamException {
        Map<String, Object> map = new LinkedHashMap<>();
        while (opens("member")) {
            open("name");
            String name = text();
            open("value");
            map.put(name, value(depth + 1));
            close();
        }
        return map;
    }

    private List<Object> array(int depth) throws XMLStreamException {
        open("data");
        List<Object> list = new ArrayList<>();
        while (opens("value")) {
            list.add(value(depth + 1));
        }
        close();
        return list;
    }

    private Object nil() throws XMLStreamException {
        text();
        return null;
    }

    private static Long integer(String text) {
        try {
            return Long.valueOf(text.trim());
        } catch (NumberFormatException e) {
            throw malformed("it has an integer that is out of range or not a number");
        }
    }

    private static Double decimal(String text) {
        try {
            return Double.valueOf(text);
        } catch (NumberFormatException e) {
            throw malformed("it has a double that is not a number");
        }
    }

    private static Boolean bool(String text) {
        return switch (text) {
            case "1" -> true;
            case "0" -> false;
            default -> throw malformed("it has a boolean that is neither 0 nor 1");
        };
    }

    /** Brings 20261123T05:54:12 into the form in which Odoo itself sends date-times. */
    private static String dateTime(String text) {
        if (!text.matches("\\d{4}-?\\d{2}-?\\d{2}T\\d{2}:\\d{2}:\\d{2}")) {
            throw malformed("it has a dateTime that is not valid");
        }
        String digits = text.replace("-", "");
        return digits.substring(0, 4) + "-" + digits.substring(4, 6) + "-" + digits.substring(6, 8) + " "
                + digits.substring(9);
    }

    private static byte[] base64(String text) {
        try {
            return Base64.getDecoder().decode(text.replaceAll("\\s+", ""));
        } catch (IllegalArgumentException e) {
            throw malformed("it has base64 that is not valid");
        }
    }

    private String text() throws XMLStreamException {
        StringBuilder text = new StringBuilder();
        while (true) {
            switch (next()) {
                case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA, XMLStreamConstants.SPACE ->
                    text.append(in.getTextCharacters(), in.getTextStart(), in.getTextLength());
                case XMLStreamConstants.END_ELEMENT -> {
                    return text.toString();
                }
                case XMLStreamConstants.START_ELEMENT -> throw malformed("text holds an element");
                default -> {}
            }
        }
    }

    /** True when the next element starts and has this name; false when the parent ends. */
    private boolean opens(String name) throws XMLStreamException {
        while (true) {
            int event = next();
            if (event == XMLStreamConstants.END_ELEMENT) {
                return false;
            }
            if (event == XMLStreamConstants.START_ELEMENT) {
                if (!in.getLocalName().equals(name)) {
                    throw malformed("<" + printable(in.getLocalName()) + "> stands where <" + name + "> should");
                }
                return true;
            }
            refuseText(event);
        }
    }

    private void open(String name) throws XMLStreamException {
        if (!opens(name)) {
            throw malformed("<" + name + "> is missing");
        }
    }

    private String open() throws XMLStreamException {
        while (true) {
            int event = next();
            if (event == XMLStreamConstants.START_ELEMENT) {
                return in.getLocalName();
            }
            if (event == XMLStreamConstants.END_ELEMENT) {
                throw malformed("methodResponse is empty");
            }
            refuseText(event);
        }
    }

    private void close() throws XMLStreamException {
        while (true) {
            int event = next();
            if (event == XMLStreamConstants.END_ELEMENT) {
                return;
            }
            if (event == XMLStreamConstants.START_ELEMENT) {
                throw malformed("<" + printable(in.getLocalName()) + "> stands where nothing should");
            }
            refuseText(event);
        }
    }

    private void refuseText(int event) {
        if ((event == XMLStreamConstants.CHARACTERS || event == XMLStreamConstants.CDATA) && !in.isWhiteSpace()) {
            throw malformed("text stands between elements");
        }
    }

    private int next() throws XMLStreamException {
        if (!in.hasNext()) {
            throw malformed("it ends too early");
        }
        int event = in.next();
        switch (event) {
            case XMLStreamConstants.DTD,
                    XMLStreamConstants.ENTITY_REFERENCE,
                    XMLStreamConstants.ENTITY_DECLARATION,
                    XMLStreamConstants.NOTATION_DECLARATION ->
                throw OdooException.permanent(
                        OdooException.Kind.PROTOCOL,
                        "the server's answer has a DOCTYPE or an entity, which is refused");
            case XMLStreamConstants.START_ELEMENT -> {
                if (++elements > MOST_ELEMENTS) {
                    throw malformed("it has too many elements");
                }
            }
            default -> {}
        }
        return event;
    }

    private static String printable(String name) {
        String safe = name.replaceAll("[^A-Za-z0-9._-]", "?");
        return safe.substring(0, Math.min(safe.length(), 40));
    }

    private static OdooException malformed(String why) {
        return OdooException.passing(OdooException.Kind.PROTOCOL, "the server's XML-RPC answer is wrong: " + why);
    }
}
