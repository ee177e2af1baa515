package cl.smarterbot.hub.resend;

import com.samskivert.mustache.Escapers;
import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.MustacheException;
import com.samskivert.mustache.Template;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Compiles templates so that a template sees texts by their names and nothing else, and a value can never become markup, another
 * header or a template of its own: what is filled in is not looked at again.
 */
final class Templates {

    /** Escaped, and with its line breaks: mail clients disagree on styles that would keep them. */
    private static final Mustache.Compiler HTML =
            strict().withEscaper(raw -> Escapers.HTML.escape(raw).replace("\n", "<br>\n"));

    private static final Mustache.Compiler PLAIN = strict().escapeHTML(false);

    /** What would fill a value in unescaped, change the delimiters (and so hide that), or read another template. */
    private static final Pattern FORBIDDEN = Pattern.compile("\\{\\{\\s*[{&=>]");

    private static final int LONGEST_SUBJECT = 200;

    private Templates() {}

    private static Mustache.Compiler strict() {
        return Mustache.compiler()
                .defaultValue("")
                .emptyStringIsFalse(true)
                .withLoader(name -> {
                    throw new MustacheException("a template cannot include another one");
                })
                .withCollector(new Texts());
    }

    /** Only maps are looked into. The usual collector would call methods of whatever it finds. */
    private static final class Texts implements Mustache.Collector {
        @Override
        public Iterator<?> toIterator(Object value) {
            // No value is a list; an empty one stands for a section whose value is missing.
            return value instanceof Iterable<?> none ? none.iterator() : null;
        }

        @Override
        public Mustache.VariableFetcher createFetcher(Object context, String name) {
            return context instanceof Map
                    ? (map, key) -> {
                        Object value = ((Map<?, ?>) map).get(key);
                        return value instanceof String ? value : Template.NO_FETCHER_FOUND;
                    }
                    : null;
        }

        @Override
        public <K, V> Map<K, V> createFetcherCache() {
            return new ConcurrentHashMap<>();
        }
    }

    /** A template that is ready to be filled in. */
    record Compiled(Template subject, Template html, Template text) {

        Mail fill(Map<String, String> values) {
            return new Mail(
                    subjectLine(subject.execute(values)),
                    html.execute(values),
                    text == null ? null : text.execute(values));
        }
    }

    /**
     * A mail in words.
     *
     * @param text null for none
     */
    record Mail(String subject, String html, String text) {}

    /**
     * Compiles and tries a template.
     *
     * @throws MustacheException with a line for a person if it cannot be used
     */
    static Compiled compile(MailTemplate template) {
        Compiled compiled = new Compiled(
                one(PLAIN, "subject", template.subject()),
                one(HTML, "html", template.html()),
                template.text() == null ? null : one(PLAIN, "text", template.text()));
        compiled.fill(Map.of());
        return compiled;
    }

    /** What is wrong with one part; null if it is fine. */
    static String fault(String part, String template) {
        try {
            one(part.equals("html") ? HTML : PLAIN, part, template).execute(Map.of());
            return null;
        } catch (MustacheException e) {
            return e.getMessage();
        }
    }

    private static Template one(Mustache.Compiler compiler, String part, String template) {
        if (FORBIDDEN.matcher(template).find()) {
            throw new MustacheException(
                    "must not use {{{, {{&, {{= or {{>: every value is escaped, and templates stand alone");
        }
        try {
            return compiler.compile(template);
        } catch (MustacheException e) {
            throw new MustacheException("is no Mustache template: " + e.getMessage());
        }
    }

    /** One line of at most 200 characters without control characters, whatever was filled in. */
    static String subjectLine(String text) {
        String line = oneLine(text);
        return line.codePointCount(0, line.length()) <= LONGEST_SUBJECT
                ? line
                : line.substring(0, line.offsetByCodePoints(0, LONGEST_SUBJECT));
    }

    /** Control characters, line separators and direction marks become spaces, which do not pile up. */
    static String oneLine(String text) {
        return text.replaceAll("[\\p{Cntrl}\\u0080-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\s]+", " ")
                .trim();
    }
}
