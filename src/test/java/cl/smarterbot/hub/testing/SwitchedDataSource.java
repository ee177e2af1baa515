package cl.smarterbot.hub.testing;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** Connections that a test can refuse, as when the database is away. */
public final class SwitchedDataSource extends DelegatingDataSource {

    private volatile boolean off;

    public SwitchedDataSource(DataSource target) {
        super(target);
    }

    public void off() {
        off = true;
    }

    public void on() {
        off = false;
    }

    @Override
    public Connection getConnection() throws SQLException {
        if (off) {
            throw new SQLException("switched off by the test", "08001");
        }
        return super.getConnection();
    }
}
