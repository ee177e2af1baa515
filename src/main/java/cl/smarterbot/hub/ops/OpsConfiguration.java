package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.product.CatalogueRuns;
import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.schedule.ScheduleAdmin;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.IntentAdmin;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import com.github.benmanes.caffeine.cache.Ticker;
import java.io.IOException;
import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;

/**
 * Wires the management port. Needs beans of {@link EventAdmin}, {@link ScheduleAdmin}, {@link TenantAdmin} and
 * {@link SecretStore}, and for imports one of {@link LegacyContacts}.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(OperatorProperties.class)
public class OpsConfiguration {

    private static final Logger log = LoggerFactory.getLogger(OpsConfiguration.class);

    @Bean
    SecurityFilterChain opsSecurityFilterChain(HttpSecurity http, OperatorAccount account, LoginThrottle throttle)
            throws Exception {
        return OpsSecurity.chain(http, account, throttle);
    }

    @Bean
    OperatorAccount operatorAccount(OperatorProperties properties) throws IOException {
        String password = properties.password();
        if (password.isEmpty()) {
            password = OperatorPassword.readOrCreate(properties.dataDir());
            log.info(
                    "Management port: user {}, password in {}",
                    properties.user(),
                    properties.dataDir().resolve(OperatorPassword.FILE));
        }
        return new OperatorAccount(properties.user(), password);
    }

    @Bean
    LogEvents logEvents() {
        return new LogEvents();
    }

    @Bean
    LoginThrottle loginThrottle() {
        return new LoginThrottle(Ticker.systemTicker());
    }

    @Bean
    FilterRegistrationBean<AdminGuard> adminGuard() {
        FilterRegistrationBean<AdminGuard> guard = new FilterRegistrationBean<>(new AdminGuard());
        guard.addUrlPatterns("/admin", "/admin/*");
        return guard;
    }

    @Bean
    AdminController adminController(EventAdmin events) {
        return new AdminController(events, Clock.systemUTC());
    }

    @Bean
    ScheduleController scheduleController(ScheduleAdmin schedules) {
        return new ScheduleController(schedules, Clock.systemUTC());
    }

    @Bean
    TenantController tenantController(
            TenantAdmin tenants, EventAdmin events, SecretStore secrets, ObjectProvider<AddressPolicy> addresses) {
        return new TenantController(
                tenants, events, secrets, addresses.getIfAvailable(AddressPolicy::publicOnly), Clock.systemUTC());
    }

    /** Looked for at each call only: the rest of the management port does without. */
    @Bean
    ImportController importController(ObjectProvider<LegacyContacts> contacts) {
        return new ImportController(contacts::getObject);
    }

    @Bean
    ChatwootController chatwootController(
            TenantAdmin tenants,
            EventAdmin events,
            SecretStore secrets,
            ObjectProvider<TenantCheck> checks,
            ObjectProvider<AddressPolicy> addresses) {
        return new ChatwootController(
                tenants,
                events,
                secrets,
                checks.orderedStream().toList(),
                addresses.getIfAvailable(AddressPolicy::publicOnly),
                Clock.systemUTC());
    }

    @Bean
    CatalogueController catalogueController(ObjectProvider<CatalogueRuns> runs) {
        return new CatalogueController(runs::getObject, Clock.systemUTC());
    }

    @Bean
    BotpressController botpressController(
            TenantAdmin tenants, EventAdmin events, SecretStore secrets, ObjectProvider<AddressPolicy> addresses) {
        return new BotpressController(
                tenants, events, secrets, addresses.getIfAvailable(AddressPolicy::publicOnly), Clock.systemUTC());
    }

    /** Looked for at each call only: the rest of the management port does without. */
    @Bean
    IntentController intentController(TenantAdmin tenants, ObjectProvider<IntentAdmin> intents) {
        return new IntentController(tenants, intents, Clock.systemUTC());
    }

    @Bean
    StorageController storageController(
            TenantAdmin tenants, EventAdmin events, SecretStore secrets, ObjectProvider<AddressPolicy> addresses) {
        return new StorageController(
                tenants, events, secrets, addresses.getIfAvailable(AddressPolicy::publicOnly), Clock.systemUTC());
    }

    @Bean
    AdminErrors adminErrors() {
        return new AdminErrors();
    }
}
