package cl.smarterbot.hub;

import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.storage.StorageCheck;
import cl.smarterbot.hub.storage.StorageComponent;
import cl.smarterbot.hub.storage.StorageSettings;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Files. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(StorageSettings.class)
class StorageConfiguration {

    @Bean
    TenantStorageConnections storageConnections(
            TenantRegistry registry,
            SecretStore secrets,
            StorageSettings settings,
            @Value("${hub.chatwoot.url:}") String chatwoot) {
        return new TenantStorageConnections(registry, secrets, settings, chatwoot);
    }

    @Bean("storage")
    StorageComponent storageComponent(RestClient rest, TenantStorageConnections connections, StorageSettings settings) {
        return new StorageComponent(rest, connections, settings.limits());
    }

    @Bean
    StorageTenantCheck storageTenantCheck(StorageComponent storage, TenantStorageConnections connections) {
        return new StorageTenantCheck(connections, new StorageCheck(storage));
    }
}
