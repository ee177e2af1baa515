package cl.smarterbot.hub.odoo;

/** What an {@code odoo:} endpoint does with its model. Names are case-insensitive in an endpoint's options. */
public enum OdooOperation {
    /** Ids of the records that match the domain. */
    search,
    /** Fields of records given by id; ids that no longer exist are left out by Odoo. */
    read,
    /** Fields of the records that match the domain. */
    searchRead,
    /** Number of records that match the domain. */
    count,
    /** New record(s) from a map or a list of maps. Not idempotent: prefer {@link #upsert}. */
    create,
    /** Changes records given by id. */
    write,
    /** Deletes records given by id. */
    unlink,
    /** Any public method of the model. */
    call,
    /** Creates or updates one record, recognised by its external id. */
    upsert,
    /** Server version and the transport in use; needs no login. */
    version
}
