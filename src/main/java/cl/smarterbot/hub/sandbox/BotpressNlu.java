package cl.smarterbot.hub.sandbox;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the sandbox's bots understand: key words of a shop's customers in Spanish, each with a confidence. {@code confianza 0.41}
 * in a text sets the confidence, {@code intención <name>} the intent.
 */
final class BotpressNlu {

    /**
     * What was understood.
     *
     * @param slots name to value as it was written
     */
    record Understood(String intent, double confidence, Map<String, String> slots) {}

    private record Key(String intent, double confidence, int weight) {}

    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}_#.,@+-]+");
    private static final Pattern MARKS = Pattern.compile("\\p{M}+");
    private static final Pattern CONFIDENCE = Pattern.compile("0[.,]\\d{1,4}|1([.,]0{1,4})?|0");
    private static final Pattern ORDER = Pattern.compile("#?(s?\\d{1,10})");
    private static final Pattern EMAIL = Pattern.compile("[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+");
    private static final Pattern PHONE = Pattern.compile("\\+?\\d[\\d -]{6,16}\\d");

    private static final Map<String, Key> KEYS = new HashMap<>();

    static {
        keys("product_query", 0.88, 1, "precio precios stock tienen venden vale disponible taladro taladros martillo");
        keys(
                "product_query",
                0.82,
                1,
                "cemento pintura destornillador torta tortas kuchen empanadas alfajor marraqueta");
        keys("faq_hours", 0.93, 3, "horario horarios abren abierto atienden cierran");
        keys("faq_address", 0.92, 3, "direccion ubicados ubicacion ubicada llegar");
        keys("cotizacion", 0.9, 4, "cotizar cotizacion presupuesto");
        keys("pedido_tracking", 0.72, 5, "pedido pedidos orden despacho");
        keys("invoice_request", 0.74, 5, "factura facturas boleta boletas");
        keys("billing", 0.86, 7, "cobro cobros cobraron cobrado");
        keys("complaint", 0.89, 8, "reclamo reclamos reclamar queja");
        keys("handoff", 0.96, 9, "persona humano humana ejecutivo ejecutiva");
    }

    private BotpressNlu() {}

    private static void keys(String intent, double confidence, int weight, String words) {
        for (String word : words.split(" ")) {
            KEYS.put(word, new Key(intent, confidence, weight));
        }
    }

    static Understood understand(String text) {
        List<String> words = words(text);
        Key best = null;
        String forced = null;
        Double confidence = null;
        for (int i = 0; i < words.size(); i++) {
            String next = i + 1 < words.size() ? words.get(i + 1) : "";
            if (words.get(i).equals("confianza") && CONFIDENCE.matcher(next).matches()) {
                confidence = Double.valueOf(next.replace(',', '.'));
            } else if (words.get(i).equals("intencion") && !next.isEmpty()) {
                forced = next;
            }
            Key key = KEYS.get(words.get(i));
            if (key != null && (best == null || key.weight() > best.weight())) {
                best = key;
            }
        }
        Map<String, String> slots = new LinkedHashMap<>();
        String intent = best == null ? "none" : best.intent();
        double sure = best == null ? doubt(text) : best.confidence();
        if (best == null || best.weight() < 8) {
            contact(text, words, slots);
            if (!slots.isEmpty()) {
                intent = "contact_update";
                sure = 0.95;
            }
        }
        if (intent.equals("pedido_tracking") && number(words, "order", slots)
                || intent.equals("invoice_request") && number(words, "invoice", slots)) {
            sure += 0.2;
        }
        if (intent.equals("invoice_request") && words.stream().anyMatch(word -> word.startsWith("pag"))) {
            intent = "factura_pago";
        }
        if (forced != null) {
            intent = forced;
            sure = 0.9;
        }
        if (confidence != null) {
            intent = intent.equals("none") && forced == null ? "product_query" : intent;
            sure = confidence;
        }
        return new Understood(intent, sure, slots);
    }

    /** Lower case without accents; a full stop at the end of a sentence is no part of its word. */
    private static List<String> words(String text) {
        String plain = MARKS.matcher(Normalizer.normalize(text.toLowerCase(Locale.ROOT), Normalizer.Form.NFD))
                .replaceAll("");
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(plain);
        while (matcher.find()) {
            String word = matcher.group();
            while (word.length() > 1 && ".,-".indexOf(word.charAt(word.length() - 1)) >= 0) {
                word = word.substring(0, word.length() - 1);
            }
            words.add(word);
        }
        return words;
    }

    /** From 0.2 to 0.4, the same for the same text. */
    private static double doubt(String text) {
        return 0.2 + Math.floorMod(text.hashCode(), 21) / 100.0;
    }

    private static boolean number(List<String> words, String slot, Map<String, String> slots) {
        for (int i = 0; i < words.size(); i++) {
            Matcher matcher = ORDER.matcher(words.get(i));
            boolean afterConfidence = i > 0 && words.get(i - 1).equals("confianza");
            if (matcher.matches() && !afterConfidence) {
                String value = matcher.group(1).toUpperCase(Locale.ROOT);
                boolean folio = i > 0 && words.get(i - 1).equals("fac");
                slots.put(slot, folio ? "FAC " + value : value);
                return true;
            }
        }
        return false;
    }

    private static void contact(String text, List<String> words, Map<String, String> slots) {
        for (int i = 0; i + 2 < words.size(); i++) {
            if (!words.get(i).equals("mi") || !words.get(i + 2).equals("es")) {
                continue;
            }
            Matcher found =
                    switch (words.get(i + 1)) {
                        case "correo", "email", "mail" -> EMAIL.matcher(text);
                        case "telefono", "celular", "fono" -> PHONE.matcher(text);
                        default -> null;
                    };
            if (found != null && found.find()) {
                slots.put(found.pattern() == EMAIL ? "email" : "phone", found.group());
            }
        }
    }

    /** The block {@code nlu} of an answer. */
    static Map<String, Object> block(String text, List<?> contexts) {
        Understood understood = understand(text);
        Map<String, Object> slots = new LinkedHashMap<>();
        List<Object> entities = new ArrayList<>();
        understood.slots().forEach((name, value) -> {
            Map<String, Object> slot = new LinkedHashMap<>();
            slot.put("name", name);
            slot.put("value", value);
            slot.put("source", value);
            slot.put("confidence", 0.9);
            slots.put(name, slot);
            int start = Math.max(0, text.toLowerCase(Locale.ROOT).indexOf(value.toLowerCase(Locale.ROOT)));
            Map<String, Object> meta = new LinkedHashMap<>();
            meta.put("confidence", 1);
            meta.put("provider", "native");
            meta.put("source", value);
            meta.put("start", start);
            meta.put("end", start + value.length());
            meta.put("raw", Map.of());
            Map<String, Object> data = new LinkedHashMap<>();
            data.put("unit", "string");
            data.put("value", value);
            data.put("extras", Map.of());
            entities.add(new LinkedHashMap<>(Map.of(
                    "name",
                    name.equals("order") || name.equals("invoice") ? "number" : name,
                    "type",
                    "system",
                    "meta",
                    meta,
                    "data",
                    data)));
        });
        double confidence = Math.round(understood.confidence() * 10_000) / 10_000.0;
        Map<String, Object> intent = new LinkedHashMap<>();
        intent.put("name", understood.intent());
        intent.put("confidence", confidence);
        intent.put("context", "global");
        Map<String, Object> nlu = new LinkedHashMap<>();
        nlu.put("intent", intent);
        nlu.put("intents", List.of(intent));
        nlu.put(
                "predictions",
                Map.of(
                        "global",
                        Map.of(
                                "confidence",
                                1,
                                "oos",
                                understood.intent().equals("none") ? 0.9 : 0.05,
                                "intents",
                                List.of(Map.of(
                                        "label", understood.intent(), "confidence", confidence, "slots", slots)))));
        nlu.put("entities", entities);
        nlu.put("slots", slots);
        nlu.put("language", "es");
        nlu.put("detectedLanguage", "es");
        nlu.put("ambiguous", false);
        nlu.put("errored", false);
        nlu.put("includedContexts", contexts);
        nlu.put("spellChecked", text);
        nlu.put("modelId", "sandbox");
        nlu.put("ms", 1);
        return nlu;
    }
}
