package cl.smarterbot.hub.door;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** HTTP byte by byte: what no client library would send. */
final class RawHttp {

    static final ObjectMapper JSON = new ObjectMapper();

    /** @param status -1 if the server closed without a word */
    record Reply(int status, Map<String, String> headers, String body) {
        JsonNode json() {
            try {
                return JSON.readTree(body);
            } catch (IOException e) {
                throw new IllegalStateException(body, e);
            }
        }

        /** Last part of the problem's type; empty if it is none. */
        String problem() {
            return "application/problem+json".equals(headers.get("Content-Type"))
                    ? json().path("type").asText().replace("urn:smarteros:problem:", "")
                    : "";
        }

        String header(String name) {
            return headers.get(name);
        }
    }

    private RawHttp() {}

    static Socket connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        return socket;
    }

    static Reply send(int port, byte[] request) throws IOException {
        try (Socket socket = connect(port)) {
            try {
                socket.getOutputStream().write(request);
                socket.getOutputStream().flush();
            } catch (IOException refusedBeforeAllWasSent) {
                // The answer may be there all the same.
            }
            return read(socket);
        }
    }

    static Reply send(int port, String request) throws IOException {
        return send(port, request.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** @param head request line and headers without the length, each with its line break */
    static Reply send(int port, String head, byte[] body) throws IOException {
        byte[] start = (head + "Content-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = Arrays.copyOf(start, start.length + body.length);
        System.arraycopy(body, 0, all, start.length, body.length);
        return send(port, all);
    }

    /** Posts JSON to {@code /contact}. */
    static Reply post(int port, String headers, String body) throws IOException {
        return post(port, headers, body.getBytes(StandardCharsets.UTF_8));
    }

    static Reply post(int port, String headers, byte[] body) throws IOException {
        return send(port, "POST /contact HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n" + headers, body);
    }

    static Reply read(Socket socket) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        try {
            int b;
            while ((b = socket.getInputStream().read()) >= 0) {
                head.write(b);
                if (b == '\n' && head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
                    break;
                }
            }
        } catch (java.net.SocketException reset) {
            // Closed with bytes of ours unread.
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        if (text.isEmpty()) {
            return new Reply(-1, Map.of(), "");
        }
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        String[] lines = text.split("\r\n");
        Arrays.stream(lines).skip(1).forEach(l -> {
            int colon = l.indexOf(':');
            headers.merge(l.substring(0, colon), l.substring(colon + 1).trim(), (a, b) -> a + " || " + b);
        });
        byte[] body = socket.getInputStream().readNBytes(Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
        return new Reply(Integer.parseInt(lines[0].split(" ")[1]), headers, new String(body, StandardCharsets.UTF_8));
    }
}
