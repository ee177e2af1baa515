package cl.smarterbot.hub.event;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;

/** A group of events as parallel columns, the shape that {@code hub.append} and {@code hub.finish} take. */
final class EventColumns {

    private final UUID[] ids;
    private final String[] tenants;
    private final String[] types;
    private final String[] sources;
    private final String[] keys;
    private final String[] correlations;
    private final String[] metadata;
    private final String[] occurred;
    private final String[] contentTypes;
    private final String[] traceparents;
    private final byte[][] bodies;
    private final String[] records;
    private final String[] dedupScopes;
    private final String[] dedupKeys;
    private final byte[][] dedupHashes;
    private int size;

    EventColumns(int n) {
        ids = new UUID[n];
        tenants = new String[n];
        types = new String[n];
        sources = new String[n];
        keys = new String[n];
        correlations = new String[n];
        metadata = new String[n];
        occurred = new String[n];
        contentTypes = new String[n];
        traceparents = new String[n];
        bodies = new byte[n][];
        records = new String[n];
        dedupScopes = new String[n];
        dedupKeys = new String[n];
        dedupHashes = new byte[n][];
    }

    void add(NewEvent e) {
        ids[size] = e.id();
        tenants[size] = e.tenant();
        types[size] = e.type();
        sources[size] = e.source();
        keys[size] = e.key();
        correlations[size] = e.correlationId();
        metadata[size] = e.metadata();
        occurred[size] = e.occurredAt() == null ? null : e.occurredAt().toString();
        contentTypes[size] = e.contentType();
        traceparents[size] = e.traceparent();
        bodies[size] = e.body();
        records[size] = e.record();
        if (e.dedup() != null) {
            dedupScopes[size] = e.dedup().scope();
            dedupKeys[size] = e.dedup().key();
            dedupHashes[size] = e.dedup().hash();
        }
        size++;
    }

    /** Binds the columns from parameter {@code at} on and returns the next free parameter. The caller frees the arrays. */
    int bind(Connection c, PreparedStatement s, int at, List<Array> arrays, boolean withDedup) throws SQLException {
        int i = at;
        i = set(c, s, i, arrays, "uuid", ids);
        i = set(c, s, i, arrays, "text", tenants);
        i = set(c, s, i, arrays, "text", types);
        i = set(c, s, i, arrays, "text", sources);
        i = set(c, s, i, arrays, "text", keys);
        i = set(c, s, i, arrays, "text", correlations);
        i = set(c, s, i, arrays, "text", metadata);
        i = set(c, s, i, arrays, "text", occurred);
        i = set(c, s, i, arrays, "text", contentTypes);
        i = set(c, s, i, arrays, "text", traceparents);
        i = set(c, s, i, arrays, "bytea", bodies);
        i = set(c, s, i, arrays, "text", records);
        if (withDedup) {
            i = set(c, s, i, arrays, "text", dedupScopes);
            i = set(c, s, i, arrays, "text", dedupKeys);
            i = set(c, s, i, arrays, "bytea", dedupHashes);
        }
        return i;
    }

    static int set(Connection c, PreparedStatement s, int at, List<Array> arrays, String type, Object[] values)
            throws SQLException {
        Array array = c.createArrayOf(type, values);
        arrays.add(array);
        s.setArray(at, array);
        return at + 1;
    }
}
