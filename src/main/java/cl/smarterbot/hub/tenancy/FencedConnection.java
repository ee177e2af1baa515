package cl.smarterbot.hub.tenancy;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One tenant's connection. The connection behind has autocommit off all the time, so that the driver begins a transaction by
 * itself, in the round trip that sets the tenant. A prepared statement that is a transaction of its own goes to the server in one
 * round trip together with what begins and ends it.
 */
final class FencedConnection implements InvocationHandler {
    private static final String SET_TENANT = "select set_config('app.tenant_rut', ?, true)";

    /** Around a text that is a transaction of its own. On a line of its own, or a comment at the end would hide it. */
    private static final String COMMIT = "\n; commit";

    private static final String FEATURE_NOT_SUPPORTED = "not supported on a tenant's connection: ";

    private final Connection raw;
    private final String tenant;
    private final SqlFence fence;
    private final boolean rawAutoCommit;
    private final Connection proxy;
    private boolean autoCommit = true;
    private boolean tenantSet;
    private boolean closed;
    private Integer isolationBefore;
    private Boolean readOnlyBefore;
    private PreparedStatement setTenant;

    private FencedConnection(Connection raw, String tenant, SqlFence fence) throws SQLException {
        this.raw = raw;
        this.tenant = tenant;
        this.fence = fence;
        this.rawAutoCommit = raw.getAutoCommit();
        this.proxy = proxy(Connection.class, this);
        raw.setAutoCommit(false);
    }

    /** @param tenant canonical RUT, or null for a connection that sees nothing */
    static Connection of(Connection raw, String tenant, SqlFence fence) throws SQLException {
        return new FencedConnection(raw, tenant, fence).proxy;
    }

    @Override
    public Object invoke(Object self, Method method, Object[] args) throws Throwable {
        switch (method.getName()) {
            case "equals":
                return self == args[0];
            case "hashCode":
                return System.identityHashCode(self);
            case "toString":
                return "connection of tenant " + tenant;
            case "isWrapperFor":
                return ((Class<?>) args[0]).isInstance(self);
            case "unwrap":
                return unwrap(self, (Class<?>) args[0]);
            case "close":
                close();
                return null;
            case "isClosed":
                return closed || raw.isClosed();
            case "abort":
                closed = true;
                return call(raw, method, args);
            case "isValid":
                if (closed) {
                    return false;
                }
                break;
            default:
                checkOpen();
        }
        switch (method.getName()) {
            case "getAutoCommit":
                return autoCommit;
            case "setAutoCommit":
                setAutoCommit((Boolean) args[0]);
                return null;
            case "commit":
                checkManual();
                endTransaction(true);
                return null;
            case "rollback":
                checkManual();
                if (args == null || args.length == 0) {
                    endTransaction(false);
                } else {
                    raw.rollback((Savepoint) args[0]);
                }
                return null;
            case "setSavepoint":
                checkManual();
                checkTenant();
                // A savepoint older than the setting would undo it on rollback.
                beginIfNeeded();
                return call(raw, method, args);
            case "createStatement":
                checkConcurrency(args, 0);
                return statement((Statement) call(raw, method, args));
            case "prepareStatement":
                checkConcurrency(args, 1);
                checkSql(args);
                return prepared(method, args);
            case "getMetaData":
                return proxy(DatabaseMetaData.class, new Plain(call(raw, method, args), true));
            case "setTransactionIsolation":
                if (isolationBefore == null) {
                    isolationBefore = raw.getTransactionIsolation();
                }
                break;
            case "setReadOnly":
                if (readOnlyBefore == null) {
                    readOnlyBefore = raw.isReadOnly();
                }
                break;
            case "setClientInfo":
                throw new SQLClientInfoException(FEATURE_NOT_SUPPORTED + method.getName(), Map.of());
            case "prepareCall", "setSchema", "setCatalog", "setTypeMap", "setHoldability", "createBlob":
                throw new SQLFeatureNotSupportedException(FEATURE_NOT_SUPPORTED + method.getName());
            case "setShardingKey", "setShardingKeyIfValid", "beginRequest", "endRequest", "setNetworkTimeout":
                throw new SQLFeatureNotSupportedException(FEATURE_NOT_SUPPORTED + method.getName());
            default:
        }
        return outside(method, raw, args, null);
    }

    private void close() throws SQLException {
        if (closed) {
            return;
        }
        closed = true;
        try (Connection back = raw) {
            try {
                if (!back.isClosed()) {
                    back.rollback();
                    if (isolationBefore != null) {
                        back.setTransactionIsolation(isolationBefore);
                    }
                    if (readOnlyBefore != null) {
                        back.setReadOnly(readOnlyBefore);
                    }
                    if (setTenant != null) {
                        setTenant.close();
                    }
                    back.setAutoCommit(rawAutoCommit);
                }
            } catch (SQLException e) {
                // What could not be cleaned must not be used again.
                back.abort(Runnable::run);
                throw e;
            }
        }
    }

    private void setAutoCommit(boolean on) throws SQLException {
        if (on != autoCommit) {
            if (on) {
                endTransaction(true);
            }
            autoCommit = on;
        }
    }

    private void endTransaction(boolean commit) throws SQLException {
        tenantSet = false;
        if (commit) {
            raw.commit();
        } else {
            raw.rollback();
        }
    }

    private void beginIfNeeded() throws SQLException {
        if (tenantSet) {
            return;
        }
        if (setTenant == null) {
            setTenant = raw.prepareStatement(SET_TENANT);
        }
        setTenant.setString(1, tenantOrNobody());
        setTenant.execute();
        tenantSet = true;
    }

    /** Nobody's connection says so, in case someone with the right to has set a tenant for a whole session. */
    private String tenantOrNobody() {
        return tenant == null ? "" : tenant;
    }

    private void checkOpen() throws SQLException {
        if (closed) {
            throw new SQLException("the connection is closed", "08003");
        }
    }

    private void checkManual() throws SQLException {
        if (autoCommit) {
            throw new SQLException("the connection is in autocommit mode", "25000");
        }
    }

    // A connection that a transaction keeps on the thread must not serve a step which works for someone else.
    private void checkTenant() throws SQLException {
        String now = TenantContext.current();
        if (now != null && !now.equals(tenant)) {
            throw new SQLException(
                    tenant == null
                            ? "the connection was taken before the tenant was known"
                            : "the connection belongs to another tenant",
                    "42501");
        }
    }

    private void checkSql(Object[] args) throws SQLException {
        if (args != null && args.length > 0 && (args[0] == null || args[0] instanceof String)) {
            fence.check((String) args[0]);
            if (args.length > 1 && args[1] instanceof String[] names) {
                SqlFence.checkColumnNames(names);
            }
        }
    }

    private static void checkConcurrency(Object[] args, int first) throws SQLException {
        if (args != null
                && args.length >= first + 2
                && args[first + 1] instanceof Integer concurrency
                && concurrency != ResultSet.CONCUR_READ_ONLY) {
            throw new SQLFeatureNotSupportedException(FEATURE_NOT_SUPPORTED + "updatable result sets");
        }
    }

    /** Runs what the driver may do by queries of its own, of the catalogue, and leaves no transaction behind that nobody began. */
    private Object outside(Method method, Object target, Object[] args, Statement owner) throws Throwable {
        try {
            return wrap(call(target, method, args), owner);
        } finally {
            if (autoCommit && !closed && !raw.isClosed()) {
                raw.rollback();
            }
        }
    }

    private Object execute(Statement statement, Method method, Object[] args) throws Throwable {
        checkOpen();
        checkTenant();
        if (!autoCommit) {
            beginIfNeeded();
            return call(statement, method, args);
        }
        return alone(statement, () -> {
            beginIfNeeded();
            return call(statement, method, args);
        });
    }

    private interface Work {
        Object run() throws Throwable;
    }

    /** A transaction of its own: committed, or undone if anything fails. */
    private Object alone(Statement statement, Work work) throws Throwable {
        // Rows fetched in portions would need the transaction to stay open.
        int fetchSize = statement.getFetchSize();
        if (fetchSize != 0) {
            statement.setFetchSize(0);
        }
        try {
            Object result = work.run();
            endTransaction(true);
            return result;
        } catch (Throwable e) {
            try {
                endTransaction(false);
            } catch (SQLException onRollback) {
                e.addSuppressed(onRollback);
            }
            throw e;
        } finally {
            if (fetchSize != 0 && !statement.isClosed()) {
                statement.setFetchSize(fetchSize);
            }
        }
    }

    private Statement prepared(Method method, Object[] args) throws Throwable {
        String sql = (String) args[0];
        boolean whole = autoCommit && args.length == 1 && sql != null && parameters(sql) >= 0;
        return whole
                ? statement(raw.prepareStatement(SET_TENANT + ";\n" + sql + COMMIT), sql, true)
                : statement((Statement) call(raw, method, args), sql, false);
    }

    private Statement statement(Statement rawStatement) {
        return statement(rawStatement, null, false);
    }

    /**
     * @param sql what it was prepared from; null if that is not known
     * @param whole whether it sets the tenant before and commits after, all by itself
     */
    private Statement statement(Statement rawStatement, String sql, boolean whole) {
        Class<? extends Statement> type =
                rawStatement instanceof PreparedStatement ? PreparedStatement.class : Statement.class;
        return proxy(type, new Fenced(rawStatement, sql, whole));
    }

    /** How many parameters a text has; -1 where only the server can tell for sure. */
    static int parameters(String sql) {
        int count = 0;
        for (int i = 0; i < sql.length(); i++) {
            char c = sql.charAt(i);
            char next = i + 1 < sql.length() ? sql.charAt(i + 1) : ' ';
            if (c == '\'' || c == '"') {
                i = sql.indexOf(c, i + 1);
            } else if (c == '-' && next == '-') {
                i = sql.indexOf('\n', i);
            } else if (c == '$'
                    || c == '\\'
                    || c == '/' && next == '*'
                    || c == '?' && (next == '?' || next == '|' || next == '&')) {
                return -1;
            } else if (c == '?') {
                count++;
            }
            if (i < 0) {
                return -1;
            }
        }
        return count;
    }

    private Object wrap(Object result, Statement owner) {
        if (result instanceof ResultSet rows) {
            return proxy(ResultSet.class, new Rows(rows, owner));
        } else if (result instanceof Array array) {
            return proxy(Array.class, new Plain(array, false));
        } else if (result instanceof Connection) {
            return proxy;
        } else if (result instanceof Statement other) {
            return statement(other);
        }
        return result;
    }

    private static Object unwrap(Object self, Class<?> type) throws SQLException {
        if (type.isInstance(self)) {
            return self;
        }
        throw new SQLException("what is behind the tenant fence is not handed out");
    }

    private static Object call(Object target, Method method, Object[] args) throws Throwable {
        try {
            return method.invoke(target, args);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(
                Proxy.newProxyInstance(FencedConnection.class.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private record Setting(Method method, Object[] args) {
        void on(Statement statement, int shift) throws Throwable {
            Object[] shifted = args;
            if (shift > 0 && args.length > 1) {
                // A parameter, not a setting of the statement: those have one argument.
                shifted = args.clone();
                shifted[0] = (Integer) args[0] + shift;
            }
            call(statement, method, shifted);
        }
    }

    /** A statement: its texts are checked and it runs within the fence. */
    private final class Fenced implements InvocationHandler {
        private final String sql;
        private final List<Setting> settings = new ArrayList<>();
        private Statement statement;
        private boolean whole;

        Fenced(Statement statement, String sql, boolean whole) {
            this.statement = statement;
            this.sql = sql;
            this.whole = whole;
        }

        @Override
        public Object invoke(Object self, Method method, Object[] args) throws Throwable {
            switch (method.getName()) {
                case "equals":
                    return self == args[0];
                case "hashCode":
                    return System.identityHashCode(self);
                case "toString":
                    return "statement of tenant " + tenant;
                case "isWrapperFor":
                    return ((Class<?>) args[0]).isInstance(self);
                case "unwrap":
                    return FencedConnection.unwrap(self, (Class<?>) args[0]);
                case "getConnection":
                    return proxy;
                case "execute",
                        "executeQuery",
                        "executeUpdate",
                        "executeLargeUpdate",
                        "executeBatch",
                        "executeLargeBatch":
                    checkSql(args);
                    if (whole && autoCommit && args == null && gives(method.getName())) {
                        return wrap(executeWhole(method.getName()), (Statement) self);
                    }
                    split();
                    return wrap(execute(statement, method, args), (Statement) self);
                case "addBatch":
                    checkSql(args);
                    split();
                    return call(statement, method, args);
                case "clearParameters":
                    settings.removeIf(setting -> setting.args().length > 1);
                    return call(statement, method, args);
                case "getParameterMetaData":
                    checkOpen();
                    int count = sql == null ? -1 : parameters(sql);
                    if (count >= 0) {
                        return proxy(ParameterMetaData.class, new Counted(this, method, count));
                    }
                    return outside(method, statement, args, (Statement) self);
                case "getMetaData":
                    checkOpen();
                    split();
                    return outside(method, statement, args, (Statement) self);
                default:
                    if (method.getName().startsWith("set")) {
                        return set(method, bare(args));
                    }
                    return wrap(call(statement, method, args), (Statement) self);
            }
        }

        private Object set(Method method, Object[] args) throws Throwable {
            Setting setting = new Setting(method, args);
            setting.on(statement, whole ? 1 : 0);
            if (whole) {
                settings.add(setting);
            }
            return null;
        }

        /** From now on the text alone, for what cannot be done with one that sets the tenant and commits. */
        private void split() throws Throwable {
            if (!whole) {
                return;
            }
            Statement alone = raw.prepareStatement(sql);
            whole = false;
            statement.close();
            statement = alone;
            for (Setting setting : settings) {
                setting.on(alone, 0);
            }
            settings.clear();
        }

        /** Whether the text surely gives what the call asks for: it commits before that can be seen. */
        private boolean gives(String how) {
            String text = sql.stripLeading().toLowerCase(Locale.ROOT);
            return switch (how) {
                case "execute" -> true;
                case "executeQuery" -> text.startsWith("select");
                case "executeUpdate", "executeLargeUpdate" ->
                    !text.contains("returning")
                            && (text.startsWith("insert") || text.startsWith("update") || text.startsWith("delete"));
                default -> false;
            };
        }

        private Object executeWhole(String how) throws Throwable {
            checkOpen();
            checkTenant();
            PreparedStatement all = (PreparedStatement) statement;
            // Its commit says nothing more to the server: the text has ended its transaction.
            return alone(all, () -> {
                all.setString(1, tenantOrNobody());
                all.execute();
                // Behind the tenant's setting.
                boolean rows = all.getMoreResults();
                return result(all, how, rows);
            });
        }

        private static Object result(PreparedStatement all, String how, boolean rows) throws SQLException {
            return switch (how) {
                case "execute" -> rows;
                case "executeQuery" -> all.getResultSet();
                case "executeUpdate" -> all.getUpdateCount();
                default -> all.getLargeUpdateCount();
            };
        }

        private static Object[] bare(Object[] args) {
            for (int i = 0; i < args.length; i++) {
                if (args[i] instanceof Array array
                        && Proxy.isProxyClass(array.getClass())
                        && Proxy.getInvocationHandler(array) instanceof Plain plain) {
                    args[i] = plain.target;
                }
            }
            return args;
        }
    }

    /** What is known of parameters without a word from the server; the rest is asked when somebody wants it. */
    private final class Counted implements InvocationHandler {
        private final Fenced statement;
        private final Method ask;
        private final int count;

        Counted(Fenced statement, Method ask, int count) {
            this.statement = statement;
            this.ask = ask;
            this.count = count;
        }

        @Override
        public Object invoke(Object self, Method method, Object[] args) throws Throwable {
            return switch (method.getName()) {
                case "getParameterCount" -> count;
                case "equals" -> self == args[0];
                case "hashCode" -> System.identityHashCode(self);
                case "toString" -> "parameters of a statement of tenant " + tenant;
                case "isWrapperFor" -> ((Class<?>) args[0]).isInstance(self);
                case "unwrap" -> FencedConnection.unwrap(self, (Class<?>) args[0]);
                default -> {
                    statement.split();
                    yield call(outside(ask, statement.statement, null, null), method, args);
                }
            };
        }
    }

    /** Rows that were read. */
    private final class Rows implements InvocationHandler {
        private final ResultSet rows;
        private final Statement owner;

        Rows(ResultSet rows, Statement owner) {
            this.rows = rows;
            this.owner = owner;
        }

        @Override
        public Object invoke(Object self, Method method, Object[] args) throws Throwable {
            switch (method.getName()) {
                case "equals":
                    return self == args[0];
                case "hashCode":
                    return System.identityHashCode(self);
                case "toString":
                    return "rows of tenant " + tenant;
                case "isWrapperFor":
                    return ((Class<?>) args[0]).isInstance(self);
                case "unwrap":
                    return FencedConnection.unwrap(self, (Class<?>) args[0]);
                case "getStatement":
                    return owner;
                case "getArray", "getObject":
                    return wrap(call(rows, method, args), null);
                default:
                    return call(rows, method, args);
            }
        }
    }

    /** Something else that knows its connection: metadata, arrays. */
    private final class Plain implements InvocationHandler {
        private final Object target;
        private final boolean queries;

        Plain(Object target, boolean queries) {
            this.target = target;
            this.queries = queries;
        }

        @Override
        public Object invoke(Object self, Method method, Object[] args) throws Throwable {
            switch (method.getName()) {
                case "equals":
                    return self == args[0];
                case "hashCode":
                    return System.identityHashCode(self);
                case "isWrapperFor":
                    return ((Class<?>) args[0]).isInstance(self);
                case "unwrap":
                    return FencedConnection.unwrap(self, (Class<?>) args[0]);
                default:
                    return queries ? outside(method, target, args, null) : wrap(call(target, method, args), null);
            }
        }
    }
}
