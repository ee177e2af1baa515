package cl.smarterbot.hub.sandbox;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** {@code POST /contacts/filter}: conditions joined by AND, which binds closer, and OR. */
final class ChatwootFilter {
    private static final Set<String> TEXTS = Set.of("name", "email", "phone_number", "identifier");
    private static final Set<String> ADDITIONAL = Set.of("country_code", "city", "company");

    private ChatwootFilter() {}

    /**
     * @throws ChatwootFault 422 if a condition makes no sense
     */
    static List<ChatwootContact> select(ChatwootAccount account, Object payload) {
        if (!(payload instanceof List<?> list) || list.isEmpty()) {
            throw ChatwootFault.of(422, "param is missing or the value is empty: payload");
        }
        Predicate<ChatwootContact> any = contact -> false;
        Predicate<ChatwootContact> all = contact -> true;
        for (int i = 0; i < list.size(); i++) {
            if (!(list.get(i) instanceof Map<?, ?> condition)) {
                throw ChatwootFault.of(422, "Invalid attribute key - []");
            }
            all = all.and(test(account, condition));
            Object operator = condition.get("query_operator");
            boolean last = i == list.size() - 1;
            if (!last
                    && !"and".equalsIgnoreCase(String.valueOf(operator))
                    && !"or".equalsIgnoreCase(String.valueOf(operator))) {
                throw ChatwootFault.of(422, "Query operator must be either \"AND\" or \"OR\".");
            }
            if (last || "or".equalsIgnoreCase(String.valueOf(operator))) {
                Predicate<ChatwootContact> group = all;
                any = any.or(group);
                all = contact -> true;
            }
        }
        return among(account, list).stream().filter(any).toList();
    }

    /** One condition on a key with an index needs no look at every contact. */
    private static Collection<ChatwootContact> among(ChatwootAccount account, List<?> conditions) {
        Map<?, ?> only = (Map<?, ?>) conditions.get(0);
        if (conditions.size() == 1 && "equal_to".equals(only.get("filter_operator"))) {
            Map<String, ChatwootContact> index =
                    switch (String.valueOf(only.get("attribute_key"))) {
                        case "email" -> account.byEmail;
                        case "phone_number" -> account.byPhone;
                        default -> null;
                    };
            if (index != null) {
                List<ChatwootContact> found = new ArrayList<>();
                for (String value : values(only)) {
                    ChatwootContact contact = index.get(value);
                    if (contact != null && !found.contains(contact)) {
                        found.add(contact);
                    }
                }
                return found;
            }
        }
        return account.contacts.values();
    }

    private static List<String> values(Map<?, ?> condition) {
        Object values = condition.get("values");
        List<?> list = values instanceof List<?> many ? many : values == null ? List.of() : List.of(values);
        return list.stream()
                .map(value -> String.valueOf(value).toLowerCase(Locale.ROOT))
                .toList();
    }

    private static Predicate<ChatwootContact> test(ChatwootAccount account, Map<?, ?> condition) {
        String key = String.valueOf(condition.get("attribute_key"));
        if (!TEXTS.contains(key) && !key.equals("id") && !ADDITIONAL.contains(key) && !defined(account, key)) {
            throw ChatwootFault.of(
                    422,
                    "Invalid attribute key - [" + key
                            + "]. The key should be one of [name,email,phone_number,identifier,country_code,city,company]"
                            + " or a custom attribute defined in the account.");
        }
        List<String> values = values(condition);
        String operator = String.valueOf(condition.get("filter_operator"));
        Predicate<String> test =
                switch (operator) {
                    case "equal_to" -> text -> text != null && values.contains(text);
                    case "not_equal_to" -> text -> text == null || !values.contains(text);
                    case "contains" -> text -> text != null && values.stream().anyMatch(text::contains);
                    case "does_not_contain" ->
                        text -> text == null || values.stream().noneMatch(text::contains);
                    case "starts_with" ->
                        text -> text != null && values.stream().anyMatch(text::startsWith);
                    case "is_present" -> text -> text != null && !text.isEmpty();
                    case "is_not_present" -> text -> text == null || text.isEmpty();
                    default ->
                        throw ChatwootFault.of(
                                422,
                                "Invalid operator. The allowed operators for " + key
                                        + " are [equal_to,not_equal_to,contains,does_not_contain].");
                };
        if (values.isEmpty() && !operator.startsWith("is_")) {
            throw ChatwootFault.of(422, "Invalid value. The values provided for " + key + " are invalid");
        }
        return contact -> {
            Object value = value(contact, key);
            return test.test(value == null ? null : String.valueOf(value).toLowerCase(Locale.ROOT));
        };
    }

    private static boolean defined(ChatwootAccount account, String key) {
        return account.definitions.values().stream()
                .anyMatch(one ->
                        "contact_attribute".equals(one.get("attribute_model")) && key.equals(one.get("attribute_key")));
    }

    private static Object value(ChatwootContact contact, String key) {
        return switch (key) {
            case "name" -> contact.name;
            case "email" -> contact.email;
            case "phone_number" -> contact.phone;
            case "identifier" -> contact.identifier;
            case "id" -> contact.id;
            default ->
                ADDITIONAL.contains(key) ? contact.additionalAttributes.get(key) : contact.customAttributes.get(key);
        };
    }
}
