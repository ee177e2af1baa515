package cl.smarterbot.hub.sandbox;

/** One row: its values sit at the slots of the model's stored fields; null is Odoo's False. */
final class OdooRecord {
    final int id;
    final Object[] values;

    OdooRecord(int id, int slots) {
        this.id = id;
        this.values = new Object[slots];
    }
}
