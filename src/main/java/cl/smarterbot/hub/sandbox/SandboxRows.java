package cl.smarterbot.hub.sandbox;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The rows that a look-up asks for: {@code limit} (0: all) and any field with the text it must have. */
final class SandboxRows {
    private SandboxRows() {}

    /**
     * @throws IllegalArgumentException if the limit is no number, or the rows have no such field
     */
    static <T> List<Map<String, Object>> select(
            Iterable<T> records, Function<T, Map<String, Object>> shape, Map<String, String> query) {
        Map<String, String> filter = new LinkedHashMap<>(query);
        String limit = filter.remove("limit");
        int most = limit == null || limit.isEmpty() ? 100 : Integer.parseInt(limit);
        List<Map<String, Object>> rows = new ArrayList<>();
        for (T record : records) {
            Map<String, Object> row = shape.apply(record);
            if (matches(row, filter)) {
                rows.add(row);
                if (rows.size() == most) {
                    break;
                }
            }
        }
        return rows;
    }

    private static boolean matches(Map<String, Object> row, Map<String, String> filter) {
        for (Map.Entry<String, String> wanted : filter.entrySet()) {
            if (!row.containsKey(wanted.getKey())) {
                throw new IllegalArgumentException("no field " + wanted.getKey());
            }
            if (!String.valueOf(row.get(wanted.getKey())).equals(wanted.getValue())) {
                return false;
            }
        }
        return true;
    }
}
