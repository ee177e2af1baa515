package cl.smarterbot.hub.sandbox;

import java.util.List;

/** A login of the sandbox database; the API key also serves as password, as in Odoo. */
record OdooUser(
        int id, String name, String login, String password, String key, List<Integer> companies, boolean admin) {

    boolean accepts(Object secret) {
        return secret instanceof String text && !text.isEmpty() && (text.equals(password) || text.equals(key));
    }

    @Override
    public String toString() {
        return "OdooUser[" + id + ", " + login + "]";
    }
}
