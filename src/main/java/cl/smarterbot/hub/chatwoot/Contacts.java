package cl.smarterbot.hub.chatwoot;

import cl.smarterbot.hub.rest.RestException;
import cl.smarterbot.hub.rest.RestException.Kind;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Contacts of Chatwoot accounts. A contact is found by its e-mail address, else by its phone, else by its identifier; what people
 * wrote into it stays: the hub fills gaps and merges attributes.
 */
final class Contacts {
    private static final String PLACE = "contact-upsert";
    private static final String EMAIL = "email";
    private static final String PHONE = "phone_number";
    private static final String IDENTIFIER = "identifier";
    private static final String NAME = "name";
    private static final String ATTRIBUTES = "custom_attributes";
    private static final String PAYLOAD = "payload";
    private static final int LONGEST_NAME = 255;
    /** Each round ends in a contact, or gives up one field or one guess; more rounds than that are a quarrel. */
    private static final int MOST_ROUNDS = 4;

    /**
     * What an upsert leads to.
     *
     * @param sourceId the contact's address in the tenant's inbox
     */
    record Found(long contactId, String sourceId) {}

    private final ChatwootApi api;
    /** Chatwoot allows few searches a minute; the contacts of the last minutes need none. */
    private final Cache<String, Long> known = Caffeine.newBuilder()
            .maximumSize(50_000)
            .expireAfterWrite(Duration.ofMinutes(10))
            .build();

    Contacts(ChatwootApi api) {
        this.api = api;
    }

    CompletableFuture<Found> upsert(ChatwootConnection to, Person person) {
        if (person.email() == null && person.phone() == null && person.identifier() == null) {
            throw ChatwootApi.wrong("a contact needs an email, a phone or an identifier");
        }
        return known(to, person)
                .thenCompose(contact -> round(to, person, contact, MOST_ROUNDS))
                .thenCompose(contact -> {
                    long id = ChatwootApi.id(contact, "id", PLACE);
                    if (person.email() != null) {
                        known.put(key(to, person), id);
                    }
                    return source(to, contact, id).thenApply(source -> new Found(id, source));
                });
    }

    // Finding

    /** The contact that this address had a while ago; else what a search finds; missing if there is none. */
    private CompletableFuture<JsonNode> known(ChatwootConnection to, Person person) {
        Long id = person.email() == null ? null : known.getIfPresent(key(to, person));
        if (id == null) {
            return search(to, person);
        }
        return api.get(to, "/contacts/" + id)
                .thenApply(answer -> answer.path(PAYLOAD))
                .handle((contact, failure) -> {
                    if (failure == null) {
                        // Somebody may have given it another address since.
                        return person.email().equalsIgnoreCase(ChatwootApi.text(contact, EMAIL))
                                ? CompletableFuture.completedFuture(contact)
                                : search(to, person);
                    }
                    return refusal(failure, Kind.NOT_FOUND) != null
                            ? search(to, person)
                            : CompletableFuture.<JsonNode>failedFuture(failure);
                })
                .thenCompose(Function.identity());
    }

    private CompletableFuture<JsonNode> search(ChatwootConnection to, Person person) {
        String email = person.email();
        return search(to, EMAIL, email, contact -> email.equalsIgnoreCase(ChatwootApi.text(contact, EMAIL)))
                .thenCompose(found -> otherwise(
                        found,
                        // Families and offices share a phone: somebody else's address on it means somebody else.
                        () -> search(
                                to,
                                PHONE,
                                person.phone(),
                                contact -> person.phone().equals(ChatwootApi.text(contact, PHONE))
                                        && (email == null || ChatwootApi.text(contact, EMAIL) == null))))
                .thenCompose(found -> otherwise(
                        found,
                        () -> search(to, IDENTIFIER, person.identifier(), contact -> person.identifier()
                                .equals(ChatwootApi.text(contact, IDENTIFIER)))));
    }

    private static CompletableFuture<JsonNode> otherwise(
            JsonNode found, java.util.function.Supplier<CompletableFuture<JsonNode>> next) {
        return found.isMissingNode() ? next.get() : CompletableFuture.completedFuture(found);
    }

    /** Chatwoot's search finds parts of words, a page at a time; when it finds more than a page, its filter is asked. */
    private CompletableFuture<JsonNode> search(
            ChatwootConnection to, String field, String value, Predicate<JsonNode> exact) {
        if (value == null) {
            return CompletableFuture.completedFuture(MissingNode.getInstance());
        }
        return api.get(to, "/contacts/search?include_contact_inboxes=true&q=" + ChatwootApi.encode(value))
                .thenCompose(answer -> {
                    JsonNode found = first(answer, exact);
                    if (!found.isMissingNode()
                            || !answer.path("meta").path("has_more").asBoolean(false)) {
                        return CompletableFuture.completedFuture(found);
                    }
                    Map<String, Object> rule = new LinkedHashMap<>();
                    rule.put("attribute_key", field);
                    rule.put("filter_operator", "equal_to");
                    rule.put("values", List.of(field.equals(EMAIL) ? value.toLowerCase(Locale.ROOT) : value));
                    rule.put("query_operator", null);
                    return api.post(to, "/contacts/filter", Map.of(PAYLOAD, List.of(rule)))
                            .thenApply(filtered -> first(filtered, exact));
                });
    }

    private static JsonNode first(JsonNode answer, Predicate<JsonNode> exact) {
        if (!answer.path(PAYLOAD).isArray()) {
            throw RestException.of(ChatwootApi.SYSTEM, Kind.GARBAGE, PLACE, "the answer has no list of contacts");
        }
        for (JsonNode contact : answer.path(PAYLOAD)) {
            if (exact.test(contact)) {
                return contact;
            }
        }
        return MissingNode.getInstance();
    }

    // Writing

    /** Creates or updates, and goes round again with less when Chatwoot refuses a field. */
    private CompletableFuture<JsonNode> round(ChatwootConnection to, Person person, JsonNode contact, int left) {
        CompletableFuture<JsonNode> written =
                contact.isMissingNode() ? create(to, person) : update(to, person, contact);
        return written.handle((result, failure) -> {
                    if (failure == null) {
                        return CompletableFuture.completedFuture(result);
                    }
                    RestException refusal = refusal(failure, Kind.REFUSED);
                    if (left == 0 || refusal == null || refusal.status() != 422) {
                        return CompletableFuture.<JsonNode>failedFuture(failure);
                    }
                    List<String> wrong = ChatwootApi.wrongFields(refusal);
                    if (wrong.contains(PHONE) && person.phone() != null) {
                        // Malformed, or another contact's: better a contact without a phone than none.
                        return round(to, person.withoutPhone(), contact, left - 1);
                    }
                    if (wrong.contains(EMAIL) || wrong.contains(IDENTIFIER)) {
                        // Somebody was faster, or we were, on an earlier try whose answer was lost.
                        return search(to, person)
                                .thenCompose(found -> sameAs(contact, found)
                                        ? CompletableFuture.<JsonNode>failedFuture(failure)
                                        : round(to, person, found, left - 1));
                    }
                    return CompletableFuture.<JsonNode>failedFuture(failure);
                })
                .thenCompose(Function.identity());
    }

    private static boolean sameAs(JsonNode contact, JsonNode found) {
        return contact.path("id").equals(found.path("id"));
    }

    private CompletableFuture<JsonNode> create(ChatwootConnection to, Person person) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("inbox_id", to.inboxId());
        put(body, NAME, name(person));
        put(body, EMAIL, person.email());
        put(body, PHONE, person.phone());
        put(body, IDENTIFIER, person.identifier());
        Map<String, Object> attributes = new LinkedHashMap<>(person.defaults());
        attributes.putAll(person.attributes());
        body.put(ATTRIBUTES, attributes);
        return api.post(to, "/contacts", body).thenApply(answer -> {
            JsonNode contact = answer.path(PAYLOAD).path("contact");
            ChatwootApi.id(contact, "id", PLACE);
            return contact;
        });
    }

    private CompletableFuture<JsonNode> update(ChatwootConnection to, Person person, JsonNode contact) {
        Map<String, Object> change = new LinkedHashMap<>();
        fill(change, contact, NAME, name(person));
        fill(change, contact, EMAIL, person.email());
        fill(change, contact, PHONE, person.phone());
        fill(change, contact, IDENTIFIER, person.identifier());
        Map<String, Object> attributes = new LinkedHashMap<>();
        person.defaults().forEach((key, value) -> {
            if (ChatwootApi.text(contact.path(ATTRIBUTES), key) == null) {
                attributes.put(key, value);
            }
        });
        person.attributes().forEach((key, value) -> {
            JsonNode now = contact.path(ATTRIBUTES).path(key);
            if (now.isNull() || !now.asText().equals(String.valueOf(value))) {
                attributes.put(key, value);
            }
        });
        if (!attributes.isEmpty()) {
            change.put(ATTRIBUTES, attributes);
        }
        if (change.isEmpty()) {
            return CompletableFuture.completedFuture(contact);
        }
        // The answer's shape differs between versions; what is needed of the contact does not change with it.
        return api.patch(to, "/contacts/" + ChatwootApi.id(contact, "id", PLACE), change)
                .thenApply(answer -> contact);
    }

    private static String name(Person person) {
        String name = person.name();
        return name == null || name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME);
    }

    private static void put(Map<String, Object> body, String field, String value) {
        if (value != null) {
            body.put(field, value);
        }
    }

    /** Only into a gap: what is there may have been written by a person. */
    private static void fill(Map<String, Object> change, JsonNode contact, String field, String value) {
        if (value != null && ChatwootApi.text(contact, field) == null) {
            change.put(field, value);
        }
    }

    // The tenant's inbox

    /** The contact's address in the tenant's inbox, made if there is none. */
    private CompletableFuture<String> source(ChatwootConnection to, JsonNode contact, long id) {
        String linked = source(contact.path("contact_inboxes"), to.inboxId());
        if (linked != null) {
            return CompletableFuture.completedFuture(linked);
        }
        return api.post(to, "/contacts/" + id + "/contact_inboxes", Map.of("inbox_id", to.inboxId()))
                .thenApply(link -> {
                    String source = ChatwootApi.text(link, "source_id");
                    if (source == null) {
                        throw RestException.of(
                                ChatwootApi.SYSTEM, Kind.GARBAGE, PLACE, "the answer has no field source_id");
                    }
                    return source;
                });
    }

    private static String source(JsonNode links, int inbox) {
        List<String> sources = new ArrayList<>();
        links.forEach(link -> {
            if (link.path("inbox").path("id").asInt() == inbox) {
                sources.add(ChatwootApi.text(link, "source_id"));
            }
        });
        return sources.isEmpty() ? null : sources.get(0);
    }

    // Small things

    private static RestException refusal(Throwable failure, Kind kind) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof RestException refusal && refusal.kind() == kind ? refusal : null;
    }

    /** A digest, so that no address is kept in memory longer than its contact is worked on. */
    private static String key(ChatwootConnection to, Person person) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest((to.account() + "\n" + person.email().toLowerCase(Locale.ROOT))
                            .getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
