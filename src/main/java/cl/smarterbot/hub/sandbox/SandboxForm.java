package cl.smarterbot.hub.sandbox;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The fields and files of a form. {@code a[b]=1} is a field {@code a} with an object in it, {@code a[]=1} one with a list,
 * as Rails reads them.
 */
record SandboxForm(Map<String, Object> fields, List<File> files) {

    record File(String field, String name, String contentType, byte[] bytes) {}

    private static final Pattern BOUNDARY = Pattern.compile("boundary=(?:\"([^\"]+)\"|([^;\\s]+))");
    private static final Pattern NAME = Pattern.compile("[; ]name=\"([^\"]*)\"");
    private static final Pattern FILE = Pattern.compile("filename=\"([^\"]*)\"");
    private static final Pattern TYPE = Pattern.compile("(?i)content-type:\\s*([^\\r\\n]+)");

    /**
     * @throws IllegalArgumentException if it is no such form
     */
    static SandboxForm multipart(String contentType, byte[] body) {
        Matcher found = BOUNDARY.matcher(contentType);
        if (!found.find()) {
            throw new IllegalArgumentException("a form without boundary");
        }
        byte[] mark = ("--" + (found.group(1) == null ? found.group(2) : found.group(1)))
                .getBytes(StandardCharsets.ISO_8859_1);
        SandboxForm form = new SandboxForm(new LinkedHashMap<>(), new ArrayList<>());
        int at = find(body, mark, 0);
        while (at >= 0) {
            int start = at + mark.length + 2;
            int end = find(body, mark, start);
            if (end < 0) {
                break;
            }
            form.part(body, start, end - 2);
            at = end;
        }
        return form;
    }

    private void part(byte[] body, int start, int end) {
        int blank = find(body, new byte[] {'\r', '\n', '\r', '\n'}, start);
        if (blank < 0 || blank > end) {
            throw new IllegalArgumentException("a part of the form has no end of its headers");
        }
        String head = new String(body, start, blank - start, StandardCharsets.UTF_8);
        byte[] bytes = Arrays.copyOfRange(body, Math.min(blank + 4, end), end);
        Matcher name = NAME.matcher(head);
        if (!name.find()) {
            throw new IllegalArgumentException("a part of the form has no name");
        }
        Matcher file = FILE.matcher(head);
        if (file.find()) {
            Matcher type = TYPE.matcher(head);
            files.add(new File(
                    name.group(1),
                    file.group(1),
                    type.find() ? type.group(1).trim() : "application/octet-stream",
                    bytes));
        } else {
            put(name.group(1), new String(bytes, StandardCharsets.UTF_8));
        }
    }

    private static int find(byte[] body, byte[] mark, int from) {
        for (int i = from; i <= body.length - mark.length; i++) {
            int j = 0;
            while (j < mark.length && body[i + j] == mark[j]) {
                j++;
            }
            if (j == mark.length) {
                return i;
            }
        }
        return -1;
    }

    static SandboxForm urlEncoded(String body) {
        SandboxForm form = new SandboxForm(new LinkedHashMap<>(), List.of());
        for (String pair : body.split("&")) {
            if (!pair.isEmpty()) {
                String[] parts = pair.split("=", 2);
                form.put(decode(parts[0]), parts.length > 1 ? decode(parts[1]) : "");
            }
        }
        return form;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private void put(String name, String value) {
        int open = name.indexOf('[');
        if (open < 0 || !name.endsWith("]")) {
            fields.put(name, value);
            return;
        }
        String outer = name.substring(0, open);
        String inner = name.substring(open + 1, name.length() - 1);
        if (inner.isEmpty()) {
            @SuppressWarnings("unchecked")
            List<Object> list = (List<Object>)
                    fields.merge(outer, new ArrayList<>(), (old, fresh) -> old instanceof List ? old : fresh);
            list.add(value);
        } else {
            @SuppressWarnings("unchecked")
            Map<String, Object> map = (Map<String, Object>) fields.merge(
                    outer, new LinkedHashMap<String, Object>(), (old, fresh) -> old instanceof Map ? old : fresh);
            map.put(inner, value);
        }
    }
}
