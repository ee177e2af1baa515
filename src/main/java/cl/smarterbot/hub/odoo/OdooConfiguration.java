package cl.smarterbot.hub.odoo;

import java.time.Duration;
import java.util.Objects;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriParams;

/** Options of an {@code odoo:} endpoint. The component's own configuration gives the defaults. */
@UriParams
public class OdooConfiguration implements Cloneable {
    @UriParam
    private OdooOperation operation = OdooOperation.searchRead;

    @UriParam
    private String key;

    @UriParam
    private String fields;

    @UriParam
    private String domain;

    @UriParam
    private Integer limit;

    @UriParam
    private Integer offset;

    @UriParam
    private String order;

    @UriParam
    private String method;

    @UriParam
    private String context;

    @UriParam
    private String companyField = "company_id";

    @UriParam
    private String url;

    @UriParam
    private String db;

    @UriParam
    private String user;

    @UriParam(label = "security", secret = true)
    private String password;

    @UriParam(label = "security", secret = true)
    private String apiKey;

    @UriParam
    private Long companyId;

    @UriParam
    private String externalIdPrefix;

    @UriParam
    private String transport = "auto";

    @UriParam
    private Duration connectTimeout = Duration.ofSeconds(5);

    @UriParam
    private Duration requestTimeout = Duration.ofSeconds(30);

    @UriParam
    private int maxConcurrentCalls = 16;

    @UriParam
    private int maxConcurrentCallsPerConnection = 8;

    @UriParam
    private int maxResponseSize = 16 * 1024 * 1024;

    @UriParam
    private int batchSize = 100;

    @UriParam
    private Duration breakerOpenTime = Duration.ofSeconds(5);

    /** What to do; default searchRead. */
    public OdooOperation getOperation() {
        return operation;
    }

    /** What to do; default searchRead. */
    public void setOperation(OdooOperation operation) {
        this.operation = operation;
    }

    /** Simple expression that gives the name part of an upsert's external id, evaluated per exchange; the header CamelOdooKey serves when it is not set. */
    public String getKey() {
        return key;
    }

    /** Simple expression that gives the name part of an upsert's external id, evaluated per exchange; the header CamelOdooKey serves when it is not set. */
    public void setKey(String key) {
        this.key = key;
    }

    /** Comma separated fields to read; required for read and searchRead (option or header). */
    public String getFields() {
        return fields;
    }

    /** Comma separated fields to read; required for read and searchRead (option or header). */
    public void setFields(String fields) {
        this.fields = fields;
    }

    /** Search domain as JSON text, for example [["ref","=","A1"]]. */
    public String getDomain() {
        return domain;
    }

    /** Search domain as JSON text, for example [["ref","=","A1"]]. */
    public void setDomain(String domain) {
        this.domain = domain;
    }

    /** Most records to return; 0 or unset is no limit. */
    public Integer getLimit() {
        return limit;
    }

    /** Most records to return; 0 or unset is no limit. */
    public void setLimit(Integer limit) {
        this.limit = limit;
    }

    /** Records to skip. */
    public Integer getOffset() {
        return offset;
    }

    /** Records to skip. */
    public void setOffset(Integer offset) {
        this.offset = offset;
    }

    /** Sort order, for example write_date,id. */
    public String getOrder() {
        return order;
    }

    /** Sort order, for example write_date,id. */
    public void setOrder(String order) {
        this.order = order;
    }

    /** Method of the model for the operation call. */
    public String getMethod() {
        return method;
    }

    /** Method of the model for the operation call. */
    public void setMethod(String method) {
        this.method = method;
    }

    /** Additional context entries as JSON text, for example {"active_test":false}. */
    public String getContext() {
        return context;
    }

    /** Additional context entries as JSON text, for example {"active_test":false}. */
    public void setContext(String context) {
        this.context = context;
    }

    /** Field that create and upsert set to the connection's company; none or blank for models without one. */
    public String getCompanyField() {
        return companyField;
    }

    /** Field that create and upsert set to the connection's company; none or blank for models without one. */
    public void setCompanyField(String companyField) {
        this.companyField = companyField;
    }

    /** Base address of the server, http or https. */
    public String getUrl() {
        return url;
    }

    /** Base address of the server, http or https. */
    public void setUrl(String url) {
        this.url = url;
    }

    /** Database name. */
    public String getDb() {
        return db;
    }

    /** Database name. */
    public void setDb(String db) {
        this.db = db;
    }

    /** Login of the user. */
    public String getUser() {
        return user;
    }

    /** Login of the user. */
    public void setUser(String user) {
        this.user = user;
    }

    /** Password of the user; an API key is the better choice. */
    public String getPassword() {
        return password;
    }

    /** Password of the user; an API key is the better choice. */
    public void setPassword(String password) {
        this.password = password;
    }

    /** API key of the user; wins over the password. */
    public String getApiKey() {
        return apiKey;
    }

    /** API key of the user; wins over the password. */
    public void setApiKey(String apiKey) {
        this.apiKey = apiKey;
    }

    /** The only company that calls may see; unset is the one that the user belongs to. */
    public Long getCompanyId() {
        return companyId;
    }

    /** The only company that calls may see; unset is the one that the user belongs to. */
    public void setCompanyId(Long companyId) {
        this.companyId = companyId;
    }

    /** Module part of the external ids that upserts write, unique per tenant. */
    public String getExternalIdPrefix() {
        return externalIdPrefix;
    }

    /** Module part of the external ids that upserts write, unique per tenant. */
    public void setExternalIdPrefix(String externalIdPrefix) {
        this.externalIdPrefix = externalIdPrefix;
    }

    /** auto, xmlrpc or json2. */
    public String getTransport() {
        return transport;
    }

    /** auto, xmlrpc or json2. */
    public void setTransport(String transport) {
        this.transport = transport;
    }

    /** Longest time to connect. */
    public Duration getConnectTimeout() {
        return connectTimeout;
    }

    /** Longest time to connect. */
    public void setConnectTimeout(Duration connectTimeout) {
        this.connectTimeout = connectTimeout;
    }

    /** Longest time for one whole answer, connecting included. */
    public Duration getRequestTimeout() {
        return requestTimeout;
    }

    /** Longest time for one whole answer, connecting included. */
    public void setRequestTimeout(Duration requestTimeout) {
        this.requestTimeout = requestTimeout;
    }

    /** Most calls at a time to one server, over all its connections. */
    public int getMaxConcurrentCalls() {
        return maxConcurrentCalls;
    }

    /** Most calls at a time to one server, over all its connections. */
    public void setMaxConcurrentCalls(int maxConcurrentCalls) {
        this.maxConcurrentCalls = maxConcurrentCalls;
    }

    /** Most calls at a time for one connection (url, db, company and externalIdPrefix). */
    public int getMaxConcurrentCallsPerConnection() {
        return maxConcurrentCallsPerConnection;
    }

    /** Most calls at a time for one connection (url, db, company and externalIdPrefix). */
    public void setMaxConcurrentCallsPerConnection(int maxConcurrentCallsPerConnection) {
        this.maxConcurrentCallsPerConnection = maxConcurrentCallsPerConnection;
    }

    /** Largest answer in bytes. */
    public int getMaxResponseSize() {
        return maxResponseSize;
    }

    /** Largest answer in bytes. */
    public void setMaxResponseSize(int maxResponseSize) {
        this.maxResponseSize = maxResponseSize;
    }

    /** Most rows that one load call of upserts carries. */
    public int getBatchSize() {
        return batchSize;
    }

    /** Most rows that one load call of upserts carries. */
    public void setBatchSize(int batchSize) {
        this.batchSize = batchSize;
    }

    /** How long the breaker stays open before it tries again. */
    public Duration getBreakerOpenTime() {
        return breakerOpenTime;
    }

    /** How long the breaker stays open before it tries again. */
    public void setBreakerOpenTime(Duration breakerOpenTime) {
        this.breakerOpenTime = breakerOpenTime;
    }

    /** An independent copy. */
    public OdooConfiguration copy() {
        try {
            return (OdooConfiguration) clone();
        } catch (CloneNotSupportedException e) {
            throw new RuntimeCamelException(e);
        }
    }

    /**
     * The connection that these options describe.
     *
     * @throws OdooException of kind BAD_REQUEST when url or secret are missing or a part is not valid
     */
    OdooConnection connection() {
        String secret = apiKey == null || apiKey.isEmpty() ? password : apiKey;
        return new OdooConnection(url, db, user, secret, companyId, externalIdPrefix, OdooTransport.of(transport));
    }

    CallLimits limits() {
        return new CallLimits(
                connectTimeout,
                requestTimeout,
                maxResponseSize,
                maxConcurrentCalls,
                maxConcurrentCallsPerConnection,
                breakerOpenTime);
    }

    /** Refuses values that would make calls hang or never start. */
    void validate() {
        Objects.requireNonNull(operation, "operation");
        OdooTransport.of(transport);
        positive("connectTimeout", connectTimeout.toMillis());
        positive("requestTimeout", requestTimeout.toMillis());
        positive("breakerOpenTime", breakerOpenTime.toMillis());
        positive("maxConcurrentCalls", maxConcurrentCalls);
        positive("maxConcurrentCallsPerConnection", maxConcurrentCallsPerConnection);
        positive("maxResponseSize", maxResponseSize);
        positive("batchSize", batchSize);
    }

    private static void positive(String name, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive");
        }
    }
}
