package cl.smarterbot.hub.ops;

/**
 * A row of an older contacts table as text, each field null where the table has none.
 *
 * @param line where it stands in the file, from 1; 0 for a row of a table
 * @param id a whole number or a UUID
 * @param tenant what the old table calls its tenant
 * @param createdAt as PostgreSQL writes a timestamp in ISO style; without an offset it is UTC
 */
record LegacyRow(
        long line,
        String id,
        String tenant,
        String name,
        String email,
        String message,
        String phone,
        String source,
        String domain,
        String status,
        String createdAt) {

    @Override
    public String toString() {
        return "LegacyRow[" + line + "]";
    }
}
