package cl.smarterbot.hub.tenancy;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.sql.SQLException;
import java.util.BitSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Decides whether a SQL text may be sent on a tenant's connection: one statement that reads or writes rows, and that names
 * nothing with which a session could change its tenant, keep state for the next user of the connection, run SQL that is hidden
 * in a value, or look at other sessions.
 *
 * <p>Row-level security holds without this check. What it cannot know is that a text sets {@code app.tenant_rut} itself, for
 * that is how the hub names the tenant.
 *
 * <p>The text is split into tokens as PostgreSQL does (manual, 4.1 Lexical Structure, version 17), so words within literals,
 * comments and dollar quotes count for nothing; what PostgreSQL and its driver might split differently is refused.
 */
final class SqlFence {
    // What a row reader or writer starts with. All else is a utility command: SET, DO, COPY, LISTEN, PREPARE, BEGIN,
    // CREATE ...
    private static final Set<String> STATEMENTS =
            Set.of("select", "insert", "update", "delete", "merge", "with", "values", "table");

    private static final Set<String> REFUSED = Set.of(
            "set_config",
            // These run SQL that is given to them as text.
            "query_to_xml",
            "query_to_xmlschema",
            "query_to_xml_and_xmlschema",
            "cursor_to_xml",
            "cursor_to_xmlschema",
            "ts_stat",
            "ts_rewrite",
            "connectby",
            "xpath_table",
            // Large objects are outside row-level security.
            "lo_creat",
            "lo_create",
            "lo_open",
            "lo_close",
            "lo_get",
            "lo_put",
            "lo_from_bytea",
            "lo_import",
            "lo_export",
            "lo_lseek",
            "lo_lseek64",
            "lo_tell",
            "lo_tell64",
            "lo_truncate",
            "lo_truncate64",
            "lo_unlink",
            "loread",
            "lowrite");

    // pg_* is the server's own: other sessions and their queries, settings, locks, files, temporary tables.
    private static final Set<String> HARMLESS_PG = Set.of("pg_catalog", "pg_typeof", "pg_column_size");
    private static final Pattern NUMBER =
            Pattern.compile("[0-9][0-9_]*(?:\\.[0-9_]*)?(?:[eE][0-9_]*)?|0[xX][0-9A-Fa-f_]+|0[oO][0-7_]+|0[bB][01_]+");
    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final int LONGEST_CACHED = 16_384;

    private final Cache<String, Optional<String>> verdicts =
            Caffeine.newBuilder().maximumSize(2_000).build();

    /** @throws SQLException (SQLSTATE 42501) naming the reason if the text may not be sent */
    void check(String sql) throws SQLException {
        if (sql == null) {
            throw new SQLException("SQL text is required", "42601");
        }
        Optional<String> refusal = sql.length() > LONGEST_CACHED
                ? new Reader(sql).refusal()
                : verdicts.get(sql, text -> new Reader(text).refusal());
        if (refusal.isPresent()) {
            throw new SQLException("refused on a tenant's connection: " + refusal.get(), "42501");
        }
    }

    /** Column names for generated keys become part of the text that the driver sends. */
    static void checkColumnNames(String[] names) throws SQLException {
        for (String name : names) {
            if (name == null || !PLAIN_NAME.matcher(name).matches()) {
                throw new SQLException("refused on a tenant's connection: not a plain column name", "42501");
            }
        }
    }

    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Refused(String reason) {
            super(reason, null, false, false);
        }
    }

    private static final class Reader {
        private final String sql;
        private int at;
        private boolean started;
        private boolean ended;
        private String previousWord = "";
        private int depth;
        // At which depth of parentheses a SELECT was begun: an INTO after it is its own, even in "select 1 as insert
        // into x".
        private final BitSet selectAt = new BitSet();

        Reader(String sql) {
            this.sql = sql;
        }

        Optional<String> refusal() {
            try {
                while (at < sql.length()) {
                    token();
                }
                return started ? Optional.empty() : Optional.of("no statement");
            } catch (Refused e) {
                return Optional.of(e.getMessage());
            }
        }

        private void token() {
            char c = sql.charAt(at);
            if (isSpace(c)) {
                at++;
            } else if (c == '-' && peek(1) == '-') {
                lineComment();
            } else if (c == '/' && peek(1) == '*') {
                blockComment();
            } else if (c == ';') {
                ended = true;
                at++;
            } else {
                if (ended) {
                    throw new Refused("more than one statement");
                }
                if (isWordStart(c)) {
                    word();
                } else if (!started && c != '(') {
                    throw new Refused("the text does not begin with a statement");
                } else if (c == '\'') {
                    standardString();
                    previousWord = "";
                } else if (c == '"') {
                    quotedName();
                    previousWord = "";
                } else if (c == '$') {
                    dollar();
                    previousWord = "";
                } else if (isDigit(c)) {
                    number();
                    previousWord = "";
                } else {
                    if (c == '(') {
                        selectAt.clear(++depth);
                    } else if (c == ')' && --depth < 0) {
                        throw new Refused("unbalanced parentheses");
                    }
                    at++;
                    previousWord = "";
                }
            }
        }

        private void word() {
            int from = at;
            while (at < sql.length() && isWordPart(sql.charAt(at))) {
                at++;
            }
            String word = sql.substring(from, at).toLowerCase(Locale.ROOT);
            char next = peek(0);
            if (next == '\'' && word.equals("e")) {
                escapeString();
                previousWord = "";
                return;
            }
            if (word.equals("u") && next == '&' && peek(1) == '"') {
                throw new Refused("names with Unicode escapes");
            }
            if (!started) {
                if (!STATEMENTS.contains(word)) {
                    throw new Refused("only statements that read or write rows may be sent"
                            + (PLAIN_NAME.matcher(word).matches() && word.length() <= 20
                                    ? ", not " + word.toUpperCase(Locale.ROOT)
                                    : ""));
                }
                started = true;
            }
            if (word.equals("select")) {
                selectAt.set(depth);
            } else if (word.equals("into")
                    && (selectAt.get(depth) || !previousWord.equals("insert") && !previousWord.equals("merge"))) {
                throw new Refused("SELECT INTO makes a table");
            }
            name(word);
            previousWord = word;
        }

        private void name(String name) {
            if (REFUSED.contains(name)
                    || name.startsWith("pg_") && !HARMLESS_PG.contains(name)
                    || name.startsWith("dblink")
                    || name.startsWith("crosstab")) {
                throw new Refused("the text names " + name.replaceAll("[^a-z0-9_]", "?"));
            }
        }

        private void quotedName() {
            StringBuilder name = new StringBuilder();
            for (at++; ; at++) {
                if (at >= sql.length()) {
                    throw new Refused("unterminated name");
                }
                char c = sql.charAt(at);
                if (c == '"') {
                    if (peek(1) != '"') {
                        at++;
                        break;
                    }
                    at++;
                }
                name.append(c);
            }
            name(name.toString().toLowerCase(Locale.ROOT));
        }

        private void standardString() {
            for (at++; at < sql.length(); at++) {
                if (sql.charAt(at) == '\'') {
                    if (peek(1) != '\'') {
                        at++;
                        return;
                    }
                    at++;
                }
            }
            throw new Refused("unterminated string");
        }

        private void escapeString() {
            for (at++; at < sql.length(); at++) {
                char c = sql.charAt(at);
                if (c == '\\') {
                    at++;
                } else if (c == '\'') {
                    if (peek(1) != '\'') {
                        at++;
                        refuseContinuation();
                        return;
                    }
                    at++;
                }
            }
            throw new Refused("unterminated string");
        }

        // After a line break PostgreSQL would read on in the same literal, with the same escapes; the driver would not.
        private void refuseContinuation() {
            int after = at;
            while (at < sql.length()) {
                char c = sql.charAt(at);
                if (isSpace(c)) {
                    at++;
                } else if (c == '-' && peek(1) == '-') {
                    lineComment();
                } else {
                    break;
                }
            }
            if (peek(0) == '\'') {
                throw new Refused("a string with escapes goes on after a line break");
            }
            at = after;
        }

        private void dollar() {
            int from = at;
            at++;
            if (isDigit(peek(0))) {
                while (isDigit(peek(0))) {
                    at++;
                }
                refuseJunk();
                return;
            }
            while (at < sql.length() && isWordPart(sql.charAt(at)) && sql.charAt(at) != '$') {
                at++;
            }
            if (peek(0) != '$') {
                throw new Refused("a stray dollar sign");
            }
            at++;
            String quote = sql.substring(from, at);
            int end = sql.indexOf(quote, at);
            if (end < 0) {
                throw new Refused("unterminated dollar quote");
            }
            at = end + quote.length();
        }

        private void number() {
            int from = at;
            while (at < sql.length()
                    && (isWordPart(sql.charAt(at)) && sql.charAt(at) != '$' || sql.charAt(at) == '.')) {
                at++;
            }
            if (!NUMBER.matcher(sql.substring(from, at)).matches()) {
                throw new Refused("a number runs into a word");
            }
            refuseJunk();
        }

        private void refuseJunk() {
            char next = peek(0);
            if (isWordPart(next) || next == '\'' || next == '"') {
                throw new Refused("a number runs into a word");
            }
        }

        private void lineComment() {
            while (at < sql.length() && sql.charAt(at) != '\n' && sql.charAt(at) != '\r') {
                at++;
            }
        }

        private void blockComment() {
            int depth = 0;
            do {
                if (at >= sql.length()) {
                    throw new Refused("unterminated comment");
                }
                if (sql.charAt(at) == '/' && peek(1) == '*') {
                    depth++;
                    at += 2;
                } else if (sql.charAt(at) == '*' && peek(1) == '/') {
                    depth--;
                    at += 2;
                } else {
                    at++;
                }
            } while (depth > 0);
        }

        private char peek(int ahead) {
            return at + ahead < sql.length() ? sql.charAt(at + ahead) : '\0';
        }

        private static boolean isSpace(char c) {
            return c == ' ' || c >= '\t' && c <= '\r';
        }

        private static boolean isDigit(char c) {
            return c >= '0' && c <= '9';
        }

        private static boolean isWordStart(char c) {
            return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80;
        }

        private static boolean isWordPart(char c) {
            return isWordStart(c) || isDigit(c) || c == '$';
        }
    }
}
