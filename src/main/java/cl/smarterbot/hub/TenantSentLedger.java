package cl.smarterbot.hub;

import cl.smarterbot.hub.chatwoot.SentLedger;
import cl.smarterbot.hub.event.Attempt;
import cl.smarterbot.hub.tenancy.TenantContext;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.Callable;
import javax.sql.DataSource;
import org.apache.camel.Exchange;
import org.springframework.dao.DataAccessResourceFailureException;

/** The table {@code hub.sent}, read and written as the tenant. */
final class TenantSentLedger implements SentLedger {

    private final DataSource tenantData;

    TenantSentLedger(DataSource tenantData) {
        this.tenantData = tenantData;
    }

    @Override
    public Optional<String> find(String tenant, String key) {
        return as(tenant, () -> {
            try (Connection connection = tenantData.getConnection();
                    PreparedStatement select =
                            connection.prepareStatement("select external_id from hub.sent where effect_key = ?")) {
                select.setString(1, key);
                try (ResultSet row = select.executeQuery()) {
                    return row.next() ? Optional.of(row.getString(1)) : Optional.<String>empty();
                }
            }
        });
    }

    @Override
    public boolean note(Exchange exchange, String key, String externalId) {
        return Attempt.sent(exchange, key, externalId);
    }

    @Override
    public void record(String tenant, String key, String externalId) {
        as(tenant, () -> {
            try (Connection connection = tenantData.getConnection();
                    PreparedStatement insert =
                            connection.prepareStatement("insert into hub.sent (tenant_rut, effect_key, external_id)"
                                    + " values (?, ?, ?) on conflict do nothing")) {
                insert.setString(1, tenant);
                insert.setString(2, key);
                insert.setString(3, externalId);
                return insert.executeUpdate();
            }
        });
    }

    private static <T> T as(String tenant, Callable<T> work) {
        try {
            return TenantContext.call(tenant, work);
        } catch (SQLException e) {
            throw new DataAccessResourceFailureException("the ledger of what was sent cannot be used", e);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
