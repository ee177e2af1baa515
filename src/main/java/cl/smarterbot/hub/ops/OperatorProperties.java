package cl.smarterbot.hub.ops;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The one operator account of the management port.
 *
 * @param user name, as it appears in the audit trail
 * @param password empty: one is generated into the data directory at the first start
 * @param dataDir where the generated password is kept
 */
@ConfigurationProperties("hub.admin")
record OperatorProperties(
        @DefaultValue("operator") String user,
        @DefaultValue("") String password,
        @DefaultValue("./data") Path dataDir) {

    @Override
    public String toString() {
        return "OperatorProperties[user=" + user + ", dataDir=" + dataDir + "]";
    }
}
