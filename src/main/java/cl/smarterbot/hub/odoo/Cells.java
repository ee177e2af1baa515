package cl.smarterbot.hub.odoo;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Rows of {@code load}: text cells under sorted column names. */
final class Cells {
    private Cells() {}

    /**
     * Turns values into cells. Null values get no column, so that an upsert never clears a field by accident; an empty
     * text clears it on purpose.
     *
     * @param companyField field that holds the company, or null
     * @throws OdooException of kind BAD_REQUEST naming the column that cannot be a cell
     */
    static SortedMap<String, String> of(Map<String, Object> values, String companyField, Long companyId) {
        SortedMap<String, String> cells = new TreeMap<>();
        values.forEach((column, value) -> {
            if (column.equals("id") || column.equals(".id")) {
                throw OdooException.badRequest("the column " + column + " is set by the upsert itself");
            }
            Object plain = OdooValues.plain(value, column);
            if (plain != null) {
                cells.put(column, cell(plain, column));
            }
        });
        if (companyField != null && companyId != null) {
            // Whatever the body says: the connection decides the company.
            cells.keySet().removeIf(column -> column.equals(companyField) || column.startsWith(companyField + "/"));
            cells.put(companyField + "/.id", companyId.toString());
        }
        return cells;
    }

    private static String cell(Object value, String column) {
        if (value instanceof Boolean flag) {
            return flag ? "1" : "0";
        }
        if (value instanceof Double number) {
            return BigDecimal.valueOf(number).toPlainString();
        }
        if (value instanceof List<?> list) {
            List<String> parts = new ArrayList<>();
            for (Object item : list) {
                if (item == null || item instanceof List || item instanceof Map) {
                    throw OdooException.badRequest("the column " + column + " holds a list of non-scalar values");
                }
                parts.add(cell(item, column));
            }
            return String.join(",", parts);
        }
        if (value instanceof Map) {
            throw OdooException.badRequest("the column " + column
                    + " holds a map; name the part in the column, as in partner_id/.id or country_id/id");
        }
        return value.toString();
    }
}
