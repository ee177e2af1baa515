package cl.smarterbot.hub.product;

import cl.smarterbot.hub.event.EventConstants;
import cl.smarterbot.hub.odoo.OdooConstants;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.apache.camel.Message;

/**
 * The steps of the catalogue's routes. A run walks Odoo's ids upwards, never its dates: {@code write_date} is when a transaction
 * began, to the second, and thousands of rows can share one. What a page held is said by variables:
 *
 * <ul>
 *   <li>{@code run}, {@code phase}, {@code cursor}: the place that the page belongs to; {@code counts}: whether Odoo is to be
 *       asked first how many there are, so that one sees how far the run is
 *   <li>{@code met}: ids of the phase in the page, joined by commas; {@code last}: whether Odoo has no more
 *   <li>{@code rows}: the products as JSON, as {@code hub.product_page} takes them
 * </ul>
 */
public final class Catalogue {

    private static final String KEY = "product-sync";
    static final String FULL = "full";
    static final String INCREMENTAL = "incremental";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final int pageSize;

    /** @param pageSize records of one page, 1 or more */
    public Catalogue(int pageSize) {
        if (pageSize < 1) {
            throw new IllegalArgumentException("hub.products.page-size must be 1 or more");
        }
        this.pageSize = pageSize;
    }

    /** The body of {@code product.refresh.requested} for what changed. */
    public void askForChanges(Exchange exchange) {
        ask(exchange.getMessage(), INCREMENTAL);
    }

    /** The body of {@code product.refresh.requested} for everything. */
    public void askForAll(Exchange exchange) {
        ask(exchange.getMessage(), FULL);
    }

    private static void ask(Message message, String mode) {
        message.setHeader(EventConstants.KEY, KEY);
        message.setBody(Map.of("mode", mode));
    }

    /** Reads a request into the variables {@code mode} and {@code allow}; the body becomes that of the first page. */
    public void request(Exchange exchange) {
        Message message = exchange.getMessage();
        Map<?, ?> asked = message.getBody() instanceof Map<?, ?> body ? body : Map.of();
        exchange.setVariable("mode", FULL.equals(asked.get("mode")) ? FULL : INCREMENTAL);
        exchange.setVariable("allow", Boolean.TRUE.equals(asked.get("allow_deactivation")));
        turn(message, message.getHeader(EventConstants.ID, String.class));
    }

    /** The body of the page after this one. */
    public void next(Exchange exchange) {
        turn(exchange.getMessage(), exchange.getVariable("run", String.class));
    }

    private static void turn(Message message, String run) {
        message.setHeader(EventConstants.KEY, KEY);
        message.setBody(Map.of("run", run));
    }

    /** From the variable {@code place} to what Odoo is asked: products, quants or done moves, each by id. */
    public void plan(Exchange exchange) {
        Map<?, ?> place = exchange.getVariable("place", Map.class);
        String phase = String.valueOf(place.get("phase"));
        exchange.setVariable("run", place.get("run"));
        exchange.setVariable("phase", phase);
        exchange.setVariable("cursor", place.get("cursor"));
        exchange.setVariable(
                "counts", FULL.equals(place.get("mode")) && Integer.valueOf(0).equals(place.get("cursor")));
        List<Object> domain = new ArrayList<>();
        domain.add(List.of("id", ">", place.get("cursor")));
        if (INCREMENTAL.equals(place.get("mode"))) {
            domain.add(List.of("write_date", ">=", place.get("since")));
        }
        if (phase.equals("products")) {
            domain.add(List.of("type", "!=", "service"));
        } else if (phase.equals("moves")) {
            domain.add(List.of("state", "=", "done"));
        }
        search(exchange.getMessage(), domain, pageSize);
    }

    /** From a page of quants or moves to the products whose stock they are. */
    public void touched(Exchange exchange) {
        List<Map<?, ?>> told = records(exchange);
        page(exchange, told);
        TreeSet<Long> products = new TreeSet<>();
        for (Map<?, ?> quant : told) {
            if (quant.get("product_id") instanceof List<?> link) {
                products.add(((Number) link.get(0)).longValue());
            }
        }
        search(
                exchange.getMessage(),
                List.of(List.of("id", "in", List.copyOf(products)), List.of("type", "!=", "service")),
                pageSize);
    }

    private static void search(Message message, List<?> domain, int limit) {
        message.setHeader(OdooConstants.DOMAIN, domain);
        message.setHeader(OdooConstants.LIMIT, limit);
        // Archived products too: they are to be seen going.
        message.setHeader(OdooConstants.CONTEXT, Map.of("active_test", false));
    }

    /** From a page of products to the variable {@code rows}. */
    public void rows(Exchange exchange) throws JsonProcessingException {
        List<Map<?, ?>> products = records(exchange);
        if ("products".equals(exchange.getVariable("phase", String.class))) {
            page(exchange, products);
        }
        List<Map<String, Object>> rows = products.stream().map(Catalogue::row).toList();
        exchange.setVariable("rows", JSON.writeValueAsString(rows));
    }

    private void page(Exchange exchange, List<Map<?, ?>> records) {
        exchange.setVariable(
                "met", records.stream().map(r -> String.valueOf(r.get("id"))).collect(Collectors.joining(",")));
        exchange.setVariable("last", records.size() < pageSize);
    }

    static Map<String, Object> row(Map<?, ?> product) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("odoo_id", product.get("id"));
        row.put("product_tmpl_id", link(product.get("product_tmpl_id"), 0));
        row.put("sku", text(product.get("default_code")));
        row.put("barcode", text(product.get("barcode")));
        String name = text(product.get("name"));
        row.put("name", name == null ? "" : name);
        row.put("description", text(product.get("description_sale")));
        row.put("price", number(product.get("lst_price")));
        row.put("stock", number(product.get("qty_available")));
        row.put("category", link(product.get("categ_id"), 1));
        row.put("image_ref", "/web/image/product.product/" + product.get("id") + "/image_1024");
        row.put("is_active", Boolean.TRUE.equals(product.get("active")) && Boolean.TRUE.equals(product.get("sale_ok")));
        String written = text(product.get("write_date"));
        row.put("write_date", written == null ? null : written + "Z");
        return row;
    }

    /**
     * Looks at the product in the body; the variable {@code known} is the hash of its last picture, null if the cache has none such. Sets the variables {@code product} (its id), {@code
     * picture} (base64, empty for none), {@code hash} (empty for none) and {@code changed}: whether it is another picture than known.
     */
    public void picture(Exchange exchange) {
        List<Map<?, ?>> products = records(exchange);
        String known = exchange.getVariable("known", String.class);
        boolean there = known != null && products.size() == 1;
        String picture = there ? text(products.get(0).get("image_1024")) : null;
        picture = picture == null ? "" : picture;
        String hash = picture.isEmpty() ? "" : sha256(picture);
        exchange.setVariable("product", there ? products.get(0).get("id") : null);
        exchange.setVariable("picture", picture);
        exchange.setVariable("hash", hash);
        exchange.setVariable("changed", there && !hash.equals(known));
    }

    /** Sets the variable {@code imagePath} to where the picture is, by the map in the body; empty if it was refused or is gone. */
    public void pictureKept(Exchange exchange) {
        Object path = exchange.getMessage().getBody(Map.class).get("stored_path");
        exchange.setVariable("imagePath", path == null ? "" : path);
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Odoo says false for nothing. */
    private static String text(Object value) {
        return value instanceof String text && !text.isBlank() ? text : null;
    }

    private static Object link(Object value, int part) {
        return value instanceof List<?> pair && pair.size() > part ? pair.get(part) : null;
    }

    /** One way to write a number: 1, 1.0 and 1.00 are no change. */
    private static BigDecimal number(Object value) {
        if (!(value instanceof Number)) {
            return BigDecimal.ZERO;
        }
        BigDecimal number = new BigDecimal(value.toString()).stripTrailingZeros();
        return number.scale() < 0 ? number.setScale(0) : number;
    }

    private static List<Map<?, ?>> records(Exchange exchange) {
        List<Map<?, ?>> records = new ArrayList<>();
        for (Object record : exchange.getMessage().getBody(List.class)) {
            records.add((Map<?, ?>) record);
        }
        return records;
    }
}
