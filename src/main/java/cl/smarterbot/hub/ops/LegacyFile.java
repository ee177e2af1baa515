package cl.smarterbot.hub.ops;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An older contacts table as {@code \copy ... csv header} writes it: UTF-8, fields between commas, quotes doubled within quotes, an
 * empty field without quotes is null. Read row by row in bounded memory.
 */
final class LegacyFile implements AutoCloseable {

    /** No field that can pass is longer (5,000 characters of two units each); what comes beyond is dropped, and refused. */
    private static final int LONGEST = 10_003;

    private static final List<String> NEEDED = List.of("id", "name", "email", "message");

    private final BufferedReader in;
    private final List<String> columns;
    private long line = 1;
    private int next;

    private LegacyFile(BufferedReader in) throws IOException {
        this.in = in;
        this.next = in.read();
        if (next == '\ufeff') {
            next = in.read();
        }
        List<String> head = record();
        this.columns = head == null ? List.of() : head;
        List<String> lacking = NEEDED.stream().filter(c -> !columns.contains(c)).toList();
        if (!lacking.isEmpty()) {
            throw new CliException(
                    CliException.FAILED,
                    "The first line of the file names no column " + String.join(", ", lacking)
                            + ". Write it with: \\copy contacts_legacy to 'contacts.csv' csv header");
        }
    }

    /** @throws CliException if the file cannot be read or its first line does not name the columns that are needed */
    static LegacyFile open(Path file) {
        try {
            InputStream bytes = Files.newInputStream(file);
            try {
                return new LegacyFile(new BufferedReader(new InputStreamReader(
                        bytes,
                        StandardCharsets.UTF_8
                                .newDecoder()
                                .onMalformedInput(CodingErrorAction.REPORT)
                                .onUnmappableCharacter(CodingErrorAction.REPORT))));
            } catch (IOException | RuntimeException e) {
                bytes.close();
                throw e;
            }
        } catch (CharacterCodingException e) {
            throw notUtf8(1);
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, "The file cannot be read: " + file);
        }
    }

    /**
     * The next row.
     *
     * @return null at the end
     * @throws CliException naming the line from which on the file is no CSV in UTF-8
     */
    LegacyRow read() {
        long at = line;
        try {
            List<String> fields = record();
            if (fields == null) {
                return null;
            }
            if (fields.size() != columns.size()) {
                throw new CliException(
                        CliException.FAILED,
                        "Line " + at + " has " + fields.size() + " fields, but there are " + columns.size()
                                + " columns.");
            }
            String tenant = field(fields, "tenant_rut");
            return new LegacyRow(
                    at,
                    field(fields, "id"),
                    tenant != null ? tenant : field(fields, "tenant"),
                    field(fields, "name"),
                    field(fields, "email"),
                    field(fields, "message"),
                    field(fields, "phone"),
                    field(fields, "source"),
                    field(fields, "domain"),
                    field(fields, "status"),
                    field(fields, "created_at"));
        } catch (CharacterCodingException e) {
            throw notUtf8(at);
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, "The file cannot be read from line " + at + " on.");
        }
    }

    private static CliException notUtf8(long line) {
        return new CliException(
                CliException.FAILED,
                "From about line " + line + " on the file is not UTF-8. Write it with: \\encoding UTF8");
    }

    private String field(List<String> fields, String column) {
        int at = columns.indexOf(column);
        return at < 0 ? null : fields.get(at);
    }

    private List<String> record() throws IOException {
        if (next < 0) {
            return null;
        }
        List<String> fields = new ArrayList<>();
        while (true) {
            fields.add(next == '"' ? quoted() : plain());
            if (next == ',') {
                next = in.read();
            } else {
                if (next == '\r') {
                    next = in.read();
                }
                if (next == '\n') {
                    line++;
                    next = in.read();
                } else if (next >= 0) {
                    throw new CliException(CliException.FAILED, "Line " + line + " goes on behind a closing quote.");
                }
                return fields;
            }
        }
    }

    private String plain() throws IOException {
        StringBuilder field = new StringBuilder();
        while (next >= 0 && next != ',' && next != '\n' && next != '\r') {
            append(field);
        }
        return field.isEmpty() ? null : whole(field);
    }

    /** Half a character at the cut cannot be sent. */
    private static String whole(StringBuilder field) {
        int last = field.length() - 1;
        if (last >= 0 && Character.isHighSurrogate(field.charAt(last))) {
            field.setLength(last);
        }
        return field.toString();
    }

    private String quoted() throws IOException {
        long from = line;
        StringBuilder field = new StringBuilder();
        next = in.read();
        while (true) {
            if (next < 0) {
                throw new CliException(CliException.FAILED, "The quote that opens in line " + from + " never closes.");
            }
            if (next == '"') {
                next = in.read();
                if (next != '"') {
                    return whole(field);
                }
            }
            if (next == '\n') {
                line++;
            }
            append(field);
        }
    }

    private void append(StringBuilder field) throws IOException {
        if (field.length() < LONGEST) {
            field.append((char) next);
        }
        next = in.read();
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, "The file cannot be closed.");
        }
    }
}
