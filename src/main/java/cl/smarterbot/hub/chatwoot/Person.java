package cl.smarterbot.hub.chatwoot;

import java.util.Map;

/**
 * A contact as a route describes it. Null where nothing is known, but one of e-mail, phone and identifier is.
 *
 * @param phone E.164
 * @param identifier the tenant's own id for it
 * @param attributes custom attributes to merge in
 * @param defaults custom attributes that are written only where there is none
 */
record Person(
        String name,
        String email,
        String phone,
        String identifier,
        Map<String, Object> attributes,
        Map<String, Object> defaults) {

    Person withoutPhone() {
        return new Person(name, email, null, identifier, attributes, defaults);
    }
}
