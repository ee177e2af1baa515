package cl.smarterbot.hub.database;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Where the hub keeps its data.
 *
 * @param url JDBC URL of an existing PostgreSQL 15 to 18 or Supabase (direct or session mode), which may carry
 *     the parameters user and password; blank starts an embedded server
 * @param user role that owns the schema and runs the migrations; it must be allowed to create roles
 * @param password password of that role; the passwords of the hub's own roles are derived from it
 * @param allowNoPassword lets an existing server on loopback go without a password
 * @param dataDir folder of the embedded server and of local files
 * @param embeddedPort TCP port of the embedded server on loopback; 0 takes any free one
 * @param appPoolSize connections for tenant-bound SQL in routes
 */
@ConfigurationProperties("hub.database")
public record DatabaseProperties(
        @DefaultValue("") String url,
        @DefaultValue("postgres") String user,
        @DefaultValue("") String password,
        @DefaultValue("false") boolean allowNoPassword,
        @DefaultValue("./data") Path dataDir,
        @DefaultValue("0") int embeddedPort,
        @DefaultValue("10") int appPoolSize) {

    public boolean embedded() {
        return url.isBlank();
    }

    @Override
    public String toString() {
        return "DatabaseProperties[embedded=" + embedded() + ", user=" + user + ", dataDir=" + dataDir + "]";
    }
}
