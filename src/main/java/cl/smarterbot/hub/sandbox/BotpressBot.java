package cl.smarterbot.hub.sandbox;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One bot of the sandbox and what it answers. */
record BotpressBot(String id, int company, String shop, String hours, String address) {

    static final List<BotpressBot> ALL = List.of(
            new BotpressBot(
                    "demo-bot-1",
                    1,
                    "Ferretería Sur",
                    "Atendemos de lunes a viernes de 9:00 a 18:30 y los sábados de 9:00 a 14:00.",
                    "Avenida Matta 1234, Santiago"),
            new BotpressBot(
                    "demo-bot-2",
                    2,
                    "Pastelería Norte",
                    "Atendemos de martes a domingo de 10:00 a 20:00.",
                    "Calle Prat 567, Antofagasta"));

    /** Payloads in order; an intent that another system answers has none but the typing mark. */
    List<Object> replies(String intent) {
        List<Object> all = new ArrayList<>();
        all.add(new LinkedHashMap<>(Map.of("type", "typing", "value", true)));
        switch (intent) {
            case "faq_hours" -> all.add(text(hours));
            case "faq_address" -> {
                all.add(text("Estamos en " + address + "."));
                Map<String, Object> card = new LinkedHashMap<>();
                card.put("type", "card");
                card.put("title", shop);
                card.put("subtitle", address);
                card.put(
                        "actions",
                        List.of(Map.of(
                                "action", "Open URL", "title", "Ver mapa", "url", "https://mapa.example/" + id)));
                all.add(card);
            }
            case "billing", "complaint" -> all.add(text("Lamentamos lo ocurrido."));
            case "handoff" -> {
                Map<String, Object> reply = text("Le comunico con una persona de nuestro equipo.");
                reply.put("metadata", Map.of("handoff", true));
                all.add(reply);
            }
            case "none" -> {
                Map<String, Object> choice = new LinkedHashMap<>();
                choice.put("type", "single-choice");
                choice.put("text", "No entendí bien. ¿Qué necesita?");
                choice.put(
                        "choices",
                        List.of(
                                Map.of("title", "Horario", "value", "horario"),
                                Map.of("title", "Hablar con una persona", "value", "persona")));
                all.add(choice);
            }
            default -> {}
        }
        return all;
    }

    private static Map<String, Object> text(String text) {
        Map<String, Object> reply = new LinkedHashMap<>();
        reply.put("type", "text");
        reply.put("text", text);
        reply.put("markdown", true);
        return reply;
    }
}
