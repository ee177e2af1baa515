package cl.smarterbot.hub.resend;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.samskivert.mustache.MustacheException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.JdbcTemplate;

/** The words of mails: a tenant's own, else the hub's. A tenant's change shows within half a minute. */
public final class MailTemplates {

    static final Set<String> KINDS = Set.of("visitor", "admin");

    private static final Logger log = LoggerFactory.getLogger(MailTemplates.class);
    private static final Map<String, MailTemplate> DEFAULTS =
            Map.of("visitor", packaged("visitor"), "admin", packaged("admin"));
    private static final Map<String, Templates.Compiled> COMPILED = compiledDefaults();

    private final JdbcTemplate jdbc;
    private final Cache<String, Optional<Templates.Compiled>> own = Caffeine.newBuilder()
            .maximumSize(10_000)
            .expireAfterWrite(Duration.ofSeconds(30))
            .build();

    /** @param tenantBound shows the templates of the thread's tenant only */
    public MailTemplates(DataSource tenantBound) {
        this.jdbc = new JdbcTemplate(tenantBound);
    }

    /**
     * Fills in the words of the thread's tenant. May wait for the database.
     *
     * @param rut that tenant
     * @param kind {@code visitor} or {@code admin}
     */
    Templates.Mail fill(String rut, String kind, Map<String, String> values) {
        return own.get(rut + ' ' + kind, name -> load(rut, kind))
                .orElseGet(() -> COMPILED.get(kind))
                .fill(values);
    }

    private Optional<Templates.Compiled> load(String rut, String kind) {
        List<MailTemplate> found = jdbc.query(
                "select subject, html, plain from hub.mail_template where kind = ?",
                (row, n) -> new MailTemplate(row.getString("subject"), row.getString("html"), row.getString("plain")),
                kind);
        try {
            return found.stream().findFirst().map(Templates::compile);
        } catch (MustacheException e) {
            // Stored past the admin API, which would have said so.
            log.warn("The {} template of {} cannot be used, the hub's own is: {}", kind, rut, e.getMessage());
            return Optional.empty();
        }
    }

    /** The hub's words. */
    static MailTemplate byDefault(String kind) {
        return DEFAULTS.get(kind);
    }

    private static Map<String, Templates.Compiled> compiledDefaults() {
        Map<String, Templates.Compiled> compiled = new HashMap<>();
        DEFAULTS.forEach((kind, template) -> compiled.put(kind, Templates.compile(template)));
        return Map.copyOf(compiled);
    }

    /** The first line of the text is the subject; a blank line follows. */
    private static MailTemplate packaged(String kind) {
        String text = resource(kind + ".txt");
        int end = text.indexOf('\n');
        return new MailTemplate(
                text.substring(0, end).trim(),
                resource(kind + ".html"),
                text.substring(end).strip() + '\n');
    }

    private static String resource(String name) {
        try (InputStream in = MailTemplates.class.getResourceAsStream("/mail/" + name)) {
            if (in == null) {
                throw new IllegalStateException("mail/" + name + " is missing in this build");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
