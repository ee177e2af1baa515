package cl.smarterbot.hub.tenancy;

import java.util.Map;
import javax.sql.DataSource;
import org.apache.camel.Endpoint;
import org.apache.camel.component.sql.SqlComponent;
import org.apache.camel.component.sql.SqlEndpoint;

/** Camel's {@code sql:} on the tenant's connections; reads a statement's parameters once. */
public final class TenantSqlComponent extends SqlComponent {

    private final NamedParameters parameters = new NamedParameters();

    /** @param tenantBound connections of the exchange's tenant */
    public TenantSqlComponent(DataSource tenantBound) {
        setDataSource(tenantBound);
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> options) throws Exception {
        Endpoint endpoint = super.createEndpoint(uri, remaining, options);
        if (endpoint instanceof SqlEndpoint sql && sql.getPrepareStatementStrategy() == null) {
            sql.setPrepareStatementStrategy(parameters);
        }
        return endpoint;
    }
}
