package cl.smarterbot.hub;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.door.DoorServer;
import cl.smarterbot.hub.door.WebhookTrial;
import cl.smarterbot.hub.door.WebhookVerifier;
import cl.smarterbot.hub.resend.MailGate;
import cl.smarterbot.hub.resend.MailPace;
import cl.smarterbot.hub.resend.MailSuppression;
import cl.smarterbot.hub.resend.MailTemplateAdmin;
import cl.smarterbot.hub.resend.MailTemplates;
import cl.smarterbot.hub.resend.ResendComponent;
import cl.smarterbot.hub.resend.ResendEvents;
import cl.smarterbot.hub.resend.ResendMailer;
import cl.smarterbot.hub.resend.ResendSettings;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.EndpointAdmin;
import cl.smarterbot.hub.tenancy.EndpointSecrets;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Mails out, and webhooks in. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ResendSettings.class)
class MailConfiguration {

    @Bean
    EndpointSecrets endpointSecrets(SecretStore secrets) {
        return new EndpointSecrets(secrets, Clock.systemUTC());
    }

    @Bean
    EndpointAdmin endpointAdmin(HubDatabase database, RutPolicy ruts, EndpointSecrets secrets) {
        return new EndpointAdmin(database.as(HubDatabase.Role.OPS), ruts, secrets);
    }

    @Bean
    WebhookVerifier webhookVerifier(
            EndpointSecrets secrets, MeterRegistry meters, @Value("${hub.webhook.tolerance:300s}") Duration tolerance) {
        return new WebhookVerifier(secrets, Clock.systemUTC(), tolerance, meters);
    }

    @Bean
    WebhookTrial webhookTrial(DoorServer door, TenantRegistry registry, EndpointSecrets secrets) {
        return new WebhookTrial(door, registry, secrets, Clock.systemUTC());
    }

    @Bean
    MailTemplateAdmin mailTemplateAdmin(HubDatabase database) {
        return new MailTemplateAdmin(database.as(HubDatabase.Role.OPS));
    }

    @Bean(destroyMethod = "close")
    MailPace mailPace(DataSource tenantDataSource, ResendSettings settings, RestClient rest) {
        return new MailPace(tenantDataSource, settings.perSecond(), rest.executor());
    }

    @Bean
    ResendMailer resendMailer(
            TenantRegistry registry,
            SecretStore secrets,
            DataSource tenantDataSource,
            MailPace pace,
            RestClient rest,
            ResendSettings settings) {
        return new ResendMailer(
                registry,
                secrets,
                new MailTemplates(tenantDataSource),
                new MailGate(tenantDataSource),
                pace,
                rest,
                settings);
    }

    @Bean("resend")
    ResendComponent resendComponent(ResendMailer mailer) {
        return new ResendComponent(mailer);
    }

    @Bean
    ResendEvents resendEvents(SecretStore secrets) {
        return new ResendEvents(rut -> secrets.find(rut, "resend", "api_key").isPresent());
    }

    @Bean
    MailSuppression mailSuppression(DataSource tenantDataSource) {
        return new MailSuppression(tenantDataSource);
    }
}
