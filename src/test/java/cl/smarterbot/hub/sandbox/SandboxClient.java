package cl.smarterbot.hub.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** An XML-RPC and JSON client of its own, so that the sandbox's reader and writer are not tested against themselves. */
final class SandboxClient {
    static final int FERRETERIA = 6;
    static final int PASTELERIA = 7;
    static final int ADMIN = 2;

    /** A fault; {@code toString} ends with the last line of a traceback. */
    record Fault(int code, String text) {
        String lastLine() {
            String[] lines = text.strip().split("\n");
            return lines[lines.length - 1];
        }
    }

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final ObjectMapper JSON = new ObjectMapper();

    private final URI base;

    SandboxClient(SandboxServer server) {
        this.base = server.uri();
    }

    HttpResponse<byte[]> send(String method, String path, byte[] body, String... headers) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return HTTP.send(request.build(), BodyHandlers.ofByteArray());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    HttpResponse<byte[]> json(String method, String path, Object body) throws IOException {
        return send(
                method, path, body == null ? null : JSON.writeValueAsBytes(body), "Content-Type", "application/json");
    }

    HttpResponse<byte[]> json2(String key, String path, Object body) throws IOException {
        return send(
                "POST",
                "/json/2/" + path,
                JSON.writeValueAsBytes(body),
                "Content-Type",
                "application/json",
                "Authorization",
                "bearer " + key,
                "X-Odoo-Database",
                "demo");
    }

    static Object parse(HttpResponse<byte[]> response) throws IOException {
        return JSON.readValue(response.body(), Object.class);
    }

    /** As {@code execute_kw} for a user with the published password. */
    Object named(int uid, String model, String method, List<?> args, Map<String, ?> named) {
        return rpc("/xmlrpc/2/object", "execute_kw", "demo", uid, "demo", model, method, args, named);
    }

    Object call(int uid, String model, String method, Object... args) {
        return named(uid, model, method, List.of(args), Map.of());
    }

    Fault fault(int uid, String model, String method, Object... args) {
        Object answer = call(uid, model, method, args);
        assertThat(answer).isInstanceOf(Fault.class);
        return (Fault) answer;
    }

    Object rpc(String path, String method, Object... params) {
        StringBuilder xml =
                new StringBuilder("<?xml version='1.0'?><methodCall><methodName>" + method + "</methodName><params>");
        for (Object param : params) {
            xml.append("<param>");
            write(xml, param);
            xml.append("</param>");
        }
        xml.append("</params></methodCall>");
        try {
            HttpResponse<byte[]> response =
                    send("POST", path, xml.toString().getBytes(StandardCharsets.UTF_8), "Content-Type", "text/xml");
            assertThat(response.statusCode()).isEqualTo(200);
            return answer(response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(StringBuilder xml, Object value) {
        xml.append("<value>");
        if (value instanceof Integer) {
            xml.append("<int>").append(value).append("</int>");
        } else if (value instanceof Double) {
            xml.append("<double>").append(value).append("</double>");
        } else if (value instanceof Boolean flag) {
            xml.append("<boolean>").append(flag ? 1 : 0).append("</boolean>");
        } else if (value instanceof List<?> list) {
            xml.append("<array><data>");
            list.forEach(item -> write(xml, item));
            xml.append("</data></array>");
        } else if (value instanceof Map<?, ?> map) {
            xml.append("<struct>");
            map.forEach((name, item) -> {
                xml.append("<member><name>").append(name).append("</name>");
                write(xml, item);
                xml.append("</member>");
            });
            xml.append("</struct>");
        } else {
            xml.append("<string>")
                    .append(value.toString()
                            .replace("&", "&amp;")
                            .replace("<", "&lt;")
                            .replace(">", "&gt;"))
                    .append("</string>");
        }
        xml.append("</value>");
    }

    static Object answer(byte[] xml) {
        try {
            Element root = DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new ByteArrayInputStream(xml))
                    .getDocumentElement();
            Object value = value(child(root.getElementsByTagName("value").item(0)));
            if (root.getElementsByTagName("fault").getLength() > 0) {
                Map<?, ?> fault = (Map<?, ?>) value;
                return new Fault((Integer) fault.get("faultCode"), (String) fault.get("faultString"));
            }
            return value;
        } catch (Exception e) {
            throw new AssertionError("Not an XML-RPC answer: " + new String(xml, StandardCharsets.UTF_8), e);
        }
    }

    private static Element child(Node node) {
        for (Node at = node.getFirstChild(); at != null; at = at.getNextSibling()) {
            if (at instanceof Element element) {
                return element;
            }
        }
        throw new AssertionError("no element in " + node.getNodeName());
    }

    private static List<Element> children(Node node) {
        List<Element> all = new ArrayList<>();
        for (Node at = node.getFirstChild(); at != null; at = at.getNextSibling()) {
            if (at instanceof Element element) {
                all.add(element);
            }
        }
        return all;
    }

    private static Object value(Element typed) {
        switch (typed.getTagName()) {
            case "int":
                return Integer.valueOf(typed.getTextContent());
            case "boolean":
                return typed.getTextContent().equals("1");
            case "double":
                return Double.valueOf(typed.getTextContent());
            case "array":
                return children(child(typed)).stream()
                        .map(item -> value(child(item)))
                        .toList();
            case "struct":
                Map<String, Object> map = new LinkedHashMap<>();
                for (Element member : children(typed)) {
                    List<Element> parts = children(member);
                    map.put(parts.get(0).getTextContent(), value(child(parts.get(1))));
                }
                return map;
            default:
                return typed.getTextContent();
        }
    }
}
