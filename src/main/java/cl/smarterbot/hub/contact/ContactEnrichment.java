package cl.smarterbot.hub.contact;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.Message;

/**
 * Adds to a contact what follows from the form alone: a tidy name, a phone number that can be dialled, a RUT, the company and the
 * language. Finding nothing is no failure; a contact is never held up by what its sender wrote.
 */
public final class ContactEnrichment {

    private static final String EVENT_ID = "CamelEventId";
    private static final String METADATA = "CamelEventMetadata";

    /**
     * Replaces the body, a contact as {@code contact.received} carries it, by the body of {@code contact.enriched}: the same fields,
     * {@code contact_id}, {@code display_name} (the name itself if there was nothing to tidy) and, where known, {@code phone_e164},
     * {@code rut}, {@code company}, {@code language}, {@code duplicate_of}. Nothing unknown is in it. The event's metadata gets
     * what may be counted, and nothing personal.
     *
     * @param exchange of a delivery; its id is the contact's. The variable {@code firstContact} holds the id of the first contact
     *     with the same address if that is another one
     */
    public void enrich(Exchange exchange) {
        Message message = exchange.getMessage();
        if (!(message.getBody() instanceof Map<?, ?> contact)) {
            throw new IllegalArgumentException("the body is not a contact");
        }
        String name = text(contact, "name");
        String email = text(contact, "email");
        String words = text(contact, "message");
        String phone = PhoneNumbers.e164(text(contact, "phone"));
        String rut = RutFinder.first(words);
        if (rut == null) {
            rut = RutFinder.first(name);
        }
        String tidy = PersonNames.tidy(name);
        String language = Languages.of(words);
        Object first = exchange.getVariable("firstContact");

        Map<String, Object> enriched = new LinkedHashMap<>();
        put(enriched, "contact_id", message.getHeader(EVENT_ID, String.class));
        put(enriched, "name", name);
        put(enriched, "display_name", tidy == null ? name : tidy);
        put(enriched, "email", email);
        put(enriched, "phone", text(contact, "phone"));
        put(enriched, "phone_e164", phone);
        put(enriched, "message", words);
        put(enriched, "source", text(contact, "source"));
        put(enriched, "domain", text(contact, "domain"));
        put(enriched, "rut", rut);
        put(enriched, "company", Companies.ofEmail(email));
        put(enriched, "language", language);
        put(enriched, "duplicate_of", first == null ? null : first.toString());
        message.setBody(enriched);

        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("has_phone", phone != null);
        metadata.put("has_rut", rut != null);
        put(metadata, "language", language);
        metadata.put("duplicate", first != null);
        message.setHeader(METADATA, metadata);
    }

    private static String text(Map<?, ?> contact, String field) {
        return contact.get(field) instanceof String text ? text : null;
    }

    private static void put(Map<String, Object> map, String name, Object value) {
        if (value != null) {
            map.put(name, value);
        }
    }
}
