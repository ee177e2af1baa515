package cl.smarterbot.hub.event;

import cl.smarterbot.hub.testing.TestDatabase;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.JdbcTemplate;

/** Looks at the tables past every fence, and changes them as only a test may. */
final class Sql {

    private final JdbcTemplate jdbc;

    Sql(TestDatabase database) {
        this.jdbc = new JdbcTemplate(database.as("postgres"));
    }

    int number(String sql, Object... args) {
        Integer n = jdbc.queryForObject(sql, Integer.class, args);
        return n == null ? 0 : n;
    }

    String text(String sql, Object... args) {
        return jdbc.queryForObject(sql, String.class, args);
    }

    List<Map<String, Object>> rows(String sql, Object... args) {
        return jdbc.queryForList(sql, args);
    }

    <T> List<T> column(Class<T> type, String sql, Object... args) {
        return jdbc.queryForList(sql, type, args);
    }

    void run(String sql, Object... args) {
        if (args.length == 0) {
            jdbc.execute(sql);
        } else {
            jdbc.update(sql, args);
        }
    }

    int deliveries(String state) {
        return number("select count(*) from hub.delivery where state = ?", state);
    }

    int events() {
        return number("select count(*) from public.events");
    }

    /** Nothing is on its way any more. */
    boolean settled() {
        return number("select count(*) from hub.delivery where state not in ('done', 'dead')") == 0;
    }
}
