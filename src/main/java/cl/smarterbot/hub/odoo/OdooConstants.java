package cl.smarterbot.hub.odoo;

/** Exchange headers of the {@code odoo:} component. A header beats the endpoint option of the same meaning. */
public final class OdooConstants {
    /** Database id of one record ({@code Long}). In: the record to read, write, unlink. Out: set by create and upsert. */
    public static final String RECORD_ID = "CamelOdooRecordId";

    /** Database ids of several records ({@code List} of numbers) to read, write, unlink or call a method on. */
    public static final String IDS = "CamelOdooIds";

    /** Search domain: a {@code List} in Odoo's prefix notation, or the same as JSON text. */
    public static final String DOMAIN = "CamelOdooDomain";

    /** Fields to read: a {@code List} of names or comma separated text. */
    public static final String FIELDS = "CamelOdooFields";

    /** Method name for the operation {@code call}. */
    public static final String METHOD = "CamelOdooMethod";

    /** External id name for {@code upsert}, used when the endpoint has no {@code key}. */
    public static final String KEY = "CamelOdooKey";

    /** Most records to return (number); 0 is no limit. */
    public static final String LIMIT = "CamelOdooLimit";

    /** Records to skip (number, not negative). */
    public static final String OFFSET = "CamelOdooOffset";

    /** Sort order in Odoo's form, for example {@code write_date,id}. */
    public static final String ORDER = "CamelOdooOrder";

    /** Additional context entries ({@code Map}); the company of the connection cannot be overridden by it. */
    public static final String CONTEXT = "CamelOdooContext";

    private OdooConstants() {}
}
