package cl.smarterbot.hub.tenancy;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Objects;
import java.util.logging.Logger;
import javax.sql.DataSource;

/**
 * Connections on which the database shows one tenant's rows only: the tenant of {@link TenantContext} when the connection is
 * taken. It cannot change afterwards. A connection taken for nobody works, but row-level security shows it nothing.
 *
 * <p>Every transaction starts with {@code set_config('app.tenant_rut', ?, true)}, which ends with the transaction, so a pooled
 * connection remembers no tenant. With autocommit on, each {@code execute} is a transaction of its own that is committed before
 * the call returns: a failing commit reaches the caller. Result sets stay readable; they are read whole.
 *
 * <p>SQL text that could leave the fence (another setting, another role, session state, more than one statement) is refused
 * before it reaches the server, and nothing hands out the connection behind. Not supported, with a clear error: callable
 * statements, updatable result sets, {@code setSchema}, {@code setCatalog}, {@code setClientInfo}, {@code setTypeMap}.
 */
public final class TenantBoundDataSource implements DataSource {
    private final DataSource pool;
    private final SqlFence fence = new SqlFence();

    /** @param pool connections of role {@code hub_app} */
    public TenantBoundDataSource(DataSource pool) {
        this.pool = Objects.requireNonNull(pool, "pool");
    }

    @Override
    public Connection getConnection() throws SQLException {
        String tenant = TenantContext.current();
        Connection raw = pool.getConnection();
        try {
            return FencedConnection.of(raw, tenant, fence);
        } catch (SQLException | RuntimeException e) {
            try {
                raw.close();
            } catch (SQLException onClose) {
                e.addSuppressed(onClose);
            }
            throw e;
        }
    }

    /** Refused: there is one role, that of the pool. */
    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("connections are of the pool's role only");
    }

    @Override
    public PrintWriter getLogWriter() throws SQLException {
        return pool.getLogWriter();
    }

    @Override
    public void setLogWriter(PrintWriter out) throws SQLException {
        pool.setLogWriter(out);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        pool.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return pool.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return pool.getParentLogger();
    }

    /** Never the pool behind. */
    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        throw new SQLException("the data source behind the tenant fence is not handed out");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return type.isInstance(this);
    }
}
