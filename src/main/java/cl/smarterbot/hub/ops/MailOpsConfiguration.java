package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.door.WebhookTrial;
import cl.smarterbot.hub.event.EventAdmin;
import cl.smarterbot.hub.resend.MailTemplateAdmin;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.EndpointAdmin;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Webhook senders and mails at the management port. Needs beans of {@link EndpointAdmin} and {@link MailTemplateAdmin}. */
@Configuration(proxyBeanMethods = false)
public class MailOpsConfiguration {

    @Bean
    EndpointController endpointController(
            EndpointAdmin endpoints,
            @Value("${hub.public-url:}") String publicUrl,
            ObjectProvider<WebhookTrial> trial) {
        return new EndpointController(endpoints, publicUrl, trial, Clock.systemUTC());
    }

    @Bean
    MailController mailController(
            TenantAdmin tenants, EventAdmin events, SecretStore secrets, MailTemplateAdmin templates) {
        return new MailController(tenants, events, secrets, templates, Clock.systemUTC());
    }
}
