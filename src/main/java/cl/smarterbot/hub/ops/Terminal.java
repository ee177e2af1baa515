package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Prints for people or for tools. What came in from outside cannot move the cursor, change colours or forge a line. */
final class Terminal {

    private static final ObjectWriter JSON = new ObjectMapper().writerWithDefaultPrettyPrinter();
    private static final int MAX_CELL = 60;
    private static final int MAX_PROGRESS = 120;

    private final PrintStream out;

    Terminal(PrintStream out) {
        this.out = out;
    }

    void line(String text) {
        out.println(safe(text));
    }

    void json(JsonNode node) {
        try {
            // Outside strings JSON is plain ASCII, so what is escaped here is inside one.
            out.println(escape(JSON.writeValueAsString(node), false));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @param columns JSON names, or {@code a.b} for a field of a field */
    void table(JsonNode rows, String... columns) {
        List<String[]> lines = new ArrayList<>();
        String[] head = new String[columns.length];
        for (int i = 0; i < columns.length; i++) {
            String last = columns[i].substring(columns[i].lastIndexOf('.') + 1);
            head[i] = last.replaceAll("([a-z])([A-Z])", "$1 $2").toUpperCase(Locale.ROOT);
        }
        lines.add(head);
        for (JsonNode row : rows) {
            String[] cells = new String[columns.length];
            for (int i = 0; i < columns.length; i++) {
                cells[i] = cut(safe(text(row.at("/" + columns[i].replace('.', '/')))), MAX_CELL);
            }
            lines.add(cells);
        }
        int[] widths = new int[columns.length];
        lines.forEach(line -> {
            for (int i = 0; i < line.length; i++) {
                widths[i] = Math.max(widths[i], line[i].length());
            }
        });
        for (String[] line : lines) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < line.length; i++) {
                text.append(line[i]).append(" ".repeat(widths[i] - line[i].length() + 2));
            }
            out.println(text.toString().stripTrailing());
        }
    }

    /** A line that says how far something is, again and again: in one place on a screen, now and then elsewhere. */
    Progress progress() {
        return new Progress(System.console() != null);
    }

    final class Progress {
        private static final long SPACING_NANOS = 5_000_000_000L;

        private final boolean screen;
        private int width;
        private long shownAt;
        private String shown = "";

        private Progress(boolean screen) {
            this.screen = screen;
        }

        void show(String text) {
            String line = cut(safe(text), MAX_PROGRESS);
            if (line.equals(shown)) {
                return;
            }
            if (screen) {
                out.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
                out.flush();
                width = line.length();
            } else if (shown.isEmpty() || System.nanoTime() - shownAt >= SPACING_NANOS) {
                out.println(line);
                shownAt = System.nanoTime();
            }
            shown = line;
        }

        void end() {
            if (screen && width > 0) {
                out.println();
            }
        }
    }

    /** One field a line. */
    void fields(JsonNode object, String... names) {
        int width = 0;
        for (String name : names) {
            width = Math.max(width, name.length());
        }
        for (String name : names) {
            out.println(name + " ".repeat(width - name.length() + 2) + safe(text(object.path(name))));
        }
    }

    static String safe(String text) {
        return escape(text, true);
    }

    private static String text(JsonNode node) {
        if (node.isMissingNode() || node.isNull()) {
            return "-";
        }
        return node.isValueNode() ? node.asText() : node.toString();
    }

    private static String cut(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most - 3) + "...";
    }

    private static String escape(String text, boolean lineBreaks) {
        StringBuilder safe = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            int type = Character.getType(c);
            boolean harmful = type == Character.CONTROL
                    || type == Character.FORMAT
                    || type == Character.SURROGATE
                    || type == Character.LINE_SEPARATOR
                    || type == Character.PARAGRAPH_SEPARATOR;
            if (harmful && (lineBreaks || (c != '\n' && c != '\r'))) {
                for (char unit : Character.toChars(c)) {
                    safe.append(String.format("\\u%04x", (int) unit));
                }
            } else {
                safe.appendCodePoint(c);
            }
        });
        return safe.toString();
    }
}
